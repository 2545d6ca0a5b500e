//! Permission bits.

use super::owner::Owner;

/// May be read.
pub const READ: u32 = 4;
/// May be written to.
pub const WRITE: u32 = 2;
/// May be executed, or searched.
pub const EXECUTE: u32 = 1;

/// What of a file permissions depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Type and permissions.
    pub mode: u32,
    /// Whose it is.
    pub owner: Owner,
    /// The host's user of the zone owns it.
    pub ours: bool,
    /// Type and permissions on the host, which may allow its user more.
    pub host: u32,
}

/// Whether the lowest three bits have all of `wanted`.
pub(super) fn allows(bits: u32, wanted: u32) -> bool {
    bits & wanted == wanted
}

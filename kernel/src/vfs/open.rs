//! Opening a file on the host.

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{forward_blocking, int};

use super::At;
use crate::bare::warden;
use crate::proc;

/// How to open: what open(2) and openat2(2) are told besides the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct OpenHow {
    /// `O_*`; openat2 takes 64 bits and refuses those that it does not know.
    pub flags: u64,
    /// The mode of a file that the call creates.
    pub mode: u64,
    /// `RESOLVE_*`.
    pub resolve: u64,
    /// Whether the rules of openat2(2) hold for unknown flags and modes.
    pub strict: bool,
}

impl OpenHow {
    /// As open(2) and openat(2) say it.
    #[must_use]
    pub fn lenient(flags: OpenFlags, mode: u32) -> Self {
        Self {
            flags: flags.bits().into(),
            mode: mode.into(),
            resolve: 0,
            strict: false,
        }
    }

    /// The flags of open(2) among the flags.
    #[must_use]
    pub fn open_flags(&self) -> OpenFlags {
        let [a, b, c, d, ..] = self.flags.to_le_bytes();
        OpenFlags::from_bits_retain(u32::from_le_bytes([a, b, c, d]))
    }
}

/// `struct open_how`, as the host reads it.
#[repr(C)]
struct HostHow([u64; 3]);

/// Opens on the host; it may wait there (a FIFO, a lease), so signals interrupt it.
///
/// # Errors
/// Those of open(2) and openat2(2); `ERESTARTSYS` when a signal came first.
#[inline]
pub fn open_on_host(at: At<'_>, how: &OpenHow) -> SysResult {
    match open_directly(at, how) {
        // Perhaps a file about one of the zone's processes, which the warden opens.
        Err(Errno::EACCES) if warden::is_there() => {
            proc::open(at.dirfd, at.path, how.open_flags()).map(int)
        }
        opened => opened,
    }
}

fn open_directly(at: At<'_>, how: &OpenHow) -> SysResult {
    let path = at.path.as_ptr().expose_provenance();
    if how.strict {
        let how = HostHow([how.flags, how.mode, how.resolve]);
        let address = (&raw const how).expose_provenance();
        forward_blocking(
            nr::OPENAT2,
            &[int(at.dirfd), path, address, size_of::<HostHow>(), 0, 0],
        )
    } else {
        let register = |value: u64| usize::from_le_bytes(value.to_le_bytes());
        forward_blocking(
            nr::OPENAT,
            &[
                int(at.dirfd),
                path,
                register(how.flags),
                register(how.mode),
                0,
                0,
            ],
        )
    }
}

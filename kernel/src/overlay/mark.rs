//! The marks of overlayfs: extended attributes of its own, and what hides names.

use alloc::vec::Vec;
use core::ffi::CStr;

use abi::stat::{REGULAR, Stat, TYPE};

/// Whether the merge ends at a directory: `y`. With `x` it has whiteouts of the form with
/// [`WHITEOUT`].
pub(super) const OPAQUE: &CStr = c"user.overlay.opaque";
/// An empty file that hides its name.
pub(super) const WHITEOUT: &CStr = c"user.overlay.whiteout";
/// A directory that holds copied files, whose numbers are elsewhere: `y`.
pub(super) const IMPURE: &CStr = c"user.overlay.impure";
/// The number that a copied file keeps, in 8 bytes. overlayfs keeps a file handle under another
/// name, which an ordinary user cannot make use of.
pub(super) const NUMBER: &CStr = c"user.overlay.lx.number";

/// How the marks' names begin.
const PRIVATE: &[u8] = b"user.overlay.";
/// How a guest's attributes of such names are called in the layers.
const ESCAPED: &[u8] = b"user.overlay.overlay.";

/// Whether a file is the device 0:0.
pub(super) fn is_whiteout(status: &Stat) -> bool {
    const CHARACTER: u32 = 0o020_000;
    status.st_mode & TYPE == CHARACTER && status.st_rdev == 0
}

/// Whether a file may be a whiteout of the other form.
pub(super) fn may_be_whiteout(status: &Stat) -> bool {
    status.st_mode & TYPE == REGULAR && status.st_size == 0
}

/// Whether an attribute goes along when a file is copied: the marks do not.
pub(super) fn is_copied(name: &[u8]) -> bool {
    !name.starts_with(PRIVATE) || name.starts_with(ESCAPED)
}

/// The name in the layers of an attribute that a guest gives a name of a mark; `None` for others.
#[must_use]
pub fn escaped(name: &[u8]) -> Option<Vec<u8>> {
    let rest = name.strip_prefix(PRIVATE)?;
    Some([ESCAPED, rest].concat())
}

/// How the guest calls an attribute of the layers; `None` when it is a mark.
#[must_use]
pub fn unescaped(name: &[u8]) -> Option<Vec<u8>> {
    match name.strip_prefix(ESCAPED) {
        Some(rest) => Some([PRIVATE, rest].concat()),
        None if name.starts_with(PRIVATE) => None,
        None => Some(name.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, is_copied, unescaped};

    #[test]
    fn marks_are_not_the_guests() {
        assert_eq!(escaped(b"user.comment"), None);
        let inner = escaped(b"user.overlay.opaque").expect("a mark's name");
        assert_eq!(inner, b"user.overlay.overlay.opaque");
        assert_eq!(
            unescaped(&inner).as_deref(),
            Some(&b"user.overlay.opaque"[..])
        );
        assert_eq!(unescaped(b"user.overlay.opaque"), None);
        assert_eq!(
            unescaped(b"user.comment").as_deref(),
            Some(&b"user.comment"[..])
        );
        assert!(is_copied(&inner) && is_copied(b"user.x") && !is_copied(b"user.overlay.lx.number"));
    }
}

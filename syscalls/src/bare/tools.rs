//! The host's tools: programs that were started from `/native` take their libraries from there, and what
//! else the zone has not.

use alloc::ffi::CString;

use kernel::Task;
use kernel::bare::Space;
use kernel::vfs::At;
use kernel::walk::Aim;

/// What such a program means by an absolute path, if not what it says. Not for what is to be made or
/// removed.
pub(super) fn meant(t: &Task, space: &Space<'_>, at: At<'_>) -> Option<CString> {
    let path = at.path.to_bytes();
    if !path.starts_with(b"/") {
        return None;
    }
    let mut overlays = t.mounts.overlays().iter();
    let (host, first) = overlays.find_map(|fs| fs.substitute(path))?;
    let is_there = |at| space.object(at, Aim::Keep).is_ok();
    ((first || !is_there(at)) && is_there(At::cwd(&host))).then_some(host)
}

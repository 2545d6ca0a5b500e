//! From a guest's path to where the host has what it names.

use abi::SysResult;
use core::ffi::CStr;
use kernel::Task;
use kernel::vfs::{At, Links, Place};

/// Where the host has what `at` names. Almost always that is [`Place::Same`], at the cost of one
/// look at the spelling.
#[inline]
pub(super) fn place(t: &Task, at: At<'_>, links: Links) -> SysResult<Place> {
    match t.mounts.overlay(at.path.to_bytes()) {
        None => Ok(Place::Same),
        Some(fs) => fs.locate(t, at, links),
    }
}

/// The register that passes `text` to the host.
pub(super) fn address(text: &CStr) -> usize {
    text.as_ptr().expose_provenance()
}

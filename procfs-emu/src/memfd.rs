//! An emulated file, open: a sealed memfd under the descriptor that the host's own file had.

use alloc::ffi::CString;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::bare::warden::{self, Request};
use kernel::vfs::ProcView;

use crate::io::{Owned, link_of, open};

/// `MFD_CLOEXEC | MFD_ALLOW_SEALING`.
const MEMFD_FLAGS: usize = 3;
/// `F_ADD_SEALS`.
const ADD_SEALS: usize = 1033;
/// `F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE`.
const SEALS: usize = 15;

/// Flags of the guest's open(2) that stay with the open file.
const KEPT: OpenFlags = OpenFlags::WRONLY
    .union(OpenFlags::RDWR)
    .union(OpenFlags::APPEND)
    .union(OpenFlags::NONBLOCK)
    .union(OpenFlags::NOATIME)
    .union(OpenFlags::CLOEXEC);

/// The longest name after `proc:` (249 bytes in all, memfd_create(2)).
const NAME_MAX: usize = 244;

/// What the host calls such a file, before the name of the entry that it stands for.
const PREFIX: &[u8] = b"/memfd:proc:";
/// What comes after it.
const SUFFIX: &[u8] = b" (deleted)";

/// An empty file that stands for the entry with that name, `/proc/12/maps`.
pub(crate) fn create(entry: &[u8]) -> SysResult<Owned> {
    // The host takes no longer names; such a file then has none.
    let entry = if entry.len() > NAME_MAX { &[] } else { entry };
    let label = [b"proc:", entry].concat();
    let label = CString::new(label).unwrap_or_default();
    let name = label.as_ptr().expose_provenance();
    host_call!(nr::MEMFD_CREATE, name, MEMFD_FLAGS).map(Owned::new)
}

/// The name of the entry that a descriptor stands for whose link reads `link`.
pub(crate) fn entry_name(link: &[u8]) -> Option<&[u8]> {
    link.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)
}

/// Puts `text`, with these permissions, at its beginning and open as `flags` say, where `fd` is.
/// The number stays, so the guest gets the lowest one that was free.
pub(crate) fn install(
    view: &dyn ProcView,
    text: &Owned,
    fd: i32,
    permissions: usize,
    flags: OpenFlags,
) -> SysResult<()> {
    host_call!(nr::FCNTL, int(text.raw()), ADD_SEALS, SEALS)?;
    match host_call!(nr::FCHMOD, int(text.raw()), permissions) {
        // So says the filter of a zone without namespaces.
        Err(Errno::EPERM) => {
            let mode = u32::try_from(permissions).unwrap_or(0);
            warden::ask_about(Request::Mode(mode), text.raw())?;
        }
        done => drop(done?),
    }
    let opened = open(
        view.proc_fd(),
        &link_of(text.raw()),
        flags & KEPT | OpenFlags::CLOEXEC,
    )?;
    let close_on_exec = flags & OpenFlags::CLOEXEC;
    host_call!(nr::DUP3, int(opened.raw()), int(fd), close_on_exec.raw())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::entry_name;

    #[test]
    fn links_of_emulated_files() {
        let link = b"/memfd:proc:/proc/12/maps (deleted)";
        assert_eq!(entry_name(link), Some(&b"/proc/12/maps"[..]));
        for other in [
            &b"/memfd:x (deleted)"[..],
            b"/proc/12/maps",
            b"/memfd:proc:",
            b"",
        ] {
            assert_eq!(entry_name(other), None);
        }
    }
}

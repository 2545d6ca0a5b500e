//! From a guest's path to where the host has what it names.

use core::ffi::CStr;

use abi::arg::{AtFlags, DirFd, Path};
use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use alloc::ffi::CString;
use host::call::int;
use host::host_call;
use host::user::PathBuffer;
use kernel::vfs::{At, Links, Place};
use kernel::{Task, zone};
use zerocopy::FromZeros;

/// Where the host has what `at` names. Almost always that is [`Place::Same`], at the cost of one
/// look at the spelling.
#[inline]
pub(super) fn place(t: &Task, at: At<'_>, links: Links) -> SysResult<Place> {
    match t.mounts.overlay(at.path.to_bytes()) {
        None => Ok(Place::Same),
        Some(fs) => fs.locate(t, at, links),
    }
}

/// Where the host has what `at` names when it has nothing there and the guest has something
/// emulated.
#[cold]
pub(super) fn instead(t: &Task, at: At<'_>) -> Option<CString> {
    if zone::placeholders() == 0 {
        return None;
    }
    t.mounts.overlays().iter().find_map(|fs| {
        let path = fs.instead(at.path.to_bytes())?;
        let mut status = Stat::new_zeroed();
        let to = (&raw mut status).expose_provenance();
        let keep = AtFlags::SYMLINK_NOFOLLOW.raw();
        host_call!(nr::NEWFSTATAT, int(at.dirfd), address(&path), to, keep).ok()?;
        fs.is_instead(&status).then_some(path)
    })
}

/// The register that passes `text` to the host.
pub(super) fn address(text: &CStr) -> usize {
    text.as_ptr().expose_provenance()
}

/// The error of a call whose path cannot be read for `errno`: the kernel looks at flags and modes
/// before it, so the host is asked, with a path that is in no process's memory.
pub(super) fn unreadable(errno: Errno, ask: impl FnOnce(usize) -> SysResult) -> Errno {
    const NOWHERE: usize = usize::MAX - 4095;
    match ask(NOWHERE) {
        Ok(_) | Err(Errno::EFAULT) => errno,
        Err(first) => first,
    }
}

/// Asks the host about the place that a path leads to: `ask` gets the directory and the register
/// that passes the path. NULL, which some calls take, is passed on.
pub(super) fn at_place(
    t: &Task,
    dirfd: DirFd,
    path: Path,
    links: Links,
    ask: impl Fn(DirFd, usize) -> SysResult,
) -> SysResult {
    if path.0 == 0 {
        return ask(dirfd, 0);
    }
    let mut room = PathBuffer::new();
    let path = match room.read(path) {
        Ok(path) => path,
        Err(errno) => return Err(unreadable(errno, |path| ask(dirfd, path))),
    };
    let at = At {
        dirfd: dirfd.0,
        path,
    };
    match place(t, at, links)? {
        Place::Elsewhere(path) => ask(DirFd::CWD, address(&path)),
        Place::Same | Place::Descriptors { .. } => match ask(dirfd, address(path)) {
            Err(Errno::ENOENT) => match instead(t, at) {
                Some(path) => ask(dirfd, address(&path)),
                None => Err(Errno::ENOENT),
            },
            result => result,
        },
    }
}

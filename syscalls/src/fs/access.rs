//! access(2), faccessat(2), faccessat2(2), fchmodat2(2).

use abi::arg::{AtFlags, DirFd, Int, Mode, Path};
use abi::{Errno, SysResult, nr};
use host::host_call;
use host::user::PathBuffer;
use kernel::Task;
use kernel::vfs::{At, Links, Place};

use super::path::{address, place};

/// access(2).
pub fn access(t: &mut Task, path: Path, mode: Int) -> SysResult {
    faccessat(t, DirFd::CWD, path, mode)
}

/// faccessat(2); the call itself has no flags.
pub fn faccessat(t: &mut Task, dirfd: DirFd, path: Path, mode: Int) -> SysResult {
    at_place(t, dirfd, path, Links::Follow, |dirfd, path| {
        host_call!(nr::FACCESSAT, dirfd.raw(), path, mode.raw())
    })
}

/// faccessat2(2), from Linux 5.8 on; without flags an older host does the same by faccessat.
pub fn faccessat2(t: &mut Task, dirfd: DirFd, path: Path, mode: Int, flags: AtFlags) -> SysResult {
    let follow = !flags.contains(AtFlags::SYMLINK_NOFOLLOW);
    let links = if follow { Links::Follow } else { Links::Keep };
    at_place(t, dirfd, path, links, |dirfd, path| {
        match host_call!(nr::FACCESSAT2, dirfd.raw(), path, mode.raw(), flags.raw()) {
            Err(Errno::ENOSYS) if flags.is_empty() => {
                host_call!(nr::FACCESSAT, dirfd.raw(), path, mode.raw())
            }
            result => result,
        }
    })
}

/// fchmodat2(2), from Linux 6.6 on; without flags an older host does the same by fchmodat.
pub fn fchmodat2(_: &mut Task, dirfd: DirFd, path: Path, mode: Mode, flags: AtFlags) -> SysResult {
    match host_call!(nr::FCHMODAT2, dirfd.raw(), path.0, mode.raw(), flags.raw()) {
        Err(Errno::ENOSYS) if flags.is_empty() => {
            host_call!(nr::FCHMODAT, dirfd.raw(), path.0, mode.raw())
        }
        result => result,
    }
}

/// Asks the host about the place that a path leads to.
fn at_place(
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
    let path = room.read(path)?;
    match place(
        t,
        At {
            dirfd: dirfd.0,
            path,
        },
        links,
    )? {
        Place::Elsewhere(path) => ask(DirFd::CWD, address(&path)),
        Place::Same | Place::Descriptors { .. } => ask(dirfd, address(path)),
    }
}

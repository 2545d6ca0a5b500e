//! stat(2), lstat(2), fstatat(2), statx(2).

use abi::arg::{AtFlags, DirFd, Flags, Path};
use abi::stat::{Stat, Statx};
use abi::{Errno, SysResult, UserPtr, nr};
use core::ffi::CStr;
use host::host_call;
use host::user::{self, PathBuffer};
use kernel::Task;
use kernel::vfs::{At, Links, Place};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::describe::{Described, described};
use super::path::{address, instead, place, unreadable};

/// stat(2).
pub fn stat(t: &mut Task, path: Path, buf: UserPtr<Stat>) -> SysResult {
    newfstatat(t, DirFd::CWD, path, buf, AtFlags::empty())
}

/// lstat(2).
pub fn lstat(t: &mut Task, path: Path, buf: UserPtr<Stat>) -> SysResult {
    newfstatat(t, DirFd::CWD, path, buf, AtFlags::SYMLINK_NOFOLLOW)
}

/// fstatat(2).
pub fn newfstatat(
    t: &mut Task,
    dirfd: DirFd,
    path: Path,
    buf: UserPtr<Stat>,
    flags: AtFlags,
) -> SysResult {
    let ask = |dirfd: DirFd, path, flags: AtFlags, to| {
        host_call!(nr::NEWFSTATAT, dirfd.raw(), path, to, flags.raw())
    };
    let hide = |status: &mut Stat, hidden| status.st_size = without(status.st_size, hidden);
    answer(t, dirfd, path, flags, buf, ask, hide)
}

/// statx(2).
pub fn statx(
    t: &mut Task,
    dirfd: DirFd,
    path: Path,
    flags: AtFlags,
    mask: Flags,
    buf: UserPtr<Statx>,
) -> SysResult {
    let ask = |dirfd: DirFd, path, flags: AtFlags, to| {
        host_call!(nr::STATX, dirfd.raw(), path, flags.raw(), mask.raw(), to)
    };
    let hide =
        |status: &mut Statx, hidden| status.stx_size = status.stx_size.saturating_sub(hidden);
    answer(t, dirfd, path, flags, buf, ask, hide)
}

/// Serves a call that describes what a path names. `ask` makes the host call with a directory, the
/// address of a path, flags and where the answer goes; `hide` takes entries that the guest does not
/// have from the size of a directory of descriptors.
fn answer<S: Described + FromBytes + IntoBytes + Immutable>(
    t: &mut Task,
    dirfd: DirFd,
    path: Path,
    flags: AtFlags,
    buf: UserPtr<S>,
    ask: impl Fn(DirFd, usize, AtFlags, usize) -> SysResult,
    hide: impl FnOnce(&mut S, u64),
) -> SysResult {
    hosts(t, dirfd, path, flags, buf, ask, hide)?;
    described(t, buf)
}

/// What the host says.
fn hosts<S: FromBytes + IntoBytes + Immutable>(
    t: &Task,
    dirfd: DirFd,
    path: Path,
    flags: AtFlags,
    buf: UserPtr<S>,
    ask: impl Fn(DirFd, usize, AtFlags, usize) -> SysResult,
    hide: impl FnOnce(&mut S, u64),
) -> SysResult {
    if path.0 == 0 {
        // Linux 6.11 takes NULL with AT_EMPTY_PATH for an empty path.
        return ask(dirfd, 0, flags, buf.address());
    }
    let mut room = PathBuffer::new();
    let path = match room.read(path) {
        Ok(path) => path,
        Err(errno) => {
            return Err(unreadable(errno, |path| {
                ask(dirfd, path, flags, buf.address())
            }));
        }
    };
    match seek(t, dirfd, path, flags)? {
        Place::Same => match ask(dirfd, address(path), flags, buf.address()) {
            Err(Errno::ENOENT) => {
                let at = At {
                    dirfd: dirfd.0,
                    path,
                };
                let path = instead(t, at).ok_or(Errno::ENOENT)?;
                ask(dirfd, address(&path), flags, buf.address())
            }
            result => result,
        },
        Place::Elsewhere(path) => ask(DirFd::CWD, address(&path), flags, buf.address()),
        Place::Descriptors { hidden } => {
            let mut status = S::new_zeroed();
            let to = (&raw mut status).expose_provenance();
            ask(dirfd, address(path), flags, to)?;
            hide(&mut status, hidden);
            user::write(buf, &status)?;
            Ok(0)
        }
    }
}

fn seek(t: &Task, dirfd: DirFd, path: &CStr, flags: AtFlags) -> SysResult<Place> {
    let links = if flags.contains(AtFlags::SYMLINK_NOFOLLOW) {
        Links::Keep
    } else {
        Links::Follow
    };
    place(
        t,
        At {
            dirfd: dirfd.0,
            path,
        },
        links,
    )
}

/// How many entries a directory of descriptors has for the guest. Before Linux 6.2 its size is
/// 0 and stays so.
fn without(size: i64, hidden: u64) -> i64 {
    i64::try_from(hidden).map_or(0, |hidden| size.saturating_sub(hidden).max(0))
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn hidden_descriptors_are_not_counted() {
        assert_eq!(without(7, 3), 4);
        assert_eq!(without(0, 3), 0);
        assert_eq!(without(7, u64::MAX), 0);
    }
}

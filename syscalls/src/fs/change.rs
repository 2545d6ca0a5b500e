//! Calls that work on the file that a path leads to. The brand only finds the place: what a link
//! in /proc stands for may be another one for the guest, or none.

use abi::arg::{AtFlags, DirFd, Flags, Gid, Mode, Offset, Path, Ptr, Size, Str, Uid};
use abi::{Errno, SysResult, nr};
use host::call::forward_blocking;
use host::user::PathBuffer;
use kernel::Task;
use kernel::vfs::{At, Links, Place};

use super::path::{address, at_place, place};

/// Writes calls whose first argument is a path; the last link in it is followed.
macro_rules! on_path {
    ($($name:ident = nr::$nr:ident ( $($arg:ident : $ty:ty),* );)*) => {$(
        #[doc = concat!(stringify!($name), "(2).")]
        pub fn $name(t: &mut Task, path: Path $(, $arg: $ty)*) -> SysResult {
            at_place(t, DirFd::CWD, path, Links::Follow, |_, path| {
                ask(nr::$nr, &[path $(, $arg.raw())*])
            })
        }
    )*};
}

on_path! {
    chdir = nr::CHDIR();
    utime = nr::UTIME(times: Ptr);
    utimes = nr::UTIMES(times: Ptr);
    getxattr = nr::GETXATTR(name: Str, value: Ptr, size: Size);
    listxattr = nr::LISTXATTR(list: Ptr, size: Size);
    setxattr = nr::SETXATTR(name: Str, value: Ptr, size: Size, flags: Flags);
    removexattr = nr::REMOVEXATTR(name: Str);
}

/// chmod(2).
pub fn chmod(t: &mut Task, path: Path, mode: Mode) -> SysResult {
    fchmodat(t, DirFd::CWD, path, mode)
}

/// chown(2).
pub fn chown(t: &mut Task, path: Path, owner: Uid, group: Gid) -> SysResult {
    fchownat(t, DirFd::CWD, path, owner, group, AtFlags::empty())
}

/// lgetxattr(2).
pub fn lgetxattr(t: &mut Task, path: Path, name: Str, value: Ptr, size: Size) -> SysResult {
    at_place(t, DirFd::CWD, path, Links::Keep, |_, path| {
        ask(nr::LGETXATTR, &[path, name.raw(), value.raw(), size.raw()])
    })
}

/// llistxattr(2).
pub fn llistxattr(t: &mut Task, path: Path, list: Ptr, size: Size) -> SysResult {
    at_place(t, DirFd::CWD, path, Links::Keep, |_, path| {
        ask(nr::LLISTXATTR, &[path, list.raw(), size.raw()])
    })
}

/// truncate(2). A program that runs is `ETXTBSY`: the host says so of the brand's image, which is
/// what /proc/PID/exe leads to there, and would not of the guest's program.
pub fn truncate(t: &mut Task, path: Path, length: Offset) -> SysResult {
    let mut room = PathBuffer::new();
    let path = room.read(path)?;
    let at = At {
        dirfd: DirFd::CWD.0,
        path,
    };
    let _: Place = place(t, at, Links::Follow)?;
    ask(nr::TRUNCATE, &[address(path), length.raw()])
}

/// fchmodat(2); the call itself has no flags.
pub fn fchmodat(t: &mut Task, dirfd: DirFd, path: Path, mode: Mode) -> SysResult {
    at_place(t, dirfd, path, Links::Follow, |dirfd, path| {
        ask(nr::FCHMODAT, &[dirfd.raw(), path, mode.raw()])
    })
}

/// fchmodat2(2), from Linux 6.6 on; without flags an older host does the same by fchmodat.
pub fn fchmodat2(t: &mut Task, dirfd: DirFd, path: Path, mode: Mode, flags: AtFlags) -> SysResult {
    at_place(t, dirfd, path, links(flags), |dirfd, path| {
        match ask(nr::FCHMODAT2, &[dirfd.raw(), path, mode.raw(), flags.raw()]) {
            Err(Errno::ENOSYS) if flags.is_empty() => {
                ask(nr::FCHMODAT, &[dirfd.raw(), path, mode.raw()])
            }
            result => result,
        }
    })
}

/// fchownat(2).
pub fn fchownat(
    t: &mut Task,
    dirfd: DirFd,
    path: Path,
    owner: Uid,
    group: Gid,
    flags: AtFlags,
) -> SysResult {
    at_place(t, dirfd, path, links(flags), |dirfd, path| {
        ask(
            nr::FCHOWNAT,
            &[dirfd.raw(), path, owner.raw(), group.raw(), flags.raw()],
        )
    })
}

/// futimesat(2).
pub fn futimesat(t: &mut Task, dirfd: DirFd, path: Path, times: Ptr) -> SysResult {
    at_place(t, dirfd, path, Links::Follow, |dirfd, path| {
        ask(nr::FUTIMESAT, &[dirfd.raw(), path, times.raw()])
    })
}

/// utimensat(2).
pub fn utimensat(t: &mut Task, dirfd: DirFd, path: Path, times: Ptr, flags: AtFlags) -> SysResult {
    at_place(t, dirfd, path, links(flags), |dirfd, path| {
        ask(
            nr::UTIMENSAT,
            &[dirfd.raw(), path, times.raw(), flags.raw()],
        )
    })
}

fn links(flags: AtFlags) -> Links {
    if flags.contains(AtFlags::SYMLINK_NOFOLLOW) {
        Links::Keep
    } else {
        Links::Follow
    }
}

/// A host call that may wait: for the holder of a lease, for a file server.
fn ask<const N: usize>(nr: usize, args: &[usize; N]) -> SysResult {
    let mut all = [0; 6];
    for (to, from) in all.iter_mut().zip(args) {
        *to = *from;
    }
    forward_blocking(nr, &all)
}

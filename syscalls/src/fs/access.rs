//! access(2), faccessat(2), faccessat2(2).

use abi::arg::{AtFlags, DirFd, Int, Path};
use abi::{Errno, SysResult, nr};
use host::host_call;
use kernel::Task;
use kernel::vfs::Links;

use super::path::at_place;

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

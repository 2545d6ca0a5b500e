//! Copying between files without reading. What emulated files hold that are the host's own only
//! read(2) tells; from them these calls fail as from files that cannot be spliced, and programs then
//! read. As long as a process has no emulated file open, entry.S forwards these calls by itself.

use abi::arg::{Fd, Flags, Ptr, Size};
use abi::{Errno, SysResult, nr};
use host::call::forward_blocking;
use kernel::Task;

/// sendfile(2).
pub fn sendfile(t: &mut Task, out_fd: Fd, in_fd: Fd, offset: Ptr, count: Size) -> SysResult {
    check(t, in_fd)?;
    let args = [out_fd.raw(), in_fd.raw(), offset.raw(), count.raw(), 0, 0];
    forward_blocking(nr::SENDFILE, &args)
}

/// splice(2).
pub fn splice(
    t: &mut Task,
    fd_in: Fd,
    off_in: Ptr,
    fd_out: Fd,
    off_out: Ptr,
    len: Size,
    flags: Flags,
) -> SysResult {
    check(t, fd_in)?;
    let args = [
        fd_in.raw(),
        off_in.raw(),
        fd_out.raw(),
        off_out.raw(),
        len.raw(),
        flags.raw(),
    ];
    forward_blocking(nr::SPLICE, &args)
}

/// `EINVAL` for a file that only read(2) can read.
fn check(t: &Task, from: Fd) -> SysResult<()> {
    let mut overlays = t.mounts.overlays().iter();
    match overlays.any(|fs| fs.is_rewritten(from.0)) {
        true => Err(Errno::EINVAL),
        false => Ok(()),
    }
}

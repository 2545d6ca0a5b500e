//! Reading from and closing files whose text the brand makes anew. As long as a process has none,
//! entry.S forwards these calls by itself; see `host::intercept::hold_file_rows`.

use abi::arg::{Fd, Flags, Offset, Ptr, Size, Ulong};
use abi::stat::Stat;
use abi::{SysResult, UserPtr, nr};
use host::call::forward_blocking;
use host::host_call;
use kernel::Task;

use super::describe::described;

/// read(2).
pub fn read(t: &mut Task, fd: Fd, buf: Ptr, count: Size) -> SysResult {
    renew(t, fd, None);
    forward_blocking(nr::READ, &[fd.raw(), buf.raw(), count.raw(), 0, 0, 0])
}

/// readv(2).
pub fn readv(t: &mut Task, fd: Fd, iov: Ptr, iovcnt: Ulong) -> SysResult {
    renew(t, fd, None);
    forward_blocking(nr::READV, &[fd.raw(), iov.raw(), iovcnt.raw(), 0, 0, 0])
}

/// pread(2).
pub fn pread64(t: &mut Task, fd: Fd, buf: Ptr, count: Size, offset: Offset) -> SysResult {
    renew(t, fd, Some(offset.0));
    let args = [fd.raw(), buf.raw(), count.raw(), offset.raw(), 0, 0];
    forward_blocking(nr::PREAD64, &args)
}

/// preadv(2). On 64-bit machines the lower part of the offset is all of it.
pub fn preadv(t: &mut Task, fd: Fd, iov: Ptr, iovcnt: Ulong, low: Ulong, high: Ulong) -> SysResult {
    renew(t, fd, i64::try_from(low.0).ok());
    let args = [fd.raw(), iov.raw(), iovcnt.raw(), low.raw(), high.raw(), 0];
    forward_blocking(nr::PREADV, &args)
}

/// preadv2(2): the offset -1 stands for the position.
pub fn preadv2(
    t: &mut Task,
    fd: Fd,
    iov: Ptr,
    iovcnt: Ulong,
    low: Ulong,
    high: Ulong,
    flags: Flags,
) -> SysResult {
    renew(t, fd, i64::try_from(low.0).ok());
    let args = [
        fd.raw(),
        iov.raw(),
        iovcnt.raw(),
        low.raw(),
        high.raw(),
        flags.raw(),
    ];
    forward_blocking(nr::PREADV2, &args)
}

/// close(2).
pub fn close(t: &mut Task, fd: Fd) -> SysResult {
    // A child of vfork closes its own descriptors, but has its parent's memory.
    if !t.borrows_memory {
        for fs in t.mounts.overlays() {
            fs.before_close(fd.0);
        }
    }
    forward_blocking(nr::CLOSE, &[fd.raw(), 0, 0, 0, 0, 0])
}

/// fstat(2).
pub fn fstat(t: &mut Task, fd: Fd, buf: UserPtr<Stat>) -> SysResult {
    host_call!(nr::FSTAT, fd.raw(), buf.address())?;
    described(t, buf)
}

/// Makes the text of an emulated file anew where it is read from its beginning.
fn renew(t: &Task, fd: Fd, offset: Option<i64>) {
    for fs in t.mounts.overlays() {
        fs.before_read(t, fd.0, offset);
    }
}

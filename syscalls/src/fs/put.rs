//! Writing to emulated files. As long as a process has none open for writing, entry.S forwards these
//! calls by itself; see `host::rows::hold_write_rows`.

use alloc::vec;
use alloc::vec::Vec;

use abi::arg::{Fd, Flags, Offset, Ptr, Size, Ulong};
use abi::{SysResult, nr};
use host::call::forward_blocking;
use host::user;
use kernel::Task;

use super::live::{listed, signed};

/// write(2).
pub fn write(t: &mut Task, fd: Fd, buf: Ptr, count: Size) -> SysResult {
    if let Some(result) = emulated(t, fd, None, &[[buf.0, count.0]]) {
        return result;
    }
    forward_blocking(nr::WRITE, &[fd.raw(), buf.raw(), count.raw(), 0, 0, 0])
}

/// writev(2).
pub fn writev(t: &mut Task, fd: Fd, iov: Ptr, iovcnt: Ulong) -> SysResult {
    if let Some(result) = gathered(t, fd, None, iov, iovcnt) {
        return result;
    }
    forward_blocking(nr::WRITEV, &[fd.raw(), iov.raw(), iovcnt.raw(), 0, 0, 0])
}

/// pwrite(2).
pub fn pwrite64(t: &mut Task, fd: Fd, buf: Ptr, count: Size, offset: Offset) -> SysResult {
    if let Some(result) = emulated(t, fd, Some(offset.0), &[[buf.0, count.0]]) {
        return result;
    }
    let args = [fd.raw(), buf.raw(), count.raw(), offset.raw(), 0, 0];
    forward_blocking(nr::PWRITE64, &args)
}

/// pwritev(2). On 64-bit machines the lower part of the offset is all of it.
pub fn pwritev(
    t: &mut Task,
    fd: Fd,
    iov: Ptr,
    iovcnt: Ulong,
    low: Ulong,
    high: Ulong,
) -> SysResult {
    if let Some(result) = gathered(t, fd, Some(signed(low)), iov, iovcnt) {
        return result;
    }
    let args = [fd.raw(), iov.raw(), iovcnt.raw(), low.raw(), high.raw(), 0];
    forward_blocking(nr::PWRITEV, &args)
}

/// pwritev2(2): the offset -1 stands for the position. What files of procfs make of its flags, the
/// host says.
pub fn pwritev2(
    t: &mut Task,
    fd: Fd,
    iov: Ptr,
    iovcnt: Ulong,
    low: Ulong,
    high: Ulong,
    flags: Flags,
) -> SysResult {
    if flags.0 == 0 {
        let offset = Some(signed(low)).filter(|offset| *offset != -1);
        if let Some(result) = gathered(t, fd, offset, iov, iovcnt) {
            return result;
        }
    }
    let args = [
        fd.raw(),
        iov.raw(),
        iovcnt.raw(),
        low.raw(),
        high.raw(),
        flags.raw(),
    ];
    forward_blocking(nr::PWRITEV2, &args)
}

/// Serves a write to an emulated file of parts of the guest's memory, each an address and a length;
/// `None` when the host is to serve it.
fn emulated(t: &Task, fd: Fd, offset: Option<i64>, parts: &[[usize; 2]]) -> Option<SysResult> {
    let length = parts
        .iter()
        .fold(0, |sum: usize, part| sum.saturating_add(part[1]));
    let mut gather = |wanted: usize| gather(parts, wanted);
    let mut overlays = t.mounts.overlays().iter();
    overlays.find_map(|fs| fs.write(t, fd.0, offset, length, &mut gather))
}

/// Likewise of `iovcnt` parts that the guest lists at `iov`. What is wrong with the list, the host
/// says.
fn gathered(t: &Task, fd: Fd, offset: Option<i64>, iov: Ptr, iovcnt: Ulong) -> Option<SysResult> {
    emulated(t, fd, offset, &listed(iov, iovcnt)?)
}

/// The first `wanted` bytes of what the parts hold.
fn gather(parts: &[[usize; 2]], wanted: usize) -> SysResult<Vec<u8>> {
    let mut bytes = vec![0; wanted];
    let mut done = 0;
    for [address, length] in parts {
        let room = bytes.get_mut(done..).unwrap_or_default();
        let fits = room.len().min(*length);
        let room = room.get_mut(..fits).unwrap_or_default();
        user::read_bytes(*address, room)?;
        done += fits;
    }
    bytes.truncate(done);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::gather;

    #[test]
    fn parts_come_in_order() {
        let texts = [&b"ab"[..], b"", b"cdef"];
        let parts = texts.map(|text| [text.as_ptr().expose_provenance(), text.len()]);
        assert_eq!(gather(&parts, 6).as_deref(), Ok(&b"abcdef"[..]));
        assert_eq!(gather(&parts, 3).as_deref(), Ok(&b"abc"[..]));
        assert_eq!(gather(&parts, 0).as_deref(), Ok(&b""[..]));
    }
}

//! Reading from, copying and closing emulated files. As long as a process has none, entry.S forwards
//! these calls by itself; see `host::rows::hold_file_rows`.

use alloc::vec::Vec;

use abi::arg::{Fd, Flags, Offset, Ptr, Size, Uint, Ulong};
use abi::stat::Stat;
use abi::{SysResult, UserPtr, nr};
use host::call::{as_int, forward_blocking};
use host::{host_call, user};
use kernel::Task;

use super::describe::described;

/// read(2).
pub fn read(t: &mut Task, fd: Fd, buf: Ptr, count: Size) -> SysResult {
    if let Some(result) = emulated(t, fd, None, &[[buf.0, count.0]]) {
        return result;
    }
    forward_blocking(nr::READ, &[fd.raw(), buf.raw(), count.raw(), 0, 0, 0])
}

/// readv(2).
pub fn readv(t: &mut Task, fd: Fd, iov: Ptr, iovcnt: Ulong) -> SysResult {
    if let Some(result) = scattered(t, fd, None, iov, iovcnt) {
        return result;
    }
    forward_blocking(nr::READV, &[fd.raw(), iov.raw(), iovcnt.raw(), 0, 0, 0])
}

/// pread(2).
pub fn pread64(t: &mut Task, fd: Fd, buf: Ptr, count: Size, offset: Offset) -> SysResult {
    if let Some(result) = emulated(t, fd, Some(offset.0), &[[buf.0, count.0]]) {
        return result;
    }
    let args = [fd.raw(), buf.raw(), count.raw(), offset.raw(), 0, 0];
    forward_blocking(nr::PREAD64, &args)
}

/// preadv(2). On 64-bit machines the lower part of the offset is all of it.
pub fn preadv(t: &mut Task, fd: Fd, iov: Ptr, iovcnt: Ulong, low: Ulong, high: Ulong) -> SysResult {
    if let Some(result) = scattered(t, fd, Some(signed(low)), iov, iovcnt) {
        return result;
    }
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
    /// Files of procfs take no other flag.
    const RWF_HIPRI: u32 = 1;
    if flags.0 & !RWF_HIPRI == 0 {
        let offset = Some(signed(low)).filter(|offset| *offset != -1);
        if let Some(result) = scattered(t, fd, offset, iov, iovcnt) {
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
    forward_blocking(nr::PREADV2, &args)
}

/// close(2).
pub fn close(t: &mut Task, fd: Fd) -> SysResult {
    // A child of vfork closes its own descriptors, but has its parent's memory.
    if !t.borrows_memory {
        for fs in t.mounts.overlays() {
            fs.before_close(fd.0.cast_unsigned(), fd.0.cast_unsigned());
        }
    }
    forward_blocking(nr::CLOSE, &[fd.raw(), 0, 0, 0, 0, 0])
}

/// lseek(2).
pub fn lseek(t: &mut Task, fd: Fd, offset: Offset, whence: Uint) -> SysResult {
    const SEEK_CUR: u32 = 1;
    if whence.0 == SEEK_CUR {
        for fs in t.mounts.overlays() {
            fs.before_seek(fd.0);
        }
    }
    let args = [fd.raw(), offset.raw(), whence.raw(), 0, 0, 0];
    forward_blocking(nr::LSEEK, &args)
}

/// dup(2).
pub fn dup(t: &mut Task, old: Fd) -> SysResult {
    let new = forward_blocking(nr::DUP, &[old.raw(), 0, 0, 0, 0, 0])?;
    copied(t, old, new);
    Ok(new)
}

/// fcntl(2).
pub fn fcntl(t: &mut Task, fd: Fd, op: Uint, arg: Ulong) -> SysResult {
    const F_DUPFD: u32 = 0;
    const F_DUPFD_CLOEXEC: u32 = 1030;
    let result = forward_blocking(nr::FCNTL, &[fd.raw(), op.raw(), arg.raw(), 0, 0, 0])?;
    if let F_DUPFD | F_DUPFD_CLOEXEC = op.0 {
        copied(t, fd, result);
    }
    Ok(result)
}

/// `new` is a copy of `old`.
pub(super) fn copied(t: &Task, old: Fd, new: usize) {
    if host::rows::file_rows_held() {
        for fs in t.mounts.overlays() {
            fs.copied(old.0, as_int(new));
        }
    }
}

/// fstat(2).
pub fn fstat(t: &mut Task, fd: Fd, buf: UserPtr<Stat>) -> SysResult {
    host_call!(nr::FSTAT, fd.raw(), buf.address())?;
    described(t, buf)
}

/// Serves a read of an emulated file into parts of the guest's memory, each an address and a
/// length; `None` when the host is to serve it.
fn emulated(t: &Task, fd: Fd, offset: Option<i64>, parts: &[[usize; 2]]) -> Option<SysResult> {
    let mut put = |text: &[u8]| scatter(text, parts);
    let mut overlays = t.mounts.overlays().iter();
    overlays.find_map(|fs| fs.read(t, fd.0, offset, &mut put))
}

/// Likewise for `iovcnt` parts that the guest lists at `iov`. What is wrong with the list, the host
/// says.
fn scattered(t: &Task, fd: Fd, offset: Option<i64>, iov: Ptr, iovcnt: Ulong) -> Option<SysResult> {
    emulated(t, fd, offset, &listed(iov, iovcnt)?)
}

/// The parts in such a list, each an address and a length.
pub(super) fn listed(iov: Ptr, iovcnt: Ulong) -> Option<Vec<[usize; 2]>> {
    /// `UIO_MAXIOV`.
    const MOST: usize = 1024;
    if iovcnt.0 > MOST {
        return None;
    }
    let list = UserPtr::<[usize; 2]>::new(iov.0);
    let parts = (0..iovcnt.0).map(|index| {
        let part = user::read(list.element(index)).ok()?;
        isize::try_from(part[1]).is_ok().then_some(part)
    });
    parts.collect()
}

/// An offset that comes as an unsigned number.
pub(super) fn signed(offset: Ulong) -> i64 {
    i64::from_le_bytes(offset.0.to_le_bytes())
}

/// Fills the parts one after the other with `text`: how many bytes there were room for.
fn scatter(text: &[u8], parts: &[[usize; 2]]) -> SysResult {
    let mut done = 0;
    for [address, len] in parts {
        let rest = text.get(done..).unwrap_or_default();
        let piece = rest.get(..*len).unwrap_or(rest);
        match user::write_bytes(*address, piece) {
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
            Ok(()) => done += piece.len(),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::scatter;

    #[test]
    fn text_goes_into_the_parts_in_order() {
        let (mut first, mut second) = ([0u8; 2], [0u8; 4]);
        let parts = [&mut first[..], &mut second[..]]
            .map(|part| [part.as_mut_ptr().expose_provenance(), part.len()]);
        assert_eq!(scatter(b"abcd", &parts), Ok(4));
        assert_eq!(scatter(b"", &parts), Ok(0));
        assert_eq!((&first, &second), (b"ab", b"cd\0\0"));
        assert_eq!(scatter(b"0123456789", &parts), Ok(6));
        assert_eq!((&first, &second), (b"01", b"2345"));
    }
}

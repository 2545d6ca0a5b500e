//! The few host calls that emulation needs.

use alloc::ffi::CString;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use kernel::vfs::ProcView;

use crate::text::{Lines, Splitter, put_decimal};

/// `PROC_SUPER_MAGIC` (statfs(2)).
pub(crate) const PROC_SUPER_MAGIC: u64 = 0x9fa0;

/// Room for the name of an entry; what does not fit is none.
pub(crate) const NAME_MAX: usize = 512;

/// How much is read or written at a time, in bytes.
const PIECE: usize = 16 << 10;

/// A descriptor that is closed when it is no longer needed.
#[derive(Debug)]
pub(crate) struct Owned(i32);

impl Owned {
    /// Takes the descriptor that a call returned.
    pub(crate) fn new(fd: usize) -> Self {
        Self(as_int(fd))
    }

    pub(crate) fn raw(&self) -> i32 {
        self.0
    }

    /// Gives the descriptor away, as a call returns it.
    pub(crate) fn into_raw(self) -> usize {
        let fd = int(self.0);
        core::mem::forget(self);
        fd
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = host_call!(nr::CLOSE, int(self.0));
    }
}

/// Opens without waiting.
pub(crate) fn open(dirfd: i32, path: &CStr, flags: OpenFlags) -> SysResult<Owned> {
    kernel::proc::open(dirfd, path, flags).map(Owned)
}

/// Reads from the position of `fd` on.
pub(crate) fn read(fd: i32, into: &mut [u8]) -> SysResult {
    let (address, len) = (into.as_mut_ptr().expose_provenance(), into.len());
    loop {
        match host_call!(nr::READ, int(fd), address, len) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// Reads all that is left.
pub(crate) fn read_all(fd: i32) -> SysResult<Vec<u8>> {
    let mut all = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        match read(fd, &mut piece)? {
            0 => return Ok(all),
            len => all.extend_from_slice(&piece[..len.min(PIECE)]),
        }
    }
}

/// Writes everything.
pub(crate) fn write_all(fd: i32, mut bytes: &[u8]) -> SysResult<()> {
    while !bytes.is_empty() {
        let address = bytes.as_ptr().expose_provenance();
        match host_call!(nr::WRITE, int(fd), address, bytes.len()) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
            Ok(len) => bytes = &bytes[len.min(bytes.len())..],
        }
    }
    Ok(())
}

/// Runs what `from` holds through `filter` into `to`, a piece at a time: `maps` can be long.
pub(crate) fn filter(from: i32, to: i32, filter: &mut dyn Lines) -> SysResult<()> {
    let mut piece = vec![0; PIECE];
    let mut out = Vec::new();
    let mut splitter = Splitter::default();
    loop {
        let len = read(from, &mut piece)?.min(PIECE);
        if len == 0 {
            splitter.end(filter, &mut out);
            return write_all(to, &out);
        }
        splitter.piece(&piece[..len], filter, &mut out);
        if out.len() >= PIECE {
            write_all(to, &out)?;
            out.clear();
        }
    }
}

/// readlinkat(2).
pub(crate) fn readlink<'b>(dirfd: i32, path: &CStr, into: &'b mut [u8]) -> SysResult<&'b [u8]> {
    let address = into.as_mut_ptr().expose_provenance();
    let path = path.as_ptr().expose_provenance();
    let len = host_call!(nr::READLINKAT, int(dirfd), path, address, into.len())?;
    into.get(..len).ok_or(Errno::EIO)
}

/// Whether `fd` is something in procfs.
pub(crate) fn is_procfs(fd: i32) -> bool {
    // `struct statfs`: 15 words, the first is the type.
    let mut statfs = [0u64; 15];
    let address = statfs.as_mut_ptr().expose_provenance();
    host_call!(nr::FSTATFS, int(fd), address).is_ok() && statfs[0] == PROC_SUPER_MAGIC
}

/// `PREFIX` `number` `SUFFIX` as a path.
pub(crate) fn numbered(prefix: &str, number: u32, suffix: &str) -> CString {
    let mut path = Vec::from(prefix);
    put_decimal(&mut path, number.into(), 1);
    path.extend_from_slice(suffix.as_bytes());
    CString::new(path).unwrap_or_default()
}

/// The path, relative to /proc, of the link to what `fd` leads to. A thread can have descriptors
/// of its own (`unshare(CLONE_FILES)`), so it must be the thread's.
pub(crate) fn link_of(fd: i32) -> CString {
    numbered("thread-self/fd/", fd.unsigned_abs(), "")
}

/// What the host calls the thing that `fd` leads to.
pub(crate) fn name_of<'b>(view: &dyn ProcView, fd: i32, into: &'b mut [u8]) -> SysResult<&'b [u8]> {
    readlink(view.proc_fd(), &link_of(fd), into)
}

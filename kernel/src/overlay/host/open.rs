//! Opening what stands in a layer.

use alloc::vec::Vec;
use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::stat::{Stat, TYPE};
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;

use super::LINK;
use crate::bare::{Handle, host_path};
use crate::vfs::AT_FDCWD;

/// A path with its NUL.
pub(super) struct Text(Vec<u8>);

impl Text {
    pub(super) fn new(path: &[u8]) -> Self {
        let path = if path.is_empty() { b"." } else { path };
        Self([path, b"\0"].concat())
    }

    pub(super) fn at(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

pub(super) fn address(text: &CStr) -> usize {
    text.as_ptr().expose_provenance()
}

pub(super) const CWD: usize = int(AT_FDCWD);
pub(super) const HANDLE: OpenFlags = OpenFlags::PATH
    .union(OpenFlags::NOFOLLOW)
    .union(OpenFlags::CLOEXEC);

/// Opens a path without links on the way.
pub(super) fn open_plain(from: i32, path: &[u8], flags: OpenFlags) -> SysResult<Handle> {
    /// `RESOLVE_NO_MAGICLINKS`, `RESOLVE_NO_SYMLINKS`.
    const PLAIN: u64 = 0x02 | 0x04;
    let text = Text::new(path);
    let how = [u64::from(flags.bits()), 0, PLAIN];
    let at = how.as_ptr().expose_provenance();
    match host_call!(nr::OPENAT2, int(from), text.at(), at, size_of_val(&how)) {
        Ok(fd) => Ok(Handle::owned(as_int(fd))),
        Err(Errno::ENOSYS | Errno::EPERM | Errno::EAGAIN) => by_steps(from, path, flags),
        Err(errno) => Err(errno),
    }
}

/// The same where the host has no openat2(2).
fn by_steps(from: i32, path: &[u8], flags: OpenFlags) -> SysResult<Handle> {
    let mut names = path.split(|byte| *byte == b'/').peekable();
    let mut at = Handle::borrowed(from);
    while let Some(name) = names.next() {
        let text = Text::new(name);
        let last = names.peek().is_none();
        let flags = if last { flags } else { HANDLE };
        let fd = host_call!(nr::OPENAT, at.register(), text.at(), flags.raw())?;
        at = Handle::owned(as_int(fd));
        if !last && status(&at)?.st_mode & TYPE == LINK {
            return Err(Errno::ELOOP);
        }
    }
    Ok(at)
}

pub(super) fn status(file: &Handle) -> SysResult<Stat> {
    let mut status = Stat::default();
    let to = (&raw mut status).expose_provenance();
    host_call!(nr::FSTAT, file.register(), to)?;
    Ok(status)
}

/// Opens again what a handle leads to.
pub(super) fn again(file: &Handle, flags: OpenFlags) -> SysResult<Handle> {
    let path = host_path(file.raw());
    let flags = flags | OpenFlags::CLOEXEC;
    let fd = host_call!(nr::OPENAT, CWD, path.register(), flags.raw())?;
    Ok(Handle::owned(as_int(fd)))
}

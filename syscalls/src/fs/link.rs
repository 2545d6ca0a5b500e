//! readlink(2), readlinkat(2).

use abi::arg::{DirFd, Int, Path};
use abi::{Errno, SysResult, UserPtr, nr};
use core::ffi::CStr;
use host::host_call;
use host::user::{self, PATH_MAX, PathBuffer};
use kernel::Task;
use kernel::vfs::{At, FileSystem};

use super::path::{address, instead};

/// readlink(2).
pub fn readlink(t: &mut Task, path: Path, buf: UserPtr<u8>, size: Int) -> SysResult {
    readlinkat(t, DirFd::CWD, path, buf, size)
}

/// readlinkat(2).
pub fn readlinkat(
    t: &mut Task,
    dirfd: DirFd,
    path: Path,
    buf: UserPtr<u8>,
    size: Int,
) -> SysResult {
    let room_for = usize::try_from(size.0)
        .ok()
        .filter(|size| *size > 0)
        .ok_or(Errno::EINVAL)?;
    let mut room = PathBuffer::new();
    let path = room.read(path)?;
    let at = At {
        dirfd: dirfd.0,
        path,
    };
    if let Some(fs) = t.mounts.overlay(path.to_bytes())
        && let Some(length) = emulated(t, fs, at, buf, room_for)?
    {
        return Ok(length);
    }
    let ask = |path: &CStr| {
        let (path, to) = (address(path), buf.address());
        host_call!(nr::READLINKAT, dirfd.raw(), path, to, size.raw())
    };
    match ask(path) {
        Err(Errno::ENOENT) => ask(&instead(t, at).ok_or(Errno::ENOENT)?),
        result => result,
    }
}

/// The text of a link that the host would show otherwise.
#[inline(never)]
fn emulated(
    t: &Task,
    fs: &dyn FileSystem,
    at: At<'_>,
    buf: UserPtr<u8>,
    size: usize,
) -> SysResult<Option<usize>> {
    let mut text = [0; PATH_MAX];
    let into = text.get_mut(..size.min(PATH_MAX)).unwrap_or_default();
    let Some(length) = fs.readlink(t, at, into)? else {
        return Ok(None);
    };
    let text = text.get(..length).ok_or(Errno::EINVAL)?;
    user::write_bytes(buf.address(), text)?;
    Ok(Some(length))
}

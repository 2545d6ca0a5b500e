//! The host's procfs, by which the brand learns about processes and reaches its own memory.

use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;

use crate::bare::{Handle, warden};

/// Opens a file below `dirfd`. In a zone without namespaces Landlock keeps all of procfs closed, since
/// it cannot tell the zone's processes from others. There the warden opens it.
///
/// # Errors
/// Those of open(2).
pub fn open(dirfd: i32, path: &CStr, flags: OpenFlags) -> SysResult<i32> {
    match open_at(dirfd, path, flags) {
        Err(Errno::EACCES) if warden::is_there() => {
            let how = OpenFlags::PATH | OpenFlags::CLOEXEC | flags & OpenFlags::NOFOLLOW;
            let file = open_at(dirfd, path, how)?;
            warden::open(flags, Handle::owned(file).raw())
        }
        opened => opened,
    }
}

fn open_at(dirfd: i32, path: &CStr, flags: OpenFlags) -> SysResult<i32> {
    let path = path.as_ptr().expose_provenance();
    host_call!(nr::OPENAT, int(dirfd), path, flags.raw(), 0).map(as_int)
}

//! What files hold, and their extended attributes, from one to another.

use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::{Errno, SysResult, nr};
use host::host_call;

use super::settle::set_attribute;
use crate::bare::{Handle, host_path};

/// How much is copied at a time where the host does not copy by itself, in bytes.
const AT_A_TIME: usize = 64 << 10;

/// Copies the extended attributes that `keeps` wants.
pub(super) fn attributes(from: &Handle, to: &Handle, keeps: fn(&[u8]) -> bool) -> SysResult<()> {
    let (from, copy) = (host_path(from.raw()), to);
    let names = match grown(|at, size| host_call!(nr::LISTXATTR, from.register(), at, size)) {
        Ok(names) => names,
        Err(Errno::EOPNOTSUPP) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    for name in names.split_inclusive(|byte| *byte == 0) {
        let bare = name.strip_suffix(b"\0").unwrap_or(name);
        if bare.is_empty() || !keeps(bare) {
            continue;
        }
        let at_name = name.as_ptr().expose_provenance();
        let get = |at, size| host_call!(nr::GETXATTR, from.register(), at_name, at, size);
        let Ok(value) = grown(get) else {
            continue;
        };
        let text = CStr::from_bytes_until_nul(name).unwrap_or_default();
        match set_attribute(copy, text, &value) {
            // Labels and the like are the host's to give; a file system may lack the rest.
            Ok(_) | Err(Errno::EOPNOTSUPP | Errno::EPERM | Errno::EACCES) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Copies what one file holds to another, empty one.
pub(super) fn content(from: &Handle, to: &Handle, size: usize) -> SysResult<()> {
    const SEEK_DATA: usize = 3;
    const SEEK_HOLE: usize = 4;
    let mut at = 0;
    while at < size {
        let (start, end) = match host_call!(nr::LSEEK, from.register(), at, SEEK_DATA) {
            Ok(start) => {
                let end = host_call!(nr::LSEEK, from.register(), start, SEEK_HOLE)?;
                (start, end)
            }
            Err(Errno::ENXIO) => break,
            // No file system that knows of holes.
            Err(_) => (at, size),
        };
        copy_range(from, to, start, end)?;
        at = end.max(at + 1);
    }
    host_call!(nr::FTRUNCATE, to.register(), size).map(drop)
}

fn copy_range(from: &Handle, to: &Handle, start: usize, end: usize) -> SysResult<()> {
    let (mut input, mut output) = (start, start);
    while input < end {
        let (one, other) = (
            (&raw mut input).expose_provenance(),
            (&raw mut output).expose_provenance(),
        );
        let length = end - input;
        match host_call!(
            nr::COPY_FILE_RANGE,
            from.register(),
            one,
            to.register(),
            other,
            length,
            0
        ) {
            Ok(0) => return Ok(()),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::EXDEV | Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => {
                return by_buffer(from, to, input, end);
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn by_buffer(from: &Handle, to: &Handle, mut at: usize, end: usize) -> SysResult<()> {
    let mut room = vec![0u8; AT_A_TIME];
    let bytes = room.as_mut_ptr().expose_provenance();
    while at < end {
        let wanted = AT_A_TIME.min(end - at);
        let mut length = match host_call!(nr::PREAD64, from.register(), bytes, wanted, at) {
            Ok(0) => return Ok(()),
            Err(Errno::EINTR) => continue,
            read => read?,
        };
        let mut rest = bytes;
        while length > 0 {
            match host_call!(nr::PWRITE64, to.register(), rest, length, at) {
                Ok(written) => {
                    (rest, at, length) = (rest + written, at + written, length - written);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(())
}

/// What `ask` writes to an address with so much room, whose length it says.
fn grown(ask: impl Fn(usize, usize) -> SysResult) -> SysResult<Vec<u8>> {
    loop {
        let length = ask(0, 0)?;
        let mut room = vec![0; length];
        match ask(room.as_mut_ptr().expose_provenance(), room.len()) {
            // It became longer.
            Err(Errno::ERANGE) => {}
            Ok(length) => {
                room.truncate(length);
                return Ok(room);
            }
            Err(errno) => return Err(errno),
        }
    }
}

//! The brand's side: it asks, and waits for the answer.

use core::sync::atomic::{AtomicBool, Ordering};

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;

use super::Request;
use crate::exchange::exchange;
use crate::handle::Handle;
use crate::vfs::AT_FDCWD;

/// Asks for something that is about these descriptors, as many as the request wants.
///
/// # Errors
/// Those of the call that is asked for.
pub fn ask(request: Request<'_>, about: &[i32]) -> SysResult {
    exchange(&request.encode()?, about).map(|(value, _)| value)
}

/// Asks for something that is about one file.
///
/// # Errors
/// Those of the call that is asked for.
pub fn ask_about(request: Request<'_>, file: i32) -> SysResult {
    ask(request, &[descriptor(file)?.raw()])
}

/// Whether this process is in a zone that has a warden.
static THERE: AtomicBool = AtomicBool::new(false);

/// Whether this process is in a zone that has a warden.
#[must_use]
pub fn is_there() -> bool {
    THERE.load(Ordering::Relaxed)
}

/// There is one from now on.
pub(in crate::bare) fn appear() {
    THERE.store(true, Ordering::Relaxed);
}

/// Asks for a file of /proc or a terminal to be opened; the new descriptor.
///
/// # Errors
/// Those of open(2).
pub fn open(flags: OpenFlags, file: i32) -> SysResult<i32> {
    let request = Request::Open(flags.bits()).encode()?;
    let (terminal, opened) = exchange(&request, &[file])?;
    let opened = opened.ok_or(Errno::EPROTO)?.release();
    if terminal != 0 && !flags.contains(OpenFlags::NOCTTY) {
        const TIOCSCTTY: usize = 0x540e;
        // As `tty_open` of the kernel: for the leader of a session that has none, if none has it.
        let _ = host_call!(nr::IOCTL, int(opened), TIOCSCTTY, 0);
    }
    if !flags.contains(OpenFlags::CLOEXEC) {
        const F_SETFD: usize = 2;
        host_call!(nr::FCNTL, int(opened), F_SETFD, 0)?;
    }
    Ok(opened)
}

/// A descriptor (`O_PATH`) of one of the zone's terminals, or of what makes them.
///
/// # Errors
/// `ENOENT` where there is none of this number.
pub fn terminal(number: u32) -> SysResult<Handle> {
    let (_, found) = exchange(&Request::Terminal(number).encode()?, &[])?;
    found.ok_or(Errno::EPROTO)
}

/// A descriptor that a request can be about: the working directory has none.
///
/// # Errors
/// Those of open(2).
pub fn descriptor(dirfd: i32) -> SysResult<Handle> {
    const O_PATH_CLOEXEC: usize = 0o12_000_000;
    if dirfd != AT_FDCWD {
        return Ok(Handle::borrowed(dirfd));
    }
    let here = c".".as_ptr().expose_provenance();
    let fd = host_call!(nr::OPENAT, int(AT_FDCWD), here, O_PATH_CLOEXEC, 0)?;
    Ok(Handle::owned(as_int(fd)))
}

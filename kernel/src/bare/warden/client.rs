//! The brand's side: it asks, and waits for the answer.

use core::sync::atomic::{AtomicBool, Ordering};

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, forward, int};
use host::{host_call, intercept};

use super::{ANSWER, Request, answered};
use crate::bare::Handle;
use crate::vfs::AT_FDCWD;

/// Asks for something that is about these descriptors, as many as the request wants.
///
/// # Errors
/// Those of the call that is asked for.
pub fn ask(request: Request<'_>, about: &[i32]) -> SysResult {
    exchange(request, about).map(|(value, _)| value)
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

/// Asks for a file of /proc to be opened; the new descriptor.
///
/// # Errors
/// Those of open(2).
pub fn open(flags: OpenFlags, file: i32) -> SysResult<i32> {
    let (_, opened) = exchange(Request::Open(flags.bits()), &[file])?;
    let opened = opened.ok_or(Errno::EPROTO)?;
    if !flags.contains(OpenFlags::CLOEXEC) {
        const F_SETFD: usize = 2;
        host_call!(nr::FCNTL, int(opened), F_SETFD, 0)?;
    }
    Ok(opened)
}

/// A message with descriptors (`SCM_RIGHTS`), as sendmsg(2) and recvmsg(2) want it.
#[repr(C)]
struct Control {
    length: usize,
    level: u32,
    kind: u32,
    fds: [i32; 4],
}

const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
/// The length of [`Control`] before its descriptors, in bytes.
const CONTROL: usize = 16;

fn exchange(request: Request<'_>, about: &[i32]) -> SysResult<(usize, Option<i32>)> {
    const AF_UNIX: usize = 1;
    const SOCK_SEQPACKET_CLOEXEC: usize = 5 | 0o2_000_000;
    let message = request.encode()?;
    let mut ends = [0i32; 2];
    let at = ends.as_mut_ptr().expose_provenance();
    host_call!(nr::SOCKETPAIR, AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0, at)?;
    let [own, theirs] = ends.map(Handle::owned);
    let mut control = Control {
        length: CONTROL,
        level: SOL_SOCKET,
        kind: SCM_RIGHTS,
        fds: [0; 4],
    };
    for (to, fd) in control
        .fds
        .iter_mut()
        .zip([&theirs.raw()].into_iter().chain(about))
    {
        *to = *fd;
        control.length += size_of::<i32>();
    }
    send(&message, &control)?;
    drop(theirs);
    receive(own.raw())
}

fn send(message: &[u8], control: &Control) -> SysResult<()> {
    const MSG_NOSIGNAL: usize = 0x4000;
    let part = [message.as_ptr().expose_provenance(), message.len()];
    let header = [
        0,
        0,
        part.as_ptr().expose_provenance(),
        1,
        core::ptr::from_ref(control).expose_provenance(),
        control.length,
        0,
    ];
    let to = int(intercept::zsched_fd());
    let header = header.as_ptr().expose_provenance();
    match host_call!(nr::SENDMSG, to, header, MSG_NOSIGNAL) {
        // Nobody is there to allow it.
        Err(Errno::EPIPE | Errno::ECONNREFUSED | Errno::ECONNRESET) => Err(Errno::EPERM),
        result => result.map(drop),
    }
}

/// The answer, and a descriptor that comes with it.
fn receive(from: i32) -> SysResult<(usize, Option<i32>)> {
    const MSG_CMSG_CLOEXEC: usize = 0x4000_0000;
    let mut bytes = [0u8; ANSWER];
    let part = [bytes.as_mut_ptr().expose_provenance(), bytes.len()];
    let mut control = Control {
        length: 0,
        level: 0,
        kind: 0,
        fds: [-1; 4],
    };
    let header = [
        0,
        0,
        part.as_ptr().expose_provenance(),
        1,
        core::ptr::from_mut(&mut control).expose_provenance(),
        CONTROL + size_of::<i32>(),
        0,
    ];
    let args = [
        int(from),
        header.as_ptr().expose_provenance(),
        MSG_CMSG_CLOEXEC,
        0,
        0,
        0,
    ];
    let length = loop {
        match forward(nr::RECVMSG, &args) {
            Err(Errno::EINTR) => {}
            result => break result?,
        }
    };
    let came =
        (control.level, control.kind) == (SOL_SOCKET, SCM_RIGHTS) && control.length > CONTROL;
    let fd = Some(control.fds[0]).filter(|_| came);
    if length == 0 {
        // The warden has gone.
        return Err(Errno::EPERM);
    }
    match answered(bytes.get(..length).unwrap_or_default()) {
        Ok(value) => Ok((value, fd)),
        Err(errno) => {
            if let Some(fd) = fd {
                let _ = host_call!(nr::CLOSE, int(fd));
            }
            Err(errno)
        }
    }
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

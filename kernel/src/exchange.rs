//! Asks whoever answers for the zone outside, zsched's service or the warden ([`crate::message`]).

use abi::{Errno, SysResult, nr};
use host::call::{forward_blocking, int};
use host::{host_call, intercept};

use crate::handle::Handle;
use crate::message::{ANSWER, answered};

/// The most descriptors that a request is about.
pub const MOST_ABOUT: usize = 3;

const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
const MSG_NOSIGNAL: usize = 0x4000;
/// The length of [`Control`] before its descriptors, in bytes.
const CONTROL: usize = 16;

/// Descriptors beside a message (`SCM_RIGHTS`), as sendmsg(2) and recvmsg(2) want them.
#[repr(C)]
struct Control {
    length: usize,
    level: u32,
    kind: u32,
    fds: [i32; MOST_ABOUT + 1],
}

/// Sends a request about these descriptors, and waits for the answer: what was returned, and the
/// descriptor that came with it.
///
/// # Errors
/// What the answer says; `EIO` where nobody answers; `EINVAL` for too many descriptors; those of
/// socketpair(2) and sendmsg(2).
pub fn exchange(message: &[u8], about: &[i32]) -> SysResult<(usize, Option<Handle>)> {
    let answer = begin(message, about).and_then(|own| receive(&own, &mut []))?;
    Ok((answer.value, answer.opened))
}

/// Sends a request whose answer may come late, and waits for it until a signal comes or the time,
/// in seconds and nanoseconds, is over. What was returned, and how much `data` came with it.
///
/// # Errors
/// As [`exchange`]; `EINTR` and `EAGAIN` for what was given up.
pub fn exchange_late(
    message: &[u8],
    data: &mut [u8],
    time: Option<[i64; 2]>,
) -> SysResult<(usize, usize)> {
    let own = begin(message, &[])?;
    let waited = wait(&own, time);
    if waited != Ok(1) {
        // Whoever answers knows whether it is too late for that.
        let byte = [0u8];
        let at = byte.as_ptr().expose_provenance();
        let _ = host_call!(nr::SENDTO, own.register(), at, 1, MSG_NOSIGNAL, 0, 0);
    }
    match receive(&own, data) {
        Err(Errno::EINTR) if waited == Ok(0) => Err(Errno::EAGAIN),
        answer => answer.map(|answer| (answer.value, answer.length)),
    }
}

/// Waits for an answer: 0 when the time is over first.
fn wait(own: &Handle, time: Option<[i64; 2]>) -> SysResult {
    const POLLIN: i32 = 1;
    /// The length of a set of signals, in bytes.
    const SET: usize = 8;
    // `struct pollfd`.
    let mut wanted = [own.raw(), POLLIN];
    let wanted = wanted.as_mut_ptr().expose_provenance();
    let mut time = time;
    let time = time.as_mut();
    let time = time.map_or(0, |time| time.as_mut_ptr().expose_provenance());
    forward_blocking(nr::PPOLL, &[wanted, 1, time, 0, SET, 0])
}

/// Sends a request; where its answer comes.
fn begin(message: &[u8], about: &[i32]) -> SysResult<Handle> {
    if about.len() > MOST_ABOUT {
        return Err(Errno::EINVAL);
    }
    let (own, theirs) = ends()?;
    let mut control = Control {
        length: CONTROL,
        level: SOL_SOCKET,
        kind: SCM_RIGHTS,
        fds: [0; MOST_ABOUT + 1],
    };
    let fds = [theirs.raw()].into_iter().chain(about.iter().copied());
    for (to, fd) in control.fds.iter_mut().zip(fds) {
        *to = fd;
        control.length += size_of::<i32>();
    }
    // Whoever holds `theirs` last closes it: then nobody will answer.
    send(message, &control).map(|()| own)
}

/// Both ends of a socket with message boundaries.
fn ends() -> SysResult<(Handle, Handle)> {
    const AF_UNIX: usize = 1;
    /// `SOCK_SEQPACKET | SOCK_CLOEXEC`.
    const PACKETS: usize = 5 | 0o2_000_000;
    let mut ends = [0i32; 2];
    let at = ends.as_mut_ptr().expose_provenance();
    host_call!(nr::SOCKETPAIR, AF_UNIX, PACKETS, 0, at)?;
    let [own, theirs] = ends.map(Handle::owned);
    Ok((own, theirs))
}

/// A part of a message (`struct iovec`).
fn part(bytes: &[u8]) -> [usize; 2] {
    [bytes.as_ptr().expose_provenance(), bytes.len()]
}

/// `struct msghdr`: no name, no flags.
fn header(parts: &[[usize; 2]], control: usize, length: usize) -> [usize; 7] {
    let at = parts.as_ptr().expose_provenance();
    [0, 0, at, parts.len(), control, length, 0]
}

fn send(message: &[u8], control: &Control) -> SysResult<()> {
    let at = core::ptr::from_ref(control).expose_provenance();
    let parts = [part(message)];
    let header = header(&parts, at, control.length);
    let (to, at) = (intercept::zsched_fd(), header.as_ptr().expose_provenance());
    loop {
        match host_call!(nr::SENDMSG, int(to), at, MSG_NOSIGNAL) {
            Err(Errno::EINTR) => {}
            Err(Errno::EPIPE | Errno::ECONNREFUSED | Errno::ECONNRESET | Errno::ENOTSOCK) => {
                return Err(Errno::EIO);
            }
            sent => return sent.map(drop),
        }
    }
}

struct Answer {
    value: usize,
    opened: Option<Handle>,
    /// Of the data.
    length: usize,
}

fn receive(from: &Handle, data: &mut [u8]) -> SysResult<Answer> {
    const MSG_CMSG_CLOEXEC: usize = 0x4000_0000;
    let mut bytes = [0u8; ANSWER];
    let parts = [&mut bytes[..], data];
    let parts = parts.map(|part| [part.as_mut_ptr().expose_provenance(), part.len()]);
    let mut control = Control {
        length: 0,
        level: 0,
        kind: 0,
        fds: [-1; MOST_ABOUT + 1],
    };
    let at = core::ptr::from_mut(&mut control).expose_provenance();
    let mut header = header(&parts, at, CONTROL + size_of::<i32>());
    let at = header.as_mut_ptr().expose_provenance();
    let length = loop {
        match host_call!(nr::RECVMSG, from.register(), at, MSG_CMSG_CLOEXEC) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECONNRESET) | Ok(0) => return Err(Errno::EIO),
            length => break length?,
        }
    };
    let came = (control.level, control.kind, control.length)
        == (SOL_SOCKET, SCM_RIGHTS, CONTROL + size_of::<i32>());
    let opened = came.then(|| Handle::owned(control.fds[0]));
    let value = answered(bytes.get(..length.min(ANSWER)).unwrap_or_default())?;
    Ok(Answer {
        value,
        opened,
        length: length.saturating_sub(ANSWER),
    })
}

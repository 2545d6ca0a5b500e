//! Asks whoever answers for the zone outside, zsched's service or the warden ([`crate::message`]).

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::{host_call, intercept};

use crate::handle::Handle;
use crate::message::{ANSWER, answered};

/// The most descriptors that a request is about.
pub const MOST_ABOUT: usize = 3;

const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
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
    send(message, &control)?;
    // Whoever holds it last closes it: then nobody will answer.
    drop(theirs);
    receive(&own)
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

/// `struct msghdr` with one part: no name, no flags.
fn header(part: &[usize; 2], control: usize, length: usize) -> [usize; 7] {
    [
        0,
        0,
        part.as_ptr().expose_provenance(),
        1,
        control,
        length,
        0,
    ]
}

fn send(message: &[u8], control: &Control) -> SysResult<()> {
    const MSG_NOSIGNAL: usize = 0x4000;
    let part = [message.as_ptr().expose_provenance(), message.len()];
    let at = core::ptr::from_ref(control).expose_provenance();
    let header = header(&part, at, control.length);
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

fn receive(from: &Handle) -> SysResult<(usize, Option<Handle>)> {
    const MSG_CMSG_CLOEXEC: usize = 0x4000_0000;
    let mut bytes = [0u8; ANSWER];
    let part = [bytes.as_mut_ptr().expose_provenance(), ANSWER];
    let mut control = Control {
        length: 0,
        level: 0,
        kind: 0,
        fds: [-1; MOST_ABOUT + 1],
    };
    let at = core::ptr::from_mut(&mut control).expose_provenance();
    let mut header = header(&part, at, CONTROL + size_of::<i32>());
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
    let value = answered(bytes.get(..length).unwrap_or_default())?;
    Ok((value, opened))
}

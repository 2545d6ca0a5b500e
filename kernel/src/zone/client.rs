//! Asks zsched ([`super::protocol`]).

use abi::{Errno, SysResult, nr};
use alloc::boxed::Box;
use host::call::int;
use host::{host_call, intercept};

use super::protocol::{ANSWER, LONGEST_REQUEST, Request, answered};

const AF_UNIX: usize = 1;
/// `SOCK_SEQPACKET | SOCK_CLOEXEC`.
const PACKETS: usize = 5 | 0o2_000_000;
const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
/// `MSG_NOSIGNAL`.
const NO_SIGNAL: usize = 0x4000;
/// The length of a control message with one descriptor (`CMSG_LEN`), in bytes.
const CONTROL: usize = 20;

/// A descriptor that is closed when it is no longer needed.
struct End(i32);

impl Drop for End {
    fn drop(&mut self) {
        let _ = host_call!(nr::CLOSE, int(self.0));
    }
}

/// Asks, and waits for the answer: how much was done, in bytes.
///
/// # Errors
/// What zsched says; `EIO` where it does not answer; those of socketpair(2).
pub fn ask(request: &Request<'_>) -> SysResult {
    let mut message = Box::new([0; LONGEST_REQUEST]);
    let length = request.encode(&mut message)?;
    let message = message.get(..length).ok_or(Errno::EINVAL)?;
    let (mine, zscheds) = ends()?;
    send(message, &zscheds)?;
    // Whoever holds it last closes it: then nobody will answer.
    drop(zscheds);
    receive(&mine)
}

/// Both ends of a socket with message boundaries.
fn ends() -> SysResult<(End, End)> {
    let mut fds = [0i32; 2];
    let to = fds.as_mut_ptr().expose_provenance();
    host_call!(nr::SOCKETPAIR, AF_UNIX, PACKETS, 0, to)?;
    let [mine, zscheds] = fds.map(End);
    Ok((mine, zscheds))
}

/// Sends the message with a copy of the descriptor where the answer is to go.
fn send(message: &[u8], reply: &End) -> SysResult<()> {
    // `struct cmsghdr`: the length (two words of 32 bits), level, kind; then the descriptor.
    let control: [u32; 6] = [
        u32::try_from(CONTROL).unwrap_or(0),
        0,
        SOL_SOCKET,
        SCM_RIGHTS,
        reply.0.cast_unsigned(),
        0,
    ];
    let part = [message.as_ptr().expose_provenance(), message.len()];
    // `struct msghdr`: no name; the parts; the control messages; no flags.
    let header: [usize; 7] = [
        0,
        0,
        part.as_ptr().expose_provenance(),
        1,
        control.as_ptr().expose_provenance(),
        CONTROL,
        0,
    ];
    let at = header.as_ptr().expose_provenance();
    loop {
        match host_call!(nr::SENDMSG, int(intercept::zsched_fd()), at, NO_SIGNAL) {
            Err(Errno::EINTR) => {}
            Err(Errno::EPIPE | Errno::ECONNREFUSED | Errno::ENOTSOCK) => return Err(Errno::EIO),
            result => return result.map(drop),
        }
    }
}

fn receive(from: &End) -> SysResult {
    let mut answer = [0u8; ANSWER];
    let to = answer.as_mut_ptr().expose_provenance();
    loop {
        match host_call!(nr::RECVFROM, int(from.0), to, ANSWER, 0, 0, 0) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECONNRESET) | Ok(0) => return Err(Errno::EIO),
            length => return answered(answer.get(..length?).unwrap_or_default()),
        }
    }
}

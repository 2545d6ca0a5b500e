//! Starts the loopback device of a new network namespace (rtnetlink(7)).

use std::io;
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

/// `RTM_NEWLINK`.
const NEW_LINK: u16 = 16;
/// `NLM_F_REQUEST | NLM_F_ACK`.
const REQUEST_AND_ANSWER: u16 = 1 | 4;
/// `NLMSG_ERROR`, the type of an answer.
const ANSWER: u16 = 2;
/// `IFF_UP`.
const UP: u32 = 1;
/// The loopback device is the first of every namespace.
const LOOPBACK: u32 = 1;
/// Sizes of `struct nlmsghdr` and `struct ifinfomsg`.
const HEADER: usize = 16;
const BODY: usize = 16;

/// Sets the device up; the kernel then gives it 127.0.0.1 and ::1.
pub(super) fn up() -> io::Result<()> {
    let fd = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let kernel = NetlinkAddr::new(0, 0);
    sendto(fd.as_raw_fd(), &request(), &kernel, MsgFlags::empty())?;
    let mut bytes = [0; 256];
    let length = recv(fd.as_raw_fd(), &mut bytes, MsgFlags::empty())?;
    answer(&bytes[..length])
}

fn request() -> [u8; HEADER + BODY] {
    let mut message = [0; HEADER + BODY];
    let mut put = |at: usize, bytes: &[u8]| message[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &32u32.to_ne_bytes());
    put(4, &NEW_LINK.to_ne_bytes());
    put(6, &REQUEST_AND_ANSWER.to_ne_bytes());
    put(HEADER + 4, &LOOPBACK.to_ne_bytes());
    put(HEADER + 8, &UP.to_ne_bytes());
    put(HEADER + 12, &UP.to_ne_bytes());
    message
}

fn answer(message: &[u8]) -> io::Result<()> {
    let kind = message.get(4..6).and_then(|bytes| bytes.first_chunk());
    let error = message.get(HEADER..).and_then(|bytes| bytes.first_chunk());
    match (
        kind.copied().map(u16::from_ne_bytes),
        error.copied().map(i32::from_ne_bytes),
    ) {
        (Some(ANSWER), Some(0)) => Ok(()),
        (Some(ANSWER), Some(error)) => Err(io::Error::from_raw_os_error(error.wrapping_neg())),
        _ => Err(io::Error::other("an answer of an unknown form")),
    }
}

#[cfg(test)]
mod tests {
    use super::{answer, request};

    #[test]
    fn messages_have_the_kernels_form() {
        assert_eq!(request()[..8], [32, 0, 0, 0, 16, 0, 5, 0]);
        let mut message = [0u8; 20];
        message[4] = 2;
        assert!(answer(&message).is_ok());
        message[16..].copy_from_slice(&(-1i32).to_ne_bytes());
        assert_eq!(answer(&message).expect_err("EPERM").raw_os_error(), Some(1));
        assert!(answer(&message[..10]).is_err());
    }
}

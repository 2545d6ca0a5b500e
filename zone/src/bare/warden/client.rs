//! Asks a zone's warden, from outside of the zone.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use kernel::bare::warden::Request;
use kernel::message::{ANSWER, answered};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use super::terminals::DEVICE;

/// Has a terminal made for a program that enters the zone: its master.
pub(crate) fn terminal(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let multiplexer = openat(CWD, DEVICE, flags, Mode::empty())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK;
    ask(socket, Request::Open(flags.bits()), multiplexer.as_fd())
}

/// Asks for a descriptor.
fn ask(socket: BorrowedFd<'_>, request: Request<'_>, about: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let errno = |errno: abi::Errno| io::Error::from_raw_os_error(errno.number().into());
    let message = request.encode().map_err(errno)?;
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let (own, theirs) = socketpair(family, kind, SocketFlags::CLOEXEC, None)?;
    let fds = [theirs.as_fd(), about];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&fds));
    let parts = [IoSlice::new(&message)];
    sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL)?;
    // Whoever holds it last closes it: then nobody will answer.
    drop(theirs);
    let mut bytes = [0; ANSWER];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let received = recvmsg(&own, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    answered(bytes.get(..received.bytes).unwrap_or_default()).map_err(errno)?;
    let opened = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    opened.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

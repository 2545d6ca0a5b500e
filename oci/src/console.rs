//! Hands the other side of a container's terminal to the engine.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, connect, sendmsg, socket_with,
};

use crate::error::{Context, Result};

/// Sends `master` to who listens at `path`. With it goes a name.
pub(crate) fn send(path: &Path, master: &OwnedFd) -> Result<()> {
    let sent = || -> std::io::Result<()> {
        let socket = socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        let flags = fcntl_getfl(master)?;
        fcntl_setfl(master, flags - OFlags::NONBLOCK)?;
        let fds = [master.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&fds));
        let name = [IoSlice::new(b"/dev/ptmx")];
        sendmsg(&socket, &name, &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    };
    sent().about(path.display())
}

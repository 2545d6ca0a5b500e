//! The warden of a bare zone: a process outside, of the same user, that does for the zone's
//! processes what their filter refuses because Landlock cannot judge it (`kernel::bare::warden`).
//! It judges, and trusts nothing that it is sent.

mod judge;
mod perform;

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use abi::{Errno, SysResult};
use host_std::process::{Cloned, clone};
use kernel::bare::warden::{LONGEST_REQUEST, Request, answer};
use nix::sched::CloneFlags;
use nix::sys::prctl::{set_dumpable, set_name};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getppid};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg, sockopt,
};
use rustix::process::set_parent_process_death_signal;

use crate::guard::let_go;
use perform::Done;

pub(crate) use judge::{Extent, Tree};

/// A running warden, which is ended when dropped.
#[derive(Debug)]
pub(super) struct Warden(Pid);

impl Warden {
    /// Starts one for a zone of this process, which asks over `socket`.
    pub(super) fn start(socket: &OwnedFd, extent: Extent) -> io::Result<Self> {
        // So every message has a sender, and only the end has none.
        sockopt::set_socket_passcred(socket, true)?;
        let zsched = Pid::this();
        match clone(CloneFlags::empty(), None)? {
            Cloned::Parent { pid, .. } => Ok(Self(pid)),
            Cloned::Child => {
                let _ = settle(socket, zsched).and_then(|()| serve(socket, &extent));
                std::process::exit(0)
            }
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
        let _ = waitpid(self.0, None);
    }
}

/// Keeps nothing but the socket, and ends with zsched.
fn settle(socket: &OwnedFd, zsched: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if getppid() != zsched {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    set_name(c"lx-warden")?;
    let_go(&[socket.as_raw_fd()])?;
    Ok(set_dumpable(false)?)
}

/// Answers until nobody can ask.
fn serve(socket: &OwnedFd, zone: &Extent) -> io::Result<()> {
    while let Some((message, mut fds)) = receive(socket)? {
        if fds.is_empty() {
            continue;
        }
        let about = fds.split_off(1);
        let result = Request::decode(&message).and_then(|request| {
            match request.descriptors() == about.len() {
                true => perform::perform(zone, &request, &about),
                false => Err(Errno::EINVAL),
            }
        });
        // A file that is open for writing here could not be executed.
        drop(about);
        if let [reply] = &fds[..] {
            say(reply.as_fd(), result);
        }
    }
    Ok(())
}

/// Sends an answer. Whoever cannot take it does without.
fn say(reply: BorrowedFd<'_>, result: SysResult<Done>) {
    let (result, opened) = match result {
        Ok(Done { value, opened }) => (Ok(value), opened),
        Err(errno) => (Err(errno), None),
    };
    let fds: Vec<BorrowedFd<'_>> = opened.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if fds.is_empty() || control.push(SendAncillaryMessage::ScmRights(&fds)) {
        let bytes = answer(result);
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let _ = sendmsg(reply, &[IoSlice::new(&bytes)], &mut control, flags);
    }
}

/// The next message, with its descriptors; `None` when there will be no more.
fn receive(socket: &OwnedFd) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    // One byte more shows that a message is too long.
    let mut bytes = vec![0; LONGEST_REQUEST + 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3), ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let received = match recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
        Err(rustix::io::Errno::INTR) => return Ok(Some((Vec::new(), Vec::new()))),
        Err(rustix::io::Errno::CONNRESET) => return Ok(None),
        received => received?,
    };
    let (mut fds, mut sender) = (Vec::new(), false);
    for message in control.drain() {
        match message {
            RecvAncillaryMessage::ScmRights(more) => fds.extend(more),
            RecvAncillaryMessage::ScmCredentials(_) => sender = true,
            _ => {}
        }
    }
    if received.bytes == 0 && !sender {
        return Ok(None);
    }
    bytes.truncate(received.bytes);
    Ok(Some((bytes, fds)))
}

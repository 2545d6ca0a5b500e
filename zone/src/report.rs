//! How processes of lx hand things to each other: one that will be a guest to the one that
//! supervises it, and zsched to those that enter its zone. No guest ever holds such a channel.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno as Interrupted;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The longest message, in bytes.
const LONGEST: usize = 16 << 10;

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Said {
    /// The descriptors that come with it are a procfs of the zone and the directory of its contracts.
    Processes,
    /// The descriptors that come with it are what zsched makes copies of the brand's image with
    /// (`crate::service::Shelf`).
    Copies,
    /// The guest has the descriptor that comes with it instead of zsched's standard descriptor of that
    /// number.
    Reopened(u8),
    /// The descriptor that comes with it is the other side of the guest's terminal.
    Terminal,
    /// The program can begin.
    Ready,
    /// This process has joined the zone, and will be the guest; with it comes its descriptor.
    Joined(i32),
    /// Something could not be done: what, and why.
    Refused(String, String),
    /// What a process needs that enters the zone: its processes' procfs, its facts, its socket,
    /// its first process, and the brand's image; then the directory of its contracts, or without
    /// namespaces the zone's mounts.
    Keys,
}

/// The most descriptors that come with a message.
const MOST: usize = 6 + kernel::bare::MOST;

/// The child's end. It is closed when the guest begins.
#[derive(Debug)]
pub(crate) struct Reporter(OwnedFd);

/// zsched's end.
#[derive(Debug)]
pub(crate) struct Reports(OwnedFd);

/// The two ends.
pub(crate) fn channel() -> io::Result<(Reporter, Reports)> {
    let (one, other) = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    Ok((Reporter(one), Reports(other)))
}

impl Reporter {
    /// Another one for the same channel.
    pub(crate) fn copy(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Says what went wrong, if something did. Nobody may be there to hear it.
    pub(crate) fn complain<T>(&self, result: &Result<T, Error>) {
        if let Err(error) = result {
            let refused = Said::Refused(error.subject.clone(), error.reason());
            let _ = self.send(&refused, &[]);
        }
    }

    /// Sends a message, and descriptors with it.
    pub(crate) fn send(&self, said: &Said, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let bytes = serde_json::to_vec(said)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let parts = [IoSlice::new(&bytes)];
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        sendmsg(&self.0, &parts, &mut control, flags)?;
        Ok(())
    }
}

impl From<OwnedFd> for Reporter {
    fn from(socket: OwnedFd) -> Self {
        Self(socket)
    }
}

impl From<OwnedFd> for Reports {
    fn from(socket: OwnedFd) -> Self {
        Self(socket)
    }
}

impl Reports {
    /// The next message, if one is there; `None` too when there will be no more.
    pub(crate) fn next(&self) -> io::Result<Option<(Said, Vec<OwnedFd>)>> {
        let mut bytes = vec![0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let length = match recvmsg(&self.0, &mut parts, &mut control, flags) {
            Ok(answer) => answer.bytes,
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNRESET) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        if length == 0 {
            return Ok(None);
        }
        let mut fds = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(more) = message {
                fds.extend(more);
            }
        }
        Ok(Some((serde_json::from_slice(&bytes[..length])?, fds)))
    }

    /// The next message, waited for.
    pub(crate) fn wait(&self) -> io::Result<Option<(Said, Vec<OwnedFd>)>> {
        let mut ready = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        while let Err(Interrupted::EINTR) = poll(&mut ready, PollTimeout::NONE) {}
        self.next()
    }
}

impl AsFd for Reports {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::{Said, channel};
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::AsFd;

    #[test]
    fn messages_come_with_their_descriptors() {
        let (reporter, reports) = channel().expect("it is made");
        assert!(reports.next().expect("nothing yet").is_none());
        let zero = File::open("/dev/zero").expect("it opens");
        let refused = Said::Refused("a".to_owned(), "b".to_owned());
        reporter
            .send(&Said::Processes, &[zero.as_fd()])
            .expect("it is sent");
        reporter.send(&refused, &[]).expect("it is sent");
        let (said, mut fds) = reports.wait().expect("it comes").expect("a message");
        assert_eq!(said, Said::Processes);
        let mut byte = [1];
        let mut file = File::from(fds.pop().expect("a descriptor"));
        file.read_exact(&mut byte).expect("it reads");
        assert_eq!(byte, [0]);
        let (said, fds) = reports.next().expect("it comes").expect("a message");
        assert!(said == refused && fds.is_empty());
        drop(reporter);
        assert!(reports.wait().expect("the end").is_none());
    }
}

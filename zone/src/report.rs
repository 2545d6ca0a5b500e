//! How the zone's first process, while it is still `lx`, hands things to zsched. The guest never
//! holds this channel.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::{Deserialize, Serialize};

/// The longest message, in bytes.
const LONGEST: usize = 16 << 10;

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Said {
    /// The descriptor that comes with it is a procfs of the zone.
    Processes,
    /// The layers of confinement, as `confine::Report` is written.
    Confined(serde_json::Value),
}

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
    /// Sends a message, with a descriptor or without.
    pub(crate) fn send(&self, said: &Said, fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let bytes = serde_json::to_vec(said)?;
        let fds: Vec<BorrowedFd<'_>> = fd.into_iter().collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&fds)) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let parts = [IoSlice::new(&bytes)];
        sendmsg(&self.0, &parts, &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

impl Reports {
    /// The next message, if one is there; `None` too when there will be no more.
    pub(crate) fn next(&self) -> io::Result<Option<(Said, Option<OwnedFd>)>> {
        let mut bytes = vec![0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
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
        let mut fd = None;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                fd = fds.last();
            }
        }
        Ok(Some((serde_json::from_slice(&bytes[..length])?, fd)))
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
        let confined = Said::Confined(serde_json::json!([{"layer": "seccomp"}]));
        reporter
            .send(&Said::Processes, Some(zero.as_fd()))
            .expect("it is sent");
        reporter.send(&confined, None).expect("it is sent");
        let (said, fd) = reports.next().expect("it comes").expect("a message");
        assert_eq!(said, Said::Processes);
        let mut byte = [1];
        let mut file = File::from(fd.expect("a descriptor"));
        file.read_exact(&mut byte).expect("it reads");
        assert_eq!(byte, [0]);
        let (said, fd) = reports.next().expect("it comes").expect("a message");
        assert!(said == confined && fd.is_none());
        drop(reporter);
        assert!(reports.next().expect("the end").is_none());
    }
}

//! Takes what the zone's processes ask (`kernel::message`), and answers. The guests are hostile, and
//! so may be what they send.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use abi::{Errno, SysResult};
use kernel::exchange::MOST_ABOUT;
use kernel::message::answer;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Where the answer goes, and what the request is about.
const DESCRIPTORS: usize = MOST_ABOUT + 1;

/// A message from the zone.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) bytes: Vec<u8>,
    /// Whether the sender is root of this process's user namespace.
    pub(crate) by_root: bool,
    /// Where the answer goes, and what the request is about.
    fds: Vec<OwnedFd>,
}

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// What is returned.
    pub(crate) value: usize,
    /// What was opened.
    pub(crate) opened: Option<OwnedFd>,
}

/// The kernel's error, for an answer.
pub(crate) fn errno(error: &io::Error) -> Errno {
    let number = error.raw_os_error().and_then(|raw| u16::try_from(raw).ok());
    number.and_then(Errno::from_raw).unwrap_or(Errno::EIO)
}

/// Answers until nobody can ask: `perform` gets each message and the descriptors that it is about.
/// The socket must tell senders (`SO_PASSCRED`); messages have at most `longest` bytes, others come
/// with one byte more than that.
pub(crate) fn serve(
    socket: &OwnedFd,
    longest: usize,
    mut perform: impl FnMut(&Asked, &[OwnedFd]) -> SysResult<Done>,
) -> io::Result<()> {
    while let Some(mut asked) = next(socket, longest)? {
        let mut fds = std::mem::take(&mut asked.fds).into_iter();
        let Some(reply) = fds.next() else {
            continue;
        };
        let about: Vec<OwnedFd> = fds.collect();
        let result = perform(&asked, &about);
        // A file that is open for writing here could not be executed.
        drop(about);
        say(reply.as_fd(), result);
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

/// The next message; `None` when there will be no more.
fn next(socket: &OwnedFd, longest: usize) -> io::Result<Option<Asked>> {
    let mut bytes = vec![0; longest + 1];
    let mut space =
        [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS), ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let received = loop {
        match recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::CONNRESET) => return Ok(None),
            received => break received?,
        }
    };
    let (mut by_root, mut fds, mut sender) = (false, Vec::new(), false);
    for message in control.drain() {
        match message {
            RecvAncillaryMessage::ScmRights(more) => fds.extend(more),
            RecvAncillaryMessage::ScmCredentials(who) => {
                (by_root, sender) = (who.uid.is_root(), true);
            }
            _ => {}
        }
    }
    // Every message has a sender; an empty one, too, which the end is not.
    if received.bytes == 0 && !sender {
        return Ok(None);
    }
    bytes.truncate(received.bytes);
    Ok(Some(Asked {
        bytes,
        by_root,
        fds,
    }))
}

#[cfg(test)]
mod tests {
    use super::{Done, next, serve};
    use abi::Errno;
    use kernel::message::answered;
    use rustix::net::{
        AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
        SocketFlags, SocketType, recv, sendmsg, socketpair, sockopt,
    };
    use std::io::IoSlice;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::thread;

    const LONGEST: usize = 100;

    fn pair() -> (OwnedFd, OwnedFd) {
        let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        socketpair(family, kind, SocketFlags::CLOEXEC, None).expect("it is made")
    }

    /// The guests' end, and the other.
    fn socket() -> (OwnedFd, OwnedFd) {
        let (guests, theirs) = pair();
        sockopt::set_socket_passcred(&theirs, true).expect("it is set");
        (guests, theirs)
    }

    fn ask(socket: &OwnedFd, message: &[u8], fds: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(fds.is_empty() || control.push(SendAncillaryMessage::ScmRights(fds)));
        let parts = [IoSlice::new(message)];
        sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL).expect("it is sent");
    }

    #[test]
    fn messages_are_taken_as_they_come() {
        let (guests, theirs) = socket();
        let (_mine, reply) = pair();
        let come = || {
            next(&theirs, LONGEST)
                .expect("it comes")
                .expect("a message")
        };
        ask(&guests, b"", &[]);
        assert!(come().bytes.is_empty());
        ask(&guests, &[0; 5000], &[reply.as_fd()]);
        assert_eq!(come().bytes.len(), LONGEST + 1);
        ask(&guests, b"x", &[reply.as_fd(); 8]);
        let asked = come();
        assert!(asked.fds.len() > 1 && asked.by_root == rustix::process::getuid().is_root());
        drop(guests);
        assert!(next(&theirs, LONGEST).expect("the end").is_none());
    }

    #[test]
    fn everything_asked_is_answered() {
        let (guests, theirs) = socket();
        let server = thread::spawn(move || {
            serve(&theirs, LONGEST, |asked, about| match &asked.bytes[..] {
                b"hello" => Ok(Done {
                    value: about.len(),
                    opened: None,
                }),
                _ => Err(Errno::EPROTO),
            })
        });
        let (mine, reply) = pair();
        let answer = || {
            let mut answer = [0; 64];
            let (_, length) = recv(&mine, &mut answer[..], RecvFlags::empty()).expect("it comes");
            answered(&answer[..length])
        };
        ask(&guests, b"hello", &[reply.as_fd()]);
        assert_eq!(answer(), Ok(0));
        ask(&guests, b"hello", &[reply.as_fd(), guests.as_fd()]);
        assert_eq!(answer(), Ok(1));
        // What nobody waits for, or cannot be answered, keeps nobody else waiting.
        ask(&guests, b"hello", &[]);
        ask(&guests, b"hello", &[std::io::stdin().as_fd()]);
        ask(&guests, b"hello", &[guests.as_fd()]);
        ask(&guests, b"", &[reply.as_fd()]);
        assert_eq!(answer(), Err(Errno::EPROTO));
        drop(guests);
        // It holds one of the guests' ends that came with a request no longer.
        server.join().expect("it ends").expect("the end");
    }
}

use super::{Asked, Service, Work, receive, serve};
use abi::Errno;
use kernel::zone::protocol::{LONGEST_REQUEST, MAGIC, Request, answered};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recv, sendmsg, socketpair,
};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

fn pair() -> (OwnedFd, OwnedFd) {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    socketpair(family, kind, SocketFlags::CLOEXEC, None).expect("it is made")
}

fn service_end(socket: OwnedFd) -> OwnedFd {
    match Service::new(socket).expect("it is made") {
        Service::Waiting(ref socket) => socket.try_clone().expect("it is copied"),
        Service::Running(_) | Service::Nobody => panic!("it has not begun"),
    }
}

fn ask(socket: &OwnedFd, message: &[u8], fds: &[BorrowedFd<'_>]) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(fds.is_empty() || control.push(SendAncillaryMessage::ScmRights(fds)));
    let parts = [IoSlice::new(message)];
    sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL).expect("it is sent");
}

fn next(socket: &OwnedFd) -> Asked {
    receive(socket).expect("it comes").expect("a message")
}

#[test]
fn messages_are_taken_as_they_come() {
    let (guests, zscheds) = pair();
    let zscheds = service_end(zscheds);
    let (_mine, reply) = pair();
    ask(&guests, b"", &[]);
    assert!(next(&zscheds).bytes.is_empty());
    ask(&guests, &[0; 5000], &[reply.as_fd()]);
    let asked = next(&zscheds);
    assert_eq!(asked.bytes.len(), LONGEST_REQUEST + 1);
    assert!(asked.request().is_err());
    // More than one leave open where the answer is waited for.
    ask(&guests, b"x", &[reply.as_fd(); 4]);
    let asked = next(&zscheds);
    assert!(asked.fds.len() > 1 && asked.by_root == rustix::process::getuid().is_root());
    drop(guests);
    assert!(receive(&zscheds).expect("the end").is_none());
}

#[test]
fn everything_asked_is_answered() {
    let (guests, zscheds) = pair();
    let zscheds = service_end(zscheds);
    let server = thread::spawn(move || {
        serve(
            &zscheds,
            &mut Work {
                own_network: false,
                workshop: None,
            },
        )
    });
    let (mine, reply) = pair();
    let answer = || {
        let mut answer = [0; 64];
        let (_, length) = recv(&mine, &mut answer[..], RecvFlags::empty()).expect("it comes");
        answered(&answer[..length])
    };
    let mut hello = [0; LONGEST_REQUEST];
    let length = Request::Hello.encode(&mut hello).expect("it is right");
    let hello = &hello[..length];
    ask(&guests, hello, &[reply.as_fd()]);
    assert_eq!(answer(), Ok(0));
    // What nobody waits for, or cannot be answered, keeps nobody else waiting.
    ask(&guests, hello, &[]);
    ask(&guests, hello, &[std::io::stdin().as_fd()]);
    ask(&guests, hello, &[guests.as_fd()]);
    ask(&guests, b"", &[reply.as_fd()]);
    assert_eq!(answer(), Err(Errno::EPROTO));
    ask(&guests, &[&MAGIC[..], &[9; 4]].concat(), &[reply.as_fd()]);
    assert_eq!(answer(), Err(Errno::EINVAL));
    // Without a network of the zone's own, or without root's rights.
    let mut message = [0; LONGEST_REQUEST];
    let (name, value) = (b"net/ipv4/ip_forward", b"0");
    let request = Request::SysctlWrite { name, value };
    let length = request.encode(&mut message).expect("it is right");
    ask(&guests, &message[..length], &[reply.as_fd()]);
    assert_eq!(answer(), Err(Errno::EPERM));
    drop(guests);
    // It holds one of the guests' ends that came with a request no longer.
    server.join().expect("it ends").expect("the end");
}

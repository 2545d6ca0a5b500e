use super::{Service, Work};
use crate::asked::serve;
use abi::{Errno, SysResult};
use kernel::message::{MAGIC, answered};
use kernel::zone::protocol::{LONGEST_REQUEST, Request};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recv, sendmsg, socketpair,
};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

fn pair() -> (OwnedFd, OwnedFd) {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    socketpair(family, kind, SocketFlags::CLOEXEC, None).expect("it is made")
}

/// What a message about so many descriptors is answered.
fn asked(guests: &OwnedFd, message: &[u8], about: usize) -> SysResult {
    let (mine, reply) = pair();
    let mut fds = vec![reply.as_fd()];
    fds.extend((0..about).map(|_| guests.as_fd()));
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    let parts = [IoSlice::new(message)];
    sendmsg(guests, &parts, &mut control, SendFlags::NOSIGNAL).expect("it is sent");
    let mut answer = [0; 64];
    let (_, length) = recv(&mine, &mut answer[..], RecvFlags::empty()).expect("it comes");
    answered(&answer[..length])
}

#[test]
fn requests_are_judged() {
    let (guests, zscheds) = pair();
    let zscheds = match Service::new(zscheds).expect("it is made") {
        Service::Waiting(ref socket) => socket.try_clone().expect("it is copied"),
        Service::Running(_) | Service::Nobody => panic!("it has not begun"),
    };
    let mut work = Work {
        own_network: false,
        workshop: None,
    };
    let server = thread::spawn(move || {
        serve(&zscheds, LONGEST_REQUEST, |asked, about| {
            work.answer(asked, about)
        })
    });
    let hello = Request::Hello.encode().expect("it is right");
    assert_eq!(asked(&guests, &hello, 0), Ok(0));
    assert_eq!(asked(&guests, &hello, 1), Err(Errno::EINVAL));
    assert_eq!(asked(&guests, b"", 0), Err(Errno::EPROTO));
    let unknown = [&MAGIC[..], &[9; 36]].concat();
    assert_eq!(asked(&guests, &unknown, 0), Err(Errno::EINVAL));
    assert_eq!(asked(&guests, &[0; 5000], 0), Err(Errno::EPROTO));
    let program = Request::Program.encode().expect("it is right");
    assert_eq!(asked(&guests, &program, 1), Ok(0), "nothing to get");
    assert_eq!(asked(&guests, &program, 2), Err(Errno::EINVAL));
    // Without a network of the zone's own, or without root's rights.
    let (name, value) = (b"net/ipv4/ip_forward", b"0");
    let request = Request::SysctlWrite { name, value };
    let request = request.encode().expect("it is right");
    assert_eq!(asked(&guests, &request, 0), Err(Errno::EPERM));
    drop(guests);
    server.join().expect("it ends").expect("the end");
}

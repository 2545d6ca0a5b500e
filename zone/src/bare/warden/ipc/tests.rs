use super::Ipc;
use crate::asked::Sender;
use abi::{Errno, SysResult, nr};
use kernel::message::answered;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};
use std::os::fd::OwnedFd;
use std::process::Command;

const PRIVATE: u64 = 0;
const NOWAIT: u64 = 0o4000;
const REMOVE: u64 = 0;

fn pair() -> (OwnedFd, OwnedFd) {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    socketpair(family, kind, SocketFlags::CLOEXEC, None).expect("it is made")
}

fn sender(process: u32) -> Sender {
    Sender {
        process: i32::try_from(process).expect("a number"),
        user: 7,
        group: 7,
    }
}

/// A call, which may wait; where its answer comes.
fn begin(ipc: &mut Ipc, who: Sender, nr: usize, arguments: [u64; 3], given: &[u8]) -> OwnedFd {
    let (own, reply) = pair();
    let nr = u32::try_from(nr).expect("a number");
    ipc.serve(who, (nr, arguments, given), reply);
    own
}

fn answer(own: &OwnedFd) -> Option<(SysResult, Vec<u8>)> {
    let mut room = vec![0; 1000];
    let (_, length) = recv(own, &mut room[..], RecvFlags::DONTWAIT).ok()?;
    Some((answered(&room[..8]), room[8..length].to_vec()))
}

fn call(ipc: &mut Ipc, nr: usize, arguments: [u64; 3], given: &[u8]) -> SysResult {
    let own = begin(ipc, sender(std::process::id()), nr, arguments, given);
    answer(&own).expect("it does not wait").0
}

fn operation(number: u16, change: i16, flags: u16) -> Vec<u8> {
    let bytes = [
        number.to_le_bytes(),
        change.to_le_bytes(),
        flags.to_le_bytes(),
    ];
    bytes.concat()
}

fn made(ipc: &mut Ipc, nr: usize, arguments: [u64; 3]) -> u64 {
    u64::try_from(call(ipc, nr, arguments, &[]).expect("it is made")).expect("a number")
}

#[test]
fn whoever_waits_goes_on_in_time() {
    let mut ipc = Ipc::default();
    let set = made(&mut ipc, nr::SEMGET, [PRIVATE, 2, 0o600]);
    let who = sender(std::process::id());
    let down = [operation(0, -2, 0), operation(1, 0, 0)].concat();
    let first = begin(&mut ipc, who, nr::SEMTIMEDOP, [set, 0, 0], &down);
    let second = begin(
        &mut ipc,
        who,
        nr::SEMTIMEDOP,
        [set, 0, 0],
        &operation(0, -1, 0),
    );
    let count = [set, 0, 14];
    assert_eq!(call(&mut ipc, nr::SEMCTL, count, &[]), Ok(2));
    assert!(answer(&first).is_none());
    let up = operation(0, 1, 0);
    assert_eq!(call(&mut ipc, nr::SEMTIMEDOP, [set, 0, 0], &up), Ok(0));
    assert!(answer(&first).is_none(), "all or nothing");
    assert_eq!(answer(&second).map(|answer| answer.0), Some(Ok(0)));
    let third = begin(
        &mut ipc,
        who,
        nr::SEMTIMEDOP,
        [set, 0, 0],
        &operation(1, -9, 0),
    );
    assert_eq!(call(&mut ipc, nr::SEMCTL, [set, 0, REMOVE], &[]), Ok(0));
    for waiting in [first, third] {
        assert_eq!(
            answer(&waiting).map(|answer| answer.0),
            Some(Err(Errno::EIDRM))
        );
    }
    assert_eq!(call(&mut ipc, nr::SEMCTL, count, &[]), Err(Errno::EINVAL));
    assert_eq!(ipc.descriptors(), 0);
    // The same place, but another number.
    assert_ne!(made(&mut ipc, nr::SEMGET, [PRIVATE, 2, 0o600]), set);
}

#[test]
fn what_is_given_up_was_not_done() {
    let mut ipc = Ipc::default();
    let set = made(&mut ipc, nr::SEMGET, [PRIVATE, 1, 0o600]);
    let who = sender(std::process::id());
    let waits = begin(
        &mut ipc,
        who,
        nr::SEMTIMEDOP,
        [set, 0, 0],
        &operation(0, -1, 0),
    );
    send(&waits, &[0], SendFlags::empty()).expect("it is sent");
    let gone = begin(
        &mut ipc,
        who,
        nr::SEMTIMEDOP,
        [set, 0, 0],
        &operation(0, -1, 0),
    );
    drop(gone);
    let (guests, socket) = pair();
    send(&guests, &[0], SendFlags::empty()).expect("it is sent");
    ipc.attend(&socket).expect("it waits");
    assert_eq!(
        answer(&waits).map(|answer| answer.0),
        Some(Err(Errno::EINTR))
    );
    assert_eq!(ipc.descriptors(), 0);
    assert_eq!(
        call(&mut ipc, nr::SEMTIMEDOP, [set, 0, 0], &operation(0, 3, 0)),
        Ok(0)
    );
    assert_eq!(call(&mut ipc, nr::SEMCTL, [set, 0, 12], &[]), Ok(3));
}

#[test]
fn a_process_that_ends_undoes() {
    let mut ipc = Ipc::default();
    let set = made(&mut ipc, nr::SEMGET, [PRIVATE, 1, 0o600]);
    let mut child = Command::new("sleep").arg("60").spawn().expect("it starts");
    let undone = operation(0, 5, 0x1000);
    let done = begin(
        &mut ipc,
        sender(child.id()),
        nr::SEMTIMEDOP,
        [set, 0, 0],
        &undone,
    );
    assert_eq!(answer(&done).map(|answer| answer.0), Some(Ok(0)));
    assert_eq!(call(&mut ipc, nr::SEMCTL, [set, 0, 12], &[]), Ok(5));
    let who = sender(std::process::id());
    let zero = begin(
        &mut ipc,
        who,
        nr::SEMTIMEDOP,
        [set, 0, 0],
        &operation(0, 0, 0),
    );
    child.kill().expect("it is there");
    child.wait().expect("it ends");
    assert_eq!(call(&mut ipc, nr::SEMCTL, [set, 0, 12], &[]), Ok(0));
    assert_eq!(answer(&zero).map(|answer| answer.0), Some(Ok(0)));
}

#[test]
fn messages_wait_for_room_and_for_takers() {
    let mut ipc = Ipc::default();
    let queue = made(&mut ipc, nr::MSGGET, [PRIVATE, 0o600, 0]);
    let who = sender(std::process::id());
    let message = |kind: i64, length| [&kind.to_le_bytes()[..], &vec![b'x'; length]].concat();
    let wanted = (-4i64).to_le_bytes();
    let taker = begin(&mut ipc, who, nr::MSGRCV, [queue, 100, 0], &wanted);
    assert_eq!(
        call(&mut ipc, nr::MSGSND, [queue, 0, 0], &message(5, 8000)),
        Ok(0)
    );
    assert!(answer(&taker).is_none());
    assert_eq!(
        call(&mut ipc, nr::MSGSND, [queue, 0, 0], &message(3, 2)),
        Ok(0)
    );
    let (result, data) = answer(&taker).expect("it comes");
    assert_eq!((result, data), (Ok(2), message(3, 2)));
    assert_eq!(
        call(&mut ipc, nr::MSGSND, [queue, NOWAIT, 0], &message(1, 8001)),
        Ok(0)
    );
    let full = call(&mut ipc, nr::MSGSND, [queue, NOWAIT, 0], &message(1, 8192));
    assert_eq!(full, Err(Errno::EAGAIN));
    let waits = begin(&mut ipc, who, nr::MSGSND, [queue, 0, 0], &message(2, 8192));
    assert!(answer(&waits).is_none());
    let any = 0i64.to_le_bytes();
    assert_eq!(
        call(&mut ipc, nr::MSGRCV, [queue, 10, 0], &any),
        Err(Errno::E2BIG)
    );
    let cut = begin(&mut ipc, who, nr::MSGRCV, [queue, 10, 0o10000], &any);
    assert_eq!(answer(&cut), Some((Ok(10), message(5, 10))));
    assert_eq!(answer(&waits).map(|answer| answer.0), Some(Ok(0)));
    let none = call(
        &mut ipc,
        nr::MSGRCV,
        [queue, 10, NOWAIT],
        &9i64.to_le_bytes(),
    );
    assert_eq!(none, Err(Errno::ENOMSG));
}

#[test]
fn others_may_not() {
    let mut ipc = Ipc::default();
    let queue = made(&mut ipc, nr::MSGGET, [99, 0o1600, 0]);
    let other = Sender {
        process: 1,
        user: 8,
        group: 8,
    };
    let own = begin(&mut ipc, other, nr::MSGGET, [99, 0o600, 0], &[]);
    assert_eq!(
        answer(&own).map(|answer| answer.0),
        Some(Err(Errno::EACCES))
    );
    let own = begin(&mut ipc, other, nr::MSGCTL, [queue, REMOVE, 0], &[]);
    assert_eq!(answer(&own).map(|answer| answer.0), Some(Err(Errno::EPERM)));
    assert_eq!(
        call(&mut ipc, nr::MSGGET, [99, 0o3600, 0], &[]),
        Err(Errno::EEXIST)
    );
    assert_eq!(
        call(&mut ipc, nr::MSGGET, [98, 0, 0], &[]),
        Err(Errno::ENOENT)
    );
}

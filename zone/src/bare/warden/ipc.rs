//! System V semaphores and message queues of a zone (sysvipc(7)). The host's would be seen by all of
//! its processes; so the warden has them, and who must wait gets its answer when it is time.

mod ids;
mod queues;
mod semaphores;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use abi::{Errno, SysResult, nr};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::asked::{Done, Sender, errno, say};
use queues::Queues;
use semaphores::Semaphores;

/// More calls do not wait at once: each is a descriptor of the warden's.
const MOST_WAITING: usize = 4096;

/// What a call comes to: its answer, or nothing as long as it must wait.
type Outcome = SysResult<Option<Done>>;

/// A call that waits, by the number that it was given.
type Token = u64;
/// Calls that need not wait any more.
type Woken = Vec<(Token, SysResult<Done>)>;

/// What is returned.
fn value(value: i32) -> Done {
    Done {
        value: usize::try_from(value).unwrap_or(0),
        ..Done::default()
    }
}

/// Bytes of numbers, as a structure has them.
fn bytes<const N: usize, T>(numbers: &[T], to: fn(&T) -> [u8; N]) -> Vec<u8> {
    numbers.iter().flat_map(to).collect()
}

/// An argument that is an `int`.
fn int(word: u64) -> i32 {
    let [a, b, c, d, ..] = word.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// Which of these descriptors have something to read, or were closed at their other ends.
fn readable<'a>(
    fds: impl Iterator<Item = &'a OwnedFd>,
    time: PollTimeout,
) -> io::Result<Vec<bool>> {
    let mut wanted: Vec<PollFd<'_>> = fds
        .map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN))
        .collect();
    match poll(&mut wanted, time) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let any = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
    Ok(wanted.iter().map(any).collect())
}

/// The zone's.
#[derive(Debug, Default)]
pub(super) struct Ipc {
    semaphores: Semaphores,
    queues: Queues,
    /// Where those who wait get their answer.
    waiting: BTreeMap<Token, OwnedFd>,
    /// Processes with something to undo at their end.
    watched: BTreeMap<i32, OwnedFd>,
    next: Token,
}

impl Ipc {
    /// Waits for a message on the socket, and meanwhile looks after those who wait.
    pub(super) fn attend(&mut self, socket: &OwnedFd) -> io::Result<()> {
        while !(self.waiting.is_empty() && self.watched.is_empty()) {
            let replies: Vec<Token> = self.waiting.keys().copied().collect();
            let others = self.watched.values().chain(self.waiting.values());
            let all = [socket].into_iter().chain(others);
            let ready = readable(all, PollTimeout::NONE)?;
            let given_up = ready.get(1 + self.watched.len()..).unwrap_or_default();
            let given_up = replies.iter().zip(given_up).filter(|(_, ready)| **ready);
            for (token, _) in given_up {
                self.give_up(*token);
            }
            self.bury();
            if ready.first() == Some(&true) {
                break;
            }
        }
        Ok(())
    }

    /// Whoever waits has said that it does not any longer, or is gone.
    fn give_up(&mut self, token: Token) {
        let Some(reply) = self.waiting.get(&token) else {
            return;
        };
        let asked = recv(reply, &mut [0u8; 8][..], RecvFlags::DONTWAIT);
        if matches!(
            asked,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR)
        ) {
            return;
        }
        if let Some(reply) = self.waiting.remove(&token) {
            say(reply.as_fd(), Err(Errno::EINTR));
        }
        self.semaphores.forget(token);
        self.queues.forget(token);
    }

    /// Undoes what processes that ended left to be undone. Who waited for one of them may ask
    /// already, and must find that done.
    fn bury(&mut self) {
        if self.watched.is_empty() {
            return;
        }
        let ready = readable(self.watched.values(), PollTimeout::ZERO).unwrap_or_default();
        let ended = self.watched.keys().zip(ready).filter(|(_, ready)| *ready);
        let ended: Vec<i32> = ended.map(|(process, _)| *process).collect();
        for process in ended {
            self.watched.remove(&process);
            let mut woken = Woken::new();
            self.semaphores.ended(process, &mut woken);
            self.wake(woken);
        }
    }

    fn wake(&mut self, woken: Woken) {
        for (token, result) in woken {
            if let Some(reply) = self.waiting.remove(&token) {
                say(reply.as_fd(), result);
            }
        }
    }

    /// Serves one of the calls, and answers it now or later.
    pub(super) fn serve(
        &mut self,
        sender: Sender,
        (nr, arguments, given): (u32, [u64; 3], &[u8]),
        reply: OwnedFd,
    ) {
        self.bury();
        let token = self.next;
        self.next += 1;
        let mut woken = Woken::new();
        let outcome = self.call((token, sender), nr, arguments, given, &mut woken);
        // In the order in which it happened: who is woken was first.
        self.wake(woken);
        match outcome {
            Ok(None) if self.waiting.len() < MOST_WAITING => {
                self.waiting.insert(token, reply);
            }
            Ok(None) => {
                self.semaphores.forget(token);
                self.queues.forget(token);
                say(reply.as_fd(), Err(Errno::ENOMEM));
            }
            Ok(Some(done)) => say(reply.as_fd(), Ok(done)),
            Err(errno) => say(reply.as_fd(), Err(errno)),
        }
        self.watch(sender.process);
    }

    fn call(
        &mut self,
        who: (Token, Sender),
        nr: u32,
        [a, b, c]: [u64; 3],
        given: &[u8],
        woken: &mut Woken,
    ) -> Outcome {
        let (_, sender) = who;
        let key = int(a).cast_unsigned();
        let done = match usize::try_from(nr).unwrap_or(0) {
            nr::SEMTIMEDOP => return self.semaphores.operate(who, int(a), given, woken),
            nr::MSGSND => return self.queues.send(who, (int(a), int(b)), given, woken),
            nr::MSGRCV => return self.queues.receive(who, (int(a), b, int(c)), given, woken),
            nr::SEMGET => self.semaphores.get(sender, key, int(b), int(c)),
            nr::SEMCTL => {
                let arguments = (int(a), int(b), int(c));
                self.semaphores.control(sender, arguments, given, woken)
            }
            nr::MSGGET => self.queues.get(sender, key, int(b)),
            nr::MSGCTL => self.queues.control(sender, (int(a), int(b)), given, woken),
            _ => Err(Errno::EINVAL),
        };
        done.map(Some)
    }

    /// Looks out for the end of a process that has something to undo.
    fn watch(&mut self, process: i32) {
        if !self.semaphores.undoes(process) || self.watched.contains_key(&process) {
            return;
        }
        let opened = Pid::from_raw(process)
            .ok_or(Errno::ESRCH)
            .and_then(|process| {
                let opened = pidfd_open(process, PidfdFlags::empty());
                opened.map_err(|error| errno(&error.into()))
            });
        match opened {
            Ok(file) => drop(self.watched.insert(process, file)),
            Err(_) => {
                // It has ended.
                let mut woken = Woken::new();
                self.semaphores.ended(process, &mut woken);
                self.wake(woken);
            }
        }
    }

    /// The descriptors that it works with.
    #[cfg(test)]
    fn descriptors(&self) -> usize {
        let all = self.waiting.values().chain(self.watched.values());
        all.count()
    }
}

#[cfg(test)]
mod tests;

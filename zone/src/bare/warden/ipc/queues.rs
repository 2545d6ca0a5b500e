//! Message queues (`ipc/msg.c` of the kernel).

use std::collections::VecDeque;

use abi::{Errno, SysResult};

use super::ids::{Ids, MOST, Object, Perm, READ, WRITE, now};
use super::{Outcome, Token, Woken, bytes, value};
use crate::asked::{Done, Sender};

/// `MSGMAX` and `MSGMNB` of msgctl(2).
const LONGEST: usize = 8192;
const ROOM: u64 = 16384;
/// How many bytes may be in all queues, before memory is said to be short.
const MEMORY: usize = 64 << 20;

const IPC_NOWAIT: i32 = 0o4000;
const MSG_NOERROR: i32 = 0o10000;
const MSG_EXCEPT: i32 = 0o20000;
const MSG_COPY: i32 = 0o40000;

#[derive(Debug, Clone)]
struct Message {
    kind: i64,
    text: Vec<u8>,
}

/// Which messages a call takes.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Any,
    Equal(i64),
    NotEqual(i64),
    /// The lowest, of those that are not above.
    Lowest(i64),
    /// By its place in the queue.
    Place(i64),
}

impl Wanted {
    fn of(kind: i64, flags: i32) -> Self {
        match kind {
            place if flags & MSG_COPY != 0 => Self::Place(place),
            0 => Self::Any,
            i64::MIN => Self::Lowest(i64::MAX),
            kind if kind < 0 => Self::Lowest(-kind),
            kind if flags & MSG_EXCEPT != 0 => Self::NotEqual(kind),
            kind => Self::Equal(kind),
        }
    }

    fn takes(self, kind: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Equal(wanted) => kind == wanted,
            Self::NotEqual(wanted) => kind != wanted,
            Self::Lowest(most) => kind <= most,
            Self::Place(_) => false,
        }
    }

    fn find(self, messages: &VecDeque<Message>) -> Option<usize> {
        let mut all = messages.iter().enumerate();
        match self {
            Self::Lowest(_) => {
                let taken = all.filter(|(_, message)| self.takes(message.kind));
                taken
                    .min_by_key(|(_, message)| message.kind)
                    .map(|(index, _)| index)
            }
            Self::Place(place) => {
                let place = usize::try_from(place).ok();
                place.filter(|place| *place < messages.len())
            }
            _ => all
                .find(|(_, message)| self.takes(message.kind))
                .map(|(index, _)| index),
        }
    }
}

#[derive(Debug)]
struct Receiver {
    token: Token,
    process: i32,
    wanted: Wanted,
    most: usize,
    cuts: bool,
}

#[derive(Debug)]
struct Waiting {
    token: Token,
    process: i32,
    message: Message,
}

/// What a message comes to: its type, and as much of its text as there is room for.
fn delivered(message: &Message, most: usize) -> Done {
    let text = message.text.get(..most).unwrap_or(&message.text);
    let mut data = message.kind.to_le_bytes().to_vec();
    data.extend_from_slice(text);
    Done {
        value: text.len(),
        opened: None,
        data,
    }
}

/// A queue.
#[derive(Debug)]
struct Queue {
    perm: Perm,
    room: u64,
    messages: VecDeque<Message>,
    /// Of all messages.
    length: usize,
    /// Of the last msgsnd(2), msgrcv(2) and change.
    times: [i64; 3],
    /// Who sent and received last.
    processes: [i32; 2],
    receivers: Vec<Receiver>,
    senders: Vec<Waiting>,
}

impl Object for Queue {
    fn perm(&self) -> &Perm {
        &self.perm
    }
}

impl Queue {
    fn fits(&self, length: usize) -> bool {
        let within = |number: usize| u64::try_from(number).is_ok_and(|number| number <= self.room);
        within(length + self.length) && within(self.messages.len() + 1)
    }

    /// Puts a message in, or hands it to whoever waits for it (`pipelined_send`).
    fn put(&mut self, process: i32, message: Message, woken: &mut Woken) {
        let now = now();
        (self.processes[0], self.times[0]) = (process, now);
        let mut index = 0;
        while let Some(receiver) = self.receivers.get(index) {
            if !receiver.wanted.takes(message.kind) {
                index += 1;
                continue;
            }
            let receiver = self.receivers.remove(index);
            if message.text.len() > receiver.most && !receiver.cuts {
                woken.push((receiver.token, Err(Errno::E2BIG)));
                continue;
            }
            (self.processes[1], self.times[1]) = (receiver.process, now);
            woken.push((receiver.token, Ok(delivered(&message, receiver.most))));
            return;
        }
        self.length += message.text.len();
        self.messages.push_back(message);
    }

    /// Lets those send who waited for room, as far as there is some.
    fn admit(&mut self, woken: &mut Woken) {
        let mut index = 0;
        while let Some(waiting) = self.senders.get(index) {
            if !self.fits(waiting.message.text.len()) {
                index += 1;
                continue;
            }
            let waiting = self.senders.remove(index);
            woken.push((waiting.token, Ok(Done::default())));
            self.put(waiting.process, waiting.message, woken);
        }
    }

    /// `struct msqid64_ds`.
    fn status(&self, id: i32) -> Vec<u8> {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let [sent, received, changed] = self.times;
        let room = self.room.cast_signed();
        let words = [
            sent,
            received,
            changed,
            count(self.length),
            count(self.messages.len()),
            room,
        ];
        let mut status = self.perm.bytes(id);
        status.extend(bytes(&words, |word| word.to_le_bytes()));
        status.extend(bytes(&self.processes, |process| process.to_le_bytes()));
        status.resize(120, 0);
        status
    }
}

/// All queues of a zone.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: Ids<Queue>,
}

impl Queues {
    /// msgget(2).
    pub(super) fn get(&mut self, sender: Sender, key: u32, flags: i32) -> SysResult<Done> {
        let make = |_: &Ids<Queue>, perm| {
            Ok(Queue {
                perm,
                room: ROOM,
                messages: VecDeque::new(),
                length: 0,
                times: [0, 0, now()],
                processes: [0; 2],
                receivers: Vec::new(),
                senders: Vec::new(),
            })
        };
        self.queues
            .get(sender, key, flags, |_| Ok(()), make)
            .map(value)
    }

    /// How many bytes are in them, with those of calls that wait.
    fn length(&self) -> usize {
        let queues = self.queues.iter();
        let waiting = |queue: &Queue| -> usize {
            let senders = queue.senders.iter();
            senders.map(|waiting| waiting.message.text.len()).sum()
        };
        queues.map(|(_, queue)| queue.length + waiting(queue)).sum()
    }

    /// msgsnd(2): `given` are the type and the text.
    pub(super) fn send(
        &mut self,
        (token, sender): (Token, Sender),
        (id, flags): (i32, i32),
        given: &[u8],
        woken: &mut Woken,
    ) -> Outcome {
        let full = self.length() + given.len() > MEMORY;
        let (kind, text) = given.split_first_chunk().ok_or(Errno::EINVAL)?;
        let (kind, text) = (i64::from_le_bytes(*kind), text.to_vec());
        if text.len() > LONGEST || id < 0 || kind < 1 {
            return Err(Errno::EINVAL);
        }
        let queue = self.queues.find(id)?;
        queue.perm.allows(sender, WRITE)?;
        if full {
            return Err(Errno::ENOMEM);
        }
        let message = Message { kind, text };
        if queue.fits(message.text.len()) {
            queue.put(sender.process, message, woken);
            return Ok(Some(Done::default()));
        }
        if flags & IPC_NOWAIT != 0 {
            return Err(Errno::EAGAIN);
        }
        queue.senders.push(Waiting {
            token,
            process: sender.process,
            message,
        });
        Ok(None)
    }

    /// msgrcv(2): `given` is the type.
    pub(super) fn receive(
        &mut self,
        (token, sender): (Token, Sender),
        (id, most, flags): (i32, u64, i32),
        given: &[u8],
        woken: &mut Woken,
    ) -> Outcome {
        let kind = given.try_into().map_err(|_| Errno::EINVAL)?;
        if id < 0 || most.cast_signed() < 0 {
            return Err(Errno::EINVAL);
        }
        let copies = flags & MSG_COPY != 0;
        if copies && (flags & MSG_EXCEPT != 0 || flags & IPC_NOWAIT == 0) {
            return Err(Errno::EINVAL);
        }
        let queue = self.queues.find(id)?;
        queue.perm.allows(sender, READ)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let cuts = flags & MSG_NOERROR != 0;
        let wanted = Wanted::of(i64::from_le_bytes(kind), flags);
        let Some(index) = wanted.find(&queue.messages) else {
            if flags & IPC_NOWAIT != 0 {
                return Err(Errno::ENOMSG);
            }
            queue.receivers.push(Receiver {
                token,
                process: sender.process,
                wanted,
                most,
                cuts,
            });
            return Ok(None);
        };
        let message = queue.messages.get(index).ok_or(Errno::ENOMSG)?;
        let length = message.text.len();
        if length > most && !cuts {
            return Err(Errno::E2BIG);
        }
        let done = delivered(message, most);
        if !copies {
            queue.messages.remove(index);
            queue.length -= length;
            (queue.processes[1], queue.times[1]) = (sender.process, now());
            queue.admit(woken);
        }
        Ok(Some(done))
    }

    /// msgctl(2); `given` is what the call reads.
    pub(super) fn control(
        &mut self,
        sender: Sender,
        (id, command): (i32, i32),
        given: &[u8],
        woken: &mut Woken,
    ) -> SysResult<Done> {
        const IPC_RMID: i32 = 0;
        const IPC_SET: i32 = 1;
        const IPC_STAT: i32 = 2;
        const IPC_INFO: i32 = 3;
        const MSG_STAT: i32 = 11;
        const MSG_INFO: i32 = 12;
        const MSG_STAT_ANY: i32 = 13;
        /// Where `struct msqid64_ds` has its room.
        const QBYTES: usize = 88;
        if id < 0 || command < 0 {
            return Err(Errno::EINVAL);
        }
        match command {
            IPC_INFO | MSG_INFO => Ok(self.info(command == MSG_INFO)),
            MSG_STAT | MSG_STAT_ANY => {
                let (id, queue) = self.queues.find_place(id)?;
                if command == MSG_STAT {
                    queue.perm.allows(sender, READ)?;
                }
                Ok(Done {
                    data: queue.status(id),
                    ..value(id)
                })
            }
            IPC_STAT => {
                let queue = self.queues.find(id)?;
                queue.perm.allows(sender, READ)?;
                Ok(Done {
                    data: queue.status(id),
                    ..Done::default()
                })
            }
            IPC_SET => {
                let queue = self.queues.find(id)?;
                queue.perm.owns(sender)?;
                let room = given.get(QBYTES..).and_then(|rest| rest.first_chunk());
                let room = room.map(|room| u64::from_le_bytes(*room));
                let room = room.ok_or(Errno::EINVAL)?;
                if room > ROOM {
                    return Err(Errno::EPERM);
                }
                queue.perm.set(given)?;
                queue.room = room;
                queue.times[2] = now();
                queue.admit(woken);
                Ok(Done::default())
            }
            IPC_RMID => {
                self.queues.find(id)?.perm.owns(sender)?;
                if let Some(queue) = self.queues.remove(id) {
                    let receivers = queue.receivers.into_iter().map(|waiting| waiting.token);
                    let senders = queue.senders.into_iter().map(|waiting| waiting.token);
                    let waiting = receivers.chain(senders);
                    woken.extend(waiting.map(|token| (token, Err(Errno::EIDRM))));
                }
                Ok(Done::default())
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `struct msginfo`.
    fn info(&self, used: bool) -> Done {
        const SEGMENT: i32 = 16;
        const SEGMENTS: i32 = 0xffff;
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let room = i32::try_from(ROOM).unwrap_or(i32::MAX);
        let [pool, map, all] = if used {
            let messages = self.queues.iter().map(|(_, queue)| queue.messages.len());
            let length = self.queues.iter().map(|(_, queue)| queue.length);
            [self.queues.iter().count(), messages.sum(), length.sum()].map(count)
        } else {
            [count(MOST) * (room / 1024), room, room]
        };
        let numbers = [
            pool,
            map,
            count(LONGEST),
            room,
            count(MOST),
            SEGMENT,
            all,
            SEGMENTS,
        ];
        Done {
            data: bytes(&numbers, |number| number.to_le_bytes()),
            ..value(self.queues.highest())
        }
    }

    /// A call does not wait any longer.
    pub(super) fn forget(&mut self, token: Token) {
        for (_, queue) in self.queues.iter_mut() {
            queue.receivers.retain(|waiting| waiting.token != token);
            queue.senders.retain(|waiting| waiting.token != token);
        }
    }
}

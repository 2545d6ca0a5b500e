//! Semaphores (`ipc/sem.c` of the kernel).

use std::collections::BTreeMap;

use abi::{Errno, SysResult};

use super::ids::{Ids, MOST, Object, Perm, READ, WRITE, now};
use super::{Outcome, Token, Woken, bytes, value};
use crate::asked::{Done, Sender};

/// `SEMMSL`, `SEMMNS`, `SEMOPM`, `SEMVMX` of semctl(2).
const MOST_IN_SET: i32 = 32000;
const MOST_IN_ALL: i32 = 1_024_000_000;
const MOST_OPERATIONS: usize = 500;
const HIGHEST: i32 = 32767;
/// How many there are, and numbers to undo, before memory is said to be short.
const MEMORY: usize = 1 << 20;

const SEM_UNDO: i16 = 0x1000;
const IPC_NOWAIT: i16 = 0o4000;

/// A change (`struct sembuf`).
#[derive(Debug, Clone, Copy)]
struct Operation {
    number: u16,
    change: i16,
    flags: i16,
}

impl Operation {
    const SIZE: usize = 6;

    fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, d, e, f]: [u8; Self::SIZE] = bytes.try_into().ok()?;
        Some(Self {
            number: u16::from_le_bytes([a, b]),
            change: i16::from_le_bytes([c, d]),
            flags: i16::from_le_bytes([e, f]),
        })
    }
}

/// A call that waits.
#[derive(Debug)]
struct Waiter {
    token: Token,
    process: i32,
    operations: Vec<Operation>,
    /// What it waits for.
    blocking: Operation,
}

impl Waiter {
    fn alters(&self) -> bool {
        self.operations
            .iter()
            .any(|operation| operation.change != 0)
    }
}

/// A set of semaphores.
#[derive(Debug)]
struct Set {
    perm: Perm,
    values: Vec<i32>,
    /// Who changed each of them last.
    processes: Vec<i32>,
    operated: i64,
    changed: i64,
    waiting: Vec<Waiter>,
    /// What to add when processes end.
    undo: BTreeMap<i32, Vec<i32>>,
}

impl Object for Set {
    fn perm(&self) -> &Perm {
        &self.perm
    }
}

/// What an attempt comes to.
enum Attempt {
    Done,
    Blocked(Operation),
    Failed(Errno),
}

impl Set {
    /// All operations, or none (`perform_atomic_semop`).
    fn attempt(&mut self, process: i32, operations: &[Operation]) -> Attempt {
        let mut before: Vec<(usize, i32, i32)> = Vec::new();
        let mut failed = None;
        for operation in operations {
            let index = usize::from(operation.number);
            let count = self.values.len();
            let Some(value) = self.values.get_mut(index) else {
                failed = Some(Attempt::Failed(Errno::EFBIG));
                break;
            };
            let change = i32::from(operation.change);
            let result = *value + change;
            if change == 0 && *value != 0 || result < 0 {
                failed = Some(match operation.flags & IPC_NOWAIT {
                    0 => Attempt::Blocked(*operation),
                    _ => Attempt::Failed(Errno::EAGAIN),
                });
                break;
            }
            let mut undone = 0;
            if operation.flags & SEM_UNDO != 0 {
                let undo = self.undo.entry(process).or_insert_with(|| vec![0; count]);
                if let Some(undo) = undo.get_mut(index) {
                    if !(-HIGHEST - 1..=HIGHEST).contains(&(*undo - change)) {
                        failed = Some(Attempt::Failed(Errno::ERANGE));
                        break;
                    }
                    *undo -= change;
                    undone = change;
                }
            }
            before.push((index, *value, undone));
            if result > HIGHEST {
                failed = Some(Attempt::Failed(Errno::ERANGE));
                break;
            }
            *value = result;
        }
        let Some(failed) = failed else {
            for (index, ..) in before {
                if let Some(last) = self.processes.get_mut(index) {
                    *last = process;
                }
            }
            self.operated = now();
            return Attempt::Done;
        };
        for (index, value, undone) in before.into_iter().rev() {
            if let Some(to) = self.values.get_mut(index) {
                *to = value;
            }
            let undo = self.undo.get_mut(&process);
            if let Some(undo) = undo.and_then(|undo| undo.get_mut(index)) {
                *undo += undone;
            }
        }
        failed
    }

    /// Lets those go on who can: first who waits for zero, else who came first (`do_smart_update`).
    fn update(&mut self, woken: &mut Woken) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(Waiter::alters);
        let mut index = 0;
        while let Some(waiter) = waiting.get_mut(index) {
            let result = match self.attempt(waiter.process, &waiter.operations) {
                Attempt::Blocked(operation) => {
                    waiter.blocking = operation;
                    index += 1;
                    continue;
                }
                Attempt::Done => Ok(Done::default()),
                Attempt::Failed(errno) => Err(errno),
            };
            let waiter = waiting.remove(index);
            woken.push((waiter.token, result));
            // What was passed over may be possible now.
            if waiter.alters() {
                index = 0;
            }
        }
        self.waiting = waiting;
    }

    fn count(&self, number: usize, zero: bool) -> i32 {
        let waits = |waiter: &&Waiter| {
            let blocking = waiter.blocking;
            usize::from(blocking.number) == number && (blocking.change == 0) == zero
        };
        i32::try_from(self.waiting.iter().filter(waits).count()).unwrap_or(i32::MAX)
    }

    /// `struct semid64_ds`.
    fn status(&self, id: i32) -> Vec<u8> {
        let count = i64::try_from(self.values.len()).unwrap_or(0);
        let words = [self.operated, 0, self.changed, 0, count, 0, 0];
        let mut status = self.perm.bytes(id);
        status.extend(bytes(&words, |word| word.to_le_bytes()));
        status
    }

    /// Changes values from outside of semop(2), so that nothing of them is to be undone.
    fn set(&mut self, from: usize, values: &[i32], process: i32, woken: &mut Woken) {
        for (index, value) in (from..).zip(values) {
            if let (Some(to), Some(last)) =
                (self.values.get_mut(index), self.processes.get_mut(index))
            {
                (*to, *last) = (*value, process);
            }
            for undo in self
                .undo
                .values_mut()
                .filter_map(|undo| undo.get_mut(index))
            {
                *undo = 0;
            }
        }
        self.changed = now();
        self.update(woken);
    }
}

/// All sets of a zone.
#[derive(Debug, Default)]
pub(super) struct Semaphores {
    sets: Ids<Set>,
}

impl Semaphores {
    /// semget(2).
    pub(super) fn get(
        &mut self,
        sender: Sender,
        key: u32,
        count: i32,
        flags: i32,
    ) -> SysResult<Done> {
        if !(0..=MOST_IN_SET).contains(&count) {
            return Err(Errno::EINVAL);
        }
        let wanted = usize::try_from(count).unwrap_or(0);
        let fits = |set: &Set| match wanted > set.values.len() {
            true => Err(Errno::EINVAL),
            false => Ok(()),
        };
        let make = |sets: &Ids<Set>, perm| {
            if wanted == 0 {
                return Err(Errno::EINVAL);
            }
            let used: usize = sets.iter().map(|(_, set)| set.values.len()).sum();
            if used + wanted > MEMORY {
                return Err(Errno::ENOSPC);
            }
            Ok(Set {
                perm,
                values: vec![0; wanted],
                processes: vec![0; wanted],
                operated: 0,
                changed: now(),
                waiting: Vec::new(),
                undo: BTreeMap::new(),
            })
        };
        self.sets.get(sender, key, flags, fits, make).map(value)
    }

    /// semtimedop(2), whose time the caller looks after.
    pub(super) fn operate(
        &mut self,
        (token, sender): (Token, Sender),
        id: i32,
        given: &[u8],
        woken: &mut Woken,
    ) -> Outcome {
        let operations = given.chunks(Operation::SIZE).map(Operation::read);
        let operations: Vec<Operation> = operations.collect::<Option<_>>().ok_or(Errno::EINVAL)?;
        if operations.is_empty() || id < 0 {
            return Err(Errno::EINVAL);
        }
        if operations.len() > MOST_OPERATIONS {
            return Err(Errno::E2BIG);
        }
        let undone = self.undo_entries();
        let set = self.sets.find(id)?;
        let highest = operations.iter().map(|operation| operation.number).max();
        if highest.is_some_and(|highest| usize::from(highest) >= set.values.len()) {
            return Err(Errno::EFBIG);
        }
        let alters = operations.iter().any(|operation| operation.change != 0);
        set.perm.allows(sender, if alters { WRITE } else { READ })?;
        let undoes = operations
            .iter()
            .any(|operation| operation.flags & SEM_UNDO != 0);
        if undoes && !set.undo.contains_key(&sender.process) && undone + set.values.len() > MEMORY {
            return Err(Errno::ENOMEM);
        }
        match set.attempt(sender.process, &operations) {
            Attempt::Done => {
                if alters {
                    set.update(woken);
                }
                Ok(Some(Done::default()))
            }
            Attempt::Blocked(blocking) => {
                set.waiting.push(Waiter {
                    token,
                    process: sender.process,
                    operations,
                    blocking,
                });
                Ok(None)
            }
            Attempt::Failed(errno) => Err(errno),
        }
    }

    fn undo_entries(&self) -> usize {
        let sets = self.sets.iter();
        sets.map(|(_, set)| set.undo.len() * set.values.len()).sum()
    }

    /// semctl(2); `given` is what the call reads.
    pub(super) fn control(
        &mut self,
        sender: Sender,
        (id, number, command): (i32, i32, i32),
        given: &[u8],
        woken: &mut Woken,
    ) -> SysResult<Done> {
        const IPC_RMID: i32 = 0;
        const IPC_SET: i32 = 1;
        const IPC_STAT: i32 = 2;
        const IPC_INFO: i32 = 3;
        const GETPID: i32 = 11;
        const GETVAL: i32 = 12;
        const GETALL: i32 = 13;
        const GETNCNT: i32 = 14;
        const GETZCNT: i32 = 15;
        const SETVAL: i32 = 16;
        const SETALL: i32 = 17;
        const SEM_STAT: i32 = 18;
        const SEM_INFO: i32 = 19;
        const SEM_STAT_ANY: i32 = 20;
        if id < 0 {
            return Err(Errno::EINVAL);
        }
        let process = sender.process;
        match command {
            IPC_INFO | SEM_INFO => Ok(self.info(command == SEM_INFO)),
            SEM_STAT | SEM_STAT_ANY => {
                let (id, set) = self.sets.find_place(id)?;
                if command == SEM_STAT {
                    set.perm.allows(sender, READ)?;
                }
                Ok(Done {
                    data: set.status(id),
                    ..value(id)
                })
            }
            IPC_STAT => {
                let set = self.sets.find(id)?;
                set.perm.allows(sender, READ)?;
                Ok(Done {
                    data: set.status(id),
                    ..Done::default()
                })
            }
            GETALL => {
                let set = self.sets.find(id)?;
                set.perm.allows(sender, READ)?;
                let short = |value: &i32| u16::try_from(*value).unwrap_or(0).to_le_bytes();
                Ok(Done {
                    data: bytes(&set.values, short),
                    ..Done::default()
                })
            }
            SETVAL => {
                let new = given
                    .try_into()
                    .map(i32::from_le_bytes)
                    .map_err(|_| Errno::EINVAL)?;
                if !(0..=HIGHEST).contains(&new) {
                    return Err(Errno::ERANGE);
                }
                let set = self.sets.find(id)?;
                let index = index(set, number)?;
                set.perm.allows(sender, WRITE)?;
                set.set(index, &[new], process, woken);
                Ok(Done::default())
            }
            SETALL => {
                let set = self.sets.find(id)?;
                set.perm.allows(sender, WRITE)?;
                let short = |pair: &[u8]| pair.try_into().map_or(0, u16::from_le_bytes).into();
                let new: Vec<i32> = given.chunks(2).map(short).collect();
                let new = new.get(..set.values.len()).ok_or(Errno::EFAULT)?;
                if new.iter().any(|value| *value > HIGHEST) {
                    return Err(Errno::ERANGE);
                }
                set.set(0, new, process, woken);
                Ok(Done::default())
            }
            GETPID | GETVAL | GETNCNT | GETZCNT => {
                let set = self.sets.find(id)?;
                set.perm.allows(sender, READ)?;
                let index = index(set, number)?;
                let of = |numbers: &[i32]| numbers.get(index).copied().unwrap_or(0);
                Ok(value(match command {
                    GETPID => of(&set.processes),
                    GETVAL => of(&set.values),
                    command => set.count(index, command == GETZCNT),
                }))
            }
            IPC_SET => {
                let set = self.sets.find(id)?;
                set.perm.owns(sender)?;
                set.perm.set(given)?;
                set.changed = now();
                Ok(Done::default())
            }
            IPC_RMID => {
                self.sets.find(id)?.perm.owns(sender)?;
                let set = self.sets.remove(id);
                let waiting = set.into_iter().flat_map(|set| set.waiting);
                woken.extend(waiting.map(|waiter| (waiter.token, Err(Errno::EIDRM))));
                Ok(Done::default())
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `struct seminfo`.
    fn info(&self, used: bool) -> Done {
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let (sets, all) = if used {
            let all = self.sets.iter().map(|(_, set)| set.values.len()).sum();
            (count(self.sets.iter().count()), count(all))
        } else {
            (20, HIGHEST)
        };
        let numbers = [
            MOST_IN_ALL,
            count(MOST),
            MOST_IN_ALL,
            MOST_IN_ALL,
            MOST_IN_SET,
            count(MOST_OPERATIONS),
            count(MOST_OPERATIONS),
            sets,
            HIGHEST,
            all,
        ];
        Done {
            data: bytes(&numbers, |number| number.to_le_bytes()),
            ..value(self.sets.highest())
        }
    }

    /// Whether there is something to undo when a process ends.
    pub(super) fn undoes(&self, process: i32) -> bool {
        let mut sets = self.sets.iter();
        sets.any(|(_, set)| set.undo.contains_key(&process))
    }

    /// A process has ended (`exit_sem`).
    pub(super) fn ended(&mut self, process: i32, woken: &mut Woken) {
        for (_, set) in self.sets.iter_mut() {
            let Some(undo) = set.undo.remove(&process) else {
                continue;
            };
            for (index, change) in undo
                .into_iter()
                .enumerate()
                .filter(|(_, change)| *change != 0)
            {
                if let (Some(value), Some(last)) =
                    (set.values.get_mut(index), set.processes.get_mut(index))
                {
                    *value = (*value + change).clamp(0, HIGHEST);
                    *last = process;
                }
            }
            set.operated = now();
            set.update(woken);
        }
    }

    /// A call does not wait any longer.
    pub(super) fn forget(&mut self, token: Token) {
        for (_, set) in self.sets.iter_mut() {
            set.waiting.retain(|waiter| waiter.token != token);
        }
    }
}

fn index(set: &Set, number: i32) -> SysResult {
    let index = usize::try_from(number).ok();
    let index = index.filter(|index| *index < set.values.len());
    index.ok_or(Errno::EINVAL)
}

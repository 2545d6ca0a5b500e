//! The counts, gathered from the book: those of threads that have ended are added up and their slots
//! given back; those of the others are read when they are to be shown.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use observe::book::Word;
use observe::tally::Field;
use observe::{Book, Slot};

use super::figures::Figures;
use crate::observed::{Clock, Mapped};

/// What is known of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) count: u64,
    pub(crate) errors: u64,
    pub(crate) total: u64,
    pub(crate) longest: u64,
    pub(crate) brand: u64,
    /// Calls by bucket.
    pub(crate) buckets: BTreeMap<usize, u64>,
}

impl Call {
    pub(crate) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.errors += other.errors;
        self.total = self.total.saturating_add(other.total);
        self.brand = self.brand.saturating_add(other.brand);
        self.longest = self.longest.max(other.longest);
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// The duration below which that part of the calls stayed.
    pub(crate) fn quantile(&self, part: f64) -> u64 {
        let all: u64 = self.buckets.values().sum();
        let wanted = crate::observed::as_float(all) * part;
        let mut seen = 0;
        for (&bucket, &count) in &self.buckets {
            seen += count;
            if crate::observed::as_float(seen) >= wanted {
                let (first, width) = observe::tally::bounds(bucket);
                return (first + width / 2).min(self.longest);
            }
        }
        self.longest
    }
}

/// What is known of a process. Times are in ticks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) threads: u64,
    /// How long its threads lived, together.
    pub(crate) life: u64,
    pub(crate) host: u64,
    pub(crate) brand: u64,
    pub(crate) trapped_calls: u64,
    pub(crate) patched: u64,
    pub(crate) trapped: u64,
    /// By number; [`observe::tally::OTHERS`] for those that found no place.
    pub(crate) calls: BTreeMap<u64, Call>,
}

impl Process {
    pub(crate) fn add(&mut self, other: &Self) {
        if !other.name.is_empty() {
            self.name.clone_from(&other.name);
        }
        self.threads += other.threads;
        self.life = self.life.saturating_add(other.life);
        self.host = self.host.saturating_add(other.host);
        self.brand = self.brand.saturating_add(other.brand);
        self.trapped_calls += other.trapped_calls;
        self.patched = self.patched.max(other.patched);
        self.trapped = self.trapped.max(other.trapped);
        for (nr, call) in &other.calls {
            self.calls.entry(*nr).or_default().add(call);
        }
    }

    /// What a thread's slot says, by now.
    fn of(slot: &Slot<'_>, now: u64) -> Self {
        let ended = match slot.get(Word::Ended) {
            0 => now,
            ended => ended,
        };
        let sites = slot.get(Word::Patched);
        // Of a reader before this one there may be cells that nothing was counted in since.
        let used = slot.cells().filter(|cell| cell.get(Field::Count) > 0);
        let calls = used.map(|cell| {
            let call = Call {
                count: cell.get(Field::Count),
                errors: cell.get(Field::Errors),
                total: cell.get(Field::Total),
                longest: cell.get(Field::Longest),
                brand: cell.get(Field::Brand),
                buckets: cell.buckets().collect(),
            };
            (cell.get(Field::Call), call)
        });
        Self {
            name: name(slot),
            threads: 1,
            life: ended.saturating_sub(slot.get(Word::Started)),
            host: slot.get(Word::Host),
            brand: slot.get(Word::Brand),
            trapped_calls: slot.get(Word::Trapped),
            patched: sites & 0xffff_ffff,
            trapped: sites >> 32,
            calls: calls.collect(),
        }
    }
}

fn name(slot: &Slot<'_>) -> String {
    let halves = [slot.get(Word::Name), slot.get(Word::NameEnd)];
    let bytes: Vec<u8> = halves
        .into_iter()
        .flat_map(u64::to_le_bytes)
        .take_while(|&byte| byte != 0)
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// All that was counted.
#[derive(Debug)]
pub(crate) struct Tally {
    /// By number, those of threads whose slots were given back.
    done: BTreeMap<u32, Process>,
    /// Numbers are those of a zone, which say nothing here.
    zoned: bool,
    looks: u32,
}

/// Of how many processes that have ended it is known what each of them did.
const MOST: usize = 1000;
/// All others together.
const OTHERS: u32 = 0;

/// Every so many looks it is asked whether the threads are alive.
const ASK: u32 = 25;

impl Tally {
    pub(crate) fn new(zoned: bool) -> Self {
        Self {
            done: BTreeMap::new(),
            zoned,
            looks: 0,
        }
    }

    /// Takes up what has ended.
    pub(crate) fn look(&mut self, book: &Book<'_>) {
        self.looks = self.looks.wrapping_add(1);
        let ask = !self.zoned && self.looks.is_multiple_of(ASK);
        let now = host_std::probe::ticks();
        let mut processes_ended = Vec::new();
        for (index, slot) in taken(book) {
            let ended = slot.get(Word::Ended) != 0;
            if ended && slot.get(Word::Last) != 0 {
                processes_ended.push(ids(&slot).0);
            }
            // Some of the last moments before an exit are not in the slot yet: they are the host's.
            if ended || ask && !is_alive(ids(&slot).1) {
                self.take(book, index, &slot, now);
            }
        }
        if !processes_ended.is_empty() {
            for (index, slot) in taken(book) {
                if processes_ended.contains(&ids(&slot).0) {
                    self.take(book, index, &slot, now);
                }
            }
        }
    }

    fn take(&mut self, book: &Book<'_>, index: usize, slot: &Slot<'_>, now: u64) {
        let mut process = Process::of(slot, now);
        let mut pid = ids(slot).0;
        if self.done.len() >= MOST && !self.done.contains_key(&pid) {
            pid = OTHERS;
            "(others)".clone_into(&mut process.name);
        }
        self.done.entry(pid).or_default().add(&process);
        book.free_slot(index);
    }

    /// Takes up everything.
    pub(crate) fn finish(&mut self, book: &Book<'_>) {
        let now = host_std::probe::ticks();
        for (index, slot) in taken(book) {
            self.take(book, index, &slot, now);
        }
    }

    /// Whether a thread that was counted is still running. All of a zone ended with its first process.
    pub(crate) fn is_anyone_left(&self, books: &[Arc<Mapped>]) -> bool {
        let anyone = |mapped: &Arc<Mapped>| {
            let book = mapped.book();
            taken(&book).any(|(_, slot)| is_alive(ids(&slot).1))
        };
        !self.zoned && books.iter().any(anyone)
    }

    /// What there is to show now.
    pub(crate) fn figures(
        &self,
        books: &[Arc<Mapped>],
        clock: &Clock,
        command: &[OsString],
    ) -> Figures {
        let now = host_std::probe::ticks();
        let mut processes = self.done.clone();
        let mut lost = 0u64;
        for mapped in books {
            let book = mapped.book();
            for (_, slot) in taken(&book) {
                let process = processes.entry(ids(&slot).0).or_default();
                process.add(&Process::of(&slot, now));
            }
            lost = lost.saturating_add(book.lost().load(Ordering::Relaxed));
        }
        Figures::new(&processes, clock, command, lost)
    }
}

/// The slots that somebody has.
fn taken<'a>(book: &Book<'a>) -> impl Iterator<Item = (usize, Slot<'a>)> {
    let book = *book;
    let directory = book.directory().iter().enumerate();
    directory
        .filter(|(_, holder)| holder.load(Ordering::Acquire) != 0)
        .filter_map(move |(index, _)| Some((index, book.slot(index)?)))
        .filter(|(_, slot)| slot.get(Word::Ids) != 0)
}

/// The numbers of process and thread.
fn ids(slot: &Slot<'_>) -> (u32, u32) {
    let ids = slot.get(Word::Ids);
    let half = |half: u64| u32::try_from(half & 0xffff_ffff).unwrap_or(0);
    (half(ids >> 32), half(ids))
}

fn is_alive(tid: u32) -> bool {
    // Of a number that means a group or all processes nothing is asked.
    let pid = i32::try_from(tid).ok().filter(|&pid| pid > 0);
    pid.is_some_and(|pid| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH))
}

#[cfg(test)]
mod tests {
    use super::Call;

    #[test]
    fn quantiles_come_from_the_buckets() {
        let mut call = Call::default();
        for (ticks, count) in [(100, 90), (1000, 9), (100_000, 1)] {
            call.buckets.insert(observe::tally::bucket(ticks), count);
            call.count += count;
            call.longest = ticks;
        }
        let near = |found: u64, ticks: u64| found.abs_diff(ticks) <= ticks / 8;
        assert!(near(call.quantile(0.5), 100));
        assert!(near(call.quantile(0.99), 1000));
        assert!(near(call.quantile(1.0), 100_000));
        assert_eq!(Call::default().quantile(0.5), 0);
    }
}

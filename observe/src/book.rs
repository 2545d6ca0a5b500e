//! The layout of the book, in words of 8 bytes:
//!
//! | from | what |
//! | --- | --- |
//! | [`HEADER`] | what the reader wants, and where the ring is |
//! | [`DIRECTORY`] | who holds which slot |
//! | [`CALLS`] | what is wanted of each call |
//! | [`RULES`] | what is done to calls |
//! | [`SLOTS_FROM`] | the slots, one for each thread that made a call |
//! | behind them | the ring |

use core::sync::atomic::{AtomicU64, Ordering};

use abi::nr::LIMIT;

/// Says that the file is a book, and of which form.
pub const MAGIC: u64 = 0x6c78_6f62_7365_0001;

/// Where the header is.
pub const HEADER: usize = 0;
/// Where it stands who holds which slot.
pub const DIRECTORY: usize = 512;
/// Where it stands what is wanted of each call.
pub const CALLS: usize = DIRECTORY + SLOTS;
/// Where it stands what is done to calls.
pub const RULES: usize = CALLS + LIMIT;
/// Where the slots begin.
pub const SLOTS_FROM: usize = RULES + RULE_WORDS * MOST_RULES;
/// Words of a rule.
const RULE_WORDS: usize = 16;
/// How many rules there can be.
pub const MOST_RULES: usize = 32;

/// How many threads can be observed at once.
pub const SLOTS: usize = 1024;
/// Words of a slot: 256 KiB, of which a thread touches as much as it makes different calls.
pub const SLOT_WORDS: usize = 32 << 10;
/// Where the ring begins.
pub const RING_FROM: usize = SLOTS_FROM + SLOTS * SLOT_WORDS;

/// Words of the header.
mod at {
    pub(super) const WANTED: usize = 1;
    pub(super) const RING_WORDS: usize = 2;
    pub(super) const STRING_LIMIT: usize = 3;
    pub(super) const NEXT: usize = 8;
    pub(super) const LOST: usize = 9;
    pub(super) const GONE: usize = 10;
    pub(super) const ROOT: usize = 11;
    pub(super) const DROPPED: usize = 12;
    /// Written by those who put records into the ring.
    pub(super) const HEAD: usize = 16;
    /// Written by the reader.
    pub(super) const TAIL: usize = 24;
    pub(super) const BEAT: usize = 32;
}

/// What the reader wants of all calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// How often and how long.
    pub tally: bool,
    /// Records of the calls that [`Book::call`] marks.
    pub records: bool,
    /// Each with the stack of its caller.
    pub stacks: bool,
    /// Each with the paths of its descriptors.
    pub paths: bool,
    /// Not of the first thread alone.
    pub follow: bool,
}

impl Wanted {
    const fn word(self) -> u64 {
        self.tally as u64
            | (self.records as u64) << 1
            | (self.stacks as u64) << 2
            | (self.paths as u64) << 3
            | (self.follow as u64) << 4
    }

    const fn of(word: u64) -> Self {
        Self {
            tally: word & 1 != 0,
            records: word & 2 != 0,
            stacks: word & 4 != 0,
            paths: word & 8 != 0,
            follow: word & 16 != 0,
        }
    }
}

/// A book.
#[derive(Clone, Copy, Debug)]
pub struct Book<'a> {
    words: &'a [AtomicU64],
}

/// How many words a book has whose ring has `ring` words.
#[must_use]
pub const fn words(ring: usize) -> usize {
    RING_FROM + ring
}

fn narrow(word: u64) -> usize {
    usize::try_from(word).unwrap_or(usize::MAX)
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl<'a> Book<'a> {
    /// The book in `words`, if there is one.
    #[must_use]
    pub fn open(words: &'a [AtomicU64]) -> Option<Self> {
        let book = Self { words };
        let ring = narrow(book.header(at::RING_WORDS).load(Ordering::Relaxed));
        let whole = words.len() >= RING_FROM
            && words.len() - RING_FROM >= ring
            && (ring == 0 || ring.is_power_of_two());
        (whole && words.first()?.load(Ordering::Acquire) == MAGIC).then_some(book)
    }

    /// The book in `words`, whatever its head says by now. What is not there is not found.
    #[must_use]
    pub const fn unchecked(words: &'a [AtomicU64]) -> Self {
        Self { words }
    }

    /// Makes a book of `words`, at least [`words`] of `ring`, a power of two or 0. What stands there is zero,
    /// or was left by another reader, whose threads keep their slots from `now` on; the ring is zero. `note` writes
    /// what else is to be there before anybody finds it.
    #[must_use]
    pub fn make(
        words: &'a [AtomicU64],
        wanted: Wanted,
        ring: usize,
        string_limit: usize,
        now: u64,
        note: impl FnOnce(&Self),
    ) -> Option<Self> {
        let book = Self::unchecked(words);
        book.gone().store(1, Ordering::Relaxed);
        let settings = words.get(HEADER..DIRECTORY)?.iter().skip(at::WANTED);
        for word in settings.chain(words.get(CALLS..SLOTS_FROM)?) {
            if !core::ptr::eq(word, book.gone()) {
                word.store(0, Ordering::Relaxed);
            }
        }
        for (holder, slot) in book
            .directory()
            .iter()
            .zip((0..).map_while(|at| book.slot(at)))
        {
            if holder.load(Ordering::Relaxed) != 0 {
                slot.begin_again(now);
            }
        }
        for (word, value) in [
            (at::WANTED, wanted.word()),
            (at::RING_WORDS, wide(ring)),
            (at::STRING_LIMIT, wide(string_limit)),
        ] {
            book.header(word).store(value, Ordering::Relaxed);
        }
        note(&book);
        words.first()?.store(MAGIC, Ordering::Relaxed);
        book.gone().store(0, Ordering::Release);
        Self::open(words)
    }

    /// A word of the header, or (never) another.
    fn header(&self, index: usize) -> &'a AtomicU64 {
        static NONE: AtomicU64 = AtomicU64::new(0);
        self.words.get(HEADER + index).unwrap_or(&NONE)
    }

    /// What the reader wants.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted::of(self.header(at::WANTED).load(Ordering::Relaxed))
    }

    /// How many bytes of a string go into a record at most, paths and names excepted.
    #[must_use]
    pub fn string_limit(&self) -> usize {
        narrow(self.header(at::STRING_LIMIT).load(Ordering::Relaxed))
    }

    /// The ring's words; none when no records are wanted.
    #[must_use]
    pub fn ring(&self) -> &'a [AtomicU64] {
        let len = narrow(self.header(at::RING_WORDS).load(Ordering::Relaxed));
        self.words
            .get(RING_FROM..RING_FROM.saturating_add(len))
            .unwrap_or_default()
    }

    /// How far records have been begun.
    #[must_use]
    pub fn head(&self) -> &'a AtomicU64 {
        self.header(at::HEAD)
    }

    /// How far they have been read.
    #[must_use]
    pub fn tail(&self) -> &'a AtomicU64 {
        self.header(at::TAIL)
    }

    /// Threads that found no slot.
    #[must_use]
    pub fn lost(&self) -> &'a AtomicU64 {
        self.header(at::LOST)
    }

    /// Not 0: the reader is gone, or wants no more.
    #[must_use]
    pub fn gone(&self) -> &'a AtomicU64 {
        self.header(at::GONE)
    }

    /// The first thread's number, once it is known.
    #[must_use]
    pub fn root(&self) -> &'a AtomicU64 {
        self.header(at::ROOT)
    }

    /// Records that could not be put into the ring.
    #[must_use]
    pub fn dropped(&self) -> &'a AtomicU64 {
        self.header(at::DROPPED)
    }

    /// When the reader was last known to live, in ticks.
    #[must_use]
    pub fn beat(&self) -> &'a AtomicU64 {
        self.header(at::BEAT)
    }

    fn rule(&self, index: usize) -> Option<&'a [AtomicU64]> {
        if index >= MOST_RULES {
            return None;
        }
        let from = RULES + index * RULE_WORDS;
        self.words.get(from..from + RULE_WORDS)
    }

    /// What rule `index` does.
    #[must_use]
    pub fn injection(&self, index: usize) -> Option<Injection> {
        let [
            has_result,
            result,
            before,
            after,
            signal,
            first,
            last,
            step,
            ..,
        ] = self.rule(index)?
        else {
            return None;
        };
        let get = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Some(Injection {
            result: (get(has_result) != 0).then_some(get(result)),
            delay_before: get(before),
            delay_after: get(after),
            signal: get(signal),
            first: get(first),
            last: get(last),
            step: get(step),
        })
    }

    /// Writes rule `index`.
    pub fn set_injection(&self, index: usize, rule: &Injection) {
        let values = [
            u64::from(rule.result.is_some()),
            rule.result.unwrap_or(0),
            rule.delay_before,
            rule.delay_after,
            rule.signal,
            rule.first,
            rule.last,
            rule.step,
        ];
        for (word, value) in self.rule(index).into_iter().flatten().zip(values) {
            word.store(value, Ordering::Relaxed);
        }
    }

    /// What is wanted of call `nr`: bit 0, records; from bit 8 on, a rule and 1.
    #[must_use]
    pub fn call(&self, nr: usize) -> Option<&'a AtomicU64> {
        self.words.get(CALLS..CALLS + LIMIT)?.get(nr)
    }

    /// Who holds each slot: 0 for nobody.
    #[must_use]
    pub fn directory(&self) -> &'a [AtomicU64] {
        self.words
            .get(DIRECTORY..DIRECTORY + SLOTS)
            .unwrap_or_default()
    }

    /// Slot `index`.
    #[must_use]
    pub fn slot(&self, index: usize) -> Option<Slot<'a>> {
        let from = SLOTS_FROM + index.checked_mul(SLOT_WORDS)?;
        let words = self.words.get(from..from + SLOT_WORDS)?;
        (index < SLOTS).then_some(Slot { words })
    }

    /// Takes a free slot for the thread, and says in it who it is.
    #[must_use]
    pub fn take_slot(&self, pid: u32, tid: u32, now: u64) -> Option<(usize, Slot<'a>)> {
        let first = narrow(self.header(at::NEXT).fetch_add(1, Ordering::Relaxed)) % SLOTS;
        let directory = self.directory();
        let found = (first..SLOTS).chain(0..first).find(|&index| {
            directory.get(index).is_some_and(|holder| {
                holder
                    .compare_exchange(
                        0,
                        u64::from(tid.max(1)),
                        Ordering::AcqRel,
                        Ordering::Relaxed,
                    )
                    .is_ok()
            })
        });
        let Some(index) = found else {
            self.lost().fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let slot = self.slot(index)?;
        slot.set(Word::Cells, 0);
        slot.set(Word::Ended, 0);
        slot.set(Word::Doing, 0);
        slot.set(Word::Host, 0);
        slot.set(Word::Trapped, 0);
        slot.set(Word::Patched, 0);
        slot.set(Word::Brand, 0);
        slot.set(Word::Staged, 0);
        slot.set(Word::Ids, u64::from(pid) << 32 | u64::from(tid));
        slot.set(Word::Started, now);
        Some((index, slot))
    }

    /// Gives a slot back, whose thread is gone: the reader alone does that.
    pub fn free_slot(&self, index: usize) {
        if let Some(slot) = self.slot(index) {
            // Zero again, as the next thread expects its cells to be.
            slot.clear();
        }
        if let Some(holder) = self.directory().get(index) {
            holder.store(0, Ordering::Release);
        }
    }
}

/// Words at the head of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The process's number in the upper half, the thread's in the lower; 0 while it is being taken.
    Ids,
    /// When the thread was first seen, in ticks.
    Started,
    /// When it ended; 0 while it runs.
    Ended,
    /// The call that is being served, plus 1.
    Doing,
    /// Since when.
    Since,
    /// Ticks in host calls.
    Host,
    /// Ticks in the brand besides.
    Brand,
    /// How many cells are in use.
    Cells,
    /// Calls that trapped.
    Trapped,
    /// Sites of the process that are rewritten, in the lower half; that stay trapped, in the upper.
    Patched,
    /// The first half of the program's name.
    Name,
    /// The second.
    NameEnd,
    /// Bit 0: the whole process ended with this thread.
    Last,
    /// Words of the record that waits for the end of an exec.
    Staged,
}

/// Where a thread counts the calls that rules are about.
const COUNTS: usize = 16;

/// What is done to a call (`lx trace -e inject`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Injection {
    /// The call is not made; this is in rax.
    pub result: Option<u64>,
    /// Nanoseconds to wait before it.
    pub delay_before: u64,
    /// And after it.
    pub delay_after: u64,
    /// The signal to send after it, or 0.
    pub signal: u64,
    /// The first call of a thread that this is done to, from 1.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// How many calls the next is behind one that this is done to; 0 for no next.
    pub step: u64,
}

impl Injection {
    /// Whether it is done to a thread's call of that number.
    #[must_use]
    pub const fn is_due(&self, number: u64) -> bool {
        if number < self.first || number > self.last {
            return false;
        }
        match (number - self.first).checked_rem(self.step) {
            None => number == self.first,
            Some(rest) => rest == 0,
        }
    }
}

impl Word {
    /// Where it is in the slot.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A slot.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a> {
    words: &'a [AtomicU64],
}

impl<'a> Slot<'a> {
    /// All its words.
    #[must_use]
    pub fn words(&self) -> &'a [AtomicU64] {
        self.words
    }

    /// Reads a word.
    #[must_use]
    pub fn get(&self, word: Word) -> u64 {
        self.words
            .get(word.index())
            .map_or(0, |at| at.load(Ordering::Acquire))
    }

    /// Writes a word.
    pub fn set(&self, word: Word, value: u64) {
        if let Some(at) = self.words.get(word.index()) {
            at.store(value, Ordering::Release);
        }
    }

    /// Counts a call that rule `index` is about; how many there were before.
    #[must_use]
    pub fn count_rule(&self, index: usize) -> Option<u64> {
        let word = self.words.get(COUNTS..COUNTS + MOST_RULES)?.get(index)?;
        let before = word.load(Ordering::Relaxed);
        word.store(before.wrapping_add(1), Ordering::Relaxed);
        Some(before)
    }

    /// Adds to a word that this thread alone writes.
    pub fn add(&self, word: Word, value: u64) {
        self.set(word, self.get(word).wrapping_add(value));
    }

    /// Forgets what was counted, but not what is counted where.
    fn begin_again(&self, now: u64) {
        for word in [Word::Host, Word::Brand, Word::Trapped] {
            self.set(word, 0);
        }
        self.set(Word::Started, now);
        for count in self.words.iter().skip(COUNTS).take(MOST_RULES) {
            count.store(0, Ordering::Relaxed);
        }
        for cell in self.cells() {
            cell.begin_again();
        }
    }

    fn clear(&self) {
        let used = crate::tally::used_words(self.get(Word::Cells));
        for word in self.words.iter().take(used) {
            word.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Book, SLOTS, Wanted, Word, words};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::vec::Vec;

    fn space(ring: usize) -> Vec<AtomicU64> {
        (0..words(ring)).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn a_book_is_known_by_its_head() {
        let space = space(64);
        assert!(Book::open(&space).is_none());
        let wanted = Wanted {
            tally: true,
            records: true,
            stacks: false,
            paths: true,
            follow: false,
        };
        let book = Book::make(&space, wanted, 64, 32, 0, |_| ()).expect("there is room");
        assert_eq!(book.wanted(), wanted);
        assert_eq!((book.ring().len(), book.string_limit()), (64, 32));
        assert!(Book::open(&space[..100]).is_none());
        assert!(Book::make(&space, wanted, 128, 32, 0, |_| ()).is_none());
        assert!(Book::make(&space, wanted, 63, 32, 0, |_| ()).is_none());
    }

    #[test]
    fn slots_are_taken_and_given_back() {
        let space = space(0);
        let book = Book::make(&space, Wanted::default(), 0, 0, 0, |_| ()).expect("there is room");
        let (first, slot) = book.take_slot(7, 8, 99).expect("one is free");
        assert_eq!(slot.get(Word::Ids), 7 << 32 | 8);
        for tid in 1..SLOTS {
            let tid = u32::try_from(tid).expect("it is small");
            assert_ne!(book.take_slot(1, tid, 0).expect("one is free").0, first);
        }
        assert!(book.take_slot(1, 1, 0).is_none());
        assert_eq!(book.lost().load(Ordering::Relaxed), 1);
        book.free_slot(first);
        assert_eq!(book.take_slot(9, 9, 0).expect("one is free").0, first);
    }
}

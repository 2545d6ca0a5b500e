//! Counts and times of calls: a *cell* for each call that a thread made, with a log-linear histogram
//! of how long it took. One thread writes a cell, the reader reads it, and nobody waits.
//!
//! entry.S writes cells too; `host::observe` tells it the offsets.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::book::{SLOT_WORDS, Slot, Word};

/// Words of a slot before its cells.
pub const CELLS_FROM: usize = 64;
/// Words of a cell.
pub const CELL_WORDS: usize = 192;
/// How many cells a slot has. The last stands for all calls that come when the others are taken.
pub const CELLS: usize = 160;
const _: () = assert!(CELLS_FROM + CELLS * CELL_WORDS < SLOT_WORDS);
/// Where the histogram begins in a cell, two counts of 32 bits in each word.
pub const HISTOGRAM: usize = 8;
/// How many counts it has.
pub const BUCKETS: usize = 2 * (CELL_WORDS - HISTOGRAM);

/// Binary digits of a duration that a bucket tells apart, behind the first: buckets are an eighth
/// apart, so that their middle is wrong by a sixteenth at most.
const DIGITS: u32 = 3;
/// Longer durations count as this long: 2^48 ticks, a day.
const LONGEST: u64 = (1 << 48) - 1;

/// The number of the call whose cell is the last one.
pub const OTHERS: u64 = u64::MAX;

/// Words of a cell before the histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Calls.
    Count,
    /// Those of them that failed.
    Errors,
    /// Ticks that all of them took.
    Total,
    /// Ticks that the longest took.
    Longest,
    /// Ticks of the total that were not the host's.
    Brand,
    /// The call's number.
    Call,
}

impl Field {
    /// Where it is in a cell.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How many words of a slot are in use with so many cells.
pub(crate) fn used_words(cells: u64) -> usize {
    let cells = usize::try_from(cells).unwrap_or(CELLS).min(CELLS);
    CELLS_FROM + cells * CELL_WORDS
}

/// The bucket of a duration.
#[must_use]
pub fn bucket(ticks: u64) -> usize {
    let ticks = ticks.clamp(1 << DIGITS, LONGEST);
    let shift = ticks.ilog2() - DIGITS;
    let index = u64::from(shift << DIGITS) + (ticks >> shift);
    usize::try_from(index).unwrap_or(0)
}

/// The durations that go into a bucket: the first, and how many.
#[must_use]
pub fn bounds(bucket: usize) -> (u64, u64) {
    let index = u64::try_from(bucket).unwrap_or(0);
    let lowest = 1u64 << DIGITS;
    if index < lowest {
        return (index, 1);
    }
    let shift = (index >> DIGITS) - 1;
    let mantissa = lowest + (index & (lowest - 1));
    (mantissa << shift, 1 << shift)
}

/// A cell.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    words: &'a [AtomicU64],
}

impl<'a> Cell<'a> {
    /// The cell that has these words.
    #[must_use]
    pub const fn of(words: &'a [AtomicU64]) -> Self {
        Self { words }
    }

    /// All its words.
    #[must_use]
    pub fn words(&self) -> &'a [AtomicU64] {
        self.words
    }

    /// Reads a field.
    #[must_use]
    pub fn get(&self, field: Field) -> u64 {
        self.words
            .get(field.index())
            .map_or(0, |at| at.load(Ordering::Relaxed))
    }

    fn set(&self, field: Field, value: u64) {
        if let Some(at) = self.words.get(field.index()) {
            at.store(value, Ordering::Relaxed);
        }
    }

    /// Counts a call that took `ticks`, of which `brand` were not the host's.
    pub fn count(&self, ticks: u64, brand: u64, failed: bool) {
        let add = |field, value: u64| self.set(field, self.get(field).wrapping_add(value));
        add(Field::Count, 1);
        add(Field::Errors, u64::from(failed));
        add(Field::Total, ticks);
        add(Field::Brand, brand);
        if ticks > self.get(Field::Longest) {
            self.set(Field::Longest, ticks);
        }
        let bucket = bucket(ticks);
        if let Some(pair) = self.words.get(HISTOGRAM + bucket / 2) {
            let one = 1u64 << (32 * (bucket % 2));
            pair.store(
                pair.load(Ordering::Relaxed).wrapping_add(one),
                Ordering::Relaxed,
            );
        }
    }

    /// Forgets what was counted.
    pub(crate) fn begin_again(&self) {
        let call = self.get(Field::Call);
        for word in self.words {
            word.store(0, Ordering::Relaxed);
        }
        self.set(Field::Call, call);
    }

    /// How many calls fell into each bucket, where any did.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> + use<'a> {
        let pairs = self.words.get(HISTOGRAM..).unwrap_or_default();
        pairs.iter().enumerate().flat_map(|(index, pair)| {
            let pair = pair.load(Ordering::Relaxed);
            let both = [(2 * index, pair & 0xffff_ffff), (2 * index + 1, pair >> 32)];
            both.into_iter().filter(|&(_, count)| count > 0)
        })
    }
}

impl<'a> Slot<'a> {
    fn cell(&self, index: usize) -> Option<Cell<'a>> {
        let from = CELLS_FROM + index.checked_mul(CELL_WORDS)?;
        let words = self.words().get(from..from + CELL_WORDS)?;
        Some(Cell { words })
    }

    /// The cells in use.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'a>> + use<'a> {
        let slot = *self;
        let used = usize::try_from(self.get(Word::Cells)).unwrap_or(CELLS);
        (0..used.min(CELLS)).filter_map(move |index| slot.cell(index))
    }

    /// The thread's cell for call `nr`; the first time, the next free one.
    #[must_use]
    pub fn cell_of(&self, nr: usize) -> Option<Cell<'a>> {
        let call = u64::try_from(nr).unwrap_or(OTHERS);
        let mut cells = self.cells();
        if let Some(found) = cells.find(|cell| cell.get(Field::Call) == call) {
            return Some(found);
        }
        let used = self.cells().count();
        let index = used.min(CELLS - 1);
        let cell = self.cell(index)?;
        if used < CELLS {
            cell.set(Field::Call, if index == CELLS - 1 { OTHERS } else { call });
            self.set(Word::Cells, u64::try_from(used + 1).unwrap_or(0));
        }
        Some(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, CELLS, Field, LONGEST, OTHERS, bounds, bucket};
    use crate::book::{Book, Wanted, words};
    use std::sync::atomic::AtomicU64;
    use std::vec::Vec;

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        let mut expected = 8;
        for index in 8..BUCKETS {
            let (first, count) = bounds(index);
            assert_eq!(first, expected, "{index}");
            assert_eq!(bucket(first), index);
            assert_eq!(bucket(first + count - 1), index);
            expected = first + count;
        }
        assert_eq!(expected, LONGEST + 1);
        assert_eq!(bucket(0), 8);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_thread_counts_in_its_own_cells() {
        let space: Vec<_> = (0..words(0)).map(|_| AtomicU64::new(0)).collect();
        let book = Book::make(&space, Wanted::default(), 0, 0, 0, |_| ()).expect("there is room");
        let (_, slot) = book.take_slot(1, 1, 0).expect("one is free");
        for ticks in [100, 100, 5000] {
            slot.cell_of(3)
                .expect("there is room")
                .count(ticks, 10, ticks > 1000);
        }
        let cell = slot.cells().next().expect("it is there");
        let fields = [
            Field::Call,
            Field::Count,
            Field::Errors,
            Field::Total,
            Field::Longest,
        ];
        assert_eq!(fields.map(|field| cell.get(field)), [3, 3, 1, 5200, 5000]);
        let buckets: Vec<_> = cell.buckets().collect();
        assert_eq!(buckets, [(bucket(100), 2), (bucket(5000), 1)]);
        for nr in 0..512 {
            slot.cell_of(nr).expect("there is room").count(1, 0, false);
        }
        assert_eq!(slot.cells().count(), CELLS);
        let last = slot.cells().last().expect("there are some");
        assert_eq!(last.get(Field::Call), OTHERS);
        let others = 512 - (u64::try_from(CELLS).expect("it is small") - 1);
        assert_eq!(last.get(Field::Count), others);
    }
}

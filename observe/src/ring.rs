//! The ring of records: many threads of many processes put records in, the reader takes them out.
//!
//! A place is reserved by moving the head; a record's first word is written last, and says that the
//! others are there. The reader clears what it has read, and moves the tail. A thread that is killed
//! between the two leaves a gap, which the reader steps over.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::book::Book;

/// The longest record, in words.
pub const LONGEST: usize = 4096;

/// A ring, as those who write and read see it.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    words: &'a [AtomicU64],
    head: &'a AtomicU64,
    tail: &'a AtomicU64,
}

/// What is at the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Empty,
    /// A record that is being written.
    Unfinished,
    /// A record of so many words, the first of them included.
    Record(usize),
    /// Nothing that is a record.
    Broken,
}

fn narrow(word: u64) -> usize {
    usize::try_from(word).unwrap_or(usize::MAX)
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The first word of a record of `len` words at `position`; never 0.
fn first_word(position: u64, len: usize) -> u64 {
    let mixed = position.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    (mixed | 1) << 16 | wide(len)
}

impl<'a> Ring<'a> {
    /// The ring of a book; `None` when it has none.
    #[must_use]
    pub fn of(book: &Book<'a>) -> Option<Self> {
        let words = book.ring();
        (!words.is_empty()).then(|| Self {
            words,
            head: book.head(),
            tail: book.tail(),
        })
    }

    fn at(&self, position: u64) -> Option<&'a AtomicU64> {
        let mask = wide(self.words.len()).wrapping_sub(1);
        self.words.get(narrow(position & mask))
    }

    /// Puts a record in. `None` when there is no room now.
    #[must_use]
    pub fn put(&self, record: &[AtomicU64]) -> Option<()> {
        let len = record.len() + 1;
        if len > LONGEST || len > self.words.len() {
            return Some(());
        }
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let used = head.wrapping_sub(self.tail.load(Ordering::Acquire));
            if used.saturating_add(wide(len)) > wide(self.words.len()) {
                return None;
            }
            let next = head.wrapping_add(wide(len));
            match self
                .head
                .compare_exchange_weak(head, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        for (position, word) in (head.wrapping_add(1)..).zip(record) {
            self.at(position)?
                .store(word.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.at(head)?
            .store(first_word(head, len), Ordering::Release);
        Some(())
    }

    /// What there is to read.
    #[must_use]
    pub fn next(&self) -> Next {
        let tail = self.tail.load(Ordering::Relaxed);
        if self.head.load(Ordering::Acquire) == tail {
            return Next::Empty;
        }
        let Some(first) = self.at(tail).map(|word| word.load(Ordering::Acquire)) else {
            return Next::Empty;
        };
        let len = narrow(first & 0xffff);
        if first == 0 {
            Next::Unfinished
        } else if first == first_word(tail, len) && (1..=LONGEST).contains(&len) {
            Next::Record(len)
        } else {
            Next::Broken
        }
    }

    /// Takes the record of `len` words out, without its first; `into` is overwritten.
    pub fn take(&self, len: usize, into: &mut alloc::vec::Vec<u64>) {
        let tail = self.tail.load(Ordering::Relaxed);
        into.clear();
        for offset in 0..wide(len) {
            if let Some(word) = self.at(tail.wrapping_add(offset)) {
                let value = word.load(Ordering::Relaxed);
                word.store(0, Ordering::Relaxed);
                if offset > 0 {
                    into.push(value);
                }
            }
        }
        self.tail
            .store(tail.wrapping_add(wide(len)), Ordering::Release);
    }

    /// Steps over a word that begins no record.
    pub fn skip(&self) {
        let tail = self.tail.load(Ordering::Relaxed);
        if let Some(word) = self.at(tail) {
            word.store(0, Ordering::Relaxed);
        }
        self.tail.store(tail.wrapping_add(1), Ordering::Release);
    }

    /// How full it is, in words.
    #[must_use]
    pub fn used(&self) -> usize {
        let used = self
            .head
            .load(Ordering::Relaxed)
            .wrapping_sub(self.tail.load(Ordering::Relaxed));
        narrow(used)
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, Ring};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::vec;
    use std::vec::Vec;

    struct Space {
        words: Vec<AtomicU64>,
        head: AtomicU64,
        tail: AtomicU64,
    }

    impl Space {
        fn new() -> Self {
            Self {
                words: (0..256).map(|_| AtomicU64::new(0)).collect(),
                head: AtomicU64::new(0),
                tail: AtomicU64::new(0),
            }
        }

        fn ring(&self) -> Ring<'_> {
            Ring {
                words: &self.words,
                head: &self.head,
                tail: &self.tail,
            }
        }
    }

    fn record(values: &[u64]) -> Vec<AtomicU64> {
        values.iter().map(|&value| AtomicU64::new(value)).collect()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let space = Space::new();
        let ring = space.ring();
        let mut into = vec![];
        for round in 0..1000 {
            assert_eq!(ring.next(), Next::Empty);
            ring.put(&record(&[round, 0, round + 1]))
                .expect("there is room");
            assert_eq!(ring.next(), Next::Record(4));
            ring.take(4, &mut into);
            assert_eq!(into, [round, 0, round + 1]);
        }
        while ring.put(&record(&[1; 9])).is_some() {}
        assert_eq!(ring.used(), 250);
    }

    #[test]
    fn what_is_broken_is_stepped_over() {
        let space = Space::new();
        let ring = space.ring();
        // Reserved, and never written.
        space.head.store(5, Ordering::Relaxed);
        ring.put(&record(&[7])).expect("there is room");
        assert_eq!(ring.next(), Next::Unfinished);
        for _ in 0..5 {
            ring.skip();
        }
        assert_eq!(ring.next(), Next::Record(2));
        space.words[5].store(99, Ordering::Relaxed);
        assert_eq!(ring.next(), Next::Broken);
    }

    #[test]
    fn many_write_and_one_reads() {
        let space = Space::new();
        let mut last = [0u64; 3];
        thread::scope(|scope| {
            for writer in 0..3u64 {
                let ring = space.ring();
                scope.spawn(move || {
                    for value in 1..=5000u64 {
                        let len = usize::try_from(value % 7).expect("it is small") + 2;
                        let mut words = vec![writer; len];
                        words[0] = value;
                        let words = record(&words);
                        while ring.put(&words).is_none() {
                            thread::yield_now();
                        }
                    }
                });
            }
            let (ring, mut into, mut seen) = (space.ring(), vec![], 0);
            while seen < 15_000 {
                match ring.next() {
                    Next::Record(len) => {
                        ring.take(len, &mut into);
                        let writer = usize::try_from(into[1]).expect("it is small");
                        assert!(into[1..].iter().all(|&word| word == into[1]));
                        assert_eq!(into[0], last[writer] + 1);
                        last[writer] += 1;
                        seen += 1;
                    }
                    Next::Broken => panic!("nothing is broken"),
                    _ => thread::yield_now(),
                }
            }
        });
        assert_eq!(last, [5000; 3]);
    }
}

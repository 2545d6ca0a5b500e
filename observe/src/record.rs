//! A record of a call or a signal, in words: how the brand writes it, and how the reader finds what is
//! in it.
//!
//! | word | of a call | of a signal |
//! | --- | --- | --- |
//! | 0 | kind, flags, number of the call | kind |
//! | 1 | process and thread | the same |
//! | 2 | when it began, in ticks | when it was delivered |
//! | 3 | ticks that it took | |
//! | 4 | the result | |
//! | 5 to 10 | the arguments | |
//!
//! Behind that come *pieces* of the guest's memory: a word that says what it is, and its bytes.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::book::SLOT_WORDS;

/// Words before the pieces.
pub const HEAD: usize = 11;

/// The place in a slot where its thread puts a record together.
pub const STAGE_FROM: usize =
    crate::tally::CELLS_FROM + crate::tally::CELLS * crate::tally::CELL_WORDS;
/// Its length, in words.
pub const STAGE_WORDS: usize = SLOT_WORDS - STAGE_FROM;

const _: () = assert!(STAGE_WORDS >= 1024 && STAGE_WORDS < crate::ring::LONGEST);

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call that has come back.
    Call,
    /// A call that does not come back.
    Last,
    /// A signal that goes to the guest's handler.
    Signal,
}

/// In the first word: the call was not made, its result is another.
pub const INJECTED: u64 = 1 << 40;
/// The call is made again after a signal's handler.
pub const RESTARTED: u64 = 1 << 41;

/// Which argument a piece belongs to, when it is none of the six.
pub const RESULT: u8 = 6;
/// The piece is a row of addresses: where the call was made, and its callers.
pub const STACK: u8 = 7;

/// The pieces are what a message is made of (`struct msghdr`).
pub const MESSAGE_PARTS: u8 = 8;

/// What a piece is of its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What was there before the call.
    Before,
    /// What was there after it.
    After,
    /// The path of the descriptor.
    Path,
    /// An element of what the argument leads to, by its number.
    Element(u8),
    /// How many elements there are.
    Count,
}

const ELEMENTS: u8 = 16;

impl Part {
    const fn byte(self) -> u8 {
        match self {
            Self::Before => 0,
            Self::After => 1,
            Self::Path => 2,
            Self::Count => 3,
            Self::Element(number) => ELEMENTS.saturating_add(number),
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Before),
            1 => Some(Self::After),
            2 => Some(Self::Path),
            3 => Some(Self::Count),
            ELEMENTS.. => Some(Self::Element(byte - ELEMENTS)),
            _ => None,
        }
    }
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is whole.
    Whole,
    /// There is more in the guest's memory.
    Cut,
    /// The memory cannot be read.
    Fault,
}

/// A record that is being put together.
#[derive(Debug)]
pub struct Stage<'a> {
    words: &'a [AtomicU64],
    used: usize,
}

impl<'a> Stage<'a> {
    /// An empty one in `words`.
    #[must_use]
    pub const fn new(words: &'a [AtomicU64]) -> Self {
        Self { words, used: HEAD }
    }

    /// Writes a word of the head.
    pub fn set(&self, index: usize, value: u64) {
        if let Some(word) = self.words.get(index) {
            word.store(value, Ordering::Relaxed);
        }
    }

    /// Adds a piece, unless there is no room.
    pub fn piece(&mut self, argument: u8, part: Part, state: State, bytes: &[u8]) {
        let words = bytes.len().div_ceil(8);
        let Some(room) = self.words.get(self.used..self.used + 1 + words) else {
            return;
        };
        let len = u32::try_from(bytes.len()).unwrap_or(0);
        let state = match state {
            State::Whole => 0,
            State::Cut => 1,
            State::Fault => 2,
        };
        let head =
            u64::from(len) << 32 | state << 16 | u64::from(part.byte()) << 8 | u64::from(argument);
        let mut rest = room.iter();
        if let Some(first) = rest.next() {
            first.store(head, Ordering::Relaxed);
        }
        for (to, from) in rest.zip(bytes.chunks(8)) {
            let mut word = [0u8; 8];
            for (to, from) in word.iter_mut().zip(from) {
                *to = *from;
            }
            to.store(u64::from_le_bytes(word), Ordering::Relaxed);
        }
        self.used += 1 + words;
    }

    /// The words so far.
    #[must_use]
    pub fn words(&self) -> &'a [AtomicU64] {
        self.words.get(..self.used).unwrap_or_default()
    }
}

/// The first word of a record.
#[must_use]
pub fn first(kind: Kind, flags: u64, number: usize) -> u64 {
    let kind = match kind {
        Kind::Call => 1u64,
        Kind::Last => 2,
        Kind::Signal => 3,
    };
    kind << 48 | flags | u64::try_from(number).unwrap_or(u64::MAX) & 0xffff_ffff
}

/// A record that was read.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    words: &'a [u64],
}

/// A piece of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Which argument it belongs to.
    pub argument: u8,
    /// What it is of it.
    pub part: Part,
    /// Whether it is whole.
    pub state: State,
    /// Its bytes, whole words: the last may have more than belongs to it.
    words: &'a [u64],
    len: usize,
}

impl Piece<'_> {
    /// How many bytes it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its bytes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let bytes = self.words.iter().flat_map(|word| word.to_le_bytes());
        bytes.take(self.len)
    }

    /// Copies its bytes into `into`, which is overwritten.
    pub fn copy(&self, into: &mut alloc::vec::Vec<u8>) {
        into.clear();
        for word in self.words {
            into.extend_from_slice(&word.to_le_bytes());
        }
        into.truncate(self.len);
    }
}

impl<'a> Record<'a> {
    /// The record in `words`, if it is one.
    #[must_use]
    pub fn of(words: &'a [u64]) -> Option<Self> {
        let record = Self { words };
        (words.len() >= HEAD && record.kind().is_some()).then_some(record)
    }

    fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self.word(0) >> 48 {
            1 => Some(Kind::Call),
            2 => Some(Kind::Last),
            3 => Some(Kind::Signal),
            _ => None,
        }
    }

    /// The call.
    #[must_use]
    pub fn number(&self) -> usize {
        usize::try_from(self.word(0) & 0xffff_ffff).unwrap_or(usize::MAX)
    }

    /// Whether one of the flags is set.
    #[must_use]
    pub fn has(&self, flag: u64) -> bool {
        self.word(0) & flag != 0
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        u32::try_from(self.word(1) >> 32).unwrap_or(0)
    }

    /// The thread.
    #[must_use]
    pub fn tid(&self) -> u32 {
        u32::try_from(self.word(1) & 0xffff_ffff).unwrap_or(0)
    }

    /// When it began, in ticks.
    #[must_use]
    pub fn began(&self) -> u64 {
        self.word(2)
    }

    /// How many ticks it took.
    #[must_use]
    pub fn took(&self) -> u64 {
        self.word(3)
    }

    /// The result, as it was in rax.
    #[must_use]
    pub fn result(&self) -> u64 {
        self.word(4)
    }

    /// An argument.
    #[must_use]
    pub fn argument(&self, index: usize) -> u64 {
        if index < 6 { self.word(5 + index) } else { 0 }
    }

    /// Its pieces.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'a>> + use<'a> {
        let mut rest = self.words.get(HEAD..).unwrap_or_default();
        core::iter::from_fn(move || {
            let (&head, behind) = rest.split_first()?;
            let len = usize::try_from(head >> 32).ok()?;
            let (words, after) = behind.split_at_checked(len.div_ceil(8))?;
            rest = after;
            let [argument, part, state, ..] = head.to_le_bytes();
            Some(Piece {
                argument,
                part: Part::of(part)?,
                state: match state {
                    0 => State::Whole,
                    1 => State::Cut,
                    _ => State::Fault,
                },
                words,
                len,
            })
        })
    }

    /// One of them.
    #[must_use]
    pub fn piece(&self, argument: u8, part: Part) -> Option<Piece<'a>> {
        self.pieces()
            .find(|piece| piece.argument == argument && piece.part == part)
    }
}

#[cfg(test)]
mod tests {
    use super::{INJECTED, Kind, Part, Record, Stage, State, first};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::vec::Vec;

    #[test]
    fn what_is_written_is_read() {
        let space: Vec<_> = (0..40).map(|_| AtomicU64::new(0)).collect();
        let mut stage = Stage::new(&space);
        stage.set(0, first(Kind::Call, INJECTED, 257));
        stage.set(1, 5 << 32 | 6);
        stage.set(6, 42);
        stage.piece(1, Part::Before, State::Cut, b"hello world");
        stage.piece(2, Part::Element(7), State::Fault, b"");
        // No room for this one.
        stage.piece(3, Part::After, State::Whole, &[0; 400]);
        stage.piece(3, Part::Path, State::Whole, b"/");
        let words: Vec<u64> = stage
            .words()
            .iter()
            .map(|word| word.load(Ordering::Relaxed))
            .collect();
        let record = Record::of(&words).expect("it is one");
        assert_eq!((record.number(), record.pid(), record.tid()), (257, 5, 6));
        assert!(record.has(INJECTED) && record.argument(1) == 42);
        let piece = record.piece(1, Part::Before).expect("it is there");
        assert_eq!(piece.bytes().collect::<Vec<_>>(), b"hello world");
        assert_eq!(piece.state, State::Cut);
        assert_eq!(
            record
                .piece(2, Part::Element(7))
                .expect("it is there")
                .state,
            State::Fault
        );
        assert_eq!(record.piece(3, Part::Path).expect("it is there").len(), 1);
        assert_eq!(record.pieces().count(), 3);
    }

    #[test]
    fn nonsense_has_no_pieces_without_end() {
        for word in [u64::MAX, 1 << 63, 4 << 8] {
            let words = [1 << 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, word, word];
            let record = Record::of(&words).expect("it is one");
            assert_eq!(record.pieces().count(), 0);
        }
        assert!(Record::of(&[1 << 48; 3]).is_none());
        assert!(Record::of(&[0; 20]).is_none());
    }
}

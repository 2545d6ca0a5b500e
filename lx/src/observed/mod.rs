//! A guest that is observed: what `lx stat` and `lx trace` share. The guest is a child of this
//! process, and both have the *book* (crate `observe`), a file in memory that they map.

mod clock;
mod guest;

pub(crate) use clock::{Clock, as_float};
pub(crate) use guest::{Guest, Moment};

use std::fs::File;
use std::io;
use std::sync::Arc;

use host_std::shared::SharedWords;
use nix::sys::memfd::{MFdFlags, memfd_create};
use observe::Book;
use observe::book::{self, Wanted};

use crate::failure::Failure;

/// The book, mapped.
pub(crate) struct Mapped {
    pub(crate) file: Arc<File>,
    words: SharedWords,
}

impl Mapped {
    /// Makes a book with a ring of so many words, and strings of so many bytes.
    pub(crate) fn make(wanted: Wanted, ring: usize, strings: usize) -> Result<Self, Failure> {
        let failed = |error: &io::Error| Failure::about("cannot make memory to observe in", error);
        let made = || -> io::Result<Self> {
            let file = File::from(memfd_create(c"lx-book", MFdFlags::MFD_CLOEXEC)?);
            let count = book::words(ring);
            let length = count.checked_mul(8).and_then(|len| u64::try_from(len).ok());
            file.set_len(length.ok_or(io::ErrorKind::InvalidInput)?)?;
            let words = SharedWords::map(&file, count)?;
            let file = Arc::new(file);
            Ok(Self { file, words })
        };
        let mapped = made().map_err(|error| failed(&error))?;
        let book = Book::make(mapped.words.words(), wanted, ring, strings);
        match book {
            Some(_) => Ok(mapped),
            None => Err(failed(&io::ErrorKind::InvalidInput.into())),
        }
    }

    /// The book.
    pub(crate) fn book(&self) -> Book<'_> {
        // `make` has seen that it is one; what a guest does to its head changes nothing here.
        Book::open(self.words.words()).unwrap_or_else(|| Book::unchecked(self.words.words()))
    }
}

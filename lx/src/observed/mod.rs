//! What `lx stat` and `lx trace` observe, and where that is written: they share with the guest's
//! processes *books* (crate `observe`), files in memory that both map. A program that they start is a child
//! of this process, with a book from its start; what runs already makes books of its own when it is asked.

mod clock;
mod guest;
mod running;

pub(crate) use clock::{Clock, as_float};
pub(crate) use guest::{Guest, Moment};
pub(crate) use running::Target;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use host_std::probe::ticks;
use host_std::shared::SharedWords;
use nix::fcntl::{FallocateFlags, Flock, FlockArg, fallocate};
use nix::sys::memfd::{MFdFlags, memfd_create};
use observe::Book;
use observe::book::{self, Wanted};

use crate::cli::Run;
use crate::failure::Failure;
use running::Running;

/// Words of a book's ring: 32 MiB.
const RING: usize = 4 << 20;
/// How often a sign of life is written, for guests that wait for room in the ring.
const BEAT: Duration = Duration::from_millis(200);
/// How often it is looked whether there are processes that were not asked yet.
const LOOK: Duration = Duration::from_millis(50);

/// What is to stand in a book before anybody writes there.
pub(crate) struct Form {
    pub(crate) wanted: Wanted,
    /// How many bytes of a string are wanted.
    pub(crate) strings: usize,
    /// What else there is to be noted.
    pub(crate) note: Box<dyn Fn(&Book<'_>)>,
}

/// A book, mapped. Whoever has it locked reads it alone.
pub(crate) struct Mapped {
    words: SharedWords,
    _lock: Flock<File>,
}

impl Mapped {
    /// Makes a book for a program that is about to start, and the file for that.
    fn make(form: &Form) -> Result<(Self, File), Failure> {
        let made = || -> io::Result<(Self, File)> {
            let file = File::from(memfd_create(c"lx-book", MFdFlags::MFD_CLOEXEC)?);
            // A lock is that of an open file, which the guest must not share.
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            let own = OpenOptions::new().read(true).write(true).open(path)?;
            Ok((Self::take(own, form)?, file))
        };
        made().map_err(|error| Failure::about("cannot make memory to observe in", &error))
    }

    /// Makes a book in a file, in the place of what others have left there.
    fn take(file: File, form: &Form) -> io::Result<Self> {
        let count = book::words(RING);
        let bytes = |words: usize| words.checked_mul(8).and_then(|len| i64::try_from(len).ok());
        let (Some(length), Some(ring)) = (bytes(count), bytes(RING)) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|_| io::Error::new(io::ErrorKind::ResourceBusy, "another lx observes it"))?;
        if file.metadata()?.len() < length.cast_unsigned() {
            file.set_len(length.cast_unsigned())?;
        }
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        fallocate(&*file, flags, length - ring, ring)?;
        let words = SharedWords::map(&file, count)?;
        let made = Book::make(
            words.words(),
            form.wanted,
            RING,
            form.strings,
            ticks(),
            |book| {
                book.beat().store(ticks(), Ordering::Relaxed);
                (form.note)(book);
            },
        );
        made.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { words, _lock: file })
    }

    /// The book.
    pub(crate) fn book(&self) -> Book<'_> {
        // `make` has seen that it is one; what a guest does to its head changes nothing here.
        Book::open(self.words.words()).unwrap_or_else(|| Book::unchecked(self.words.words()))
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        self.book().gone().store(1, Ordering::Relaxed);
    }
}

type Books = Arc<Mutex<Vec<Arc<Mapped>>>>;

/// What is observed.
pub(crate) struct Observed {
    guest: Guest,
    books: Books,
    running: Option<(Running, Instant)>,
    zoned: bool,
}

impl Observed {
    /// Starts a program, or asks what runs already. In the child, `Err` has the status to exit with.
    pub(crate) fn begin(
        run: &mut Run,
        target: Option<&Target>,
        form: Form,
    ) -> Result<Result<Self, ExitCode>, Failure> {
        let books = Books::default();
        let (guest, running, zoned) = match target {
            None => {
                let (mapped, file) = Mapped::make(&form)?;
                keep(&books, mapped);
                run.book = Some(Arc::new(file));
                match Guest::start(run)? {
                    Ok(guest) => (guest, None, run.is_zoned()),
                    Err(status) => return Ok(Err(status)),
                }
            }
            Some(target) => {
                let running = Running::new(target, form)?;
                let zoned = running.is_zoned();
                let guest = Guest::running(running.first)?;
                (guest, Some((running, Instant::now())), zoned)
            }
        };
        let mut observed = Self {
            guest,
            books,
            running,
            zoned,
        };
        observed.ask()?;
        let alive = Arc::clone(&observed.books);
        std::thread::spawn(move || {
            loop {
                for mapped in listed(&alive) {
                    mapped.book().beat().store(ticks(), Ordering::Relaxed);
                }
                std::thread::sleep(BEAT);
            }
        });
        Ok(Ok(observed))
    }

    /// The books so far.
    pub(crate) fn books(&self) -> Vec<Arc<Mapped>> {
        listed(&self.books)
    }

    /// Whether the numbers of processes in the books are not the host's.
    pub(crate) fn is_zoned(&self) -> bool {
        self.zoned
    }

    /// The program, or the process by whose end all is over.
    pub(crate) fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Waits for `millis` at most.
    pub(crate) fn wait(&mut self, millis: u16) -> Result<Moment, Failure> {
        let failed = |error: io::Error| Failure::about("cannot wait for the program", &error);
        let moment = self.guest.wait(millis).map_err(failed)?;
        let due = |(_, last): &(Running, Instant)| last.elapsed() >= LOOK;
        if moment == Moment::Later && self.running.as_ref().is_some_and(due) {
            // Processes end while they are looked at.
            if let Err(failure) = self.ask()
                && self.guest.wait(0).map_err(failed)? != Moment::Ended
            {
                return Err(failure);
            }
        }
        Ok(moment)
    }

    fn ask(&mut self) -> Result<(), Failure> {
        if let Some((running, last)) = &mut self.running {
            for mapped in running.look()? {
                keep(&self.books, mapped);
            }
            *last = Instant::now();
        }
        Ok(())
    }
}

fn keep(books: &Books, mapped: Mapped) {
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    books.push(Arc::new(mapped));
}

fn listed(books: &Books) -> Vec<Arc<Mapped>> {
    books.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

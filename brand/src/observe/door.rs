//! How observation begins and ends in a process, which may have been running for long (`observe::door`).

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::observe::{set_state, state};
use host::sync::Lock;
use host::{host_call, intercept, rows};
use kernel::Task;
use observe::book::{self, Book, Wanted};
use observe::door::{ASKED, BARRED, CLOSED, LEN, OPEN, STATE, WORDS};
use syscalls::table::{FAST_CHECK_FD, FAST_FORWARD};

/// Ticks after which whoever asked and brought no book is taken for dead: some seconds.
const DEAD: u64 = 20_000_000_000;

// What the observer looks for is what `host` has.
const _: () = {
    use host::observe::Door;
    assert!(WORDS[0] == Door::WORDS[0] && WORDS[1] == Door::WORDS[1]);
    assert!(size_of::<Door>() == LEN && Door::STATE == STATE && Door::CLOSED == CLOSED);
};

/// Since when somebody asks, in ticks; 0 when nobody does. Whoever changes the state holds it.
static ASKING: Lock<u64> = Lock::new(0);

/// The program starts observed.
pub(crate) fn ask() {
    set_state(ASKED);
    let _ = enter();
}

/// The book, if calls are to be noted in it.
pub(super) fn book(task: &Task) -> Option<Book<'static>> {
    match state() {
        OPEN => {
            let book = mapped().filter(|book| !is_over(book));
            if book.is_none() {
                shut(&mut ASKING.lock());
            }
            book
        }
        // Its descriptors are not those of the process whose memory it has.
        ASKED if !task.borrows_memory => {
            let book = enter()?;
            let leader = u64::from(super::numbers(task).0);
            super::set_root(&book, leader);
            Some(book)
        }
        _ => None,
    }
}

/// The book that is mapped, whatever the state.
pub(super) fn mapped() -> Option<Book<'static>> {
    Book::open(host::observe::words())
}

fn is_over(book: &Book<'_>) -> bool {
    book.gone().load(core::sync::atomic::Ordering::Relaxed) != 0
}

/// Begins with the observer's book, if it is there yet.
fn enter() -> Option<Book<'static>> {
    let mut asking = ASKING.lock();
    match state() {
        ASKED => {}
        OPEN => return mapped(),
        _ => return None,
    }
    let now = host::observe::ticks();
    if *asking == 0 {
        *asking = now;
        // What the observer has cleared, another thread may have written since.
        rows::observe_rows(Some(&[0; nr::LIMIT]));
        if keep_file().is_err() {
            shut(&mut asking);
            set_state(BARRED);
            return None;
        }
    }
    let Some(book) = open().filter(|book| !is_over(book)) else {
        if now.saturating_sub(*asking) > DEAD {
            shut(&mut asking);
        }
        return None;
    };
    rows::observe_rows(Some(&observed_rows(&book)));
    *asking = 0;
    set_state(OPEN);
    Some(book)
}

/// Nobody observes any longer. The file and its memory stay for those to come, but not over an exec.
fn shut(asking: &mut u64) {
    *asking = 0;
    rows::observe_rows(None);
    set_state(CLOSED);
    let _ = over_exec(false);
}

/// Sees to it that there is a file for the book, and that it outlives an exec.
fn keep_file() -> SysResult<()> {
    if intercept::book_fd().is_none() {
        let name = c"lx-book".as_ptr().expose_provenance();
        intercept::adopt_book(host_call!(nr::MEMFD_CREATE, name, 0)?)?;
    }
    over_exec(true)
}

fn over_exec(stays: bool) -> SysResult<()> {
    const F_SETFD: usize = 2;
    const FD_CLOEXEC: usize = 1;
    let fd = intercept::book_fd().ok_or(Errno::EBADF)?;
    let flags = if stays { 0 } else { FD_CLOEXEC };
    host_call!(nr::FCNTL, int(fd), F_SETFD, flags).map(|_| ())
}

/// The observer's book, mapped, if the file holds one.
fn open() -> Option<Book<'static>> {
    let fd = intercept::book_fd()?;
    let mut head = [0u64; 4];
    let at = head.as_mut_ptr().expose_provenance();
    let read = host_call!(nr::PREAD64, int(fd), at, size_of_val(&head), 0);
    if read != Ok(size_of_val(&head)) || head[0] != book::MAGIC {
        return None;
    }
    if host::observe::words().is_empty() {
        let ring = usize::try_from(head[2]).ok()?;
        host::observe::map(fd, book::words(ring)).ok()?;
    }
    mapped()
}

/// What entry.S may do with calls that are observed.
fn observed_rows(book: &Book<'_>) -> [u8; nr::LIMIT] {
    let Wanted { tally, records, .. } = book.wanted();
    let mut rows = rows::fast_rows();
    for (call, row) in rows.iter_mut().enumerate() {
        let recorded = records && book.call(call).is_some_and(super::is_marked);
        if recorded {
            *row = 0;
        } else if tally {
            *row = counted(*row);
        }
    }
    rows
}

/// What it may do with one that is counted.
fn counted(row: u8) -> u8 {
    if row & FAST_FORWARD != 0 {
        row & FAST_CHECK_FD | rows::FAST_COUNT
    } else {
        0
    }
}

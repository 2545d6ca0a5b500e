//! What entry.S does with calls by itself: what the table says, unless something wants them to come to
//! the brand for now. Several may want that, for reasons and at times of their own.

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use abi::nr::{self, LIMIT};

/// One byte for each call: bit 0, forwarded by entry.S as it is; bit 1, its first argument is a
/// descriptor; bit 2, getpid; bit 3, gettid; bit 4, forwarded and counted.
type Rows = [AtomicU8; LIMIT];

/// entry.S answers getpid by itself.
pub const FAST_GETPID: u8 = 4;
/// entry.S answers gettid by itself.
pub const FAST_GETTID: u8 = 8;
/// entry.S forwards the call and counts it ([`crate::observe`]).
pub const FAST_COUNT: u8 = 16;

/// What entry.S reads.
#[unsafe(no_mangle)]
pub(crate) static lx_fast_rows: Rows = [const { AtomicU8::new(0) }; LIMIT];
/// What the table says.
static TABLE: Rows = [const { AtomicU8::new(0) }; LIMIT];
/// What holds in its stead while [`OBSERVED`].
static OBSERVERS: Rows = [const { AtomicU8::new(0) }; LIMIT];
static OBSERVED: AtomicBool = AtomicBool::new(false);
static FILES_HELD: AtomicBool = AtomicBool::new(false);
static WRITES_HELD: AtomicBool = AtomicBool::new(false);
static ALL_HELD: AtomicBool = AtomicBool::new(false);

/// The calls that read, copy, close and describe files.
const FILES: [usize; 12] = [
    nr::READ,
    nr::CLOSE,
    nr::FSTAT,
    nr::LSEEK,
    nr::DUP,
    nr::FCNTL,
    nr::PREAD64,
    nr::READV,
    nr::PREADV,
    nr::PREADV2,
    nr::SENDFILE,
    nr::SPLICE,
];

/// Those that write to them.
const WRITES: [usize; 5] = [
    nr::WRITE,
    nr::PWRITE64,
    nr::WRITEV,
    nr::PWRITEV,
    nr::PWRITEV2,
];

/// Tells entry.S what the table says. Called when a program starts, before its first call.
pub fn set_fast_rows(rows: &[u8; LIMIT]) {
    for ((table, fast), row) in TABLE.iter().zip(&lx_fast_rows).zip(rows) {
        table.store(*row, Ordering::Relaxed);
        fast.store(*row, Ordering::Relaxed);
    }
}

/// What [`set_fast_rows`] said.
#[must_use]
pub fn fast_rows() -> [u8; LIMIT] {
    let mut rows = [0; LIMIT];
    for (row, said) in rows.iter_mut().zip(&TABLE) {
        *row = said.load(Ordering::Relaxed);
    }
    rows
}

/// From now on the calls that read, copy, close and describe files come to the brand: the process
/// has emulated files open. The caller sees to it that holding and releasing do not meet.
pub fn hold_file_rows() {
    hold(&FILES_HELD, true, FILES);
}

/// Whether the process may have emulated files open.
#[inline]
#[must_use]
pub fn file_rows_held() -> bool {
    FILES_HELD.load(Ordering::Relaxed)
}

/// They go the fast way again, if they did before.
pub fn release_file_rows() {
    hold(&FILES_HELD, false, FILES);
}

/// From now on the calls that write to files come to the brand, as with [`hold_file_rows`].
pub fn hold_write_rows() {
    hold(&WRITES_HELD, true, WRITES);
}

/// They go the fast way again, if they did before.
pub fn release_write_rows() {
    hold(&WRITES_HELD, false, WRITES);
}

/// From now on all calls come to the brand, for good.
pub fn hold_all_rows() {
    hold(&ALL_HELD, true, 0..LIMIT);
}

/// These hold instead of the table's, until this is called with `None`. Calls of it must not meet.
pub fn observe_rows(rows: Option<&[u8; LIMIT]>) {
    for (to, from) in OBSERVERS.iter().zip(rows.into_iter().flatten()) {
        to.store(*from, Ordering::SeqCst);
    }
    hold(&OBSERVED, rows.is_some(), 0..LIMIT);
}

fn hold(why: &AtomicBool, held: bool, calls: impl IntoIterator<Item = usize>) {
    why.store(held, Ordering::SeqCst);
    for call in calls {
        let Some(row) = lx_fast_rows.get(call) else {
            continue;
        };
        // Whoever writes last has seen what the others want.
        loop {
            let wanted = wanted(call);
            row.store(wanted, Ordering::SeqCst);
            if wanted == self::wanted(call) {
                break;
            }
        }
    }
}

/// What entry.S may do with a call as things stand.
fn wanted(call: usize) -> u8 {
    let held = |why: &AtomicBool, calls: &[usize]| {
        why.load(Ordering::SeqCst) && (calls.is_empty() || calls.contains(&call))
    };
    if held(&ALL_HELD, &[]) || held(&FILES_HELD, &FILES) || held(&WRITES_HELD, &WRITES) {
        return 0;
    }
    let rows = match OBSERVED.load(Ordering::SeqCst) {
        true => &OBSERVERS,
        false => &TABLE,
    };
    rows.get(call).map_or(0, |row| row.load(Ordering::SeqCst))
}

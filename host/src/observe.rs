//! What observing a guest takes of the host part: the book's memory, the processor's clock, and the
//! words that entry.S counts in. What the words mean the crate `observe` says.

use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

use abi::nr::LIMIT;
use abi::{Errno, SysResult, nr};

use crate::arch::lx_ticks;
use crate::call::int;
use crate::host_call;
use crate::memory::{PAGE, PROT_READ_WRITE, add_range};
use crate::thread::{CELLS, Thread};

/// The offsets that entry.S uses; the brand compares them with what `observe` says.
pub mod layout {
    /// Of the ticks in host calls, in a slot.
    pub const SLOT_HOST: usize = 5 * 8;
    /// Of the number of calls, in a cell.
    pub const CELL_COUNT: usize = 0;
    /// Of those that failed.
    pub const CELL_ERRORS: usize = 8;
    /// Of their ticks.
    pub const CELL_TOTAL: usize = 2 * 8;
    /// Of the most ticks.
    pub const CELL_LONGEST: usize = 3 * 8;
    /// Of the histogram.
    pub const CELL_HISTOGRAM: usize = 8 * 8;
}

/// Whether host calls are timed. Only while all threads run on the stacks of their areas.
#[unsafe(no_mangle)]
static lx_counting: AtomicBool = AtomicBool::new(false);

/// From now on the time of host calls is measured. Called where a call is served.
pub fn time_host_calls() {
    lx_counting.store(true, Ordering::Relaxed);
}

/// The processor's clock (rdtsc), in ticks of one length.
#[inline]
#[must_use]
pub fn ticks() -> u64 {
    lx_ticks()
}

/// The book: its first word, and how many there are.
static BOOK: AtomicPtr<AtomicU64> = AtomicPtr::new(core::ptr::null_mut());
static WORDS: AtomicUsize = AtomicUsize::new(0);

/// Where those knock who want to observe a process that runs already; the crate `observe` says how.
#[repr(C)]
pub struct Door {
    words: [AtomicU64; 2],
    state: AtomicU32,
    count: u32,
    rows: &'static [AtomicU8; LIMIT],
}

impl Door {
    /// What it begins with.
    pub const WORDS: [u64; 2] = [0x726f_6f64_2e78_6c00, 0x31ba_90c5_6e0d_27f4];
    /// Where its state is.
    pub const STATE: usize = core::mem::offset_of!(Door, state);
    /// Nobody observes the process.
    pub const CLOSED: u32 = 0;
}

#[used]
static DOOR: Door = Door {
    words: [
        AtomicU64::new(Door::WORDS[0]),
        AtomicU64::new(Door::WORDS[1]),
    ],
    state: AtomicU32::new(Door::CLOSED),
    count: COUNT,
    rows: &crate::rows::lx_fast_rows,
};

const COUNT: u32 = 512;
const _: () = assert!(LIMIT == COUNT as usize);

/// Whether somebody observes this process, or wants to.
#[inline]
#[must_use]
pub fn is_on() -> bool {
    DOOR.state.load(Ordering::Relaxed) != Door::CLOSED
}

/// What stands at the door.
#[inline]
#[must_use]
pub fn state() -> u32 {
    DOOR.state.load(Ordering::Acquire)
}

/// Writes it there.
pub fn set_state(state: u32) {
    DOOR.state.store(state, Ordering::Release);
    if state == Door::CLOSED {
        lx_counting.store(false, Ordering::Relaxed);
    }
}

/// The book's words; none when none was mapped.
#[inline]
#[must_use]
pub fn words() -> &'static [AtomicU64] {
    let count = WORDS.load(Ordering::Acquire);
    if count == 0 {
        return &[];
    }
    // SAFETY: `map` made a slice of them, which stays.
    unsafe { core::slice::from_raw_parts(BOOK.load(Ordering::Relaxed), count) }
}

/// Maps the words of `fd`, shared with all who do, as the brand's own memory: the book. Call once
/// in the life of a program.
///
/// # Errors
/// Those of mmap(2).
pub fn map(fd: i32, count: usize) -> SysResult<()> {
    const MAP_SHARED: usize = 1;
    let len = count.checked_mul(8).ok_or(Errno::EINVAL)?;
    let at = host_call!(nr::MMAP, 0, len, PROT_READ_WRITE, MAP_SHARED, int(fd), 0)?;
    add_range(at, at + len.next_multiple_of(PAGE))?;
    // From here on it stays: nothing unmaps the brand's ranges.
    BOOK.store(
        core::ptr::with_exposed_provenance_mut(at),
        Ordering::Relaxed,
    );
    WORDS.store(count, Ordering::Release);
    Ok(())
}

/// Words of a cell that the highest bucket needs: it is 47 - 3 groups of 8 and 15 behind the first.
const CELL_WORDS: usize = layout::CELL_HISTOGRAM / 8 + (44 * 8 + 16) / 2;

impl Thread {
    /// Where the thread's slot begins among the book's [`words`], if it has one.
    #[must_use]
    pub fn slot(&self) -> Option<usize> {
        let first = words().as_ptr().expose_provenance();
        let slot = self.control().slot;
        (slot != 0).then(|| slot.wrapping_sub(first) / 8)
    }

    /// Makes entry.S count in the slot that begins there, where [`Self::set_cell`] says how.
    pub fn set_slot(&mut self, at: usize) {
        let slot = words()
            .get(at..)
            .filter(|slot| slot.len() > layout::SLOT_HOST / 8);
        if let Some(slot) = slot {
            for nr in 0..LIMIT {
                self.set_cell_address(nr, 0);
            }
            self.control_mut().slot = slot.as_ptr().expose_provenance();
        }
    }

    /// A new thread, or a forked one, has no slot yet.
    pub fn forget_slot(&mut self) {
        self.control_mut().slot = 0;
    }

    /// Makes entry.S count call `nr` in `cell`.
    pub fn set_cell(&mut self, nr: usize, cell: &'static [AtomicU64]) {
        if cell.len() >= CELL_WORDS {
            self.set_cell_address(nr, cell.as_ptr().expose_provenance());
        }
    }

    /// The words of the cell of call `nr`, if one was set.
    #[must_use]
    pub fn cell(&self, nr: usize) -> Option<&'static [AtomicU64]> {
        if nr >= LIMIT || self.control().slot == 0 {
            return None;
        }
        // SAFETY: see `set_cell_address`; `set_slot` has cleared the table.
        let address = unsafe { self.cells().add(nr).read() };
        // SAFETY: `set_cell` got as many words, which stay.
        (address != 0).then(|| unsafe {
            core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), CELL_WORDS)
        })
    }

    fn cells(&self) -> *mut usize {
        // SAFETY: the table is in the thread's area, just below its control block.
        unsafe { self.0.as_ptr().cast::<u8>().sub(CELLS).cast() }
    }

    fn set_cell_address(&mut self, nr: usize, address: usize) {
        if nr < LIMIT {
            // SAFETY: the table has LIMIT words, is aligned, and this thread's alone.
            unsafe { self.cells().add(nr).write(address) };
        }
    }

    /// The ticks of host calls since this was asked last.
    pub fn take_host_ticks(&mut self) -> u64 {
        core::mem::take(&mut self.control_mut().host_ticks)
    }

    /// When the call that is being served came in, if entry.S or the handler of a trap noted it.
    pub fn take_began(&mut self) -> u64 {
        core::mem::take(&mut self.control_mut().began)
    }
}

//! The brand's own memory: which ranges of the address space are not the guest's, the areas of
//! the threads, and more memory for the heap.

use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use abi::{Errno, SysResult, nr};

use crate::host_call;
use crate::sync::Lock;
use crate::thread::{AREA_SIZE, CONTROL_OFFSET, Control};

/// Bytes of a page.
pub const PAGE: usize = 4096;

pub(crate) const PROT_NONE: usize = 0;
pub(crate) const PROT_READ_WRITE: usize = 3;
const MAP_PRIVATE_ANONYMOUS: usize = 0x22;

/// How many ranges there can be: slabs double, so that this many are never needed.
const MAX_RANGES: usize = 128;

/// The ranges, in the order in which they were taken. Only ever grows; readable at any time.
struct Ranges {
    count: AtomicU32,
    bounds: [(AtomicUsize, AtomicUsize); MAX_RANGES],
}

static RANGES: Ranges = Ranges {
    count: AtomicU32::new(0),
    bounds: [const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; MAX_RANGES],
};

static GROW: Lock<()> = Lock::new(());

/// Makes `start..end` the brand's.
///
/// # Errors
/// `ENOMEM` when the table is full.
pub fn add_range(start: usize, end: usize) -> SysResult<()> {
    let index = RANGES.count.load(Ordering::Acquire);
    let slot = usize::try_from(index)
        .ok()
        .and_then(|i| RANGES.bounds.get(i))
        .ok_or(Errno::ENOMEM)?;
    slot.0.store(start, Ordering::Relaxed);
    slot.1.store(end, Ordering::Relaxed);
    RANGES.count.store(index + 1, Ordering::Release);
    Ok(())
}

/// The brand's ranges `(start, end)`: page-aligned, disjoint, in no order.
pub fn ranges() -> impl Iterator<Item = (usize, usize)> {
    let count = usize::try_from(RANGES.count.load(Ordering::Acquire)).unwrap_or(0);
    RANGES
        .bounds
        .iter()
        .take(count)
        .map(|(start, end)| (start.load(Ordering::Relaxed), end.load(Ordering::Relaxed)))
}

/// Whether `start..start + len` touches one of the brand's ranges.
#[must_use]
pub fn overlaps(start: usize, len: usize) -> bool {
    let end = start.saturating_add(len);
    ranges().any(|(low, high)| start < high && low < end)
}

/// Where the last mapping that [`map`] made begins; 0 before the first. [`GROW`] guards it.
static LOWEST: AtomicUsize = AtomicUsize::new(0);

/// What is left free between two mappings, in bytes, so that they stay apart.
const GAP: usize = 16 * PAGE;

/// How far below the image the first mapping is to lie, in bytes: 256 GiB, still among the addresses that
/// sanitizers leave to mappings.
const DISTANCE: usize = 1 << 38;

/// Maps `len` bytes, zeroed, as the brand's, aligned to `align` (a power of two). They come to lie far
/// from the image, if that is free: among the guest's own mappings they would take a place that it has
/// just unmapped, and counts on.
fn map(len: usize, align: usize, prot: usize) -> SysResult {
    let extra = if align > PAGE { align } else { 0 };
    let lowest = match LOWEST.load(Ordering::Relaxed) {
        0 => ranges()
            .next()
            .map_or(0, |(image, _)| image.saturating_sub(DISTANCE)),
        lowest => lowest,
    };
    let wanted = lowest.saturating_sub(len + extra + GAP) & !(align - 1);
    let at = host_call!(
        nr::MMAP,
        wanted,
        len + extra,
        prot,
        MAP_PRIVATE_ANONYMOUS,
        usize::MAX,
        0
    )?;
    let start = (at + align - 1) & !(align - 1);
    if start > at {
        host_call!(nr::MUNMAP, at, start - at)?;
    }
    let end = at + len + extra;
    if end > start + len {
        host_call!(nr::MUNMAP, start + len, end - start - len)?;
    }
    add_range(start, start + len)?;
    if start < lowest {
        LOWEST.store(start, Ordering::Relaxed);
    }
    Ok(start)
}

/// Maps more memory for the heap.
pub(crate) fn more(len: usize) -> SysResult {
    let _grow = GROW.lock_innermost();
    map(len.next_multiple_of(PAGE), PAGE, PROT_READ_WRITE)
}

/// Areas in one mapping: address of the first, and how many.
static SLABS: [(AtomicUsize, AtomicUsize); 24] =
    [const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; 24];

/// The area of a process's first thread, in the image itself so that it costs no mapping.
#[repr(C, align(131072))]
struct FirstArea(UnsafeCell<[u8; AREA_SIZE]>);

// SAFETY: the area is handed out once, to one thread, by its address.
unsafe impl Sync for FirstArea {}

static FIRST_AREA: FirstArea = FirstArea(UnsafeCell::new([0; AREA_SIZE]));

/// Makes the first area usable, where the host placed the image as it asks to be placed (Linux
/// 6.10 and later); elsewhere areas are mapped.
pub(crate) fn use_first_area() {
    let at = FIRST_AREA.0.get().expose_provenance();
    let (base, count) = &SLABS[0];
    // What the compiler believes of the address is not what this is about.
    if core::hint::black_box(at) & (AREA_SIZE - 1) == 0 {
        count.store(1, Ordering::Relaxed);
        base.store(at, Ordering::Release);
    }
}

/// A free area, with its control block; its `state` says that it is taken.
pub(crate) fn take_area() -> SysResult<NonNull<Control>> {
    if let Some(found) = free_area() {
        return Ok(found);
    }
    let grow = GROW.lock_innermost();
    for (index, (base, count)) in SLABS.iter().enumerate() {
        if base.load(Ordering::Acquire) != 0 {
            continue;
        }
        let areas = if index == 0 {
            1
        } else {
            4usize << index.min(16)
        };
        let start = map(areas * AREA_SIZE, AREA_SIZE, PROT_READ_WRITE)?;
        for area in 0..areas {
            // The page below each alternate stack.
            host_call!(nr::MPROTECT, start + area * AREA_SIZE, PAGE, PROT_NONE)?;
        }
        count.store(areas, Ordering::Relaxed);
        base.store(start, Ordering::Release);
        drop(grow);
        return free_area().ok_or(Errno::EAGAIN);
    }
    Err(Errno::EAGAIN)
}

fn controls() -> impl Iterator<Item = NonNull<Control>> {
    SLABS.iter().flat_map(|(base, count)| {
        let start = base.load(Ordering::Acquire);
        let areas = if start == 0 {
            0
        } else {
            count.load(Ordering::Relaxed)
        };
        (0..areas).filter_map(move |area| {
            let at = start + area * AREA_SIZE + CONTROL_OFFSET;
            NonNull::new(core::ptr::with_exposed_provenance_mut(at))
        })
    })
}

fn free_area() -> Option<NonNull<Control>> {
    controls().find(|control| {
        state_of(*control)
            .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    })
}

fn state_of<'a>(control: NonNull<Control>) -> &'a AtomicU32 {
    // SAFETY: areas stay mapped for good, and all-zero is a valid state.
    unsafe { &(*control.as_ptr()).state }
}

/// After fork: the areas of the threads that stayed behind are free.
pub(crate) fn only_area_left(own: NonNull<Control>) {
    for control in controls().filter(|&control| control != own) {
        state_of(control).store(0, Ordering::Relaxed);
    }
}

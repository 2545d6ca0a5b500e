//! The brand's allocator: free lists of powers of two over memory that only grows. It is safe
//! across fork (the forking thread holds its lock) and against signals (handlers that interrupt
//! the brand do not allocate).

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

use crate::memory;
use crate::sync::{Guard, Lock};

/// The smallest block: 16 bytes; the classes go up to 2^47.
const SMALLEST: u32 = 4;
const CLASSES: usize = 44;
/// How much is mapped at a time for small blocks, at first. There is a limit to the number of mappings, so
/// that they grow.
const CHUNK: usize = 256 << 10;

struct Lists {
    /// Heads of the lists of free blocks; each block begins with the address of the next.
    free: [usize; CLASSES],
    next: usize,
    end: usize,
    /// How much was mapped.
    mapped: usize,
}

/// The first chunk, in the image itself so that a small program costs no mapping.
struct First(UnsafeCell<[u8; CHUNK]>);

// SAFETY: the allocator hands out its parts, by their addresses, and touches them no more.
unsafe impl Sync for First {}

static FIRST: First = First(UnsafeCell::new([0; CHUNK]));

#[unsafe(link_section = ".bss.lx_fork")]
static LISTS: Lock<Lists> = Lock::new(Lists {
    free: [0; CLASSES],
    next: 0,
    end: 0,
    mapped: 0,
});

/// The allocator, for `#[global_allocator]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap;

fn class(layout: Layout) -> u32 {
    let size = layout.size().max(layout.align()).max(1 << SMALLEST);
    size.next_power_of_two().trailing_zeros()
}

fn slot(class: u32) -> usize {
    usize::try_from(class - SMALLEST).unwrap_or(CLASSES)
}

impl Lists {
    fn take(&mut self, class: u32) -> Option<usize> {
        let head = self.free.get_mut(slot(class))?;
        if *head != 0 {
            let block = *head;
            // SAFETY: a free block is mapped, the allocator's alone, and holds the next address.
            *head = unsafe { core::ptr::with_exposed_provenance::<usize>(block).read() };
            return Some(block);
        }
        let size = 1usize << class;
        let start = self.next.next_multiple_of(size);
        if self.next != 0 && start + size <= self.end {
            self.next = start + size;
            return Some(start);
        }
        if self.next == 0 && size <= CHUNK / 4 {
            self.next = FIRST.0.get().expose_provenance();
            self.end = self.next + CHUNK;
            return self.take(class);
        }
        // A block is aligned to its size, so a chunk needs room for that; pages at most.
        let least = size + if size > memory::PAGE { size } else { 0 };
        let len = least.max(CHUNK).max(self.mapped / 8);
        let at = memory::more(len).ok()?;
        self.mapped += len;
        let start = at.next_multiple_of(size);
        self.next = start + size;
        self.end = at + len;
        Some(start)
    }
}

// SAFETY: blocks are disjoint, big enough and aligned to their size, a power of two that is at
// least the alignment.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let taken = LISTS.lock_innermost().take(class(layout));
        taken.map_or(null_mut(), core::ptr::with_exposed_provenance_mut)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let mut lists = LISTS.lock_innermost();
        if let Some(head) = lists.free.get_mut(slot(class(layout))) {
            // SAFETY: the block is the allocator's again, and has room for an address.
            unsafe { block.cast::<usize>().write(*head) };
            *head = block.expose_provenance();
        }
    }
}

/// Keeps the heap still while this process forks.
pub(crate) fn hold() -> impl Drop {
    struct Hold(#[allow(dead_code, reason = "held for its drop")] Guard<'static, Lists>);
    impl Drop for Hold {
        fn drop(&mut self) {}
    }
    Hold(LISTS.lock_innermost())
}

//! Chunks of trampolines: 64 KiB each, within reach of the sites that they serve.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use abi::{SysResult, nr};
use host::host_call;
use host::intercept::{CodeWriter, check_stub};
use loader::rewrite::{CHUNK, SLOT, slots};
use loader::site::Patch;

/// How many chunks a process can have.
const MOST: usize = 64;
const PROT_READ_EXEC: usize = 5;
/// `MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE`.
const MAP_FLAGS: usize = 0x10_0022;
/// The default of `vm.mmap_min_addr`, with room.
const LOWEST: u64 = 0x2_0000;
const MIB: u64 = 1 << 20;
/// How far from a site a chunk may lie, below first: what grows (the heap, the next library) does
/// so elsewhere.
const BELOW: [u64; 9] = [
    1024 * MIB,
    512 * MIB,
    256 * MIB,
    64 * MIB,
    16 * MIB,
    4 * MIB,
    2 * MIB,
    MIB,
    MIB / 2,
];
const ABOVE: [u64; 5] = [1792 * MIB, 1024 * MIB, 512 * MIB, 128 * MIB, 16 * MIB];

/// Slots of a chunk, in words of 64 bits.
const WORDS: usize = 16;

struct Chunk {
    base: AtomicU64,
    used: [AtomicU64; WORDS],
}

/// The chunks of the process. Changed under the patcher's lock, read by handlers.
pub(crate) struct Chunks {
    chunks: [Chunk; MOST],
    count: AtomicU32,
}

impl Chunks {
    pub(crate) const fn new() -> Self {
        Self {
            chunks: [const { Chunk::empty() }; MOST],
            count: AtomicU32::new(0),
        }
    }

    fn made(&self) -> &[Chunk] {
        let count = usize::try_from(self.count.load(Ordering::Acquire)).unwrap_or(0);
        self.chunks.get(..count).unwrap_or_default()
    }

    /// The chunk that holds an address: where it begins.
    pub(crate) fn holding(&self, address: u64) -> Option<u64> {
        let bases = self
            .made()
            .iter()
            .map(|chunk| chunk.base.load(Ordering::Relaxed));
        bases
            .into_iter()
            .find(|&base| address.wrapping_sub(base) < CHUNK)
    }

    /// A free slot that suits the site, and its chunk's beginning.
    pub(crate) fn slot(&self, writer: &CodeWriter, site: u64, patch: &Patch) -> Option<(u64, u64)> {
        let found = self.made().iter().find_map(|chunk| chunk.take(site, patch));
        found.or_else(|| self.add(writer, site)?.take(site, patch))
    }

    fn add(&self, writer: &CodeWriter, site: u64) -> Option<&Chunk> {
        let index = usize::try_from(self.count.load(Ordering::Relaxed)).ok()?;
        let chunk = self.chunks.get(index)?;
        let near = |distance: u64, up: bool| {
            let at = if up {
                site.checked_add(distance)
            } else {
                site.checked_sub(distance)
            };
            at.map(|at| at & !(CHUNK - 1)).filter(|&at| at >= LOWEST)
        };
        let places = BELOW.iter().map(|&distance| near(distance, false));
        let places = places.chain(ABOVE.iter().map(|&distance| near(distance, true)));
        let base = places.flatten().find(|&base| make(writer, base).is_ok())?;
        chunk.base.store(base, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Release);
        Some(chunk)
    }
}

impl Chunk {
    const fn empty() -> Self {
        Self {
            base: AtomicU64::new(0),
            used: [const { AtomicU64::new(0) }; WORDS],
        }
    }

    fn take(&self, site: u64, patch: &Patch) -> Option<(u64, u64)> {
        let base = self.base.load(Ordering::Relaxed);
        slots(site, patch, base + SLOT, CHUNK - SLOT).find_map(|slot| {
            let index = usize::try_from((slot - base) / SLOT).ok()?;
            let word = self.used.get(index / 64)?;
            let bit = 1u64 << (index % 64);
            (word.fetch_or(bit, Ordering::Relaxed) & bit == 0).then_some((slot, base))
        })
    }
}

/// Maps a chunk at `base`, if there is room, with the check stub in its first slot.
fn make(writer: &CodeWriter, base: u64) -> SysResult<()> {
    let at = usize::try_from(base).map_err(|_| abi::Errno::ENOMEM)?;
    let len = usize::try_from(CHUNK).map_err(|_| abi::Errno::ENOMEM)?;
    let got = host_call!(nr::MMAP, at, len, PROT_READ_EXEC, MAP_FLAGS, usize::MAX, 0)?;
    let mut stub = [0xcc; 64];
    let written = if got == at && check_stub(&mut stub).is_some() {
        writer
            .write(at, &stub)
            .and_then(|()| host::memory::add_range(at, at + len))
    } else {
        Err(abi::Errno::EEXIST)
    };
    if written.is_err() {
        let _ = host_call!(nr::MUNMAP, got, len);
    }
    written
}

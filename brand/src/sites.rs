//! How often sites were trapped on, and which have a trampoline, and where. Signal handlers read
//! the table without locks; it is changed under the patcher's lock.

use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use loader::site::Patch;

/// Slots of the table; sites beyond three quarters of it stay trapped.
const SIZE: usize = 4096;
const MOST: u32 = 3072;
/// Traps at a site before it is rewritten: about what the rewriting costs.
const HOT: u8 = 12;
/// A state: nothing is known of the site.
const OPEN: u64 = 0;
/// A state: the site stays trapped for good.
const DENIED: u64 = 1;
/// In a state: there is a trampoline.
const PATCHED: u64 = 1 << 63;
/// In a state that is a trampoline: bit 4 says `MovHead`, bits 0..4 the length of its `mov` or of
/// the displaced instruction.
const MOV_HEAD: u64 = 1 << 4;

/// Where a site's trampoline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patched {
    pub(crate) site: u64,
    pub(crate) slot: u64,
    pub(crate) patch: Patch,
    pub(crate) original: [u8; 5],
}

struct Entry {
    site: AtomicU64,
    state: AtomicU64,
    /// The five bytes that the jump replaced.
    original: AtomicU64,
}

/// Counts of traps, by hash. In one page: a forked child that traps writes to no other.
#[repr(C, align(4096))]
struct Counts([AtomicU8; SIZE]);

/// The table: open addressing, linear probing, entries never removed.
pub(crate) struct Sites {
    counts: Counts,
    entries: [Entry; SIZE],
    used: AtomicU32,
}

/// Less than [`SIZE`].
fn hash(site: u64) -> usize {
    usize::try_from(site.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52).unwrap_or(0)
}

impl Sites {
    pub(crate) const fn new() -> Self {
        Self {
            counts: Counts([const { AtomicU8::new(0) }; SIZE]),
            entries: [const { Entry::empty() }; SIZE],
            used: AtomicU32::new(0),
        }
    }

    fn entry(&self, site: u64) -> Option<&Entry> {
        self.probe(site)
            .find(|entry| entry.site.load(Ordering::Acquire) == site)
    }

    /// The entries where `site` can be, up to the first free one.
    fn probe(&self, site: u64) -> impl Iterator<Item = &Entry> {
        let (low, high) = self.entries.split_at(hash(site).min(SIZE));
        let mut open = true;
        high.iter().chain(low).take_while(move |entry| {
            core::mem::replace(&mut open, entry.site.load(Ordering::Acquire) != 0)
        })
    }

    /// Counts a trap at `site`: whether it is time to rewrite it. Sites with the same hash count
    /// together, which does no harm.
    pub(crate) fn is_hot(&self, site: u64) -> bool {
        let Some(count) = self.counts.0.get(hash(site)) else {
            return false;
        };
        if count.fetch_add(1, Ordering::Relaxed) + 1 < HOT {
            return false;
        }
        count.store(0, Ordering::Relaxed);
        !self.is_settled(site)
    }

    /// Whether the site has a trampoline, or will have none.
    pub(crate) fn is_settled(&self, site: u64) -> bool {
        self.entry(site)
            .is_some_and(|entry| entry.state.load(Ordering::Relaxed) != OPEN)
    }

    /// Adds a site, in the place of one that was forgotten if there is one. Only under the lock.
    fn insert(&self, site: u64) -> Option<&Entry> {
        let free = self
            .probe(site)
            .find(|entry| entry.state.load(Ordering::Relaxed) == OPEN)?;
        if free.site.load(Ordering::Relaxed) == 0
            && self.used.fetch_add(1, Ordering::Relaxed) >= MOST
        {
            self.used.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        free.site.store(site, Ordering::Release);
        Some(free)
    }

    /// Notes a state, if there is room for the site.
    fn set(&self, site: u64, state: u64, original: u64) -> Option<()> {
        let entry = self.entry(site).or_else(|| self.insert(site))?;
        entry.original.store(original, Ordering::Relaxed);
        entry.state.store(state, Ordering::Release);
        Some(())
    }

    /// The site stays as it is.
    pub(crate) fn deny(&self, site: u64) {
        // Without room it is looked at again after as many traps.
        let _ = self.set(site, DENIED, 0);
    }

    /// The bytes at the site are gone; others may come.
    pub(crate) fn forget(&self, site: u64) {
        if let Some(entry) = self.entry(site) {
            entry.state.store(OPEN, Ordering::Release);
        }
    }

    /// The site has a trampoline. `None` when there is no room: it must not be rewritten then.
    pub(crate) fn publish(
        &self,
        site: u64,
        slot: u64,
        patch: &Patch,
        original: [u8; 5],
    ) -> Option<()> {
        let state = match *patch {
            Patch::MovHead { mov_len, .. } => PATCHED | slot | MOV_HEAD | u64::from(mov_len),
            Patch::Displace { insn_len } => PATCHED | slot | u64::from(insn_len),
            Patch::Stay(_) => DENIED,
        };
        let [a, b, c, d, e] = original;
        self.set(site, state, u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
    }

    /// The trampoline of `site`.
    pub(crate) fn patched(&self, site: u64) -> Option<Patched> {
        self.entry(site).and_then(Entry::patched)
    }

    /// How many places were trapped on lately without being rewritten.
    pub(crate) fn trapped(&self) -> usize {
        let counts = self.counts.0.iter();
        counts
            .filter(|count| count.load(Ordering::Relaxed) != 0)
            .count()
    }

    /// Every site with a trampoline.
    pub(crate) fn all(&self) -> impl Iterator<Item = Patched> {
        self.entries.iter().filter_map(Entry::patched)
    }
}

impl Entry {
    const fn empty() -> Self {
        Self {
            site: AtomicU64::new(0),
            state: AtomicU64::new(0),
            original: AtomicU64::new(0),
        }
    }

    fn patched(&self) -> Option<Patched> {
        let state = self.state.load(Ordering::Acquire);
        if state & PATCHED == 0 {
            return None;
        }
        let len = u8::try_from(state & 15).unwrap_or(0);
        let patch = if state & MOV_HEAD != 0 {
            // The immediate is in the trampoline itself.
            Patch::MovHead {
                imm: 0,
                mov_len: len,
            }
        } else {
            Patch::Displace { insn_len: len }
        };
        let [a, b, c, d, e, ..] = self.original.load(Ordering::Relaxed).to_le_bytes();
        Some(Patched {
            site: self.site.load(Ordering::Relaxed),
            slot: state & !(PATCHED | 63),
            patch,
            original: [a, b, c, d, e],
        })
    }
}

//! What zsched tells the brands of a zone: a small file that only zsched can write. Every guest
//! process holds it at a reserved descriptor, and reads what it needs with one pread(2).
//!
//! It lies in memory that the guest may read, so it holds nothing that the zone may not know.

mod native;
pub mod protocol;
pub mod rights;

pub use native::{NATIVE, SHOWN, beneath, is_native};

use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::{host_call, intercept};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

/// The first bytes of the file: `LXFACTS` and the version of its layout.
pub const MAGIC: u64 = u64::from_le_bytes(*b"LXFACTS\x01");

/// How many processors a zone can have.
pub const MAX_CPUS: usize = 1024;

/// How many programs that entered a zone without namespaces its processes see, at the most.
pub const VISITORS: usize = 16;

/// The beginning of the file. What follows are texts, at the places that [`Facts::texts`] names.
///
/// zsched writes the structure anew every second, `ended` first and `begun` last, so that a reader
/// that goes from the beginning to the end and finds them different has read across a write, and
/// reads again.
#[derive(Clone, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Facts {
    /// [`MAGIC`].
    pub magic: u64,
    /// Counts the writes.
    pub begun: u64,
    /// `st_dev` of the file system that holds the zone's placeholders for emulated files.
    pub placeholders: u64,
    /// `st_dev` of the file system that holds copies of the brand's image with the rights of programs
    /// ([`rights`]); 0 where no program gets any.
    pub copies: u64,
    /// `CLOCK_BOOTTIME` when the zone began, in nanoseconds.
    pub boottime: u64,
    /// `CLOCK_REALTIME` then, in seconds.
    pub realtime: u64,
    /// What the zone may use of memory, in bytes: its limit, or all that the host has.
    pub memory_total: u64,
    /// What it uses, caches included.
    pub memory_used: u64,
    /// Of that, files that can be dropped.
    pub memory_cached: u64,
    /// The most of memory that it may use, in bytes; `u64::MAX` for no limit.
    pub memory_limit: u64,
    /// Bytes of swap that the zone may use.
    pub swap_total: u64,
    /// Bytes of swap that it uses.
    pub swap_used: u64,
    /// The most of swap that it may use, in bytes; `u64::MAX` for no limit.
    pub swap_limit: u64,
    /// How many tasks it may have; `u64::MAX` for no limit.
    pub pids_limit: u64,
    /// How many it has.
    pub pids_current: u64,
    /// Processor time per second, in thousandths of a processor; 0 for no limit.
    pub cpu_quota: u64,
    /// Processor time used in user code, in microseconds.
    pub cpu_user: u64,
    /// Processor time used in the kernel, in microseconds.
    pub cpu_system: u64,
    /// Load averages over 1, 5 and 15 minutes, in 1/2048 (`FSHIFT` of the kernel).
    pub load: [u64; 3],
    /// How many tasks are runnable.
    pub running: u64,
    /// How many wait for a device.
    pub blocked: u64,
    /// How often the zone's tasks gave up a processor, or lost it, as far as zsched saw.
    pub switches: u64,
    /// The host's number of the first process, where the zone has no pid namespace; else 0.
    pub first: u64,
    /// The host's number of zsched there.
    pub zsched: u64,
    /// The host's numbers of the processes of lx there whose children run in the zone.
    pub visitors: [u64; VISITORS],
    /// Which processors it may use: bit n of word n / 64.
    pub cpus: [u64; MAX_CPUS / 64],
    /// Offset and length of each of the texts, by [`Text`].
    pub texts: [[u64; 2]; Text::COUNT],
    /// Equal to `begun`.
    pub ended: u64,
}

/// A text in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// The zone's name.
    Name,
    /// The processors' entries as /proc/cpuinfo of the host has them.
    CpuInfo,
    /// Names of file systems that the zone can mount or has mounted, a line each
    /// (`/proc/filesystems`).
    FileSystems,
    /// No text, but of each processor that the zone may have two numbers as they lie in memory: the
    /// zone's time there in user code and in the kernel, in microseconds.
    Shares,
}

impl Text {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// Where its offset and length stand in [`Facts::texts`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Name => 0,
            Self::CpuInfo => 1,
            Self::FileSystems => 2,
            Self::Shares => 3,
        }
    }
}

/// [`Facts::placeholders`], or 0 where there is no zone.
static PLACEHOLDERS: AtomicU64 = AtomicU64::new(0);

/// [`Facts::copies`], or 0 where there is no zone.
static COPIES: AtomicU64 = AtomicU64::new(0);

/// [`Facts::boottime`], or 0 where there is no zone.
static BEGAN: AtomicU64 = AtomicU64::new(0);

/// The contract that this process belongs to.
static CONTRACT: AtomicU32 = AtomicU32::new(0);

/// How often a reader that always meets zsched writing tries.
const TRIES: usize = 1000;
/// The longest text, in bytes.
const LONGEST_TEXT: usize = 16 << 20;

/// Takes up the zone that this process runs in, if its file of facts says that there is one.
pub fn attach() {
    let Ok(facts) = facts() else {
        return;
    };
    PLACEHOLDERS.store(facts.placeholders, Ordering::Relaxed);
    COPIES.store(facts.copies, Ordering::Relaxed);
    BEGAN.store(facts.boottime, Ordering::Relaxed);
    let number = |number| u32::try_from(number).unwrap_or(0);
    crate::numbers::set(number(facts.first), number(facts.zsched));
}

/// When the zone began by `CLOCK_BOOTTIME`, in nanoseconds; 0 outside a zone.
#[must_use]
pub fn began() -> u64 {
    BEGAN.load(Ordering::Relaxed)
}

/// Says which contract this process belongs to.
pub fn set_contract(number: u32) {
    CONTRACT.store(number, Ordering::Relaxed);
}

/// The number of that contract, which is the tree of processes that `lx run` or `lx exec` started:
/// that of its first process; 0 outside a zone.
#[must_use]
pub fn contract() -> u32 {
    CONTRACT.load(Ordering::Relaxed)
}

/// Whether this process runs in a zone.
#[must_use]
pub fn attached() -> bool {
    placeholders() != 0
}

/// `st_dev` of the placeholders for emulated files; 0 outside a zone.
#[inline]
#[must_use]
pub fn placeholders() -> u64 {
    PLACEHOLDERS.load(Ordering::Relaxed)
}

/// `st_dev` of the copies of the brand's image that have programs' rights ([`rights`]); 0 where no
/// program gets any.
#[must_use]
pub fn copies() -> u64 {
    COPIES.load(Ordering::Relaxed)
}

/// What zsched says now.
///
/// # Errors
/// Those of pread(2), among them `EBADF` outside a zone; `EIO` for a file that holds no facts.
pub fn facts() -> SysResult<Facts> {
    let mut facts = Facts::new_zeroed();
    for _ in 0..TRIES {
        read_at(0, facts.as_mut_bytes())?;
        if facts.magic != MAGIC {
            return Err(Errno::EIO);
        }
        if facts.begun == facts.ended {
            return Ok(facts);
        }
    }
    Err(Errno::EIO)
}

impl Facts {
    /// Reads one of the texts; empty if zsched gave none.
    ///
    /// # Errors
    /// Those of pread(2); `EIO` when the text does not lie in the file.
    pub fn text(&self, text: Text) -> SysResult<Vec<u8>> {
        let [offset, length] = self.texts.get(text.index()).copied().unwrap_or_default();
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= LONGEST_TEXT);
        let mut bytes = vec![0; length.ok_or(Errno::EIO)?];
        if !bytes.is_empty() {
            read_at(offset, &mut bytes)?;
        }
        Ok(bytes)
    }

    /// The processors that the zone may use, in order.
    pub fn processors(&self) -> impl Iterator<Item = usize> {
        (0..MAX_CPUS).filter(|cpu| self.cpus[cpu / 64] >> (cpu % 64) & 1 == 1)
    }
}

/// Fills `into` from the file of facts.
fn read_at(offset: u64, into: &mut [u8]) -> SysResult<()> {
    let offset = usize::try_from(offset).map_err(|_| Errno::EIO)?;
    let (to, len) = (into.as_mut_ptr().expose_provenance(), into.len());
    match host_call!(nr::PREAD64, int(intercept::facts_fd()), to, len, offset)? {
        read if read == len => Ok(()),
        _ => Err(Errno::EIO),
    }
}

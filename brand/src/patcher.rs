//! Rewrites hot sites: what was trapped on often enough becomes a jump to a trampoline. The bytes
//! and their order come from `loader`, the means to write them from `host`.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::intercept::{CodeWriter, proc_fd, sync_cores};
use host::rows::hold_all_rows;
use host::sync::Lock;
use host::{Trap, TrapKind, host_call, user};
use kernel::Patches;
use kernel::proc;
use loader::rewrite::{self, SLOT};
use loader::site::{self, Patch, classify};
use loader::steps::{Group, revert_steps, steps};

use crate::place::Chunks;
use crate::sites::{Patched, Sites};

const INT3: u8 = 0xcc;
const JMP: u8 = 0xe9;
/// Granularity in which is noted where rewritten code is.
const BLOCK: u64 = 1 << 16;
const BLOCKS: usize = 512;

/// The process's rewritten code.
pub(crate) static PATCHER: Patcher = Patcher {
    on: AtomicBool::new(false),
    sites: Sites::new(),
    chunks: Chunks::new(),
    blocks: [const { AtomicU64::new(0) }; BLOCKS],
    block_count: AtomicU32::new(0),
    lock: Lock::new(()),
};

pub(crate) struct Patcher {
    on: AtomicBool,
    sites: Sites,
    chunks: Chunks,
    /// Where rewritten code is, for the calls that change memory.
    blocks: [AtomicU64; BLOCKS],
    block_count: AtomicU32,
    lock: Lock<()>,
}

fn wide(address: usize) -> u64 {
    u64::try_from(address).unwrap_or(u64::MAX)
}

fn narrow(address: u64) -> usize {
    usize::try_from(address).unwrap_or(0)
}

fn byte_at(address: u64) -> Option<u8> {
    let mut byte = [0u8];
    user::read_bytes(narrow(address), &mut byte)
        .ok()
        .map(|()| byte[0])
}

impl Patcher {
    /// Says whether sites are to be rewritten.
    pub(crate) fn configure(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// A call was trapped on at `site`, with that rax.
    pub(crate) fn trapped(&self, site: usize, rax: usize) {
        let site = wide(site);
        if self.on.load(Ordering::Relaxed) && self.sites.is_hot(site) {
            let _lock = self.lock.lock();
            // Another thread may have been faster.
            if !self.sites.is_settled(site) && self.rewrite(site, wide(rax)).is_err() {
                self.sites.deny(site);
            }
        }
    }

    /// How many sites are rewritten, and about how many stay trapped.
    pub(crate) fn tally(&self) -> (usize, usize) {
        (self.sites.all().count(), self.sites.trapped())
    }

    fn rewrite(&self, site: u64, rax: u64) -> SysResult<()> {
        if self.chunks.holding(site).is_some() {
            return Err(Errno::EOPNOTSUPP);
        }
        let (start, end) = code_around(site)?;
        let (before, at) = bytes_around(site, start, end)?;
        let patch = classify(before.bytes(), at.bytes(), Some(rax));
        if matches!(patch, Patch::Stay(_)) || self.is_crowded(site) {
            return Err(Errno::EOPNOTSUPP);
        }
        let writer = code_writer()?;
        let (slot, chunk) = self
            .chunks
            .slot(&writer, site, &patch)
            .ok_or(Errno::ENOMEM)?;
        let built =
            rewrite::trampoline(site, &patch, at.bytes(), slot, chunk).ok_or(Errno::EOPNOTSUPP)?;
        writer.write(narrow(slot), built.code())?;
        self.note_block(site)?;
        self.sites
            .publish(site, slot, &patch, built.original)
            .ok_or(Errno::ENOMEM)?;
        let written = carry_out(&writer, &steps(&built));
        if written.is_err() {
            // Nothing half done may stay.
            let _ = carry_out(&writer, &revert_steps(site, &patch, &built.original));
        }
        written
    }

    /// Whether a rewritten site is so near that bytes could belong to both.
    fn is_crowded(&self, site: u64) -> bool {
        (site.saturating_sub(24)..site + 24)
            .filter(|&other| other != site)
            .any(|other| self.sites.patched(other).is_some())
    }

    fn note_block(&self, site: u64) -> SysResult<()> {
        let block = site & !(BLOCK - 1);
        let count = self.block_count.load(Ordering::Relaxed);
        let used = usize::try_from(count).unwrap_or(0);
        if self
            .blocks
            .iter()
            .take(used)
            .any(|known| known.load(Ordering::Relaxed) == block)
        {
            return Ok(());
        }
        self.blocks
            .get(used)
            .ok_or(Errno::ENOMEM)?
            .store(block, Ordering::Relaxed);
        self.block_count.store(count + 1, Ordering::Release);
        Ok(())
    }

    /// Whether there may be rewritten code in a range; a few nanoseconds.
    fn touches(&self, start: usize, len: usize) -> bool {
        let (start, end) = (
            wide(start),
            wide(start.saturating_add(len)).saturating_add(16),
        );
        let used = usize::try_from(self.block_count.load(Ordering::Acquire)).unwrap_or(0);
        self.blocks.iter().take(used).any(|block| {
            let block = block.load(Ordering::Relaxed);
            start < block + BLOCK && block < end
        })
    }

    /// The rewritten sites of which a byte is in the range.
    fn inside(&self, start: usize, len: usize) -> impl Iterator<Item = Patched> {
        let (start, end) = (wide(start), wide(start.saturating_add(len)));
        self.sites.all().filter(move |patched| {
            let head = patched.patch.head(patched.site).unwrap_or(patched.site);
            head < end && head + 5 > start
        })
    }

    /// Whether the bytes at a rewritten site are (becoming) those of the patch. They are not when
    /// other code was mapped there meanwhile.
    fn holds(&self, patched: &Patched) -> bool {
        let head = patched.patch.head(patched.site).unwrap_or(patched.site);
        matches!(byte_at(head), Some(INT3 | JMP))
    }

    /// See [`host::Brand::trap`].
    pub(crate) fn trap(&self, rip: usize, kind: Option<TrapKind>) -> Trap {
        let rip = wide(rip);
        if let Some(chunk) = self.chunks.holding(rip) {
            return self.in_chunk(chunk, rip);
        }
        match kind {
            Some(TrapKind::Breakpoint) => {
                let sites = [rip, rip + 5, rip + 7];
                let found = sites
                    .into_iter()
                    .filter_map(|site| self.sites.patched(site))
                    .find(|patched| patched.patch.head(patched.site) == Some(rip));
                match found {
                    Some(patched) if self.holds(&patched) => Trap::Resume {
                        rip: narrow(patched.slot),
                    },
                    // The int3 is gone already: what stands there now is to be executed.
                    _ if byte_at(rip).is_some_and(|byte| byte != INT3) => {
                        Trap::Resume { rip: narrow(rip) }
                    }
                    _ => Trap::Guest,
                }
            }
            Some(TrapKind::InvalidOpcode) | None => match self.sites.patched(rip.wrapping_sub(2)) {
                Some(
                    patched @ Patched {
                        patch: Patch::Displace { .. },
                        ..
                    },
                ) if self.holds(&patched) => Trap::Resume {
                    rip: narrow(tail(&patched)),
                },
                _ => Trap::Guest,
            },
        }
    }

    /// An address in a trampoline.
    fn in_chunk(&self, chunk: u64, rip: u64) -> Trap {
        let slot = rip & !(SLOT - 1);
        if slot == chunk {
            return Trap::Entering;
        }
        // The record's last word is the site.
        let site = (3..8).map(|word| slot + word * 8).find_map(|at| {
            let mut site = [0u8; 8];
            user::read_bytes(narrow(at), &mut site).ok()?;
            let patched = self.sites.patched(u64::from_le_bytes(site))?;
            (patched.slot == slot).then_some(patched)
        });
        let Some(patched) = site else {
            return Trap::Entering;
        };
        let guest = rewrite::guest_rip(rip, slot, patched.site, &patched.patch);
        match guest {
            Some(guest) if guest > patched.site => Trap::Displaced { rip: narrow(guest) },
            _ => Trap::Entering,
        }
    }
}

/// Where the displaced instruction of a site is.
fn tail(patched: &Patched) -> u64 {
    // lea r11,[rip+record]; jmp check: see `loader::rewrite`.
    patched.slot + 12
}

fn carry_out(writer: &CodeWriter, groups: &[Group]) -> SysResult<()> {
    for group in groups {
        for write in group.iter().filter(|write| !write.bytes().is_empty()) {
            writer.write(narrow(write.address), write.bytes())?;
        }
        sync_cores()?;
    }
    Ok(())
}

impl Patches for Patcher {
    fn forget(&self, start: usize, len: usize) {
        if self.touches(start, len) {
            let _lock = self.lock.lock();
            for patched in self.inside(start, len) {
                self.sites.forget(patched.site);
            }
        }
    }

    fn restore(&self, start: usize, len: usize) {
        if !self.touches(start, len) {
            return;
        }
        let _lock = self.lock.lock();
        let Ok(writer) = code_writer() else {
            return;
        };
        for patched in self
            .inside(start, len)
            .filter(|patched| self.holds(patched))
        {
            let steps = revert_steps(patched.site, &patched.patch, &patched.original);
            let _ = carry_out(&writer, &steps);
            self.sites.deny(patched.site);
        }
    }

    fn watch_all(&self) {
        hold_all_rows();
    }
}

/// A few bytes of code, fewer where the mapping ends.
struct Bytes {
    bytes: [u8; 32],
    from: usize,
    to: usize,
}

impl Bytes {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.from..self.to).unwrap_or_default()
    }
}

fn bytes_around(site: u64, start: u64, end: u64) -> SysResult<(Bytes, Bytes)> {
    let read = |from: u64, to: u64| -> SysResult<Bytes> {
        let len = narrow(to - from).min(32);
        let mut some = Bytes {
            bytes: [0; 32],
            from: 0,
            to: len,
        };
        user::read_bytes(narrow(from), some.bytes.get_mut(..len).unwrap_or_default())?;
        Ok(some)
    };
    let before = site.saturating_sub(wide(site::BEFORE)).max(start);
    let after = (site + wide(site::AT)).min(end);
    Ok((read(before, site)?, read(site, after)?))
}

/// Opens the memory of this process. Where only a tracer may (Yama), it lets anybody trace it as long
/// as that takes.
fn code_writer() -> SysResult<CodeWriter> {
    const PR_SET_PTRACER: usize = 0x5961_6d61;
    const ANYBODY: usize = usize::MAX;
    let open = || {
        let flags = OpenFlags::RDWR | OpenFlags::CLOEXEC;
        proc::open(proc_fd(), c"thread-self/mem", flags).map(CodeWriter::new)
    };
    match open() {
        Err(Errno::EACCES) if host_call!(nr::PRCTL, PR_SET_PTRACER, ANYBODY, 0, 0, 0).is_ok() => {
            let opened = open();
            let _ = host_call!(nr::PRCTL, PR_SET_PTRACER, 0, 0, 0, 0);
            opened
        }
        opened => opened,
    }
}

/// The mapping that a site is in, if its code may be rewritten: private, executable and not
/// writable, and of a file. Code in anonymous memory was made by the program itself, which may
/// read it back or copy it; it had better find there what it wrote.
fn code_around(site: u64) -> SysResult<(u64, u64)> {
    const PROCMAP_QUERY: usize = 0xc068_6611;
    const READ_EXEC: u64 = 1 | 4;
    const RELEVANT: u64 = 1 | 2 | 4 | 8;
    let fd = int(proc::open(
        proc_fd(),
        c"thread-self/maps",
        OpenFlags::CLOEXEC,
    )?);
    // struct procmap_query: size, query_flags, query_addr, vma_start, vma_end, vma_flags,
    // vma_page_size, vma_offset, inode, ...
    let mut query = [0u64; 13];
    query[0] = 104;
    query[2] = site;
    let result = host_call!(
        nr::IOCTL,
        fd,
        PROCMAP_QUERY,
        query.as_mut_ptr().expose_provenance()
    );
    let found = match result {
        Ok(_) if query[8] == 0 => Err(Errno::EACCES),
        Ok(_) => Ok((query[3], query[4], query[5])),
        Err(Errno::ENOTTY | Errno::EINVAL) => crate::maps::find(fd, site),
        Err(errno) => Err(errno),
    };
    let _ = host_call!(nr::CLOSE, fd);
    let (start, end, flags) = found?;
    // A site at the very end is left alone: what follows it is not of this mapping.
    if flags & RELEVANT == READ_EXEC && end - site > wide(site::AT) {
        Ok((start, end))
    } else {
        Err(Errno::EACCES)
    }
}

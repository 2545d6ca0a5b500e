//! mmap(2), munmap(2), mprotect(2), mremap(2), shmat(2).

use abi::arg::{Int, MapFlags, Prot, Ptr, Size, Ulong};
use abi::{Errno, SysResult, nr};
use host::call::{forward, int};
use host::memory::{PAGE, overlaps, ranges};
use kernel::Task;

const PROT_WRITE: usize = 2;
const MAP_FIXED: usize = 0x10;
const MAP_ANONYMOUS: usize = 0x20;
const MAP_FIXED_NOREPLACE: usize = 0x10_0000;
const MREMAP_MAYMOVE: usize = 1;
const MREMAP_FIXED: usize = 2;
const PROT_EXEC: usize = 4;
const MREMAP_DONTUNMAP: usize = 4;
const SHM_REMAP: i32 = 0o40000;

/// Bytes up to the end of the last page; `None` when that overflows.
fn whole_pages(len: usize) -> Option<usize> {
    len.checked_next_multiple_of(PAGE)
}

/// mmap(2). Over the brand nothing can be mapped: `ENOMEM`, as where the kernel has no room.
pub fn mmap(
    t: &mut Task,
    addr: Ptr,
    len: Size,
    prot: Prot,
    flags: MapFlags,
    fd: Int,
    offset: Ulong,
) -> SysResult {
    if flags.0 & MAP_ANONYMOUS == 0 {
        t.check_fd(fd.0)?;
        if prot.0 & PROT_EXEC != 0 && crate::bare::is_no_exec(t, fd.0) {
            return Err(Errno::EPERM);
        }
    }
    let fixed = flags.0 & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if fixed != 0
        && let Some(pages) = whole_pages(len.0)
        && pages != 0
    {
        if overlaps(addr.0, pages) {
            let taken = fixed & MAP_FIXED_NOREPLACE != 0;
            return Err(if taken { Errno::EEXIST } else { Errno::ENOMEM });
        }
        if fixed & MAP_FIXED_NOREPLACE == 0 {
            t.patches.forget(addr.0, pages);
        }
    }
    forward(
        nr::MMAP,
        &[addr.0, len.0, prot.0, flags.0, int(fd.0), offset.0],
    )
}

/// munmap(2). The brand's ranges are unmapped as far as the guest knows, and stay.
pub fn munmap(t: &mut Task, addr: Ptr, len: Size) -> SysResult {
    let Some(pages) = whole_pages(len.0).filter(|_| addr.0.is_multiple_of(PAGE)) else {
        return forward(nr::MUNMAP, &[addr.0, len.0, 0, 0, 0, 0]);
    };
    t.patches.forget(addr.0, pages);
    if !overlaps(addr.0, pages) {
        return forward(nr::MUNMAP, &[addr.0, len.0, 0, 0, 0, 0]);
    }
    let end = addr.0.checked_add(pages).ok_or(Errno::EINVAL)?;
    let mut from = addr.0;
    while from < end {
        let next = ranges()
            .filter(|&(_, high)| high > from)
            .min()
            .unwrap_or((end, end));
        let until = next.0.min(end);
        if until > from {
            forward(nr::MUNMAP, &[from, until - from, 0, 0, 0, 0])?;
        }
        from = next.1;
    }
    Ok(0)
}

/// mprotect(2).
pub fn mprotect(t: &mut Task, addr: Ptr, len: Size, prot: Prot) -> SysResult {
    protect(t, nr::MPROTECT, [addr.0, len.0, prot.0, 0, 0, 0])
}

/// pkey_mprotect(2).
pub fn pkey_mprotect(t: &mut Task, addr: Ptr, len: Size, prot: Prot, pkey: Int) -> SysResult {
    protect(
        t,
        nr::PKEY_MPROTECT,
        [addr.0, len.0, prot.0, int(pkey.0), 0, 0],
    )
}

fn protect(t: &mut Task, nr: usize, args: [usize; 6]) -> SysResult {
    let [addr, len, prot, ..] = args;
    if let Some(pages) = whole_pages(len) {
        if overlaps(addr, pages) {
            return Err(if addr % PAGE == 0 {
                Errno::ENOMEM
            } else {
                Errno::EINVAL
            });
        }
        if prot & PROT_WRITE != 0 {
            t.patches.restore(addr, pages);
        }
    }
    forward(nr, &args)
}

/// mremap(2).
pub fn mremap(
    t: &mut Task,
    old: Ptr,
    old_len: Size,
    new_len: Size,
    flags: Ulong,
    new: Ptr,
) -> SysResult {
    let old_pages = whole_pages(old_len.0).unwrap_or(usize::MAX);
    let new_pages = whole_pages(new_len.0).unwrap_or(usize::MAX);
    let fixed = flags.0 & MREMAP_FIXED != 0;
    let known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    let wrong = flags.0 & !known != 0 || !old.0.is_multiple_of(PAGE) || new_pages == 0;
    let misplaced = flags.0 & MREMAP_MAYMOVE == 0 || !new.0.is_multiple_of(PAGE);
    if wrong || fixed && misplaced {
        return Err(Errno::EINVAL);
    }
    if overlaps(old.0, old_pages.max(1)) {
        return Err(Errno::EFAULT);
    }
    if fixed {
        if overlaps(new.0, new_pages) {
            return Err(Errno::ENOMEM);
        }
        t.patches.forget(new.0, new_pages);
    }
    if flags.0 & (MREMAP_FIXED | MREMAP_MAYMOVE) != 0 {
        // Code that moves takes its bytes along, but no trampoline knows it there.
        t.patches.restore(old.0, old_pages);
    } else if new_pages < old_pages {
        t.patches
            .forget(old.0.wrapping_add(new_pages), old_pages - new_pages);
    }
    forward(
        nr::MREMAP,
        &[old.0, old_len.0, new_len.0, flags.0, new.0, 0],
    )
}

/// remap_file_pages(2).
pub fn remap_file_pages(
    t: &mut Task,
    addr: Ptr,
    len: Size,
    prot: Prot,
    offset: Ulong,
    flags: MapFlags,
) -> SysResult {
    let pages = whole_pages(len.0).unwrap_or(usize::MAX);
    if overlaps(addr.0, pages) {
        return Err(Errno::EINVAL);
    }
    t.patches.forget(addr.0, pages);
    forward(
        nr::REMAP_FILE_PAGES,
        &[addr.0, len.0, prot.0, offset.0, flags.0, 0],
    )
}

/// shmat(2). With SHM_REMAP the segment replaces what is there, so its size must be known.
pub fn shmat(t: &mut Task, id: Int, addr: Ptr, flags: Int) -> SysResult {
    if addr.0 != 0 && flags.0 & SHM_REMAP != 0 {
        // struct shmid64_ds: shm_segsz follows the 48 bytes of ipc64_perm.
        let mut segment = [0u64; 14];
        let at = segment.as_mut_ptr().expose_provenance();
        forward(nr::SHMCTL, &[int(id.0), 2, at, 0, 0, 0])?;
        let size = usize::try_from(segment[6]).unwrap_or(usize::MAX);
        let pages = whole_pages(size).unwrap_or(usize::MAX);
        let start = addr.0 & !(PAGE - 1);
        if overlaps(start, pages) {
            return Err(Errno::EINVAL);
        }
        t.patches.forget(start, pages);
    }
    forward(nr::SHMAT, &[int(id.0), addr.0, int(flags.0), 0, 0, 0])
}

/// map_shadow_stack(2): a guest's shadow stack cannot be kept, since the brand is not compiled for
/// one; as a kernel without it answers.
pub fn map_shadow_stack(_: &mut Task, _: Ptr, _: Size, _: Int) -> SysResult {
    Err(Errno::EOPNOTSUPP)
}

//! From headers to mappings, as `elf_load`, `elf_map` and `load_elf_interp` (Linux
//! `fs/binfmt_elf.c`) make them. All of it happens after the point of no return: an error here,
//! or of one of the host calls that the steps ask for, kills the process with SIGSEGV.

use crate::elf::{Image, Kind, Role, TASK_SIZE, page_align, page_offset, page_start};
use abi::Errno;
use alloc::vec::Vec;
use goblin::elf64::program_header::{PF_R, PF_W, PF_X, ProgramHeader};

/// `PROT_READ` (mmap(2)).
pub const PROT_READ: u32 = 1;
/// `PROT_WRITE`.
pub const PROT_WRITE: u32 = 2;
/// `PROT_EXEC`.
pub const PROT_EXEC: u32 = 4;

/// How the address of a mapping is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// A hint; only ever in a plan's first step. [`Plan::moved_to`] takes the outcome.
    Hint,
    /// `MAP_FIXED_NOREPLACE`.
    NoReplace,
    /// `MAP_FIXED`.
    Replace,
}

/// One thing to do; in the order of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A private mapping of the file.
    File {
        /// Page-aligned.
        addr: u64,
        /// Bytes, whole pages.
        len: u64,
        /// `PROT_*` bits.
        prot: u32,
        /// Offset in the file, page-aligned.
        offset: u64,
        /// How `addr` is meant.
        fixed: Fixed,
        /// When higher than `len`: map this many bytes, then unmap all after the first `len`, so
        /// that the whole image finds room in one place.
        reserve: u64,
    },
    /// Clear the rest of a file mapping's last page, which is writable. Failure (the file ends
    /// before that page) is fatal.
    Zero {
        /// First byte.
        addr: u64,
        /// Bytes, fewer than a page.
        len: u64,
    },
    /// Fresh zero pages, `MAP_FIXED`.
    Anon {
        /// Page-aligned.
        addr: u64,
        /// Bytes, whole pages.
        len: u64,
        /// Readable and writable whatever the segment says, executable if it is.
        prot: u32,
    },
}

/// The addresses that the kernel notes of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// What was added to the addresses in the file. `AT_BASE` when this is an interpreter.
    pub bias: u64,
    /// The entry point. `AT_ENTRY` when this is the program.
    pub entry: u64,
    /// `AT_PHDR`.
    pub phdr: u64,
    /// Lowest start of an executable segment.
    pub start_code: u64,
    /// Highest end of file bytes of an executable segment.
    pub end_code: u64,
    /// Highest start of a segment.
    pub start_data: u64,
    /// Highest end of file bytes.
    pub end_data: u64,
    /// End of bss: where brk starts unless moved, see [`crate::place::brk`].
    pub bss_end: u64,
}

/// How to map one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// What comes of it.
    pub layout: Layout,
}

/// The plan for `image` with `bias` added to the addresses in the file; `first` says how the
/// first mapping's address is meant (see [`crate::place::place`]).
///
/// # Errors
/// `EINVAL`, or `ENOMEM` for an interpreter, when a segment does not fit the address space, has
/// more file bytes than memory or cannot be mapped in pages; `EINVAL` when an image that needs a
/// place has no size, or when the entry point is outside the address space; `EPERM` for an
/// interpreter that is neither `ET_EXEC` nor `ET_DYN`.
pub fn plan(image: &Image, bias: u64, first: Fixed) -> Result<Plan, Errno> {
    let header = &image.header;
    if header.kind == Kind::Other {
        return Err(Errno::EPERM);
    }
    let reserves = header.kind == Kind::Dyn || header.role == Role::Interpreter;
    let mut reserve = if reserves {
        page_align(image.total_size())
    } else {
        0
    };
    if reserve == 0 && (reserves && !image.loads.is_empty() || header.role == Role::Interpreter) {
        return Err(Errno::EINVAL);
    }

    if reserve > TASK_SIZE {
        return Err(Errno::ENOMEM);
    }

    let mut steps = Vec::with_capacity(image.loads.len() * 2);
    let mut layout = Layout {
        start_code: u64::MAX,
        ..Layout::default()
    };
    let mut fixed = first;
    for segment in &image.loads {
        check(segment, header.role)?;
        load(&mut steps, segment, bias, fixed, reserve)?;
        // A segment that wraps around the end of the address space makes the sum small.
        if reserve > 0 && steps.first().is_some_and(|step| step.range().1 > reserve) {
            return Err(Errno::EINVAL);
        }
        note(&mut layout, segment);
        fixed = Fixed::Replace;
        reserve = 0;
    }
    layout.entry = header.entry;
    layout.phdr = image.phdr_vaddr();
    layout.shift(bias);
    let plan = Plan { steps, layout };
    if !plan.is_hint() {
        plan.settle()?;
    }
    Ok(plan)
}

impl Plan {
    /// Whether the first step's address is but a hint, so that [`Plan::moved_to`] must follow it.
    #[must_use]
    pub fn is_hint(&self) -> bool {
        matches!(
            self.steps.first(),
            Some(Step::File {
                fixed: Fixed::Hint,
                ..
            })
        )
    }

    /// The first mapping, which was a hint, went to `to`: everything else follows it.
    ///
    /// # Errors
    /// As [`plan`], for what depends on the place.
    pub fn moved_to(&mut self, to: u64) -> Result<(), Errno> {
        let hint = self.steps.first().map_or(to, |step| step.range().0);
        let shift = to.wrapping_sub(hint);
        for step in &mut self.steps {
            let (Step::File { addr, .. } | Step::Anon { addr, .. } | Step::Zero { addr, .. }) =
                step;
            *addr = addr.wrapping_add(shift);
        }
        self.layout.shift(shift);
        self.settle()
    }

    /// Checks what depends on the final place.
    fn settle(&self) -> Result<(), Errno> {
        for (addr, len) in self.steps.iter().map(Step::range) {
            if addr >= TASK_SIZE || len > TASK_SIZE - addr {
                return Err(Errno::ENOMEM);
            }
        }
        if self.layout.entry < TASK_SIZE {
            Ok(())
        } else {
            Err(Errno::EINVAL)
        }
    }
}

impl Step {
    /// Address and length.
    #[must_use]
    pub fn range(&self) -> (u64, u64) {
        let (Self::File { addr, len, .. }
        | Self::Anon { addr, len, .. }
        | Self::Zero { addr, len }) = *self;
        (addr, len)
    }
}

/// That the segment can lie in the address space. The kernel does this after it has mapped the
/// segment; since the process dies either way, before is as good.
fn check(segment: &ProgramHeader, role: Role) -> Result<(), Errno> {
    let fits = segment.p_filesz <= segment.p_memsz && segment.p_memsz <= TASK_SIZE;
    match role {
        // Of a program, the address in the file counts; of an interpreter the final one, which
        // the steps are checked for.
        Role::Program
            if segment.p_vaddr < TASK_SIZE
                && fits
                && segment.p_vaddr <= TASK_SIZE - segment.p_memsz =>
        {
            Ok(())
        }
        Role::Program => Err(Errno::EINVAL),
        Role::Interpreter if fits => Ok(()),
        Role::Interpreter => Err(Errno::ENOMEM),
    }
}

fn load(
    steps: &mut Vec<Step>,
    segment: &ProgramHeader,
    bias: u64,
    fixed: Fixed,
    reserve: u64,
) -> Result<(), Errno> {
    let prot = protection(segment.p_flags);
    let start = page_start(bias.wrapping_add(segment.p_vaddr));
    // From `start` on; below 2^48, as `check` has seen to, so that no sum here wraps.
    let in_page = page_offset(segment.p_vaddr);
    let file_end = in_page + segment.p_filesz;
    let end = page_align(in_page + segment.p_memsz);
    let has_bss = segment.p_memsz > segment.p_filesz;

    let mut bss = 0;
    if segment.p_filesz != 0 {
        bss = page_align(file_end);
        let offset = segment.p_offset.wrapping_sub(in_page);
        if page_offset(offset) != 0 {
            return Err(Errno::EINVAL);
        }
        steps.push(Step::File {
            addr: start,
            len: bss,
            prot,
            offset,
            fixed,
            // Addresses that wrap can make the whole smaller than a part.
            reserve: if reserve < bss { 0 } else { reserve },
        });
        // The kernel tries this on pages that are not writable too, and ignores that it fails.
        if has_bss && bss > file_end && prot & PROT_WRITE != 0 {
            steps.push(Step::Zero {
                addr: start.wrapping_add(file_end),
                len: bss - file_end,
            });
        }
    }
    if has_bss && end > bss {
        let prot = PROT_READ | PROT_WRITE | prot & PROT_EXEC;
        steps.push(Step::Anon {
            addr: start.wrapping_add(bss),
            len: end - bss,
            prot,
        });
    }
    Ok(())
}

fn note(layout: &mut Layout, segment: &ProgramHeader) {
    let start = segment.p_vaddr;
    let file_end = start.wrapping_add(segment.p_filesz);
    if segment.p_flags & PF_X != 0 {
        layout.start_code = layout.start_code.min(start);
        layout.end_code = layout.end_code.max(file_end);
    }
    layout.start_data = layout.start_data.max(start);
    layout.end_data = layout.end_data.max(file_end);
    layout.bss_end = layout.bss_end.max(start.wrapping_add(segment.p_memsz));
}

impl Layout {
    fn shift(&mut self, by: u64) {
        for address in [
            &mut self.bias,
            &mut self.entry,
            &mut self.phdr,
            &mut self.start_code,
            &mut self.end_code,
            &mut self.start_data,
            &mut self.end_data,
            &mut self.bss_end,
        ] {
            *address = address.wrapping_add(by);
        }
    }
}

/// `PROT_*` of `p_flags`.
#[must_use]
pub fn protection(flags: u32) -> u32 {
    let bit = |flag, prot| if flags & flag == 0 { 0 } else { prot };
    bit(PF_R, PROT_READ) | bit(PF_W, PROT_WRITE) | bit(PF_X, PROT_EXEC)
}

//! Where images and the brk area go: `load_elf_binary` (Linux `fs/binfmt_elf.c`),
//! `arch_mmap_rnd` (`arch/x86/mm/mmap.c`) and `arch_randomize_brk` (`arch/x86/kernel/process.c`).

use crate::elf::{Image, Kind, PAGE, Role, page_align, page_start};
use crate::plan::{Fixed, Plan, plan};
use abi::Errno;

/// `ELF_ET_DYN_BASE` on x86-64: two thirds of the address space.
pub const ET_DYN_BASE: u64 = 0x5555_5555_4aaa;
/// The default of `vm.mmap_rnd_bits` on x86-64: bits of randomness, in pages.
pub const MMAP_RND_BITS: u32 = 28;
/// The window in which brk is moved, 1 GiB.
const BRK_WINDOW: u64 = 1 << 30;

/// How much of the layout is random: `kernel.randomize_va_space`, 0 under the personality
/// `ADDR_NO_RANDOMIZE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Randomize {
    /// 0: nothing.
    Nothing,
    /// 1: images, mmap, stack, vDSO.
    Images,
    /// 2: brk too.
    Brk,
}

/// Where an image is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Plan with this bias; what lies there already, if anything, is said by `first`.
    At {
        /// To be added to the addresses in the file.
        bias: u64,
        /// How the first mapping's address is meant.
        first: Fixed,
    },
    /// The kernel's mmap chooses, but the image wants more than page alignment: find room of
    /// `len` bytes, give it back, and take [`aligned`] of its address.
    Search {
        /// Bytes.
        len: u64,
        /// Power of two, more than a page.
        alignment: u64,
    },
}

/// Where an `ET_DYN` program with an interpreter goes, before alignment to its first segment;
/// `None` for every other image. `random` is any random number.
#[must_use]
pub fn dyn_base(image: &Image, has_interp: bool, randomize: bool, random: u64) -> Option<u64> {
    if image.header.kind != Kind::Dyn || !has_interp {
        return None;
    }
    let offset = if randomize {
        (random & ((1 << MMAP_RND_BITS) - 1)) * PAGE
    } else {
        0
    };
    Some(align_down(ET_DYN_BASE + offset, image.alignment()))
}

/// The place of a program.
#[must_use]
pub fn place(image: &Image, randomize: Randomize, random: u64) -> Place {
    let first = image.loads.first().map_or(0, |segment| segment.p_vaddr);
    if image.header.kind == Kind::Exec {
        return Place::At {
            bias: 0,
            first: Fixed::NoReplace,
        };
    }
    let random_base = randomize > Randomize::Nothing;
    match dyn_base(image, image.interp.is_some(), random_base, random) {
        Some(base) => Place::At {
            bias: bias(base, first),
            first: Fixed::NoReplace,
        },
        None if image.alignment() > PAGE => Place::Search {
            len: page_align(image.total_size()),
            alignment: image.alignment(),
        },
        None => Place::At {
            bias: bias(0, first),
            first: Fixed::Hint,
        },
    }
}

/// The place of an interpreter; `program_bias` is its program's. Its alignment does not count.
#[must_use]
pub fn place_interpreter(image: &Image, program_bias: u64) -> Place {
    let first = image.loads.first().map_or(0, |segment| segment.p_vaddr);
    match image.header.kind {
        Kind::Dyn if program_bias != 0 => Place::At {
            bias: page_start(first).wrapping_neg(),
            first: Fixed::Hint,
        },
        Kind::Dyn => Place::At {
            bias: 0,
            first: Fixed::Hint,
        },
        Kind::Exec | Kind::Other => Place::At {
            bias: 0,
            first: Fixed::Replace,
        },
    }
}

/// The place after [`Place::Search`] found room at `found`.
#[must_use]
pub fn aligned(image: &Image, found: u64) -> Place {
    let first = image.loads.first().map_or(0, |segment| segment.p_vaddr);
    Place::At {
        bias: bias(align_down(found, image.alignment()), first),
        first: Fixed::NoReplace,
    }
}

impl Place {
    /// The plan for `image` at this place; `None` as long as the place must be searched.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan(self, image: &Image) -> Result<Option<Plan>, Errno> {
        match self {
            Self::At { bias, first } => plan(image, bias, first).map(Some),
            Self::Search { .. } => Ok(None),
        }
    }
}

/// Where brk starts for a program whose bss ends at `bss_end`.
#[must_use]
pub fn brk(image: &Image, bss_end: u64, randomize: Randomize, random: u64) -> u64 {
    // A loader run as a program lives among the mmaps; its brk is moved to where programs live.
    let moved = image.header.role == Role::Program
        && image.header.kind == Kind::Dyn
        && image.interp.is_none();
    let start = page_align(if moved { ET_DYN_BASE } else { bss_end });
    match randomize {
        Randomize::Brk if moved => start + random % (BRK_WINDOW / PAGE) * PAGE,
        Randomize::Brk => start + PAGE + random % (BRK_WINDOW / PAGE) * PAGE,
        _ => start,
    }
}

fn align_down(address: u64, alignment: u64) -> u64 {
    if alignment == 0 {
        address
    } else {
        address & !(alignment - 1)
    }
}

fn bias(base: u64, first_vaddr: u64) -> u64 {
    page_start(base.wrapping_sub(first_vaddr))
}

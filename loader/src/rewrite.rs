//! Trampolines.
//!
//! A trampoline fills one slot of a 64 KiB chunk that lies within ±2 GiB of the site:
//!
//! ```text
//! slot:   [mov eax,imm32 | mov rax,simm32]   MovHead only
//!         lea r11,[rip+record]
//!         jmp check                          the chunk's stub, which knows r11 as the record
//! tail:   the displaced instruction          Displace only
//!         jmp site+2+insn_len                Displace only
//!         padding to 8
//! record: ret, resume, kind, site            four u64
//! ```
//!
//! The guest's r11 may be used since `syscall` overwrites it. For [`Patch::Displace`] the second
//! byte of the jump's displacement comes to lie on the start of the instruction after the
//! `syscall`; slots are chosen such that it is an opcode which no x86-64 processor has. Whoever
//! jumps there gets SIGILL, and goes on at the tail.

use crate::insn::{self, Place};
use crate::site::Patch;

/// Bytes of a slot.
pub const SLOT: u64 = 64;
/// Bytes of a chunk; a chunk starts at a multiple of this.
pub const CHUNK: u64 = 0x1_0000;
/// Bytes of a record.
pub const RECORD: usize = 32;
/// Bytes of `jmp rel32`.
const JUMP: u64 = 5;
const JUMP_OPCODE: u8 = 0xe9;

/// Opcodes that are invalid in 64-bit mode whatever follows, on every processor of both vendors:
/// pushes and pops of es, cs, ss and ds, daa, das, aaa, aas, pusha, popa, into, aam and salc.
///
/// Not among them: 62, C4, C5 and D5, which became prefixes (EVEX, VEX, REX2); and 82, 9A and EA,
/// for which a processor fetches all operands before it refuses, so that at the end of a mapping
/// they end in SIGSEGV instead. (AAM has one byte of them; there are always two more here.)
pub const INVALID_OPCODES: [u8; 16] = [
    0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0xce, 0xd4, 0xd6,
];

/// A trampoline, ready to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// The address of the `syscall` instruction.
    pub site: u64,
    /// Where `code` goes.
    pub slot: u64,
    /// What is done.
    pub patch: Patch,
    code: [u8; 64],
    len: u8,
    /// Of the tail in `code`; 0 for `MovHead`, which has none.
    pub tail_offset: u8,
    /// Of the jump back in `code`; 0 for `MovHead`.
    pub after_tail_offset: u8,
    /// Of the record in `code`, a multiple of 8.
    pub record_offset: u8,
    /// What the five bytes at [`Built::head`] become.
    pub jump: [u8; 5],
    /// What they were.
    pub original: [u8; 5],
}

/// Builds the trampoline of `site` at `slot`. `at` is what [`crate::site::classify`] saw from the
/// site on, `check` the address that the trampoline jumps to with the record's address in r11.
/// `None` when something is out of reach, when the slot does not suit the patch, or when `patch`
/// is not what `at` calls for.
#[must_use]
pub fn trampoline(site: u64, patch: &Patch, at: &[u8], slot: u64, check: u64) -> Option<Built> {
    let mut out = Code {
        bytes: [0xcc; 64],
        len: 0,
        base: slot,
    };
    let head = patch.head(site)?;
    let jump = jump(head, slot)?;
    let (mut tail_offset, mut after_tail_offset) = (0, 0);
    let (ret, mut resume) = (site.wrapping_add(2), site.wrapping_add(2));

    let original = match *patch {
        Patch::MovHead { imm, mov_len } => {
            let imm = u32::try_from(imm & 0xffff_ffff).ok()?.to_le_bytes();
            let mov = if mov_len == 5 {
                &[0xb8][..]
            } else {
                &[0x48, 0xc7, 0xc0]
            };
            out.push(mov)?;
            out.push(&imm)?;
            *out.bytes.first_chunk()?
        }
        Patch::Displace { .. } if !INVALID_OPCODES.contains(&jump[2]) => return None,
        Patch::Displace { .. } => *at.first_chunk()?,
        Patch::Stay(_) => return None,
    };
    // lea r11,[rip+disp32]; the displacement is filled in below.
    out.push(&[0x4c, 0x8d, 0x1d, 0, 0, 0, 0])?;
    let lea_end = out.len;
    out.jump(check)?;
    if let Patch::Displace { insn_len } = *patch {
        tail_offset = u8::try_from(out.len).ok()?;
        resume = out.here();
        out.moved(at.get(2..)?, insn_len, site.wrapping_add(2))?;
        after_tail_offset = u8::try_from(out.len).ok()?;
        out.jump(site.wrapping_add(2).wrapping_add(u64::from(insn_len)))?;
    }
    let record = out.len.next_multiple_of(8);
    let distance = u32::try_from(record - lea_end).ok()?;
    out.bytes
        .get_mut(lea_end - 4..lea_end)?
        .copy_from_slice(&distance.to_le_bytes());
    out.len = record;
    for word in [ret, resume, 0, site] {
        out.push(&word.to_le_bytes())?;
    }
    Some(Built {
        site,
        slot,
        patch: *patch,
        code: out.bytes,
        len: u8::try_from(out.len).ok()?,
        tail_offset,
        after_tail_offset,
        record_offset: u8::try_from(record).ok()?,
        jump,
        original,
    })
}

impl Patch {
    /// Where the jump goes: the `mov`, or the `syscall` itself.
    #[must_use]
    pub fn head(&self, site: u64) -> Option<u64> {
        match self {
            Self::MovHead { mov_len, .. } => Some(site.wrapping_sub(u64::from(*mov_len))),
            Self::Displace { .. } => Some(site),
            Self::Stay(_) => None,
        }
    }
}

impl Built {
    /// What is to be written at the slot.
    #[must_use]
    pub fn code(&self) -> &[u8] {
        &self.code[..usize::from(self.len)]
    }

    /// Where the jump is written.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.patch.head(self.site).unwrap_or(self.site)
    }

    /// Where a thread goes on that got SIGILL at the instruction after the site (Displace).
    #[must_use]
    pub fn tail(&self) -> u64 {
        self.slot + u64::from(self.tail_offset)
    }

    /// The address that the guest knows for `rip`, see [`guest_rip`].
    #[must_use]
    pub fn guest_rip(&self, rip: u64) -> Option<u64> {
        guest_rip(rip, self.slot, self.site, &self.patch)
    }
}

/// The address that the guest knows for `rip`, an instruction boundary in the trampoline of
/// `site` at `slot`; `None` for any other address. A signal frame must show this one, and going
/// on there has the same effect.
#[must_use]
pub fn guest_rip(rip: u64, slot: u64, site: u64, patch: &Patch) -> Option<u64> {
    let (mov_len, insn_len) = match *patch {
        Patch::MovHead { mov_len, .. } => (u64::from(mov_len), 0),
        Patch::Displace { insn_len } => (0, u64::from(insn_len)),
        Patch::Stay(_) => return None,
    };
    let (lea, tail) = (mov_len, mov_len + 7 + JUMP);
    let offset = rip.wrapping_sub(slot);
    let displaced = insn_len != 0;
    if offset == 0 {
        Some(site.wrapping_sub(mov_len))
    } else if offset == lea || offset == lea + 7 {
        Some(site)
    } else if displaced && offset == tail {
        Some(site.wrapping_add(2))
    } else if displaced && offset == tail + insn_len {
        Some(site.wrapping_add(2 + insn_len))
    } else {
        None
    }
}

/// The slots of the chunk at `chunk_base`, of which the first `chunk_len` bytes may be used, that
/// suit a patch.
pub fn slots(
    site: u64,
    patch: &Patch,
    chunk_base: u64,
    chunk_len: u64,
) -> impl Iterator<Item = u64> {
    let head = patch.head(site);
    let displace = matches!(patch, Patch::Displace { .. });
    let first = chunk_base.next_multiple_of(SLOT);
    let end = chunk_base.saturating_add(chunk_len);
    let count = end.saturating_sub(first) / SLOT;
    (0..count)
        .map(move |index| first + index * SLOT)
        .filter(move |slot| {
            let jump = head.and_then(|head| jump(head, *slot));
            jump.is_some_and(|jump| !displace || INVALID_OPCODES.contains(&jump[2]))
        })
}

/// `jmp rel32` at `from`, to `to`.
fn jump(from: u64, to: u64) -> Option<[u8; 5]> {
    let [a, b, c, d] = relative(from.wrapping_add(JUMP), to)?;
    Some([JUMP_OPCODE, a, b, c, d])
}

fn relative(from: u64, to: u64) -> Option<[u8; 4]> {
    let distance = to.wrapping_sub(from).cast_signed();
    Some(i32::try_from(distance).ok()?.to_le_bytes())
}

struct Code {
    bytes: [u8; 64],
    len: usize,
    base: u64,
}

impl Code {
    fn here(&self) -> u64 {
        // At most 64.
        self.base.wrapping_add(u64::try_from(self.len).unwrap_or(0))
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len + bytes.len();
        self.bytes.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }

    fn jump(&mut self, to: u64) -> Option<()> {
        self.push(&jump(self.here(), to)?)
    }

    /// The instruction of `len` bytes that `bytes` starts with and that stood at `from`.
    fn moved(&mut self, bytes: &[u8], len: u8, from: u64) -> Option<()> {
        let insn = insn::decode(bytes).ok().filter(|insn| insn.len == len)?;
        let (start, here) = (self.len, self.here());
        let size = usize::from(len);
        self.push(bytes.get(..size)?)?;
        if let Place::Relative(offset) = insn.place {
            let offset = start + usize::from(offset);
            let field = self
                .bytes
                .get_mut(offset..offset + 4)?
                .first_chunk_mut::<4>()?;
            let old = i64::from(i32::from_le_bytes(*field)).cast_unsigned();
            let target = from.wrapping_add(u64::from(len)).wrapping_add(old);
            *field = relative(here.wrapping_add(u64::from(len)), target)?;
        }
        Some(())
    }
}

//! How a `syscall` instruction that was trapped on could be rewritten.

use crate::insn::{self, Insn, Refusal};

/// How many bytes before a site [`classify`] can make use of.
pub const BEFORE: usize = 16;
/// How many bytes from a site on [`classify`] and the rewriting can make use of.
pub const AT: usize = 17;

/// What can be done with one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch {
    /// The site is preceded by `mov eax,imm32` or `mov rax,simm32`: a jump takes the place of
    /// that instruction, and the `syscall` stays for whoever jumps straight to it.
    MovHead {
        /// What the instruction leaves in rax.
        imm: u64,
        /// Its bytes, 5 or 7.
        mov_len: u8,
    },
    /// A jump takes the place of the `syscall` and of the first three bytes of the instruction
    /// that follows it, which moves.
    Displace {
        /// Bytes of that instruction.
        insn_len: u8,
    },
    /// Nothing; it keeps trapping.
    Stay(Reason),
}

/// Why a site cannot be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no `syscall` instruction.
    NotSyscall,
    /// What is known of the bytes that follow ends too early.
    Cut,
    /// The instruction that follows is shorter than three bytes.
    TooShort,
    /// The instruction that follows is a call.
    Call,
    /// The instruction that follows cannot be moved, or is not known.
    Unmovable,
}

/// Decides what can be done with the site at the start of `at`. `before` are the bytes just
/// before it, `rax` is its value at a trap (a `mov` that did not leave it is none).
///
/// No byte of either may belong to another patch.
#[must_use]
pub fn classify(before: &[u8], at: &[u8], rax: Option<u64>) -> Patch {
    let Some(after) = at.strip_prefix(&[0x0f, 0x05]) else {
        return Patch::Stay(Reason::NotSyscall);
    };
    if let Some(patch) = mov_head(before, rax) {
        return patch;
    }
    match insn::decode(after) {
        Ok(Insn { len, .. }) if len >= 3 => Patch::Displace { insn_len: len },
        Ok(_) | Err(Refusal::Short) => Patch::Stay(Reason::TooShort),
        Err(Refusal::Cut) => Patch::Stay(Reason::Cut),
        Err(Refusal::Call) => Patch::Stay(Reason::Call),
        Err(Refusal::Other) => Patch::Stay(Reason::Unmovable),
    }
}

fn mov_head(before: &[u8], rax: Option<u64>) -> Option<Patch> {
    let (rest, imm) = before.split_last_chunk::<4>()?;
    let imm = i32::from_le_bytes(*imm);
    let (imm, rest, mov_len) = match rest {
        [rest @ .., 0x48, 0xc7, 0xc0] => (i64::from(imm).cast_unsigned(), rest, 7),
        [rest @ .., 0xb8] => (u64::from(imm.cast_unsigned()), rest, 5),
        _ => return None,
    };
    let prefixed = match rest.last() {
        // mov ax; the jump would be another one with this prefix, too.
        Some(0x66) => true,
        // mov r8d, movabs: or so it may be.
        Some(0x40..=0x4f) => mov_len == 5,
        _ => false,
    };
    if prefixed || rax.is_some_and(|rax| rax != imm) || mov_len == 5 && is_ambiguous(before) {
        return None;
    }
    Some(Patch::MovHead { imm, mov_len })
}

/// Whether the B8 that seems to start a `mov eax,imm32` at the end of `before` may as well stand
/// inside a longer instruction, as in `mov dword [rsp-0x48],imm32`. Of the other readings only
/// those count in which rax could have the value by chance: a value or displacement that is
/// stored or added elsewhere, not one that is added to rax to make an address.
fn is_ambiguous(before: &[u8]) -> bool {
    let longest = before.len().min(15);
    (6..=longest).any(|len| match insn::decode(&before[before.len() - len..]) {
        Ok(found) => usize::from(found.len) == len && (found.ends_in_imm32 || found.rex_b),
        Err(_) => false,
    })
}

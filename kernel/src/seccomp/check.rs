//! Which programs are filters: the kernel's rules (`bpf_check_classic` in `net/core/filter.c`,
//! `seccomp_check_filter` in `kernel/seccomp.c`).

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use abi::{Errno, SysResult};

use super::insn::{DATA_SIZE, Insn, code};

/// The longest program (`BPF_MAXINSNS`).
pub const MAX_INSNS: usize = 4096;

/// Cells of scratch memory (`BPF_MEMWORDS`).
pub(super) const MEMORY: usize = 16;

/// A checked program: every jump goes forward to an instruction, every path ends in a return,
/// every load is inside the data, and no cell is read before it is written.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    insns: Box<[Insn]>,
}

impl Program {
    /// Takes a program if it is one that the kernel would accept.
    ///
    /// # Errors
    /// `EINVAL` when it is not.
    pub fn check(insns: Vec<Insn>) -> SysResult<Self> {
        if insns.is_empty() || insns.len() > MAX_INSNS {
            return Err(Errno::EINVAL);
        }
        for (pc, insn) in insns.iter().enumerate() {
            if !may_stand(*insn, insns.len() - pc - 1) {
                return Err(Errno::EINVAL);
            }
        }
        let ends =
            matches!(insns.last(), Some(last) if matches!(last.code, code::RET_K | code::RET_A));
        if ends && reads_only_written_cells(&insns) {
            Ok(Self {
                insns: insns.into_boxed_slice(),
            })
        } else {
            Err(Errno::EINVAL)
        }
    }

    /// The instructions.
    #[must_use]
    pub fn insns(&self) -> &[Insn] {
        &self.insns
    }

    /// The length that the kernel counts against the limit of a chain: that of the program
    /// after its conversion to extended BPF (`bpf_convert_filter`).
    pub(super) fn converted_len(&self) -> usize {
        // The conversion clears A and X and saves the context first.
        3 + self
            .insns
            .iter()
            .map(|insn| converted(*insn))
            .sum::<usize>()
    }
}

/// Whether `insn` may stand `left` instructions before the end of a filter.
fn may_stand(insn: Insn, left: usize) -> bool {
    let inside = |skip: usize| skip < left;
    match insn.code {
        code::LD_W_ABS => insn.k < DATA_SIZE && insn.k.is_multiple_of(4),
        code::LD_MEM | code::LDX_MEM | code::ST | code::STX => cell(insn.k).is_some(),
        code::JA => usize::try_from(insn.k).is_ok_and(inside),
        code::DIV => insn.k != 0,
        code::LSH | code::RSH => insn.k < 32,
        code::LD_W_LEN
        | code::LDX_W_LEN
        | code::LD_IMM
        | code::LDX_IMM
        | code::RET_K
        | code::RET_A
        | code::TAX
        | code::TXA
        | code::NEG => true,
        other => match other & !code::X {
            code::JEQ | code::JGT | code::JGE | code::JSET => {
                inside(insn.jt.into()) && inside(insn.jf.into())
            }
            code::ADD | code::SUB | code::MUL | code::OR | code::AND | code::XOR => true,
            code::DIV | code::LSH | code::RSH => other & code::X != 0,
            _ => false,
        },
    }
}

/// The scratch cell that `k` names.
pub(super) fn cell(k: u32) -> Option<usize> {
    usize::try_from(k).ok().filter(|cell| *cell < MEMORY)
}

/// Whether on every path a cell is written before it is read (`check_load_and_stores`). Jumps
/// go forward only, so one pass that carries the written cells along suffices.
fn reads_only_written_cells(insns: &[Insn]) -> bool {
    // Cells written on all paths to an instruction that jump there.
    let mut at_target = vec![u16::MAX; insns.len()];
    let mut written = 0u16;
    for (pc, insn) in insns.iter().enumerate() {
        written &= at_target[pc];
        let mut jump = |skip: usize, written: u16| {
            if let Some(cells) = at_target.get_mut(pc + 1 + skip) {
                *cells &= written;
            }
        };
        match insn.code {
            code::ST | code::STX => written |= 1 << (insn.k % 16),
            code::LD_MEM | code::LDX_MEM if written & 1 << (insn.k % 16) == 0 => return false,
            code::JA => {
                jump(usize::try_from(insn.k).unwrap_or(usize::MAX / 2), written);
                written = u16::MAX;
            }
            other if is_condition(other) => {
                jump(insn.jt.into(), written);
                jump(insn.jf.into(), written);
                written = u16::MAX;
            }
            _ => {}
        }
    }
    true
}

/// Whether `code` is a conditional jump.
fn is_condition(code: u16) -> bool {
    matches!(
        code & !code::X,
        code::JEQ | code::JGT | code::JGE | code::JSET
    )
}

/// How many extended instructions the kernel makes of one classic instruction.
fn converted(insn: Insn) -> usize {
    match insn.code {
        // The result, then exit.
        code::RET_K => 2,
        // A test of the divisor with its own way out, before the division.
        other if other == code::DIV | code::X => 5,
        other if is_condition(other) => {
            // A constant that is negative as a signed number goes through a register first.
            let operand = usize::from(other & code::X == 0 && insn.k > i32::MAX.cast_unsigned());
            let invertible = other & !code::X != code::JSET;
            let one_jump = insn.jf == 0 || (insn.jt == 0 && invertible);
            operand + if one_jump { 1 } else { 2 }
        }
        _ => 1,
    }
}

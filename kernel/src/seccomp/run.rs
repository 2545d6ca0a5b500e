//! The interpreter.

use super::check::{MEMORY, Program, cell};
use super::insn::{DATA_SIZE, Insn, SeccompData, code};

/// `SECCOMP_RET_KILL_THREAD`: what a filter returns that divides by zero.
const DIVISION_BY_ZERO: u32 = 0;

/// The offset of the first byte of [`SeccompData`] after `nr` and `arch`.
const AFTER_ARCH: u32 = 8;

/// The registers of the machine.
#[derive(Default)]
struct Machine {
    a: u32,
    x: u32,
    memory: [u32; MEMORY],
}

/// What a filter said, and whether it looked at more than the call's number and architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The return value.
    pub(super) value: u32,
    /// Whether another call with the same number may get another value.
    pub(super) depends_on_arguments: bool,
}

impl Program {
    /// What the filter returns for a call.
    #[must_use]
    pub fn run(&self, data: &SeccompData) -> u32 {
        self.outcome(data).value
    }

    pub(super) fn outcome(&self, data: &SeccompData) -> Outcome {
        let mut machine = Machine::default();
        let mut outcome = Outcome {
            value: DIVISION_BY_ZERO,
            depends_on_arguments: false,
        };
        let mut rest = self.insns();
        // Jumps go forward only, so this ends; `check` took no program without a return.
        while let Some((insn, next)) = rest.split_first() {
            let skip = match insn.code {
                code::RET_K => {
                    return Outcome {
                        value: insn.k,
                        ..outcome
                    };
                }
                code::RET_A => {
                    return Outcome {
                        value: machine.a,
                        ..outcome
                    };
                }
                code::LD_W_ABS => {
                    outcome.depends_on_arguments |= insn.k >= AFTER_ARCH;
                    machine.a = data.word(insn.k);
                    Some(0)
                }
                _ => machine.step(*insn),
            };
            rest = skip.and_then(|skip| next.get(skip..)).unwrap_or(&[]);
        }
        outcome
    }
}

impl Machine {
    /// One instruction that neither returns nor loads from the data: how many to skip after it.
    /// `None` when it divides by zero.
    fn step(&mut self, insn: Insn) -> Option<usize> {
        let operand = if insn.code & code::X == 0 {
            insn.k
        } else {
            self.x
        };
        let jump = |condition: bool| Some(usize::from(if condition { insn.jt } else { insn.jf }));
        match insn.code {
            code::LD_W_LEN => self.a = DATA_SIZE,
            code::LDX_W_LEN => self.x = DATA_SIZE,
            code::LD_IMM => self.a = insn.k,
            code::LDX_IMM => self.x = insn.k,
            code::LD_MEM => self.a = self.memory[cell(insn.k)?],
            code::LDX_MEM => self.x = self.memory[cell(insn.k)?],
            code::ST => self.memory[cell(insn.k)?] = self.a,
            code::STX => self.memory[cell(insn.k)?] = self.x,
            code::TAX => self.x = self.a,
            code::TXA => self.a = self.x,
            code::NEG => self.a = self.a.wrapping_neg(),
            code::JA => return usize::try_from(insn.k).ok(),
            other => match other & !code::X {
                code::ADD => self.a = self.a.wrapping_add(operand),
                code::SUB => self.a = self.a.wrapping_sub(operand),
                code::MUL => self.a = self.a.wrapping_mul(operand),
                code::DIV => self.a = self.a.checked_div(operand)?,
                code::OR => self.a |= operand,
                code::AND => self.a &= operand,
                code::XOR => self.a ^= operand,
                // The machine shifts by the low five bits, as the processor does.
                code::LSH => self.a = self.a.wrapping_shl(operand),
                code::RSH => self.a = self.a.wrapping_shr(operand),
                code::JEQ => return jump(self.a == operand),
                code::JGT => return jump(self.a > operand),
                code::JGE => return jump(self.a >= operand),
                code::JSET => return jump(self.a & operand != 0),
                _ => return None,
            },
        }
        Some(0)
    }
}

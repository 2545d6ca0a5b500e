//! Tests of the filters. What the kernel accepts and returns was compared with Linux 6.18 for
//! the cases of `table`; `model` compares with an independent interpreter.

mod chains;
mod model;
mod table;

use alloc::vec::Vec;

use super::insn::code;
use super::{ARCH_X86_64, Insn, Program, SeccompData};

fn op(code: u16, jt: u8, jf: u8, k: u32) -> Insn {
    Insn { code, jt, jf, k }
}

fn ret(k: u32) -> Insn {
    op(code::RET_K, 0, 0, k)
}

fn load(k: u32) -> Insn {
    op(code::LD_W_ABS, 0, 0, k)
}

fn program(insns: &[Insn]) -> Program {
    Program::check(Vec::from(insns)).expect("an acceptable program")
}

fn call(nr: i32, args: [u64; 6]) -> SeccompData {
    SeccompData {
        nr,
        arch: ARCH_X86_64,
        instruction_pointer: 0x1122_3344_5566_7788,
        args,
    }
}

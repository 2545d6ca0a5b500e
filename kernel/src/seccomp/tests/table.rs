//! Edge cases, one per line.

use alloc::vec;
use alloc::vec::Vec;

use abi::Errno;

use super::{call, code, load, op, program, ret};
use crate::seccomp::{Insn, MAX_INSNS, Program};

fn accepted(insns: &[Insn]) -> bool {
    match Program::check(Vec::from(insns)) {
        Ok(_) => true,
        Err(errno) => {
            assert_eq!(errno, Errno::EINVAL);
            false
        }
    }
}

#[test]
fn which_programs_are_filters() {
    let end = ret(0);
    let alone = |code, k| vec![op(code, 0, 0, k), end];
    let table: &[(&str, Vec<Insn>, bool)] = &[
        ("empty", vec![], false),
        ("one return", vec![end], true),
        ("return of A", vec![op(code::RET_A, 0, 0, 0)], true),
        ("return of X", vec![op(0x0e, 0, 0, 0)], false),
        ("no return at the end", vec![load(0)], false),
        ("a jump at the end", vec![end, op(code::JA, 0, 0, 0)], false),
        ("first word", alone(code::LD_W_ABS, 0), true),
        ("last word", alone(code::LD_W_ABS, 60), true),
        ("past the data", alone(code::LD_W_ABS, 64), false),
        ("unaligned", alone(code::LD_W_ABS, 2), false),
        (
            "negative offset (SKF_AD_OFF)",
            alone(code::LD_W_ABS, 0xffff_f000),
            false,
        ),
        ("half word", alone(0x28, 0), false),
        ("byte", alone(0x30, 0), false),
        ("indirect load", alone(0x40, 0), false),
        ("load of the header length", alone(0xb1, 0), false),
        ("length into A", alone(code::LD_W_LEN, 0), true),
        ("length into X", alone(code::LDX_W_LEN, 0), true),
        ("constant into A", alone(code::LD_IMM, 7), true),
        ("constant into X", alone(code::LDX_IMM, 7), true),
        ("TAX", alone(code::TAX, 0), true),
        ("TXA", alone(code::TXA, 0), true),
        ("negation", alone(code::NEG, 0), true),
        ("negation of X", alone(code::NEG | code::X, 0), false),
        ("division by 0", alone(code::DIV, 0), false),
        ("division by 1", alone(code::DIV, 1), true),
        ("division by X", alone(code::DIV | code::X, 0), true),
        ("remainder", alone(0x94, 3), false),
        ("remainder by X", alone(0x9c, 3), false),
        ("shift by 31", alone(code::LSH, 31), true),
        ("shift by 32", alone(code::LSH, 32), false),
        ("right shift by 32", alone(code::RSH, 32), false),
        ("shift by X", alone(code::RSH | code::X, 99), true),
        ("store to cell 15", alone(code::ST, 15), true),
        ("store to cell 16", alone(code::ST, 16), false),
        ("X to cell 16", alone(code::STX, 16), false),
        ("read of an unwritten cell", alone(code::LD_MEM, 0), false),
        (
            "read of an unwritten cell into X",
            alone(code::LDX_MEM, 0),
            false,
        ),
        (
            "write, then read",
            vec![op(code::ST, 0, 0, 3), op(code::LD_MEM, 0, 0, 3), end],
            true,
        ),
        (
            "write, read another",
            vec![op(code::ST, 0, 0, 3), op(code::LD_MEM, 0, 0, 4), end],
            false,
        ),
        ("jump to the end", vec![op(code::JA, 0, 0, 0), end], true),
        ("jump past the end", vec![op(code::JA, 0, 0, 1), end], false),
        ("jump far", vec![op(code::JA, 0, 0, u32::MAX), end], false),
        (
            "condition inside",
            vec![op(code::JEQ, 1, 0, 0), end, end],
            true,
        ),
        (
            "true outside",
            vec![op(code::JEQ, 2, 0, 0), end, end],
            false,
        ),
        (
            "false outside",
            vec![op(code::JEQ, 0, 2, 0), end, end],
            false,
        ),
        ("JGT X", vec![op(code::JGT | code::X, 0, 0, 0), end], true),
        ("JSET X", vec![op(code::JSET | code::X, 0, 0, 0), end], true),
        ("unknown jump", vec![op(0x55, 0, 0, 0), end], false),
        ("high bits in the code", vec![op(0x0106, 0, 0, 0)], false),
        (
            "written on one path only",
            vec![
                op(code::JEQ, 0, 1, 0),
                op(code::ST, 0, 0, 0),
                op(code::LD_MEM, 0, 0, 0),
                end,
            ],
            false,
        ),
        (
            "unwritten, but never reached",
            vec![op(code::JA, 0, 0, 1), op(code::LD_MEM, 0, 0, 0), end],
            true,
        ),
        (
            "written on both paths",
            vec![
                op(code::JEQ, 0, 2, 0),
                op(code::ST, 0, 0, 0),
                op(code::JA, 0, 0, 1),
                op(code::STX, 0, 0, 0),
                op(code::LD_MEM, 0, 0, 0),
                end,
            ],
            true,
        ),
        ("longest", vec![end; MAX_INSNS], true),
        ("too long", vec![end; MAX_INSNS + 1], false),
    ];
    for (name, insns, expected) in table {
        assert_eq!(accepted(insns), *expected, "{name}");
    }
}

#[test]
fn what_filters_return() {
    let a = op(code::RET_A, 0, 0, 0);
    let imm = |k| op(code::LD_IMM, 0, 0, k);
    let x = |k| op(code::LDX_IMM, 0, 0, k);
    let data = call(257, [0x0123_4567_89ab_cdef, 2, 3, 4, 5, u64::MAX]);
    let table: &[(&str, Vec<Insn>, u32)] = &[
        ("A is 0 at the start", vec![a], 0),
        (
            "X is 0 at the start",
            vec![imm(1), op(code::TXA, 0, 0, 0), a],
            0,
        ),
        ("number", vec![load(0), a], 257),
        ("architecture", vec![load(4), a], 0xc000_003e),
        (
            "low half of the instruction pointer",
            vec![load(8), a],
            0x5566_7788,
        ),
        ("high half of it", vec![load(12), a], 0x1122_3344),
        ("low half of argument 0", vec![load(16), a], 0x89ab_cdef),
        ("high half of argument 0", vec![load(20), a], 0x0123_4567),
        ("high half of argument 5", vec![load(60), a], u32::MAX),
        ("length", vec![op(code::LD_W_LEN, 0, 0, 0), a], 64),
        (
            "sum wraps",
            vec![imm(u32::MAX), op(code::ADD, 0, 0, 2), a],
            1,
        ),
        (
            "difference wraps",
            vec![op(code::SUB, 0, 0, 1), a],
            u32::MAX,
        ),
        (
            "product wraps",
            vec![imm(1 << 31), op(code::MUL, 0, 0, 2), a],
            0,
        ),
        (
            "quotient is unsigned",
            vec![imm(u32::MAX), op(code::DIV, 0, 0, 2), a],
            0x7fff_ffff,
        ),
        (
            "X of 0 divides: killed",
            vec![imm(9), op(code::DIV | code::X, 0, 0, 0), ret(7)],
            0,
        ),
        (
            "shift by X of 33 is by 1",
            vec![imm(1), x(33), op(code::LSH | code::X, 0, 0, 0), a],
            2,
        ),
        (
            "negation",
            vec![imm(1), op(code::NEG, 0, 0, 0), a],
            u32::MAX,
        ),
        (
            "xor X",
            vec![imm(6), x(3), op(code::XOR | code::X, 0, 0, 0), a],
            5,
        ),
        (
            "JGT is unsigned",
            vec![imm(1 << 31), op(code::JGT, 0, 1, 1), ret(1), ret(2)],
            1,
        ),
        (
            "JGE equal",
            vec![imm(5), op(code::JGE, 0, 1, 5), ret(1), ret(2)],
            1,
        ),
        (
            "JGT equal",
            vec![imm(5), op(code::JGT, 0, 1, 5), ret(1), ret(2)],
            2,
        ),
        (
            "JSET hit",
            vec![imm(6), op(code::JSET, 0, 1, 4), ret(1), ret(2)],
            1,
        ),
        (
            "JSET miss",
            vec![imm(6), op(code::JSET, 0, 1, 1), ret(1), ret(2)],
            2,
        ),
        ("JA skips", vec![op(code::JA, 0, 0, 1), ret(1), ret(2)], 2),
        (
            "memory",
            vec![
                imm(8),
                op(code::ST, 0, 0, 15),
                imm(0),
                op(code::LD_MEM, 0, 0, 15),
                a,
            ],
            8,
        ),
    ];
    for (name, insns, expected) in table {
        assert_eq!(program(insns).run(&data), *expected, "{name}");
    }
}

//! Programs at random: the interpreter against another one that shares nothing with it but
//! the opcodes' numbers, and the check against a walk of all paths.

use alloc::vec::Vec;

use proptest::prelude::*;
use proptest::strategy::Strategy;

use crate::seccomp::{Insn, Program, SeccompData};

/// What a program did in the model.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Returned(u32),
    /// It read a cell that nothing had written.
    Unwritten,
}

/// Interprets straight from the definition of the language in bpf(4), by numbers, in 64 bits.
fn model(insns: &[Insn], data: &SeccompData) -> End {
    let mut words = [0u64; 16];
    words[0] = u64::from(data.nr.cast_unsigned());
    words[1] = u64::from(data.arch);
    let (quads, mut i) = (
        [&[data.instruction_pointer][..], &data.args[..]].concat(),
        2,
    );
    for quad in quads {
        words[i] = quad & 0xffff_ffff;
        words[i + 1] = quad >> 32;
        i += 2;
    }
    let (mut a, mut x, mut pc) = (0u64, 0u64, 0usize);
    let mut cells: [Option<u64>; 16] = [None; 16];
    loop {
        let insn = insns[pc];
        pc += 1;
        let k = u64::from(insn.k);
        let index = usize::try_from(insn.k).expect("64-bit");
        let right = if insn.code & 0x08 != 0 { x } else { k };
        match insn.code & 0x07 {
            0 | 1 => {
                let value = match insn.code & 0xe0 {
                    0x00 => k,
                    0x20 => words[index / 4],
                    0x60 => match cells[index] {
                        Some(value) => value,
                        None => return End::Unwritten,
                    },
                    _ => 64,
                };
                if insn.code & 1 == 0 {
                    a = value
                } else {
                    x = value
                }
            }
            2 => cells[index] = Some(a),
            3 => cells[index] = Some(x),
            4 => {
                a = match insn.code & 0xf0 {
                    0x00 => a + right,
                    0x10 => a + (1 << 32) - right,
                    0x20 => a * right,
                    0x30 if right == 0 => return End::Returned(0),
                    0x30 => a / right,
                    0x40 => a | right,
                    0x50 => a & right,
                    0x60 => a << (right % 32),
                    0x70 => a >> (right % 32),
                    0x80 => (1 << 32) - a,
                    _ => a ^ right,
                } & 0xffff_ffff;
            }
            5 => {
                let taken = match insn.code & 0xf0 {
                    0x00 => {
                        pc += index;
                        continue;
                    }
                    0x10 => a == right,
                    0x20 => a > right,
                    0x30 => a >= right,
                    _ => a & right != 0,
                };
                pc += usize::from(if taken { insn.jt } else { insn.jf });
            }
            6 => {
                let value = if insn.code & 0x10 != 0 { a } else { k };
                return End::Returned(u32::try_from(value).expect("32 bits"));
            }
            _ => {
                if insn.code & 0x80 == 0 {
                    x = a
                } else {
                    a = x
                }
            }
        }
    }
}

/// Whether some path reads a cell before it is written, by walking every path.
fn reads_unwritten(insns: &[Insn], pc: usize, written: u32) -> bool {
    let insn = insns[pc];
    let step = |skip: u32, written: u32| {
        reads_unwritten(
            insns,
            pc + 1 + usize::try_from(skip).expect("64-bit"),
            written,
        )
    };
    match insn.code {
        0x06 | 0x16 => false,
        0x02 | 0x03 => step(0, written | 1 << insn.k),
        0x60 | 0x61 => written >> insn.k & 1 == 0 || step(0, written),
        0x05 => step(insn.k, written),
        code if code & 7 == 5 => step(insn.jt.into(), written) || step(insn.jf.into(), written),
        _ => step(0, written),
    }
}

/// An instruction that may stand `left` before the end.
fn insn(left: u32) -> impl Strategy<Value = Insn> {
    let plain = |codes: &'static [u16], k: BoxedStrategy<u32>| {
        (proptest::sample::select(codes), k)
            .prop_map(|(code, k)| Insn {
                code,
                jt: 0,
                jf: 0,
                k,
            })
            .boxed()
    };
    let value = prop_oneof![any::<u32>(), 0u32..4, Just(u32::MAX), Just(1 << 31)].boxed();
    let top = u8::try_from(left.min(256) - 1).expect("at most 255");
    prop_oneof![
        2 => plain(&[0x20], (0u32..16).prop_map(|word| word * 4).boxed()),
        1 => plain(&[0x00, 0x01, 0x80, 0x81, 0x07, 0x87, 0x84], value.clone()),
        2 => plain(&[0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0xa4, 0xac,
            0x6c, 0x7c], value.clone()),
        1 => plain(&[0x34], (1u32..9).boxed()),
        1 => plain(&[0x64, 0x74], (0u32..32).boxed()),
        2 => plain(&[0x02, 0x03], (0u32..3).boxed()),
        1 => plain(&[0x60, 0x61], (0u32..3).boxed()),
        1 => plain(&[0x06, 0x16], value.clone()),
        1 => plain(&[0x05], (0..left).boxed()),
        3 => (proptest::sample::select(&[0x15u16, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d][..]),
            0..=top, 0..=top, value)
            .prop_map(|(code, jt, jf, k)| Insn { code, jt, jf, k }),
    ]
}

fn program() -> impl Strategy<Value = Vec<Insn>> {
    (1u32..14).prop_flat_map(|len| {
        let body: Vec<_> = (0..len).map(|at| insn(len - at).boxed()).collect();
        (body, any::<bool>(), any::<u32>()).prop_map(|(mut body, of_a, k)| {
            body.push(Insn {
                code: if of_a { 0x16 } else { 0x06 },
                jt: 0,
                jf: 0,
                k,
            });
            body
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn agrees_with_the_model(
        insns in program(),
        nr in any::<i32>(),
        instruction_pointer in any::<u64>(),
        args in any::<[u64; 6]>(),
    ) {
        let data = SeccompData { nr, arch: crate::seccomp::ARCH_X86_64, instruction_pointer, args };
        let expected = model(&insns, &data);
        // The kernel's own check takes a jump's target for reachable even when the jump is not,
        // so it may refuse what no path reads wrongly, never the other way round.
        let wrong = reads_unwritten(&insns, 0, 0);
        match Program::check(insns) {
            Ok(program) => {
                prop_assert!(!wrong);
                prop_assert_eq!(End::Returned(program.run(&data)), expected);
            }
            Err(_) => prop_assert!(wrong || expected != End::Unwritten),
        }
    }

    #[test]
    fn never_panics(raw in proptest::collection::vec(any::<(u16, u8, u8, u32)>(), 0..20)) {
        let insns = raw.into_iter().map(|(code, jt, jf, k)| Insn { code: code & 0xff, jt, jf, k });
        if let Ok(program) = Program::check(insns.collect()) {
            let _ = program.run(&SeccompData::default());
        }
    }
}

//! The filter, run by the brand's own interpreter of such programs.

use super::{ON_VSYSCALL_PAGE, program};
use abi::{Errno, nr};
use host_std::confine::Instruction;
use kernel::seccomp::{ARCH_I386, ARCH_X86_64, Insn, Program, SeccompData};
use syscalls::table::zone::{Check, Verdict, Way, verdict};

const ALLOW: u32 = 0x7fff_0000;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;

const WAYS: [Way; 2] = [Way::Namespaces, Way::Bare];

fn checked(way: Way) -> Program {
    let insns = program(way).into_iter().map(|insn| {
        let Instruction { code, jt, jf, k } = insn;
        Insn { code, jt, jf, k }
    });
    Program::check(insns.collect()).expect("the kernel would take it")
}

fn data(nr: usize, args: [u64; 6]) -> SeccompData {
    SeccompData {
        nr: i32::try_from(nr).expect("a number"),
        arch: ARCH_X86_64,
        instruction_pointer: 0x7f00_1234_5678,
        args,
    }
}

fn errno(number: Errno) -> u32 {
    ERRNO | u32::from(number.number())
}

/// What the rules say, without the filter.
fn expected(verdict: Verdict, args: &[u64; 6]) -> u32 {
    let fits = |check: &Check| {
        let low = args[usize::from(check.argument)] & u64::from(check.mask);
        low == u64::from(check.value)
    };
    let any = |patterns: &[&[Check]]| patterns.iter().any(|pattern| pattern.iter().all(fits));
    match verdict {
        Verdict::Allow => ALLOW,
        Verdict::Refuse(number) => errno(number),
        Verdict::Only(patterns, _) if any(patterns) => ALLOW,
        Verdict::Only(_, number) => errno(number),
        Verdict::Except(patterns, number) if any(patterns) => errno(number),
        Verdict::Except(..) => ALLOW,
    }
}

/// Arguments that matter to some rule, and others: each value of a rule for each argument.
fn interesting(verdict: Verdict) -> Vec<[u64; 6]> {
    let mut found = vec![[0; 6], [u64::MAX; 6], [1; 6]];
    let patterns = match verdict {
        Verdict::Only(patterns, _) | Verdict::Except(patterns, _) => patterns,
        _ => return found,
    };
    for pattern in patterns {
        for base in [0, 0xffff_ffff_0000_0000, 5] {
            let mut args = [base; 6];
            for check in *pattern {
                args[usize::from(check.argument)] = base & !0xffff_ffff | u64::from(check.value);
            }
            found.push(args);
            for check in *pattern {
                for bit in 0..32 {
                    let mut other = args;
                    other[usize::from(check.argument)] ^= 1 << bit;
                    found.push(other);
                }
            }
        }
    }
    found
}

#[test]
fn it_does_what_the_rules_say() {
    for way in WAYS {
        let program = checked(way);
        for nr in 0..nr::LIMIT + 40 {
            let verdict = verdict(nr, way);
            for args in interesting(verdict) {
                let got = program.run(&data(nr, args));
                let wanted = expected(verdict, &args);
                assert_eq!(got, wanted, "call {nr} with {args:x?}, {way:?}");
            }
        }
    }
}

#[test]
fn other_ways_to_call_are_unknown_calls() {
    let program = checked(Way::Bare);
    let unknown = errno(Errno::ENOSYS);
    for nr in 0..nr::LIMIT {
        let mut compat = data(nr, [0; 6]);
        compat.arch = ARCH_I386;
        assert_eq!(program.run(&compat), unknown);
        // The x32 bit.
        assert_eq!(program.run(&data(nr | 0x4000_0000, [0; 6])), unknown);
    }
    let mut negative = data(0, [0; 6]);
    negative.nr = -1;
    assert_eq!(program.run(&negative), unknown);
}

#[test]
fn the_vsyscall_page_traps() {
    let program = checked(Way::Bare);
    for nr in ON_VSYSCALL_PAGE {
        let mut call = data(nr, [0; 6]);
        assert_eq!(program.run(&call), ALLOW);
        call.instruction_pointer = 0xffff_ffff_ff60_0000;
        assert_eq!(program.run(&call), TRAP);
    }
}

/// What `seccomp_is_const_allow` finds out (Linux `kernel/seccomp.c`): whether the filter allows
/// the number whatever else holds.
fn is_always_allowed(program: &Program, nr: u32) -> bool {
    let mut rest = program.insns();
    let mut accumulator = 0;
    while let Some((insn, next)) = rest.split_first() {
        let skip = match insn.code {
            0x20 if insn.k == 0 => {
                accumulator = nr;
                0
            }
            0x20 if insn.k == 4 => {
                accumulator = ARCH_X86_64;
                0
            }
            0x05 => usize::try_from(insn.k).expect("in range"),
            0x15 | 0x35 => {
                let holds = match insn.code {
                    0x15 => accumulator == insn.k,
                    _ => accumulator >= insn.k,
                };
                usize::from(if holds { insn.jt } else { insn.jf })
            }
            0x06 => return insn.k == ALLOW,
            _ => return false,
        };
        rest = &next[skip..];
    }
    false
}

#[test]
fn the_kernel_can_remember_what_needs_no_look_at_arguments() {
    for way in WAYS {
        let program = checked(way);
        for nr in (0..nr::LIMIT).filter(|nr| !ON_VSYSCALL_PAGE.contains(nr)) {
            let number = u32::try_from(nr).expect("small");
            let always = verdict(nr, way) == Verdict::Allow;
            assert_eq!(is_always_allowed(&program, number), always, "call {nr}");
        }
    }
}

#[test]
fn it_is_short() {
    // The kernel takes 4096 at most, and runs only the way that leads to a number's answer.
    for way in WAYS {
        let length = program(way).len();
        assert!(length < 800, "{length}, {way:?}");
    }
}

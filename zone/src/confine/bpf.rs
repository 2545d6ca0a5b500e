//! Writes a seccomp filter: data in, instructions out.
//!
//! The number is compared first, by a search tree, and arguments are looked at only where a rule
//! asks for them. So for most numbers the answer does not depend on anything else, which the
//! kernel finds out when the filter is installed: it remembers them, and does not run the filter
//! for them at all (`seccomp_is_const_allow` in Linux `kernel/seccomp.c`).

use host_std::confine::Instruction;
use syscalls::table::zone::{Check, Verdict};

/// What is done with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// As the rules say.
    Verdict(Verdict),
    /// Made, but from the vsyscall page: there the kernel emulates it out of sight of SUD, and is
    /// to raise SIGSYS, so that the brand sees it.
    TrapVsyscall,
}

/// `AUDIT_ARCH_X86_64`.
const ARCH: u32 = 0xc000_003e;
/// Offsets in `struct seccomp_data`.
const DATA_NR: u32 = 0;
const DATA_ARCH: u32 = 4;
const DATA_IP_HIGH: u32 = 12;
const DATA_ARGS: u32 = 16;

// `include/uapi/linux/bpf_common.h`
const LD_W_ABS: u16 = 0x20;
const ALU_AND_K: u16 = 0x54;
const JMP_JA: u16 = 0x05;
const JMP_JEQ_K: u16 = 0x15;
const JMP_JGE_K: u16 = 0x35;
const RET_K: u16 = 0x06;

const RET_ALLOW: u32 = 0x7fff_0000;
const RET_TRAP: u32 = 0x0003_0000;
const RET_ERRNO: u32 = 0x0005_0000;

/// The filter for calls numbered from 0 on; higher numbers, and calls of another architecture
/// (`int 0x80`) or with the x32 bit, are ENOSYS.
pub(super) fn assemble(actions: &[Action]) -> Vec<Instruction> {
    let unknown = Action::Verdict(Verdict::Refuse(abi::Errno::ENOSYS));
    let mut segments: Vec<(u32, Action)> = Vec::new();
    for (number, action) in (0..).zip(actions.iter().copied().chain([unknown])) {
        if segments.last().is_none_or(|(_, last)| *last != action) {
            segments.push((number, action));
        }
    }
    let mut program = vec![
        load(DATA_ARCH),
        jump(JMP_JEQ_K, ARCH, 1, 0),
        ret(errno(abi::Errno::ENOSYS)),
        load(DATA_NR),
    ];
    program.extend(tree(&segments));
    program
}

/// Finds the segment that the number in the accumulator lies in.
fn tree(segments: &[(u32, Action)]) -> Vec<Instruction> {
    let (below, above) = segments.split_at(segments.len() / 2);
    let Some((first, action)) = above.first() else {
        return Vec::new();
    };
    if below.is_empty() {
        return block(*action);
    }
    let (below, above) = (tree(below), tree(above));
    let mut program = match u8::try_from(below.len()) {
        Ok(skip) => vec![jump(JMP_JGE_K, *first, skip, 0)],
        // Only an unconditional jump reaches further than 255 instructions.
        Err(_) => vec![
            jump(JMP_JGE_K, *first, 0, 1),
            jump(JMP_JA, u32::try_from(below.len()).unwrap_or(u32::MAX), 0, 0),
        ],
    };
    program.extend(below);
    program.extend(above);
    program
}

/// What is done once the number is known.
fn block(action: Action) -> Vec<Instruction> {
    let (patterns, fits, otherwise) = match action {
        Action::TrapVsyscall => {
            return vec![
                load(DATA_IP_HIGH),
                // The highest 4 GiB: no code of a program's.
                jump(JMP_JEQ_K, u32::MAX, 0, 1),
                ret(RET_TRAP),
                ret(RET_ALLOW),
            ];
        }
        Action::Verdict(Verdict::Allow) => return vec![ret(RET_ALLOW)],
        Action::Verdict(Verdict::Refuse(number)) => return vec![ret(errno(number))],
        Action::Verdict(Verdict::Only(patterns, number)) => (patterns, RET_ALLOW, errno(number)),
        Action::Verdict(Verdict::Except(patterns, number)) => (patterns, errno(number), RET_ALLOW),
    };
    let mut program = Vec::new();
    // What the accumulator holds: an argument, and which of its bits.
    let mut holds = None;
    for pattern in patterns {
        let steps: Vec<(bool, Check)> = pattern
            .iter()
            .map(|check| {
                let there = holds == Some((check.argument, check.mask));
                holds = Some((check.argument, check.mask));
                (there, *check)
            })
            .collect();
        // When a comparison in the midst fails, the accumulator holds what that one looked at.
        if steps.len() > 1 {
            holds = None;
        }
        let mut rest: usize = steps.iter().map(|(there, check)| size(*there, check)).sum();
        for (there, check) in steps {
            rest -= size(there, &check);
            if !there {
                program.push(load(DATA_ARGS + 8 * u32::from(check.argument)));
                if check.mask != u32::MAX {
                    program.push(jump(ALU_AND_K, check.mask, 0, 0));
                }
            }
            // Past the other comparisons and the return.
            let skip = u8::try_from(rest + 1).unwrap_or(u8::MAX);
            program.push(jump(JMP_JEQ_K, check.value, 0, skip));
        }
        program.push(ret(fits));
    }
    program.push(ret(otherwise));
    program
}

/// How many instructions a comparison takes; `there` when the accumulator holds its bits already.
fn size(there: bool, check: &Check) -> usize {
    match (there, check.mask) {
        (true, _) => 1,
        (false, u32::MAX) => 2,
        (false, _) => 3,
    }
}

const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

const fn load(offset: u32) -> Instruction {
    jump(LD_W_ABS, offset, 0, 0)
}

const fn ret(value: u32) -> Instruction {
    jump(RET_K, value, 0, 0)
}

fn errno(number: abi::Errno) -> u32 {
    RET_ERRNO | u32::from(number.number())
}

//! A profile of calls as a filter, which the brand applies to the calls of the container's programs.
//!
//! The filter is one that a guest could have installed by itself (`kernel::seccomp`), handed over in the
//! same form. A profile cannot be one for the host's kernel: that sees the brand's calls.

use oci_spec::runtime::{
    LinuxSeccomp, LinuxSeccompAction as Action, LinuxSeccompArg as Check,
    LinuxSeccompOperator as Operator, LinuxSyscall,
};
use syscalls::table::TABLE;

use crate::error::{Error, Result};

/// `AUDIT_ARCH_X86_64`.
const ARCH: u32 = 0xc000_003e;
// Offsets in `struct seccomp_data`.
const DATA_NR: u32 = 0;
const DATA_ARCH: u32 = 4;
const DATA_ARGS: u32 = 16;

// `include/uapi/linux/bpf_common.h`
const LD_W_ABS: u16 = 0x20;
const ALU_AND_K: u16 = 0x54;
const JMP_JA: u16 = 0x05;
const JMP_JEQ_K: u16 = 0x15;
const JMP_JGT_K: u16 = 0x25;
const JMP_JGE_K: u16 = 0x35;
const RET_K: u16 = 0x06;

/// `SECCOMP_RET_ERRNO` with `ENOSYS`.
const UNKNOWN: u32 = 0x0005_0000 | 38;
/// `SECCOMP_MODE_FILTER`, and how many filters follow (`kernel::seccomp`).
const HEAD: [u32; 2] = [2, 1];

/// Where a comparison leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// On.
    Next,
    /// It holds.
    Match,
    /// It does not.
    Fail,
}

/// A step of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Load(u32),
    And(u32),
    Jump(u16, u32, To, To),
}

/// One instruction: operation, jumps and operand.
type Instruction = (u16, u8, u8, u32);

/// What is done with a call.
#[derive(Debug, Clone, Copy)]
struct Rule<'a> {
    /// All of these hold.
    checks: &'a [Check],
    value: u32,
}

/// The filter's bytes.
pub(crate) fn filter(profile: &LinuxSeccomp) -> Result<Vec<u8>> {
    let program = assemble(profile)?;
    let length = u32::try_from(program.len()).map_err(|_| Error::new("seccomp: too long"))?;
    let mut bytes = Vec::new();
    for word in HEAD.into_iter().chain([length]) {
        bytes.extend(word.to_le_bytes());
    }
    for (code, holds, fails, operand) in program {
        bytes.extend(code.to_le_bytes());
        bytes.extend([holds, fails]);
        bytes.extend(operand.to_le_bytes());
    }
    Ok(bytes)
}

fn assemble(profile: &LinuxSeccomp) -> Result<Vec<Instruction>> {
    if profile
        .listener_path()
        .as_ref()
        .is_some_and(|path| !path.as_os_str().is_empty())
    {
        return Err(Error::new("seccomp: listenerPath is not supported"));
    }
    let default = value(profile.default_action(), profile.default_errno_ret())?;
    let listed = profile.syscalls().as_deref().unwrap_or_default();
    let mut plain = Vec::new();
    let mut newest = 0;
    let mut program = vec![
        load(DATA_ARCH),
        (JMP_JEQ_K, 1, 0, ARCH),
        ret(UNKNOWN),
        load(DATA_NR),
    ];
    for (number, row) in (0..).zip(TABLE.iter()) {
        let Some(row) = row else {
            continue;
        };
        let rules = rules(listed, row.name, default)?;
        let is_listed = listed
            .iter()
            .any(|entry| entry.names().iter().any(|name| name == row.name));
        if is_listed {
            newest = number;
        }
        let Some(first) = rules.first() else {
            continue;
        };
        if first.checks.is_empty() {
            plain.push((number, first.value));
            continue;
        }
        // Those that look at arguments come first: no answer for them is kept.
        let block = block(&rules, default);
        skip_unless(number, block.len(), &mut program);
        program.extend(block);
    }
    for (number, value) in plain {
        program.extend([(JMP_JEQ_K, 0, 1, number), ret(value)]);
    }
    // What is younger than the profile is not known to it, and programs then try older calls (as runc
    // has it).
    if profile.default_action() != Action::ScmpActAllow && newest > 0 {
        program.extend([(JMP_JGT_K, 0, 1, newest), ret(UNKNOWN)]);
    }
    program.push(ret(default));
    Ok(program)
}

/// The rules for a call: those with checks in their order, then what holds in all other cases.
fn rules<'a>(listed: &'a [LinuxSyscall], name: &str, default: u32) -> Result<Vec<Rule<'a>>> {
    let mut rules = Vec::new();
    let mut otherwise = None;
    for entry in listed
        .iter()
        .filter(|entry| entry.names().iter().any(|one| one == name))
    {
        let value = value(entry.action(), entry.errno_ret())?;
        if value == default {
            continue;
        }
        let checks = entry.args().as_deref().unwrap_or_default();
        if checks.iter().any(|check| check.index() > 5) {
            return Err(Error::new(format!("seccomp: {name} has no such argument")));
        }
        let twice = |check: &Check| {
            checks
                .iter()
                .filter(|one| one.index() == check.index())
                .count()
                > 1
        };
        if checks.is_empty() {
            otherwise.get_or_insert(Rule { checks, value });
        } else if checks.iter().any(twice) {
            // Several for one argument are alternatives (as runc has it).
            rules.extend(checks.chunks(1).map(|checks| Rule { checks, value }));
        } else {
            rules.push(Rule { checks, value });
        }
    }
    // One without checks holds for all.
    match otherwise {
        Some(rule) => Ok(vec![rule]),
        None => Ok(rules),
    }
}

/// What is returned for a call whose arguments decide.
fn block(rules: &[Rule<'_>], default: u32) -> Vec<Instruction> {
    let mut program = Vec::new();
    for rule in rules {
        let parts: Vec<Vec<Step>> = rule.checks.iter().map(steps).collect();
        let mut rest: usize = parts.iter().map(Vec::len).sum();
        for part in parts {
            rest -= part.len();
            for (at, step) in part.iter().enumerate() {
                let after = part.len() - at - 1;
                let distance = |to: To| match to {
                    To::Next => 0,
                    To::Match => after,
                    // Past the other checks and the return.
                    To::Fail => after + rest + 1,
                };
                // At most six checks of six steps each.
                let short = |to: To| u8::try_from(distance(to)).unwrap_or(u8::MAX);
                program.push(match *step {
                    Step::Load(offset) => load(offset),
                    Step::And(mask) => (ALU_AND_K, 0, 0, mask),
                    Step::Jump(code, value, holds, fails) => {
                        (code, short(holds), short(fails), value)
                    }
                });
            }
        }
        program.push(ret(rule.value));
    }
    program.push(ret(default));
    program
}

/// Compares an argument, of 64 bits, in two halves.
fn steps(check: &Check) -> Vec<Step> {
    // There are six.
    let offset = DATA_ARGS + 8 * u32::try_from(check.index()).unwrap_or(0);
    let (low, high) = halves(check.value());
    let load = |half: u32| Step::Load(offset + 4 * half);
    let ordered = |code: u16, above: To, below: To| {
        vec![
            load(1),
            Step::Jump(JMP_JGT_K, high, above, To::Next),
            Step::Jump(JMP_JEQ_K, high, To::Next, below),
            load(0),
            Step::Jump(code, low, above, below),
        ]
    };
    match check.op() {
        Operator::ScmpCmpEq => vec![
            load(1),
            Step::Jump(JMP_JEQ_K, high, To::Next, To::Fail),
            load(0),
            Step::Jump(JMP_JEQ_K, low, To::Match, To::Fail),
        ],
        Operator::ScmpCmpNe => vec![
            load(1),
            Step::Jump(JMP_JEQ_K, high, To::Next, To::Match),
            load(0),
            Step::Jump(JMP_JEQ_K, low, To::Fail, To::Match),
        ],
        Operator::ScmpCmpGt => ordered(JMP_JGT_K, To::Match, To::Fail),
        Operator::ScmpCmpGe => ordered(JMP_JGE_K, To::Match, To::Fail),
        Operator::ScmpCmpLt => ordered(JMP_JGE_K, To::Fail, To::Match),
        Operator::ScmpCmpLe => ordered(JMP_JGT_K, To::Fail, To::Match),
        Operator::ScmpCmpMaskedEq => {
            let (wanted_low, wanted_high) = halves(check.value_two().unwrap_or(0));
            vec![
                load(1),
                Step::And(high),
                Step::Jump(JMP_JEQ_K, wanted_high & high, To::Next, To::Fail),
                load(0),
                Step::And(low),
                Step::Jump(JMP_JEQ_K, wanted_low & low, To::Match, To::Fail),
            ]
        }
    }
}

/// The lower and the upper half.
fn halves(value: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    (
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    )
}

/// Goes past the next instructions, so many, for other calls.
fn skip_unless(number: u32, length: usize, program: &mut Vec<Instruction>) {
    match u8::try_from(length) {
        Ok(length) => program.push((JMP_JEQ_K, 0, length, number)),
        // Only an unconditional jump reaches further.
        Err(_) => program.extend([
            (JMP_JEQ_K, 1, 0, number),
            (JMP_JA, 0, 0, u32::try_from(length).unwrap_or(u32::MAX)),
        ]),
    }
}

/// What a filter returns for an action.
fn value(action: Action, errno: Option<u32>) -> Result<u32> {
    match action {
        Action::ScmpActNotify => Err(Error::new("seccomp: SCMP_ACT_NOTIFY is not supported")),
        // There is no tracer.
        Action::ScmpActTrace => Ok(UNKNOWN),
        Action::ScmpActErrno if errno.is_some_and(|number| number > 0xffff) => {
            Err(Error::new("seccomp: no error has that number"))
        }
        action => Ok(action.as_u32(errno)),
    }
}

const fn load(offset: u32) -> Instruction {
    (LD_W_ABS, 0, 0, offset)
}

const fn ret(value: u32) -> Instruction {
    (RET_K, 0, 0, value)
}

#[cfg(test)]
mod tests {
    use super::filter;
    use kernel::seccomp::{ARCH_X86_64, Seccomp, SeccompData, Verdict};
    use serde_json::{Value, json};

    fn judge(profile: Value, nr: i32, args: [u64; 6]) -> Verdict {
        let profile = serde_json::from_value(profile).expect("it is one");
        let bytes = filter(&profile).expect("it can be");
        let seccomp = Seccomp::from_bytes(&bytes).expect("the brand takes it");
        seccomp.judge(&SeccompData {
            nr,
            arch: ARCH_X86_64,
            instruction_pointer: 0,
            args,
        })
    }

    const READ: i32 = 0;
    const OPEN: i32 = 2;
    const SOCKET: i32 = 41;
    const CLONE3: i32 = 435;

    #[test]
    fn calls_are_judged_by_their_names() {
        let profile = json!({
            "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
            "syscalls": [
                {"names": ["read", "no_such_call"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
                {"names": ["socket"], "action": "SCMP_ACT_KILL_PROCESS"}]});
        let of = |nr| judge(profile.clone(), nr, [0; 6]);
        assert_eq!(of(READ), Verdict::Allow);
        assert_eq!(of(OPEN), Verdict::Errno(1));
        assert_eq!(of(CLONE3), Verdict::Errno(38));
        assert_eq!(of(SOCKET), Verdict::KillProcess);
        // Younger than all that it names.
        assert_eq!(of(450), Verdict::Errno(38));
    }

    #[test]
    fn arguments_are_compared_as_64_bits() {
        let one = |op: &str, value: u64, two: u64, argument: u64| {
            let profile = json!({
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO",
                    "args": [{"index": 1, "value": value, "valueTwo": two, "op": op}]}]});
            judge(profile, SOCKET, [9, argument, 9, 9, 9, 9]) == Verdict::Errno(1)
        };
        let values = [
            0,
            1,
            5,
            0xffff_ffff,
            0x1_0000_0000,
            0x5_0000_0005,
            u64::MAX - 1,
            u64::MAX,
        ];
        for value in values {
            for argument in values {
                let case = format!("{argument:x} and {value:x}");
                assert_eq!(
                    one("SCMP_CMP_EQ", value, 0, argument),
                    argument == value,
                    "{case}"
                );
                assert_eq!(
                    one("SCMP_CMP_NE", value, 0, argument),
                    argument != value,
                    "{case}"
                );
                assert_eq!(
                    one("SCMP_CMP_LT", value, 0, argument),
                    argument < value,
                    "{case}"
                );
                assert_eq!(
                    one("SCMP_CMP_LE", value, 0, argument),
                    argument <= value,
                    "{case}"
                );
                assert_eq!(
                    one("SCMP_CMP_GT", value, 0, argument),
                    argument > value,
                    "{case}"
                );
                assert_eq!(
                    one("SCMP_CMP_GE", value, 0, argument),
                    argument >= value,
                    "{case}"
                );
                let masked = argument & value == 5 & value;
                assert_eq!(
                    one("SCMP_CMP_MASKED_EQ", value, 5, argument),
                    masked,
                    "{case}"
                );
            }
        }
    }

    #[test]
    fn all_checks_of_a_rule_hold_together_and_rules_are_alternatives() {
        let check =
            |index: u32, value: u64| json!({"index": index, "value": value, "op": "SCMP_CMP_EQ"});
        let entry = |args: Vec<Value>| json!({"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": args});
        let profile = json!({
            "defaultAction": "SCMP_ACT_ERRNO",
            "syscalls": [
                entry(vec![check(0, 1), check(1, 2)]),
                entry(vec![check(2, 3), check(2, 4)])]});
        let allows = |args| judge(profile.clone(), SOCKET, args) == Verdict::Allow;
        assert!(allows([1, 2, 0, 0, 0, 0]));
        assert!(!allows([1, 3, 0, 0, 0, 0]) && !allows([0; 6]));
        assert!(allows([0, 0, 3, 0, 0, 0]) && allows([0, 0, 4, 0, 0, 0]));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for bad in [
            json!({"defaultAction": "SCMP_ACT_NOTIFY"}),
            json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}),
            json!({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 70000}),
        ] {
            let profile = serde_json::from_value(bad.clone()).expect("it is one");
            assert!(filter(&profile).is_err(), "{bad}");
        }
    }
}

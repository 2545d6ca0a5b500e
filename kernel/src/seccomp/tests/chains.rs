//! Chains, modes, flags, and the way through exec.

use alloc::vec;
use alloc::vec::Vec;

use abi::Errno;

use super::{call, code, load, op, program, ret};
use crate::seccomp::{
    ARCH_I386, FilterFlags, Mode, Operation, Program, Seccomp, Verdict, action_is_available,
};

const KILL_PROCESS: u32 = 0x8000_0000;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;
const USER_NOTIF: u32 = 0x7fc0_0000;
const TRACE: u32 = 0x7ff0_0000;
const LOG: u32 = 0x7ffc_0000;
const ALLOW: u32 = 0x7fff_0000;

fn stack(values: &[u32]) -> Seccomp {
    values.iter().fold(Seccomp::new(), |seccomp, value| {
        seccomp
            .with_filter(program(&[ret(*value)]), FilterFlags::default())
            .expect("short")
    })
}

fn judged(values: &[u32]) -> Verdict {
    stack(values).judge(&call(39, [0; 6]))
}

#[test]
fn the_most_restrictive_action_wins() {
    assert_eq!(judged(&[]), Verdict::Allow);
    assert_eq!(judged(&[ALLOW]), Verdict::Allow);
    assert_eq!(judged(&[ALLOW, LOG, ALLOW]), Verdict::Log);
    assert_eq!(judged(&[LOG, TRACE]), Verdict::Errno(38));
    assert_eq!(judged(&[TRACE, ERRNO | 1]), Verdict::Errno(1));
    assert_eq!(judged(&[ERRNO | 1, USER_NOTIF]), Verdict::Errno(1));
    assert_eq!(judged(&[ERRNO | 1, TRAP | 9]), Verdict::Trap(9));
    assert_eq!(judged(&[TRAP, 0]), Verdict::KillThread);
    assert_eq!(judged(&[0, KILL_PROCESS]), Verdict::KillProcess);
    assert_eq!(judged(&[KILL_PROCESS, ALLOW]), Verdict::KillProcess);
}

#[test]
fn among_equals_the_newest_filter_speaks() {
    assert_eq!(judged(&[ERRNO | 1, ERRNO | 2]), Verdict::Errno(2));
    assert_eq!(judged(&[TRAP | 7, TRAP]), Verdict::Trap(0));
}

#[test]
fn data_of_actions() {
    assert_eq!(judged(&[ERRNO]), Verdict::Errno(0));
    assert_eq!(judged(&[ERRNO | 0xffff]), Verdict::Errno(4095));
    assert_eq!(judged(&[TRAP | 0xffff]), Verdict::Trap(0xffff));
    assert_eq!(judged(&[ALLOW | 5]), Verdict::Allow);
    assert_eq!(
        judged(&[0x0001_0000]),
        Verdict::KillProcess,
        "an action nobody knows"
    );
    assert_eq!(
        judged(&[0xffff_0000]),
        Verdict::KillProcess,
        "ranks above everything"
    );
    assert_eq!(judged(&[KILL_PROCESS, 0xffff_0000]), Verdict::KillProcess);
}

#[test]
fn the_memory_of_allowed_calls_stays_true() {
    // Allows getpid always, write to descriptor 1 only.
    let insns = [
        load(0),
        op(code::JEQ, 3, 0, 39),
        load(16),
        op(code::JEQ, 1, 0, 1),
        ret(ERRNO | 13),
        ret(ALLOW),
    ];
    let seccomp = Seccomp::new()
        .with_filter(program(&insns), FilterFlags::default())
        .expect("short");
    for _ in 0..3 {
        assert_eq!(seccomp.judge(&call(39, [7; 6])), Verdict::Allow);
        assert_eq!(seccomp.judge(&call(1, [1, 0, 0, 0, 0, 0])), Verdict::Allow);
        assert_eq!(
            seccomp.judge(&call(1, [2, 0, 0, 0, 0, 0])),
            Verdict::Errno(13)
        );
        assert_eq!(seccomp.judge(&call(-1, [0; 6])), Verdict::Errno(13));
        assert_eq!(
            seccomp.judge(&call(0x4000_0027, [0; 6])),
            Verdict::Errno(13)
        );
    }
    let tighter = seccomp
        .with_filter(program(&[ret(TRAP)]), FilterFlags::default())
        .expect("short");
    assert_eq!(tighter.judge(&call(39, [0; 6])), Verdict::Trap(0));
    assert_eq!(seccomp.judge(&call(39, [0; 6])), Verdict::Allow);
}

#[test]
fn strict_mode() {
    let strict = Seccomp::new().made_strict().expect("from disabled");
    assert_eq!((strict.mode(), strict.filter_count()), (Mode::Strict, 0));
    assert!(strict.made_strict().is_ok());
    for nr in [0, 1, 15, 60] {
        assert_eq!(strict.judge(&call(nr, [0; 6])), Verdict::Allow);
    }
    for nr in [2, 3, 231, -1] {
        assert_eq!(strict.judge(&call(nr, [0; 6])), Verdict::KillStrict);
    }
    let mut by_gate = call(119, [0; 6]);
    by_gate.arch = ARCH_I386;
    assert_eq!(strict.judge(&by_gate), Verdict::Allow);
    let refused = strict.with_filter(program(&[ret(ALLOW)]), FilterFlags::default());
    assert_eq!(refused.unwrap_err(), Errno::EINVAL);
    assert_eq!(stack(&[ALLOW]).made_strict().unwrap_err(), Errno::EINVAL);
}

#[test]
fn a_chain_has_a_limit_and_is_freed_without_recursion() {
    let mut seccomp = Seccomp::new();
    let mut count = 0;
    let errno = loop {
        match seccomp.with_filter(program(&[ret(ALLOW)]), FilterFlags::default()) {
            Ok(next) => seccomp = next,
            Err(errno) => break errno,
        }
        count += 1;
    };
    // Each is five instructions long after its conversion, and costs four more.
    assert_eq!((errno, count), (Errno::ENOMEM, (32768 + 4) / 9));
    assert_eq!(seccomp.filter_count(), 3641);
    assert_eq!(
        Seccomp::from_bytes(&seccomp.to_bytes())
            .expect("whole")
            .filter_count(),
        count
    );
}

#[test]
fn only_relatives_can_be_synchronised() {
    let parent = stack(&[ALLOW]);
    let grown = parent
        .with_filter(program(&[ret(LOG)]), FilterFlags::default())
        .expect("short");
    let stranger = stack(&[ALLOW]);
    assert!(Seccomp::new().may_follow(&grown));
    assert!(Seccomp::new().may_follow(&Seccomp::new()));
    assert!(parent.may_follow(&grown));
    assert!(grown.may_follow(&grown));
    assert!(!grown.may_follow(&parent));
    assert!(!stranger.may_follow(&grown));
    assert!(!stranger.may_follow(&Seccomp::new()));
    assert!(
        !Seccomp::new()
            .made_strict()
            .expect("fresh")
            .may_follow(&grown)
    );
}

#[test]
fn filters_survive_as_bytes() {
    let seccomp = stack(&[ALLOW, ERRNO | 2, ERRNO | 3]);
    let bytes = seccomp.to_bytes();
    assert_eq!(bytes.len(), 8 + 3 * 12);
    let back = Seccomp::from_bytes(&bytes).expect("whole");
    assert_eq!(back.judge(&call(1, [0; 6])), Verdict::Errno(3));
    assert_eq!(back.to_bytes(), bytes);
    for state in [Seccomp::new(), Seccomp::new().made_strict().expect("fresh")] {
        assert_eq!(
            Seccomp::from_bytes(&state.to_bytes())
                .expect("whole")
                .mode(),
            state.mode()
        );
    }
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = stack(&[ALLOW, TRAP]).to_bytes();
    for len in 0..bytes.len() {
        assert!(Seccomp::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Seccomp::from_bytes(&longer).is_err());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xff;
        // Whatever comes of it must not panic, and must be a checked state.
        if let Ok(state) = Seccomp::from_bytes(&damaged) {
            let _ = state.judge(&call(0, [0; 6]));
        }
    }
}

#[test]
fn operations() {
    let table: &[(u32, u32, bool, bool)] = &[
        (0, 0, true, true),
        (0, 1, true, false),
        (0, 0, false, false),
        (1, 0, false, true),
        (1, 0, true, true),
        (1, 1, false, true),
        (1, 2, false, true),
        (1, 4, false, true),
        (1, 8, false, false),
        (1, 8 | 32, false, false),
        (1, 32, false, false),
        (1, 64, false, false),
        (1, 1 | 16, false, true),
        (2, 0, false, true),
        (2, 1, false, false),
        (3, 0, false, true),
        (3, 1, false, false),
        (4, 0, false, false),
    ];
    for (operation, flags, null, good) in table {
        let decoded = Operation::decode(*operation, *flags, *null);
        assert_eq!(decoded.is_ok(), *good, "{operation} {flags} {null}");
    }
    let available: Vec<bool> = vec![
        KILL_PROCESS,
        0,
        TRAP,
        ERRNO,
        USER_NOTIF,
        TRACE,
        LOG,
        ALLOW,
        1,
    ]
    .into_iter()
    .map(action_is_available)
    .collect();
    assert_eq!(
        available,
        [true, true, true, true, false, true, true, true, false]
    );
}

#[test]
fn the_length_after_conversion() {
    let end = ret(0);
    let len = |insns: &[crate::seccomp::Insn]| {
        Program::check(insns.to_vec())
            .expect("acceptable")
            .converted_len()
    };
    assert_eq!(len(&[end]), 5);
    assert_eq!(len(&[op(code::RET_A, 0, 0, 0)]), 4);
    assert_eq!(len(&[op(code::JEQ, 0, 0, 1), end]), 6);
    assert_eq!(len(&[op(code::JEQ, 1, 0, 1), end, end]), 8);
    assert_eq!(len(&[op(code::JEQ, 0, 1, 1), end, end]), 8);
    assert_eq!(len(&[op(code::JSET, 0, 1, 1), end, end]), 9);
    assert_eq!(len(&[op(code::JEQ, 1, 2, 1), end, end, end]), 11);
}

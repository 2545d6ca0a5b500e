//! The hand-over string survives the way, and nothing else is taken for one.

use loader::handover::{Handover, Intercept, MAGIC, MAX_LEN, Start};
use proptest::prelude::*;

fn sample() -> Handover<'static> {
    Handover {
        image_fd: 1_048_575,
        proc_fd: 1_048_574,
        program_fd: Some(3),
        interpreter_fd: None,
        intercept: Intercept::Sud,
        kernel_version: Some(b"4.14;fn=x"),
        ignored_signals: 1 << 30,
        blocked_signals: 1 << 10,
        start: Start::Loaded,
        zone: true,
        mounts: 12,
        contract: 7,
        init: true,
        secure: true,
        filters_fd: Some(0),
        users: None,
        files: None,
        observed: Some(2560),
        comm: Some(b"a name"),
        exe: b"/usr/bin/a;fn=b=c",
        execfn: b"./a;exe=0:;",
    }
}

#[test]
fn what_it_looks_like() {
    let mut out = [0xff; 512];
    let len = sample().encode(&mut out).unwrap();
    let expected = b"\x01LX1;image=fffff;proc=ffffe;program=3;filters=0;mode=1;ignored=40000000;\
        blocked=400;resolve=0;secure=1;zone=1;init=1;contract=7;mounts=c;observed=a00;version=9:4.14;fn=x;comm=6:a name;exe=11:/usr/bin/a;fn=b=c;fn=./a;exe=0:;\0";
    assert_eq!(&out[..len], expected);
    let back = Handover::decode(&out[..len]).unwrap();
    assert_eq!(back, sample());
    // The kernel put the string on the stack: its tail can stay there.
    assert_eq!(
        back.execfn.as_ptr_range().end,
        out[..len - 1].as_ptr_range().end
    );
}

#[test]
fn what_does_not_fit() {
    let full = sample().encode(&mut [0; MAX_LEN]).unwrap();
    for len in 0..full {
        assert_eq!(sample().encode(&mut vec![0; len]), None);
    }
    let out = &mut [0; MAX_LEN];
    assert_eq!(
        Handover {
            exe: b"a\0b",
            ..sample()
        }
        .encode(out),
        None
    );
    assert_eq!(
        Handover {
            execfn: b"a\0b",
            ..sample()
        }
        .encode(out),
        None
    );
    assert_eq!(
        Handover {
            kernel_version: Some(&[b'1'; 65]),
            ..sample()
        }
        .encode(out),
        None
    );
    let long = [b'/'; 4095];
    let longest = Handover {
        image_fd: i32::MAX,
        proc_fd: i32::MAX,
        program_fd: Some(i32::MAX),
        interpreter_fd: Some(i32::MAX),
        kernel_version: Some(&[b'1'; 64]),
        ignored_signals: u64::MAX,
        blocked_signals: u64::MAX,
        filters_fd: Some(i32::MAX),
        users: None,
        files: None,
        comm: Some(&[b'c'; 64]),
        exe: &long,
        execfn: &long,
        ..sample()
    };
    assert!(longest.encode(out).is_some());
}

#[test]
fn what_is_none() {
    let with = |rest: &str| [MAGIC, rest.as_bytes()].concat();
    let bad = |rest: &str| assert_eq!(Handover::decode(&with(rest)), None, "{rest}");
    assert!(Handover::decode(&with("image=3;proc=4;exe=1:/;fn=")).is_some());
    bad("");
    bad("image=3;proc=4;exe=1:/;");
    bad("image=3;proc=4;fn=x");
    bad("image=3;exe=1:/;fn=x");
    bad("image=3;proc=4;exe=2:/;fn=x");
    bad("image=3;proc=4;exe=ffffffffffffffff:/;fn=x");
    bad("image=-3;proc=4;exe=1:/;fn=x");
    bad("image=100000000;proc=4;exe=1:/;fn=x");
    bad("image=00000000000000003;proc=4;exe=1:/;fn=x");
    bad("image=;proc=4;exe=1:/;fn=x");
    bad("image=3;proc=4;mode=3;exe=1:/;fn=x");
    bad("image=3;proc=4;other=3;exe=1:/;fn=x");
    assert_eq!(
        Handover::decode(b"\x01LX2;image=3;proc=4;exe=1:/;fn="),
        None
    );
}

fn text(max: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(1..=255u8, 0..max)
}

fn fd() -> impl Strategy<Value = Option<i32>> {
    proptest::option::of(0..=i32::MAX)
}

proptest! {
    #[test]
    fn round_trip(
        fds in (0..=i32::MAX, 0..=i32::MAX, fd(), fd(), fd()),
        version in proptest::option::of(text(64)),
        paths in (text(400), text(400)),
        flags: (bool, bool, u64),
        intercept in proptest::sample::select(
            vec![Intercept::Rewrite, Intercept::Sud, Intercept::Trap],
        ),
    ) {
        let handover = Handover {
            image_fd: fds.0,
            proc_fd: fds.1,
            program_fd: fds.2,
            interpreter_fd: fds.3,
            filters_fd: fds.4,
            users: None,
        files: None,
            comm: version.as_deref(),
            intercept,
            kernel_version: version.as_deref(),
            ignored_signals: flags.2,
            blocked_signals: !flags.2,
            start: if flags.0 { Start::Loaded } else { Start::Resolve },
            zone: flags.1,
            mounts: usize::from(flags.1) * 3,
            contract: u32::try_from(flags.2 & 0xffff_ffff).expect("it fits"),
            observed: flags.1.then_some(usize::from(flags.0)),
            init: flags.0,
            secure: flags.1,
            exe: &paths.0,
            execfn: &paths.1,
        };
        let mut out = vec![0xff; MAX_LEN];
        let len = handover.encode(&mut out).expect("room");
        prop_assert_eq!(out[..len].iter().position(|byte| *byte == 0), Some(len - 1));
        let whole = Handover::decode(&out);
        prop_assert_eq!(whole.as_ref(), Some(&handover));
        prop_assert_eq!(Handover::decode(&out[..len - 1]), Some(handover));
    }

    #[test]
    fn any_bytes(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Handover::decode(&[MAGIC, &tail].concat());
    }
}

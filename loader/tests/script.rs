//! `#!` lines, checked against what Linux 6.18 does with the same bytes.

use abi::Errno;
use loader::script::{MAX_DEPTH, Script, parse};
use proptest::prelude::*;

fn of(head: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), Errno> {
    let script = parse(head)?.expect("a script");
    Ok((
        script.interpreter.to_vec(),
        script.argument.map(<[u8]>::to_vec),
    ))
}

fn named(path: &str, argument: Option<&str>) -> Result<(Vec<u8>, Option<Vec<u8>>), Errno> {
    Ok((path.into(), argument.map(Into::into)))
}

#[test]
fn lines() {
    assert_eq!(parse(b"\x7fELF"), Ok(None));
    assert_eq!(parse(b"#"), Ok(None));
    assert_eq!(of(b"#!/bin/sh\necho"), named("/bin/sh", None));
    assert_eq!(of(b"#! \t /bin/sh\t \nx"), named("/bin/sh", None));
    assert_eq!(
        of(b"#!/bin/echo  a b\t \nx"),
        named("/bin/echo", Some("a b"))
    );
    assert_eq!(of(b"#!\n"), Err(Errno::ENOEXEC));
    assert_eq!(of(b"#! \t\n"), Err(Errno::ENOEXEC));
}

#[test]
fn no_newline() {
    assert_eq!(of(b"#!/bin/sh"), named("/bin/sh", None));
    // Blanks that no newline follows belong to the argument, even an empty one.
    assert_eq!(of(b"#!/bin/echo "), named("/bin/echo", Some("")));
    assert_eq!(of(b"#!/bin/echo -x "), named("/bin/echo", Some("-x ")));
    // The current directory: EACCES, in the end.
    assert_eq!(of(b"#!"), named("", None));
    assert_eq!(of(b"#! \0"), named("", None));
    assert_eq!(of(b"#!/bin/echo\0 x\n"), named("/bin/echo", None));
    assert_eq!(of(b"#!/bin/echo a\0 x\n"), named("/bin/echo", Some("a")));
}

#[test]
fn long_lines() {
    let line = |slashes: usize, rest: &str| format!("#!{}{rest}", "/".repeat(slashes)).into_bytes();
    let path = |slashes: usize| format!("{}bin/echo", "/".repeat(slashes));
    // Byte 255 must still show that the path ends.
    assert_eq!(of(&line(243, "bin/echo x")), named(&path(243), Some("x")));
    assert_eq!(of(&line(244, "bin/echo x")), named(&path(244), None));
    assert_eq!(of(&line(245, "bin/echo x")), named(&path(245), None));
    assert_eq!(of(&line(246, "bin/echo x")), Err(Errno::ENOEXEC));
    assert_eq!(of(&line(245, "bin/echo\n")), named(&path(245), None));
    assert_eq!(of(&line(246, "bin/echo\n")), Err(Errno::ENOEXEC));
    assert_eq!(of(&line(247, "bin/echo")), Err(Errno::ENOEXEC));
    let blanks = [b"#!", &[b' '; 300][..], b"\n"].concat();
    assert_eq!(of(&blanks), Err(Errno::ENOEXEC));
    // An argument may be cut off.
    let long = [b"#!/bin/echo ", &[b'x'; 300][..]].concat();
    assert_eq!(of(&long), named("/bin/echo", Some(&"x".repeat(243))));
    assert_eq!(MAX_DEPTH, 5);
}

proptest! {
    #[test]
    fn any_bytes(tail in proptest::collection::vec(
        proptest::sample::select(b" \t\n\0/ab".to_vec()), 0..300,
    )) {
        let bytes = [b"#!", &tail[..]].concat();
        if let Ok(script) = parse(&bytes) {
            let Script { interpreter, argument } = script.expect("a script");
            prop_assert!(!interpreter.iter().any(|byte| b" \t\n\0".contains(byte)));
            prop_assert!(interpreter.len() <= 253);
            if let Some(argument) = argument {
                prop_assert!(!argument.iter().any(|byte| b"\n\0".contains(byte)));
                prop_assert!(!argument.first().is_some_and(|byte| b" \t".contains(byte)));
            }
        }
    }
}

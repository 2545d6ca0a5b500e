//! What must hold for the table as a whole.

use super::{
    Class, FAST, FAST_CHECK_FD, FAST_FORWARD, FAST_GETPID, FAST_GETTID, Row, TABLE,
    compatibility_page, row,
};
use abi::KernelVersion;
use abi::nr;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// Number and name of every call that `abi::nr` lists, read from its source.
fn numbered() -> BTreeMap<usize, String> {
    include_str!("../../../abi/src/nr.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": usize = "))
        .filter(|(name, _)| *name != "LIMIT")
        .map(|(name, value)| {
            let number = value.trim_end_matches(';').parse().expect("a number");
            (number, name.to_ascii_lowercase())
        })
        .collect()
}

fn rows() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().flatten()
}

#[test]
fn rows_stand_at_their_numbers_under_their_names() {
    let numbered = numbered();
    for (index, row) in TABLE.iter().enumerate() {
        let Some(row) = row else { continue };
        assert_eq!(usize::from(row.nr), index);
        assert_eq!(numbered.get(&index).map(String::as_str), Some(row.name));
    }
}

#[test]
fn every_call_has_a_row() {
    for (number, name) in numbered() {
        assert!(row(number).is_some(), "{number} {name}");
    }
}

#[test]
fn few_calls_are_refused() {
    let served = rows()
        .filter(|row| !matches!(row.class, Class::Refused(_)))
        .count();
    assert!(served >= 330, "{served}");
}

#[test]
fn notes_say_something() {
    for row in rows() {
        assert!(row.note.len() >= 12, "{}", row.name);
        assert!(!row.note.ends_with('.'), "{}: notes are phrases", row.name);
        assert!(!row.note.contains('\n'), "{}", row.name);
    }
}

#[test]
fn handlers_stand_where_the_class_wants_one() {
    for row in rows() {
        match row.class {
            Class::Served | Class::Translated => assert!(row.handler.is_some(), "{}", row.name),
            Class::Refused(_) => assert!(row.handler.is_none(), "{}", row.name),
            Class::Direct => {}
        }
    }
}

#[test]
fn assembly_forwards_only_what_needs_no_check_of_its_own() {
    for (index, flags) in FAST.iter().enumerate() {
        let Some(row) = &TABLE[index] else {
            assert_eq!(*flags, 0);
            continue;
        };
        let descriptors = row.descriptors();
        assert_eq!(
            flags & FAST_CHECK_FD != 0,
            descriptors & 1 != 0,
            "{}",
            row.name
        );
        if flags & FAST_FORWARD != 0 {
            assert_eq!(row.class, Class::Direct, "{}", row.name);
            assert_eq!(descriptors & !1, 0, "{}", row.name);
            assert!(row.since <= KernelVersion::OLDEST, "{}", row.name);
        }
    }
    let forwarded = FAST_FORWARD | FAST_CHECK_FD;
    assert_eq!(FAST[nr::READ], forwarded);
    assert_eq!(FAST[nr::FUTEX], FAST_FORWARD);
    assert_eq!(FAST[nr::EPOLL_CTL] & FAST_FORWARD, 0);
    assert_eq!(FAST[nr::PTRACE], 0);
    assert_eq!(FAST[nr::GETPID], FAST_GETPID);
    assert_eq!(FAST[nr::GETTID], FAST_GETTID);
}

#[test]
fn rows_are_found_by_number_only_within_the_table() {
    assert_eq!(row(nr::READ).map(|row| row.name), Some("read"));
    assert!(row(400).is_none());
    assert!(row(usize::MAX).is_none());
}

#[test]
fn a_keyword_is_a_plain_name() {
    let socket = row(nr::SOCKET).expect("a row");
    let names: Vec<&str> = socket.args.iter().map(|arg| arg.name).collect();
    assert_eq!(names, ["domain", "type", "protocol"]);
}

#[test]
fn the_page_is_the_same_every_time_and_has_every_row() {
    let page = compatibility_page();
    assert_eq!(page, compatibility_page());
    assert_eq!(
        page.lines().filter(|line| line.contains(" | `")).count(),
        rows().count()
    );
    assert!(page.contains("| 0 | `read(fd, buf, count)` | direct |  | 1.0 | "));
    assert!(page.contains("| 425 | `io_uring_setup(entries, p)` | refused: ENOSYS |  | 5.1 | "));
}

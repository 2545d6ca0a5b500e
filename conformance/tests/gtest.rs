//! `conformance gtest` with a program that answers as GoogleTest's do.
#![forbid(unsafe_code)]

use conformance::child::Scratch;
use conformance::gtest;
use conformance::options::Common;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

const PROGRAM: &str = r#"#!/bin/sh
case $1 in
--gtest_list_tests) printf 'Some.\n  Passes\n  Fails\n  Skips\n  DISABLED_Never\n' ;;
--gtest_filter=Some.Passes) ;;
--gtest_filter=Some.Fails) printf 'a.cc:7: Failure\nExpected 1\n'; exit 1 ;;
--gtest_filter=Some.Skips) echo '[  SKIPPED ] Some.Skips' ;;
*) exit 2 ;;
esac
"#;

#[test]
fn each_test_is_run_by_itself() {
    let folder = Scratch::new().expect("a folder");
    let program = folder.path().join("some_test");
    fs::write(&program, PROGRAM).expect("it is written");
    fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("it is made executable");
    let options = gtest::Options {
        common: Common {
            native: true,
            ..Common::default()
        },
        folder: folder.path().to_owned(),
        limit: 60,
    };
    let tally = gtest::run(&options).expect("it runs");
    assert_eq!((tally.passed, tally.failed, tally.skipped), (1, 0, 2));
}

//! `cargo test -p conformance`: the suite's own guests, natively (the output must be the same
//! each time) and, where an lx stands beside the test or `LX_UNDER_TEST` names one, under it.
#![forbid(unsafe_code)]

use conformance::{lx, own, report};
use std::path::PathBuf;

#[test]
fn own_guests() {
    let named = std::env::var_os("LX_UNDER_TEST").map(PathBuf::from);
    let found = lx::locate(named.as_deref());
    if let Err(why) = &found {
        println!("natively only: {why}");
    }
    let options = own::Options {
        native: found.is_err(),
        repeat: if found.is_err() { 2 } else { 1 },
        lx: found.ok(),
        modes: Vec::new(),
        jobs: None,
        retries: 1,
        strict: false,
        list: false,
        full: false,
        filters: Vec::new(),
    };
    let cases = own::select(&options).expect("the guests build");
    let entries = own::run_cases(&options, &cases).expect("the runner works");
    let tally = report::print(&entries);
    assert_eq!(tally.failed, 0, "{}", tally.line());
}

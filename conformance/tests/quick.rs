//! `cargo test -p conformance`: the suite's own guests, natively (the output must be the same
//! each time) and, where an lx stands beside the test or `LX_UNDER_TEST` names one, under it.
#![forbid(unsafe_code)]

use conformance::options::Common;
use conformance::report::table;
use conformance::{lx, own, runner};

#[test]
fn own_guests() {
    let found = lx::locate(None);
    if let Err(why) = &found {
        println!("natively only: {why}");
    }
    let options = Common {
        native: found.is_err(),
        repeat: if found.is_err() { 2 } else { 1 },
        lx: found.ok(),
        retries: 1,
        ..Common::default()
    };
    let suite = own::Own::default();
    let cases = own::select(&options).expect("the guests build");
    let entries = runner::entries(&suite, &cases, &options).expect("the runner works");
    let tally = table::print(&entries, false);
    assert_eq!(tally.failed, 0, "{}", tally.line());
}

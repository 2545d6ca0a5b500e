//! Any message to zsched, and any answer: refused, or the same when it is written again. Run by
//! `cargo +nightly fuzz run protocol` in `zone`; `PROPTEST_CASES=1000000 cargo test -p kernel
//! protocol` is the same on a stable compiler.
#![no_main]

use kernel::zone::protocol::{LONGEST_REQUEST, MAGIC, Request, answered};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let _ = answered(message);
    for message in [message.to_vec(), [&MAGIC[..], message].concat()] {
        if let Ok(request) = Request::decode(&message) {
            let mut again = [0; LONGEST_REQUEST];
            let length = request.encode(&mut again).expect("it was read");
            assert_eq!(again[..length], message[..]);
        }
    }
});

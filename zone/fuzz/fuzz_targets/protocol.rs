//! Any message to zsched or the warden, and any answer: refused, or the same when it is written again. Run by
//! `cargo +nightly fuzz run protocol` in `zone`; `PROPTEST_CASES=1000000 cargo test -p kernel
//! protocol` is the same on a stable compiler.
#![no_main]

use kernel::bare::warden;
use kernel::message::{MAGIC, answered};
use kernel::zone::protocol;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let _ = answered(message);
    for message in [message.to_vec(), [&MAGIC[..], message].concat()] {
        if let Ok(request) = protocol::Request::decode(&message) {
            assert_eq!(request.encode().as_ref(), Ok(&message));
        }
        if let Ok(request) = warden::Request::decode(&message) {
            assert_eq!(request.encode().as_ref(), Ok(&message));
        }
    }
});

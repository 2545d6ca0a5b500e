//! Any bytes around a site: the trampoline, if there is one, has the displaced instruction whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loader::rewrite::{CHUNK, slots, trampoline};
use loader::site::{BEFORE, Patch, classify};
use loader::steps::{revert_steps, steps};

const SITE: u64 = 0x7f12_3456_7ab0;

fuzz_target!(|bytes: &[u8]| {
    let (before, after) = bytes.split_at(bytes.len().min(BEFORE));
    let at = [&[0x0f, 0x05], after].concat();
    let patch = classify(before, &at, None);
    let chunk = SITE & !(CHUNK - 1);
    for slot in slots(SITE, &patch, chunk, CHUNK) {
        let Some(built) = trampoline(SITE, &patch, &at, slot, chunk) else { continue };
        if let Patch::Displace { insn_len } = patch {
            assert_eq!(built.after_tail_offset - built.tail_offset, insn_len);
        }
        let _ = (steps(&built), revert_steps(SITE, &patch, &built.original));
    }
});

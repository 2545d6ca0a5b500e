//! Any file as a program and as an interpreter: refused, or planned inside the address space.
//! Run by `cargo +nightly fuzz run elf` in `loader`; `LX_FUZZ_CASES=1000000 cargo test -p loader`
//! is the same on a stable compiler.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loader::elf::{Image, Role, TASK_SIZE};
use loader::place::{Place, Randomize, aligned, place, place_interpreter};
use loader::{handover::Handover, script};

fuzz_target!(|file: &[u8]| {
    let _ = script::parse(file);
    let _ = Handover::decode(file);
    for role in [Role::Program, Role::Interpreter] {
        let Ok(image) = Image::parse(file, role) else { continue };
        let at = match role {
            Role::Program => place(&image, Randomize::Brk, 12345),
            Role::Interpreter => place_interpreter(&image, 0x1000),
        };
        let at = if matches!(at, Place::Search { .. }) { aligned(&image, 1 << 40) } else { at };
        let Ok(Some(mut plan)) = at.plan(&image) else { continue };
        if plan.is_hint() && plan.moved_to(1 << 40).is_err() {
            continue;
        }
        for step in &plan.steps {
            let (addr, len) = step.range();
            assert!(len > 0 && addr < TASK_SIZE && len <= TASK_SIZE - addr);
        }
    }
});

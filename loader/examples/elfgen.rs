//! Writes generated ELF files: `elfgen DIRECTORY COUNT SEED`. Each is named after its number; on
//! standard output stands what the loader makes of it: the error of `execve`, `killed`, or the
//! entry point and the mappings (kind, address, length, protection, file offset), as if mmap
//! chose 0x700000000000.

#[expect(dead_code, reason = "tests use the rest")]
#[path = "../tests/elfgen/mod.rs"]
mod elfgen;

use abi::Errno;
use loader::elf::{Image, Role};
use loader::place::{Place, Randomize, aligned, place};
use loader::plan::{Plan, Step};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::{env, error::Error, fs, path::PathBuf};

const ROOM: u64 = 0x7000_0000_0000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let directory = PathBuf::from(
        arguments
            .next()
            .ok_or("usage: elfgen DIRECTORY COUNT SEED")?,
    );
    let count: usize = arguments.next().ok_or("COUNT is missing")?.parse()?;
    let seed: u64 = arguments.next().ok_or("SEED is missing")?.parse()?;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    fs::create_dir_all(&directory)?;
    for number in 0..count {
        let tree = elfgen::file().new_tree(&mut runner);
        let bytes = tree.map_err(|reason| reason.to_string())?.current().bytes();
        fs::write(directory.join(number.to_string()), &bytes)?;
        match Image::parse(&bytes, Role::Program) {
            Err(errno) => println!("{number} {}", errno.name()),
            Ok(image) => match plan(&image) {
                Err(errno) => println!("{number} killed {}", errno.name()),
                Ok(plan) => show(number, &plan),
            },
        }
    }
    Ok(())
}

fn plan(image: &Image) -> Result<Plan, Errno> {
    let mut at = place(image, Randomize::Nothing, 0);
    if let Place::Search { .. } = at {
        at = aligned(image, ROOM);
    }
    let mut plan = at.plan(image)?.ok_or(Errno::EINVAL)?;
    if plan.is_hint() {
        plan.moved_to(ROOM)?;
    }
    Ok(plan)
}

fn show(number: usize, plan: &Plan) {
    let layout = &plan.layout;
    print!("{number} entry {:x} phdr {:x}", layout.entry, layout.phdr);
    for step in &plan.steps {
        match *step {
            Step::File {
                addr,
                len,
                prot,
                offset,
                ..
            } => {
                print!(" file {addr:x} {len:x} {prot} {offset:x}");
            }
            Step::Anon { addr, len, prot } => print!(" anon {addr:x} {len:x} {prot} 0"),
            Step::Zero { addr, len } => print!(" zero {addr:x} {len:x} 0 0"),
        }
    }
    println!();
}

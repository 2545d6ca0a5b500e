//! Writes generated ELF files: `elfgen DIRECTORY COUNT SEED`. Each is named after its number; a
//! line per file on standard output says what the loader makes of it.

#[expect(dead_code, reason = "tests use the rest")]
#[path = "../tests/elfgen/mod.rs"]
mod elfgen;

use loader::elf::{Image, Role};
use loader::place::{Randomize, place};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::{env, error::Error, fs, path::PathBuf};

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
        let file = elfgen::file().new_tree(&mut runner)?.current();
        let bytes = file.bytes();
        fs::write(directory.join(number.to_string()), &bytes)?;
        match Image::parse(&bytes, Role::Program) {
            Err(errno) => println!("{number} {}", errno.name()),
            Ok(image) => match place(&image, Randomize::Nothing, 0).plan(&image) {
                Err(errno) => println!("{number} killed {}", errno.name()),
                Ok(_) => println!("{number} loads"),
            },
        }
    }
    Ok(())
}

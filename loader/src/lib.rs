//! Pure functions from bytes to data: what is in an ELF file and how it is to be mapped, what the
//! auxiliary vector must say, what a `#!` line means, what one brand image tells the next, and
//! how a `syscall` instruction can be rewritten. No host calls, no guest memory, no `unsafe`.
//! See `ARCHITECTURE.md`.
//!
//! How a program is loaded:
//!
//! 1. [`script::parse`] of the first 256 bytes; a script's interpreter takes its place.
//! 2. [`elf::Header::program`] of the same bytes, then [`elf::Image::from_headers`] of the table
//!    at `phoff`. The path at [`elf::Image::interp`] is checked by [`elf::Interp::path`]; that
//!    file goes through [`elf::Header::interpreter`] and [`elf::Image::from_headers`]. Errors up
//!    to here are what `execve` returns; from here on they kill by SIGSEGV.
//! 3. [`place::place`] and [`place::place_interpreter`] say where the images go,
//!    [`plan::plan`] how. When the plan [`plan::Plan::is_hint`], carry out its first step, then
//!    call [`plan::Plan::moved_to`] with the address that came out, then carry out the rest.
//! 4. [`place::brk`] and [`auxv::rewrite`]; the guest starts at the entry of the interpreter, or
//!    of the program when it has none.
//!
//! How a site is rewritten, once it was trapped on:
//!
//! 1. [`site::classify`] says what can be done with it.
//! 2. [`rewrite::slots`] names the slots of a chunk of trampolines that suit;
//!    [`rewrite::trampoline`] builds the code of one. Write it there.
//! 3. [`steps::steps`] is what to write at the site, with a barrier after each group;
//!    [`steps::revert_steps`] undoes it.
//! 4. [`rewrite::guest_rip`] tells which address the guest knows for one in a trampoline.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod auxv;
pub mod elf;
pub mod handover;
pub mod insn;
pub mod place;
pub mod plan;
pub mod rewrite;
pub mod scan;
pub mod script;
pub mod site;
pub mod steps;

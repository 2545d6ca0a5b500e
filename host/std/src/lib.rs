//! The part of `host` for programs that have a standard library: what `lx` and `zone` need and
//! safe Rust cannot say, behind safe functions.
//!
//! It is a crate of its own, under the one folder where `unsafe` may stand, because `host` is
//! linked into the freestanding brand: one feature of it that needs std, turned on for `lx`,
//! would be on for the brand too when cargo builds the whole workspace at once.

pub mod confine;
pub mod entry;
pub mod launch;
pub mod mapped;
pub mod mount;
pub mod on_others;
pub mod probe;
pub mod process;
pub mod shared;

//! Everything that is specific to the host: Linux on x86-64, from inside the process that lx runs
//! a guest in. All `unsafe` code and all assembly of the brand live here; what is offered is safe
//! to call.
//!
//! The way of a call: [`arch`] (`entry.S`) -> [`thread`] -> the brand's [`Brand::dispatch`] ->
//! [`call`] and [`user`] -> back through `entry.S`. The way of a signal: [`signal`] ->
//! [`Brand::deliver`] -> [`frame`].
#![no_std]

#[cfg(test)]
extern crate std;

mod arch;
mod brand;

pub mod alloc;
pub mod call;
pub mod frame;
pub mod intercept;
pub mod memory;
pub mod observe;
pub mod process;
pub mod record;
pub mod rows;
pub mod signal;
pub mod start;
pub mod sync;
pub mod thread;
pub mod user;
pub mod vdso;

pub use brand::{Brand, Outcome, Trap, TrapKind};
pub use thread::Thread;

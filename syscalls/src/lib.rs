//! The dispatch table and the handlers behind it, one file per call family.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bare;
pub mod carried;
pub mod compat32;
pub mod dispatch;
pub mod exec;
pub mod fold;
pub mod fs;
pub mod memory;
pub mod process;
pub mod refusals;
pub mod signal;
pub mod system;
pub mod table;
pub mod time;
pub mod users;

pub use dispatch::dispatch;

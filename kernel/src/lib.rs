//! The objects behind the calls: the task, its signals, its program, its seccomp filters, and
//! what its paths lead to.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod bare;
pub mod exchange;
pub mod handle;
pub mod message;
pub mod numbers;
pub mod overlay;
pub mod proc;
pub mod program;
pub mod seccomp;
pub mod signal;
pub mod task;
pub mod users;
pub mod vfs;
pub mod walk;
pub mod zone;

pub use program::Program;
pub use task::{Patches, Task, ThreadGroup};

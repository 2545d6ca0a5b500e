//! Processes and threads: making them, ending them, and what they may set of themselves.

pub(crate) mod capability;
mod clone;
mod control;
mod exit;
mod filter;

pub use clone::{clone, clone3, fork, vfork};
pub(crate) use control::learn_ids;
pub use control::{arch_prctl, getpid, gettid, prctl};
pub use exit::{exit, exit_group};
pub(crate) use filter::judged;
pub use filter::seccomp;

//! See `ARCHITECTURE.md`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod seccomp;
pub mod vfs;

/// One guest thread.
#[derive(Debug)]
pub struct Task {}

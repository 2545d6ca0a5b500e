//! See `ARCHITECTURE.md`.
#![no_std]
#![forbid(unsafe_code)]

/// One guest thread.
#[derive(Debug)]
pub struct Task {}

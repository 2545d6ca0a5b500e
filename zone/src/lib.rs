//! What concerns the host side of a zone; for now, what the host offers. See `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

pub mod cpu;
pub mod host;

//! What concerns the host side of a zone: what the host offers, and confinement. See `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

pub mod confine;
pub mod cpu;
pub mod host;

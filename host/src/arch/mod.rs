//! The assembly, its symbols typed.

#[path = "x86_64/symbols.rs"]
mod symbols;

pub(crate) use symbols::*;

//! The dispatch table and the handlers behind it, one file per call family.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "alloc"))]
extern crate alloc;

pub mod table;

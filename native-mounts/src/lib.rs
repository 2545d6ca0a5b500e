//! The file systems that come from the host: the root, and its tools beneath `/native`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod root;
pub mod tools;

pub use root::HostRoot;
pub use tools::NativeTools;

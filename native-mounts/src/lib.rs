//! The file systems that come from the host. In this version there is one: the root, which is
//! the host's own.
#![no_std]
#![forbid(unsafe_code)]

mod root;

pub use root::HostRoot;

//! The Linux x86-64 ABI: numbers, structures, flag sets, errors and typed guest pointers.
#![no_std]
#![forbid(unsafe_code)]

pub mod arg;
pub mod errno;
pub mod nr;
pub mod signal;
pub mod stat;
pub mod user;
pub mod version;

pub use errno::{Errno, SysResult};
pub use user::{RawArg, UserCStr, UserPtr};
pub use version::KernelVersion;

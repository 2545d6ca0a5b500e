//! exec: the file is found and checked as the kernel would, and then the host executes the brand's
//! image again, which maps the program (`brand/src/load.rs`). Everything that can fail without
//! ending the process fails here (`begin_new_exec` is the point of no return).

mod arguments;
mod credentials;
mod files;
mod launch;
mod prepare;

pub use arguments::Strings;
pub use files::{Bare, Opened};
pub use launch::{Departure, Inherited, execve, execveat};
pub use prepare::{Prepared, prepare};

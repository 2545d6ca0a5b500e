//! lx as an OCI runtime: the commands that engines give to runc, on top of zones. See `docs/oci.md`.
//!
//! A bundle's `config.json` becomes the configuration of a zone ([`plan`]); `zone::start_detached` makes
//! it, and its zsched lives on while the container does. What an engine wants to know of it later stands
//! in the container's directory ([`container`]).
#![forbid(unsafe_code)]

mod bundle;
mod cgroups;
mod cli;
mod commands;
mod console;
mod container;
mod error;
mod hooks;
mod log;
mod meant;
mod plan;

use std::ffi::{CString, OsString};
use std::os::fd::OwnedFd;
use std::process::ExitCode;

pub use error::Error;
pub use meant::is_meant;
use zone::inside::Inside;

/// What a container's process is told to do.
#[derive(Debug)]
pub struct Program {
    /// The program and its arguments.
    pub arguments: Vec<OsString>,
    /// Its environment.
    pub environment: Vec<CString>,
    /// Its working directory.
    pub directory: std::path::PathBuf,
    /// What uname(2) says of the kernel's version.
    pub kernel_version: Option<String>,
}

/// What runs programs: lx.
pub trait Brand {
    /// The image that all processes of a zone run.
    ///
    /// # Errors
    /// Why there is none.
    fn image(&self) -> Result<OwnedFd, Error>;

    /// In a process of the zone, if it could be built: goes on as the program, through its gate. It comes
    /// back with an exit status when that is impossible, and whoever waits at the gate has been told.
    fn go_on(&self, program: &Program, built: Result<Inside, zone::Error>) -> u8;
}

/// Does what the command line says, of which the program's name is the first word.
pub fn run(arguments: &[OsString], brand: &dyn Brand) -> ExitCode {
    cli::run(arguments, brand)
}

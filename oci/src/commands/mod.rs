//! One file for each part of a container's life.

mod begin;
mod end;
mod exec;
mod features;
mod limits;
mod look;
mod template;

pub(crate) use begin::{create, run, start};
pub(crate) use end::{delete, kill};
pub(crate) use exec::exec;
pub(crate) use features::features;
pub(crate) use limits::{events, pause, update};
pub(crate) use look::{list, ps, state};
pub(crate) use template::spec;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use nix::unistd::Pid;

use crate::error::{Context, Result};

/// Writes to standard output. A reader that has had enough is no error.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).about("standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a process's number to the file that the engine reads, whole or not at all.
fn write_pid(path: Option<&Path>, pid: Pid) -> Result<()> {
    let Some(path) = path else {
        return Ok(());
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}"));
    fs::write(&new, pid.to_string()).about(new.display())?;
    fs::rename(&new, path).about(path.display())
}

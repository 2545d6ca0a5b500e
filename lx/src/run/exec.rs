//! `lx exec`: this process supervises a program in a zone that runs.

use std::path::Path;
use std::process::ExitCode;

use zone::{Program, zones};

use super::zoned::{Start, failed};
use super::{Guest, intercept};
use crate::cli::Exec;
use crate::failure::Failure;

/// Runs the program to its end.
pub(crate) fn exec(options: &Exec) -> Result<ExitCode, Failure> {
    let intercept = intercept()?;
    let zone = zones::find(&options.zone).map_err(|error| failed(&error))?;
    let start = Start {
        guest: Guest {
            command: &options.command,
            argv0: None,
            kernel_version: zone.config.kernel_version.as_deref(),
            init: false,
            book: None,
            filters: None,
        },
        // What was the working directory means something else there.
        directory: options.directory.as_deref().or(Some(Path::new("/"))),
        environment: &options.environment,
        intercept,
    };
    let program = Program {
        user: options.user.as_deref(),
        terminal: options.terminal,
    };
    zone::join(&zone, program, |built| start.go_on(&zone.config, built))
        .map_err(|error| failed(&error))?
        .imitate()
}

//! Measures `lx` and its peers against the same programs run natively.
//!
//! Every round runs the same guest natively and under each mode in turn, so that a slow stretch of
//! the machine falls on both sides of a ratio; the figures reported are medians of the rounds'
//! ratios. See `ARCHITECTURE.md` for what the figures must hold and `targets` for the limits.
#![forbid(unsafe_code)]

mod cli;
mod command;
mod fixtures;
mod guest;
mod memory;
mod mode;
mod parts;
mod report;
mod results;
mod run;
mod series;
mod stats;
mod targets;
mod workloads;

use std::process::ExitCode;

/// Errors of this program are messages for a person; nothing tells them apart by type.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match cli::main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

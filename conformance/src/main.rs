//! The command line of the conformance suite; see `conformance --help`.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use conformance::{apps, escape, generated, ltp, own, report, roots, soak};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    version,
    about = "Runs programs natively and under lx and compares what they show"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The suite's own guest programs, case by case
    Own(own::Options),
    /// Whole programs, by scripts
    Apps(apps::Options),
    /// Real root file systems in zones, by scripts
    Roots(roots::Options),
    /// A suite of the Linux Test Project
    Ltp(ltp::Options),
    /// Seeded random sequences of calls
    Generated(generated::Options),
    /// Attempts to get out of a zone, as a guest and past the brand
    Escape(escape::Options),
    /// Storms, races and generated sequences for a given time
    Soak(soak::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Own(options) => own::run(&options),
        Command::Apps(options) => apps::run(&options),
        Command::Roots(options) => roots::run(&options),
        Command::Ltp(options) => ltp::run(&options),
        Command::Generated(options) => generated::run(&options),
        Command::Escape(options) => escape::run(&options),
        Command::Soak(options) => soak::run(&options),
    };
    report::exit_code(result)
}

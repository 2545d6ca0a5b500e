//! The command line of the conformance suite; see `conformance --help`.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use conformance::{
    apps, cage, escape, generated, gtest, ltp, oci, own, pages, report, roots, soak, stress,
};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    version,
    name = "conformance",
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
    /// Containers of lx and of runc, by scripts
    Oci(oci::Options),
    /// A suite of the Linux Test Project
    Ltp(ltp::Options),
    /// A folder of programs made with GoogleTest
    Gtest(gtest::Options),
    /// The stressors of stress-ng
    Stress(stress::Options),
    /// Seeded random sequences of calls
    Generated(generated::Options),
    /// Attempts to get out of a zone, as a guest and past the brand
    Escape(escape::Options),
    /// Storms, races and generated sequences for a given time
    Soak(soak::Options),
    /// Pages from results that were kept
    Report(pages::Options),
}

fn main() -> ExitCode {
    if let Some(status) = cage::answer() {
        return status;
    }
    let result = match Cli::parse().command {
        Command::Own(options) => own::run(&options),
        Command::Apps(options) => apps::run(&options),
        Command::Roots(options) => roots::run(&options),
        Command::Oci(options) => oci::run(&options),
        Command::Ltp(options) => ltp::run(&options),
        Command::Gtest(options) => gtest::run(&options),
        Command::Stress(options) => stress::run(&options),
        Command::Generated(options) => generated::run(&options),
        Command::Escape(options) => escape::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Report(options) => pages::run(&options),
    };
    report::exit_code(result)
}

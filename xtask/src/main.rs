//! The chores of the project: `cargo xtask --help`.
#![forbid(unsafe_code)]

mod ci;
mod compat;
mod delegate;
mod escape;
mod run;
mod tally;
mod tidy;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// The chores of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Everything that must hold before a change lands: fmt, clippy, tidy, compat, tests
    Ci,
    /// Check the rules of the house: layers, unsafe, lints, marks of unfinished work
    Tidy,
    /// Write docs/compatibility.md and docs/host-calls.md from the dispatch table
    Compat {
        /// Fail when the page is stale instead of writing it
        #[arg(long)]
        check: bool,
    },
    /// Compare programs natively and under lx: the suite's own guests, or the suite that is named
    #[command(disable_help_flag = true)]
    Conformance(Rest),
    /// Run whole programs natively and under lx
    #[command(disable_help_flag = true)]
    Apps(Rest),
    /// Run real root file systems natively and in zones
    #[command(disable_help_flag = true)]
    Roots(Rest),
    /// Run LTP natively and under lx
    #[command(disable_help_flag = true)]
    Ltp(Rest),
    /// Try to get out of zones; with --control first, where it must succeed
    #[command(disable_help_flag = true)]
    Escape(Rest),
    /// Run the suite's guests over and over
    #[command(disable_help_flag = true)]
    Soak(Rest),
    /// Measure lx against native runs and its peers
    #[command(disable_help_flag = true)]
    Bench(Rest),
}

/// The actions of the bench program; without one, it is to measure.
const BENCH_ACTIONS: [&str; 6] = ["run", "render", "list", "help", "--help", "-h"];

fn bench_action(rest: &Rest) -> &'static [&'static str] {
    let first = rest.arguments.first().map(String::as_str);
    if first.is_some_and(|first| BENCH_ACTIONS.contains(&first)) {
        &[]
    } else {
        &["run"]
    }
}

/// The actions of the conformance runner; without one, it is to run the suite's own guests.
const CONFORMANCE_ACTIONS: [&str; 13] = [
    "own",
    "apps",
    "roots",
    "ltp",
    "gtest",
    "stress",
    "generated",
    "escape",
    "soak",
    "report",
    "help",
    "--help",
    "-h",
];

fn conformance_suite(rest: &Rest) -> &'static [&'static str] {
    let first = rest.arguments.first().map(String::as_str);
    if first.is_some_and(|first| CONFORMANCE_ACTIONS.contains(&first)) {
        &[]
    } else {
        &["own"]
    }
}

/// What is passed on as it is; `--help` too.
#[derive(Debug, Args)]
struct Rest {
    /// Arguments of the program that does the work
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    let result = match Cli::parse().chore {
        Chore::Ci => ci::run(),
        Chore::Tidy => tidy::run(),
        Chore::Compat { check } => compat::run(check),
        Chore::Conformance(rest) => {
            delegate::run("conformance", conformance_suite(&rest), &rest.arguments)
        }
        Chore::Apps(rest) => delegate::run("conformance", &["apps"], &rest.arguments),
        Chore::Roots(rest) => delegate::run("conformance", &["roots"], &rest.arguments),
        Chore::Ltp(rest) => delegate::run("conformance", &["ltp"], &rest.arguments),
        Chore::Escape(rest) => escape::run(&rest.arguments),
        Chore::Soak(rest) => delegate::run("conformance", &["soak"], &rest.arguments),
        Chore::Bench(rest) => delegate::run("bench", bench_action(&rest), &rest.arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

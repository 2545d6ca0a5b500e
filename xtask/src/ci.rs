//! `cargo xtask ci`: all checks, each to its end, with one count over all of them.

use std::process::Command;
use std::time::Instant;

use crate::tally::Tally;
use crate::{compat, delegate, escape, run, tidy};

/// Runs every step, the later ones also after a failure, so that one run shows all there is.
pub(crate) fn run() -> Result<(), String> {
    let mut total = Tally::default();
    step(&mut total, "formatting", || {
        run::run(run::cargo(&["fmt", "--all", "--check"]))
    });
    step(&mut total, "lints", || {
        let clippy = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        run::run(run::cargo(&clippy))
    });
    step(&mut total, "rules of the house", tidy::run);
    step(&mut total, "compatibility page", || compat::run(true));
    counted(&mut total, "unit and integration tests", || {
        // The suite's own guests come next, with the lx that users get and counted one by one.
        let test = [
            "test",
            "--workspace",
            "--no-fail-fast",
            "--",
            "--skip",
            "own_guests",
        ];
        Ok(run::cargo(&test))
    });
    step(&mut total, "fuzzing of the zone's protocol", fuzz);
    counted(&mut total, "conformance", || {
        delegate::build("conformance")?;
        Ok(delegate::command("conformance", &["own"], &[]))
    });
    counted(&mut total, "escape suite", || {
        Ok(delegate::command("conformance", &["escape"], &[]))
    });
    counted(&mut total, "escape suite without confinement", || {
        escape::control()
    });
    counted(&mut total, "whole programs", || {
        Ok(delegate::command("conformance", &["apps", "--quick"], &[]))
    });
    counted(&mut total, "real roots", || {
        Ok(delegate::command("conformance", &["roots"], &[]))
    });
    println!("{total}");
    if total.failed == 0 {
        Ok(())
    } else {
        Err("not everything passed".to_owned())
    }
}

/// Any messages to zsched, for half a minute. Without the nightly compiler and cargo-fuzz, the unit
/// tests of `kernel::zone::protocol` alone try some.
fn fuzz() -> Result<(), String> {
    let mut probe = Command::new("cargo");
    let probe = probe.args(["+nightly", "fuzz", "--version"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("skipped: no cargo-fuzz for a nightly compiler");
        return Ok(());
    }
    let mut fuzz = Command::new("cargo");
    fuzz.args([
        "+nightly",
        "fuzz",
        "run",
        "protocol",
        "--",
        "-max_total_time=30",
    ])
    .current_dir(run::root().join("zone"))
    // Of the compiler that runs this.
    .env_remove("RUSTUP_TOOLCHAIN")
    .env_remove("CARGO")
    .env_remove("RUSTC");
    run::run(fuzz)
}

/// One check: it counts as one.
fn step(total: &mut Tally, name: &str, check: impl FnOnce() -> Result<(), String>) {
    let start = begin(name);
    let result = check();
    *total += Tally::check(result.is_ok());
    end(name, start, result);
}

/// A test program: what it prints is counted. That it fails without saying so counts as one.
fn counted(
    total: &mut Tally,
    name: &str,
    command: impl FnOnce() -> Result<std::process::Command, String>,
) {
    let start = begin(name);
    let mut tally = Tally::default();
    let result = command().and_then(|command| {
        run::watch(command, |line| {
            if let Some(counts) = Tally::parse(line) {
                tally += counts;
            }
        })
    });
    let result = match result {
        Ok(true) => Ok(()),
        Ok(false) => Err("there were failures".to_owned()),
        Err(message) => Err(message),
    };
    if result.is_err() && tally.failed == 0 {
        tally.failed = 1;
    }
    *total += tally;
    end(name, start, result);
}

fn begin(name: &str) -> Instant {
    println!("== {name}");
    Instant::now()
}

fn end(name: &str, start: Instant, result: Result<(), String>) {
    let seconds = start.elapsed().as_secs();
    match result {
        Ok(()) => println!("== {name}: passed in {seconds} s"),
        Err(message) => println!("== {name}: FAILED in {seconds} s: {message}"),
    }
}

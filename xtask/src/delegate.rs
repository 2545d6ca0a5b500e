//! Chores that a program of the workspace does: build it and lx, then run it.

use crate::run;

/// Runs `package` with `first` and then `rest` as its arguments, in release form and with the lx
/// of this workspace beside it.
pub(crate) fn run(package: &str, first: &[&str], rest: &[String]) -> Result<(), String> {
    build(package)?;
    run::run(command(package, first, rest))
}

/// Builds `package` and lx in one go, so that they stand side by side.
pub(crate) fn build(package: &str) -> Result<(), String> {
    run::run(run::cargo(&[
        "build",
        "--release",
        "--package",
        "lx",
        "--package",
        package,
    ]))
}

/// The command that runs `package` once it is built.
pub(crate) fn command(package: &str, first: &[&str], rest: &[String]) -> std::process::Command {
    let mut command = run::cargo(&["run", "--quiet", "--release", "--package", package, "--"]);
    command.args(first).args(rest);
    command
}

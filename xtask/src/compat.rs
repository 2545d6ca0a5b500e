//! `cargo xtask compat`: keeps `docs/compatibility.md` what the dispatch table says.

use std::fs;

use crate::run;

/// The page, from the root of the workspace.
const PAGE: &str = "docs/compatibility.md";

/// Writes the page, or with `check` fails when it is not what the table says.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let text = run::output(run::cargo(&[
        "run",
        "--quiet",
        "--package",
        "syscalls",
        "--features",
        "alloc",
        "--example",
        "compatibility",
    ]))?;
    let path = run::root().join(PAGE);
    let current = fs::read_to_string(&path).unwrap_or_default();
    if current == text {
        return Ok(());
    }
    if check {
        return Err(format!("{PAGE} is stale: run `cargo xtask compat`"));
    }
    fs::write(&path, text).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("wrote {PAGE}");
    Ok(())
}

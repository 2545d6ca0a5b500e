//! `cargo xtask compat`: keeps the pages that the dispatch table makes what the table says.

use std::fs;

use crate::run;

/// The pages, by their names in `docs/` and for the program that prints them.
const PAGES: [&str; 2] = ["compatibility", "host-calls"];

/// Writes the pages, or with `check` fails when one is not what the table says.
pub(crate) fn run(check: bool) -> Result<(), String> {
    for page in PAGES {
        one(page, check)?;
    }
    Ok(())
}

fn one(page: &str, check: bool) -> Result<(), String> {
    let text = run::output(run::cargo(&[
        "run",
        "--quiet",
        "--package",
        "syscalls",
        "--features",
        "alloc",
        "--example",
        "compatibility",
        "--",
        page,
    ]))?;
    let name = format!("docs/{page}.md");
    let path = run::root().join(&name);
    let current = fs::read_to_string(&path).unwrap_or_default();
    if current == text {
        return Ok(());
    }
    if check {
        return Err(format!("{name} is stale: run `cargo xtask compat`"));
    }
    fs::write(&path, text).map_err(|error| format!("{name}: {error}"))?;
    println!("wrote {name}");
    Ok(())
}

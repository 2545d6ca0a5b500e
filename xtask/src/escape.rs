//! `cargo xtask escape`: the attempts to get out of a zone, and the proof that they can succeed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{delegate, run};

/// With `--control` first, against an lx that leaves confinement out; else against the usual one.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    match arguments.split_first() {
        Some((first, rest)) if first == "--control" => {
            let mut command = control()?;
            command.args(rest);
            run::run(command)
        }
        _ => delegate::run("conformance", &["escape"], arguments),
    }
}

/// The command that makes the attempts where they must succeed.
pub(crate) fn control() -> Result<Command, String> {
    delegate::build("conformance")?;
    let lx = unconfined()?;
    let lx = lx.to_string_lossy();
    Ok(delegate::command(
        "conformance",
        &["escape", "--control", "--lx", &lx],
        &[],
    ))
}

/// An lx that leaves confinement out, under a name that says so. Where cargo puts it, under the
/// name that every lx has, it does not stay.
fn unconfined() -> Result<PathBuf, String> {
    let messages = run::output(run::cargo(&[
        "build",
        "--package",
        "lx",
        "--features",
        "without-confinement",
        "--message-format",
        "json-render-diagnostics",
    ]))?;
    let built = messages.lines().find_map(executable);
    let built = built.ok_or("cargo names no executable of lx")?;
    let named = built.with_file_name("lx-without-confinement");
    let about = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    fs::rename(&built, &named).map_err(|error| about(&built, &error))?;
    Ok(named)
}

/// The program that a message of cargo is about.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message.get("executable")?.as_str()?;
    (message["target"]["name"] == "lx").then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::executable;
    use std::path::PathBuf;

    #[test]
    fn the_program_is_found_among_messages() {
        let lx = r#"{"reason":"compiler-artifact","target":{"name":"lx"},"executable":"/t/lx"}"#;
        assert_eq!(executable(lx), Some(PathBuf::from("/t/lx")));
        let library = r#"{"reason":"compiler-artifact","target":{"name":"lx"},"executable":null}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable(r#"{"reason":"build-finished"}"#), None);
        assert_eq!(executable("text"), None);
    }
}

//! `cargo xtask tidy`: the rules of the house that neither rustc nor clippy checks.

mod covered;
mod layers;
mod sources;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run;
use layers::Package;

/// Files beyond this length are named, since they may have more than one reason to exist.
const LONG_FILE: usize = 500;

/// Checks everything and prints what is wrong.
pub(crate) fn run() -> Result<(), String> {
    let root = run::root();
    let text = run::output(run::cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
    ]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let packages = layers::packages(&metadata)?;

    let mut problems = layers::problems(&packages);
    for package in &packages {
        problems.extend(manifest_problems(&root, package)?);
        problems.extend(root_problems(&root, package)?);
    }
    problems.extend(covered::problems(&root)?);
    let mut long = Vec::new();
    for file in source_files(&root)? {
        let text = fs::read_to_string(root.join(&file))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        problems.extend(sources::problems(&file, &text));
        let lines = text.lines().count();
        if lines > LONG_FILE {
            long.push(format!("{}: {lines} lines", file.display()));
        }
    }
    for file in &long {
        println!("long file: {file}");
    }
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        count => Err(format!("{count} of the rules of the house are broken")),
    }
}

/// Every crate takes the lints of the workspace.
fn manifest_problems(root: &Path, package: &Package) -> Result<Option<String>, String> {
    let text = fs::read_to_string(&package.manifest)
        .map_err(|error| format!("{}: {error}", package.manifest.display()))?;
    let opted = sources::takes_workspace_lints(&text);
    let path = relative(root, &package.manifest);
    Ok((!opted).then(|| format!("{}: no `[lints] workspace = true`", path.display())))
}

/// Every library and program forbids `unsafe`, but for those under `host`; the core has no std.
fn root_problems(root: &Path, package: &Package) -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    for source in &package.roots {
        let path = relative(root, source);
        let text =
            fs::read_to_string(source).map_err(|error| format!("{}: {error}", path.display()))?;
        if !sources::may_be_unsafe(&path) && !sources::has_attribute(&text, "forbid(unsafe_code)") {
            problems.push(format!("{}: no `#![forbid(unsafe_code)]`", path.display()));
        }
        if layers::is_core(&package.name)
            && !sources::has_attribute(&text, "no_std")
            && !sources::has_attribute(&text, "cfg_attr(lx_image,no_std,no_main)")
        {
            problems.push(format!("{}: no `#![no_std]`", path.display()));
        }
    }
    Ok(problems)
}

/// The files of the project, from its root: what git knows or would add.
fn source_files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut command = std::process::Command::new("git");
    command.current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let list = run::output(command)?;
    let mut files: Vec<PathBuf> = list
        .split('\0')
        .map(PathBuf::from)
        .filter(|path| sources::is_source(path) && root.join(path).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

fn relative(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_path_buf()
}

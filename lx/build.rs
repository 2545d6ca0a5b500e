//! Builds the brand and hands its image to `lx`, which embeds it with `include_bytes!`.
//!
//! The brand is a program of its own kind: freestanding, one profile (`brand`) whatever profile
//! `lx` has, baseline x86-64, no unwinding. Cargo has no stable way to depend on such a program,
//! so this script runs a second `cargo build --package brand` in the same workspace:
//!
//! - with its own target directory, `brand-image` beside the profile directories of `lx`, because
//!   the outer cargo holds the lock of its own. Debug, release and clippy builds share it.
//! - with its own flags in `CARGO_ENCODED_RUSTFLAGS`, which take the place of those in
//!   `.cargo/config.toml` and of the user's `RUSTFLAGS`. How the image is linked stands in
//!   `brand/build.rs`.
//! - without the variables by which the outer cargo steers its own compilers (clippy's wrapper,
//!   target and profile settings), and with its job server, so that both share the machine.
//! - with `--locked`: the outer cargo has just read the same lock file. Nothing is fetched that
//!   `cargo fetch` does not bring.
//!
//! Two files come out: `$OUT_DIR/brand.image`, which `lx` embeds, without symbols and section
//! headers; and `brand.debug` beside the `lx` binary, the same image with symbols, for gdb
//! (`add-symbol-file brand.debug -o BASE`).
//!
//! The script runs again when a file of a crate that goes into the image changes.

#[path = "build/strip.rs"]
mod strip;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The target of the image; the installed one, so that nothing else need be installed.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Flags of the image's crates.
const RUSTFLAGS: &[&str] = &[
    // Together they make rustc link a static-pie, as for `lx` itself.
    "-Ctarget-feature=+crt-static",
    "-Crelocation-model=pie",
    // Baseline SSE2: the brand saves xmm0-15 and mxcsr on entry and must touch nothing beyond.
    "-Ctarget-cpu=x86-64",
    "-Cpanic=abort",
    // The crate `host` then brings `_start` and what else only the image has.
    "--cfg=lx_image",
    "-Cforce-unwind-tables=no",
];

/// The folders of the crates that the image is made of.
const CRATES: &[&str] = &[
    "abi",
    "host",
    "kernel",
    "loader",
    "procfs-emu",
    "native-mounts",
    "syscalls",
    "observe",
    "brand",
];

/// Variables of the outer cargo that would change what the inner one builds.
const OUTER_VARIABLES: &[&str] = &[
    "RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_INCREMENTAL",
];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("cargo:error=building the brand: {message}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let workspace = directory("CARGO_MANIFEST_DIR")?
        .parent()
        .ok_or("lx has no parent directory")?
        .to_path_buf();
    announce_inputs(&workspace);

    let out = directory("OUT_DIR")?;
    // OUT_DIR is PROFILE_DIR/build/lx-HASH/out.
    let profile = out
        .ancestors()
        .nth(3)
        .ok_or("OUT_DIR is not where cargo puts it")?;
    let target = profile
        .parent()
        .ok_or("the profile directory has no parent")?;
    let nested = target.join("brand-image");
    run_cargo(&workspace, &nested)?;

    let built = nested.join(TARGET).join("brand").join("brand");
    let with_symbols = read(&built)?;
    let image = strip::without_sections(&with_symbols).ok_or_else(|| {
        format!(
            "{} is not an ELF file of the expected form",
            built.display()
        )
    })?;
    write(&out.join("brand.image"), &image)?;
    write(&profile.join("brand.debug"), &with_symbols)
}

/// Tells cargo what the image depends on.
fn announce_inputs(workspace: &Path) {
    let files = ["lx/build.rs", "lx/build", "Cargo.toml", "Cargo.lock"];
    for path in files.iter().chain(CRATES) {
        println!("cargo:rerun-if-changed={}", workspace.join(path).display());
    }
}

/// Runs the inner cargo; its messages go where this script's go.
fn run_cargo(workspace: &Path, target_directory: &Path) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace)
        .args(["build", "--package", "brand", "--profile", "brand"])
        .args(["--target", TARGET, "--locked", "--target-dir"])
        .arg(target_directory)
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\u{1f}"));
    for name in OUTER_VARIABLES {
        command.env_remove(name);
    }
    for (name, _) in env::vars_os() {
        // What cargo tells this script about `lx` means nothing to the inner build.
        let name_text = name.to_string_lossy();
        let about_lx = ["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PROFILE_", "DEP_"];
        if about_lx.iter().any(|prefix| name_text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    let status = command
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo build ended with {status}"))
    }
}

fn directory(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("cargo did not set {variable}"))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes `bytes`, unless the file already holds them.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

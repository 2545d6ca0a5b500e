//! Runs other programs from the root of the workspace.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or(manifest.clone(), PathBuf::from)
}

/// The cargo that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root()).args(arguments);
    command
}

/// Runs `command` to its end; fails unless it succeeds.
pub(crate) fn run(mut command: Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", name(&command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{}: {status}", name(&command)))
    }
}

/// What `command` writes to stdout; fails unless it succeeds.
pub(crate) fn output(mut command: Command) -> Result<String, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", name(&command)))?;
    if !output.status.success() {
        return Err(format!("{}: {}", name(&command), output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{}: {error}", name(&command)))
}

/// Runs `command`, shows its lines as they come and gives each to `look`. Whether it succeeded.
pub(crate) fn watch(mut command: Command, mut look: impl FnMut(&str)) -> Result<bool, String> {
    let error_of = |error: std::io::Error, command: &Command| format!("{}: {error}", name(command));
    command.stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error_of(error, &command))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|error| error_of(error, &command))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            look(&line);
        }
    }
    let status = child.wait().map_err(|error| error_of(error, &command))?;
    Ok(status.success())
}

/// How `command` would be typed.
fn name(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

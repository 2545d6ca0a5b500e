//! Which `lx` is tested, and in which ways it is made to catch calls.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// How calls are caught: one value of `LX_INTERCEPT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Mode {
    /// Hot sites are rewritten, the rest trap by Syscall User Dispatch.
    Rewrite,
    /// Every call traps by Syscall User Dispatch.
    Sud,
    /// Every call traps by a seccomp filter.
    Trap,
}

/// All modes, in the order in which they run.
pub const MODES: [Mode; 3] = [Mode::Rewrite, Mode::Sud, Mode::Trap];

impl Mode {
    /// The value of `LX_INTERCEPT` that selects this mode.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Rewrite => "rewrite",
            Mode::Sud => "sud",
            Mode::Trap => "trap",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The binary to test: the one named, else `lx` beside this program (or, from a test
/// binary in `deps/`, one folder up).
pub fn locate(named: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = named {
        return path
            .canonicalize()
            .map_err(|e| format!("{}: {e}", path.display()));
    }
    let own = std::env::current_exe().map_err(|e| format!("current executable: {e}"))?;
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("lx"))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| "no lx beside this program: build it first, or name it by --lx".to_owned())
}

/// The argument vector that runs `program` under `lx`.
#[must_use]
pub fn command_line(lx: &Path, program: &[OsString]) -> Vec<OsString> {
    let mut line = vec![lx.as_os_str().to_owned(), "run".into(), "--".into()];
    line.extend_from_slice(program);
    line
}

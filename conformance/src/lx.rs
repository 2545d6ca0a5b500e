//! Which `lx` is tested, and in which ways it runs a program.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Mode {
    /// Hot sites are rewritten, the rest trap by Syscall User Dispatch.
    Rewrite,
    /// Every call traps by Syscall User Dispatch.
    Sud,
    /// Every call traps by a seccomp filter.
    Trap,
    /// In a zone, confined, on the host's root and network; calls are caught in the usual way. The
    /// zone's first process is its init, so that the program is an ordinary one.
    Zone,
}

/// All modes, in the order in which they run.
pub const MODES: [Mode; 4] = [Mode::Rewrite, Mode::Sud, Mode::Trap, Mode::Zone];

/// The ways to catch calls.
pub const INTERCEPTIONS: [Mode; 3] = [Mode::Rewrite, Mode::Sud, Mode::Trap];

impl Mode {
    /// What reports and expectations call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Rewrite => "rewrite",
            Mode::Sud => "sud",
            Mode::Trap => "trap",
            Mode::Zone => "zone",
        }
    }

    /// The value of `LX_INTERCEPT` that belongs to it.
    #[must_use]
    pub const fn intercept(self) -> &'static str {
        match self {
            Mode::Rewrite | Mode::Zone => "rewrite",
            Mode::Sud | Mode::Trap => self.name(),
        }
    }

    /// What `lx run` is told besides.
    #[must_use]
    pub const fn options(self) -> &'static [&'static str] {
        match self {
            Mode::Rewrite | Mode::Sud | Mode::Trap => &[],
            Mode::Zone => &["--isolation", "namespaces", "--net", "host", "--init"],
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

/// The argument vector that runs `program` under `lx` in this mode.
#[must_use]
pub fn command_line(lx: &Path, mode: Mode, program: &[OsString]) -> Vec<OsString> {
    let mut line = vec![lx.as_os_str().to_owned(), "run".into()];
    line.extend(mode.options().iter().map(OsString::from));
    line.push("--".into());
    line.extend_from_slice(program);
    line
}

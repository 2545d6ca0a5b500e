//! Which `lx` is tested, and in which ways it runs a program.

use crate::child::{HERE, Scratch};
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
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
    /// The same in a zone without namespaces, in the restricted environment, with the host's files
    /// as a root of the zone's own: /dev, /proc and /sys are what the zone makes of them.
    Bare,
}

/// All modes, in the order in which they run.
pub const MODES: [Mode; 5] = [Mode::Rewrite, Mode::Sud, Mode::Trap, Mode::Zone, Mode::Bare];

/// Those in which whoever runs the suite runs the programs, too.
pub const OF_THIS_USER: [Mode; 4] = [Mode::Rewrite, Mode::Sud, Mode::Trap, Mode::Zone];

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
            Mode::Bare => "bare",
        }
    }

    /// The value of `LX_INTERCEPT` that belongs to it.
    #[must_use]
    pub const fn intercept(self) -> &'static str {
        match self {
            Mode::Rewrite | Mode::Zone | Mode::Bare => "rewrite",
            Mode::Sud | Mode::Trap => self.name(),
        }
    }

    /// What `lx run` is told besides.
    #[must_use]
    pub const fn options(self) -> &'static [&'static str] {
        match self {
            Mode::Rewrite | Mode::Sud | Mode::Trap => &[],
            Mode::Zone => &["--isolation", "namespaces", "--net", "host", "--init"],
            // A zone with a root of its own begins there, and with an environment of its own.
            Mode::Bare => &[
                "--isolation",
                "bare",
                "--rootfs",
                "/",
                "--users",
                "host",
                "--init",
                "--workdir",
                HERE,
                "--env",
                "LC_ALL=C",
                "--env",
                "HOME=/",
            ],
        }
    }

    /// Whether the program runs in the restricted environment, also natively.
    #[must_use]
    pub const fn is_restricted(self) -> bool {
        matches!(self, Mode::Bare)
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

/// A copy of `lx` that every user may execute: the original may lie where only root comes.
pub fn copy_for_everyone(lx: &Path) -> Result<(Scratch, PathBuf), String> {
    let scratch = Scratch::new()?;
    let copy = scratch.path().join("lx");
    fs::copy(lx, &copy).map_err(|e| format!("{}: {e}", lx.display()))?;
    for path in [scratch.path(), &copy] {
        let mode = Permissions::from_mode(0o755);
        fs::set_permissions(path, mode).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok((scratch, copy))
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

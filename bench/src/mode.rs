//! The ways to run a guest: natively, under `lx`, under a peer.

use crate::Result;
use crate::command::{self, Outcome};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A way to run a guest: a command that takes the guest's command line after its own arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mode {
    /// Column title.
    pub(crate) name: String,
    /// Program and arguments that stand before the guest's; empty natively.
    prefix: Vec<OsString>,
    /// Environment that selects a variant.
    env: Vec<(&'static str, &'static str)>,
}

/// The program that shows whether a mode works here.
const PROBE: &str = "/bin/true";
/// How long the probe may take.
const PROBE_TIME: Duration = Duration::from_secs(15);

impl Mode {
    /// No layer at all.
    pub(crate) fn native() -> Self {
        Self {
            name: "native".into(),
            prefix: Vec::new(),
            env: Vec::new(),
        }
    }

    /// `lx run`, with hot sites rewritten.
    pub(crate) fn lx(lx: &Path) -> Self {
        Self::lx_variant("lx", lx, "rewrite")
    }

    /// A mode by its name on the command line.
    pub(crate) fn by_name(name: &str, lx: &Path) -> Result<Self> {
        let words: &[&str] = match name {
            "lx" => return Ok(Self::lx(lx)),
            "sud" => return Ok(Self::lx_variant("lx sud", lx, "sud")),
            "trap" => return Ok(Self::lx_variant("lx trap", lx, "trap")),
            "zone" => return Ok(Self::lx_zone(lx)),
            "bare" => return Ok(Self::lx_bare(lx)),
            "proot" => &["proot", "-r", "/"],
            "qemu" => &["qemu-x86_64"],
            // The platform that every host offers; systrap and kvm are the faster ones.
            "runsc" => &[
                "runsc",
                "--rootless",
                "--network=none",
                "--platform=ptrace",
                "do",
            ],
            "runsc-systrap" => &[
                "runsc",
                "--rootless",
                "--network=none",
                "--platform=systrap",
                "do",
            ],
            "strace" => &["strace", "-f", "-o", "/dev/null"],
            _ => return Err(format!("no such peer: {name}").into()),
        };
        Ok(Self {
            name: name.into(),
            prefix: words.iter().map(OsString::from).collect(),
            env: Vec::new(),
        })
    }

    fn lx_variant(name: &str, lx: &Path, intercept: &'static str) -> Self {
        Self {
            name: name.into(),
            prefix: vec![lx.into(), "run".into(), "--".into()],
            env: vec![("LX_INTERCEPT", intercept)],
        }
    }

    /// A zone in the host's namespaces, confined, whose root is the host's.
    fn lx_zone(lx: &Path) -> Self {
        let words = ["run", "--isolation", "namespaces", "--net", "host", "--"];
        let mut mode = Self::lx_variant("lx zone", lx, "rewrite");
        mode.prefix = std::iter::once(lx.into())
            .chain(words.iter().map(OsString::from))
            .collect();
        mode
    }

    /// A zone without namespaces. Naming the root gives it the mounts that a zone with a root of its
    /// own has.
    fn lx_bare(lx: &Path) -> Self {
        let words = ["run", "--isolation", "bare", "--rootfs", "/", "--"];
        let mut mode = Self::lx_variant("lx bare", lx, "rewrite");
        mode.prefix = std::iter::once(lx.into())
            .chain(words.iter().map(OsString::from))
            .collect();
        mode
    }

    /// The command that runs `program`, which must be an absolute path, with `args`.
    pub(crate) fn command<I, A>(&self, program: &Path, args: I) -> Command
    where
        I: IntoIterator<Item = A>,
        A: Into<OsString>,
    {
        let mut words = self.prefix.iter().cloned();
        let mut command = match words.next() {
            None => Command::new(program),
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(program);
                command
            }
        };
        command.args(args.into_iter().map(Into::into));
        // No guest may find the system's own variants of the tools in one mode and others in the
        // next because of a wrapper directory in the caller's PATH.
        command.env("LC_ALL", "C").envs(self.env.iter().copied());
        command
    }

    /// Why this mode does not work here, if it does not.
    pub(crate) fn refusal(&self) -> Option<String> {
        let command = self.command(&PathBuf::from(PROBE), [""; 0]);
        match command::run(command, PROBE_TIME) {
            Outcome::Done { status, .. } if status.success() => None,
            Outcome::Done { status, stderr, .. } => Some(format!(
                "{PROBE} failed ({status}): {}",
                first_line(&stderr)
            )),
            Outcome::TooLong => Some(format!("{PROBE} took longer than {PROBE_TIME:?}")),
            Outcome::NotStarted(error) => Some(format!("not started: {error}")),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn prefixes_stand_before_the_guest() {
        let mode = Mode::by_name("proot", Path::new("/lx")).unwrap();
        let command = mode.command(Path::new("/bin/ls"), ["-l"]);
        assert_eq!(command.get_program(), "proot");
        let args: Vec<&OsStr> = command.get_args().collect();
        assert_eq!(args, ["-r", "/", "/bin/ls", "-l"]);
        let native = Mode::native().command(Path::new("/bin/ls"), ["-l"]);
        assert_eq!(native.get_program(), "/bin/ls");
    }

    #[test]
    fn variants_of_lx_differ_by_environment() {
        let sud = Mode::by_name("sud", Path::new("/lx")).unwrap();
        let command = sud.command(Path::new("/bin/ls"), [""; 0]);
        let set = command
            .get_envs()
            .any(|(k, v)| k == "LX_INTERCEPT" && v == Some("sud".as_ref()));
        assert!(set);
        assert!(Mode::by_name("nope", Path::new("/lx")).is_err());
    }

    #[test]
    fn native_works_and_a_missing_layer_says_why() {
        assert_eq!(Mode::native().refusal(), None);
        let missing = Mode::lx(Path::new("/no/such/lx"));
        assert!(missing.refusal().unwrap().starts_with("not started"));
    }
}

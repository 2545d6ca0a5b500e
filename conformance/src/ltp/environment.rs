//! What LTP's cases find around them, natively and under lx.

use super::Options;
use crate::child::{ENVIRONMENT, HERE, Job, PATH, Scratch};
use crate::ordinary;
use crate::suite::{At, Setting};
use crate::way::Isolation;
use nix::unistd::{User, geteuid};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Sets the soft limit of descriptors that the kernel gives to its first process, since cases open
/// as many as they may, and gives the folder to the user that is named.
const FIRST: &str = "ulimit -S -n 1024; [ \"$0\" = - ] || chown \"$0\" .; exec \"$@\"";
/// The capabilities of a zone on the network of the host.
const CAPABILITIES: &str = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,\
                            +net_bind_service,+sys_chroot,+audit_write,+setfcap";
/// A namespace's first process is immune to signals that it does not handle, so it is a shell.
const INIT: &str = "\"$@\"; exit $?";

/// See above.
pub(super) struct Environment {
    ltp: PathBuf,
    runtime: f32,
    /// Whose zones and containers the cases run in, where that is not oneself.
    user: Option<String>,
    obstacle: Option<String>,
    /// The kernel's configuration as text, which LTP asks for and zones do not show.
    configuration: Option<(Scratch, PathBuf)>,
}

impl Environment {
    pub(super) fn new(ltp: PathBuf, options: &Options) -> Self {
        let user = geteuid().is_root().then(|| options.zone_user.clone());
        let obstacle = user.as_deref().and_then(obstacle);
        Self {
            ltp,
            runtime: options.runtime,
            user,
            obstacle,
            configuration: configuration(),
        }
    }

    /// Why there is nothing to compare zones with.
    pub(super) fn no_container(&self) -> Option<String> {
        self.obstacle.clone()
    }

    /// One run of a case's shell command.
    pub(super) fn job(&self, command: &str, at: At<'_>, limit: Duration) -> Job {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let shell = ["/bin/sh", "-c", command].map(OsString::from);
        let environment = self.variables(matches!(at, At::Under(..)));
        let (restricted, way, line) = match at {
            At::Natively(Setting::Container) => (false, None, self.container(&shell)),
            At::Natively(setting) => (setting == Setting::Restricted, None, shell.to_vec()),
            At::Under(target, lx, _) => {
                let mut all = ENVIRONMENT
                    .map(|(name, value)| (name, value.into()))
                    .to_vec();
                all.extend(environment.iter().cloned());
                let line = target.way.command_line(lx, &all, &shell);
                let line = match target.way.isolation {
                    Isolation::Namespaces => self.as_user(line),
                    Isolation::Host | Isolation::Bare | Isolation::Layers | Isolation::Users => {
                        line
                    }
                };
                (target.way.is_restricted(), Some(target.way), line)
            }
        };
        let owner = match at {
            At::Natively(Setting::Container) => self.user.clone(),
            At::Under(target, ..) if target.way.isolation == Isolation::Namespaces => {
                self.user.clone()
            }
            _ => None,
        };
        let owner = owner.unwrap_or_else(|| "-".to_owned());
        let mut first: Vec<OsString> = ["/bin/sh", "-c", FIRST, &owner].map(Into::into).to_vec();
        first.extend(line);
        Job {
            environment,
            restricted,
            way,
            foreign: true,
            // Cases name control groups after their numbers.
            numbers_from: Some(2000 + serial % 200 * 100),
            ..Job::new(first, limit)
        }
    }

    fn variables(&self, under_lx: bool) -> Vec<(&'static str, OsString)> {
        let bin = self.ltp.join("testcases/bin");
        let timeout = if under_lx { "2" } else { "1" };
        let mut variables = vec![
            ("LTPROOT", self.ltp.clone().into()),
            ("PATH", format!("{PATH}:{}", bin.display()).into()),
            ("TMPDIR", HERE.into()),
            ("LTP_COLORIZE_OUTPUT", "0".into()),
            ("LTP_RUNTIME_MUL", self.runtime.to_string().into()),
            ("LTP_TIMEOUT_MUL", timeout.into()),
        ];
        if let Some((_, path)) = &self.configuration {
            variables.push(("KCONFIG_PATH", path.clone().into()));
        }
        variables
    }

    /// What lx gives a zone of an ordinary user, by the host's own tools.
    fn container(&self, shell: &[OsString]) -> Vec<OsString> {
        let words = [
            "unshare",
            "--user",
            "--map-auto",
            "--map-root-user",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--ipc",
            "--uts",
            "--cgroup",
            "--",
            "setpriv",
            "--bounding-set",
            CAPABILITIES,
            "--",
            "/bin/sh",
            "-c",
            INIT,
            "sh",
        ];
        let mut line: Vec<OsString> = words.map(OsString::from).to_vec();
        line.extend_from_slice(shell);
        self.as_user(line)
    }

    fn as_user(&self, line: Vec<OsString>) -> Vec<OsString> {
        let Some(user) = &self.user else {
            return line;
        };
        ordinary::by(user, line)
    }
}

/// None where the kernel does not tell; LTP then looks for it elsewhere by itself.
fn configuration() -> Option<(Scratch, PathBuf)> {
    let unpacked = Command::new("zcat").arg("/proc/config.gz").output().ok()?;
    let scratch = Scratch::new().ok()?;
    let path = scratch.path().join("config");
    fs::write(&path, unpacked.stdout).ok()?;
    unpacked.status.success().then_some((scratch, path))
}

fn obstacle(user: &str) -> Option<String> {
    let exists = User::from_name(user).is_ok_and(|found| found.is_some());
    let listed = |file: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .any(|line| line.split(':').next() == Some(user))
    };
    if !exists || !listed("/etc/subuid") || !listed("/etc/subgid") {
        return Some(format!(
            "no user {user} with subordinate ids: --zone-user names one"
        ));
    }
    None
}

/// Removes the control groups that LTP's library made and killed cases left: those beneath `ltp` in
/// each hierarchy. One with processes is in use, and the kernel keeps it.
pub(super) fn remove_groups() {
    let top = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(top).into_iter().flatten().flatten();
    let below = hierarchies.map(|entry| entry.path().join("ltp"));
    for group in below.chain([top.join("ltp")]) {
        remove_group(&group);
    }
}

fn remove_group(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_group(&entry.path());
        }
    }
    // What is in use, or not there, stays so.
    drop(fs::remove_dir(group));
}

//! What is kept of a container between commands: its directory, with a state file that tools for runc's
//! can read.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::{Pid, Uid, User, mkfifo};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zone::zones::start_time;

use crate::cgroups::Groups;
use crate::error::{Context, Error, Result};

const STATE: &str = "state.json";
const CONFIG: &str = "config.json";
/// Whoever opens it for writing starts the container; it is there until then.
const FIFO: &str = "exec.fifo";
/// The version of the runtime's specification that states tell.
pub(crate) const VERSION: &str = "1.2.0";

/// The state file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) id: String,
    /// The first process, as the host counts.
    pub(crate) init_process_pid: i32,
    /// And its start, in clock ticks since the host's.
    pub(crate) init_process_start: u64,
    pub(crate) created: String,
    pub(crate) config: Config,
    /// The groups by their controllers.
    #[serde(default)]
    pub(crate) cgroup_paths: BTreeMap<String, PathBuf>,
    /// What only lx needs.
    pub(crate) lx: Own,
}

/// What runc keeps of the configuration, and others read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Config {
    pub(crate) rootfs: PathBuf,
    /// `bundle=PATH`, and the annotations.
    pub(crate) labels: Vec<String>,
    pub(crate) version: String,
}

/// What lx keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Own {
    /// The name of the zone.
    pub(crate) zone: String,
    pub(crate) bundle: PathBuf,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
    /// Its groups, if it has any.
    pub(crate) groups: Option<Groups>,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Running,
    Paused,
    Stopped,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

/// A container's directory.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Makes that of a new container.
    pub(crate) fn create(root: &Path, id: &str) -> Result<Self> {
        check(id)?;
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o711)
            .create(root)
            .about(root.display())?;
        let path = root.join(id);
        match DirBuilder::new().mode(0o711).create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::new("container with given ID already exists"))
            }
            result => result.about(path.display()).map(|()| Self(path)),
        }
    }

    /// Makes the gate of the container's program, and opens this side of it.
    pub(crate) fn make_gate(&self) -> Result<OwnedFd> {
        let path = self.0.join(FIFO);
        mkfifo(&path, Mode::from_bits_truncate(0o600)).about(path.display())?;
        let mut options = OpenOptions::new();
        let options = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
        options.open(&path).about(path.display()).map(OwnedFd::from)
    }

    pub(crate) fn write(&self, state: &State) -> Result<()> {
        self.put(STATE, &serde_json::to_vec(state).about(STATE)?)
    }

    /// Keeps the configuration as it was when the container was made.
    pub(crate) fn keep_config(&self, spec: &oci_spec::runtime::Spec) -> Result<()> {
        self.put(CONFIG, &serde_json::to_vec(spec).about(CONFIG)?)
    }

    /// Whoever reads it finds all of it or nothing.
    fn put(&self, name: &str, text: &[u8]) -> Result<()> {
        let (new, path) = (self.0.join("new"), self.0.join(name));
        fs::write(&new, text).about(new.display())?;
        fs::rename(&new, &path).about(path.display())
    }

    /// Forgets it.
    pub(crate) fn remove(&self) -> Result<()> {
        fs::remove_dir_all(&self.0).about(self.0.display())
    }
}

/// A container that was made.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) directory: Directory,
    pub(crate) state: State,
}

impl Container {
    /// Finds it.
    pub(crate) fn find(root: &Path, id: &str) -> Result<Self> {
        check(id)?;
        let path = root.join(id);
        let text = match fs::read(path.join(STATE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::new("container does not exist"));
            }
            result => result.about(path.display())?,
        };
        let state = serde_json::from_slice(&text).about(path.display())?;
        Ok(Self {
            directory: Directory(path),
            state,
        })
    }

    /// All that are in `root`.
    pub(crate) fn all(root: &Path) -> Result<Vec<Self>> {
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            result => result.about(root.display())?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort();
        let found = names.iter().filter_map(|id| Self::find(root, id).ok());
        Ok(found.collect())
    }

    /// The configuration that it was made with.
    pub(crate) fn spec(&self) -> Result<oci_spec::runtime::Spec> {
        crate::bundle::config(&self.directory.0.join(CONFIG))
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.state.init_process_pid)
    }

    /// The first process, if it lives. The descriptor stays with one process whatever becomes of the
    /// number.
    pub(crate) fn process(&self) -> Option<OwnedFd> {
        let pid = rustix::process::Pid::from_raw(self.state.init_process_pid)?;
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let same = start_time(self.pid()) == Some(self.state.init_process_start);
        (same && !is_zombie(self.pid())).then_some(process)
    }

    pub(crate) fn status(&self) -> Status {
        if self.process().is_none() {
            Status::Stopped
        } else if self.directory.0.join(FIFO).exists() {
            Status::Created
        } else if self.is_frozen() {
            Status::Paused
        } else {
            Status::Running
        }
    }

    fn is_frozen(&self) -> bool {
        self.state.cgroup_paths.values().any(|path| {
            let is = |file: &str, value: &str| {
                fs::read_to_string(path.join(file)).is_ok_and(|text| text.trim_end() == value)
            };
            is("freezer.state", "FROZEN") || is("cgroup.freeze", "1")
        })
    }

    /// Lets the program begin.
    pub(crate) fn open_gate(&self) -> Result<()> {
        let path = self.directory.0.join(FIFO);
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
        options
            .open(&path)
            .and_then(|mut fifo| fifo.write_all(&[0]))
            .about("cannot start the container")?;
        fs::remove_file(&path).about(path.display())
    }

    /// Sends a signal to the first process.
    pub(crate) fn signal(&self, number: i32) -> Result<()> {
        let process = self.process();
        let process = process.ok_or_else(|| Error::new("container not running"))?;
        let signal = Signal::from_named_raw(number)
            .ok_or_else(|| Error::new(format!("unknown signal {number}")))?;
        match pidfd_send_signal(&process, signal) {
            Err(rustix::io::Errno::SRCH) => Err(Error::new("container not running")),
            result => result.about("cannot send the signal"),
        }
    }

    /// Its state, and who has made it.
    pub(crate) fn listed(&self) -> Value {
        let owner = fs::metadata(&self.directory.0).map(|metadata| metadata.uid());
        let owner = owner
            .ok()
            .and_then(|uid| User::from_uid(Uid::from_raw(uid)).ok()?);
        let mut value = self.describe();
        value["owner"] = json!(owner.map_or_else(String::new, |user| user.name));
        value
    }

    /// What hooks and engines are told.
    pub(crate) fn describe(&self) -> Value {
        let status = self.status();
        let pid = match status {
            Status::Stopped => 0,
            _ => self.state.init_process_pid,
        };
        let mut value = self.state.describe(status.name(), pid);
        value["rootfs"] = json!(self.state.config.rootfs);
        value["created"] = json!(self.state.created);
        // runc tells it in lists only.
        value["owner"] = json!("");
        value
    }
}

impl State {
    /// The state as the specification has it.
    pub(crate) fn describe(&self, status: &str, pid: i32) -> Value {
        let mut value = json!({
            "ociVersion": VERSION,
            "id": self.id,
            "pid": pid,
            "status": status,
            "bundle": self.lx.bundle,
        });
        if !self.lx.annotations.is_empty() {
            value["annotations"] = json!(self.lx.annotations);
        }
        value
    }
}

/// Checks the name of a container: a file name, of what runc allows.
fn check(id: &str) -> Result<()> {
    const LONGEST: usize = 255;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-.".contains(&byte);
    let good = !id.is_empty() && id.len() <= LONGEST && id.bytes().all(allowed);
    match good && id != "." && id != ".." {
        true => Ok(()),
        false => Err(Error::new(format!("invalid container ID format: {id:?}"))),
    }
}

/// Whether it has ended, and its parent does not know yet.
fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_none_or(|rest| rest.starts_with(['Z', 'X']))
}

/// The zone's name for a container: its own, if that can be one. What is as long as a digest is cut, as
/// engines do it for people.
pub(crate) fn zone_name(id: &str) -> String {
    const SHORT: usize = 12;
    const START: usize = 40;
    let is_digest = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest {
        return id[..SHORT].to_owned();
    }
    zone::config::check_name(id).unwrap_or_else(|_| {
        let good = |c: char| if c == '+' { '-' } else { c };
        let start: String = id.chars().take(START).map(good).collect();
        format!("c{start}-{:012x}", digest(id))
    })
}

/// FNV-1a, of 48 bits: the same name in every process.
fn digest(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step) & ((1 << 48) - 1)
}

#[cfg(test)]
mod tests {
    use super::{check, zone_name};

    #[test]
    fn names_cannot_leave_the_directory() {
        for good in ["a", "a+b_c-d.e", "..."] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "\n"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_container_has_the_name_of_a_zone() {
        assert_eq!(zone_name("web-1"), "web-1");
        assert_eq!(zone_name(&"0123456789abcdef".repeat(4)), "0123456789ab");
        for odd in ["a+b", ".x", "-", &"y".repeat(200)] {
            let name = zone_name(odd);
            assert_eq!(zone::config::check_name(&name), Ok(name.clone()), "{odd}");
        }
        assert_ne!(zone_name("a+b"), zone_name("a-b"));
    }
}

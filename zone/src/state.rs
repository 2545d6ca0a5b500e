//! The directories in which lx keeps what it knows of its zones.
//!
//! A zone's directory holds `config.json`, `state.json` and `lock`, which zsched holds locked as long
//! as it lives, so that whoever can lock it knows that the zone is dead, however it died.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, geteuid};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::bare::Mark;
use crate::cgroup;
use crate::config::Config;
use crate::confine::Report;
use crate::error::{Context, Error, Result};

/// A running zone. A process id alone may be used again; with the time of its
/// start (field 22 of proc_pid_stat(5)) it means one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// zsched.
    pub(crate) zsched: (i32, u64),
    /// The zone's first process.
    pub(crate) init: (i32, u64),
    /// How they are confined.
    pub(crate) confinement: Report,
    /// Device and number of the file of the brand's image, which tells the processes of a zone without
    /// namespaces from others.
    #[serde(default)]
    pub(crate) image: Option<(u64, u64)>,
}

impl Running {
    /// This process is zsched, `init` its child.
    pub(crate) fn now(init: Pid, confinement: &Report, image: Option<(u64, u64)>) -> Self {
        let process = |pid: Pid| (pid.as_raw(), start_time(pid).unwrap_or(0));
        Self {
            zsched: process(Pid::this()),
            init: process(init),
            confinement: confinement.clone(),
            image,
        }
    }

    /// What tells its processes from others, where no namespace does.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.image.map(|image| Mark {
            first: self.init,
            image,
        })
    }
}

/// When a process began, in clock ticks since the host's start.
pub(crate) fn start_time(pid: Pid) -> Option<u64> {
    start_time_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

pub(crate) fn start_time_in(stat: &str) -> Option<u64> {
    // The name in parentheses may hold anything; state, field 3, is the first behind it.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// The file with what a zone is to be.
pub(crate) const CONFIG: &str = "config.json";
/// The file with the processes of a zone.
pub(crate) const STATE: &str = "state.json";
/// The file with the paths of a zone's control groups.
pub(crate) const GROUPS: &str = "cgroups.json";
/// How long the end of a killed zone is waited for, in milliseconds.
const KILL_PATIENCE: u16 = 5000;

/// The directory of a zone; removed when dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    base: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl Directory {
    /// Makes the directory of a new zone, and keeps it locked.
    pub(crate) fn create(config: &Config) -> Result<Self> {
        let base = base()?;
        let path = base.join(&config.name);
        let _all = lock_all(&base).about(base.display())?;
        clean_up(&base).about(base.display())?;
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => result.about(path.display())?,
        }
        let lock = lock(&path.join("lock")).about(path.display())?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let subject = format!("zone {}", config.name);
                return Err(Error::because(subject, "it is running already"));
            }
            result => result.about(path.display())?,
        }
        let directory = Self {
            path,
            base,
            _lock: lock,
        };
        directory.write(CONFIG, config)?;
        Ok(directory)
    }

    /// Notes the processes.
    pub(crate) fn describe(&self, running: &Running) -> Result<()> {
        self.write(STATE, running)
    }

    /// Notes the control groups.
    pub(crate) fn note_groups(&self, paths: &[&Path]) -> Result<()> {
        self.write(GROUPS, &paths)
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.path.join(name);
        let text = serde_json::to_vec_pretty(value).about(path.display())?;
        // Whoever reads it finds all of it or nothing.
        let new = self.path.join("new");
        fs::write(&new, text).about(path.display())?;
        fs::rename(&new, &path).about(path.display())
    }

    /// The directory of lx that it is in, with those of all zones.
    pub(crate) fn all(&self) -> &Path {
        self.base.parent().unwrap_or(&self.base)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left is found and removed later.
        let _all = lock_all(&self.base);
        let _ = crate::bare::remove(&self.path);
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Ends what is left of zones whose zsched was killed, and forgets them. The lock of all is held.
pub(crate) fn clean_up(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let lock = lock(&path.join("lock"))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            continue;
        }
        let state = fs::read(path.join(STATE)).unwrap_or_default();
        if let Ok(running) = serde_json::from_slice::<Running>(&state) {
            match running.mark() {
                Some(mark) => mark.end(),
                None => kill(running.init)?,
            }
        }
        let groups = fs::read(path.join(GROUPS)).unwrap_or_default();
        for group in serde_json::from_slice::<Vec<PathBuf>>(&groups).unwrap_or_default() {
            cgroup::remove(&group);
        }
        crate::bare::remove(&path)?;
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

/// Kills a process, if it is still the one that was noted, and waits for its end.
fn kill((pid, start): (i32, u64)) -> io::Result<()> {
    let Some(pid) = rustix::process::Pid::from_raw(pid) else {
        return Ok(());
    };
    // The descriptor first: it stays with one process whatever becomes of the number.
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return Ok(());
    };
    if start_time(Pid::from_raw(pid.as_raw_nonzero().get())) != Some(start) {
        return Ok(());
    }
    match pidfd_send_signal(&process, Signal::KILL) {
        Ok(()) => {}
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(errno) => return Err(errno.into()),
    }
    // It can be read when the process has ended.
    let mut wait = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    poll(&mut wait, PollTimeout::from(KILL_PATIENCE))?;
    Ok(())
}

/// The lock that is held while a zone's own one is made, looked at or removed.
pub(crate) fn lock_all(base: &Path) -> io::Result<File> {
    let file = lock(&base.join(".lock"))?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

/// The same lock, unless another process holds it.
pub(crate) fn try_lock_all(base: &Path) -> io::Result<Option<File>> {
    let file = lock(&base.join(".lock"))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        result => Ok(result.map(|()| Some(file))?),
    }
}

/// Opens a file to lock, for this process only.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// The directory of all zones of this user, which is made if it is missing.
fn base() -> Result<PathBuf> {
    let (above, base) = places();
    own(&above)?;
    own(&base)?;
    Ok(base)
}

/// The directory of all zones of this user, if it has had any.
pub(crate) fn existing_base() -> Result<Option<PathBuf>> {
    let (above, base) = places();
    if fs::symlink_metadata(&base).is_err() {
        return Ok(None);
    }
    own(&above)?;
    own(&base)?;
    Ok(Some(base))
}

/// The directory of lx, and that of all zones of this user in it.
fn places() -> (PathBuf, PathBuf) {
    let user = geteuid();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|path| Path::new(path).is_absolute());
    let above = match runtime {
        _ if user.is_root() => PathBuf::from("/run/lx"),
        Some(path) => PathBuf::from(path).join("lx"),
        None => PathBuf::from(format!("/tmp/lx-{user}")),
    };
    let base = above.join("zones");
    (above, base)
}

/// Makes a directory of this user's own, or checks that it is one: in /tmp another user could have
/// made it.
fn own(path: &Path) -> Result<()> {
    match DirBuilder::new().recursive(false).mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return result.about(path.display()),
    }
    let metadata = fs::symlink_metadata(path).about(path.display())?;
    let mine = metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o022 == 0;
    if metadata.is_dir() && mine {
        Ok(())
    } else {
        Err(Error::because(
            path.display(),
            "not a directory of this user's own",
        ))
    }
}

/// Where the volume `name` is kept.
pub(crate) fn volume(name: &str) -> Result<PathBuf> {
    let data = if geteuid().is_root() {
        Some(PathBuf::from("/var/lib"))
    } else {
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
        std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(home)
    };
    let data = data.filter(|path| path.is_absolute());
    let data = data.ok_or_else(|| {
        Error::because(
            format!("volume {name}"),
            "neither XDG_DATA_HOME nor HOME is set",
        )
    })?;
    Ok(data.join("lx/volumes").join(name))
}

#[cfg(test)]
mod tests {
    use super::{own, start_time, start_time_in};
    use nix::unistd::Pid;
    use std::path::Path;

    #[test]
    fn start_times_are_found_behind_any_name() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9";
        assert_eq!(start_time_in(stat), Some(4242));
        assert_eq!(start_time_in("7 (a"), None);
        assert!(start_time(Pid::this()).is_some_and(|time| time > 0));
    }

    #[test]
    fn a_directory_of_others_is_refused() {
        assert!(own(Path::new("/tmp")).is_err());
        assert!(own(Path::new("/proc/self/status")).is_err());
        let path = std::env::temp_dir().join(format!("lx-own-{}", std::process::id()));
        assert!(own(&path).is_ok());
        assert!(own(&path).is_ok());
        std::fs::remove_dir(&path).expect("it is empty");
    }
}

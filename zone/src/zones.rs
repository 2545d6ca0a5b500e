//! The zones that run, as commands see them that list them, end them or enter them.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use rustix::fs::{FlockOperation, flock};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use crate::config::Config;
use crate::confine::Layer;
use crate::error::{Context, Error, Result};
use crate::state::{self, CONFIG, GROUPS, Running, STATE};

/// How long the end of a killed zone is waited for, in milliseconds.
const PATIENCE: u16 = 10_000;
/// Ticks of the times in /proc in a second (`USER_HZ`).
pub(crate) const TICKS: u64 = 100;

/// A running zone.
#[derive(Debug)]
pub struct Zone {
    /// What it is to be.
    pub config: Config,
    pub(crate) running: Running,
    /// The directories of its control groups.
    pub(crate) groups: Vec<PathBuf>,
    /// Its directory.
    pub(crate) path: PathBuf,
}

/// Ends what is left of zones whose zsched was killed. What cannot be cleaned up is not this
/// command's to complain about, and another process that does it is not waited for.
pub fn clean_up() {
    if let Ok(Some(base)) = state::existing_base()
        && let Ok(Some(_all)) = state::try_lock_all(&base)
    {
        let _ = state::clean_up(&base);
    }
}

/// The running zones of this user, by name.
///
/// # Errors
/// What is wrong with the directory of zones.
pub fn all() -> Result<Vec<Zone>> {
    let Some(base) = state::existing_base()? else {
        return Ok(Vec::new());
    };
    let _all = state::lock_all(&base).about(base.display())?;
    state::clean_up(&base).about(base.display())?;
    let mut zones = Vec::new();
    for entry in fs::read_dir(&base).about(base.display())? {
        let path = entry.about(base.display())?.path();
        zones.extend(Zone::read(&path));
    }
    zones.sort_by(|one, other| one.config.name.cmp(&other.config.name));
    Ok(zones)
}

/// When a process began, in clock ticks since the host's start.
#[must_use]
pub fn start_time(pid: Pid) -> Option<u64> {
    state::start_time(pid)
}

/// The directories of the control groups in which `process` is and this process is not, by the names of
/// their controllers.
#[must_use]
pub fn groups_of(process: Pid) -> Vec<(String, PathBuf)> {
    crate::cgroup::by_controllers(process)
}

/// Waits for the end of a process.
///
/// # Errors
/// It does not end.
pub fn await_process(process: &OwnedFd) -> Result<()> {
    wait(process.as_fd()).about("the process")
}

/// Waits until nothing is left of the zone of that name, whose first process has ended.
///
/// # Errors
/// Its zsched does not end.
pub fn await_end(name: &str) -> Result<()> {
    let Some(base) = state::existing_base()? else {
        return Ok(());
    };
    let Some(zone) = Zone::read(&base.join(name)) else {
        return Ok(());
    };
    zone.wait_for_zsched().about(format_args!("zone {name}"))
}

/// The running zone of that name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<Zone> {
    let mut zones = all()?.into_iter();
    let found = zones.find(|zone| zone.config.name == name);
    found.ok_or_else(|| Error::because(format!("zone {name}"), "it is not running"))
}

impl Zone {
    /// Whether programs get rights of their own there, or why not.
    pub(crate) fn allows_set_id(&self) -> std::result::Result<(), String> {
        let report = &self.running.confinement;
        match report.holds(Layer::NoNewPrivs) {
            true => Err(report.detail(Layer::NoNewPrivs).to_owned()),
            false => Ok(()),
        }
    }

    /// What a zone's directory says; `None` when it is dead, or has not begun yet.
    fn read(path: &Path) -> Option<Self> {
        let text = |name| fs::read(path.join(name)).ok();
        let lock = state::lock(&path.join("lock"))
            .ok()
            .filter(|_| path.is_dir())?;
        if flock(&lock, FlockOperation::NonBlockingLockShared).is_ok() {
            return None;
        }
        Some(Self {
            config: serde_json::from_slice(&text(CONFIG)?).ok()?,
            running: serde_json::from_slice(&text(STATE)?).ok()?,
            groups: serde_json::from_slice(&text(GROUPS)?).unwrap_or_default(),
            path: path.to_owned(),
        })
    }

    /// The process id of its first process, as the host counts.
    #[must_use]
    pub fn init(&self) -> i32 {
        self.running.init.0
    }

    /// For how long it has been running.
    #[must_use]
    pub fn age(&self) -> Duration {
        let now = u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).unwrap_or(0);
        Duration::from_secs(now.saturating_sub(self.running.init.1 / TICKS))
    }

    /// Sends a signal to its first process, and waits for the end of the zone if that is SIGKILL.
    ///
    /// # Errors
    /// What pidfd_send_signal(2) refuses; that the zone does not end.
    pub fn signal(&self, number: i32) -> Result<()> {
        let subject = || format!("zone {}", self.config.name);
        let init = self.process().about(subject())?;
        let signal = Signal::from_named_raw(number)
            .ok_or_else(|| Error::because(subject(), format!("no signal has number {number}")))?;
        match pidfd_send_signal(&init, signal) {
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            result => result.about(subject())?,
        }
        if signal == Signal::KILL {
            wait(init.as_fd()).about(subject())?;
            self.wait_for_zsched().about(subject())?;
        }
        Ok(())
    }

    /// Its first process. The descriptor stays with one process whatever becomes of the number.
    fn process(&self) -> io::Result<OwnedFd> {
        let (pid, start) = self.running.init;
        let gone = || io::Error::other("it has ended");
        let by_number = rustix::process::Pid::from_raw(pid).ok_or_else(gone)?;
        let process = pidfd_open(by_number, PidfdFlags::empty()).map_err(|_| gone())?;
        match state::start_time(Pid::from_raw(pid)) == Some(start) {
            true => Ok(process),
            false => Err(gone()),
        }
    }

    /// zsched lets go of the lock when it has removed everything.
    fn wait_for_zsched(&self) -> io::Result<()> {
        let Some(zsched) = rustix::process::Pid::from_raw(self.running.zsched.0) else {
            return Ok(());
        };
        let Ok(process) = pidfd_open(zsched, PidfdFlags::empty()) else {
            return Ok(());
        };
        let (pid, start) = self.running.zsched;
        if state::start_time(Pid::from_raw(pid)) != Some(start) {
            return Ok(());
        }
        wait(process.as_fd())
    }

    /// All that is known about it.
    #[must_use]
    pub fn describe(&self) -> Value {
        let process = |(pid, start): (i32, u64)| json!({ "pid": pid, "start_time": start });
        json!({
            "name": self.config.name,
            "state": "running",
            "seconds": self.age().as_secs(),
            "isolation": self.config.isolation,
            "zsched": process(self.running.zsched),
            "init": process(self.running.init),
            "config": self.config,
            "confinement": self.running.confinement,
            "cgroups": self.groups,
            "directory": self.path,
        })
    }
}

/// Waits for the end of a process.
fn wait(process: BorrowedFd<'_>) -> io::Result<()> {
    // It can be read when the process has ended (pidfd_open(2)).
    let mut end = [PollFd::new(process, PollFlags::POLLIN)];
    match poll(&mut end, PollTimeout::from(PATIENCE))? {
        0 => Err(io::Error::other("it does not end")),
        _ => Ok(()),
    }
}

//! One bounded run of one command: what it printed and how it ended.
//!
//! The output goes to files, not pipes, so that a process left behind by the command cannot
//! keep the runner waiting for an end of file.

use crate::cage::{self, Cage};
use crate::restricted;
use crate::way::Way;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// More output than this ends a run, and no more than this is read, in bytes.
const MOST_OUTPUT: u64 = 16 << 20;

/// Where programs are looked for.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What every run finds in its environment besides `PATH`.
pub const ENVIRONMENT: [(&str, &str); 2] = [("LC_ALL", "C"), ("HOME", "/")];

/// In the line and the environment of a job, this stands for its working directory.
pub const HERE: &str = "{here}";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Left by exit with this status.
    Exit(i32),
    /// Killed by this signal.
    Signal(i32),
    /// Still running at its time limit.
    TimedOut,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Exit(code) => write!(f, "exit {code}"),
            End::Signal(number) => write!(f, "signal {number}"),
            End::TimedOut => f.write_str("time limit"),
        }
    }
}

/// What one run showed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Everything written to standard output.
    pub stdout: Vec<u8>,
    /// Everything written to standard error; not compared, but kept for the report.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub end: End,
    /// Wall time.
    pub took: Duration,
}

impl Shown {
    /// Whether two runs agree in what is compared.
    #[must_use]
    pub fn agrees(&self, other: &Shown) -> bool {
        self.end == other.end && self.stdout == other.stdout
    }
}

/// What to run and where.
#[derive(Clone, Debug)]
pub struct Job {
    /// Program and arguments.
    pub line: Vec<OsString>,
    /// More of the environment.
    pub environment: Vec<(&'static str, OsString)>,
    /// It runs in the restricted environment, as its user.
    pub restricted: bool,
    /// How lx is to catch calls; none for a native run.
    pub way: Option<Way>,
    /// After this long all of it is killed.
    pub limit: Duration,
    /// The program belongs to a suite that was made elsewhere: any user may write where it works, all
    /// that it prints goes to standard output, and devices that it leaves in use are looked for.
    pub foreign: bool,
    /// The process number that the next process after the job's first may have, so that names
    /// made of process numbers differ between runs.
    pub numbers_from: Option<u32>,
}

impl Job {
    /// A native run of `line` by whoever this is.
    #[must_use]
    pub fn new(line: Vec<OsString>, limit: Duration) -> Self {
        Self {
            line,
            environment: Vec::new(),
            restricted: false,
            way: None,
            limit,
            foreign: false,
            numbers_from: None,
        }
    }
}

/// Begins the name of every [`Scratch`]; the number of this process follows.
const PREFIX: &str = "lx-conf-";

/// Removes the folders of runners that were killed.
pub fn sweep() {
    let Ok(listed) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for path in listed.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next());
        let number = number.and_then(|number| number.parse::<u32>().ok());
        if number.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            cage::remove(&path);
        }
    }
}

/// A private folder that goes away with this value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A fresh folder under the system's folder for temporary files.
    pub fn new() -> Result<Self, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{PREFIX}{}-{serial}", std::process::id()));
        fs::create_dir(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self(path))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        cage::remove(&self.0);
    }
}

/// Runs a job in a fresh folder of its own, where nothing of it outlives the run.
pub fn run(job: &Job) -> Result<Shown, String> {
    // What this program inherited is no business of the guests', and zones would close it. Where
    // the kernel cannot do that in one call, there is no harm but for inherited descriptors.
    let _ = host_std::process::close_on_exec_from(3);
    let scratch = Scratch::new()?;
    let (out, err) = (scratch.path().join("out"), scratch.path().join("err"));
    let work = scratch.path().join("work");
    fs::create_dir(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    if let Some(user) = restricted::user().filter(|_| job.restricted) {
        let own = |path: &Path| chown(path, Some(user), Some(user));
        own(scratch.path())
            .and_then(|()| own(&work))
            .map_err(|e| format!("{}: {e}", work.display()))?;
    }
    if job.foreign {
        open_to_all(scratch.path())?;
        open_to_all(&work)?;
    }
    let stdout = append(&out)?;
    let stderr = append(if job.foreign { &out } else { &err })?;
    let cage = Cage::find();
    let status = scratch.path().join("status");
    let mut command = match &cage {
        Some(cage) => cage.command(job, &status),
        None => Command::new(job.line.first().ok_or("an empty command line")?),
    };
    let place = work.to_string_lossy();
    let here = |text: &OsString| match text.to_str() {
        Some(text) if text.contains(HERE) => OsString::from(text.replace(HERE, &place)),
        _ => text.clone(),
    };
    command
        .args(job.line.iter().skip(usize::from(cage.is_none())).map(here))
        .current_dir(&work)
        .env_clear()
        .env("PATH", PATH)
        .envs(ENVIRONMENT)
        .envs(
            job.environment
                .iter()
                .map(|(name, value)| (name, here(value))),
        )
        .stdin(File::open("/dev/null").map_err(|e| format!("/dev/null: {e}"))?)
        .stdout(stdout)
        .stderr(stderr)
        .process_group(0);
    if let Some(way) = job.way {
        command.env("LX_INTERCEPT", way.intercept.name());
    }
    let begun = Instant::now();
    // In a cage, its first process sees to that.
    let started = match job.restricted && cage.is_none() {
        true => restricted::spawn(&mut command),
        false => command.spawn(),
    };
    let mut child = started.map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let ended = wait_for(&mut child, begun + job.limit, &out)?;
    let took = begun.elapsed();
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(|e| e.to_string())?);
    // Whatever the command left running in its group ends with it; ESRCH is the usual answer.
    let _ = killpg(group, Signal::SIGKILL);
    let end = match ended {
        None => {
            child.wait().map_err(|e| format!("wait: {e}"))?;
            End::TimedOut
        }
        Some(_) if cage.is_some() => match cage::end(&status) {
            Some(end) => end,
            None => lost(&err)?,
        },
        Some(status) => end_of(status),
    };
    if job.foreign {
        cage::free_devices(scratch.path());
    }
    Ok(Shown {
        stdout: read_some(&out)?,
        stderr: if job.foreign {
            Vec::new()
        } else {
            read_some(&err)?
        },
        end,
        took,
    })
}

/// A folder in which programs of any user may work.
fn open_to_all(folder: &Path) -> Result<(), String> {
    fs::set_permissions(folder, Permissions::from_mode(0o777))
        .map_err(|e| format!("{}: {e}", folder.display()))
}

fn read_some(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_OUTPUT).read_to_end(&mut bytes))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(bytes)
}

/// The end of a cage that left no status: it says why it could not be made, or else was killed, as is
/// what runs where memory or processes ran out.
fn lost(said: &Path) -> Result<End, String> {
    let text = fs::read_to_string(said).unwrap_or_default();
    match text.lines().last() {
        Some(line) if line.starts_with("conformance: cage: ") => Err(line.to_owned()),
        _ => Ok(End::Signal(Signal::SIGKILL as i32)),
    }
}

pub(crate) fn append(path: &Path) -> Result<Stdio, String> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(Stdio::from)
        .map_err(|e| format!("{}: {e}", path.display()))
}

pub(crate) fn end_of(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exit(code),
        (None, Some(signal)) => End::Signal(signal),
        (None, None) => End::TimedOut,
    }
}

/// Waits to the limit, or until there is too much output.
fn wait_for(
    child: &mut std::process::Child,
    until: Instant,
    out: &Path,
) -> Result<Option<ExitStatus>, String> {
    let slice = Duration::from_millis(500);
    loop {
        let next = until.min(Instant::now() + slice);
        if let Some(status) = wait(child, next)? {
            return Ok(Some(status));
        }
        let flooded = fs::metadata(out).is_ok_and(|meta| meta.len() > MOST_OUTPUT);
        if flooded || Instant::now() >= until {
            return Ok(None);
        }
    }
}

/// Polls, since the standard library has no wait with a limit; the pause grows to 4 ms.
pub(crate) fn wait(
    child: &mut std::process::Child,
    until: Instant,
) -> Result<Option<ExitStatus>, String> {
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait().map_err(|e| format!("wait: {e}"))? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(4));
    }
}

#[cfg(test)]
mod tests {
    use super::{PREFIX, Scratch, sweep};
    use std::fs;

    #[test]
    fn only_what_nobody_uses_is_swept_away() {
        let used = Scratch::new().expect("a folder");
        // No process has a number beyond 4194304 (proc(5), pid_max).
        let left = std::env::temp_dir().join(format!("{PREFIX}4294967-0"));
        fs::create_dir_all(left.join("work")).expect("a folder");
        sweep();
        assert!(used.path().exists());
        assert!(!left.exists());
    }
}

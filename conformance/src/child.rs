//! One bounded run of one command: what it printed and how it ended.
//!
//! The output goes to files, not pipes, so that a process left behind by the command cannot
//! keep the runner waiting for an end of file.

use crate::lx::Mode;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::chown;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// In the line of a job, an argument that stands for its working directory.
pub const HERE: &str = "{here}";

/// What to run and where.
#[derive(Clone, Debug)]
pub struct Job {
    /// Program and arguments.
    pub line: Vec<OsString>,
    /// Who runs it, by number; none for whoever this is.
    pub user: Option<u32>,
    /// The value of `LX_INTERCEPT`, none for a native run.
    pub mode: Option<Mode>,
    /// After this long the whole process group is killed.
    pub limit: Duration,
    /// The input, `/dev/null` where there is none.
    pub input: Option<PathBuf>,
}

/// A private folder that goes away with this value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A fresh folder under the system's folder for temporary files.
    pub fn new() -> Result<Self, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("lx-conf-{}-{serial}", std::process::id()));
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
        // What cannot be removed stays for the system's own cleaning of that folder.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Runs a job in a fresh folder of its own, in a process group of its own.
pub fn run(job: &Job) -> Result<Shown, String> {
    // What this program inherited is no business of the guests', and zones would close it. Where
    // the kernel cannot do that in one call, there is no harm but for inherited descriptors.
    let _ = host_std::process::close_on_exec_from(3);
    let scratch = Scratch::new()?;
    let (out, err) = (scratch.path().join("out"), scratch.path().join("err"));
    let work = scratch.path().join("work");
    fs::create_dir(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let input = job.input.as_deref().unwrap_or(Path::new("/dev/null"));
    let (program, arguments) = job.line.split_first().ok_or("an empty command line")?;
    let arguments = arguments.iter().map(|argument| {
        let here = argument == HERE;
        if here { work.as_os_str() } else { argument }
    });

    let mut command = Command::new(program);
    if let Some(user) = job.user {
        let own = |path| chown(path, Some(user), Some(user));
        own(scratch.path())
            .and_then(|()| own(&work))
            .map_err(|e| format!("{}: {e}", work.display()))?;
        // The groups go, too: root gives the rights away.
        command.uid(user).gid(user);
    }
    command
        .args(arguments)
        .current_dir(&work)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .env("LC_ALL", "C")
        .env("HOME", "/")
        .stdin(File::open(input).map_err(|e| format!("{}: {e}", input.display()))?)
        .stdout(append(&out)?)
        .stderr(append(&err)?)
        .process_group(0);
    if let Some(mode) = job.mode {
        command.env("LX_INTERCEPT", mode.intercept());
    }
    let begun = Instant::now();
    let mut child = command
        .spawn()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    let status = wait(&mut child, begun + job.limit)?;
    let took = begun.elapsed();
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(|e| e.to_string())?);
    // Whatever the command left running in its group ends with it; ESRCH is the usual answer.
    let _ = killpg(group, Signal::SIGKILL);
    let end = match status {
        Some(status) => end_of(status),
        None => {
            child.wait().map_err(|e| format!("wait: {e}"))?;
            End::TimedOut
        }
    };
    let read = |path: &Path| fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    Ok(Shown {
        stdout: read(&out)?,
        stderr: read(&err)?,
        end,
        took,
    })
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

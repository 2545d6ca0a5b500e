//! The program that is observed: a child of this process, or one that runs already.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use host_std::process::{Cloned, clone, die_of, send_signal};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use crate::cli::Run;
use crate::failure::Failure;
use crate::run;

/// A guest that runs.
pub(crate) struct Guest {
    pid: Pid,
    pidfd: OwnedFd,
    signals: SignalFd,
    /// It is this process's child.
    own: bool,
    status: Option<WaitStatus>,
}

/// What [`Guest::wait`] came back for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The time is over.
    Later,
    /// The guest has ended.
    Ended,
    /// The user wants an end, of what the guest left behind.
    Asked,
}

impl Guest {
    /// Starts the guest. In the child, `Err` has the status to exit with.
    pub(crate) fn start(options: &Run) -> Result<Result<Self, ExitCode>, Failure> {
        let failed = |error: io::Error| Failure::about("cannot start a process", &error);
        match clone(CloneFlags::empty(), None).map_err(failed)? {
            Cloned::Child => Ok(Err(run::run(options).unwrap_or_else(|failure| {
                let _ = writeln!(io::stderr(), "lx: {failure}");
                ExitCode::from(failure.status)
            }))),
            // What the terminal sends is for the guest, which gets it too.
            Cloned::Parent { pid, pidfd } => Self::new(pid, pidfd, true).map(Ok).map_err(failed),
        }
    }

    /// A process that runs already.
    pub(crate) fn running(pid: i32) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::about(format!("process {pid}"), &error);
        let by_number = rustix::process::Pid::from_raw(pid);
        let by_number = by_number.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let pidfd = pidfd_open(by_number, PidfdFlags::empty());
        let pidfd = pidfd.map_err(|errno| failed(errno.into()))?;
        Self::new(Pid::from_raw(pid), pidfd, false).map_err(failed)
    }

    fn new(pid: Pid, pidfd: OwnedFd, own: bool) -> io::Result<Self> {
        let terminal = [Signal::SIGINT, Signal::SIGQUIT];
        let passed = [Signal::SIGTERM, Signal::SIGHUP];
        let set: SigSet = passed.into_iter().chain(terminal).collect();
        set.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self {
            pid,
            pidfd,
            signals: SignalFd::with_flags(&set, flags)?,
            own,
            status: None,
        })
    }

    /// How the guest ended.
    pub(crate) fn status(&self) -> Option<WaitStatus> {
        self.status
    }

    /// Waits for `millis` at most.
    pub(crate) fn wait(&mut self, millis: u16) -> io::Result<Moment> {
        let mut fds = [
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN),
        ];
        let watched = if self.status.is_some() {
            &mut fds[..1]
        } else {
            &mut fds[..]
        };
        match poll(watched, PollTimeout::from(millis)) {
            Ok(0) | Err(Errno::EINTR) => return Ok(Moment::Later),
            Ok(_) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ended = fds[1].any() == Some(true);
        let mut asked = false;
        while let Some(info) = self.signals.read_signal()? {
            let signal = i32::try_from(info.ssi_signo).unwrap_or(0);
            if !self.own {
                asked = true;
            } else if signal == Signal::SIGTERM as i32 || signal == Signal::SIGHUP as i32 {
                let _ = send_signal(self.pid, signal);
                asked = true;
            } else if self.status.is_some() {
                asked = true;
            }
        }
        if asked && (self.status.is_some() || !self.own) {
            return Ok(Moment::Asked);
        }
        if self.status.is_none() && !self.own {
            if !ended {
                return Ok(Moment::Later);
            }
            self.status = Some(WaitStatus::Exited(self.pid, 0));
            return Ok(Moment::Ended);
        }
        if self.status.is_none() {
            let status = waitpid(self.pid, Some(WaitPidFlag::WNOHANG))?;
            if matches!(status, WaitStatus::Exited(..) | WaitStatus::Signaled(..)) {
                self.status = Some(status);
                return Ok(Moment::Ended);
            }
        }
        Ok(Moment::Later)
    }

    /// Ends this process as the guest ended.
    pub(crate) fn imitate(&self) -> ExitCode {
        match self.status {
            Some(WaitStatus::Exited(_, status)) => {
                ExitCode::from(u8::try_from(status & 0xff).unwrap_or(u8::MAX))
            }
            Some(WaitStatus::Signaled(_, signal, _)) => {
                // A core file, if there is one, is the guest's.
                let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
                die_of(signal as i32);
                ExitCode::from(u8::try_from(128 + signal as i32).unwrap_or(u8::MAX))
            }
            _ => ExitCode::SUCCESS,
        }
    }
}

//! zsched's work while the zone runs: it passes signals on and waits for the end.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use host_std::process::{die_of, send_signal};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::facts::{Board, Meter};
use crate::report::{Reports, Said};
use crate::terminal::Given;

/// How the zone's first process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(Signal),
}

impl End {
    /// Ends this process in the same way.
    pub fn imitate(self) -> ! {
        let status = match self {
            Self::Exited(status) => status,
            Self::Killed(signal) => {
                // A core file, if there is one, is the guest's; a second one would only hide it.
                let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
                die_of(signal as i32);
                128 + signal as i32
            }
        };
        std::process::exit(status)
    }
}

/// The signals that zsched reads instead of being interrupted by them.
#[derive(Debug)]
pub(crate) struct Signals {
    fd: SignalFd,
    before: SigSet,
}

impl Signals {
    /// Blocks all signals that can be blocked.
    pub(crate) fn block() -> io::Result<Self> {
        let all = SigSet::all();
        let before = all.thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        Ok(Self {
            fd: SignalFd::with_flags(&all, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?,
            before,
        })
    }

    /// The mask as it was, for the child.
    pub(crate) fn restore(&self) -> io::Result<()> {
        Ok(self.before.thread_set_mask()?)
    }

    /// The next signal, if one is there, and whether the kernel sent it by itself (`SI_KERNEL`),
    /// as for a key of the terminal.
    fn next(&self) -> io::Result<Option<(i32, bool)>> {
        const SI_KERNEL: i32 = 0x80;
        match self.fd.read_signal() {
            Ok(Some(info)) => {
                let number = i32::try_from(info.ssi_signo).map_err(io::Error::other)?;
                Ok(Some((number, info.ssi_code == SI_KERNEL)))
            }
            Ok(None) | Err(Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// How often the facts are written.
const SECOND: Duration = Duration::from_secs(1);

/// What zsched works with.
#[derive(Debug)]
pub(crate) struct Supervisor<'a> {
    /// The zone's first process.
    pub(crate) child: Pid,
    /// What is to be passed on.
    pub(crate) signals: &'a Signals,
    /// The terminal, if the zone has it.
    pub(crate) terminal: Option<&'a Given>,
    /// What the child says before it becomes the guest.
    pub(crate) reports: Reports,
    /// What the guests are told.
    pub(crate) facts: Board,
    /// Finds it out.
    pub(crate) meter: Meter,
}

impl Supervisor<'_> {
    /// Waits for the end of the zone's first process.
    pub(crate) fn run(mut self) -> io::Result<End> {
        let mut next = Instant::now() + SECOND;
        let mut reporting = true;
        loop {
            let left = next.saturating_duration_since(Instant::now());
            let mut ready = vec![PollFd::new(self.signals.fd.as_fd(), PollFlags::POLLIN)];
            if reporting {
                ready.push(PollFd::new(self.reports.as_fd(), PollFlags::POLLIN));
            }
            // Rounded up: an early end of the wait would be one in vain.
            let wait = PollTimeout::try_from(left.as_millis() + 1).map_err(io::Error::other)?;
            match poll(&mut ready, wait) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let has = |at: usize| ready.get(at).is_some_and(|fd| fd.any() == Some(true));
            let (signalled, reported) = (has(0), has(1));
            if reported {
                reporting = self.report()?;
            }
            if Instant::now() >= next {
                next = Instant::now() + SECOND;
                self.facts.update(&mut self.meter);
            }
            while signalled && let Some((number, from_kernel)) = self.signals.next()? {
                if let Some(end) = self.signal(number, from_kernel)? {
                    return Ok(end);
                }
            }
        }
    }

    /// Takes what the child says; false when that was all.
    fn report(&mut self) -> io::Result<bool> {
        match self.reports.next()? {
            None => return Ok(false),
            Some((Said::Processes, Some(proc))) => self.meter.watch(proc),
            Some(_) => {}
        }
        Ok(true)
    }

    /// Does what a signal is for; the end of the zone when that is what it says.
    fn signal(&self, number: i32, from_kernel: bool) -> io::Result<Option<End>> {
        // What the terminal sends to this process's group, it would have sent to the guest's, if
        // that were in the foreground.
        let to = if from_kernel && self.terminal.is_none() {
            Pid::from_raw(-self.child.as_raw())
        } else {
            self.child
        };
        match Signal::try_from(number) {
            Ok(Signal::SIGCHLD) => return reap(self.child, self.terminal),
            // Of zsched's own doings, not the zone's.
            Ok(Signal::SIGTTOU | Signal::SIGTTIN) => {}
            Ok(Signal::SIGTSTP) if self.terminal.is_none() => {
                // The group is an orphan (setpgid(2)), where SIGTSTP does nothing.
                pass_on(to, Signal::SIGSTOP as i32);
                raise(Signal::SIGSTOP)?;
                pass_on(to, Signal::SIGCONT as i32);
            }
            // Real-time signals have no name.
            _ => pass_on(to, number),
        }
        Ok(None)
    }
}

/// A signal that cannot be sent comes too late.
fn pass_on(to: Pid, signal: i32) {
    let _ = send_signal(to, signal);
}

/// Looks what became of `child`.
fn reap(child: Pid, terminal: Option<&Given>) -> io::Result<Option<End>> {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
    match waitpid(child, Some(flags))? {
        WaitStatus::Exited(_, status) => Ok(Some(End::Exited(status))),
        WaitStatus::Signaled(_, signal, _) => Ok(Some(End::Killed(signal))),
        WaitStatus::Stopped(..) => {
            if let Some(terminal) = terminal {
                terminal.stop();
                pass_on(child, Signal::SIGCONT as i32);
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Ends a zone that cannot begin.
pub(crate) fn discard(child: Pid) {
    pass_on(child, Signal::SIGKILL as i32);
    let _ = waitpid(child, None);
}

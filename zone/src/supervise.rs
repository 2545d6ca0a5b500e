//! zsched's work while the zone runs: it passes signals on and waits for the end.

use std::io;

use host_std::process::{die_of, send_signal};
use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

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
            fd: SignalFd::with_flags(&all, SfdFlags::SFD_CLOEXEC)?,
            before,
        })
    }

    /// The mask as it was, for the child.
    pub(crate) fn restore(&self) -> io::Result<()> {
        Ok(self.before.thread_set_mask()?)
    }

    /// The next signal, and whether the kernel sent it by itself (`SI_KERNEL`), as for a key of
    /// the terminal.
    fn next(&self) -> io::Result<(i32, bool)> {
        const SI_KERNEL: i32 = 0x80;
        loop {
            match self.fd.read_signal() {
                Ok(Some(info)) => {
                    let number = i32::try_from(info.ssi_signo).map_err(io::Error::other)?;
                    return Ok((number, info.ssi_code == SI_KERNEL));
                }
                Ok(None) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Waits for the end of the zone's first process, `child`.
pub(crate) fn run(child: Pid, signals: &Signals, terminal: Option<&Given>) -> io::Result<End> {
    loop {
        let (number, from_kernel) = signals.next()?;
        // What the terminal sends to this process's group, it would have sent to the guest's, if
        // that were in the foreground.
        let to = if from_kernel && terminal.is_none() {
            Pid::from_raw(-child.as_raw())
        } else {
            child
        };
        match Signal::try_from(number) {
            Ok(Signal::SIGCHLD) => {
                if let Some(end) = reap(child, terminal)? {
                    return Ok(end);
                }
            }
            // Of zsched's own doings, not the zone's.
            Ok(Signal::SIGTTOU | Signal::SIGTTIN) => {}
            Ok(Signal::SIGTSTP) if terminal.is_none() => {
                // The group is an orphan (setpgid(2)), where SIGTSTP does nothing.
                pass_on(to, Signal::SIGSTOP as i32);
                raise(Signal::SIGSTOP)?;
                pass_on(to, Signal::SIGCONT as i32);
            }
            // Real-time signals have no name.
            _ => pass_on(to, number),
        }
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

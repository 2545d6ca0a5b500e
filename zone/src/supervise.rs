//! zsched's work while the zone runs: it passes signals on and waits for the end.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use host_std::process::{die_of, send_signal};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::fs::{SeekFrom, seek, tell};

use crate::keeper::Keeper;
use crate::relay::Relay;
use crate::report::{Reporter, Reports, Said};
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
    /// The exit status that a shell has for it.
    #[must_use]
    pub fn status(self) -> u8 {
        let number = match self {
            Self::Exited(status) => status & 0xff,
            Self::Killed(signal) => 128 + signal as i32,
        };
        u8::try_from(number).unwrap_or(u8::MAX)
    }

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

/// What a supervisor works with.
#[derive(Debug)]
pub(crate) struct Supervisor<'a> {
    /// The guest's first process.
    child: Pid,
    /// What is to be passed on.
    signals: &'a Signals,
    /// The terminal, if the guest has it.
    terminal: Option<&'a Given>,
    /// A terminal of the guest's own.
    relay: Option<Relay>,
    /// What the child says before it becomes the guest.
    reports: Option<Reports>,
    /// What the guest has instead of standard descriptors.
    reopened: Vec<(u8, OwnedFd)>,
    /// Zsched's.
    keeper: Option<Keeper>,
    /// The child, where it is not this process's, and who is told when it is ready.
    detached: Option<(OwnedFd, &'a Reporter)>,
}

impl<'a> Supervisor<'a> {
    /// One for `child`: zsched, if it has a keeper's things.
    pub(crate) fn new(
        child: Pid,
        signals: &'a Signals,
        terminal: Option<&'a Given>,
        reports: Reports,
        keeper: Option<Keeper>,
    ) -> Self {
        Self {
            child,
            signals,
            terminal,
            relay: None,
            reports: Some(reports),
            reopened: Vec::new(),
            keeper,
            detached: None,
        }
    }

    /// The child is this one, and somebody else's; what it says is passed on to `above` until it is
    /// ready.
    pub(crate) fn detached(mut self, child: OwnedFd, above: &'a Reporter) -> Self {
        self.detached = Some((child, above));
        self
    }

    /// The child has this terminal.
    pub(crate) fn with_terminal(mut self, terminal: Option<OwnedFd>) -> Self {
        self.relay = terminal.map(Relay::new);
        self
    }

    /// Waits for the end of the child.
    pub(crate) fn run(mut self) -> io::Result<End> {
        loop {
            let ready = self.wait()?;
            let is = |fd: BorrowedFd<'_>| ready.contains(&fd.as_raw_fd());
            if let Some(keeper) = &mut self.keeper {
                keeper.work();
                // Before the guest has begun, the zone is not whole.
                if self.reports.is_none() && is(keeper.entrance()) {
                    keeper.answer()?;
                }
                if self.reports.is_none() && keeper.asked().is_some_and(is) {
                    keeper.serve();
                }
            }
            if let Some(relay) = &mut self.relay {
                relay.carry(is);
            }
            if self.reports.as_ref().is_some_and(|fd| is(fd.as_fd())) {
                self.report()?;
            }
            if let Some((child, _)) = &self.detached
                && is(child.as_fd())
            {
                while self.reports.is_some() {
                    self.report()?;
                }
                // Only its parent learns more.
                return Ok(End::Exited(0));
            }
            while is(self.signals.fd.as_fd())
                && let Some((number, from_kernel)) = self.signals.next()?
            {
                if let Some(end) = self.signal(number, from_kernel)? {
                    // It may have had something to say, and to show.
                    while self.reports.is_some() {
                        self.report()?;
                    }
                    if let Some(relay) = self.relay {
                        relay.finish();
                    }
                    self.reopened.iter().for_each(follow);
                    return Ok(end);
                }
            }
        }
    }

    /// Waits until there is something to do; the descriptors that are ready.
    fn wait(&self) -> io::Result<Vec<RawFd>> {
        let mut fds = vec![PollFd::new(self.signals.fd.as_fd(), PollFlags::POLLIN)];
        let mut wait = PollTimeout::NONE;
        if let Some(keeper) = &self.keeper {
            // Rounded up: an early end of the wait would be one in vain.
            let left = (keeper.idle() + Duration::from_millis(1)).as_millis();
            wait = PollTimeout::try_from(left).map_err(io::Error::other)?;
            if self.reports.is_none() {
                fds.push(PollFd::new(keeper.entrance(), PollFlags::POLLIN));
                fds.extend(keeper.asked().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
            }
        }
        if let Some((child, _)) = &self.detached {
            fds.push(PollFd::new(child.as_fd(), PollFlags::POLLIN));
        }
        if let Some(reports) = &self.reports {
            fds.push(PollFd::new(reports.as_fd(), PollFlags::POLLIN));
        }
        if let Some(relay) = &self.relay {
            fds.extend(relay.waits());
        }
        match poll(&mut fds, wait) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ready = fds.iter().filter(|fd| fd.any() == Some(true));
        Ok(ready.map(|fd| fd.as_fd().as_raw_fd()).collect())
    }

    /// Takes what the child says, until that was all.
    fn report(&mut self) -> io::Result<()> {
        let Some(reports) = &self.reports else {
            return Ok(());
        };
        let said = reports.next()?;
        if let (Some((said, fds)), Some((_, above))) = (&said, &self.detached) {
            let said = match said {
                Said::Ready => Said::Joined(self.child.as_raw()),
                said => said.clone(),
            };
            let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
            let told = match said {
                Said::Joined(_) | Said::Terminal | Said::Refused(..) => above.send(&said, &fds),
                _ => Ok(()),
            };
            if told.is_err() {
                // The command is gone, and nobody knows of the container.
                pass_on(self.child, Signal::SIGKILL as i32);
            }
        }
        match said {
            None => self.reports = None,
            Some((Said::Processes, fds)) => {
                let mut fds = fds.into_iter();
                if let (Some(proc), Some(keeper)) = (fds.next(), &mut self.keeper) {
                    keeper.watch(proc, fds.next());
                }
            }
            Some((Said::Copies, fds)) => {
                if let Some(keeper) = &mut self.keeper {
                    keeper.shelve(fds);
                }
            }
            Some((Said::Reopened(number), fds)) => {
                self.reopened.extend(fds.into_iter().map(|fd| (number, fd)));
            }
            Some((Said::Terminal, fds)) if self.detached.is_none() => {
                self.relay = fds.into_iter().next().map(Relay::new);
            }
            Some(_) => {}
        }
        Ok(())
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
            // Hooks of its own; the guard tells of its end by other means.
            Ok(Signal::SIGCHLD) if self.detached.is_some() => {}
            Ok(Signal::SIGCHLD) => return reap(self.child, self.terminal),
            // Of zsched's own doings, not the zone's.
            Ok(Signal::SIGTTOU | Signal::SIGTTIN) => {}
            Ok(Signal::SIGWINCH) if self.relay.is_some() => {
                self.relay.iter().for_each(Relay::resize);
            }
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

/// Moves a standard descriptor to where the guest left its own: whoever shares it goes on from there.
fn follow((number, guests): &(u8, OwnedFd)) {
    let Ok(position) = tell(guests) else {
        return;
    };
    let to = SeekFrom::Start(position);
    // What cannot seek has no position.
    let _ = match number {
        0 => seek(io::stdin(), to),
        1 => seek(io::stdout(), to),
        _ => seek(io::stderr(), to),
    };
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

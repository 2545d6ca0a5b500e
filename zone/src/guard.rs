//! A process that ends the zone when zsched was killed by a signal that it cannot see coming. The
//! kernel would do that by itself (`PR_SET_PDEATHSIG`), but forgets it when the zone's first
//! process changes its user; and without a pid namespace the first process's end is not that of the
//! others.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use host_std::process::{Cloned, clone};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::CloneFlags;
use nix::sys::prctl::set_name;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, setsid};
use rustix::process::{PidfdFlags, Signal as ByNumber, getpid, pidfd_open, pidfd_send_signal};

use crate::bare::Mark;
use crate::confine::close_others;

/// A running guard, which is ended when dropped.
#[derive(Debug)]
pub(crate) struct Guard(Pid);

impl Guard {
    /// Starts one for the zone whose first process `init` is. All signals are blocked here, and
    /// so in the guard.
    /// What has a `mark` is ended by that.
    pub(crate) fn start(init: BorrowedFd<'_>, mark: Option<Mark>) -> io::Result<Self> {
        let zsched = pidfd_open(getpid(), PidfdFlags::empty())?;
        match clone(CloneFlags::empty(), None)? {
            Cloned::Parent { pid, .. } => Ok(Self(pid)),
            Cloned::Child => {
                // What this copy of zsched holds would keep pipes and the zone's lock alive.
                let _ = set_name(c"lx-guard");
                let _ = let_go(&[zsched.as_raw_fd(), init.as_raw_fd()]);
                match mark {
                    Some(mark) => {
                        // zsched itself does so when the first process has ended.
                        wait_for(&[zsched.as_fd()]);
                        mark.end();
                    }
                    None => watch(zsched.as_fd(), init),
                }
                std::process::exit(0)
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
        let _ = waitpid(self.0, None);
    }
}

/// Waits for the end of zsched or of the zone, and makes one of them the other.
fn watch(zsched: BorrowedFd<'_>, init: BorrowedFd<'_>) {
    wait_for(&[zsched, init]);
    // Comes too late when it was the zone.
    let _ = pidfd_send_signal(init, ByNumber::KILL);
}

/// Waits for the end of one of these processes.
fn wait_for(processes: &[BorrowedFd<'_>]) {
    // A process's descriptor can be read when the process has ended (pidfd_open(2)).
    let ends = processes.iter();
    let mut ends: Vec<_> = ends.map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    while poll(&mut ends, PollTimeout::NONE).is_err() {}
}

/// Lets go of everything but these descriptors.
pub(crate) fn let_go(kept: &[RawFd]) -> io::Result<()> {
    close_others(kept)?;
    part()
}

/// Lets go of the terminal, the standard descriptors and the working directory: neither what a terminal
/// sends nor a file system that is to be unmounted meets this process.
pub(crate) fn part() -> io::Result<()> {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    setsid()?;
    Ok(chdir("/")?)
}

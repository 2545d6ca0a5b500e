//! Job control: who reads the terminal, and who gets its signals.
//!
//! The zone's processes must not be in zsched's process group, which holds processes of the host
//! (kill(2) with pid 0 reaches all of it). A guest whose standard descriptors are all the terminal
//! gets a group of its own in the same session, which is made the foreground as a shell would make
//! it. Any other guest gets a session of its own; the terminal's signals come to zsched then, which
//! passes them on.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use nix::sys::signal::{Signal, raise};
use nix::sys::stat::fstat;
use nix::unistd::{Pid, getpgrp, setpgid, tcgetpgrp, tcsetpgrp};

/// The controlling terminal, while its foreground is this process's group.
#[derive(Debug)]
pub(crate) struct Terminal(File);

impl Terminal {
    /// The terminal that descriptors 0, 1 and 2 are, if this process may give it away.
    pub(crate) fn of_this_process() -> Option<Self> {
        let (input, output, errors) = (io::stdin(), io::stdout(), io::stderr());
        if !(input.is_terminal() && output.is_terminal() && errors.is_terminal()) {
            return None;
        }
        let device = |fd: std::os::fd::BorrowedFd<'_>| fstat(fd).ok().map(|stat| stat.st_rdev);
        let same = device(input.as_fd());
        if device(output.as_fd()) != same || device(errors.as_fd()) != same {
            return None;
        }
        let file = File::from(input.as_fd().try_clone_to_owned().ok()?);
        let foreground = tcgetpgrp(&file).ok()?;
        (foreground == getpgrp()).then_some(Self(file))
    }

    /// Makes `child` the leader of a group of its own, in the foreground.
    pub(crate) fn give_to(self, child: Pid) -> Given {
        // The child does the same; whoever comes first.
        let _ = setpgid(child, child);
        let given = Given {
            terminal: self.0,
            child,
        };
        given.give();
        given
    }
}

/// A terminal whose foreground is the zone's; given back when dropped.
#[derive(Debug)]
pub(crate) struct Given {
    terminal: File,
    child: Pid,
}

impl Given {
    /// Signals of the terminal are blocked here, so SIGTTOU does not stop this process. A terminal
    /// that hung up has no foreground.
    fn give(&self) {
        let _ = tcsetpgrp(&self.terminal, self.child);
    }

    fn take(&self) {
        let _ = tcsetpgrp(&self.terminal, getpgrp());
    }

    /// The zone's first process was stopped: this one stops too, so that the shell that started it
    /// sees a stopped job; it goes on when the shell lets it.
    pub(crate) fn stop(&self) {
        self.take();
        let _ = raise(Signal::SIGSTOP);
        if tcgetpgrp(&self.terminal) == Ok(getpgrp()) {
            self.give();
        }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        self.take();
    }
}

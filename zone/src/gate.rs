//! Where the first process of a container, or one that joins it, waits for its beginning: all that can
//! go wrong before has gone well by then, and whoever asked for it has been told.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::report::{Reporter, Said};

/// What is done when somebody opened the gate, before the program begins.
pub(crate) type Last = Box<dyn Fn() -> std::result::Result<(), String>>;

/// The gate of one process.
pub struct Gate {
    reporter: Reporter,
    /// Somebody opens the gate by writing to it; without, it is open.
    opener: Option<OwnedFd>,
    last: Option<Last>,
    passed: Cell<bool>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("passed", &self.passed)
            .finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(reporter: Reporter, opener: Option<OwnedFd>, last: Option<Last>) -> Self {
        Self {
            reporter,
            opener,
            last,
            passed: Cell::new(false),
        }
    }

    /// Says that the program can begin, and waits until it may.
    ///
    /// # Errors
    /// That nobody is there to say so.
    pub fn pass(&self) -> io::Result<()> {
        self.reporter.send(&Said::Ready, &[])?;
        if let Some(opener) = &self.opener {
            let mut ready = [PollFd::new(opener.as_fd(), PollFlags::POLLIN)];
            while let Err(Errno::EINTR) = poll(&mut ready, PollTimeout::NONE) {}
        }
        self.passed.set(true);
        match &self.last {
            Some(last) => last().map_err(io::Error::other),
            None => Ok(()),
        }
    }

    /// Says why the program cannot begin. Whether there was anyone to say it to: nobody listens any
    /// more once the gate is passed.
    pub fn refuse(&self, why: &str) -> bool {
        let refused = Said::Refused(String::new(), why.to_owned());
        !self.passed.get() && self.reporter.send(&refused, &[]).is_ok()
    }
}

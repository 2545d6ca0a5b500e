//! Carries bytes between the user's standard input and output and the terminal of a guest, whose
//! other side (`pty`) a supervisor holds.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags};
use rustix::io::{Errno, read, write};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

/// How much is carried at once, in bytes: what a pipe that can be written to has room for.
const CHUNK: usize = 4096;
/// The key that ends the input (`VEOF` of termios(3)), as a new terminal has it.
const END_OF_INPUT: u8 = 4;

/// A guest's terminal.
#[derive(Debug)]
pub(crate) struct Relay {
    /// Nonblocking.
    master: OwnedFd,
    _raw: Option<Raw>,
    /// Whether there may be more input.
    input: bool,
    /// Whether someone still has the terminal open.
    output: bool,
    to_guest: Vec<u8>,
    to_user: Vec<u8>,
}

impl Relay {
    /// Begins: what the user types reaches the guest unchanged.
    pub(crate) fn new(master: OwnedFd) -> Self {
        let relay = Self {
            master,
            _raw: Raw::set(),
            input: true,
            output: true,
            to_guest: Vec::new(),
            to_user: Vec::new(),
        };
        relay.resize();
        relay
    }

    /// The guest's terminal is as large as the user's.
    pub(crate) fn resize(&self) {
        if let Ok(size) = tcgetwinsize(stdin()).or_else(|_| tcgetwinsize(stdout())) {
            let _ = tcsetwinsize(&self.master, size);
        }
    }

    /// What to wait for.
    pub(crate) fn waits(&self) -> Vec<PollFd<'_>> {
        let mut waits = Vec::new();
        if self.input && self.to_guest.is_empty() {
            waits.push(PollFd::new(stdin(), PollFlags::POLLIN));
        }
        if !self.to_user.is_empty() {
            waits.push(PollFd::new(stdout(), PollFlags::POLLOUT));
        }
        let mut events = PollFlags::empty();
        events.set(PollFlags::POLLIN, self.to_user.is_empty());
        events.set(PollFlags::POLLOUT, !self.to_guest.is_empty());
        if self.output && !events.is_empty() {
            waits.push(PollFd::new(self.master.as_fd(), events));
        }
        waits
    }

    /// Carries what is there. `ready` says whether one of [`Relay::waits`] is.
    pub(crate) fn carry(&mut self, ready: impl Fn(BorrowedFd<'_>) -> bool) {
        if ready(stdin()) {
            self.to_guest = take(stdin()).unwrap_or_default();
            if self.to_guest.is_empty() {
                self.input = false;
                self.to_guest.push(END_OF_INPUT);
            }
        }
        if ready(stdout()) {
            self.show();
        }
        if ready(self.master.as_fd()) {
            self.exchange();
        }
    }

    fn exchange(&mut self) {
        match write(&self.master, &self.to_guest) {
            Ok(written) => drop(self.to_guest.drain(..written)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.to_guest.clear(),
        }
        if self.to_user.is_empty() {
            match take(self.master.as_fd()) {
                Ok(bytes) => self.to_user = bytes,
                Err(Errno::AGAIN | Errno::INTR) => {}
                // EIO: nobody has it open any more.
                Err(_) => self.output = false,
            }
        }
    }

    /// A user who is gone sees nothing.
    fn show(&mut self) {
        match write(stdout(), &self.to_user) {
            Ok(written) => drop(self.to_user.drain(..written)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.to_user.clear(),
        }
    }

    /// Shows what is left at the guest's end.
    pub(crate) fn finish(mut self) {
        let mut out = io::stdout();
        let mut shown = out.write_all(&self.to_user);
        self.to_user.clear();
        while shown.is_ok()
            && let Ok(bytes) = take(self.master.as_fd())
            && !bytes.is_empty()
        {
            shown = out.write_all(&bytes);
        }
        let _ = out.flush();
    }
}

fn take(from: BorrowedFd<'_>) -> rustix::io::Result<Vec<u8>> {
    let mut bytes = vec![0; CHUNK];
    let length = read(from, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// The user's terminal in raw mode (termios(3)); as it was when dropped.
#[derive(Debug)]
struct Raw(Termios);

impl Raw {
    /// `None` when standard input is no terminal.
    fn set() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

//! What zsched does for the zone beside waiting for its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::bare::Visitors;
use crate::entrance::{Entrance, Keys};
use crate::facts::{Board, Meter};
use crate::service::{Served, Service};

/// How often the facts are written.
const SECOND: Duration = Duration::from_secs(1);

/// zsched's things.
#[derive(Debug)]
pub(crate) struct Keeper {
    facts: Board,
    meter: Meter,
    entrance: Entrance,
    /// The guests' end of the zone's socket.
    socket: OwnedFd,
    /// Who answers what comes from there.
    service: Service,
    /// The first process.
    init: (Pid, OwnedFd),
    /// What else those get that enter a zone without namespaces, and who they are.
    own: Vec<OwnedFd>,
    visitors: Visitors,
    /// When the facts are due.
    next: Instant,
}

impl Keeper {
    pub(crate) fn new(
        facts: Board,
        meter: Meter,
        entrance: Entrance,
        socket: OwnedFd,
        service: Service,
        init: (Pid, OwnedFd),
        own: Vec<OwnedFd>,
    ) -> Self {
        Self {
            facts,
            meter,
            entrance,
            socket,
            service,
            init,
            own,
            visitors: Visitors::default(),
            next: Instant::now() + SECOND,
        }
    }

    /// From now on the zone's processes are those in `proc`.
    pub(crate) fn watch(&mut self, proc: OwnedFd) {
        self.meter.watch(proc);
    }

    /// How long it has nothing to do.
    pub(crate) fn idle(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Does what is due.
    pub(crate) fn work(&mut self) {
        if Instant::now() >= self.next {
            self.next = Instant::now() + SECOND;
            if !self.own.is_empty() {
                self.facts.set_visitors(self.visitors.living());
            }
            self.facts.update(&mut self.meter);
        }
    }

    /// Where the guests ask for the first time.
    pub(crate) fn asked(&self) -> Option<BorrowedFd<'_>> {
        self.service.waits()
    }

    /// Lets them be answered.
    pub(crate) fn serve(&mut self) {
        let (init, pidfd) = &self.init;
        self.service.start(Served {
            init: *init,
            pidfd: pidfd.as_fd(),
        });
    }

    /// Where those wait that want to enter the zone.
    pub(crate) fn entrance(&self) -> BorrowedFd<'_> {
        self.entrance.as_fd()
    }

    /// Lets the first of them in.
    pub(crate) fn answer(&mut self) -> io::Result<()> {
        let facts = self.facts.for_reading()?;
        let hosts;
        let proc = match self.meter.proc() {
            Some(proc) => proc,
            None if self.own.is_empty() => return Ok(()),
            None => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                hosts = openat(CWD, "/proc", flags, Mode::empty())?;
                hosts.as_fd()
            }
        };
        let visitor = self.entrance.answer(&Keys {
            proc,
            facts: facts.as_fd(),
            socket: self.socket.as_fd(),
            init: self.init.1.as_fd(),
            own: self.own.iter().map(AsFd::as_fd).collect(),
        });
        if let Some(visitor) = visitor
            && !self.own.is_empty()
        {
            self.visitors.note(visitor);
            self.facts.set_visitors(self.visitors.living());
        }
        Ok(())
    }
}

//! What zsched does for the zone beside waiting for its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use kernel::zone::rights::Record;
use nix::unistd::Pid;
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::bare::Visitors;
use crate::contracts;
use crate::entrance::{Entrance, Keys};
use crate::facts::{Board, Meter};
use crate::service::{Held, Served, Service, Shelf, Template};

/// How often the facts are written.
const SECOND: Duration = Duration::from_secs(1);

/// zsched's things.
#[derive(Debug)]
pub(crate) struct Keeper {
    facts: Board,
    meter: Meter,
    /// The directory of the zone's contracts.
    contracts: Option<OwnedFd>,
    entrance: Entrance,
    /// The guests' end of the zone's socket.
    socket: OwnedFd,
    /// Who answers what comes from there.
    service: Service,
    /// What copies of the brand's image are made of, and where they go, if there are to be any.
    template: Template,
    shelf: Option<Shelf>,
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
        (service, template): (Service, Template),
        init: (Pid, OwnedFd),
        own: Vec<OwnedFd>,
    ) -> Self {
        Self {
            facts,
            meter,
            contracts: None,
            entrance,
            socket,
            service,
            template,
            shelf: None,
            init,
            own,
            visitors: Visitors::default(),
            next: Instant::now() + SECOND,
        }
    }

    /// From now on the zone's processes are those in `proc`, and its contracts are in `contracts`.
    pub(crate) fn watch(&mut self, proc: OwnedFd, contracts: Option<OwnedFd>) {
        self.meter.watch(proc);
        self.contracts = contracts;
    }

    /// Copies of the brand's image go where these descriptors lead.
    pub(crate) fn shelve(&mut self, fds: Vec<OwnedFd>) {
        self.shelf = <[OwnedFd; 3]>::try_from(fds)
            .ok()
            .map(|[shown, store, mounts]| Shelf {
                shown,
                store,
                mounts,
            });
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
            if let (Some(contracts), Some(proc)) = (&self.contracts, self.meter.proc()) {
                // What fails is tried again.
                let _ = contracts::clean_up(contracts.as_fd(), proc);
            }
        }
    }

    /// Where the guests ask for the first time.
    pub(crate) fn asked(&self) -> Option<BorrowedFd<'_>> {
        self.service.waits()
    }

    /// Lets them be answered.
    pub(crate) fn serve(&mut self) {
        let (init, pidfd) = &self.init;
        let record = self.record().ok().flatten();
        let copies = record.zip(self.shelf.as_ref());
        self.service.start(Served {
            init: *init,
            pidfd: pidfd.as_fd(),
            image: self.template.image.as_fd(),
            copies,
        });
    }

    /// What copies of the brand's image know of the zone.
    fn record(&self) -> io::Result<Option<Record>> {
        let (Some(proc), Some(_)) = (self.meter.proc(), &self.shelf) else {
            return Ok(None);
        };
        let facts = self.facts.for_reading()?;
        let held = Held {
            proc,
            facts: facts.as_fd(),
            socket: self.socket.as_fd(),
        };
        self.template.record(held).map(Some)
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
            image: self.template.image.as_fd(),
            own: match &self.contracts {
                Some(contracts) => vec![contracts.as_fd()],
                None => self.own.iter().map(AsFd::as_fd).collect(),
            },
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

//! A zone whose zsched goes on by itself: the container of an engine, which lives on when the command
//! that made it has ended.
//!
//! That command starts zsched, and zsched the first process, as its sibling. So both are in the end the
//! children of whoever looks after the command's orphans, which is how an engine learns how its container
//! has ended.

use std::os::fd::{AsFd, OwnedFd};

use host_std::process::{Cloned, clone};
use nix::sched::CloneFlags;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::config::Config;
use crate::error::{Context, Error, Result};
use crate::first::{Way, Zone};
use crate::gate::Last;
use crate::inside::{self, Inside};
use crate::report::{self, Reporter, Reports, Said};
use crate::start::Preparation;

/// What the engine wants done between.
pub trait Steps {
    /// The first process is in its namespaces, and waits. Nothing is mounted there yet.
    ///
    /// # Errors
    /// What was wrong.
    fn admit(&mut self, pid: Pid) -> std::result::Result<(), Error>;

    /// In the first process, when all is mounted, before its root is.
    ///
    /// # Errors
    /// What was wrong.
    fn before_root(&self) -> std::result::Result<(), Error>;

    /// What is done in the first process when it may start, before its program begins.
    fn before_start(&self) -> Last;
}

/// A program that waits for its beginning, or has begun.
#[derive(Debug)]
pub struct Begun {
    /// The process.
    pub pid: Pid,
    /// The other side of its terminal, if it has one.
    pub terminal: Option<OwnedFd>,
}

/// Makes the zone that `config` describes. Its first process does what `guest` says, in which it passes a
/// [`crate::Gate`] that `opener` opens.
///
/// # Errors
/// What could not be done; nothing is left of the zone then.
pub fn start_detached(
    config: &Config,
    image: OwnedFd,
    opener: OwnedFd,
    steps: &mut dyn Steps,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<Begun> {
    let preparation = Preparation::of(config, image.as_fd())?;
    let (reporter, reports) = report::channel().about("cannot make a socket")?;
    match clone(CloneFlags::empty(), None).about("cannot make a process")? {
        Cloned::Parent { pid: zsched, .. } => {
            drop((reporter, image, opener));
            let begun = await_first(&reports);
            if begun.is_err() {
                // It has ended, or is about to.
                let _ = waitpid(zsched, None);
            }
            begun
        }
        Cloned::Child => {
            drop(reports);
            let ended = preside(config, image, opener, preparation, steps, &reporter, guest);
            reporter.complain(&ended);
            std::process::exit(i32::from(ended.is_err()))
        }
    }
}

/// zsched's life.
fn preside(
    config: &Config,
    image: OwnedFd,
    opener: OwnedFd,
    preparation: Preparation,
    steps: &mut dyn Steps,
    above: &Reporter,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<()> {
    let Preparation {
        user,
        ids,
        own_users,
        namespaces,
        confinement,
    } = preparation;
    let zone = Zone::create(config, image)?;
    let last = steps.before_start();
    let steps = std::cell::RefCell::new(steps);
    zone.run(
        Way {
            namespaces: namespaces | CloneFlags::CLONE_PARENT,
            layers: &confinement.report().clone(),
            above: Some(above),
        },
        |pid| {
            ids.as_ref().map_or(Ok(()), |ids| ids.apply(pid))?;
            steps.borrow_mut().admit(pid)
        },
        |mut first| {
            first.gate = Some((opener, last));
            let before_root = || steps.borrow().before_root();
            inside::build(config, &user, own_users, first, confinement, &before_root)
        },
        guest,
    )
    .map(drop)
}

/// Waits until the first process is ready.
fn await_first(reports: &Reports) -> Result<Begun> {
    let mut terminal = None;
    loop {
        let said = reports.wait().about("cannot hear zsched")?;
        match said {
            Some((Said::Terminal, fds)) => terminal = fds.into_iter().next(),
            Some((Said::Joined(pid), _)) => {
                let pid = Pid::from_raw(pid);
                return Ok(Begun { pid, terminal });
            }
            Some((Said::Refused(what, why), _)) => return Err(Error::because(what, why)),
            Some(_) => {}
            None => return Err(Error::because("the zone", "it ended before it began")),
        }
    }
}

/// Waits until the process `pid` has begun its program.
pub(crate) fn await_program(reports: &Reports, pid: Pid) -> Result<Begun> {
    let mut terminal = None;
    loop {
        match reports.wait().about("cannot hear the program")? {
            Some((Said::Terminal, fds)) => terminal = fds.into_iter().next(),
            Some((Said::Refused(what, why), _)) => return Err(Error::because(what, why)),
            Some(_) => {}
            None => return Ok(Begun { pid, terminal }),
        }
    }
}

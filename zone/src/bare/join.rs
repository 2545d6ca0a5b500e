//! A program more in a zone without namespaces that runs: a child of lx, which gets what the zone's
//! processes hold from zsched, and confines itself as they are. It is in a Landlock domain of its own, so
//! that the kernel keeps signals and abstract sockets between it and the others back.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use host_std::process::{Cloned, clone};
use nix::sched::CloneFlags;
use nix::unistd::Pid;
use rustix::pipe::{PipeFlags, pipe_with};

use super::start::confinement;
use super::tree::Mounts;
use super::users::Who;
use super::warden;
use crate::cgroup;
use crate::entrance::{self, Keys};
use crate::error::{Context, Error, Result};
use crate::first::{Bond, let_go};
use crate::inside::Inside;
use crate::join::Program;
use crate::pty::Pair;
use crate::report::{self, Said};
use crate::supervise::{End, Signals, Supervisor, discard};
use crate::terminal::Terminal;
use crate::zones::Zone;

/// Starts a program in `zone`, and supervises it to its end; see [`crate::join()`].
pub(crate) fn join(
    zone: &Zone,
    program: Program<'_>,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<End> {
    let keys = entrance::knock(&zone.path)?;
    let (reporter, reports) = report::channel().about("cannot make a socket")?;
    let (go, say_go) = pipe_with(PipeFlags::CLOEXEC).about("cannot make a pipe")?;
    let terminal = match program.terminal {
        true => None,
        false => Terminal::of_this_process(),
    };
    let own_group = terminal.is_some();
    let signals = Signals::block().about("cannot block signals")?;
    let (pid, _pidfd) = match clone(CloneFlags::empty(), None).about("cannot make a process")? {
        Cloned::Child => {
            drop((say_go, reports));
            let bond = Bond {
                go,
                own_group,
                mortal: true,
            };
            let wants_terminal = program.terminal;
            let built = settle(zone, program, keys, bond).and_then(|inside| {
                if wants_terminal {
                    let pty = terminal_of(&inside).about("cannot make a terminal")?;
                    let sent = reporter.send(&Said::Terminal, &[pty.master.as_fd()]);
                    sent.about("cannot hand out the terminal")?;
                    pty.take().about("cannot make a terminal")?;
                }
                Ok(inside)
            });
            drop(reporter);
            let built = signals.restore().about("signals").and(built);
            std::process::exit(i32::from(guest(built)));
        }
        Cloned::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop((go, reporter, keys));
    let joined = zone
        .groups
        .iter()
        .try_for_each(|group| cgroup::join(group, pid));
    if let Err(error) = joined {
        discard(pid);
        return Err(error);
    }
    let terminal = terminal.map(|terminal| terminal.give_to(pid));
    let supervisor = Supervisor::new(pid, &signals, terminal.as_ref(), reports, None);
    let_go(say_go, pid).and_then(|()| supervisor.run().about("cannot wait"))
}

/// In the new process: makes it like one of the zone's.
fn settle(zone: &Zone, program: Program<'_>, keys: Keys<OwnedFd>, bond: Bond) -> Result<Inside> {
    bond.part()?;
    let nothing = || Error::because(format!("zone {}", zone.config.name), "it gave no keys");
    let mut own = keys.own.into_iter();
    let table = own.next().ok_or_else(nothing)?;
    let who = Who::of(&zone.config, program.user.or(zone.config.user.as_deref()))?;
    let mut own: Vec<OwnedFd> = own.collect();
    let users = match who.kept {
        Some(_) => Some(own.pop().ok_or_else(nothing)?),
        None => None,
    };
    let mut mounts = Mounts::held(table, own).about("the zone's mounts")?;
    if let Some(users) = users {
        mounts.share_users(users);
    }
    let confinement = confinement(&zone.config, &mounts)?;
    Ok(Inside {
        proc: keys.proc,
        facts: keys.facts,
        socket: keys.socket,
        image: keys.image,
        users: who.kept,
        home: who.home,
        confinement,
        mounts: Some(mounts),
        gate: None,
        mortal: true,
    })
}

/// A terminal for a program of the zone. Where the zone has some of its own, its warden makes it.
fn terminal_of(zone: &Inside) -> io::Result<Pair> {
    let own = zone.mounts.as_ref().is_some_and(Mounts::has_terminals);
    if own {
        Pair::of(warden::terminal(zone.socket.as_fd())?)
    } else {
        Pair::make()
    }
}

/// Who has entered a zone: the processes of lx whose children run in it.
#[derive(Debug, Default)]
pub(crate) struct Visitors(Vec<(i32, u64)>);

impl Visitors {
    /// Notes one.
    pub(crate) fn note(&mut self, visitor: Pid) {
        let start = crate::state::start_time(visitor).unwrap_or(0);
        self.0.push((visitor.as_raw(), start));
    }

    /// Those that live, the youngest first.
    pub(crate) fn living(&mut self) -> impl Iterator<Item = u64> + '_ {
        self.0
            .retain(|(pid, start)| crate::state::start_time(Pid::from_raw(*pid)) == Some(*start));
        let all = self.0.iter().rev();
        all.map(|(pid, _)| u64::from(pid.unsigned_abs()))
    }
}

//! A program more in a zone that runs.
//!
//! The process that was `lx` stays outside, as zsched does. Its child goes into the zone's control
//! groups and namespaces. Only children of that one are in the zone's pid namespace (setns(2)), so
//! it makes one, which is the guest, but which it makes the child of its own parent, to end itself.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;

use host_std::process::{Cloned, clone, clone_sibling, close_on_exec_from};
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::set_dumpable;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use rustix::fs::{Mode, OFlags, openat};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::config::{Config, Isolation};
use crate::container::Process;
use crate::detached::{Begun, await_program};
use crate::entrance::{self, Keys};
use crate::error::{Context, Error, Result};
use crate::first::{Bond, let_go};
use crate::gate::Gate;
use crate::inside::standard::{Protected, protect};
use crate::inside::{self, Inside};
use crate::namespaces::foreign;
use crate::report::{self, Reporter, Reports, Said};
use crate::start::{confinement, of_container, user_of};
use crate::supervise::{self, End, Signals, Supervisor};
use crate::terminal::Terminal;
use crate::zones::Zone;
use crate::{cgroup, confine, contracts, pty};

/// How the program runs.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// As whom; the zone's user otherwise.
    pub user: Option<&'a str>,
    /// With a terminal of the zone's own.
    pub terminal: bool,
}

/// Starts a program in the container that `zone` is, as the container's process in `config` says.
/// `guest` is as in [`crate::start`], and passes a gate. The program is this process's child; if it goes
/// on when that one ends, it `stays`.
///
/// # Errors
/// What could not be done, also in the new process.
pub fn join_detached(
    zone: &Zone,
    config: &Config,
    stays: bool,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<Begun> {
    let program = Program {
        user: None,
        terminal: config.terminal,
    };
    let signals = Signals::block().about("cannot block signals")?;
    let joined = begin(zone, config, program, &signals, By::Engine { stays }, guest)?;
    let begun = signals.restore().about("signals").and_then(|()| {
        let_go(joined.say_go, joined.child)?;
        await_program(&joined.reports, joined.child)
    });
    if begun.is_err() {
        supervise::discard(joined.child);
    }
    begun
}

/// Carries signals to the program and its terminal's bytes, until it ends.
///
/// # Errors
/// What waitpid(2) says.
pub fn attend(begun: Begun) -> Result<End> {
    let signals = Signals::block().about("cannot block signals")?;
    let (_, reports) = report::channel().about("cannot make a socket")?;
    // It may have ended already.
    raise(Signal::SIGCHLD).about("cannot look after the program")?;
    let supervisor = Supervisor::new(begun.pid, &signals, None, reports, None);
    let supervisor = supervisor.with_terminal(begun.terminal);
    supervisor.run().about("cannot wait")
}

/// Starts a program in `zone`, and supervises it to its end. `guest` is as in [`crate::start`].
///
/// # Errors
/// What could not be done outside the zone.
pub fn join(
    zone: &Zone,
    program: Program<'_>,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<End> {
    confine::standard::check().map_err(|why| Error::because("the zone could be left", why))?;
    if zone.config.isolation == Isolation::Bare {
        return crate::bare::join(zone, program, guest);
    }
    let terminal = match program.terminal {
        true => None,
        false => Terminal::of_this_process(),
    };
    let signals = Signals::block().about("cannot block signals")?;
    let by = By::User {
        own_group: terminal.is_some(),
    };
    let joined = begin(zone, &zone.config, program, &signals, by, guest)?;
    let terminal = terminal.map(|terminal| terminal.give_to(joined.child));
    let supervisor = Supervisor::new(
        joined.child,
        &signals,
        terminal.as_ref(),
        joined.reports,
        None,
    );
    let_go(joined.say_go, joined.child).and_then(|()| supervisor.run().about("cannot wait"))
}

/// Who starts a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A user, who may share a terminal with it.
    User { own_group: bool },
    /// An engine, without which it `stays`, and which is told whether it could begin.
    Engine { stays: bool },
}

/// A process that has joined a zone, and waits.
struct Joining {
    child: Pid,
    say_go: OwnedFd,
    reports: Reports,
}

/// Makes it.
fn begin(
    zone: &Zone,
    config: &Config,
    program: Program<'_>,
    signals: &Signals,
    by: By,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<Joining> {
    let keys = entrance::knock(&zone.path)?;
    let (reporter, reports) = report::channel().about("cannot make a socket")?;
    let (go, say_go) = pipe_with(PipeFlags::CLOEXEC).about("cannot make a pipe")?;
    let unified = zone.groups.iter().find(|group| cgroup::is_unified(group));
    let unified = unified.map(|group| File::open(group).about(group.display()));
    let unified = unified.transpose()?;
    let group = unified.as_ref().map(|group| group.as_fd());
    let joiner = match clone(CloneFlags::empty(), group).about("cannot make a process")? {
        Cloned::Child => {
            drop((say_go, reports));
            // An engine passes on what is its caller's.
            let protected = match by {
                By::User { .. } => protect().about("the standard descriptors"),
                By::Engine { .. } => Ok(Protected::default()),
            };
            let entered = protected.and_then(|protected| {
                enter(zone, &keys, &reporter)?;
                protected.tell(&reporter).about("the standard descriptors")
            });
            reporter.complain(&entered);
            if entered.is_err() {
                std::process::exit(1);
            }
            let spare = reporter.copy();
            let built = settle(
                zone,
                config,
                program,
                keys,
                Bond {
                    go,
                    own_group: by == By::User { own_group: true },
                    mortal: by != By::Engine { stays: true },
                },
                (reporter, by),
            );
            let built = signals.restore().about("signals").and(built);
            if let (Ok(spare), By::Engine { .. }) = (spare, by) {
                spare.complain(&built);
            }
            std::process::exit(i32::from(guest(built)));
        }
        Cloned::Parent { pid, .. } => pid,
    };
    drop((go, reporter, keys));
    let said = reports.wait().about("cannot enter the zone");
    let _ = waitpid(joiner, None);
    let child = match said? {
        Some((Said::Joined(pid), _)) => Pid::from_raw(pid),
        Some((Said::Refused(what, why), _)) => return Err(Error::because(what, why)),
        _ => return Err(Error::because("cannot enter the zone", "it ends")),
    };
    Ok(Joining {
        child,
        say_go,
        reports,
    })
}

/// Goes into the zone. It comes back in a new process, which is there entirely.
fn enter(zone: &Zone, keys: &Keys<OwnedFd>, reporter: &Reporter) -> Result<()> {
    // Nobody in the zone may look into this process, or at its files, before it is confined.
    set_dumpable(confine::LEFT_OUT).about("cannot hide from the zone")?;
    let kinds = foreign(Pid::from_raw(zone.init())).about("cannot see the zone's namespaces")?;
    // Into the other one it was made.
    for group in zone
        .groups
        .iter()
        .filter(|group| !cgroup::is_unified(group))
    {
        cgroup::enter(group)?;
    }
    setns(&keys.init, kinds).about("cannot enter the zone's namespaces")?;
    match clone_sibling().about("cannot make a process in the zone")? {
        Cloned::Child => Ok(()),
        Cloned::Parent { pid, pidfd } => {
            let sent = reporter.send(&Said::Joined(pid.as_raw()), &[pidfd.as_fd()]);
            if sent.is_err() {
                supervise::discard(pid);
            }
            std::process::exit(0)
        }
    }
}

/// In the new process: makes it like one of the zone's.
fn settle(
    zone: &Zone,
    config: &Config,
    program: Program<'_>,
    keys: Keys<OwnedFd>,
    bond: Bond,
    (reporter, by): (Reporter, By),
) -> Result<Inside> {
    let mortal = bond.mortal;
    bond.part()?;
    let process = config.container.as_ref().map(|own| &own.process);
    let user = match process {
        Some(process) if program.user.is_none() => of_container(&[PathBuf::from("/")], process)?,
        _ => {
            let user = program.user.or(config.user.as_deref());
            user_of(&[PathBuf::from("/")], user)?
        }
    };
    let own = |file: &str| own_text(&keys.proc, file);
    for (id, map) in [(user.uid, own("uid_map")?), (user.gid, own("gid_map")?)] {
        if !has(&map, id) {
            let subject = format!("user {}:{}", user.uid, user.gid);
            return Err(Error::because(subject, "the zone has no such id"));
        }
    }
    let may_set_groups = own("setgroups")?.trim() == "allow";
    let set_id = match config.no_new_privileges {
        true => Err("set-id programs gain nothing".to_owned()),
        false => zone.allows_set_id(),
    };
    let confinement = confinement(config, &user, may_set_groups, set_id)?;
    inside::standard::reopen().about("the standard descriptors")?;
    if let Some(directory) = keys.own.first() {
        contracts::add(directory.as_fd(), std::process::id()).about("the zone's contracts")?;
    }
    if program.terminal {
        let size = process.and_then(|process| process.size);
        let master = pty::take(user.uid, size).about("cannot make a terminal")?;
        let sent = reporter.send(&Said::Terminal, &[master.as_fd()]);
        sent.about("cannot hand out the terminal")?;
    }
    let kept = process.map_or(0, |process| process.descriptors);
    close_on_exec_from(3 + kept).about("cannot close descriptors")?;
    process.map_or(Ok(()), Process::prepare)?;
    // Only who is started by an engine is told of what goes wrong.
    let gate = match by {
        By::User { .. } => None,
        By::Engine { .. } => Some(Rc::new(Gate::new(reporter, None, None))),
    };
    Ok(Inside {
        proc: keys.proc,
        facts: keys.facts,
        socket: keys.socket,
        image: keys.image,
        home: user.home,
        confinement,
        users: None,
        mounts: None,
        gate,
        mortal,
    })
}

/// Reads a file about this process in a procfs that nobody in the zone can cover.
fn own_text(proc: &OwnedFd, file: &str) -> Result<String> {
    let path = format!("self/{file}");
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let text = openat(proc, &path, flags, Mode::empty()).map_err(io::Error::from);
    let text = text.and_then(|file| io::read_to_string(File::from(file)));
    text.about(path)
}

/// Whether a map of ids (user_namespaces(7)) has this one inside.
fn has(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let (Some(first), Some(_), Some(count)) = (next(), next(), next()) else {
            return false;
        };
        id.checked_sub(first).is_some_and(|offset| offset < count)
    })
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn ids_are_looked_up_inside() {
        let map = "         0       1000          1\n         1     100000      65536\n";
        assert!(has(map, 0) && has(map, 65536));
        assert!(!has(map, 65537) && !has("", 0));
        assert!(has("0 0 4294967295\n", 65534));
    }
}

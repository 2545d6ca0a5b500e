//! The start of a zone without namespaces.

use std::os::fd::AsFd;
use std::process;

use host_std::process::{Cloned, clone, new_session_keyring};
use nix::sched::CloneFlags;
use nix::unistd::{Pid, setpgid, setsid};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{Signal, set_parent_process_death_signal};

use super::procs;
use super::tree::Mounts;
use crate::cgroup::Groups;
use crate::config::{Config, Mount, Net, Source};
use crate::confine::{self, Capabilities, Confinement};
use crate::entrance::Entrance;
use crate::error::{Context, Error, Result};
use crate::facts::{Board, Meter};
use crate::guard::Guard;
use crate::inside::Inside;
use crate::keeper::Keeper;
use crate::passwd::User;
use crate::report;
use crate::service::{self, Service};
use crate::start::{prepare_source, user_of};
use crate::state::{Directory, Running};
use crate::supervise::{self, End, Supervisor};
use crate::terminal::Terminal;

/// Starts the zone that `config` describes, and supervises it to its end; see [`crate::start()`].
///
/// # Errors
/// What could not be set up; nothing is left behind then.
pub fn start(
    config: &Config,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<End> {
    if config.net == Net::None {
        let why = "only namespaces give a zone a network of its own";
        return Err(Error::because("--net none", why));
    }
    if !config.layers.is_empty() {
        let why = "only a zone with namespaces can have layers";
        return Err(Error::because("--layer", why));
    }
    if nix::unistd::geteuid().is_root() {
        let why = "root's rights reach beyond the zone's files: start it as an ordinary user";
        return Err(Error::because("--isolation bare", why));
    }
    // A tmpfs is noexec unless one asks for more; in this way to isolate it is a directory.
    let restricted = |mount: &Mount| {
        mount.read_only || mount.noexec && !matches!(mount.source, Source::Tmpfs { .. })
    };
    if config.read_only || config.mounts.iter().any(restricted) {
        let why = "only the mounts of a zone with namespaces can be read-only or noexec";
        return Err(Error::because("--isolation bare", why));
    }
    let user = bare_user(config)?;
    for mount in &config.mounts {
        prepare_source(mount)?;
    }
    let directory = Directory::create(config)?;
    let mounts = Mounts::prepare(config, directory.path())?;
    let confinement = confinement(config, &mounts)?;
    let mut facts = Board::create(&config.name).about("cannot make the zone's facts")?;
    facts.set_placeholders(mounts.placeholders());
    let groups = Groups::create(&config.name, &config.limits)?;
    directory.note_groups(&groups.paths())?;
    let mut meter = Meter::new(config.limits, groups);
    facts.update(&mut meter);
    let (reporter, reports) = report::channel().about("cannot make a socket")?;
    let (socket, zsched_end) = service::socket().about("cannot make the zone's socket")?;
    // What zsched would do for the zone, it would do in the host's namespaces: nobody answers.
    drop(zsched_end);

    let entrance = Entrance::create(directory.path()).about("cannot make the zone's entrance")?;
    let terminal = Terminal::of_this_process();
    let signals = supervise::Signals::block().about("cannot block signals")?;
    procs::adopt().about("cannot adopt the zone's orphans")?;
    let layers = confinement.report().clone();
    let read_facts = facts.for_reading().about("the zone's facts")?;
    let group = meter.groups().unified()?;
    let zsched = Pid::this();
    let cloned = clone(
        CloneFlags::empty(),
        group.as_ref().map(|group| group.as_fd()),
    )
    .about("cannot start a process")?;
    let (pid, pidfd) = match cloned {
        Cloned::Child => {
            drop((reports, reporter));
            let built = separate(zsched, terminal.is_some()).and_then(|()| {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let proc = openat(CWD, "/proc", flags, Mode::empty()).about("/proc")?;
                Ok(Inside::bare(
                    [proc, read_facts, socket],
                    user.home.clone(),
                    confinement,
                    mounts,
                ))
            });
            let built = signals.restore().about("signals").and(built);
            process::exit(i32::from(guest(built)));
        }
        Cloned::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop((read_facts, reporter, mounts));
    let ready = meter
        .groups()
        .take_in(pid)
        .and_then(|()| directory.describe(&Running::now(pid, &layers)))
        .and_then(|()| Guard::start(pidfd.as_fd()).about("cannot start the zone's guard"));
    let guard = match ready {
        Ok(guard) => guard,
        Err(error) => {
            supervise::discard(pid);
            return Err(error);
        }
    };
    let terminal = terminal.map(|terminal| terminal.give_to(pid));
    let keeper = Keeper::new(
        facts,
        meter,
        entrance,
        socket,
        Service::Nobody,
        (pid, pidfd),
    );
    let supervisor = Supervisor::new(pid, &signals, terminal.as_ref(), reports, Some(keeper));
    let end = supervisor.run().about("cannot wait");
    drop(guard);
    procs::end();
    drop((terminal, directory));
    end
}

/// The child parts with zsched's process group, and ends with zsched.
fn separate(zsched: Pid, own_group: bool) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).about("cannot bind the zone to zsched")?;
    if nix::unistd::getppid() != zsched {
        return Err(Error::because("zsched", "it is gone"));
    }
    if own_group {
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).about("cannot make a process group")?;
    } else {
        setsid().map(drop).about("cannot make a session")?;
    }
    let _ = new_session_keyring();
    Ok(())
}

/// Who runs in the zone: without namespaces, an ordinary user can only be itself.
fn bare_user(config: &Config) -> Result<User> {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let mut user = user_of(&config.roots(), Some(&format!("{uid}:{gid}")))?;
    user.groups = nix::unistd::getgroups()
        .map(|groups| groups.into_iter().map(nix::unistd::Gid::as_raw).collect())
        .about("cannot ask for the groups")?;
    if config.user.is_some() {
        let wanted = user_of(&config.roots(), config.user.as_deref())?;
        if (wanted.uid, wanted.gid) != (user.uid, user.gid) {
            let why = "only a zone with namespaces can run as somebody else";
            return Err(Error::because("--user", why));
        }
    }
    Ok(user)
}

/// What the zone's processes lose.
fn confinement(config: &Config, mounts: &Mounts) -> Result<Confinement> {
    Confinement::plan(confine::Config {
        trees: mounts.trees().about("cannot copy a descriptor")?,
        scopes: true,
        signals: true,
        capabilities: Capabilities::USUAL.without_raw_network(),
        allow_weaker: config.allow_weaker.clone(),
        ..confine::Config::default()
    })
    .map_err(|why| Error::because("this host cannot confine the zone", why))
}

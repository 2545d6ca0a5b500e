//! The start of a zone: everything that can go wrong is checked, then the process splits.

use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process;

use host_std::process::{Cloned, clone};
use nix::unistd::Pid;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::cgroup::Groups;
use crate::config::{Config, Isolation, Mount, Net, Source};
use crate::confine::{self, Capabilities, Confinement, Identity};
use crate::entrance::Entrance;
use crate::error::{Context, Error, Result};
use crate::facts::{Board, Meter};
use crate::guard::Guard;
use crate::idmap::IdMap;
use crate::inside::{self, Inside, Plan};
use crate::keeper::Keeper;
use crate::passwd::User;
use crate::service::{self, Service};
use crate::state::{Directory, Running};
use crate::supervise::{self, End, Supervisor};
use crate::terminal::Terminal;
use crate::{namespaces, report};

/// Starts the zone that `config` describes, and supervises it to its end.
///
/// `guest` goes on in the zone's first process, and is told there whether the zone could be built.
/// It comes back only when it could not start a program, with the exit status.
///
/// # Errors
/// What could not be set up outside the zone; nothing is left behind then.
pub fn start(
    config: &Config,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<End> {
    confine::standard::check().map_err(|why| Error::because("the zone could be left", why))?;
    if config.isolation == Isolation::Bare {
        return crate::bare::start(config, guest);
    }
    let user = user_of(&config.roots(), config.user.as_deref())?;
    let own_users = !namespaces::is_privileged();
    let ids = own_users.then(|| IdMap::choose(&user)).transpose()?;
    let may_set_groups = ids.as_ref().is_none_or(IdMap::has_groups);
    let confinement = confinement(config, &user, may_set_groups)?;
    for mount in &config.mounts {
        prepare_source(mount)?;
    }

    let directory = Directory::create(config)?;
    let mut facts = Board::create(&config.name).about("cannot make the zone's facts")?;
    let groups = Groups::create(&config.name, &config.limits)?;
    directory.note_groups(&groups.paths())?;
    let mut meter = Meter::new(config.limits, groups);
    facts.update(&mut meter);
    let (reporter, reports) = report::channel().about("cannot make a socket")?;
    let (socket, zsched_end) = service::socket().about("cannot make the zone's socket")?;
    let service = Service::new(zsched_end).about("cannot make the zone's socket")?;
    let (go, say_go) = pipe_with(PipeFlags::CLOEXEC).about("cannot make a pipe")?;

    let entrance = Entrance::create(directory.path()).about("cannot make the zone's entrance")?;

    let terminal = match config.terminal {
        true => None,
        false => Terminal::of_this_process(),
    };
    let signals = supervise::Signals::block().about("cannot block signals")?;
    let group = meter.groups().unified()?;
    let flags = namespaces::flags(config.net, own_users);
    let cloned = clone(flags, group.as_ref().map(|group| group.as_fd()))
        .about("the host refuses the namespaces of a zone")?;
    let (pid, pidfd) = match cloned {
        Cloned::Child => {
            drop((say_go, service, reports));
            let plan = Plan {
                config,
                user: &user,
                own_users,
                own_group: terminal.is_some(),
                facts: &facts,
            };
            let built = inside::build(&plan, go, &reporter, socket, confinement);
            let built = signals.restore().about("signals").and(built);
            process::exit(i32::from(guest(built)));
        }
        Cloned::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop((go, reporter));
    let ready = ids.as_ref().map_or(Ok(()), |ids| ids.apply(pid));
    let ready = ready
        .and_then(|()| meter.groups().take_in(pid))
        .and_then(|()| directory.describe(&Running::now(pid, confinement.report())))
        .and_then(|()| Guard::start(pidfd.as_fd()).about("cannot start the zone's guard"));
    let guard = match ready {
        Ok(guard) => guard,
        Err(error) => {
            supervise::discard(pid);
            return Err(error);
        }
    };
    let terminal = terminal.map(|terminal| terminal.give_to(pid));
    let keeper = Keeper::new(facts, meter, entrance, socket, service, (pid, pidfd));
    let supervisor = Supervisor::new(pid, &signals, terminal.as_ref(), reports, Some(keeper));
    let end = let_go(say_go, pid).and_then(|()| supervisor.run().about("cannot wait"));
    drop((guard, terminal, directory));
    end
}

/// What the zone's processes lose.
pub(crate) fn confinement(
    config: &Config,
    user: &User,
    may_set_groups: bool,
) -> Result<Confinement> {
    let on_host_network = config.net == Net::Host;
    let usual = Capabilities::USUAL;
    Confinement::plan(confine::Config {
        scopes: on_host_network,
        signals: false,
        capabilities: if on_host_network {
            usual.without_raw_network()
        } else {
            usual
        },
        identity: Some(Identity {
            user: user.uid,
            group: user.gid,
            groups: may_set_groups.then(|| user.groups.clone()),
        }),
        allow_weaker: config.allow_weaker.clone(),
        ..confine::Config::default()
    })
    .map_err(|why| Error::because("this host cannot confine the zone", why))
}

/// Tells the child that its namespaces are ready.
pub(crate) fn let_go(pipe: OwnedFd, child: Pid) -> Result<()> {
    let sent = fs::File::from(pipe).write_all(&[1]);
    if let Err(error) = sent.or_else(ignore_broken_pipe) {
        supervise::discard(child);
        return Err(Error::new("cannot reach the zone", error));
    }
    Ok(())
}

/// A child that is dead already has a status, which says more.
fn ignore_broken_pipe(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    }
}

/// Who runs in the zone with these roots, the topmost first, by the zone's files.
pub(crate) fn user_of(roots: &[&Path], user: Option<&str>) -> Result<User> {
    let open = |root: &&Path| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(rustix::fs::CWD, *root, flags, Mode::empty()).about(root.display())
    };
    let roots = roots.iter().map(open).collect::<Result<Vec<_>>>()?;
    let read_in = |root: &OwnedFd, path: &str| {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let file = openat2(root, path, flags, Mode::empty(), resolve).map(fs::File::from);
        let is_file = |file: &fs::File| file.metadata().is_ok_and(|metadata| metadata.is_file());
        io::read_to_string(file.ok().filter(is_file)?).ok()
    };
    let read = |path: &str| {
        let text = roots.iter().find_map(|root| read_in(root, path));
        text.unwrap_or_default()
    };
    let passwd = read("etc/passwd");
    match user {
        None => Ok(User::root(&passwd)),
        Some(text) => User::parse(text, &passwd, &read("etc/group"))
            .map_err(|why| Error::because(format!("--user {text}"), why)),
    }
}

/// Makes the source of a mount where it is to be made, and checks that it is there.
pub(crate) fn prepare_source(mount: &Mount) -> Result<()> {
    match &mount.source {
        Source::Bind { path, create, .. } => {
            if *create && fs::symlink_metadata(path).is_err() {
                fs::create_dir_all(path).about(path.display())?;
            }
            fs::metadata(path).map(drop).about(path.display())
        }
        Source::Volume { name } => {
            let path = crate::state::volume(name)?;
            fs::create_dir_all(&path).about(path.display())
        }
        Source::Tmpfs { .. } => Ok(()),
    }
}

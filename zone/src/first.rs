//! The start of a zone's first process and of what zsched needs for it: the same in both ways to
//! isolate.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process;

use host_std::process::{Cloned, clone, new_session_keyring};
use nix::sched::CloneFlags;
use nix::unistd::{Pid, setpgid, setsid};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::bare;
use crate::cgroup::Groups;
use crate::config::Config;
use crate::confine;
use crate::entrance::Entrance;
use crate::error::{Context, Error, Result};
use crate::facts::{Board, Meter};
use crate::gate::Last;
use crate::guard::{self, Guard};
use crate::inside::Inside;
use crate::keeper::Keeper;
use crate::report::{self, Reporter, Reports};
use crate::service::{self, Service, Template};
use crate::state::{Directory, Running};
use crate::supervise::{self, End, Signals, Supervisor};
use crate::terminal::Terminal;

/// A zone without processes.
pub(crate) struct Zone {
    pub(crate) directory: Directory,
    pub(crate) facts: Board,
    meter: Meter,
    entrance: Entrance,
    /// The guests' end of the zone's socket.
    socket: OwnedFd,
    template: Template,
    /// zsched's.
    answers: Option<OwnedFd>,
    /// What the first process says, and where it says it.
    reports: Reports,
    reporter: Reporter,
    /// The terminal that the guest shares with lx.
    terminal: Option<Terminal>,
    /// The file of the brand's image, where no namespace tells the zone's processes from others.
    image: Option<(u64, u64)>,
    /// What else those get that enter it then.
    own: Vec<OwnedFd>,
}

/// What the first process has of its zone.
pub(crate) struct First<'a> {
    pub(crate) facts: &'a Board,
    pub(crate) socket: OwnedFd,
    pub(crate) image: OwnedFd,
    pub(crate) reporter: Reporter,
    pub(crate) bond: Bond,
    /// Where lx keeps what it knows of zones.
    pub(crate) state: &'a Path,
    /// Who opens its gate, and what is done then, if it has one.
    pub(crate) gate: Option<(OwnedFd, Last)>,
}

/// How a zone's first process is made.
pub(crate) struct Way<'a> {
    /// The namespaces that it gets. With `CLONE_PARENT` it is zsched's sibling.
    pub(crate) namespaces: CloneFlags,
    /// How it is confined.
    pub(crate) layers: &'a confine::Report,
    /// Where zsched says that the zone is ready, if it then goes on by itself.
    pub(crate) above: Option<&'a Reporter>,
}

impl Zone {
    /// Makes what `config` describes; dropping it removes all. The zone's processes run `image`.
    /// An engine finds its groups itself.
    pub(crate) fn create(config: &Config, image: OwnedFd) -> Result<Self> {
        let directory = Directory::create(config)?;
        let mut facts = Board::create(&config.name).about("cannot make the zone's facts")?;
        let groups = match config.container {
            Some(_) => Groups::none(),
            None => Groups::create(&config.name, &config.limits)?,
        };
        directory.note_groups(&groups.paths())?;
        let mut meter = Meter::new(config.limits, groups);
        facts.update(&mut meter);
        let (reporter, reports) = report::channel().about("cannot make a socket")?;
        let (socket, zsched_end) = service::socket().about("cannot make the zone's socket")?;
        let entrance =
            Entrance::create(directory.path()).about("cannot make the zone's entrance")?;
        let terminal = match config.terminal || config.container.is_some() {
            true => None,
            false => Terminal::of_this_process(),
        };
        Ok(Self {
            directory,
            facts,
            meter,
            entrance,
            socket,
            template: Template {
                image,
                version: config.kernel_version.clone(),
            },
            answers: Some(zsched_end),
            reports,
            reporter,
            terminal,
            image: None,
            own: Vec::new(),
        })
    }

    /// Its processes are those that run this image, and hold these.
    pub(crate) fn marked_by(self, image: (u64, u64), own: Vec<OwnedFd>) -> Self {
        Self {
            image: Some(image),
            own,
            ..self
        }
    }

    /// zsched's end of the zone's socket, for somebody else to answer there.
    pub(crate) fn take_socket(&mut self) -> Option<OwnedFd> {
        self.answers.take()
    }

    /// Splits this process. The new one, made as `way` says, does what `build` says and
    /// then `guest`, as which it goes on; this one `admit`s it, and is zsched from then on.
    pub(crate) fn run(
        self,
        way: Way<'_>,
        admit: impl FnOnce(Pid) -> Result<()>,
        build: impl FnOnce(First<'_>) -> Result<Inside>,
        guest: impl FnOnce(Result<Inside>) -> u8,
    ) -> Result<End> {
        let service = self.answers.map_or(Ok(Service::Nobody), Service::new);
        let service = service.about("cannot make the zone's socket")?;
        let (go, say_go) = pipe_with(PipeFlags::CLOEXEC).about("cannot make a pipe")?;
        let signals = Signals::block().about("cannot block signals")?;
        let group = self.meter.groups().unified()?;
        let detached = way.above.is_some();
        let cloned = clone(way.namespaces, group.as_ref().map(|group| group.as_fd()))
            .about("the host refuses the namespaces of a zone")?;
        let (pid, pidfd) = match cloned {
            Cloned::Child => {
                drop((say_go, service, self.reports));
                // What goes wrong in an engine's container, the engine is to know.
                let spare = detached.then(|| self.reporter.copy()).transpose();
                let built = self.meter.groups().enter().and_then(|()| {
                    build(First {
                        facts: &self.facts,
                        socket: self.socket,
                        image: self.template.image,
                        reporter: self.reporter,
                        bond: Bond {
                            go,
                            own_group: self.terminal.is_some(),
                            mortal: self.image.is_none() && !detached,
                        },
                        state: self.directory.all(),
                        gate: None,
                    })
                });
                let built = signals.restore().about("signals").and(built);
                if let Ok(Some(spare)) = spare {
                    spare.complain(&built);
                }
                process::exit(i32::from(guest(built)));
            }
            Cloned::Parent { pid, pidfd } => (pid, pidfd),
        };
        drop((go, self.reporter, build, guest));
        let running = Running::now(pid, way.layers, self.image);
        let mark = running.mark();
        let guard = || Guard::start(pidfd.as_fd(), mark).about("cannot start the zone's guard");
        let mut meter = self.meter;
        let ready = admit(pid)
            .and_then(|()| self.directory.describe(&running))
            .and_then(|()| match detached {
                true => settle(&self.directory, &mut meter, pid),
                false => Ok(()),
            })
            .and_then(|()| guard());
        let guard = match ready {
            Ok(guard) => guard,
            Err(error) => {
                supervise::discard(pid);
                return Err(error);
            }
        };
        let terminal = self.terminal.map(|terminal| terminal.give_to(pid));
        if let Some(mark) = mark {
            meter.watch_marked(mark);
        }
        let keeper = Keeper::new(
            self.facts,
            meter,
            self.entrance,
            self.socket,
            (service, self.template),
            (pid, pidfd.try_clone().about("cannot copy a descriptor")?),
            self.own,
        );
        let supervisor =
            Supervisor::new(pid, &signals, terminal.as_ref(), self.reports, Some(keeper));
        let supervisor = match way.above {
            Some(above) => supervisor.detached(pidfd, above),
            None => supervisor,
        };
        let end = let_go(say_go, pid).and_then(|()| supervisor.run().about("cannot wait"));
        if let Some(mark) = mark {
            mark.end();
        }
        drop(guard);
        if mark.is_some() {
            bare::end_children();
        }
        drop((terminal, self.directory));
        end
    }
}

/// zsched goes on without whoever started it, and the engine has put the first process, `pid`, into its
/// groups.
fn settle(directory: &Directory, meter: &mut Meter, pid: Pid) -> Result<()> {
    guard::part().about("cannot part with the engine")?;
    let (groups, paths) = Groups::of(pid);
    directory.note_groups(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    meter.adopt(groups);
    Ok(())
}

/// What ties a new process to its zsched until it is one of the zone's.
pub(crate) struct Bond {
    /// Says that the zone is ready for it.
    pub(crate) go: OwnedFd,
    /// Whether it gets a process group in the same session, instead of a session.
    pub(crate) own_group: bool,
    /// Whether the kernel is to end it with zsched. Where that would not be the end of the zone's
    /// other processes, the guard does better: it ends them first.
    pub(crate) mortal: bool,
}

impl Bond {
    /// Makes this process end with zsched, waits for its word, and leaves its process group, which
    /// the guest could reach by kill(2), and its keys.
    pub(crate) fn part(self) -> Result<()> {
        if self.mortal {
            die_with_zsched()?;
        }
        // The end of zsched comes instead when it gave up, or died before the kernel was told what
        // to do then.
        let mut byte = [0];
        File::from(self.go)
            .read_exact(&mut byte)
            .map_err(|_| Error::new("zsched", io::Error::other("it is gone")))?;
        if self.own_group {
            setpgid(Pid::from_raw(0), Pid::from_raw(0)).about("cannot make a process group")?;
        } else {
            setsid().map(drop).about("cannot make a session")?;
        }
        // Without keyrings in the kernel there are no keys to reach.
        let _ = new_session_keyring();
        Ok(())
    }
}

/// The end of zsched, however it comes, is the end of this process.
fn die_with_zsched() -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).about("cannot bind the zone to zsched")
}

/// Tells the child that the zone is ready for it.
pub(crate) fn let_go(pipe: OwnedFd, child: Pid) -> Result<()> {
    let sent = File::from(pipe).write_all(&[1]);
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

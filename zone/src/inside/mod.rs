//! The child's side: from a copy of `lx` in new namespaces to the zone's first process.

mod copies;
mod cover;
mod dev;
mod layers;
mod loopback;
pub(crate) mod native;
pub(crate) mod placeholders;
mod proc;
mod root;
pub(crate) mod standard;
mod tree;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use host_std::process::close_on_exec_from;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, sethostname, setresgid, setresuid};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::system::setdomainname;

use crate::bare::Mounts;
use crate::config::{Config, Net};
use crate::confine::Confinement;
use crate::container::Container;
use crate::error::{Context, Result};
use crate::first::First;
use crate::gate::Gate;
use crate::passwd::User;
use crate::pty;
use crate::report::Said;
use copies::Copies;
use placeholders::Placeholders;
use root::{Kind, Root};

/// What the guest's first process is started with, inside the zone.
#[derive(Debug)]
pub struct Inside {
    /// A procfs of the zone's processes, mounted nowhere.
    pub proc: OwnedFd,
    /// The zone's facts (`kernel::zone`).
    pub facts: OwnedFd,
    /// The socket to zsched.
    pub socket: OwnedFd,
    /// The brand's image.
    pub image: OwnedFd,
    /// Who the first process is, where the brand keeps the zone's users (`kernel::users`).
    pub users: Option<Vec<u8>>,
    /// The user's home directory.
    pub home: Option<String>,
    pub(crate) confinement: Confinement,
    pub(crate) mounts: Option<Mounts>,
    /// Where it waits before it begins, in the container of an engine.
    pub(crate) gate: Option<Rc<Gate>>,
    /// Whether it ends with its zsched by the kernel's doing.
    pub(crate) mortal: bool,
}

impl Inside {
    /// The descriptors that the brand keeps behind its image, in their order.
    #[must_use]
    pub fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let first = [&self.proc, &self.facts, &self.socket].map(AsFd::as_fd);
        let mounts = self.mounts.iter().flat_map(Mounts::descriptors);
        first.into_iter().chain(mounts).collect()
    }

    /// How many mounts the brand is to look paths up in.
    #[must_use]
    pub fn mounts(&self) -> usize {
        self.mounts.as_ref().map_or(0, Mounts::count)
    }

    /// A path by which this process finds what the zone calls `path`, if those differ. It stays good
    /// as long as the descriptor does.
    ///
    /// # Errors
    /// What openat2(2) says.
    pub fn outside(&self, path: &Path) -> io::Result<Option<(OwnedFd, PathBuf)>> {
        let Some(mounts) = &self.mounts else {
            return Ok(None);
        };
        let fd = mounts.open(path)?;
        let link = PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()));
        Ok(Some((fd, link)))
    }

    /// Where this process is to wait when it is sure that its program can begin.
    #[must_use]
    pub fn gate(&self) -> Option<Rc<Gate>> {
        self.gate.clone()
    }

    /// The last step before the guest: this process takes on its user and loses what the zone does
    /// not need. Of its descriptors the standard ones stay open, and those to `keep`.
    ///
    /// # Errors
    /// Whatever step failed; this process must end then.
    pub fn confine(self, keep: &[RawFd]) -> io::Result<()> {
        let Self {
            proc,
            facts,
            socket,
            image,
            confinement,
            mounts,
            mortal,
            gate,
            ..
        } = self;
        drop(gate);
        // What is kept are copies.
        drop((proc, facts, socket, image, mounts));
        confinement.apply(keep)?;
        if mortal {
            // A change of credentials has undone it.
            set_parent_process_death_signal(Some(Signal::KILL))?;
        }
        Ok(())
    }
}

/// Builds the zone around its first process, in which `user` is to run. `before_root` is done when all
/// is mounted and the host is in sight.
pub(crate) fn build(
    config: &Config,
    user: &User,
    own_users: bool,
    zone: First<'_>,
    confinement: Confinement,
    before_root: &dyn Fn() -> Result<()>,
) -> Result<Inside> {
    let facts = zone.facts.for_reading().about("the zone's facts")?;
    zone.bond.part()?;
    let container = config.container.as_ref();
    if own_users && container.is_some_and(|container| container.ids.is_some()) {
        become_root()?;
    }
    container.map_or(Ok(()), Container::join)?;
    let makes = |kind| container.is_none_or(|container| container.makes(kind));
    // The zone's root of the cgroups is where zsched has put this process.
    unshare(CloneFlags::CLONE_NEWCGROUP).about("cannot make a cgroup namespace")?;
    if makes(CloneFlags::CLONE_NEWUTS) {
        name(config)?;
    }
    container.map_or(Ok(()), Container::tune)?;
    if config.net == Net::None && makes(CloneFlags::CLONE_NEWNET) {
        loopback::up().about("cannot start the loopback device")?;
    }
    let protected = standard::protect().and_then(|protected| protected.tell(&zone.reporter));
    protected.about("the standard descriptors")?;
    let root = Root::make(config, own_users)?;
    // Made while the host's /proc is in sight: the kernel lets a user namespace mount procfs only
    // where one is that hides nothing (mount_too_revealing in fs/namespace.c).
    let procs = proc::make().about("cannot mount the zone's /proc")?;
    let placeholders = Placeholders::make(procs.shown.as_fd(), config.net == Net::None);
    let placeholders = placeholders.about("the zone's /proc")?;
    let device = placeholders.device().about("the zone's /proc")?;
    zone.facts.set_placeholders(device);
    let seen = [procs.hidden.as_fd(), placeholders.contracts()];
    let sent = zone.reporter.send(&Said::Processes, &seen);
    sent.about("cannot tell zsched of the zone's processes")?;
    root.cover()?;
    placeholders.park()?;
    proc::attach(&root, &procs.shown, &placeholders, config.native)?;
    let copies = match confinement.allows_set_id() {
        true => Some(Copies::make(&root)?),
        false => None,
    };
    dev::attach(&root, own_users)?;
    if let Some(container) = container {
        dev::add(&root, &container.devices)?;
    }
    if config.native {
        native::attach(&root)?;
    }
    for mount in tree::in_order(&config.mounts) {
        tree::attach(&root, mount)?;
    }
    if let Some(container) = container {
        cover::mask(&root, &container.masked)?;
        cover::protect(&root, &container.read_only)?;
    }
    if !config.has_own_root() {
        let nothing = placeholders.empty().about("the zone's /proc")?;
        root.attach(nothing, zone.state, Kind::Directory)?;
    }
    before_root()?;
    root.enter(config.read_only)?;
    if let Some(copies) = copies {
        let sent = copies.hand_out(zone.facts, &zone.reporter, procs.hidden.as_fd());
        sent.about("cannot tell zsched where programs get their rights")?;
    }
    standard::reopen().about("the standard descriptors")?;

    if config.terminal {
        let size = container.and_then(|container| container.process.size);
        let master = pty::take(user.uid, size).about("cannot make a terminal")?;
        let sent = zone.reporter.send(&Said::Terminal, &[master.as_fd()]);
        sent.about("cannot hand out the terminal")?;
        if container.is_some() {
            pty::show_console().about("/dev/console")?;
        }
    }
    let kept = container.map_or(0, |container| container.process.descriptors);
    close_on_exec_from(3 + kept).about("cannot close descriptors")?;
    if let Some(container) = container {
        container.process.make_directory()?;
        container.process.prepare()?;
    }
    let gate = zone
        .gate
        .map(|(opener, last)| Gate::new(zone.reporter, Some(opener), Some(last)));
    Ok(Inside {
        proc: procs.hidden,
        facts,
        socket: zone.socket,
        image: zone.image,
        home: user.home.clone(),
        confinement,
        users: None,
        mounts: None,
        mortal: gate.is_none(),
        gate: gate.map(Rc::new),
    })
}

/// In a user namespace where this process's own id is not, it takes on its root's: what it makes there
/// has to belong to somebody.
fn become_root() -> Result<()> {
    let (user, group) = (Uid::from_raw(0), Gid::from_raw(0));
    setresgid(group, group, group).about("the group 0 of the container")?;
    setresuid(user, user, user).about("the user 0 of the container")
}

/// The names that uname(2) tells.
fn name(config: &Config) -> Result<()> {
    let hostname = config.hostname.as_ref();
    let hostname = match &config.container {
        // The host's, where it names none.
        Some(_) => hostname,
        None => Some(hostname.unwrap_or(&config.name)),
    };
    if let Some(name) = hostname {
        sethostname(name).about("cannot set the host name")?;
    }
    let domainname = config
        .container
        .as_ref()
        .and_then(|own| own.domainname.as_ref());
    match domainname {
        Some(name) => setdomainname(name.as_bytes()).about("cannot set the domain name"),
        None => Ok(()),
    }
}

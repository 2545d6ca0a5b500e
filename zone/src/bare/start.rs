//! The start of a zone without namespaces.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sched::CloneFlags;
use rustix::fs::{CWD, Mode, OFlags, fstat, openat};

use super::procs;
use super::tree::Mounts;
use super::users::{Who, file};
use super::warden::Warden;
use crate::config::{Config, Isolation, Net, Source};
use crate::confine::{self, Capabilities, Confinement};
use crate::error::{Context, Error, Result};
use crate::first::{Way, Zone};
use crate::inside::Inside;
use crate::pty::Pair;
use crate::report::Said;
use crate::start::prepare_source;
use crate::supervise::End;

/// Starts the zone that `config` describes, and supervises it to its end; see [`crate::start()`].
///
/// # Errors
/// What could not be set up; nothing is left behind then.
pub(crate) fn start(
    config: &Config,
    image: OwnedFd,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<End> {
    if config.net == Net::None {
        let why = "only namespaces give a zone a network of its own";
        return Err(Error::because("--net none", why));
    }
    if nix::unistd::geteuid().is_root() {
        let why = "root's rights reach beyond the zone's files: start it as an ordinary user";
        return Err(Error::because("--isolation bare", why));
    }
    for mount in &config.mounts {
        if let Source::Tmpfs { options } = &mount.source
            && let Some((key, _)) = options.iter().find(|(key, _)| key != "mode")
        {
            let why = format!("only a zone with namespaces has one with an option '{key}'");
            return Err(Error::because(
                format!("--tmpfs {}", mount.target.display()),
                why,
            ));
        }
    }
    let who = Who::of(config, config.user.as_deref())?;
    for mount in &config.mounts {
        prepare_source(mount)?;
    }
    let mark = ident(&image).about("the brand's image")?;
    let mut zone = Zone::create(config, image)?;
    let pty = config.terminal.then(Pair::make).transpose();
    let pty = pty.about("cannot make a terminal")?;
    let mut mounts = Mounts::prepare(config, zone.directory.path())?;
    if who.kept.is_some() {
        mounts.share_users(file().about("cannot make a file of users")?);
    }
    let own = mounts.descriptors();
    let own = own
        .map(|fd| fd.try_clone_to_owned())
        .collect::<io::Result<_>>();
    let mut extent = mounts.extent(mark).about("the zone's files")?;
    if let (Some(pty), Some(terminals)) = (&pty, &mut extent.terminals) {
        terminals
            .add(&pty.master)
            .about("cannot list the terminal")?;
    }
    let warden = zone
        .take_socket()
        .map(|socket| Warden::start(&socket, extent));
    let warden = warden.transpose().about("cannot start the zone's warden")?;
    let zone = zone.marked_by(mark, own.about("cannot copy a descriptor")?);
    zone.facts.set_placeholders(mounts.placeholders());
    let confinement = confinement(config, &mounts)?;
    let layers = confinement.report().clone();
    procs::adopt().about("cannot adopt the zone's orphans")?;
    let end = zone.run(
        Way {
            namespaces: CloneFlags::empty(),
            layers: &layers,
            above: None,
        },
        |_| Ok(()),
        |first| {
            let facts = first.facts.for_reading().about("the zone's facts")?;
            first.bond.part()?;
            // Orphans of the zone come to its first process, as in a pid namespace.
            procs::adopt().about("cannot adopt the zone's orphans")?;
            let zsched = std::os::unix::process::parent_id();
            first.facts.set_numbers(std::process::id(), zsched);
            if let Some(pty) = pty {
                let sent = first.reporter.send(&Said::Terminal, &[pty.master.as_fd()]);
                sent.about("cannot hand out the terminal")?;
                pty.take().about("cannot make a terminal")?;
            }
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let proc = openat(CWD, "/proc", flags, Mode::empty()).about("/proc")?;
            Ok(Inside {
                proc,
                facts,
                socket: first.socket,
                image: first.image,
                users: who.kept,
                home: who.home,
                confinement,
                mounts: Some(mounts),
                gate: None,
                mortal: false,
            })
        },
        guest,
    );
    drop(warden);
    end
}

/// Device and number of a file.
fn ident(file: &OwnedFd) -> io::Result<(u64, u64)> {
    let status = fstat(file)?;
    Ok((status.st_dev, status.st_ino))
}

/// What the zone's processes lose.
pub(super) fn confinement(config: &Config, mounts: &Mounts) -> Result<Confinement> {
    Confinement::plan(confine::Config {
        trees: mounts.trees().about("cannot copy a descriptor")?,
        calls: Isolation::Bare,
        scopes: true,
        signals: true,
        capabilities: Capabilities::USUAL.without_raw_network(),
        allow_weaker: config.allow_weaker.clone(),
        ..confine::Config::default()
    })
    .map_err(|why| Error::because("this host cannot confine the zone", why))
}

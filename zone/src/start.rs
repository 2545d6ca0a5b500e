//! The start of a zone: everything that can go wrong is checked first.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2};

use crate::config::{Config, Isolation, Mount, Net, Source};
use crate::confine::{self, Capabilities, Confinement, Identity};
use crate::error::{Context, Error, Result};
use crate::first::Zone;
use crate::idmap::IdMap;
use crate::inside::{self, Inside};
use crate::namespaces;
use crate::passwd::User;
use crate::supervise::End;

/// Starts the zone that `config` describes, and supervises it to its end.
///
/// `image` is the brand's, for a zone without namespaces, whose processes are told by it. `guest` goes on in the zone's first process, and is told there whether the zone could be built.
/// It comes back only when it could not start a program, with the exit status.
///
/// # Errors
/// What could not be set up outside the zone; nothing is left behind then.
pub fn start(
    config: &Config,
    image: Option<OwnedFd>,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<End> {
    confine::standard::check().map_err(|why| Error::because("the zone could be left", why))?;
    if config.isolation == Isolation::Bare {
        let image = image.ok_or_else(|| Error::because("the brand's image", "there is none"))?;
        return crate::bare::start(config, image, guest);
    }
    let user = user_of(&config.roots(), config.user.as_deref())?;
    let own_users = !namespaces::is_privileged();
    let ids = own_users.then(|| IdMap::choose(&user)).transpose()?;
    let may_set_groups = ids.as_ref().is_none_or(IdMap::has_groups);
    let confinement = confinement(config, &user, may_set_groups)?;
    for mount in &config.mounts {
        prepare_source(mount)?;
    }

    Zone::create(config)?.run(
        namespaces::flags(config.net, own_users),
        &confinement.report().clone(),
        |pid| ids.as_ref().map_or(Ok(()), |ids| ids.apply(pid)),
        |first| inside::build(config, &user, own_users, first, confinement),
        guest,
    )
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

//! The start of a zone: everything that can go wrong is checked first.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use nix::sched::CloneFlags;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2};

use crate::config::{Config, Isolation, Mount, Net, Source};
use crate::confine::{self, Capabilities, Confinement, Identity};
use crate::container::{Container, Process};
use crate::error::{Context, Error, Result};
use crate::first::{Way, Zone};
use crate::idmap::IdMap;
use crate::inside::{self, Inside};
use crate::namespaces;
use crate::passwd::User;
use crate::service;
use crate::supervise::End;
use crate::upper;

/// Starts the zone that `config` describes, and supervises it to its end.
///
/// The zone's processes run the brand's `image`. `guest` goes on in the first one, and is told there whether the zone could be built.
/// It comes back only when it could not start a program, with the exit status.
///
/// # Errors
/// What could not be set up outside the zone; nothing is left behind then.
pub fn start(
    config: &Config,
    image: OwnedFd,
    guest: impl FnOnce(std::result::Result<Inside, Error>) -> u8,
) -> Result<End> {
    confine::standard::check().map_err(|why| Error::because("the zone could be left", why))?;
    // Locked to the zone's end.
    let upper = config.upper.as_deref();
    let _upper = upper
        .map(|path| upper::take(path, &config.layers))
        .transpose()?;
    if config.isolation == Isolation::Bare {
        return crate::bare::start(config, image, guest);
    }
    let Preparation {
        user,
        ids,
        own_users,
        namespaces,
        confinement,
    } = Preparation::of(config, image.as_fd())?;
    Zone::create(config, image)?.run(
        Way {
            namespaces,
            layers: &confinement.report().clone(),
            above: None,
        },
        |pid| ids.as_ref().map_or(Ok(()), |ids| ids.apply(pid)),
        |first| inside::build(config, &user, own_users, first, confinement, &|| Ok(())),
        guest,
    )
}

/// What is looked up and checked before a zone with namespaces is made.
pub(crate) struct Preparation {
    /// Who runs there.
    pub(crate) user: User,
    /// The ids of a user namespace of its own, and whether it has one.
    pub(crate) ids: Option<IdMap>,
    pub(crate) own_users: bool,
    /// All of its own namespaces.
    pub(crate) namespaces: CloneFlags,
    pub(crate) confinement: Confinement,
}

impl Preparation {
    pub(crate) fn of(config: &Config, image: BorrowedFd<'_>) -> Result<Self> {
        let given = config.container.as_ref().and_then(|own| own.ids.as_ref());
        let user = match &config.container {
            Some(container) => of_container(&config.roots(), &container.process)?,
            None => user_of(&config.roots(), config.user.as_deref())?,
        };
        let own_users = given.is_some() || !namespaces::is_privileged();
        let ids = match given {
            Some(given) => Some(IdMap::given(given)?),
            None => own_users.then(|| IdMap::choose(&user)).transpose()?,
        };
        let may_set_groups = ids.as_ref().is_none_or(IdMap::has_groups);
        let set_id = set_id(config, ids.as_ref(), image);
        let confinement = confinement(config, &user, may_set_groups, set_id)?;
        for mount in &config.mounts {
            prepare_source(mount)?;
        }
        let all = namespaces::flags(config.net, own_users);
        let own = |container: &Container| container.own(all);
        Ok(Self {
            user,
            ids,
            own_users,
            namespaces: config.container.as_ref().map_or(all, own),
            confinement,
        })
    }
}

/// Whether set-id programs gain their privileges in the zone, or why not.
fn set_id(
    config: &Config,
    ids: Option<&IdMap>,
    image: BorrowedFd<'_>,
) -> std::result::Result<(), String> {
    let gains = "set-id programs gain nothing";
    if config.no_new_privileges {
        return Err(gains.to_owned());
    }
    let why = if ids.is_some_and(|ids| !ids.is_real()) {
        "the host gives this user no ids but its own"
    } else if is_fixed(image) {
        // The kernel wants it of whoever makes such a filter without CAP_SYS_ADMIN.
        "calls are caught by a filter"
    } else if !service::tells_birth(image) {
        "the host's kernel does not tell when files in memory were made"
    } else {
        return Ok(());
    };
    Err(format!("{gains}: {why}"))
}

/// Whether the image is one for a fixed address, and calls are caught by a filter.
#[must_use]
pub fn is_fixed(image: BorrowedFd<'_>) -> bool {
    /// Where `e_type` stands (elf(5)).
    const PLACE: u64 = 16;
    /// `ET_EXEC`.
    const EXECUTABLE: [u8; 2] = [2, 0];
    let mut kind = [0; 2];
    let read = rustix::io::pread(image, &mut kind[..], PLACE);
    read == Ok(kind.len()) && kind == EXECUTABLE
}

/// What the zone's processes lose.
pub(crate) fn confinement(
    config: &Config,
    user: &User,
    may_set_groups: bool,
    set_id: std::result::Result<(), String>,
) -> Result<Confinement> {
    let on_host_network = config.net == Net::Host;
    let process = config.container.as_ref().map(|own| &own.process);
    let most = if process.is_some() {
        Capabilities::MOST
    } else {
        Capabilities::USUAL
    };
    let most = if on_host_network {
        most.without_raw_network()
    } else {
        most
    };
    let sets = process.map(|process| process.capabilities.within(most));
    Confinement::plan(confine::Config {
        scopes: on_host_network,
        signals: false,
        capabilities: sets.map_or(most, |sets| sets.bounding),
        sets,
        identity: Some(Identity {
            user: user.uid,
            group: user.gid,
            groups: may_set_groups.then(|| user.groups.clone()),
        }),
        allow_weaker: config.allow_weaker.clone(),
        set_id,
        ..confine::Config::default()
    })
    .map_err(|why| Error::because("this host cannot confine the zone", why))
}

/// Who runs in the zone with these roots, the topmost first, by the zone's files.
pub(crate) fn user_of(roots: &[PathBuf], user: Option<&str>) -> Result<User> {
    let open = |root: &PathBuf| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(rustix::fs::CWD, root, flags, Mode::empty()).about(root.display())
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

/// The one that a container's process is to be, whose home is what the container's files say.
pub(crate) fn of_container(roots: &[PathBuf], process: &Process) -> Result<User> {
    let named = user_of(roots, Some(&process.owner.0.to_string()))?;
    Ok(User {
        home: named.home,
        ..User::of(process)
    })
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
        Source::Tmpfs { .. } | Source::Other { .. } => Ok(()),
    }
}

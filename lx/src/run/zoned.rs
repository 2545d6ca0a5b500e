//! `lx run` with a zone: this process becomes zsched, and its child the zone's first process.

use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use loader::handover::Intercept;
use zone::config::{Config, Isolation, Net, Users};
use zone::inside::Inside;
use zone::limits::Limits;

use super::{Guest, Place, become_guest, environment, go_to};
use crate::cli::{self, Network, Run, Zone};
use crate::failure::Failure;

/// What a program finds in `PATH` when nothing else is said.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Zone {
    /// Whether a zone is asked for.
    pub(super) fn is_asked_for(&self) -> bool {
        self.rootfs.is_some() || !self.layers.is_empty() || self.isolation.is_some()
    }
}

impl Run {
    /// Whether the program runs in a zone of its own.
    pub(crate) fn is_zoned(&self) -> bool {
        self.zone.is_asked_for()
    }
}

/// Runs the program in a zone, to its end.
pub(super) fn run(options: &Run, intercept: Intercept) -> Result<ExitCode, Failure> {
    if cfg!(feature = "without-confinement") {
        let _ = writeln!(
            io::stderr(),
            "lx: built without confinement: for tests only"
        );
    }
    let config = config(options)?;
    let here = env::current_dir().ok();
    // With the host's root, the working directory stays where it is.
    let here = here.filter(|_| !config.has_own_root());
    let start = Start {
        guest: options.guest(),
        directory: options.directory.as_deref().or(here.as_deref()),
        environment: &options.environment,
        intercept,
    };
    let image = super::new_image(intercept)?;
    zone::start(&config, image, |built| start.go_on(&config, built))
        .map_err(|error| failed(&error))?
        .imitate()
}

/// How a program begins in a zone.
pub(super) struct Start<'a> {
    pub(super) guest: Guest<'a>,
    /// The working directory.
    pub(super) directory: Option<&'a Path>,
    /// What is added to the environment.
    pub(super) environment: &'a [CString],
    pub(super) intercept: Intercept,
}

impl Start<'_> {
    /// In a process of the zone, if it could be `built`: goes on as the guest. It comes back with
    /// an exit status when that is impossible.
    pub(super) fn go_on(&self, config: &Config, built: Result<Inside, zone::Error>) -> u8 {
        let started = built
            .map_err(|error| failed(&error))
            .and_then(|inside| self.begin(config, inside));
        let failure = match started {
            Ok(never) => match never {},
            Err(failure) => failure,
        };
        let _ = writeln!(io::stderr(), "lx: {failure}");
        failure.status
    }

    fn begin(&self, config: &Config, inside: Inside) -> Result<Infallible, Failure> {
        let root = config.rootfs.as_deref().map(|_| Path::new("/"));
        if let Some(directory) = self.directory.or(root) {
            let outside = inside.outside(directory);
            let outside = outside.map_err(|error| Failure::about(directory.display(), &error))?;
            go_to(outside.as_ref().map_or(directory, |(_, path)| path))?;
        }
        let inherited = match config.has_own_root() {
            true => fresh(config, inside.home.as_deref())?,
            false => host_std::entry::environment(),
        };
        let environment = environment::merge(inherited, self.environment.to_vec());
        become_guest(
            &self.guest,
            self.intercept,
            environment,
            Place::Zone(Box::new(inside)),
        )
    }
}

pub(super) fn failed(error: &zone::Error) -> Failure {
    Failure::about(&error.subject, &error.error)
}

/// The environment of a zone with a root of its own.
fn fresh(config: &Config, home: Option<&str>) -> Result<Vec<CString>, Failure> {
    let hostname = config.hostname.as_ref().unwrap_or(&config.name);
    let mut strings: Vec<OsString> = vec![
        PATH.into(),
        format!("HOSTNAME={hostname}").into(),
        format!("HOME={}", home.unwrap_or("/")).into(),
    ];
    if let Some(terminal) = env::var_os("TERM").filter(|_| io::stdin().is_terminal()) {
        let mut string = OsString::from("TERM=");
        string.push(terminal);
        strings.push(string);
    }
    let strings = strings.into_iter().map(|string| {
        CString::new(string.into_vec()).map_err(|error| Failure::own(error.to_string()))
    });
    strings.collect()
}

fn config(run: &Run) -> Result<Config, Failure> {
    let options = &run.zone;
    let mut mounts = Vec::new();
    for mount in [&options.tmpfs, &options.volumes, &options.mount] {
        mounts.extend(mount.iter().cloned());
    }
    for mount in &mut mounts {
        if let zone::config::Source::Bind { path, .. } = &mut mount.source {
            *path = std::path::absolute(&*path)
                .map_err(|error| Failure::about(path.display(), &error))?;
        }
    }
    let isolation = isolation(options.isolation, !options.layers.is_empty())?;
    let users = users(options, isolation)?;
    Ok(Config {
        isolation,
        name: options.name.clone().unwrap_or_else(random_name),
        rootfs: options.rootfs.as_deref().map(root).transpose()?,
        layers: options
            .layers
            .iter()
            .map(|layer| root(layer))
            .collect::<Result<_, _>>()?,
        upper: options
            .upper
            .as_ref()
            .map(|path| {
                std::path::absolute(path).map_err(|error| Failure::about(path.display(), &error))
            })
            .transpose()?,
        hostname: options.hostname.clone(),
        user: options.user.clone(),
        users,
        read_only: options.read_only,
        mounts,
        net: match options.net {
            Some(Network::Host) => Net::Host,
            Some(Network::None) => Net::None,
            None if isolation == Isolation::Bare => Net::Host,
            None => Net::None,
        },
        limits: Limits {
            memory: options.memory,
            pids: options.pids,
            cpus: options.cpus,
        },
        init: options.init,
        // The host's root has its tools anyway.
        native: (options.rootfs.is_some() || !options.layers.is_empty()) && !options.no_native,
        terminal: options.terminal,
        kernel_version: run.kernel_version.clone(),
        no_new_privileges: options.no_new_privileges,
        allow_weaker: options.allow_weaker.clone(),
        container: None,
    })
}

/// Whose users the zone has.
fn users(options: &cli::Zone, isolation: Isolation) -> Result<Users, Failure> {
    let refused = |what: &str, why: &str| Err(Failure::own(format!("{what}: {why}")));
    match options.users {
        Some(cli::Users::Host) if isolation == Isolation::Namespaces => {
            let why = "only a zone without namespaces has the host's users";
            refused("--users host", why)
        }
        Some(cli::Users::Zone) if isolation == Isolation::Bare && !options.layers.is_empty() => {
            let why = "a zone of layers without namespaces has the host's users";
            refused("--users zone", why)
        }
        Some(cli::Users::Host) => Ok(Users::Host),
        Some(cli::Users::Zone) => Ok(Users::Zone),
        None => match &options.rootfs {
            Some(root) if root != Path::new("/") => Ok(Users::Zone),
            _ => Ok(Users::Host),
        },
    }
}

/// The way to isolate. The bare way keeps less apart, so that it must be asked for, if only by
/// leaving it to what the host offers.
fn isolation(asked: Option<cli::Isolation>, layered: bool) -> Result<Isolation, Failure> {
    match asked {
        Some(cli::Isolation::Bare) => Ok(Isolation::Bare),
        Some(cli::Isolation::Namespaces) => Ok(Isolation::Namespaces),
        Some(cli::Isolation::Auto) if layered && !zone::has_overlayfs() => Ok(Isolation::Bare),
        None | Some(cli::Isolation::Auto) if zone::has_namespaces() => Ok(Isolation::Namespaces),
        Some(cli::Isolation::Auto) => Ok(Isolation::Bare),
        None => Err(Failure::own(
            "this host refuses namespaces; --isolation bare does without them, and keeps less apart",
        )),
    }
}

/// The root directory, which must be there.
fn root(path: &Path) -> Result<PathBuf, Failure> {
    let about = |error| Failure::about(path.display(), &error);
    let root = fs::canonicalize(path).map_err(about)?;
    match fs::metadata(&root).map_err(about)?.is_dir() {
        true => Ok(root),
        false => Err(about(io::ErrorKind::NotADirectory.into())),
    }
}

fn random_name() -> String {
    // Twelve digits, as the short ids of containers.
    let random = RandomState::new().build_hasher().finish() & ((1 << 48) - 1);
    format!("{random:012x}")
}

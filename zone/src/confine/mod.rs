//! Confinement: what the zone's first process gives up before the brand starts in it. The guest
//! shares its address space with the brand and can make any host call that the brand can, so this,
//! and not the brand, is what keeps it inside.

mod bpf;
mod capabilities;
mod filter;
mod layer;
mod paths;
pub(crate) mod standard;

use std::fs;
use std::io;
use std::os::fd::RawFd;

use host_std::{confine as host, probe};
use nix::sys::prctl;
use nix::sys::resource::{Resource, rlim_t, setrlimit};

use crate::config::Isolation;

pub use capabilities::{Capabilities, Identity, Sets};
pub use layer::{Layer, Report, State};
pub use paths::Tree;

/// Whether this build leaves confinement out, so that the escape suite can show what it stops.
pub(crate) const LEFT_OUT: bool = cfg!(feature = "without-confinement");

#[cfg(all(feature = "without-confinement", not(debug_assertions)))]
compile_error!("without-confinement is for tests, and for no release");

/// `SECCOMP_RET_ERRNO` (seccomp(2)).
const SECCOMP_RET_ERRNO: u32 = 0x0005_0000;

/// What a zone wants.
#[derive(Debug)]
pub struct Config {
    /// Which host calls its processes make.
    pub calls: Isolation,
    /// What its processes may do with files: its root, and what the brand keeps open. With none,
    /// Landlock is not asked about files, which costs each open(2) a tenth of its time even where
    /// the rules say nothing about opening. Namespaces hide what is outside as well.
    pub trees: Vec<Tree>,
    /// Whether only Landlock's scopes keep abstract sockets or signals inside: without a network
    /// namespace, or without a PID namespace. With both they are not used: a process that enters
    /// the zone later cannot be in the same domain, and could look at no other process.
    pub scopes: bool,
    /// Whether that goes for signals too: without a PID namespace.
    pub signals: bool,
    /// Whether set-id programs gain their privileges, or why not.
    pub set_id: Result<(), String>,
    /// The capabilities of the zone's superuser.
    pub capabilities: Capabilities,
    /// Those of the process itself, if its user does not say that.
    pub sets: Option<Sets>,
    /// Whom the first process runs as; `None` when that is done.
    pub identity: Option<Identity>,
    /// Resource limits, soft and hard.
    pub limits: Vec<(Resource, rlim_t, rlim_t)>,
    /// Layers that may be missing.
    pub allow_weaker: Vec<Layer>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            calls: Isolation::Namespaces,
            trees: Vec::new(),
            scopes: true,
            signals: true,
            set_id: Err("set-id programs gain nothing".to_owned()),
            capabilities: Capabilities::USUAL,
            sets: None,
            identity: None,
            limits: core_limit(&host_core_pattern()).into_iter().collect(),
            allow_weaker: Vec::new(),
        }
    }
}

/// What the host's kernel does with core dumps (core(5)).
fn host_core_pattern() -> Vec<u8> {
    // Where that cannot be told, it may be a program.
    fs::read("/proc/sys/kernel/core_pattern").unwrap_or_else(|_| b"|".to_vec())
}

/// The limit on core dumps, where the host would hand them to a program or socket of its own, or write
/// them to a folder of its choice. A file with a plain name comes to lie where the zone's process works,
/// written with its rights. 0 does not keep the kernel from piping, 1 does (core(5)).
fn core_limit(pattern: &[u8]) -> Option<(Resource, rlim_t, rlim_t)> {
    let is_plain = !matches!(pattern.first(), Some(b'|' | b'@')) && !pattern.contains(&b'/');
    (!is_plain).then_some((Resource::RLIMIT_CORE, 1, 1))
}

/// What will be done, after the host was asked what it has.
#[derive(Debug)]
pub struct Confinement {
    config: Config,
    files: bool,
    scopes: bool,
    report: Report,
}

impl Confinement {
    /// Asks the host, and says what will hold.
    ///
    /// # Errors
    /// A line for the user, when the host lacks a layer that `allow_weaker` does not name.
    pub fn plan(config: Config) -> Result<Self, String> {
        if LEFT_OUT {
            return Ok(Self::none(config));
        }
        let landlock = probe::landlock_abi();
        let mut report = Report::default();

        let calls = filter::count(config.calls);
        match probe::seccomp_action(SECCOMP_RET_ERRNO) {
            Ok(()) => report.active(Layer::Seccomp, format!("{calls} host calls")),
            Err(error) => report.absent(Layer::Seccomp, error.to_string()),
        }
        match &config.set_id {
            Ok(()) => report.absent(Layer::NoNewPrivs, "set-id programs are allowed"),
            Err(why) => report.active(Layer::NoNewPrivs, why.clone()),
        }
        let trees = config.trees.len();
        let files = trees > 0
            && landlock_layer(
                &mut report,
                Layer::Landlock,
                &landlock,
                &format!("{trees} trees of files"),
            );
        if trees == 0 {
            report.absent(Layer::Landlock, "namespaces hide the files outside");
        }
        let what = match config.signals {
            true => "no abstract sockets and signals",
            false => "no abstract sockets",
        };
        let scopes =
            config.scopes && landlock_layer(&mut report, Layer::LandlockScopes, &landlock, what);
        if !config.scopes {
            let why = "namespaces keep sockets and signals inside";
            report.absent(Layer::LandlockScopes, why);
        }
        report.active(
            Layer::Capabilities,
            format!("{} kept", config.capabilities.count()),
        );
        report.active(Layer::Limits, format!("{} set", config.limits.len()));
        report.active(Layer::Descriptors, "the standard ones and the brand's");

        let wanted = |layer| match layer {
            Layer::NoNewPrivs => config.set_id.is_err(),
            Layer::Landlock => !config.trees.is_empty(),
            Layer::LandlockScopes => config.scopes,
            _ => true,
        };
        for state in &report.layers {
            let may_miss = config.allow_weaker.contains(&state.layer);
            if !state.active && wanted(state.layer) && !may_miss {
                return Err(format!(
                    "{}: {} (--allow-weaker {} starts it without)",
                    state.layer, state.detail, state.layer
                ));
            }
        }
        Ok(Self {
            config,
            files,
            scopes,
            report,
        })
    }

    /// Nothing holds.
    fn none(config: Config) -> Self {
        let mut report = Report::default();
        for layer in Layer::ALL {
            report.absent(layer, "left out of this build");
        }
        Self {
            config,
            files: false,
            scopes: false,
            report,
        }
    }

    /// What holds once [`Confinement::apply`] is done.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Whether set-id programs gain their privileges.
    #[must_use]
    pub fn allows_set_id(&self) -> bool {
        self.config.set_id.is_ok()
    }

    /// Confines this process, which must have one thread only. What follows is the exec: its
    /// descriptors are closed, whoever owns them, but the standard ones and those to `keep`.
    ///
    /// # Errors
    /// Whatever step failed, with its name; the process is then confined in part, and must end.
    pub fn apply(self, keep: &[RawFd]) -> io::Result<()> {
        if LEFT_OUT {
            return Ok(());
        }
        let config = self.config;
        for (resource, soft, hard) in &config.limits {
            setrlimit(*resource, *soft, *hard)
                .map_err(|errno| named("resource limits", errno.into()))?;
        }
        let no_new_privs = config.set_id.is_err();
        if no_new_privs {
            prctl::set_no_new_privs().map_err(|errno| named("no_new_privs", errno.into()))?;
        }
        if self.files || self.scopes {
            let scopes = paths::scopes(self.scopes, config.signals);
            paths::restrict(&config.trees, self.files, scopes, no_new_privs)
                .map_err(|error| named("Landlock", error))?;
        }
        capabilities::bound(config.capabilities, no_new_privs)
            .map_err(|error| named("capabilities", error))?;
        // While CAP_SYS_ADMIN is there, without which the kernel wants no_new_privs. What follows
        // the filter allows, as it does to every guest.
        if self.report.holds(Layer::Seccomp) {
            filter::install(config.calls).map_err(|error| named("seccomp filter", error))?;
        }
        // Once its capabilities are theirs, other processes of the zone could look into this one,
        // whose program is still lx: /proc/PID/exe, kept open, would be written to later. The exec
        // makes it as other processes are.
        prctl::set_dumpable(false).map_err(|errno| named("dumpable", errno.into()))?;
        capabilities::take_on(
            config.identity.as_ref(),
            config.capabilities,
            config.sets.as_ref(),
        )
        .map_err(|error| named("capabilities", error))?;
        drop(config.trees);
        close_others(keep).map_err(|error| named("descriptors", error))
    }
}

/// Notes whether a part of Landlock can be had, and what it does.
fn landlock_layer(report: &mut Report, layer: Layer, abi: &io::Result<i64>, what: &str) -> bool {
    let needed = match layer {
        Layer::LandlockScopes => paths::SCOPES,
        _ => paths::OLDEST,
    };
    match abi {
        Ok(abi) if *abi >= needed => {
            report.active(layer, format!("{what} (ABI {abi})"));
            return true;
        }
        Ok(abi) => report.absent(layer, format!("ABI {abi} is older than {needed}")),
        Err(error) => report.absent(layer, error.to_string()),
    }
    false
}

/// Closes all descriptors but the standard ones and those to keep.
pub(crate) fn close_others(keep: &[RawFd]) -> io::Result<()> {
    for (first, last) in gaps(keep) {
        host::close_range(first, last)?;
    }
    Ok(())
}

/// The ranges, first and last, between the numbers to keep.
fn gaps(keep: &[RawFd]) -> Vec<(RawFd, RawFd)> {
    let mut kept: Vec<RawFd> = keep.iter().copied().filter(|fd| *fd > 2).collect();
    kept.sort_unstable();
    let mut gaps = Vec::new();
    let mut first = 3;
    for fd in kept {
        if fd > first {
            gaps.push((first, fd - 1));
        }
        first = fd.saturating_add(1);
    }
    gaps.push((first, RawFd::MAX));
    gaps
}

fn named(step: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{step}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Config, Confinement, Layer, core_limit, gaps};

    #[test]
    fn what_lies_between_kept_descriptors_is_closed() {
        let end = i32::MAX;
        assert_eq!(gaps(&[]), [(3, end)]);
        assert_eq!(gaps(&[0, 2, 3]), [(4, end)]);
        assert_eq!(gaps(&[9, 5, 5, 6]), [(3, 4), (7, 8), (10, end)]);
    }

    #[test]
    fn cores_are_files_of_the_zone_or_nothing() {
        for pattern in [
            "|/usr/lib/systemd/systemd-coredump",
            "@/run/cores",
            "/var/crash/%e",
            "../c",
        ] {
            assert!(core_limit(pattern.as_bytes()).is_some(), "{pattern}");
        }
        for pattern in ["core\n", "core.%p\n", "\n"] {
            assert!(core_limit(pattern.as_bytes()).is_none(), "{pattern}");
        }
    }

    #[test]
    fn a_plan_names_every_layer() {
        let config = Config {
            allow_weaker: Layer::ALL.to_vec(),
            ..Config::default()
        };
        let plan = Confinement::plan(config).expect("all may be missing");
        let layers: Vec<Layer> = plan.report().layers.iter().map(|s| s.layer).collect();
        assert_eq!(layers, Layer::ALL);
        assert!(!plan.report().holds(Layer::Landlock), "no tree was named");
    }
}

//! From a container's configuration to a zone's: data in, data out. What a zone cannot be is refused
//! here, before anything is made.

mod linux;
mod mounts;
mod process;
mod seccomp;

use std::path::PathBuf;

use zone::config::{Config, Isolation, Net};
use zone::container::Container;
use zone::limits::Limits;

use crate::bundle::Bundle;
use crate::container::zone_name;
use crate::error::{Error, Result};

pub(crate) use process::{NAMES, program, zones_process};

/// An annotation that says what uname(2) tells.
const KERNEL_VERSION: &str = "org.lx.kernel-version";
/// One that asks for the host's tools.
const NATIVE: &str = "org.lx.native";
/// One for the way to isolate.
const ISOLATION: &str = "org.lx.isolation";

/// The zone that a bundle is to be.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: Config,
    /// What is not done as it was asked for.
    pub(crate) warnings: Vec<String>,
}

/// Makes it. `descriptors` are left to the program beside the standard ones.
pub(crate) fn plan(bundle: &Bundle, id: &str, descriptors: i32) -> Result<Plan> {
    let spec = &bundle.spec;
    let process = bundle.process()?;
    if spec.vm().is_some() || spec.windows().is_some() || spec.solaris().is_some() {
        return Err(Error::new("config.json: not for Linux"));
    }
    let mut warnings = Vec::new();
    let annotation = |name: &str| spec.annotations().as_ref()?.get(name).cloned();
    match annotation(ISOLATION).as_deref() {
        None | Some("namespaces") => {}
        Some(other) => {
            let why = "the container of an engine is isolated by namespaces";
            return Err(Error::new(format!("{ISOLATION}={other}: {why}")));
        }
    }
    let namespaces = linux::namespaces(spec)?;
    let root = spec.root().as_ref();
    let mut mounts = Vec::new();
    for mount in spec.mounts().iter().flatten() {
        mounts.extend(mounts::mount(mount, &bundle.path)?);
    }
    let linux = spec.linux().as_ref();
    linux::refuse(spec)?;
    let container = Container {
        joined: namespaces.joined,
        shared: namespaces.shared,
        ids: linux::ids(spec)?,
        domainname: spec.domainname().clone(),
        sysctls: linux::sysctls(spec, namespaces.host_network)?,
        devices: linux::devices(spec)?,
        masked: paths(linux.and_then(|linux| linux.masked_paths().as_ref())),
        read_only: paths(linux.and_then(|linux| linux.readonly_paths().as_ref())),
        process: zones_process(process, descriptors, &mut warnings)?,
    };
    let config = Config {
        name: zone_name(id),
        isolation: Isolation::Namespaces,
        rootfs: Some(bundle.root()?),
        layers: Vec::new(),
        upper: None,
        hostname: spec.hostname().clone().filter(|name| !name.is_empty()),
        user: None,
        users: zone::config::Users::default(),
        read_only: root.and_then(|root| root.readonly()).unwrap_or(false),
        native: annotation(NATIVE).is_some_and(|value| value == "true"),
        mounts,
        net: match namespaces.host_network {
            true => Net::Host,
            false => Net::None,
        },
        limits: linux::limits(spec),
        init: false,
        terminal: process.terminal().unwrap_or(false),
        kernel_version: annotation(KERNEL_VERSION),
        no_new_privileges: process.no_new_privileges().unwrap_or(false),
        allow_weaker: Vec::new(),
        container: Some(container),
    };
    Ok(Plan { config, warnings })
}

fn paths(texts: Option<&Vec<String>>) -> Vec<PathBuf> {
    texts.into_iter().flatten().map(PathBuf::from).collect()
}

/// Limits that are shown in the zone's /proc; the groups enforce them.
pub(crate) fn shown(memory: Option<i64>, pids: Option<i64>, cpu: Option<(i64, u64)>) -> Limits {
    let positive = |number: i64| u64::try_from(number).ok().filter(|number| *number > 0);
    Limits {
        memory: memory.and_then(positive),
        pids: pids.and_then(positive),
        cpus: cpu.and_then(|(quota, period)| {
            let thousandths = positive(quota)?.checked_mul(1000)?.checked_div(period)?;
            u32::try_from(thousandths).ok().filter(|cpus| *cpus > 0)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn limits_are_shown_where_there_are_any() {
        let limits = shown(Some(64 << 20), Some(-1), Some((150_000, 100_000)));
        assert_eq!(limits.memory, Some(64 << 20));
        assert_eq!((limits.pids, limits.cpus), (None, Some(1500)));
        assert_eq!(
            shown(Some(-1), None, Some((-1, 100_000))),
            shown(None, None, None)
        );
        assert_eq!(shown(None, None, Some((1, 0))).cpus, None);
    }
}

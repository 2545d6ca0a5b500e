//! The section `linux` of a configuration.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use oci_spec::runtime::{LinuxDeviceType, LinuxIdMapping, LinuxNamespaceType, Spec};
use zone::container::{Device, Ids, Joined};
use zone::limits::Limits;

use super::shown;
use crate::error::{Context, Error, Result};

/// The namespaces that are not the zone's own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Namespaces {
    pub(super) joined: Vec<Joined>,
    pub(super) shared: Vec<String>,
    pub(super) host_network: bool,
}

/// Those that a zone can do without.
const OPTIONAL: [(LinuxNamespaceType, &str); 3] = [
    (LinuxNamespaceType::Network, "net"),
    (LinuxNamespaceType::Ipc, "ipc"),
    (LinuxNamespaceType::Uts, "uts"),
];

/// What the configuration lists.
pub(super) fn namespaces(spec: &Spec) -> Result<Namespaces> {
    let listed = spec
        .linux()
        .as_ref()
        .and_then(|linux| linux.namespaces().as_ref());
    let listed = listed.map_or(&[][..], Vec::as_slice);
    let find = |kind| listed.iter().find(|namespace| namespace.typ() == kind);
    let refused = |what: &str| Err(Error::new(format!("config.json: {what}")));
    for kind in [LinuxNamespaceType::Mount, LinuxNamespaceType::Pid] {
        match find(kind) {
            None => return refused(&format!("a container of lx needs a {kind} namespace")),
            Some(namespace)
                if namespace
                    .path()
                    .as_ref()
                    .is_some_and(|path| *path != Path::new("")) =>
            {
                return refused(&format!(
                    "a container of lx needs a {kind} namespace of its own"
                ));
            }
            Some(_) => {}
        }
    }
    if find(LinuxNamespaceType::Time).is_some() {
        return refused("time namespaces are not supported");
    }
    let users = find(LinuxNamespaceType::User);
    if users.is_some_and(|namespace| namespace.path().is_some()) {
        return refused("a user namespace that is there already is not supported");
    }
    let mut found = Namespaces::default();
    for (kind, name) in OPTIONAL {
        let path = find(kind).map(|namespace| namespace.path().clone().unwrap_or_default());
        match path {
            Some(path) if path == Path::new("") => {}
            Some(path) if !is_own(&path, name)? => found.joined.push(Joined {
                kind: name.to_owned(),
                path,
            }),
            _ => found.shared.push(name.to_owned()),
        }
    }
    found.host_network = found.shared.iter().any(|name| name == "net");
    Ok(found)
}

/// Whether the file is this process's namespace of that name.
fn is_own(path: &Path, name: &str) -> Result<bool> {
    let other = fs::metadata(path).about(format_args!("namespace {}", path.display()))?;
    let own = fs::metadata(format!("/proc/self/ns/{name}")).about("/proc/self/ns")?;
    Ok((own.dev(), own.ino()) == (other.dev(), other.ino()))
}

/// What a container of lx cannot have.
pub(super) fn refuse(spec: &Spec) -> Result<()> {
    let Some(linux) = spec.linux() else {
        return Ok(());
    };
    let wrong = |what: &str| Err(Error::new(format!("config.json: {what} is not supported")));
    if linux.time_offsets().is_some() {
        return wrong("linux.timeOffsets");
    }
    if linux.intel_rdt().is_some() {
        return wrong("linux.intelRdt");
    }
    if linux.memory_policy().is_some() {
        return wrong("linux.memoryPolicy");
    }
    if linux
        .net_devices()
        .as_ref()
        .is_some_and(|devices| !devices.is_empty())
    {
        return wrong("linux.netDevices");
    }
    if linux.personality().is_some() {
        return wrong("linux.personality");
    }
    if linux
        .mount_label()
        .as_ref()
        .is_some_and(|label| !label.is_empty())
    {
        return wrong("linux.mountLabel");
    }
    Ok(())
}

/// The ids of its user namespace, if it is to have one.
pub(super) fn ids(spec: &Spec) -> Result<Option<Ids>> {
    let Some(linux) = spec.linux() else {
        return Ok(None);
    };
    let mut listed = linux.namespaces().iter().flatten();
    if !listed.any(|namespace| namespace.typ() == LinuxNamespaceType::User) {
        return Ok(None);
    }
    let ranges = |mappings: &Option<Vec<LinuxIdMapping>>| -> Vec<(u32, u32, u32)> {
        let mappings = mappings.iter().flatten();
        mappings
            .map(|range| (range.container_id(), range.host_id(), range.size()))
            .collect()
    };
    let ids = Ids {
        users: ranges(linux.uid_mappings()),
        groups: ranges(linux.gid_mappings()),
    };
    match ids.users.is_empty() || ids.groups.is_empty() {
        true => Err(Error::new(
            "config.json: a user namespace needs uidMappings and gidMappings",
        )),
        false => Ok(Some(ids)),
    }
}

/// Values of /proc/sys that are of the container's own namespaces, as runc allows them.
pub(super) fn sysctls(spec: &Spec, host_network: bool) -> Result<Vec<(String, String)>> {
    let linux = spec.linux().as_ref();
    let asked = linux.and_then(|linux| linux.sysctl().as_ref());
    let mut values = Vec::new();
    for (name, value) in asked.into_iter().flatten() {
        let name = name.replace('/', ".");
        match !host_network && name.starts_with("net.") || is_of_ipc(&name) {
            true if !name.contains("..") => values.push((name, value.clone())),
            _ => {
                let why = "is not in a separate kernel namespace";
                return Err(Error::new(format!("sysctl {name:?} {why}")));
            }
        }
    }
    values.sort();
    Ok(values)
}

fn is_of_ipc(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    NAMES.contains(&name) || name.starts_with("fs.mqueue.")
}

/// Devices in /dev.
pub(super) fn devices(spec: &Spec) -> Result<Vec<Device>> {
    let linux = spec.linux().as_ref();
    let listed = linux.and_then(|linux| linux.devices().as_ref());
    let mut devices = Vec::new();
    for device in listed.into_iter().flatten() {
        let path = device.path();
        let name = path.display();
        if !path.starts_with("/dev") || path.components().any(|part| part.as_os_str() == "..") {
            return Err(Error::new(format!("device {name}: it is not below /dev")));
        }
        let block = match device.typ() {
            LinuxDeviceType::B => true,
            LinuxDeviceType::C | LinuxDeviceType::U => false,
            _ => {
                return Err(Error::new(format!(
                    "device {name}: neither for blocks nor characters"
                )));
            }
        };
        let number = |number: i64| {
            u32::try_from(number).map_err(|_| Error::new(format!("device {name}: {number}")))
        };
        devices.push(Device {
            path: path.clone(),
            block,
            number: (number(device.major())?, number(device.minor())?),
            mode: device.file_mode().unwrap_or(0o666),
            owner: (device.uid().unwrap_or(0), device.gid().unwrap_or(0)),
        });
    }
    Ok(devices)
}

/// What the zone's /proc tells of its limits.
pub(super) fn limits(spec: &Spec) -> Limits {
    let linux = spec.linux().as_ref();
    let Some(resources) = linux.and_then(|linux| linux.resources().as_ref()) else {
        return Limits::default();
    };
    let cpu = resources.cpu().as_ref();
    shown(
        resources
            .memory()
            .as_ref()
            .and_then(|memory| memory.limit()),
        resources.pids().as_ref().map(|pids| pids.limit()),
        cpu.and_then(|cpu| Some((cpu.quota()?, cpu.period().unwrap_or(100_000)))),
    )
}

#[cfg(test)]
mod tests {
    use super::{devices, ids, namespaces, refuse, sysctls};
    use oci_spec::runtime::Spec;
    use serde_json::{Value, json};

    fn spec(linux: Value) -> Spec {
        let value = json!({ "ociVersion": "1.2.0", "linux": linux });
        serde_json::from_value(value).expect("it is one")
    }

    #[test]
    fn namespaces_are_made_joined_or_the_hosts() {
        let listed = |more: Vec<Value>| {
            let mut all = vec![json!({"type": "mount"}), json!({"type": "pid"})];
            all.extend(more);
            namespaces(&spec(json!({ "namespaces": all })))
        };
        let bare = listed(vec![]).expect("it can be");
        assert_eq!(bare.shared, ["net", "ipc", "uts"]);
        assert!(bare.host_network && bare.joined.is_empty());
        let own = listed(vec![
            json!({"type": "network"}),
            json!({"type": "uts", "path": ""}),
            json!({"type": "ipc", "path": "/proc/self/ns/ipc"}),
        ]);
        let own = own.expect("it can be");
        assert_eq!(
            (own.shared, own.host_network),
            (vec!["ipc".to_owned()], false)
        );
        // Any file of another inode.
        let joined = listed(vec![json!({"type": "network", "path": "/etc/passwd"})]);
        let joined = joined.expect("it can be");
        assert_eq!(joined.joined.len(), 1);
        assert!(!joined.host_network);
        for bad in [
            json!({"type": "time"}),
            json!({"type": "user", "path": "/proc/1/ns/user"}),
            json!({"type": "network", "path": "/no/such"}),
        ] {
            assert!(listed(vec![bad.clone()]).is_err(), "{bad}");
        }
        assert!(namespaces(&spec(json!({ "namespaces": [{"type": "mount"}] }))).is_err());
        assert!(
            namespaces(&spec(json!({ "namespaces": [
            {"type": "mount"}, {"type": "pid", "path": "/proc/1/ns/pid"}] })))
            .is_err()
        );
    }

    #[test]
    fn only_a_namespaces_own_values_are_set() {
        let values = |name: &str, host| {
            sysctls(&spec(json!({ "sysctl": { name: "1" } })), host).map(|values| values.len())
        };
        assert_eq!(values("net.ipv4.ip_forward", false), Ok(1));
        assert_eq!(values("kernel.shmmax", true), Ok(1));
        for bad in [
            "kernel.core_pattern",
            "vm.swappiness",
            "net",
            "fs.mqueue/../../x",
        ] {
            assert!(values(bad, false).is_err(), "{bad}");
        }
        assert!(values("net.core.somaxconn", true).is_err());
    }

    #[test]
    fn ids_come_with_a_namespace() {
        let range = json!([{"containerID": 0, "hostID": 1000, "size": 1}]);
        let one =
            json!({"namespaces": [{"type": "user"}], "uidMappings": range, "gidMappings": range});
        let ids_of = |value| ids(&spec(value));
        let found = ids_of(one).expect("it can be").expect("it has some");
        assert_eq!(found.users, [(0, 1000, 1)]);
        assert_eq!(ids_of(json!({"uidMappings": range})), Ok(None));
        assert!(ids_of(json!({"namespaces": [{"type": "user"}]})).is_err());
    }

    #[test]
    fn devices_stay_in_dev() {
        let one = |path: &str, kind: &str| {
            devices(&spec(json!({"devices": [
                {"path": path, "type": kind, "major": 10, "minor": 229}]})))
        };
        let fuse = one("/dev/fuse", "c").expect("it can be");
        assert_eq!((fuse[0].number, fuse[0].mode), ((10, 229), 0o666));
        assert!(one("/etc/x", "c").is_err() && one("/dev/../x", "b").is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(refuse(&spec(json!({}))), Ok(()));
        let clock = json!({"timeOffsets": {"monotonic": {"secs": 1}}});
        for bad in [clock, json!({"intelRdt": {}}), json!({"mountLabel": "x"})] {
            assert!(refuse(&spec(bad.clone())).is_err(), "{bad}");
        }
    }
}

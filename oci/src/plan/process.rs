//! The process of a container.

use std::ffi::{CString, OsString};
use std::path::PathBuf;

use oci_spec::runtime::{Capabilities as Named, LinuxCapabilities, PosixRlimitType, Process};
use zone::confine::{Capabilities, Sets};
use zone::container::Process as ZonesProcess;

use crate::Program;
use crate::error::{Error, Result};

/// The capabilities in the order of their numbers (capabilities(7)).
pub(crate) const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What the zone needs to know of it. What it does not get is noted in `warnings`.
pub(crate) fn zones_process(
    process: &Process,
    descriptors: i32,
    warnings: &mut Vec<String>,
) -> Result<ZonesProcess> {
    let wrong = |what: &str| Err(Error::new(format!("process: {what} is not supported")));
    let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if is_set(process.apparmor_profile()) {
        return wrong("apparmorProfile");
    }
    if is_set(process.selinux_label()) {
        return wrong("selinuxLabel");
    }
    if process.scheduler().is_some() {
        return wrong("scheduler");
    }
    if process.io_priority().is_some() {
        return wrong("ioPriority");
    }
    let sets = process
        .capabilities()
        .as_ref()
        .map(sets)
        .unwrap_or_default();
    let lost = (0..64).filter(|n| sets.bounding.contains(*n) && !Capabilities::MOST.contains(*n));
    let lost: Vec<&str> = lost
        .filter_map(|number| NAMES.get(usize::try_from(number).ok()?).copied())
        .collect();
    if !lost.is_empty() {
        warnings.push(format!(
            "capabilities that no zone has are left out: {}",
            lost.join(" ")
        ));
    }
    let user = process.user();
    let size = process.console_size();
    Ok(ZonesProcess {
        owner: (user.uid(), user.gid()),
        groups: user.additional_gids().clone().unwrap_or_default(),
        umask: user.umask(),
        capabilities: sets,
        limits: process
            .rlimits()
            .iter()
            .flatten()
            .map(|limit| (resource(limit.typ()), limit.soft(), limit.hard()))
            .collect(),
        directory: directory(process)?,
        size: size.and_then(|size| {
            let number = |number: u64| u16::try_from(number).ok();
            Some((number(size.height())?, number(size.width())?))
        }),
        descriptors,
    })
}

/// What the brand needs to know of it.
pub(crate) fn program(process: &Process, kernel_version: Option<&str>) -> Result<Program> {
    let arguments = process.args().clone().unwrap_or_default();
    if arguments.is_empty() {
        return Err(Error::new("process: no args are given"));
    }
    let mut variables: Vec<&String> = Vec::new();
    for variable in process.env().iter().flatten() {
        // What is said last holds.
        let name = |text: &str| text.split('=').next().map(str::to_owned);
        variables.retain(|other| name(other) != name(variable));
        variables.push(variable);
    }
    let environment = variables.into_iter().map(|variable| {
        let wrong = |_| Error::new("process: a variable holds a zero byte");
        CString::new(variable.as_str()).map_err(wrong)
    });
    Ok(Program {
        arguments: arguments.into_iter().map(OsString::from).collect(),
        environment: environment.collect::<Result<_>>()?,
        directory: directory(process)?,
        kernel_version: kernel_version.map(str::to_owned),
    })
}

fn directory(process: &Process) -> Result<PathBuf> {
    let path = process.cwd();
    match path.is_absolute() {
        true => Ok(path.clone()),
        false => Err(Error::new("process: cwd is not an absolute path")),
    }
}

fn sets(named: &LinuxCapabilities) -> Sets {
    let set = |names: &Option<Named>| {
        let numbers = names.iter().flatten().filter_map(|name| {
            let name = name.to_string();
            NAMES.iter().position(|known| *known == name)
        });
        Capabilities::of(numbers.filter_map(|number| u32::try_from(number).ok()))
    };
    Sets {
        bounding: set(named.bounding()),
        effective: set(named.effective()),
        permitted: set(named.permitted()),
        inheritable: set(named.inheritable()),
        ambient: set(named.ambient()),
    }
}

/// Its number in `include/uapi/asm-generic/resource.h`.
fn resource(kind: PosixRlimitType) -> i32 {
    match kind {
        PosixRlimitType::RlimitCpu => 0,
        PosixRlimitType::RlimitFsize => 1,
        PosixRlimitType::RlimitData => 2,
        PosixRlimitType::RlimitStack => 3,
        PosixRlimitType::RlimitCore => 4,
        PosixRlimitType::RlimitRss => 5,
        PosixRlimitType::RlimitNproc => 6,
        PosixRlimitType::RlimitNofile => 7,
        PosixRlimitType::RlimitMemlock => 8,
        PosixRlimitType::RlimitAs => 9,
        PosixRlimitType::RlimitLocks => 10,
        PosixRlimitType::RlimitSigpending => 11,
        PosixRlimitType::RlimitMsgqueue => 12,
        PosixRlimitType::RlimitNice => 13,
        PosixRlimitType::RlimitRtprio => 14,
        PosixRlimitType::RlimitRttime => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES, program, zones_process};
    use oci_spec::runtime::Process;
    use serde_json::{Value, json};
    use zone::confine::Capabilities;

    fn process(more: Value) -> Process {
        let mut value = json!({"user": {"uid": 5, "gid": 6}, "args": ["a", "b"], "cwd": "/x"});
        for (key, more) in more.as_object().into_iter().flatten() {
            value[key] = more.clone();
        }
        serde_json::from_value(value).expect("it is one")
    }

    #[test]
    fn capabilities_have_their_numbers() {
        let names = ["CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"];
        let asked = process(json!({"capabilities": {"bounding": names}}));
        let mut warnings = Vec::new();
        let found = zones_process(&asked, 0, &mut warnings).expect("it can be");
        assert_eq!(found.capabilities.bounding, Capabilities::of([0, 21, 40]));
        assert_eq!(NAMES[31], "SETFCAP");
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].ends_with("SYS_ADMIN CHECKPOINT_RESTORE"),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_process_is_taken_as_it_is() {
        let limits = json!([{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 20}]);
        let asked = process(json!({
            "rlimits": limits, "terminal": true, "consoleSize": {"height": 24, "width": 80}}));
        let found = zones_process(&asked, 2, &mut Vec::new()).expect("it can be");
        assert_eq!((found.owner, found.descriptors), ((5, 6), 2));
        assert_eq!(found.limits, [(7, 10, 20)]);
        assert_eq!(found.size, Some((24, 80)));
        let told = program(&asked, None).expect("it can be");
        assert_eq!((told.arguments.len(), told.environment.len()), (2, 0));
        let asked = process(json!({"env": ["A=1", "B=2", "A=3"]}));
        let told = program(&asked, None).expect("it can be");
        assert_eq!(told.environment, [c"B=2".to_owned(), c"A=3".to_owned()]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for bad in [
            json!({"apparmorProfile": "x"}),
            json!({"selinuxLabel": "x"}),
            json!({"cwd": "x"}),
        ] {
            let asked = process(bad.clone());
            assert!(zones_process(&asked, 0, &mut Vec::new()).is_err(), "{bad}");
        }
        assert!(zones_process(&process(json!({"apparmorProfile": ""})), 0, &mut vec![]).is_ok());
        assert!(program(&process(json!({"args": []})), None).is_err());
    }
}

//! `features`: what this runtime can do (`features.md` of the runtime's specification).

use serde_json::{Value, json};

use super::print;
use crate::container::VERSION;
use crate::error::Result;
use crate::plan::NAMES;

/// Prints it.
pub(crate) fn features() -> Result<()> {
    print(&format!("{:#}\n", all()))
}

fn all() -> Value {
    let capabilities: Vec<String> = NAMES.iter().map(|name| format!("CAP_{name}")).collect();
    json!({
        "ociVersionMin": "1.0.0",
        "ociVersionMax": VERSION,
        "hooks": [
            "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
        ],
        "mountOptions": [
            "bind", "defaults", "dev", "exec", "nodev", "noexec", "nosuid", "private", "rbind", "ro",
            "rprivate", "rro", "rshared", "rslave", "rw", "shared", "slave", "suid",
        ],
        "linux": {
            "namespaces": ["cgroup", "ipc", "mount", "network", "pid", "user", "uts"],
            "capabilities": capabilities,
            "cgroup": {
                "v1": true, "v2": true, "systemd": true, "systemdUser": false, "rdma": false,
            },
            "seccomp": { "enabled": false },
            "apparmor": { "enabled": false },
            "selinux": { "enabled": false },
            "intelRdt": { "enabled": false },
            "mountExtensions": { "idmap": { "enabled": false } },
        },
        "annotations": {
            "org.lx.version": env!("CARGO_PKG_VERSION"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn engines_can_read_it() {
        let features: oci_spec::runtime::Features =
            serde_json::from_value(all()).expect("it is what the specification says");
        assert!(features.linux().is_some());
    }
}

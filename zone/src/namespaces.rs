//! Which namespaces a zone gets.

use std::io;

use nix::sched::CloneFlags;
use nix::unistd::Pid;
use rustix::fs::stat;
use rustix::thread::{CapabilitySet, capabilities};

use crate::config::Net;

/// The namespaces by their names in /proc/PID/ns.
const KINDS: [(&str, CloneFlags); 7] = [
    ("user", CloneFlags::CLONE_NEWUSER),
    ("mnt", CloneFlags::CLONE_NEWNS),
    ("pid", CloneFlags::CLONE_NEWPID),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("uts", CloneFlags::CLONE_NEWUTS),
    ("net", CloneFlags::CLONE_NEWNET),
    ("cgroup", CloneFlags::CLONE_NEWCGROUP),
];

/// The namespaces for a zone with this network. `own_users` adds one for users.
pub(crate) fn flags(net: Net, own_users: bool) -> CloneFlags {
    let mut flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    flags.set(CloneFlags::CLONE_NEWNET, net == Net::None);
    flags.set(CloneFlags::CLONE_NEWUSER, own_users);
    flags
}

/// The namespace of that name; none for a name that no kernel has.
pub(crate) fn kind(name: &str) -> CloneFlags {
    let kinds = KINDS.iter().find(|(known, _)| *known == name);
    kinds.map_or(CloneFlags::empty(), |(_, kind)| *kind)
}

/// Whether this process can have the namespaces of a zone.
#[must_use]
pub fn has_namespaces() -> bool {
    is_privileged() || host_std::probe::user_namespace().is_ok()
}

/// Whether a zone with namespaces can have a root of layers.
#[must_use]
pub fn has_overlayfs() -> bool {
    is_privileged() || host_std::probe::overlayfs().is_ok()
}

/// Whether this process may make namespaces without a user namespace.
pub(crate) fn is_privileged() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// The namespaces of a process that are not this one's.
pub(crate) fn foreign(process: Pid) -> io::Result<CloneFlags> {
    let mut kinds = CloneFlags::empty();
    for (name, kind) in KINDS {
        let own = stat(format!("/proc/self/ns/{name}"))?;
        let other = stat(format!("/proc/{process}/ns/{name}"))?;
        kinds.set(
            kind,
            (own.st_dev, own.st_ino) != (other.st_dev, other.st_ino),
        );
    }
    Ok(kinds)
}

#[cfg(test)]
mod tests {
    use super::foreign;
    use nix::sched::CloneFlags;
    use nix::unistd::Pid;

    #[test]
    fn this_process_is_in_its_own_namespaces() {
        let kinds = foreign(Pid::this()).expect("they can be seen");
        assert_eq!(kinds, CloneFlags::empty());
    }
}

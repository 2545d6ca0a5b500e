//! Which namespaces a zone gets.

use nix::sched::CloneFlags;
use rustix::thread::{CapabilitySet, capabilities};

use crate::config::Net;

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

/// Whether this process may make namespaces without a user namespace.
pub(crate) fn is_privileged() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

//! The zone's /proc and /sys.

use std::io;
use std::os::fd::OwnedFd;

use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount,
    fsopen,
};

use super::root::{Kind, Root};
use super::tree::memory;
use crate::error::{Context, Result};

const QUIET: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// Two views of the zone's processes.
pub(super) struct Procs {
    /// For /proc.
    pub(super) shown: OwnedFd,
    /// For the brand: processes only, and out of the guest's reach.
    pub(super) hidden: OwnedFd,
}

/// What of procfs's root could be used against the host, and what could change it, as in the
/// default of other container runtimes.
const MASKED: [&str; 6] = [
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/scsi",
];
const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Mounts procfs of this process's pid namespace, nowhere yet.
pub(super) fn make() -> io::Result<Procs> {
    Ok(Procs {
        shown: procfs(None)?,
        hidden: procfs(Some("pid"))?,
    })
}

fn procfs(subset: Option<&str>) -> io::Result<OwnedFd> {
    let context = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
    if let Some(subset) = subset {
        fsconfig_set_string(&context, "subset", subset)?;
    }
    fsconfig_set_string(&context, "source", "proc")?;
    fsconfig_create(&context)?;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, QUIET)?)
}

/// Puts them where the guest expects them.
pub(super) fn attach(root: &Root, proc: OwnedFd) -> Result<()> {
    root.attach(&proc, "/proc", Kind::Directory)?;
    for path in READ_ONLY {
        root.protect(path).about(path)?;
    }
    for path in MASKED {
        root.mask(path).about(path)?;
    }
    let options = [("mode", "555"), ("size", "64k")];
    let sys = memory("lx-placeholders", &options, QUIET).about("/sys")?;
    root.attach(&sys, "/sys", Kind::Directory)
}

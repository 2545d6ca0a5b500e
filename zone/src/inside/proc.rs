//! The zone's /proc and /sys.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount,
    fsopen,
};

use super::placeholders::Placeholders;
use super::root::{Kind, Root};
use crate::error::{Context, Result};

/// Nothing there can be executed, or opens a device.
pub(super) const QUIET: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// Two views of the zone's processes.
pub(super) struct Procs {
    /// For /proc.
    pub(super) shown: OwnedFd,
    /// For the brand: processes only, and out of the guest's reach.
    pub(super) hidden: OwnedFd,
}

/// Mounts procfs of this process's pid namespace, nowhere yet.
pub(super) fn make() -> io::Result<Procs> {
    Ok(Procs {
        shown: procfs("proc", None)?,
        hidden: procfs("proc", Some("pid"))?,
    })
}

/// Mounts it once more, nowhere.
pub(super) fn procfs(source: &str, subset: Option<&str>) -> io::Result<OwnedFd> {
    let context = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
    if let Some(subset) = subset {
        fsconfig_set_string(&context, "subset", subset)?;
    }
    fsconfig_set_string(&context, "source", source)?;
    fsconfig_create(&context)?;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, QUIET)?)
}

/// Puts what the guest may see of it at /proc, and /sys beside it.
/// With `native`, what lx adds is at /system.
pub(super) fn attach(
    root: &Root,
    proc: &OwnedFd,
    placeholders: &Placeholders,
    native: bool,
) -> Result<()> {
    root.attach(proc, "/proc", Kind::Directory)?;
    placeholders.cover(proc.as_fd()).about("/proc")?;
    for (path, part) in [
        ("/sys", placeholders.sys()),
        ("/sys/fs/cgroup", placeholders.cgroup()),
    ] {
        root.attach(part.about(path)?, path, Kind::Directory)?;
    }
    for name in ["object", "contract"].iter().filter(|_| native) {
        let path = format!("/system/{name}");
        let part = placeholders.system(name).about(&path)?;
        root.attach(part, &path, Kind::Directory)?;
    }
    Ok(())
}

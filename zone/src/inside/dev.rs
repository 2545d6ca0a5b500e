//! The zone's /dev.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, Uid, chmodat, chownat, makedev, mkdirat, mknodat, symlinkat,
};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount,
    fsopen,
};

use super::root::{Kind, Root, clone_tree};
use super::tree::memory;
use crate::container::Device;
use crate::error::{Context, Result};

const NOSUID: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID;
const NOEXEC: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOEXEC;
const NODEV: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NODEV;

/// Name, major and minor number (`Documentation/admin-guide/devices.txt`).
pub(super) const NODES: [(&str, u32, u32); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// The group of terminals in Debian and most others.
const TTY_GROUP: &str = "5";

/// Makes it and puts it into the zone. In a zone with a user namespace (`own_users`) device nodes
/// are the host's, since none can be made there.
pub(super) fn attach(root: &Root, own_users: bool) -> Result<()> {
    let options = [("mode", "755"), ("size", "64k"), ("nr_inodes", "1k")];
    let dev = memory("tmpfs", &options, NOSUID | NOEXEC).about("/dev")?;
    let made = populate(dev.as_fd(), own_users).about("/dev")?;
    root.attach(&dev, "/dev", Kind::Directory)?;
    for (name, ..) in NODES.iter().filter(|_| !made) {
        root.bind_device(name).about(format_args!("/dev/{name}"))?;
    }
    let pts = pts().about("/dev/pts")?;
    root.attach(&pts, "/dev/pts", Kind::Directory)?;
    let shm = memory("shm", &[("mode", "1777")], NOSUID | NOEXEC | NODEV).about("/dev/shm")?;
    root.attach(&shm, "/dev/shm", Kind::Directory)?;
    let mqueue = mount("mqueue", "mqueue", &[], NOSUID | NOEXEC | NODEV);
    root.attach(
        &mqueue.about("/dev/mqueue")?,
        "/dev/mqueue",
        Kind::Directory,
    )
}

/// Puts more devices there. Where none can be made, the host's of the same name is shown.
pub(super) fn add(root: &Root, devices: &[Device]) -> Result<()> {
    for device in devices {
        let usual = |(name, ..): &(&str, u32, u32)| device.path == Path::new("/dev").join(name);
        if NODES.iter().any(usual) {
            continue;
        }
        let made = make_device(root, device);
        match made {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let path = &device.path;
                let tree = clone_tree(path, false).about(path.display())?;
                root.attach(tree, path, Kind::File)?;
            }
            result => result.about(device.path.display())?,
        }
    }
    Ok(())
}

fn make_device(root: &Root, device: &Device) -> io::Result<()> {
    let (above, name) = device
        .path
        .parent()
        .zip(device.path.file_name())
        .ok_or(io::ErrorKind::InvalidInput)?;
    let above = root.directory(above)?;
    let kind = match device.block {
        true => FileType::BlockDevice,
        false => FileType::CharacterDevice,
    };
    let mode = Mode::from_raw_mode(device.mode & 0o7777);
    let (major, minor) = device.number;
    mknodat(&above, name, kind, mode, makedev(major, minor))?;
    chmodat(&above, name, mode, AtFlags::empty())?;
    let (user, group) = (Uid::from_raw(device.owner.0), Gid::from_raw(device.owner.1));
    chownat(
        &above,
        name,
        Some(user),
        Some(group),
        AtFlags::SYMLINK_NOFOLLOW,
    )?;
    Ok(())
}

/// What is not mounted. Whether the device nodes could be made.
fn populate(dev: impl AsFd, own_users: bool) -> io::Result<bool> {
    for name in ["pts", "shm", "mqueue"] {
        mkdirat(&dev, name, Mode::from_raw_mode(0o755))?;
    }
    for (name, target) in LINKS {
        symlinkat(target, &dev, name)?;
    }
    let mode = Mode::from_raw_mode(0o666);
    if !own_users {
        for (name, major, minor) in NODES {
            match mknodat(
                &dev,
                name,
                FileType::CharacterDevice,
                mode,
                makedev(major, minor),
            ) {
                // The capability for it may be lacking, as in a container.
                Err(rustix::io::Errno::PERM) => return Ok(false),
                result => result?,
            }
            // The umask does not count.
            chmodat(&dev, name, mode, AtFlags::empty())?;
        }
    }
    Ok(!own_users)
}

/// Terminals of the zone's own. Where the ids are not the host's, the group may not exist.
fn pts() -> io::Result<OwnedFd> {
    let options = [("newinstance", ""), ("ptmxmode", "0666"), ("mode", "0620")];
    let with_group = [&options[..], &[("gid", TTY_GROUP)]].concat();
    mount("devpts", "devpts", &with_group, NOSUID | NOEXEC)
        .or_else(|_| mount("devpts", "devpts", &options, NOSUID | NOEXEC))
}

/// Mounts a file system nowhere yet.
pub(super) fn mount(
    kind: &str,
    source: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "source", source)?;
    for &(key, value) in options {
        if value.is_empty() {
            rustix::mount::fsconfig_set_flag(&context, key)?;
        } else {
            fsconfig_set_string(&context, key, value)?;
        }
    }
    fsconfig_create(&context)?;
    Ok(fsmount(
        &context,
        FsMountFlags::FSMOUNT_CLOEXEC,
        attributes,
    )?)
}

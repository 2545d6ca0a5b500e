//! A root of several directories over each other
//! (`Documentation/filesystems/overlayfs.rst`).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MoveMountFlags, move_mount};

use super::dev;
use super::tree::memory;
use crate::error::{Context, Error, Result};

/// Lays the directories over each other, the last one on top, and over them one in memory, where
/// what is changed is kept as long as the zone lives. The result is mounted nowhere yet, and the
/// memory at the first directory. With `own_users` the zone has a user namespace.
pub(super) fn mount(layers: &[PathBuf], own_users: bool) -> Result<OwnedFd> {
    let open = |path: &PathBuf| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, path, flags, Mode::empty()).about(path.display())
    };
    let lower = layers.iter().map(open).collect::<Result<Vec<_>>>()?;
    let top = layers.first().ok_or(io::ErrorKind::InvalidInput);
    let upper = upper(top.about("--layer")?).about("the writable layer")?;
    overlay(&lower, &upper, own_users).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::NODEV) => Error::because("--layer", "this host has no overlayfs"),
        Some(Errno::PERM) => Error::because("--layer", "this host does not permit overlayfs"),
        _ => Error::new("--layer", error),
    })
}

/// The memory, mounted at `path`: overlayfs takes nothing that is not mounted.
fn upper(path: &PathBuf) -> io::Result<OwnedFd> {
    let upper = memory("lx-layer", &[("mode", "755")], MountAttrFlags::empty())?;
    for name in ["upper", "work"] {
        mkdirat(&upper, name, Mode::from_raw_mode(0o755))?;
    }
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(&upper, "", CWD, path, flags)?;
    Ok(upper)
}

fn overlay(lower: &[OwnedFd], upper: &OwnedFd, own_users: bool) -> io::Result<OwnedFd> {
    // By descriptors: a path could hold what the options separate, and the zone could read it.
    let path = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
    let lower: Vec<String> = lower.iter().rev().map(path).collect();
    let (lower, upper) = (lower.join(":"), path(upper));
    let (upper, work) = (format!("{upper}/upper"), format!("{upper}/work"));
    let mut options = vec![
        ("lowerdir", lower.as_str()),
        ("upperdir", &upper),
        ("workdir", &work),
    ];
    if own_users {
        // Where the others are not to be set (since Linux 5.11).
        options.push(("userxattr", ""));
    }
    dev::mount("overlay", "overlay", &options, MountAttrFlags::empty())
}

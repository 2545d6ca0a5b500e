//! A root of several directories over each other
//! (`Documentation/filesystems/overlayfs.rst`).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MoveMountFlags, move_mount};

use super::dev;
use super::tree::memory;
use crate::error::{Context, Error, Result};
use crate::upper;

/// Lays the directories over each other, the last one on top, and over them `upper`; without, one in
/// memory, where what is changed is kept as long as the zone lives. The result is mounted nowhere
/// yet, and the memory at the first directory. With `own_users` the zone has a user namespace.
pub(super) fn mount(layers: &[PathBuf], upper: Option<&Path>, own_users: bool) -> Result<OwnedFd> {
    let open = |path: &Path| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, path, flags, Mode::empty()).about(path.display())
    };
    let lower = layers
        .iter()
        .map(|layer| open(layer))
        .collect::<Result<Vec<_>>>()?;
    let (upper, work) = match upper {
        Some(upper) => (open(&upper::files(upper))?, open(&upper::work(upper))?),
        None => {
            let top = layers.first().ok_or(io::ErrorKind::InvalidInput);
            in_memory(top.about("--layer")?).about("the writable layer")?
        }
    };
    overlay(&lower, [&upper, &work], own_users).map_err(|error| {
        match Errno::from_io_error(&error) {
            Some(Errno::NODEV) => Error::because("--layer", "this host has no overlayfs"),
            Some(Errno::PERM) => Error::because("--layer", "this host does not permit overlayfs"),
            Some(Errno::LOOP) => Error::because("--layer", "one of them is in another, or --upper"),
            Some(Errno::INVAL) => {
                let why = "overlayfs takes none of their file systems so, as it does not its own";
                Error::because("--layer or --upper", why)
            }
            _ => Error::new("--layer", error),
        }
    })
}

/// The memory, mounted at `path`: overlayfs takes nothing that is not mounted.
fn in_memory(path: &Path) -> io::Result<(OwnedFd, OwnedFd)> {
    let memory = memory("lx-layer", &[("mode", "755")], MountAttrFlags::empty())?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(&memory, "", CWD, path, flags)?;
    let directory = |name| {
        mkdirat(&memory, name, Mode::from_raw_mode(0o755))?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(&memory, name, flags, Mode::empty())
    };
    Ok((directory("upper")?, directory("work")?))
}

fn overlay(
    lower: &[OwnedFd],
    [upper, work]: [&OwnedFd; 2],
    own_users: bool,
) -> io::Result<OwnedFd> {
    // By descriptors: a path could hold what the options separate, and the zone could read it.
    let path = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
    let lower: Vec<String> = lower.iter().rev().map(path).collect();
    let (lower, upper, work) = (lower.join(":"), path(upper), path(work));
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

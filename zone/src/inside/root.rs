//! The zone's root: a copy of the mounts at the root directory, over which the others are put, and
//! which then takes the place of the host's.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use host_std::mount::{Spread, attribute, set_attributes};
use nix::unistd::{chdir, fchdir};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, openat2};
use rustix::mount::{
    MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount_change, move_mount,
    open_tree, unmount,
};
use rustix::process::pivot_root;

use super::layers;
use crate::config::Config;
use crate::error::{Context, Result};

/// The root of the zone, seen from outside.
#[derive(Debug)]
pub(super) struct Root {
    tree: OwnedFd,
    path: PathBuf,
}

/// What a mount point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// For a directory.
    Directory,
    /// For anything else.
    File,
}

impl Root {
    /// Copies the mounts at the zone's root directory, or makes one of its layers. Devices do not
    /// work there: the zone's are in its /dev. `own_users` as in [`super::Plan`].
    pub(super) fn make(config: &Config, own_users: bool) -> Result<Self> {
        let spread = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
        mount_change("/", spread).about("cannot part with the host's mounts")?;
        let path = config.rootfs.as_ref().or(config.layers.first());
        let path = path.cloned().unwrap_or_else(|| PathBuf::from("/"));
        let tree = match &config.layers[..] {
            [] => clone_tree(&path, true).about(path.display())?,
            layers => layers::mount(layers, config.upper.as_deref(), own_users)?,
        };
        let read_only = if config.read_only {
            attribute::RDONLY
        } else {
            0
        };
        let set = attribute::NODEV | read_only;
        set_attributes(&tree, set, 0, Some(Spread::Private), true).about(path.display())?;
        if config.read_only {
            // Until the mount points are there.
            set_attributes(&tree, 0, attribute::RDONLY, None, false).about(path.display())?;
        }
        Ok(Self { tree, path })
    }

    /// Mounts it over its own directory, in this process's namespace only.
    pub(super) fn cover(&self) -> Result<()> {
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        move_mount(&self.tree, "", CWD, &self.path, flags).about(self.path.display())
    }

    /// Mounts `tree` at `target` in the zone, which is made where it is missing.
    pub(super) fn attach(
        &self,
        tree: impl AsFd,
        target: impl AsRef<Path>,
        kind: Kind,
    ) -> Result<()> {
        let target = target.as_ref();
        let name = || format!("mount point {}", target.display());
        let at = self.point(target, kind).about(name())?;
        self.put(tree, at).about(name())
    }

    pub(super) fn put(&self, tree: impl AsFd, at: OwnedFd) -> io::Result<()> {
        let flags =
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        Ok(move_mount(tree, "", at, "", flags)?)
    }

    /// What is at `path` in the zone, however its links lead; never outside.
    pub(super) fn open(&self, path: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(openat2(
            &self.tree,
            path,
            flags | OFlags::CLOEXEC,
            mode,
            resolve,
        )?)
    }

    /// The mount point at `path`, with the directories that lead there.
    fn point(&self, path: &Path, kind: Kind) -> io::Result<OwnedFd> {
        let at = match self.open(path, OFlags::PATH, Mode::empty()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_point(path, kind)?,
            result => result?,
        };
        let is_directory = rustix::fs::fstat(&at).map(|stat| {
            rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Directory
        })?;
        match (kind, is_directory) {
            (Kind::Directory, false) => Err(io::Error::from(io::ErrorKind::NotADirectory)),
            (Kind::File, true) => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            _ => Ok(at),
        }
    }

    /// The directory at `path`, which is made if it is missing.
    pub(super) fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        self.point(path, Kind::Directory)
    }

    fn make_point(&self, path: &Path, kind: Kind) -> io::Result<OwnedFd> {
        let mut made = PathBuf::from("/");
        let mut above = self.open(&made, OFlags::PATH, Mode::empty())?;
        for part in path.components().skip(1) {
            made.push(part);
            above = match self.open(&made, OFlags::PATH, Mode::empty()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if kind == Kind::File && made == path {
                        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
                        self.open(&made, flags, Mode::from_raw_mode(0o644))?;
                    } else {
                        mkdirat(&above, part.as_os_str(), Mode::from_raw_mode(0o755))?;
                    }
                    self.open(&made, OFlags::PATH, Mode::empty())?
                }
                result => result?,
            };
        }
        Ok(above)
    }

    /// Shows the host's device in the zone. A device on a read-only mount can be written to, but its
    /// mode, owner and times stay as they are.
    pub(super) fn bind_device(&self, name: &str) -> io::Result<()> {
        let device = clone_tree(&Path::new("/dev").join(name), false)?;
        let quiet = attribute::NOSUID | attribute::NOEXEC | attribute::RDONLY;
        set_attributes(&device, quiet, 0, Some(Spread::Private), false)?;
        let path = Path::new("/dev").join(name);
        self.put(device, self.point(&path, Kind::File)?)
    }

    /// Makes it the root of this process, and lets go of the host's.
    pub(super) fn enter(self, read_only: bool) -> Result<()> {
        fchdir(&self.tree).about(self.path.display())?;
        // One directory can be both: the old root then lies over the new one (pivot_root(2)).
        pivot_root(".", ".").about("cannot change the root")?;
        unmount(".", UnmountFlags::DETACH).about("cannot let go of the host's root")?;
        chdir("/").about("/")?;
        if read_only {
            set_attributes(&self.tree, attribute::RDONLY, 0, None, false).about("/")?;
        }
        Ok(())
    }
}

/// A copy of the mount that `path` lies in, from there on, mounted nowhere yet; with `recursive`,
/// all mounts below it too.
pub(super) fn clone_tree(path: &Path, recursive: bool) -> io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    flags.set(OpenTreeFlags::AT_RECURSIVE, recursive);
    Ok(open_tree(CWD, path, flags)?)
}

/// A copy of the mounts at `place` and below, mounted nowhere yet.
pub(super) fn clone_at(place: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_EMPTY_PATH;
    Ok(open_tree(place, "", flags)?)
}

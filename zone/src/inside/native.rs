//! The host's tools beneath `/native`.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use host_std::mount::{Spread, attribute, set_attributes};
use kernel::zone::{NATIVE, SHOWN};
use rustix::fs::symlinkat;
use rustix::mount::MountAttrFlags;

use super::root::{Kind, Root, clone_tree};
use super::tree::memory;
use crate::error::{Context, Result};

/// Shows the host's directories of tools in the zone, read-only and without set-id bits.
pub(super) fn attach(root: &Root) -> Result<()> {
    let options = [("mode", "755"), ("size", "64k"), ("nr_inodes", "64")];
    let top = memory("lx-native", &options, MountAttrFlags::MOUNT_ATTR_NODEV).about(NATIVE)?;
    root.attach(&top, NATIVE, Kind::Directory)?;
    for path in SHOWN {
        show(root, top.as_fd(), Path::new(path)).about(format_args!("{NATIVE}{path}"))?;
    }
    let sealed = attribute::RDONLY | attribute::NODEV | attribute::NOSUID;
    set_attributes(&top, sealed, 0, None, false).about(NATIVE)
}

/// What the host has.
pub(crate) enum Tool {
    /// A link, which leads there in the zone.
    Link(PathBuf),
    /// A directory.
    Directory,
    /// A file.
    File,
}

/// What the host has at `path`; not every host has each of them.
pub(crate) fn found(path: &Path) -> io::Result<Option<Tool>> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    if !found.is_symlink() {
        let is_directory = found.is_dir();
        return Ok(Some(if is_directory {
            Tool::Directory
        } else {
            Tool::File
        }));
    }
    let target = fs::read_link(path)?;
    // `/bin` may say `/usr/bin`.
    Ok(Some(Tool::Link(match target.strip_prefix("/") {
        Ok(rest) => Path::new(NATIVE).join(rest),
        Err(_) => target,
    })))
}

/// Shows what the host has at `path`: a link as a link, anything else as a mount.
fn show(root: &Root, top: impl AsFd, path: &Path) -> io::Result<()> {
    let name = path.strip_prefix("/").map_err(io::Error::other)?;
    let kind = match found(path)? {
        None => return Ok(()),
        Some(Tool::Link(target)) => return Ok(symlinkat(&target, top, name)?),
        Some(Tool::Directory) => Kind::Directory,
        Some(Tool::File) => Kind::File,
    };
    let tree = clone_tree(path, true)?;
    let attributes = attribute::RDONLY | attribute::NODEV | attribute::NOSUID;
    set_attributes(&tree, attributes, 0, Some(Spread::Private), true)?;
    let target: PathBuf = Path::new(NATIVE).join(name);
    root.attach(&tree, target, kind)
        .map_err(|error| error.error)
}

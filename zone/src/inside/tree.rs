//! The mounts that the user asked for.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use host_std::mount::{Spread, attribute, set_attributes};
use rustix::mount::MountAttrFlags;

use super::dev::mount;
use super::root::{Kind, Root, clone_tree};
use crate::config::{Mount, Propagation, Source};
use crate::error::{Context, Result};

/// Mounts in the order in which they must be made: one may lie in another.
pub(super) fn in_order(mounts: &[Mount]) -> Vec<&Mount> {
    let mut ordered: Vec<&Mount> = mounts.iter().collect();
    ordered.sort_by_key(|mount| mount.target.components().count());
    ordered
}

/// Mounts one of them.
pub(super) fn attach(root: &Root, mount: &Mount) -> Result<()> {
    let (tree, kind) = match &mount.source {
        Source::Bind {
            path,
            recursive,
            propagation,
            ..
        } => bind(mount, path, *recursive, *propagation).about(path.display())?,
        Source::Volume { name } => {
            let path = crate::state::volume(name)?;
            bind(mount, &path, true, Propagation::Private).about(path.display())?
        }
        Source::Tmpfs { options } => {
            let tree = file_system(mount, "tmpfs", "tmpfs", options);
            (tree.about(mount.target.display())?, Kind::Directory)
        }
        Source::Other {
            kind,
            source,
            options,
        } => {
            let tree = file_system(mount, kind, source, options);
            (tree.about(mount.target.display())?, Kind::Directory)
        }
    };
    root.attach(&tree, &mount.target, kind)
}

/// A file system that is mounted nowhere yet.
fn file_system(
    mounted: &Mount,
    kind: &str,
    source: &str,
    options: &[(String, String)],
) -> io::Result<OwnedFd> {
    let options: Vec<(&str, &str)> = options
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let tree = mount(kind, source, &options, MountAttrFlags::empty())?;
    set_attributes(&tree, attributes(mounted), 0, None, false)?;
    Ok(tree)
}

/// A copy of the host's tree at `path`, mounted nowhere yet.
fn bind(
    mount: &Mount,
    path: &Path,
    recursive: bool,
    propagation: Propagation,
) -> io::Result<(OwnedFd, Kind)> {
    let kind = if std::fs::metadata(path)?.is_dir() {
        Kind::Directory
    } else {
        Kind::File
    };
    let tree = clone_tree(path, recursive)?;
    let spread = match propagation {
        Propagation::Private => Some(Spread::Private),
        Propagation::Slave => Some(Spread::Slave),
        // The copy belongs to the peers of the original, if that has any.
        Propagation::Shared => None,
    };
    set_attributes(&tree, attributes(mount), 0, spread, recursive)?;
    Ok((tree, kind))
}

fn attributes(mount: &Mount) -> u64 {
    let of = |wanted, attribute| if wanted { attribute } else { 0 };
    of(mount.read_only, attribute::RDONLY)
        | of(mount.nosuid, attribute::NOSUID)
        | of(mount.nodev, attribute::NODEV)
        | of(mount.noexec, attribute::NOEXEC)
}

/// A tmpfs, mounted nowhere yet.
pub(super) fn memory(
    source: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> io::Result<OwnedFd> {
    mount("tmpfs", source, options, attributes)
}

//! Paths that the processes of a container are not to read, or not to change.

use std::io;
use std::path::{Path, PathBuf};

use host_std::mount::{Spread, attribute, set_attributes};
use rustix::fs::{FileType, Mode, OFlags, fstat};
use rustix::mount::MountAttrFlags;

use super::root::{Root, clone_at, clone_tree};
use super::tree::memory;
use crate::error::{Context, Result};

/// Hides what is at these paths, where there is something: a directory is empty, a file too.
pub(super) fn mask(root: &Root, paths: &[PathBuf]) -> Result<()> {
    for path in paths.iter().filter(|path| !is_emulated(path)) {
        let hidden = || {
            let Some(at) = find(root, path)? else {
                return Ok(());
            };
            let kind = FileType::from_raw_mode(fstat(&at)?.st_mode);
            let tree = match kind {
                FileType::Directory => {
                    let quiet = MountAttrFlags::MOUNT_ATTR_RDONLY;
                    memory("tmpfs", &[("size", "4k"), ("mode", "755")], quiet)?
                }
                _ => {
                    let null = clone_tree(Path::new("/dev/null"), false)?;
                    set_attributes(&null, attribute::RDONLY, 0, Some(Spread::Private), false)?;
                    null
                }
            };
            root.put(tree, at)
        };
        hidden().about(path.display())?;
    }
    Ok(())
}

/// Keeps what is at these paths, where there is something, from being written to.
pub(super) fn protect(root: &Root, paths: &[PathBuf]) -> Result<()> {
    for path in paths.iter().filter(|path| !is_emulated(path)) {
        let protected = || {
            let Some(at) = find(root, path)? else {
                return Ok(());
            };
            let tree = clone_at(&at)?;
            set_attributes(&tree, attribute::RDONLY, 0, Some(Spread::Private), true)?;
            root.put(tree, at)
        };
        protected().about(path.display())?;
    }
    Ok(())
}

fn find(root: &Root, path: &Path) -> io::Result<Option<std::os::fd::OwnedFd>> {
    match root.open(path, OFlags::PATH, Mode::empty()) {
        Ok(found) => Ok(Some(found)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether it is the zone's anyway, with nothing of the host's behind it.
fn is_emulated(path: &Path) -> bool {
    ["/proc", "/sys"].iter().any(|top| path.starts_with(top))
}

#[cfg(test)]
mod tests {
    use super::is_emulated;
    use std::path::Path;

    #[test]
    fn what_the_zone_makes_up_needs_no_cover() {
        assert!(is_emulated(Path::new("/proc/kcore")) && is_emulated(Path::new("/sys")));
        assert!(!is_emulated(Path::new("/etc/proc")) && !is_emulated(Path::new("/process")));
    }
}

//! The host's tools beneath `/native`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use kernel::overlay::Made;
use kernel::zone::SHOWN;

use crate::inside::native::{Tool, found};

/// Makes the directory that stands for `/native`, and says what of the host is mounted in it.
pub(super) fn populate(top: &Path) -> io::Result<Vec<(&'static Path, Made)>> {
    fs::create_dir(top)?;
    let mut mounts = Vec::new();
    for path in SHOWN.map(Path::new) {
        let here = top.join(path.strip_prefix("/").map_err(io::Error::other)?);
        match found(path)? {
            None => {}
            Some(Tool::Link(target)) => symlink(target, here)?,
            Some(Tool::Directory) => {
                fs::create_dir_all(here)?;
                mounts.push((path, Made::Directory));
            }
            Some(Tool::File) => {
                fs::create_dir_all(here.parent().unwrap_or(top))?;
                File::create_new(here)?;
                mounts.push((path, Made::File));
            }
        }
    }
    Ok(mounts)
}

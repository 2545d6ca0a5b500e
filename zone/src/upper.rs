//! The directory that keeps what a zone changes in its layers (`--upper`). Beside the files it has
//! one that overlayfs works in, on the same file system (`Documentation/filesystems/overlayfs.rst`).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::error::{Context, Error, Result};

/// Where the files are.
pub(crate) fn files(upper: &Path) -> PathBuf {
    upper.join("upper")
}

/// Where overlayfs works.
pub(crate) fn work(upper: &Path) -> PathBuf {
    upper.join("work")
}

/// The lock of an upper layer, which only one zone can have: overlayfs leaves undefined what comes
/// of two.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as it is open")] File);

/// Makes what is missing of the directory, and locks it. None of the `layers` may be in it, nor it in
/// them.
pub(crate) fn take(upper: &Path, layers: &[PathBuf]) -> Result<Lock> {
    let subject = || format!("--upper {}", upper.display());
    fs::create_dir_all(upper).about(subject())?;
    for path in [files(upper), work(upper)] {
        // The mode of the first is that of the zone's root.
        match DirBuilder::new().mode(0o755).create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => result.about(subject())?,
        }
    }
    let own = fs::canonicalize(upper).about(subject())?;
    for layer in layers {
        let layer = fs::canonicalize(layer).about(layer.display())?;
        if own.starts_with(&layer) || layer.starts_with(&own) {
            let why = format!("it and the layer {} are one in the other", layer.display());
            return Err(Error::because(subject(), why));
        }
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(files(upper))
        .about(subject())?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(directory)),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(Error::because(subject(), "another zone is using it"))
        }
        Err(errno) => Err(Error::new(subject(), io::Error::from(errno))),
    }
}

#[cfg(test)]
mod tests {
    use super::take;
    use std::fs;

    #[test]
    fn one_zone_has_it() {
        let path = std::env::temp_dir().join(format!("lx-upper-{}", std::process::id()));
        let first = take(&path, &[]).expect("it is made");
        assert!(take(&path, &[]).is_err());
        drop(first);
        drop(take(&path, &[]).expect("it is free"));
        let file = path.join("file");
        fs::write(&file, "").expect("it is written");
        assert!(take(&file, &[]).is_err());
        for layer in [path.clone(), path.join("upper"), std::env::temp_dir()] {
            assert!(take(&path, &[layer]).is_err());
        }
        fs::remove_dir_all(&path).expect("it is removed");
    }
}

//! The standard descriptors that lead to devices which the zone has itself.
//!
//! fchmod(2) and its like change the inode behind a descriptor, whatever mount it was opened
//! through: with the host's `/dev/null` as its standard input, a zone's superuser would change the
//! host's. So the zone's own takes its place.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fstat, makedev, open};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::dev::NODES;

/// Puts the zone's devices in the place of the host's.
pub(crate) fn reopen() -> io::Result<()> {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    if let Some(own) = own(stdin.as_fd())? {
        dup2_stdin(own)?;
    }
    if let Some(own) = own(stdout.as_fd())? {
        dup2_stdout(own)?;
    }
    if let Some(own) = own(stderr.as_fd())? {
        dup2_stderr(own)?;
    }
    Ok(())
}

/// The zone's device, if `fd` is one that the zone has. A terminal is none: it is itself.
fn own(fd: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    let Ok(stat) = fstat(fd) else {
        return Ok(None); // It is closed.
    };
    let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
    let Some((name, ..)) = NODES.iter().find(|(name, major, minor)| {
        is_device && *name != "tty" && stat.st_rdev == makedev(*major, *minor)
    }) else {
        return Ok(None);
    };
    let flags = fcntl_getfl(fd)? & (OFlags::RWMODE | OFlags::APPEND | OFlags::PATH);
    let path = Path::new("/dev").join(name);
    // In a zone that runs, the guest may have put something else there.
    let found = open(
        &path,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let there = fstat(&found)?;
    let is_device = FileType::from_raw_mode(there.st_mode) == FileType::CharacterDevice;
    if !is_device || there.st_rdev != stat.st_rdev {
        let why = format!("{} is not the device of that name", path.display());
        return Err(io::Error::other(why));
    }
    let link = format!("/proc/self/fd/{}", found.as_raw_fd());
    Ok(Some(open(link, flags, Mode::empty())?))
}

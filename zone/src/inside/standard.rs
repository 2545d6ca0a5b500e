//! The standard descriptors that lead to devices which the zone has itself.
//!
//! fchmod(2) and its like change the inode behind a descriptor, whatever mount it was opened
//! through: with the host's `/dev/null` as its standard input, a zone's superuser would change the
//! host's. So the zone's own takes its place.
//!
//! And a file that the zone got for reading could be opened again for writing by its link in
//! `/proc/self/fd`, or be changed by fchmod(2), if it is the zone's user's. So it is opened anew on a
//! mount of its own, which is read-only.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use host_std::mount::{Spread, attribute, set_attributes};
use rustix::fs::{
    FileType, Mode, OFlags, SeekFrom, fcntl_getfl, fstat, makedev, open, readlink, seek, tell,
};
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::dev::NODES;
use crate::report::{Reporter, Said};

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

/// Puts copies that cannot be written to in the place of files that are open for reading only, and
/// lets zsched know, while the host's mounts are in sight.
pub(crate) fn protect(reporter: &Reporter) -> io::Result<()> {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let standard = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    for (number, fd) in (0..).zip(standard) {
        let Some(copy) = unwritable(fd) else {
            continue;
        };
        reporter.send(&Said::Reopened(number), &[copy.as_fd()])?;
        match number {
            0 => dup2_stdin(copy)?,
            1 => dup2_stdout(copy)?,
            _ => dup2_stderr(copy)?,
        }
    }
    Ok(())
}

/// The copy, if `fd` is such a file, and this process may open it: who may not, may not write to it
/// either.
fn unwritable(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    let stat = fstat(fd).ok()?;
    let flags = fcntl_getfl(fd).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let reads = flags & (OFlags::RWMODE | OFlags::PATH) == OFlags::RDONLY;
    if !is_file || !reads {
        return None;
    }
    let path = readlink(link(fd), Vec::new()).ok()?;
    let quiet = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = open(path, quiet, Mode::empty()).ok()?;
    let there = fstat(&found).ok()?;
    if (there.st_dev, there.st_ino) != (stat.st_dev, stat.st_ino) {
        return None;
    }
    let clone = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = open_tree(&found, "", clone).ok()?;
    let read_only = attribute::RDONLY | attribute::NODEV | attribute::NOSUID;
    set_attributes(&tree, read_only, 0, Some(Spread::Private), false).ok()?;
    let kept = OFlags::APPEND | OFlags::NONBLOCK | OFlags::DIRECT;
    let copy = open(
        link(tree.as_fd()),
        flags & kept | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    let position = tell(fd).ok()?;
    seek(&copy, SeekFrom::Start(position)).ok()?;
    Some(copy)
}

fn link(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
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

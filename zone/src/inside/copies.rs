//! The file system for copies of the brand's image with the rights of programs
//! (`kernel::zone::rights`).
//!
//! The kernel honours rights only of files on a mount of the process's own mount namespace
//! (`mnt_may_suid` in fs/namespace.c). So it is mounted in the zone: at /dev, where the zone's own
//! /dev then covers it, and nobody can uncover it. There nobody can write to it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use host_std::mount::{attribute, set_attributes};
use kernel::zone::rights::SOURCE;
use rustix::fs::{Mode, OFlags, openat};
use rustix::mount::{MountAttrFlags, OpenTreeFlags, open_tree};

use super::root::{Kind, Root};
use super::tree::memory;
use crate::error::{Context, Result};
use crate::facts::Board;
use crate::report::{Reporter, Said};

/// Its size bounds what the zone can make zsched keep; half of it holds all copies that are kept, of an
/// image of 1 MiB and a half.
const OPTIONS: [(&str, &str); 3] = [("mode", "700"), ("size", "96m"), ("nr_inodes", "256")];

const WHAT: &str = "the copies of the brand's image";

/// The same mount again, mounted nowhere.
fn writable(mount: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    Ok(open_tree(mount, "", flags)?)
}

/// The file system.
pub(super) struct Copies {
    shown: OwnedFd,
    store: OwnedFd,
}

impl Copies {
    /// Makes it, and mounts it at what will be /dev.
    pub(super) fn make(root: &Root) -> Result<Self> {
        let shown = memory(SOURCE, &OPTIONS, MountAttrFlags::MOUNT_ATTR_NODEV).about(WHAT)?;
        root.attach(&shown, "/dev", Kind::Directory)?;
        let store = writable(shown.as_fd()).about(WHAT)?;
        set_attributes(&shown, attribute::RDONLY, 0, None, false).about(WHAT)?;
        Ok(Self { shown, store })
    }

    /// Tells the guests that programs get rights, and hands zsched what it makes them with. `proc`
    /// is a procfs of this process, which has its last root.
    pub(super) fn hand_out(
        self,
        facts: &Board,
        reporter: &Reporter,
        proc: BorrowedFd<'_>,
    ) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mounts = openat(proc, "self/mountinfo", flags, Mode::empty())?;
        facts.set_copies(rustix::fs::fstat(&self.shown)?.st_dev);
        let fds = [self.shown.as_fd(), self.store.as_fd(), mounts.as_fd()];
        reporter.send(&Said::Copies, &fds)
    }
}

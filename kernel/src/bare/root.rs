//! The root of a process (chroot(2)). It is one more descriptor of the table's, so that a fork and an
//! exec take it along, and what shares descriptors shares it.

use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::{Errno, SysResult, nr};
use host::call::int;
use host::{host_call, intercept};

use super::node::Node;
use super::space::Space;
use super::table::{Kind, Table};
use super::warden::descriptor;
use crate::vfs::At;

/// Whether the root of some process with this memory may be another than the zone's.
static MOVED: AtomicBool = AtomicBool::new(false);

/// The descriptor of the root.
fn slot(table: &Table) -> Option<i32> {
    let index = table.of_kind(Kind::Root)?;
    Some(intercept::mounts_fd() + i32::try_from(index).ok()?)
}

/// The descriptor of a root that need not be the zone's.
pub(super) fn moved(table: &Table) -> Option<i32> {
    let moved = MOVED.load(Ordering::Relaxed);
    moved.then(|| slot(table)).flatten()
}

/// Finds out whether whoever started this program had another root than the zone's.
pub(super) fn inherit(table: &Table) {
    let here = slot(table).map(|fd| Node::of_guest(fd).ident());
    let zone = table.mounts.first().map(|root| root.here);
    if let (Some(Ok(here)), Some(zone)) = (here, zone) {
        MOVED.store(here != zone, Ordering::Relaxed);
    }
}

impl Space<'_> {
    /// Makes a directory the root of this process.
    ///
    /// # Errors
    /// Those of dup3(2).
    pub fn change_root(&self, directory: &Node) -> SysResult<()> {
        let slot = slot(self.table).ok_or(Errno::EPERM)?;
        let directory = descriptor(directory.fd())?;
        // Before there is one, so that nobody takes it for the zone's.
        MOVED.store(true, Ordering::Relaxed);
        host_call!(nr::DUP3, int(directory.raw()), int(slot), 0).map(drop)
    }

    /// An absolute path, from the descriptor of a root that is another than the zone's.
    pub(super) fn from_root<'p>(&self, at: At<'p>) -> At<'p> {
        let bytes = at.path.to_bytes_with_nul();
        let slashes = bytes.iter().take_while(|byte| **byte == b'/').count();
        let rest = bytes.get(slashes..).map(CStr::from_bytes_with_nul);
        match (self.root, rest) {
            (Some(dirfd), Some(Ok(path))) if slashes > 0 => At { dirfd, path },
            _ => at,
        }
    }

    /// Whether it is the root of the process, where that is another than the zone's.
    pub(super) fn is_moved_root(&self, directory: &Node) -> bool {
        let Some(root) = self.root.map(Node::of_guest) else {
            return false;
        };
        match (self.place(&root), self.place(directory)) {
            // Its copy is another directory of the host's.
            (Some(root), Some(here)) => (root.mount, &root.path) == (here.mount, &here.path),
            (None, None) => root.ident().is_ok() && root.ident() == directory.ident(),
            _ => false,
        }
    }
}

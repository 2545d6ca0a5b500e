//! What the paths of a bare zone lead to.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::intercept;

use super::handle::Handle;
use super::names::Names;
use super::node::{Node, S_IFDIR, link_text};
use super::table::{Kind, Table};
use crate::users::Users;
use crate::vfs::At;
use crate::walk::{Aim, Found, Limits, Tree, walk};

/// `RESOLVE_NO_MAGICLINKS`, `RESOLVE_NO_SYMLINKS` (openat2(2)). `RESOLVE_BENEATH` would add nothing
/// for a relative path without `..`, and costs a walk up to the start.
const PLAIN: u64 = 0x02 | 0x04;
pub(super) const PATH_MAX: usize = 4096;

/// What the paths of a bare zone lead to.
#[derive(Clone, Copy, Debug)]
pub struct Space<'a> {
    pub(super) table: &'a Table,
    /// Who looks, where that decides what can be found.
    pub(super) users: Option<&'a Users>,
}

impl<'a> Space<'a> {
    /// The space of a zone with this table.
    #[must_use]
    pub fn new(table: &'a Table) -> Self {
        Self { table, users: None }
    }

    /// The same for a thread of a zone that keeps its users itself: directories must let it through.
    #[must_use]
    pub fn seen_by(self, users: Option<&'a Users>) -> Self {
        let users = users.filter(|users| !users.is_unchecked());
        Self { users, ..self }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &'a Table {
        self.table
    }

    /// The descriptor of what a mount shows.
    pub(super) fn shown(&self, index: usize) -> Node {
        let offset = i32::try_from(index).unwrap_or(0);
        let mut node = Node::new(Handle::borrowed(intercept::mounts_fd() + offset));
        if let Some(mount) = self.table.mounts.get(index) {
            node.outside_proc = mount.kind != Kind::Proc;
            if mount.kind != Kind::File {
                node.status = Cell::new(Some((S_IFDIR, mount.here)));
            }
        }
        node
    }

    /// For a path with neither links nor `..`: from where and by which path the host finds it.
    #[must_use]
    pub fn plain<'p>(&self, at: At<'p>) -> Option<(i32, &'p CStr)> {
        let path = at.path.to_bytes();
        if self.users.is_some() {
            // The host would go through all directories of its user's.
            return None;
        }
        if !path.starts_with(b"/") {
            let stays = self.table.stays(path) && !self.is_in_proc(at.dirfd);
            return stays.then_some((at.dirfd, at.path));
        }
        let (mount, offset) = self.table.lexical(path)?;
        if self.table.mounts.get(mount)?.kind != Kind::Tree {
            return None;
        }
        let rest = at.path.to_bytes_with_nul().get(offset..)?;
        let rest = CStr::from_bytes_with_nul(rest).ok()?;
        Some((self.shown(mount).fd(), rest))
    }

    /// Whether a path below a mount leads to a directory by its spelling alone.
    #[must_use]
    pub fn leads_to(&self, mount: usize, path: &[u8], directory: &Node) -> bool {
        let start = self.shown(mount);
        let end = path
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(0, |at| at + 1);
        let path = path.get(..end).unwrap_or_default();
        let found = if path.is_empty() {
            Ok(Some(start))
        } else {
            self.unseen().dive(&start, path)
        };
        matches!(found, Ok(Some(node)) if node.ident().is_ok() && node.ident() == directory.ident())
    }

    /// Opens a plain path. `None` when it must be walked.
    ///
    /// # Errors
    /// Those of openat2(2), `ERESTARTSYS` among them.
    #[inline]
    pub fn open_plain(&self, at: At<'_>, flags: OpenFlags, mode: u64) -> Option<SysResult> {
        let (fd, path) = self.plain(at)?;
        Self::open_from(fd, path, flags, mode)
    }

    /// Opens what [`Space::plain`] found.
    ///
    /// # Errors
    /// As [`Space::open_plain`].
    #[inline]
    pub fn open_from(fd: i32, path: &CStr, flags: OpenFlags, mode: u64) -> Option<SysResult> {
        let path = if path.is_empty() { c"." } else { path };
        match open_plain(fd, path.as_ptr().expose_provenance(), flags, mode) {
            Err(errno) if undecided(errno) => None,
            result => Some(result),
        }
    }

    /// Walks to what `at` names.
    ///
    /// # Errors
    /// Those of path_resolution(7).
    #[inline(never)]
    pub fn find(&self, at: At<'_>, aim: Aim, limits: Limits) -> SysResult<Found<Node>> {
        let start = Node::new(Handle::borrowed(at.dirfd));
        walk(self, start, at.path.to_bytes(), aim, limits)
    }

    /// What `at` names.
    ///
    /// # Errors
    /// Those of path_resolution(7).
    pub fn object(&self, at: At<'_>, aim: Aim) -> SysResult<Node> {
        if let Some(node) = self.plain_object(at, aim)? {
            return Ok(node);
        }
        match self.find(at, aim, Limits::default())? {
            Found::Node(node, _) => Ok(node),
            Found::Name(..) => Err(Errno::ENOENT),
        }
    }

    /// What `at` names, when that needs no walk.
    ///
    /// # Errors
    /// Those of path_resolution(7).
    pub fn plain_object(&self, at: At<'_>, aim: Aim) -> SysResult<Option<Node>> {
        const FOLLOW: OpenFlags = OpenFlags::PATH.union(OpenFlags::CLOEXEC);
        // Where a link is not to be kept, there must be none.
        let flags = match aim {
            Aim::Keep => FOLLOW.union(OpenFlags::NOFOLLOW),
            _ => FOLLOW,
        };
        let opened = self.open_plain(at, flags, 0).transpose()?;
        Ok(opened.map(|fd| Node::new(Handle::owned(as_int(fd)))))
    }

    /// The directory that the last component of `at` stands in, and that component with what
    /// slashes follow it.
    ///
    /// # Errors
    /// Those of path_resolution(7).
    pub fn parent(&self, at: At<'_>) -> SysResult<(Node, CString)> {
        let path = at.path.to_bytes();
        let plain = !path.is_empty() && !path.contains(&b'/') && path != b".." && path != b".";
        if plain && !self.table.is_point_name(path) {
            let directory = Node::new(Handle::borrowed(at.dirfd));
            self.search(&directory)?;
            return Ok((directory, at.path.into()));
        }
        match self.find(at, Aim::Parent, Limits::default())? {
            Found::Name(node, name) | Found::Node(node, Some((_, name))) => CString::new(name)
                .map(|name| (node, name))
                .map_err(|_| Errno::EINVAL),
            Found::Node(_, None) => Err(Errno::EINVAL),
        }
    }

    /// Whether a mount point stands under a name in a directory, so that it can be neither removed
    /// nor renamed.
    #[must_use]
    pub fn is_mount_point(&self, directory: &Node, name: &[u8]) -> bool {
        let end = name
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(0, |at| at + 1);
        let name = name.get(..end).unwrap_or_default();
        self.table.is_point_name(name)
            && directory
                .ident()
                .is_ok_and(|above| self.table.mounted_at(above, name).is_some())
    }

    /// The same for whoever may go everywhere.
    pub(super) fn unseen(&self) -> Self {
        Self {
            users: None,
            ..*self
        }
    }

    /// Whether whoever looks may go through a directory.
    pub(super) fn search(&self, directory: &Node) -> SysResult<()> {
        match self.users {
            Some(users) => users.search(directory),
            None => Ok(()),
        }
    }

    /// How the zone calls what the host calls otherwise.
    #[must_use]
    pub fn names(&self) -> Names {
        let mut room = [0; PATH_MAX];
        let mounts = self.table.mounts.iter().enumerate();
        let mounts = mounts.filter(|(_, mount)| mount.has_point());
        let names = mounts.filter_map(|(index, mount)| {
            let host = link_text(self.shown(index).fd(), &mut room).ok()?;
            Some((Vec::from(host), mount.target.clone()))
        });
        Names::new(names.collect())
    }

    /// The path in the zone of what the host calls `path`. `None` for what lies outside.
    #[must_use]
    pub fn zone_path(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.names().inner(path)
    }
}

/// Opens `path` from `fd` on, if there are neither links nor `..` on the way.
pub(super) fn open_plain(fd: i32, path: usize, flags: OpenFlags, mode: u64) -> SysResult {
    let how = [u64::from(flags.bits()), mode, PLAIN];
    let at = how.as_ptr().expose_provenance();
    let args = [int(fd), path, at, size_of_val(&how), 0, 0];
    host::call::forward_blocking(nr::OPENAT2, &args)
}

/// Whether an error of [`open_plain`] says only that it is not plain, or that the host lacks the
/// call or a filter refuses it.
pub(super) fn undecided(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ELOOP | Errno::EXDEV | Errno::EAGAIN | Errno::ENOSYS | Errno::EPERM
    )
}

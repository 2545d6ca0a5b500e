//! What the paths of a bare zone lead to.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ffi::CStr;
use core::ops::Deref;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::{host_call, intercept};

use super::layers::Place;
use super::links::{Asks, LONGEST_TEXT, Link, Links, Start, Trail, Way};
use super::names::Names;
use super::node::{Node, S_IFDIR, link_text};
use super::table::{Ident, Kind, Table};
use crate::handle::Handle;
use crate::overlay::UPPER;
use crate::users::Users;
use crate::vfs::At;
use crate::walk::{Aim, Found, Limits, Scope, Tree, walk};

/// `RESOLVE_NO_MAGICLINKS`, `RESOLVE_NO_SYMLINKS` (openat2(2)). `RESOLVE_BENEATH` would add nothing
/// for a relative path without `..`, and costs a walk up to the start.
const PLAIN: u64 = 0x02 | 0x04;
pub(super) const PATH_MAX: usize = 4096;

/// What the paths of a bare zone lead to.
#[derive(Clone, Copy, Debug)]
pub struct Space<'a> {
    pub(super) table: &'a Table,
    /// What the thread remembers of links.
    links: Option<&'a RefCell<Links>>,
    /// Who looks, where that decides what can be found.
    pub(super) users: Option<&'a Users>,
}

impl<'a> Space<'a> {
    /// The space of a zone with this table.
    #[must_use]
    pub fn new(table: &'a Table) -> Self {
        Self {
            table,
            links: None,
            users: None,
        }
    }

    /// One that remembers what its paths go through.
    #[must_use]
    pub fn remembering(table: &'a Table, links: &'a RefCell<Links>) -> Self {
        Self {
            links: Some(links),
            ..Self::new(table)
        }
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
            node.mount.set(Some(index));
            if mount.kind == Kind::Stack {
                let place = Place {
                    mount: index,
                    layer: UPPER,
                    path: Vec::new(),
                    gone: false,
                };
                let _ = node.place.set(Some(place));
            }
            if mount.kind == Kind::Tree {
                node.trail = Some(Trail::new(Start::Mount(index)));
            }
            if mount.kind != Kind::File {
                node.status = Cell::new(Some((S_IFDIR, mount.here)));
            }
        }
        node
    }

    /// For a path with neither `..` nor links, but those that are known: from where and by which path
    /// the host finds it.
    #[must_use]
    pub fn plain<'p>(&self, at: At<'p>, aim: Aim) -> Option<Plain<'p>> {
        if self.users.is_some() {
            // The host would go through all directories of its user's.
            return None;
        }
        let path = at.path.to_bytes();
        let (from, rest) = if path.starts_with(b"/") {
            let (mount, offset) = self.table.lexical(path)?;
            if self.table.mounts.get(mount)?.kind != Kind::Tree {
                return None;
            }
            (Some(mount), at.path.to_bytes_with_nul().get(offset..)?)
        } else {
            if path.is_empty()
                || !self.table.stays(path)
                || self.is_special(at.dirfd)
                || self.place(&Node::of_guest(at.dirfd)).is_some()
            {
                return None;
            }
            (None, at.path.to_bytes_with_nul())
        };
        let path = CStr::from_bytes_with_nul(rest).ok()?;
        if let Some(way) = self.expand(at.dirfd, from, path, aim) {
            let tree = |mount: usize| self.table.mounts.get(mount).map(|mount| mount.kind);
            if way
                .from
                .is_some_and(|mount| tree(mount) != Some(Kind::Tree))
            {
                return None;
            }
            let mut path = way.path;
            path.push(0);
            return Some(Plain {
                mount: way.from,
                fd: self.start(at.dirfd, way.from),
                path: Spelled::Made(path),
            });
        }
        Some(Plain {
            mount: from,
            fd: self.start(at.dirfd, from),
            path: Spelled::Given(path),
        })
    }

    fn start(&self, dirfd: i32, from: Option<usize>) -> i32 {
        from.map_or(dirfd, |mount| self.shown(mount).fd())
    }

    /// A path through links that are known, and still are what they were.
    fn expand(&self, dirfd: i32, from: Option<usize>, path: &CStr, aim: Aim) -> Option<Way> {
        let links = self.links?;
        if links.borrow().is_empty() {
            return None;
        }
        let host = Host {
            space: self,
            dirfd,
            gone: RefCell::new(None),
        };
        let follow = aim != Aim::Keep;
        let way = links
            .borrow()
            .expand(self.table, from, path.to_bytes(), follow, &host);
        if let Some(link) = host.gone.into_inner() {
            links.borrow_mut().forget(&link);
        }
        way
    }

    /// A link was found.
    pub(super) fn learn(&self, trail: &Trail, text: &[u8]) {
        if let Some(links) = self.links {
            links.borrow_mut().learn(trail, text);
        }
    }

    /// From where and by which path the host's own walk may find the same, if links and mount
    /// points do not lead it astray.
    #[must_use]
    pub fn as_spelled<'p>(&self, at: At<'p>) -> Option<(i32, &'p CStr)> {
        let path = at.path.to_bytes();
        if self.users.is_some() {
            // The host would go through all directories of its user's.
            return None;
        }
        if !path.starts_with(b"/") {
            let layered = self.place(&Node::of_guest(at.dirfd)).is_some();
            return (!layered).then_some((at.dirfd, at.path));
        }
        let (mount, offset) = self.table.lexical(path).unwrap_or_else(|| {
            let slashes = path.iter().take_while(|byte| **byte == b'/').count();
            (0, slashes)
        });
        if self.table.mounts.get(mount)?.kind != Kind::Tree {
            return None;
        }
        let rest = at.path.to_bytes_with_nul().get(offset..)?;
        let rest = CStr::from_bytes_with_nul(rest).ok()?;
        let rest = if rest.is_empty() { c"." } else { rest };
        Some((self.shown(mount).fd(), rest))
    }

    /// What a path led to when it was last seen, and whether the host then found it as spelled.
    #[must_use]
    pub fn seen(&self, hash: u64) -> Option<(Ident, bool)> {
        self.links.and_then(|links| links.borrow().seen(hash))
    }

    /// Remembers what a path led to; not what lies in /proc, whose entries come and go.
    pub fn see(&self, hash: u64, ident: Ident, as_spelled: bool) {
        let proc = self.table.of_kind(Kind::Proc);
        if proc.is_some_and(|proc| self.table.mounts[proc].here.dev == ident.dev) {
            return;
        }
        if let Some(links) = self.links {
            links.borrow_mut().see(hash, ident, as_spelled);
        }
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
        let made = flags.contains(OpenFlags::CREAT.union(OpenFlags::EXCL));
        let aim = if made || flags.contains(OpenFlags::NOFOLLOW) {
            Aim::Keep
        } else {
            Aim::Follow
        };
        let plain = self.plain(at, aim)?;
        // What is there decides.
        let refused = writes(flags) && self.is_read_only(&plain.beginning());
        (!refused).then(|| plain.open(flags, mode))?
    }

    /// Walks to what `at` names.
    ///
    /// # Errors
    /// Those of path_resolution(7).
    #[inline(never)]
    pub fn find(&self, at: At<'_>, aim: Aim, limits: Limits) -> SysResult<Found<Node>> {
        if aim != Aim::Parent
            && !limits.one_mount
            && limits.scope == Scope::Free
            && let Ok(Some(node)) = self.layered_object(at, aim)
        {
            return Ok(Found::Node(node, None));
        }
        let mut start = Node::of_guest(at.dirfd);
        if !at.path.to_bytes().starts_with(b"/") && self.links.is_some() {
            start.trail = start
                .ident()
                .ok()
                .map(|ident| Trail::new(Start::Directory(ident)));
        }
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
        if let Some(node) = self.layered_object(at, aim)? {
            return Ok(Some(node));
        }
        match self.plain(at, aim) {
            Some(plain) => plain.node(aim),
            None => Ok(None),
        }
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
        if let Some(place) = self.place(directory) {
            return self.layered_point(place, name).is_some();
        }
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

    /// Whether whoever looks may do `wanted` (`kernel::users`) with the file of a descriptor.
    ///
    /// # Errors
    /// `EACCES`; those of fstat(2).
    pub fn permits(&self, fd: i32, wanted: u32) -> SysResult<()> {
        match self.users {
            Some(users) => users.check(fd, wanted),
            None => Ok(()),
        }
    }

    /// How the zone calls what the host calls otherwise.
    #[must_use]
    pub fn names(&self) -> Names {
        let mut room = [0; PATH_MAX];
        let mounts = self.table.mounts.iter().enumerate();
        let mounts = mounts.filter(|(_, mount)| mount.has_point() || mount.kind == Kind::Layer);
        let names = mounts.filter_map(|(index, _)| {
            let host = link_text(self.shown(index).fd(), &mut room).ok()?;
            Some((Vec::from(host), Vec::from(self.table.target(index))))
        });
        Names::new(names.collect())
    }

    /// Whether what is mounted under a name in a directory is a directory. `None` when nothing is.
    #[must_use]
    pub fn mounts_directory(&self, directory: &Node, name: &[u8]) -> Option<bool> {
        let mount = self.table.mounted_at(directory.ident().ok()?, name)?;
        Some(self.table.mounts.get(mount)?.kind != Kind::File)
    }

    /// The path in the zone of what the host calls `path`. `None` for what lies outside.
    #[must_use]
    pub fn zone_path(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.names().inner(path)
    }
}

/// A path from a descriptor on, which is to meet no link.
pub struct Plain<'p> {
    /// The mount that it begins in, if the path tells.
    pub mount: Option<usize>,
    /// The descriptor.
    pub fd: i32,
    /// The path; empty for what the descriptor leads to.
    pub path: Spelled<'p>,
}

/// Whether a file that is opened with these flags is to be written to, or made.
#[must_use]
pub fn writes(flags: OpenFlags) -> bool {
    const NOT_READ: OpenFlags = OpenFlags::WRONLY
        .union(OpenFlags::RDWR)
        .union(OpenFlags::CREAT)
        .union(OpenFlags::TRUNC)
        .union(OpenFlags::TMPFILE_ONLY);
    flags.intersects(NOT_READ) && !flags.contains(OpenFlags::PATH)
}

/// A path with its NUL.
pub enum Spelled<'p> {
    /// As the guest spelled it, or the end of that.
    Given(&'p CStr),
    /// Made of that and of what links say.
    Made(Vec<u8>),
}

impl Deref for Spelled<'_> {
    type Target = CStr;

    #[inline]
    fn deref(&self) -> &CStr {
        match self {
            Self::Given(path) => path,
            Self::Made(bytes) => CStr::from_bytes_until_nul(bytes).unwrap_or_default(),
        }
    }
}

impl Plain<'_> {
    /// The directory that it begins in.
    fn beginning(&self) -> Node {
        let node = Node::new(Handle::borrowed(self.fd));
        node.mount.set(self.mount);
        node
    }

    /// What it names. `None` when only a walk can tell.
    ///
    /// # Errors
    /// Those of path_resolution(7).
    pub fn node(&self, aim: Aim) -> SysResult<Option<Node>> {
        const FOLLOW: OpenFlags = OpenFlags::PATH.union(OpenFlags::CLOEXEC);
        // Where a link is not to be kept, there must be none.
        let flags = match aim {
            Aim::Keep => FOLLOW.union(OpenFlags::NOFOLLOW),
            _ => FOLLOW,
        };
        let opened = self.open(flags, 0).transpose()?;
        Ok(opened.map(|fd| {
            let node = Node::new(Handle::owned(as_int(fd)));
            node.mount.set(self.mount);
            node
        }))
    }

    /// Opens it. `None` when only a walk can tell.
    ///
    /// # Errors
    /// Those of openat2(2), `ERESTARTSYS` among them.
    #[inline]
    #[must_use]
    pub fn open(&self, flags: OpenFlags, mode: u64) -> Option<SysResult> {
        let path: &CStr = &self.path;
        let path = if path.is_empty() { c"." } else { path };
        match open_plain(self.fd, path.as_ptr().expose_provenance(), flags, mode) {
            Err(errno) if undecided(errno) => None,
            result => Some(result),
        }
    }
}

/// Asks the host about links.
struct Host<'a> {
    space: &'a Space<'a>,
    dirfd: i32,
    /// A link that is no more.
    gone: RefCell<Option<Link>>,
}

impl Asks for Host<'_> {
    fn begins_at(&self, directory: Ident) -> bool {
        let start = Node::new(Handle::borrowed(self.dirfd));
        start.ident() == Ok(directory)
    }

    fn is_there(&self, link: &Link, from: Option<usize>) -> bool {
        let mut room = [0; LONGEST_TEXT + 1];
        let fd = int(self.space.start(self.dirfd, from));
        let (path, to) = (
            link.path.as_ptr().expose_provenance(),
            room.as_mut_ptr().expose_provenance(),
        );
        let length = host_call!(nr::READLINKAT, fd, path, to, room.len()).unwrap_or(0);
        let same = room.get(..length) == Some(&link.text[..]);
        if !same {
            *self.gone.borrow_mut() = Some(link.clone());
        }
        same
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

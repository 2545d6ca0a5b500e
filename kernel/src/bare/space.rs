//! The directories of a bare zone as a tree to walk.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ffi::CStr;

use abi::arg::OpenFlags;
use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::{host_call, intercept};

use super::handle::Handle;
use super::members::is_member;
use super::names::Names;
use super::table::{Ident, Kind, Table};
use crate::numbers;
use crate::vfs::{AT_FDCWD, At};
use crate::walk::{Aim, Entry, Found, Limits, Tree, walk};

const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;
const AT_EMPTY_PATH: usize = 0x1000;
/// `RESOLVE_NO_MAGICLINKS`, `RESOLVE_NO_SYMLINKS` (openat2(2)). `RESOLVE_BENEATH` would add nothing
/// for a relative path without `..`, and costs a walk up to the start.
const PLAIN: u64 = 0x02 | 0x04;
/// The longest name of a file with its NUL.
const NAME_ROOM: usize = 256;
const PATH_MAX: usize = 4096;

/// What was found: a descriptor (`O_PATH` suffices), and what it leads to.
#[derive(Debug)]
pub struct Node {
    handle: Handle,
    status: Cell<Option<(u32, Ident)>>,
    /// It lies surely not in the host's /proc.
    outside_proc: bool,
}

impl Node {
    fn new(handle: Handle) -> Self {
        Self {
            handle,
            status: Cell::new(None),
            outside_proc: false,
        }
    }

    /// The descriptor; `AT_FDCWD` for the working directory.
    #[must_use]
    pub fn fd(&self) -> i32 {
        self.handle.raw()
    }

    /// The register that passes it.
    #[must_use]
    pub fn register(&self) -> usize {
        self.handle.register()
    }

    fn status(&self) -> SysResult<(u32, Ident)> {
        if let Some(status) = self.status.get() {
            return Ok(status);
        }
        let mut stat = Stat::default();
        let to = (&raw mut stat).expose_provenance();
        if self.fd() == AT_FDCWD {
            let empty = c"".as_ptr().expose_provenance();
            host_call!(nr::NEWFSTATAT, self.register(), empty, to, AT_EMPTY_PATH)?;
        } else {
            host_call!(nr::FSTAT, self.register(), to)?;
        }
        let ident = Ident {
            dev: stat.st_dev,
            ino: stat.st_ino,
        };
        self.status.set(Some((stat.st_mode, ident)));
        Ok((stat.st_mode, ident))
    }

    /// Which file it is.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn ident(&self) -> SysResult<Ident> {
        self.status().map(|(_, ident)| ident)
    }

    /// Its type, as in `st_mode`.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn kind(&self) -> SysResult<u32> {
        self.status().map(|(mode, _)| mode & S_IFMT)
    }
}

/// A path in the host's /proc that leads to what a descriptor names, whatever that is called.
pub struct HostPath([u8; 40]);

/// The path of a descriptor.
#[must_use]
pub fn host_path(fd: i32) -> HostPath {
    let mut text = HostPath([0; 40]);
    let mut at = 0;
    for byte in b"/proc/thread-self/fd/" {
        text.0[at] = *byte;
        at += 1;
    }
    let mut digits = [0; 10];
    let mut number = fd.max(0).cast_unsigned();
    let mut count = 0;
    loop {
        digits[count] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        count += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    for digit in digits[..count].iter().rev() {
        text.0[at] = *digit;
        at += 1;
    }
    text
}

impl HostPath {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }

    /// The register that passes it.
    #[must_use]
    pub fn register(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

/// A name with its NUL, on the stack.
struct Name([u8; NAME_ROOM]);

impl Name {
    fn new(name: &[u8]) -> SysResult<Self> {
        let mut text = [0; NAME_ROOM];
        let room = text.get_mut(..name.len()).ok_or(Errno::ENAMETOOLONG)?;
        room.copy_from_slice(name);
        if name.len() == NAME_ROOM {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(Self(text))
    }

    fn register(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

/// Opens `path` from `fd` on, if there are neither links nor `..` on the way.
fn open_plain(fd: i32, path: usize, flags: OpenFlags, mode: u64) -> SysResult {
    let how = [u64::from(flags.bits()), mode, PLAIN];
    let at = how.as_ptr().expose_provenance();
    let args = [int(fd), path, at, size_of_val(&how), 0, 0];
    host::call::forward_blocking(nr::OPENAT2, &args)
}

/// Whether an error of [`open_plain`] says only that it is not plain, or that the host lacks the
/// call or a filter refuses it.
fn undecided(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ELOOP | Errno::EXDEV | Errno::EAGAIN | Errno::ENOSYS | Errno::EPERM
    )
}

/// What the paths of a bare zone lead to.
#[derive(Clone, Copy, Debug)]
pub struct Space<'a> {
    table: &'a Table,
}

impl<'a> Space<'a> {
    /// The space of a zone with this table.
    #[must_use]
    pub fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &'a Table {
        self.table
    }

    /// The descriptor of what a mount shows.
    fn shown(&self, index: usize) -> Node {
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

    /// Whether a descriptor leads to something in the host's /proc.
    #[must_use]
    pub fn is_in_proc(&self, fd: i32) -> bool {
        let node = Node::new(Handle::borrowed(fd));
        self.table.of_kind(Kind::Proc).is_some_and(|proc| {
            node.ident()
                .is_ok_and(|ident| ident.dev == self.table.mounts[proc].here.dev)
        })
    }

    /// Whether the zone's /proc has this entry at its root.
    #[must_use]
    pub fn shows_in_proc(&self, name: &[u8]) -> bool {
        let Some(proc) = self
            .table
            .of_kind(Kind::Proc)
            .map(|index| self.shown(index))
        else {
            return false;
        };
        matches!(name, b"." | b"..") || self.enter_proc(&proc, name).is_ok()
    }

    /// Whether a directory is one that zsched filled with placeholders.
    #[must_use]
    pub fn holds_placeholders(&self, fd: i32) -> bool {
        let (mut one, mut other) = ([0; PATH_MAX], [0; PATH_MAX]);
        let files = self
            .table
            .of_kind(Kind::ProcFiles)
            .map(|index| self.shown(index));
        let Some(Ok(files)) = files.map(|files| link_text(files.fd(), &mut one)) else {
            return false;
        };
        // Beside it lies what is in /sys.
        let end = files.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let above = files.get(..=end).unwrap_or(files);
        link_text(fd, &mut other).is_ok_and(|text| text.starts_with(above))
    }

    fn is_proc_root(&self, node: &Node) -> bool {
        !node.outside_proc
            && self.table.of_kind(Kind::Proc).is_some_and(|proc| {
                node.ident()
                    .is_ok_and(|ident| ident == self.table.mounts[proc].here)
            })
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
            self.dive(&start, path)
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
            return Ok((Node::new(Handle::borrowed(at.dirfd)), at.path.into()));
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

    /// How the zone calls what the host calls otherwise.
    #[must_use]
    pub fn names(&self) -> Names {
        let mut room = [0; PATH_MAX];
        let mounts = self.table.mounts.iter().enumerate();
        let mounts = mounts.filter(|(_, mount)| mount.kind != Kind::ProcFiles);
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

    /// What a name stands for in the root of /proc.
    fn enter_proc(&self, proc: &Node, name: &[u8]) -> SysResult<Entry<Node>> {
        if matches!(name, b"self" | b"thread-self" | b"mounts" | b"net") {
            return match self.enter_plain(proc, name)? {
                Entry::Link(node, text) => Ok(Entry::Link(node, numbers::in_path(&text))),
                other => Ok(other),
            };
        }
        if name.iter().all(u8::is_ascii_digit) {
            if name == b"0" {
                return self.enter_zsched();
            }
            let name = host_name(name).ok_or(Errno::ENOENT)?;
            return self.enter_plain(proc, &name);
        }
        match self.table.of_kind(Kind::ProcFiles) {
            Some(files) => self.enter_plain(&self.shown(files), name),
            None => Err(Errno::ENOENT),
        }
    }

    /// The directory of zsched's, which lies where nothing lists it.
    fn enter_zsched(&self) -> SysResult<Entry<Node>> {
        let files = self.table.of_kind(Kind::ProcFiles).ok_or(Errno::ENOENT)?;
        match self.enter_plain(&self.shown(files), b"sys")? {
            Entry::Plain(sys) => self.enter_plain(&sys, b".zsched"),
            _ => Err(Errno::ENOENT),
        }
    }

    /// What the host calls the thread `name` in a directory `task` of /proc, if that is another name.
    fn host_thread(&self, directory: &Node, name: &[u8]) -> SysResult<Option<Vec<u8>>> {
        let Some(first) = numbers::first() else {
            return Ok(None);
        };
        let number = core::str::from_utf8(name).ok();
        let number = number.and_then(|name| name.parse::<u32>().ok());
        let number = number.filter(|number| *number == 1 || *number == first);
        let (Some(number), false) = (number, directory.outside_proc) else {
            return Ok(None);
        };
        let mut room = [0; PATH_MAX];
        if !self.is_in_proc(directory.fd())
            || !link_text(directory.fd(), &mut room)?.ends_with(b"/task")
        {
            return Ok(None);
        }
        let host = numbers::outer(number).ok_or(Errno::ENOENT)?;
        Ok(Some(alloc::format!("{host}").into_bytes()))
    }

    /// As the host has it.
    fn enter_plain(&self, directory: &Node, name: &[u8]) -> SysResult<Entry<Node>> {
        let flags = OpenFlags::PATH | OpenFlags::NOFOLLOW | OpenFlags::CLOEXEC;
        let text = self.host_thread(directory, name)?;
        let text = Name::new(text.as_deref().unwrap_or(name))?;
        let fd = host_call!(
            nr::OPENAT,
            directory.register(),
            text.register(),
            flags.raw()
        )?;
        let mut node = Node::new(Handle::owned(as_int(fd)));
        node.outside_proc = directory.outside_proc;
        if node.kind()? != S_IFLNK {
            return Ok(Entry::Plain(node));
        }
        if !node.outside_proc
            && let Some(proc) = self.table.of_kind(Kind::Proc)
            && node.ident()?.dev == self.table.mounts[proc].here.dev
            && directory.ident()? != self.table.mounts[proc].here
        {
            return Ok(Entry::Magic(node));
        }
        let mut room = [0; PATH_MAX];
        let empty = c"".as_ptr().expose_provenance();
        let to = room.as_mut_ptr().expose_provenance();
        let length = host_call!(nr::READLINKAT, node.register(), empty, to, room.len())?;
        let text = Vec::from(room.get(..length).unwrap_or_default());
        Ok(Entry::Link(node, text))
    }
}

impl Tree for Space<'_> {
    type Node = Node;

    fn root(&self) -> SysResult<Node> {
        Ok(self.shown(0))
    }

    fn enter(&self, directory: &Node, name: &[u8]) -> SysResult<Entry<Node>> {
        if name != b"." {
            if self.table.is_point_name(name)
                && let Some(mount) = self.table.mounted_at(directory.ident()?, name)
            {
                return Ok(Entry::Plain(self.shown(mount)));
            }
            if self.is_proc_root(directory) {
                return self.enter_proc(directory, name);
            }
        }
        self.enter_plain(directory, name)
    }

    fn above(&self, directory: &Node) -> SysResult<Node> {
        let (kind, ident) = (directory.kind()?, directory.ident()?);
        if kind != S_IFDIR {
            return Err(Errno::ENOTDIR);
        }
        if self
            .table
            .mounts
            .first()
            .is_none_or(|root| root.here == ident)
        {
            return self.root();
        }
        if let Some(mount) = self.table.showing(ident) {
            let (within, path) = self.table.point_of(mount).ok_or(Errno::ENOENT)?;
            let at = self.shown(within);
            return if path.is_empty() {
                Ok(at)
            } else {
                self.dive(&at, path)?.ok_or(Errno::ENOENT)
            };
        }
        let Entry::Plain(above) = self.enter_plain(directory, b"..")? else {
            return Err(Errno::ENOTDIR);
        };
        // What stands in /proc besides processes lies elsewhere on the host.
        if let Some(files) = self.table.of_kind(Kind::ProcFiles)
            && self.table.mounts[files].here == above.ident()?
            && let Some(proc) = self.table.of_kind(Kind::Proc)
        {
            return Ok(self.shown(proc));
        }
        Ok(above)
    }

    fn dive(&self, directory: &Node, path: &[u8]) -> SysResult<Option<Node>> {
        if !self.table.stays(path) || self.is_proc_root(directory) {
            return Ok(None);
        }
        // What stands there has numbers for names.
        let mut names = path.split(|byte| *byte == b'/');
        if !directory.outside_proc && names.any(|name| name == b"task") {
            return Ok(None);
        }
        let flags = OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::CLOEXEC;
        let mut text = Vec::with_capacity(path.len() + 1);
        text.extend_from_slice(path);
        text.push(0);
        match open_plain(directory.fd(), text.as_ptr().expose_provenance(), flags, 0) {
            Ok(fd) => {
                let mut node = Node::new(Handle::owned(as_int(fd)));
                node.outside_proc = directory.outside_proc;
                Ok(Some(node))
            }
            Err(errno) if undecided(errno) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn jump(&self, directory: &Node, name: &[u8]) -> SysResult<Node> {
        if name == b"root" {
            return self.root();
        }
        let text = Name::new(name)?;
        let flags = OpenFlags::PATH | OpenFlags::CLOEXEC;
        let args = [directory.register(), text.register(), flags.raw(), 0, 0, 0];
        let fd = host::call::forward_blocking(nr::OPENAT, &args)?;
        Ok(Node::new(Handle::owned(as_int(fd))))
    }

    fn is_directory(&self, node: &Node) -> bool {
        node.kind().is_ok_and(|kind| kind == S_IFDIR)
    }
}

/// What the host calls the directory in /proc of the process that the zone calls `name`.
fn host_name(name: &[u8]) -> Option<Vec<u8>> {
    let number = core::str::from_utf8(name).ok()?.parse::<u32>().ok()?;
    let plain = !name.starts_with(b"0") && !name.starts_with(b"+");
    let host = numbers::outer(number).filter(|host| plain && is_member(*host))?;
    Some(alloc::format!("{host}").into_bytes())
}

/// What the host calls the thing that a descriptor leads to.
///
/// # Errors
/// Those of readlink(2).
pub fn link_text(fd: i32, room: &mut [u8]) -> SysResult<&[u8]> {
    let link = host_path(fd);
    let to = room.as_mut_ptr().expose_provenance();
    let cwd = int(AT_FDCWD);
    let length = host_call!(nr::READLINKAT, cwd, link.register(), to, room.len())?;
    Ok(room.get(..length).unwrap_or_default())
}

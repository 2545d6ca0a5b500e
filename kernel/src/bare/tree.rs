//! The directories of a bare zone as a tree to walk.

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::as_int;
use host::host_call;

use super::node::{Name, Node, S_IFDIR, S_IFLNK};
use super::space::{PATH_MAX, Space, open_plain, undecided};
use super::table::Kind;
use crate::handle::Handle;
use crate::walk::{Entry, Tree};
use crate::zone;

impl Tree for Space<'_> {
    type Node = Node;

    fn root(&self) -> SysResult<Node> {
        Ok(self.shown(0))
    }

    fn enter(&self, directory: &Node, name: &[u8]) -> SysResult<Entry<Node>> {
        self.search(directory)?;
        if let Some(place) = self.place(directory) {
            return self.enter_layered(directory, place, name);
        }
        if name != b"." {
            if self.table.is_point_name(name)
                && let Some(mount) = self.table.mounted_at(directory.ident()?, name)
            {
                return Ok(Entry::Plain(self.shown(mount)));
            }
            if let Some(number) = self.terminal(directory, name)? {
                return self.enter_terminal(number).map(Entry::Plain);
            }
            if self.is_proc_root(directory) {
                let entry = self.enter_proc(directory, name)?;
                let (Entry::Plain(node) | Entry::Link(node, _) | Entry::Magic(node)) = &entry;
                node.mount.set(directory.mount.get());
                return Ok(entry);
            }
        }
        let entry = self.enter_plain(directory, name)?;
        if let Entry::Link(node, text) = entry {
            if let Some(text) = self.tools_link(directory, &text) {
                return Ok(Entry::Link(node, text));
            }
            if let Some(trail) = &directory.trail {
                self.learn(&trail.along(name), &text);
            }
            return Ok(Entry::Link(node, text));
        }
        let Some(trail) = directory.trail.as_ref().map(|trail| trail.along(name)) else {
            return Ok(entry);
        };
        Ok(match entry {
            Entry::Plain(mut node) => {
                node.trail = Some(trail);
                node.mount.set(directory.mount.get());
                Entry::Plain(node)
            }
            other => other,
        })
    }

    fn above(&self, directory: &Node) -> SysResult<Node> {
        let (kind, ident) = (directory.kind()?, directory.ident()?);
        if kind != S_IFDIR {
            return Err(Errno::ENOTDIR);
        }
        if let Some(place) = self.place(directory) {
            if !place.path.is_empty() {
                return self.above_layered(place);
            }
            return self.above_mount(place.mount);
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
            return self.above_mount(mount);
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
        above.mount.set(directory.mount.get());
        Ok(above)
    }

    fn dive(&self, directory: &Node, path: &[u8]) -> SysResult<Option<Node>> {
        if self.users.is_some() || !self.table.stays(path) || self.is_proc_root(directory) {
            return Ok(None);
        }
        if let Some(place) = self.place(directory) {
            return self.dive_layered(place, path);
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
                node.trail = directory.trail.as_ref().map(|trail| trail.along(path));
                node.mount.set(directory.mount.get());
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

    fn again(&self, start: &Node) -> Node {
        let mut node = Node::new(Handle::borrowed(start.fd()));
        node.outside_proc = start.outside_proc;
        node.place.clone_from(&start.place);
        node.trail.clone_from(&start.trail);
        node.mount.set(start.mount.get());
        node
    }

    fn is_same(&self, one: &Node, other: &Node) -> bool {
        one.ident().is_ok() && one.ident() == other.ident()
    }

    fn crosses(&self, one: &Node, other: &Node) -> bool {
        self.mount_of(one) != self.mount_of(other)
    }
}

impl Space<'_> {
    /// Where an absolute link leads that stands among the host's tools: on among them.
    fn tools_link(&self, directory: &Node, text: &[u8]) -> Option<Vec<u8>> {
        let text = zone::beneath(text)?;
        let mount = self.table.mounts.get(self.mount_of(directory))?;
        mount.is_of_tools().then(|| text.into_bytes())
    }

    /// The directory that the mount point of a mount is in.
    fn above_mount(&self, mount: usize) -> SysResult<Node> {
        if mount == 0 {
            return self.root();
        }
        let (within, path) = self.table.point_of(mount).ok_or(Errno::ENOENT)?;
        let at = self.shown(within);
        if path.is_empty() {
            return Ok(at);
        }
        self.unseen().dive(&at, path)?.ok_or(Errno::ENOENT)
    }

    /// As the host has it.
    pub(super) fn enter_plain(&self, directory: &Node, name: &[u8]) -> SysResult<Entry<Node>> {
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

//! Mounts that are stacks of trees (`crate::overlay`). A descriptor in one is the host's of what the
//! uppermost layer has there; where in the stack that is, its path says: directories that several
//! layers share never move.

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::{host_call, intercept};

use super::node::{Node, S_IFDIR, S_IFLNK, link_text};
use super::space::{PATH_MAX, Space};
use super::table::{Kind, Layers, Table};
use crate::handle::Handle;
use crate::overlay::{Content, Disk, Found, HostDisk, Numbers, Stack, UPPER, join, split};
use crate::vfs::{AT_FDCWD, At};
use crate::walk::{Aim, Entry};

/// Where in a stack something lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The mount.
    pub mount: usize,
    /// The layer that the descriptor leads to.
    pub layer: usize,
    /// The path, from what the mount shows on.
    pub path: Vec<u8>,
    /// It has no name there any more.
    pub gone: bool,
}

/// Finds out how the host calls the layers, and what else is mounted.
pub(super) fn name_layers(table: &mut Table) {
    if table.layers.is_empty() {
        return;
    }
    let text = |index: usize| {
        let mut room = [0; PATH_MAX];
        let offset = i32::try_from(index).unwrap_or(0);
        link_text(intercept::mounts_fd() + offset, &mut room)
            .map(Vec::from)
            .unwrap_or_default()
    };
    let others = table.mounts.iter().enumerate();
    let others = others.filter(|(_, mount)| !matches!(mount.kind, Kind::Stack | Kind::Layer));
    table.beside = others.map(|(index, _)| text(index)).collect();
    for layers in &mut table.layers {
        layers.texts = layers.descriptors().map(text).collect();
    }
}

impl Space<'_> {
    /// Whether some mount is a stack.
    #[must_use]
    pub fn has_layers(&self) -> bool {
        !self.table.layers.is_empty()
    }

    /// The stack that a mount shows.
    ///
    /// # Errors
    /// `EINVAL` when it shows something else.
    pub fn stack(&self, mount: usize) -> SysResult<Stack<HostDisk>> {
        let layers = self.table.layers_of(mount).ok_or(Errno::EINVAL)?;
        let fd = |index: usize| intercept::mounts_fd() + i32::try_from(index).unwrap_or(0);
        let device = |index: usize| {
            self.table
                .mounts
                .get(index)
                .map_or(0, |mount| mount.here.dev)
        };
        let devices: Vec<u64> = layers.descriptors().map(device).collect();
        Ok(Stack {
            disk: HostDisk::new(layers.descriptors().map(fd).collect(), fd(layers.work())),
            numbers: Numbers::new(&devices),
        })
    }

    /// Where in a stack a node lies; `None` for one that is in none.
    #[must_use]
    pub fn place<'n>(&self, node: &'n Node) -> Option<&'n Place> {
        if self.table.layers.is_empty() {
            return None;
        }
        node.place.get_or_init(|| self.find_place(node)).as_ref()
    }

    fn find_place(&self, node: &Node) -> Option<Place> {
        const GONE: &[u8] = b" (deleted)";
        let mut room = [0; PATH_MAX];
        let text = if node.fd() == AT_FDCWD {
            let to = room.as_mut_ptr().expose_provenance();
            let link = c"/proc/thread-self/cwd".as_ptr().expose_provenance();
            let length = host_call!(nr::READLINKAT, int(AT_FDCWD), link, to, room.len());
            room.get(..length.ok()?)?
        } else {
            link_text(node.fd(), &mut room).ok()?
        };
        let (layers, layer, path) = self.table.in_layers(text)?;
        let mut place = Place {
            mount: layers.mount,
            layer,
            path: path.into(),
            gone: false,
        };
        let stack = self.stack(layers.mount).ok()?;
        if path.ends_with(GONE) {
            let same = stack.disk.open(layer, path).ok().and_then(|there| {
                let there = stack.disk.status(&there).ok()?;
                let ident = node.ident().ok()?;
                Some((there.st_dev, there.st_ino) == (ident.dev, ident.ino))
            });
            if same != Some(true) {
                // A file in memory has a name that looks like a path.
                let mut mounts = layers.descriptors();
                let of = mounts.nth(layer).and_then(|of| self.table.mounts.get(of));
                if of.map(|of| of.here.dev) != node.ident().ok().map(|ident| ident.dev) {
                    return None;
                }
                place.path.truncate(path.len() - GONE.len());
                place.gone = true;
            }
        } else if layer != UPPER && node.kind().is_ok_and(|kind| kind == S_IFDIR) {
            place.gone = !is_shown(&stack, layer, path);
        }
        Some(place)
    }

    /// A node for what was found in a stack.
    fn node_of(&self, mount: usize, path: Vec<u8>, found: Found<Handle>) -> Node {
        let mut node = Node::new(found.file);
        node.outside_proc = true;
        node.mount.set(Some(mount));
        let status = &found.status;
        node.set_status(status);
        let place = Place {
            mount,
            layer: found.layer,
            path,
            gone: false,
        };
        let _ = node.place.set(Some(place));
        node
    }

    /// What `name` is in a directory of a stack.
    pub(super) fn enter_layered(
        &self,
        directory: &Node,
        place: &Place,
        name: &[u8],
    ) -> SysResult<Entry<Node>> {
        if directory.kind()? != S_IFDIR {
            return Err(Errno::ENOTDIR);
        }
        if name == b"." {
            return self.enter_plain(directory, name).inspect(|entry| {
                if let Entry::Plain(node) = entry {
                    let _ = node.place.set(Some(place.clone()));
                }
            });
        }
        if place.gone {
            return Err(Errno::ENOENT);
        }
        let path = join(&place.path, name);
        if let Some(mount) = self.layered_point(place, name) {
            return Ok(Entry::Plain(self.shown(mount)));
        }
        let stack = self.stack(place.mount)?;
        // What may not be searched is not found, whatever a layer below allows.
        if place.layer != UPPER {
            let file = Handle::borrowed(directory.fd());
            const SEARCH: u32 = 1;
            stack.disk.permit(&file, SEARCH)?;
        }
        let node = self.node_of(place.mount, path.clone(), stack.find(&path)?);
        if node.kind()? != S_IFLNK {
            return Ok(Entry::Plain(node));
        }
        let text = self.text_of_link(&node)?;
        Ok(Entry::Link(node, text))
    }

    /// The directory above one in a stack, below what its mount shows.
    pub(super) fn above_layered(&self, place: &Place) -> SysResult<Node> {
        let path = split(&place.path).0;
        let found = self.stack(place.mount)?.directory(path)?;
        Ok(self.node_of(place.mount, path.into(), found))
    }

    /// As `Tree::dive`.
    pub(super) fn dive_layered(&self, place: &Place, path: &[u8]) -> SysResult<Option<Node>> {
        if place.gone {
            return Ok(None);
        }
        let path = along(&place.path, path);
        match self.stack(place.mount)?.directory(&path) {
            Ok(found) => Ok(Some(self.node_of(place.mount, path, found))),
            Err(Errno::ELOOP) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// What an absolute path names in a stack, when that needs no walk.
    ///
    /// # Errors
    /// Those of path_resolution(7).
    pub(super) fn layered_object(&self, at: At<'_>, aim: Aim) -> SysResult<Option<Node>> {
        let path = at.path.to_bytes();
        if self.table.layers.is_empty() || !path.starts_with(b"/") || path.ends_with(b"/") {
            return Ok(None);
        }
        let Some((mount, offset)) = self.table.lexical(path) else {
            return Ok(None);
        };
        if self.table.layers_of(mount).is_none() {
            return Ok(None);
        }
        let path = along(b"", path.get(offset..).unwrap_or_default());
        let found = match self.stack(mount)?.find(&path) {
            Err(Errno::ELOOP) => return Ok(None),
            found => found?,
        };
        let node = self.node_of(mount, path, found);
        let walks = aim == Aim::Follow && node.kind()? == S_IFLNK;
        Ok((!walks).then_some(node))
    }

    /// The mount whose mount point a name in a directory of a stack is.
    pub(super) fn layered_point(&self, place: &Place, name: &[u8]) -> Option<usize> {
        if !self.table.is_point_name(name) {
            return None;
        }
        let target = &self.table.mounts.get(place.mount)?.target;
        let target = join(&join(target, &place.path), name);
        let mut mounts = self.table.mounts.iter();
        mounts.rposition(|mount| !mount.target.is_empty() && mount.target == target)
    }

    /// The same file in the upper layer, where it can be changed.
    ///
    /// # Errors
    /// Those of copying it up.
    pub fn raised(&self, node: Node, content: Content) -> SysResult<Node> {
        let Some(place) = self.place(&node) else {
            return Ok(node);
        };
        if place.layer == UPPER || place.gone {
            return Ok(node);
        }
        let (mount, path) = (place.mount, place.path.clone());
        let stack = self.stack(mount)?;
        let file = stack.raise(&path, content)?;
        let status = stack.disk.status(&file)?;
        let found = Found {
            layer: UPPER,
            file,
            status,
        };
        Ok(self.node_of(mount, path, found))
    }

    /// The text of a link.
    pub(super) fn text_of_link(&self, link: &Node) -> SysResult<Vec<u8>> {
        let mut room = [0; PATH_MAX];
        let empty = c"".as_ptr().expose_provenance();
        let to = room.as_mut_ptr().expose_provenance();
        let length = host_call!(nr::READLINKAT, link.register(), empty, to, room.len())?;
        Ok(room.get(..length).map(Vec::from).unwrap_or_default())
    }
}

/// Whether a directory of a lower layer is part of what the stack shows at its path.
fn is_shown(stack: &Stack<HostDisk>, layer: usize, path: &[u8]) -> bool {
    match stack.find(path) {
        Ok(found) if found.layer == layer => true,
        Ok(found) if found.is_directory() => stack
            .parts(path)
            .is_ok_and(|parts| parts.iter().any(|(part, _)| *part == layer)),
        _ => false,
    }
}

/// A path in a stack, from a directory on: names with single slashes between them.
fn along(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let names = path
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".");
    names.fold(directory.into(), |path: Vec<u8>, name| join(&path, name))
}

impl Table {
    /// The layers of a mount that is a stack.
    #[must_use]
    pub fn layers_of(&self, mount: usize) -> Option<&Layers> {
        self.layers.iter().find(|layers| layers.mount == mount)
    }

    /// Where the zone sees what a mount shows; for a layer, where it sees the stack.
    pub(super) fn target(&self, mount: usize) -> &[u8] {
        let of = |layers: &&Layers| layers.descriptors().any(|layer| layer == mount);
        let mount = self.layers.iter().find(of).map_or(mount, |of| of.mount);
        self.mounts.get(mount).map_or(&[], |mount| &mount.target)
    }

    /// Of what the host calls `text`: the stack that it lies in, the layer, and the path there.
    pub(super) fn in_layers<'t>(&self, text: &'t [u8]) -> Option<(&Layers, usize, &'t [u8])> {
        let mut best: Option<(usize, &Layers, usize, &[u8])> = None;
        for layers in &self.layers {
            for (layer, root) in layers.texts.iter().enumerate() {
                if let Some(rest) = below(text, root)
                    && best.is_none_or(|(length, ..)| length < root.len())
                {
                    best = Some((root.len(), layers, layer, rest));
                }
            }
        }
        let (length, layers, layer, rest) = best?;
        // What is mounted in between is something else.
        let mut others = self.beside.iter();
        let is_other = |other: &Vec<u8>| other.len() > length && below(text, other).is_some();
        (!others.any(is_other)).then_some((layers, layer, rest))
    }
}

/// The rest of a host's path below another.
fn below<'t>(text: &'t [u8], root: &[u8]) -> Option<&'t [u8]> {
    match text.strip_prefix(root)? {
        _ if root.is_empty() => None,
        b"" => Some(b""),
        rest if root == b"/" => Some(rest),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Opens a directory for reading, wherever its descriptor is from.
///
/// # Errors
/// Those of open(2).
pub fn reopened(node: &Node, flags: OpenFlags) -> SysResult<Handle> {
    let path = super::node::host_path(node.fd());
    let flags = flags | OpenFlags::CLOEXEC;
    let fd = host_call!(nr::OPENAT, int(AT_FDCWD), path.register(), flags.raw())?;
    Ok(Handle::owned(as_int(fd)))
}

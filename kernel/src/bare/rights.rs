//! Which mount something lies in, and what that allows. The host knows of no mounts here, so the
//! brand does what mount flags mean (mount(2)).

use alloc::vec::Vec;

use super::node::{Node, link_text};
use super::space::{PATH_MAX, Space};
use super::table::{Kind, Mount, NO_DEV, NO_EXEC, READ_ONLY};

/// The mount of what lies in none: pipes, sockets, files in memory.
const NOWHERE: usize = usize::MAX;

impl Space<'_> {
    /// The mount that a node lies in. Where directories of the host are shown by two mounts, and the
    /// way to the node tells nothing, it is the innermost.
    #[must_use]
    pub fn mount_of(&self, node: &Node) -> usize {
        if let Some(mount) = node.mount.get() {
            return mount;
        }
        let layered = self.place(node).map(|place| place.mount);
        let mount = layered.or_else(|| self.looked_up(node));
        let mount = mount.unwrap_or(NOWHERE);
        node.mount.set(Some(mount));
        mount
    }

    fn looked_up(&self, node: &Node) -> Option<usize> {
        let ident = node.ident().ok()?;
        if let Some(mount) = self.table.showing(ident) {
            return Some(mount);
        }
        let all = self.table.mounts.iter().enumerate();
        let near: Vec<usize> = all
            .filter(|(_, mount)| mount.kind != Kind::File && mount.here.dev == ident.dev)
            .map(|(index, _)| index)
            .collect();
        if let [only] = near[..] {
            return Some(self.of_files(only));
        }
        let (mut room, mut other) = ([0; PATH_MAX], [0; PATH_MAX]);
        let host = link_text(node.fd(), &mut room).ok()?;
        // A file in memory has a name that looks like a path.
        if near.is_empty() && host.ends_with(b" (deleted)") {
            return None;
        }
        let inside = |index: &usize| {
            let shown = link_text(self.shown(*index).fd(), &mut other).ok()?;
            let rest = host.strip_prefix(shown)?;
            let inside = rest.is_empty() || rest.starts_with(b"/") || shown == b"/";
            inside.then_some((shown.len(), *index))
        };
        // On a file system of its own, that the host has mounted below one of them, it can be any.
        let all: Vec<usize> = (0..self.table.mounts.len()).collect();
        let mounts = if near.is_empty() { all } else { near };
        let (_, mount) = mounts
            .iter()
            .filter_map(inside)
            .max_by_key(|found| found.0)?;
        Some(self.of_files(mount))
    }

    /// What stands in /proc besides processes belongs to it.
    fn of_files(&self, mount: usize) -> usize {
        let is_files = self.table.of_kind(Kind::ProcFiles) == Some(mount);
        let proc = self.table.of_kind(Kind::Proc).filter(|_| is_files);
        proc.unwrap_or(mount)
    }

    fn flags_of(&self, node: &Node) -> u8 {
        let mount = self.table.mounts.get(self.mount_of(node));
        mount.map_or(0, |mount| mount.flags)
    }

    /// Whether the mount of a node has a flag. Mostly its file system tells, and then nothing more is
    /// asked.
    fn has(&self, node: &Node, flag: u8) -> bool {
        if node.mount.get().is_none()
            && let Ok(ident) = node.ident()
        {
            let here = |mount: &&Mount| mount.here.dev == ident.dev;
            let flagged = |mount: &Mount| mount.flags & flag != 0;
            let mut near = self.table.mounts.iter().filter(here).peekable();
            if near.peek().is_some() && !near.any(flagged) {
                return false;
            }
        }
        self.flags_of(node) & flag != 0
    }

    /// Whether it lies in a mount that cannot be written to.
    #[must_use]
    pub fn is_read_only(&self, node: &Node) -> bool {
        self.table.any(READ_ONLY) && self.has(node, READ_ONLY)
    }

    /// Whether it lies in a mount from which nothing can be executed.
    #[must_use]
    pub fn is_no_exec(&self, node: &Node) -> bool {
        self.table.any(NO_EXEC) && self.has(node, NO_EXEC)
    }

    /// Whether it is a device that cannot be opened, because its mount is nodev.
    #[must_use]
    pub fn is_dead_device(&self, node: &Node) -> bool {
        const S_IFCHR: u32 = 0o020_000;
        const S_IFBLK: u32 = 0o060_000;
        self.table.any(NO_DEV)
            && matches!(node.kind(), Ok(S_IFCHR | S_IFBLK))
            && self.has(node, NO_DEV)
    }

    /// What statfs(2) says of it besides what the host says: `ST_RDONLY`, `ST_NODEV`, `ST_NOEXEC`, and
    /// `ST_NOSUID`, since set-id bits mean nothing in such a zone.
    #[must_use]
    pub fn statfs_flags(&self, node: &Node) -> u64 {
        const ST_NOSUID: u64 = 2;
        let flags = self.flags_of(node);
        let bit = |flag, bit| if flags & flag != 0 { bit } else { 0 };
        ST_NOSUID | bit(READ_ONLY, 1) | bit(NO_DEV, 4) | bit(NO_EXEC, 8)
    }
}

//! /proc of a bare zone: processes from the host's, and beside them what zsched put into a directory
//! of its own.

use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::{host_call, intercept};

use super::handle::Handle;
use super::node::{Node, link_text};
use super::space::{PATH_MAX, Space};
use super::table::{Ident, Kind};
use crate::walk::Entry;

impl Space<'_> {
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

    pub(super) fn is_proc_root(&self, node: &Node) -> bool {
        !node.outside_proc
            && self.table.of_kind(Kind::Proc).is_some_and(|proc| {
                node.ident()
                    .is_ok_and(|ident| ident == self.table.mounts[proc].here)
            })
    }

    /// What a name stands for in the root of /proc.
    pub(super) fn enter_proc(&self, proc: &Node, name: &[u8]) -> SysResult<Entry<Node>> {
        if matches!(name, b"self" | b"thread-self" | b"mounts" | b"net") {
            return self.enter_plain(proc, name);
        }
        if name.iter().all(u8::is_ascii_digit) {
            return if is_of_zone(proc, name) {
                self.enter_plain(proc, name)
            } else {
                Err(Errno::ENOENT)
            };
        }
        match self.table.of_kind(Kind::ProcFiles) {
            Some(files) => self.enter_plain(&self.shown(files), name),
            None => Err(Errno::ENOENT),
        }
    }
}

/// Whether the process with this number, as a directory in the host's /proc, is one of the zone's:
/// it runs the same image as this one.
fn is_of_zone(proc: &Node, number: &[u8]) -> bool {
    let mut path = [0u8; 32];
    let end = number.len();
    let (Some(room), true) = (path.get_mut(..end), end < 20) else {
        return false;
    };
    room.copy_from_slice(number);
    path[end..end + 4].copy_from_slice(b"/exe");
    let mut stat = Stat::default();
    let to = (&raw mut stat).expose_provenance();
    let at = path.as_ptr().expose_provenance();
    if host_call!(nr::NEWFSTATAT, proc.register(), at, to, 0).is_err() {
        return false;
    }
    let image = Node::new(Handle::borrowed(intercept::image_fd()));
    image.ident().is_ok_and(|image| {
        image
            == Ident {
                dev: stat.st_dev,
                ino: stat.st_ino,
            }
    })
}

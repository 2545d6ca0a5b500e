//! /proc of a bare zone: processes from the host's, and beside them what zsched put into a directory
//! of its own.

use alloc::vec::Vec;

use abi::{Errno, SysResult};

use super::members::is_member;
use super::node::{Node, link_text};
use super::space::{PATH_MAX, Space};
use super::table::{Ident, Kind};
use crate::handle::Handle;
use crate::numbers;
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

    /// Whether a descriptor leads to where names do not mean what they mean on the host: into /proc,
    /// or to the terminals.
    #[must_use]
    pub(super) fn is_special(&self, fd: i32) -> bool {
        let node = Node::new(Handle::borrowed(fd));
        let special = |ident: Ident| {
            self.table.mounts.iter().any(|mount| match mount.kind {
                Kind::Proc => mount.here.dev == ident.dev,
                Kind::Terminals => mount.here == ident,
                _ => false,
            })
        };
        node.ident().is_ok_and(special)
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
    pub(super) fn host_thread(&self, directory: &Node, name: &[u8]) -> SysResult<Option<Vec<u8>>> {
        let Some(first) = numbers::first().filter(|_| !directory.outside_proc) else {
            return Ok(None);
        };
        let number = core::str::from_utf8(name).ok();
        let number = number.and_then(|name| name.parse::<u32>().ok());
        let Some(number) = number.filter(|number| *number == 1 || *number == first) else {
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
}

/// What the host calls the directory in /proc of the process that the zone calls `name`.
fn host_name(name: &[u8]) -> Option<Vec<u8>> {
    let number = core::str::from_utf8(name).ok()?.parse::<u32>().ok()?;
    let plain = !name.starts_with(b"0") && !name.starts_with(b"+");
    let host = numbers::outer(number).filter(|host| plain && is_member(*host))?;
    Some(alloc::format!("{host}").into_bytes())
}

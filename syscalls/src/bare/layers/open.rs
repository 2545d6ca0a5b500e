//! Opening what lies in a stack: a file is copied up before it is opened for writing, and a new one is
//! made in the upper layer.

use abi::arg::OpenFlags;
use abi::stat::{DIRECTORY, REGULAR};
use abi::{Errno, SysResult};
use alloc::ffi::CString;
use alloc::vec::Vec;
use kernel::bare::{Node, Space};
use kernel::overlay::{Content, Made, join};
use kernel::vfs::At;
use kernel::walk::{Aim, Found, Limits};

use super::change::{Right, raise};
use crate::bare::open::{again, check_writable, make};

/// How often a path is walked again, because somebody else was first.
const TRIES: usize = 16;

/// Opens what a path leads to; `None` when it leads to no stack.
pub(in crate::bare) fn open(
    space: &Space<'_>,
    at: At<'_>,
    flags: OpenFlags,
    mode: u64,
    limits: Limits,
) -> Option<SysResult<i32>> {
    let fresh = flags.contains(OpenFlags::CREAT | OpenFlags::EXCL);
    let aim = if fresh || flags.contains(OpenFlags::NOFOLLOW) {
        Aim::Keep
    } else {
        Aim::Follow
    };
    for _ in 0..TRIES {
        let opened = match space.find(at, aim, limits) {
            Err(errno) => Err(errno),
            Ok(Found::Node(node, _)) => {
                space.place(&node)?;
                if fresh {
                    Err(Errno::EEXIST)
                } else {
                    existing(space, node, flags)
                }
            }
            Ok(Found::Name(directory, name)) => {
                space.place(&directory)?;
                match new(space, &directory, name, flags, mode) {
                    Err(Errno::EEXIST) if !fresh => continue,
                    opened => opened,
                }
            }
        };
        return Some(opened);
    }
    Some(Err(Errno::ELOOP))
}

fn existing(space: &Space<'_>, node: Node, flags: OpenFlags) -> SysResult<i32> {
    let changes = OpenFlags::WRONLY | OpenFlags::RDWR | OpenFlags::TRUNC;
    let kind = node.kind()?;
    let written = kind == REGULAR && flags.intersects(changes);
    if !flags.contains(OpenFlags::PATH) && space.is_read_only(&node) {
        check_writable(&node, flags)?;
    }
    let named = flags.intersects(OpenFlags::DIRECTORY | OpenFlags::PATH);
    let raised = if written && !named {
        let content = if flags.contains(OpenFlags::TRUNC) {
            Content::Nothing
        } else {
            Content::Whole
        };
        raise(space, node, Right::Write, content)?
    } else if kind == DIRECTORY && flags.contains(OpenFlags::TMPFILE_ONLY) {
        raise(space, node, Right::Write, Content::Whole)?
    } else {
        node
    };
    again(&raised, flags)
}

fn new(
    space: &Space<'_>,
    directory: &Node,
    name: Vec<u8>,
    flags: OpenFlags,
    mode: u64,
) -> SysResult<i32> {
    if !flags.contains(OpenFlags::CREAT) {
        return Err(Errno::ENOENT);
    }
    if name.ends_with(b"/") {
        return Err(Errno::EISDIR);
    }
    let place = space.place(directory).ok_or(Errno::ENOENT)?;
    if place.gone {
        return Err(Errno::ENOENT);
    }
    if space.is_read_only(directory) {
        return Err(Errno::EROFS);
    }
    let path = join(&place.path, &name);
    let stack = space.stack(place.mount)?;
    stack.make(&path, Made::File, &mut |at| {
        let name = CString::new(at.name).map_err(|_| Errno::EINVAL)?;
        let directory = Node::of_guest(at.directory.raw());
        make(&directory, &name, flags | OpenFlags::EXCL, mode)
    })
}

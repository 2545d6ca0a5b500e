//! What handlers of this family read of the guest's registers, and ask of the host.

use alloc::ffi::CString;

use abi::arg::{AtFlags, Path};
use abi::{Errno, RawArg, SysResult, UserPtr};
use core::ffi::CStr;
use host::call::{as_int, forward_blocking};
use host::user::PathBuffer;
use kernel::Task;
use kernel::bare::{Node, Space};
use kernel::vfs::{AT_FDCWD, At, FileSystem, Links, Place};
use kernel::walk::{Aim, Found, Limits};

use super::tools::meant;

/// The space of the zone that the task runs in. Only tasks of such a zone come here.
pub(crate) fn space(t: &Task) -> SysResult<Space<'_>> {
    let table = t.program.bare.ok_or(Errno::ENOSYS)?;
    Ok(Space::remembering(table, &t.links).seen_by(t.users.as_deref()))
}

/// Reads the path at the address in a register.
pub(crate) fn path(room: &mut PathBuffer, register: usize) -> SysResult<&CStr> {
    room.read(Path::from(RawArg(register)))
}

/// A path, and where it starts.
pub(crate) fn at(dirfd: usize, path: &CStr) -> At<'_> {
    At {
        dirfd: as_int(dirfd),
        path,
    }
}

/// The register that passes `AT_FDCWD`.
pub(crate) const CWD: usize = host::call::int(AT_FDCWD);

/// `AT_*` flags in a register.
pub(crate) fn at_flags(register: usize) -> AtFlags {
    AtFlags::from(RawArg(register))
}

/// What is meant by a path with these flags of a call that follows links unless told otherwise.
pub(super) fn aim(flags: AtFlags) -> Aim {
    if flags.contains(AtFlags::SYMLINK_NOFOLLOW) {
        Aim::Keep
    } else {
        Aim::Follow
    }
}

/// What a call works on: what a path names, or a descriptor of the guest's itself.
pub(crate) enum Target {
    /// What a path names.
    Named(Node),
    /// The descriptor, or the working directory.
    Itself,
}

/// Finds what a call with `AT_EMPTY_PATH` works on.
pub(crate) fn target(t: &Task, dirfd: usize, path_at: usize, flags: AtFlags) -> SysResult<Target> {
    if flags.contains(AtFlags::EMPTY_PATH) && path_at == 0 {
        return Ok(Target::Itself);
    }
    let mut room = PathBuffer::new();
    let text = path(&mut room, path_at)?;
    if text.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
        return Ok(Target::Itself);
    }
    let node = find(t, at(dirfd, text), aim(flags))?;
    Ok(Target::Named(node))
}

/// Finds what a path names from the working directory on.
pub(crate) fn object(t: &Task, path_at: usize, aim: Aim) -> SysResult<Node> {
    object_at(t, CWD, path_at, aim)
}

/// Finds what a path names.
pub(super) fn object_at(t: &Task, dirfd: usize, path_at: usize, aim: Aim) -> SysResult<Node> {
    let mut room = PathBuffer::new();
    let text = path(&mut room, path_at)?;
    find(t, at(dirfd, text), aim)
}

/// Finds what `at` names.
pub(crate) fn find(t: &Task, at: At<'_>, aim: Aim) -> SysResult<Node> {
    let space = space(t)?;
    let meant = meant(t, &space, at);
    let at = meant.as_deref().map_or(at, At::cwd);
    match space.plain_object(at, aim)? {
        Some(node) => Ok(node),
        None => walked(t, &space, at, aim),
    }
}

/// Finds what `at` names, component by component.
pub(super) fn walked(t: &Task, space: &Space<'_>, at: At<'_>, aim: Aim) -> SysResult<Node> {
    match space.find(at, aim, Limits::default())? {
        Found::Name(..) => Err(Errno::ENOENT),
        Found::Node(node, from) => {
            match from.and_then(|(directory, name)| in_proc(t, space, directory, &name)) {
                Some(emulated) => Ok(emulated.place(t, space, aim)?.unwrap_or(node)),
                None => Ok(node),
            }
        }
    }
}

/// An entry of the host's /proc that may be other than the host says.
pub(super) struct Emulated {
    directory: Node,
    name: CString,
    pub(super) fs: &'static dyn FileSystem,
}

/// The entry `name` of a directory, if it is one that is emulated.
pub(super) fn in_proc(
    t: &Task,
    space: &Space<'_>,
    directory: Node,
    name: &[u8],
) -> Option<Emulated> {
    if !space.is_in_proc(directory.fd()) {
        return None;
    }
    let fs = t.mounts.overlay(name)?;
    let name = CString::new(name).ok()?;
    Some(Emulated {
        directory,
        name,
        fs,
    })
}

impl Emulated {
    /// Where the host has it.
    pub(crate) fn at(&self) -> At<'_> {
        At {
            dirfd: self.directory.fd(),
            path: &self.name,
        }
    }

    /// What it leads to, if not where the host says.
    pub(super) fn place(&self, t: &Task, space: &Space<'_>, aim: Aim) -> SysResult<Option<Node>> {
        let links = match aim {
            Aim::Keep => Links::Keep,
            _ => Links::Follow,
        };
        match self.fs.locate(t, self.at(), links)? {
            Place::Elsewhere(path) => space.object(At::cwd(&path), Aim::Follow).map(Some),
            Place::Same | Place::Descriptors { .. } => Ok(None),
        }
    }
}

/// A descriptor of the guest's, or the working directory.
pub(super) fn opened(register: usize) -> Node {
    Node::of_guest(as_int(register))
}

/// What is to be changed must not lie in a mount that is read-only.
pub(crate) fn check_changeable(t: &Task, node: &Node) -> SysResult<()> {
    if space(t)?.is_read_only(node) {
        return Err(Errno::EROFS);
    }
    Ok(())
}

/// A host call that may wait: for the holder of a lease, for a file server.
pub(super) fn ask<const N: usize>(number: usize, args: &[usize; N]) -> SysResult {
    let mut all = [0; 6];
    for (to, from) in all.iter_mut().zip(args) {
        *to = *from;
    }
    forward_blocking(number, &all)
}

/// A structure in the guest's memory.
pub(crate) fn pointer<T>(register: usize) -> UserPtr<T> {
    UserPtr::new(register)
}

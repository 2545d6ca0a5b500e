//! Calls that make, remove and move names.

use abi::arg::AtFlags;
use abi::{Errno, RawArg, SysResult, nr};
use alloc::vec::Vec;
use core::ffi::CStr;
use host::user::{self, PathBuffer};
use kernel::Task;
use kernel::bare::{Handle, Node, Space};
use kernel::overlay::{
    Content, Disk, EXCHANGE, HostDisk, Made, NOREPLACE, Spot, Stack, UPPER, join,
};
use kernel::walk::Aim;

use super::change::{Right, raise, raise_descriptor};
use super::{call, otherwise};
use crate::bare::arguments::{CWD, ask, at, at_flags, path, space};

const AT_REMOVEDIR: usize = 0x200;
/// `struct sockaddr_un`: the family, and 108 bytes of path.
const LONGEST: usize = 110;

/// What a path ends with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A name; whether slashes follow.
    Name { slash: bool },
    /// `.`
    Itself,
    /// `..`
    Above,
    /// There is none: it is the root.
    Root,
}

/// A name in a directory of a stack.
struct Layered {
    stack: Stack<HostDisk>,
    mount: usize,
    path: Vec<u8>,
    last: Last,
    /// A mount point stands there.
    is_mount_point: bool,
    gone: bool,
    read_only: bool,
}

/// Where the last component of a path stands, if that is in a stack.
fn layered(t: &Task, dirfd: usize, path_at: usize) -> SysResult<Option<Layered>> {
    let mut room = PathBuffer::new();
    let text = path(&mut room, path_at)?;
    if text.is_empty() {
        return Err(Errno::ENOENT);
    }
    let space = space(t)?;
    let (directory, name) = space.parent(at(dirfd, text))?;
    in_stack(&space, &directory, name.to_bytes())
}

fn in_stack(space: &Space<'_>, directory: &Node, text: &[u8]) -> SysResult<Option<Layered>> {
    let Some(place) = space.place(directory) else {
        return Ok(None);
    };
    let end = text
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |at| at + 1);
    let name = text.get(..end).unwrap_or_default();
    let last = match name {
        b"" => Last::Root,
        b"." => Last::Itself,
        b".." => Last::Above,
        _ => Last::Name {
            slash: end < text.len(),
        },
    };
    Ok(Some(Layered {
        stack: space.stack(place.mount)?,
        mount: place.mount,
        path: join(&place.path, name),
        last,
        is_mount_point: space.is_mount_point(directory, name),
        gone: place.gone,
        read_only: space.is_read_only(directory),
    }))
}

impl Layered {
    /// Makes something new there.
    fn make<T>(
        &self,
        made: Made,
        mut create: impl FnMut(Spot<'_, Handle>) -> SysResult<T>,
    ) -> SysResult<T> {
        match self.last {
            Last::Name { slash: true } if made == Made::File => {
                return match self.stack.find(&self.path) {
                    Ok(_) => Err(Errno::EEXIST),
                    Err(errno) => Err(errno),
                };
            }
            Last::Name { .. } if self.is_mount_point => return Err(Errno::EEXIST),
            Last::Name { .. } if self.gone => return Err(Errno::ENOENT),
            Last::Name { .. } => {}
            _ => return Err(Errno::EEXIST),
        }
        if self.read_only {
            return Err(self.refused());
        }
        self.stack.make(&self.path, made, &mut create)
    }

    /// Why nothing can be made there in a read-only zone.
    fn refused(&self) -> Errno {
        match self.stack.find(&self.path) {
            Ok(_) => Errno::EEXIST,
            Err(Errno::ENOENT) => Errno::EROFS,
            Err(errno) => errno,
        }
    }

    /// What is there is to be renamed or replaced.
    fn is_movable(&self) -> SysResult<()> {
        match self.last {
            Last::Name { .. } if self.read_only => Err(Errno::EROFS),
            Last::Name { .. } if self.is_mount_point => Err(Errno::EBUSY),
            Last::Name { .. } if self.gone => Err(Errno::ENOENT),
            Last::Name { .. } => Ok(()),
            _ => Err(Errno::EBUSY),
        }
    }
}

/// A name with its NUL, for the host.
fn text(at: Spot<'_, Handle>) -> Vec<u8> {
    [at.name, b"\0"].concat()
}

/// mkdir(2).
pub(super) fn mkdir(t: &mut Task, a: &[usize; 6]) -> SysResult {
    mkdirat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// mkdirat(2).
pub(super) fn mkdirat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let Some(place) = layered(t, a[0], a[1])? else {
        return otherwise(t, call::MKDIRAT, a);
    };
    place.make(Made::Directory, |at| {
        let name = text(at);
        let name = name.as_ptr().expose_provenance();
        ask(nr::MKDIRAT, &[at.directory.register(), name, a[2]])
    })
}

/// mknod(2).
pub(super) fn mknod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    mknodat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// mknodat(2).
pub(super) fn mknodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let Some(place) = layered(t, a[0], a[1])? else {
        return otherwise(t, call::MKNODAT, a);
    };
    place.make(Made::File, |at| {
        let name = text(at);
        let name = name.as_ptr().expose_provenance();
        ask(nr::MKNODAT, &[at.directory.register(), name, a[2], a[3]])
    })
}

/// symlink(2).
pub(super) fn symlink(t: &mut Task, a: &[usize; 6]) -> SysResult {
    symlinkat(t, &[a[0], CWD, a[1], 0, 0, 0])
}

/// symlinkat(2).
pub(super) fn symlinkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let mut room = PathBuffer::new();
    let link = path(&mut room, a[0])?;
    let Some(place) = layered(t, a[1], a[2])? else {
        return otherwise(t, call::SYMLINKAT, a);
    };
    let link = link.as_ptr().expose_provenance();
    place.make(Made::File, |at| {
        let name = text(at);
        let name = name.as_ptr().expose_provenance();
        ask(nr::SYMLINKAT, &[link, at.directory.register(), name])
    })
}

/// unlink(2).
pub(super) fn unlink(t: &mut Task, a: &[usize; 6]) -> SysResult {
    unlinkat(t, &[CWD, a[0], 0, 0, 0, 0])
}

/// rmdir(2).
pub(super) fn rmdir(t: &mut Task, a: &[usize; 6]) -> SysResult {
    unlinkat(t, &[CWD, a[0], AT_REMOVEDIR, 0, 0, 0])
}

/// unlinkat(2).
pub(super) fn unlinkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = at_flags(a[2]);
    if !AtFlags::REMOVEDIR_OR_EACCESS.contains(flags) {
        return Err(Errno::EINVAL);
    }
    let Some(place) = layered(t, a[0], a[1])? else {
        return otherwise(t, call::UNLINKAT, a);
    };
    let made = if flags.is_empty() {
        Made::File
    } else {
        Made::Directory
    };
    match (made, place.last) {
        (_, Last::Name { .. }) if place.read_only => return Err(Errno::EROFS),
        (Made::File, Last::Itself | Last::Above | Last::Root) => return Err(Errno::EISDIR),
        (Made::Directory, Last::Itself) => return Err(Errno::EINVAL),
        (Made::Directory, Last::Above) => return Err(Errno::ENOTEMPTY),
        (Made::File, Last::Name { slash: true }) => {
            let found = place.stack.find(&place.path)?;
            return Err(if found.is_directory() {
                Errno::EISDIR
            } else {
                Errno::ENOTDIR
            });
        }
        _ => place.is_movable()?,
    }
    place.stack.remove(&place.path, made).map(|()| 0)
}

/// rename(2).
pub(super) fn rename(t: &mut Task, a: &[usize; 6]) -> SysResult {
    renameat2(t, &[CWD, a[0], CWD, a[1], 0, 0])
}

/// renameat(2).
pub(super) fn renameat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    renameat2(t, &[a[0], a[1], a[2], a[3], 0, 0])
}

/// renameat2(2).
pub(super) fn renameat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let (old, new) = (layered(t, a[0], a[1])?, layered(t, a[2], a[3])?);
    let (old, new) = match (old, new) {
        (None, None) => return otherwise(t, call::RENAMEAT2, a),
        (Some(old), Some(new)) if old.mount == new.mount => (old, new),
        _ => return Err(Errno::EXDEV),
    };
    let flags = RawArg(a[4]).low_u32();
    // RENAME_WHITEOUT is for overlayfs itself, which refuses it as well.
    if flags & !(NOREPLACE | EXCHANGE) != 0 || flags == NOREPLACE | EXCHANGE {
        return Err(Errno::EINVAL);
    }
    old.is_movable()?;
    new.is_movable()?;
    let is_slash = |place: &Layered| place.last == Last::Name { slash: true };
    if is_slash(&old) || is_slash(&new) {
        let source = old.stack.find(&old.path)?;
        if !source.is_directory() {
            return Err(Errno::ENOTDIR);
        }
    }
    old.stack.rename(&old.path, &new.path, flags).map(|()| 0)
}

/// link(2).
pub(super) fn link(t: &mut Task, a: &[usize; 6]) -> SysResult {
    linkat(t, &[CWD, a[0], CWD, a[1], 0, 0])
}

/// linkat(2): links are not followed unless told to.
pub(super) fn linkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const S_IFDIR: u32 = 0o040_000;
    let flags = at_flags(a[4]);
    if !(AtFlags::SYMLINK_FOLLOW | AtFlags::EMPTY_PATH).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let mut room = PathBuffer::new();
    let text = path(&mut room, a[1])?;
    let space = space(t)?;
    let itself = text.is_empty() && flags.contains(AtFlags::EMPTY_PATH);
    let aim = if flags.contains(AtFlags::SYMLINK_FOLLOW) {
        Aim::Follow
    } else {
        Aim::Keep
    };
    let old = if itself {
        Node::of_guest(host::call::as_int(a[0]))
    } else {
        space.object(at(a[0], text), aim)?
    };
    let new = layered(t, a[2], a[3])?;
    let (from, new) = match (space.place(&old).map(|place| place.mount), new) {
        (None, None) => return otherwise(t, call::LINKAT, a),
        (Some(from), Some(new)) => (from, new),
        _ => return Err(Errno::EXDEV),
    };
    if from != new.mount {
        return Err(Errno::EXDEV);
    }
    if old.kind()? == S_IFDIR {
        return Err(Errno::EPERM);
    }
    if itself {
        raise_descriptor(t, a[0], Right::None)?;
    }
    let old = raise(&space, old, Right::None, Content::Whole)?;
    // What was made without a name comes in as what it is.
    let file = Handle::borrowed(old.fd());
    match new.last {
        Last::Name { slash: false } if new.is_mount_point => Err(Errno::EEXIST),
        Last::Name { slash: false } if new.gone => Err(Errno::ENOENT),
        Last::Name { slash: false } if new.read_only => Err(new.refused()),
        Last::Name { slash: false } => new.stack.link(&file, &new.path).map(|()| 0),
        _ => new.make(Made::File, |_| Err(Errno::EEXIST)),
    }
}

/// bind(2) of a local socket to a path: its directory must be in the upper layer, and what hides the
/// name goes, since the host makes the socket in place.
pub(super) fn bind(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const AF_UNIX: [u8; 2] = 1u16.to_le_bytes();
    let length = usize::try_from(RawArg(a[2]).low_u32()).unwrap_or(0);
    let mut address = [0; LONGEST + 1];
    let is_path = |address: &[u8]| address.starts_with(&AF_UNIX) && address.get(2) != Some(&0);
    if let Some(bytes) = address.get_mut(..length.min(LONGEST))
        && length > AF_UNIX.len()
        && user::read_bytes(a[1], bytes).is_ok()
        && is_path(&address)
        && let Ok(text) = CStr::from_bytes_until_nul(&address[AF_UNIX.len()..])
    {
        let space = space(t)?;
        let (directory, name) = space.parent(at(CWD, text))?;
        if let Some(place) = in_stack(&space, &directory, name.to_bytes())? {
            return bound(a, &place);
        }
    }
    otherwise(t, call::BIND, a)
}

fn bound(a: &[usize; 6], place: &Layered) -> SysResult {
    if place.stack.find(&place.path).is_ok() {
        return Err(Errno::EADDRINUSE);
    }
    if place.read_only {
        return Err(Errno::EROFS);
    }
    let (directory, name) = kernel::overlay::split(&place.path);
    let parent = place.stack.changeable(directory)?;
    let spot = Spot {
        directory: &parent,
        name,
    };
    let hidden = place.stack.disk.remove(spot, Made::File).is_ok();
    let upper = place.stack.disk.layer(UPPER);
    // By the mount's descriptor, so that whoever is told the address can be told the zone's path.
    let text = |fd: i32, path: &[u8]| {
        let begin = alloc::format!("/proc/self/fd/{fd}/");
        [&1u16.to_le_bytes()[..], begin.as_bytes(), path].concat()
    };
    let mut address = text(upper, &place.path);
    if address.len() > LONGEST {
        address = text(parent.raw(), name);
    }
    let result = if address.len() > LONGEST {
        Err(Errno::ENAMETOOLONG)
    } else {
        let at = address.as_ptr().expose_provenance();
        ask(nr::BIND, &[a[0], at, address.len()])
    };
    if hidden && result.is_err() {
        place.stack.disk.make_whiteout(spot)?;
    }
    result
}

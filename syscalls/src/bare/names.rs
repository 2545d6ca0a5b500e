//! Calls that make, remove and move names in directories.

use alloc::ffi::CString;

use abi::arg::AtFlags;
use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::host_call;
use host::user::PathBuffer;
use kernel::Task;
use kernel::bare::{Node, Space, host_path};

use super::arguments::{CWD, Target, ask, at, at_flags, path, space, target};

const AT_REMOVEDIR: usize = 0x200;

/// A directory, and a name in it.
struct Place<'t> {
    space: Space<'t>,
    directory: Node,
    name: CString,
    is_mount_point: bool,
}

impl<'t> Place<'t> {
    /// Finds where the last component of a path stands.
    fn of(t: &'t Task, dirfd: usize, path_at: usize) -> SysResult<Self> {
        let mut room = PathBuffer::new();
        let text = path(&mut room, path_at)?;
        if text.is_empty() {
            return Err(Errno::ENOENT);
        }
        let space = space(t)?;
        let (directory, name) = space.parent(at(dirfd, text))?;
        let is_mount_point = space.is_mount_point(&directory, name.to_bytes());
        Ok(Self {
            space,
            directory,
            name,
            is_mount_point,
        })
    }

    /// A name that is to be removed, which a mount point's cannot.
    fn removable(t: &'t Task, dirfd: usize, path_at: usize) -> SysResult<Self> {
        let place = Self::of(t, dirfd, path_at)?;
        if place.is_name() && place.is_read_only() {
            return Err(Errno::EROFS);
        }
        if place.is_mount_point {
            return Err(Errno::EBUSY);
        }
        Ok(place)
    }

    /// A name that is to be new.
    fn new(t: &'t Task, dirfd: usize, path_at: usize) -> SysResult<Self> {
        let place = Self::of(t, dirfd, path_at)?;
        if place.is_mount_point {
            return Err(Errno::EEXIST);
        }
        if place.is_name() && place.is_read_only() {
            let there = place.exists();
            return Err(if there { Errno::EEXIST } else { Errno::EROFS });
        }
        Ok(place)
    }

    /// Whether it is more than `.`, `..` or the root, which the host judges.
    fn is_name(&self) -> bool {
        let name = self.name.to_bytes();
        let end = name.iter().rposition(|byte| *byte != b'/');
        let name = name.get(..end.map_or(0, |end| end + 1));
        !matches!(name, None | Some(b"" | b"." | b".."))
    }

    fn is_read_only(&self) -> bool {
        self.space.is_read_only(&self.directory)
    }

    fn exists(&self) -> bool {
        let mut status = Stat::default();
        let to = (&raw mut status).expose_provenance();
        let nofollow = AtFlags::SYMLINK_NOFOLLOW.raw();
        host_call!(nr::NEWFSTATAT, self.fd(), self.text(), to, nofollow).is_ok()
    }

    /// Whether another place lies in another mount, so that nothing can be moved or linked there.
    fn is_apart(&self, other: &Place<'_>) -> bool {
        let one_directory = self.fd() == other.fd();
        !one_directory
            && self.space.mount_of(&self.directory) != self.space.mount_of(&other.directory)
    }

    fn fd(&self) -> usize {
        self.directory.register()
    }

    fn text(&self) -> usize {
        self.name.as_ptr().expose_provenance()
    }
}

/// mkdir(2).
pub(super) fn mkdir(t: &mut Task, a: &[usize; 6]) -> SysResult {
    mkdirat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// mkdirat(2).
pub(super) fn mkdirat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let place = Place::new(t, a[0], a[1])?;
    ask(nr::MKDIRAT, &[place.fd(), place.text(), a[2]])
}

/// mknod(2).
pub(super) fn mknod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    mknodat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// mknodat(2).
pub(super) fn mknodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let place = Place::new(t, a[0], a[1])?;
    ask(nr::MKNODAT, &[place.fd(), place.text(), a[2], a[3]])
}

/// symlink(2).
pub(super) fn symlink(t: &mut Task, a: &[usize; 6]) -> SysResult {
    symlinkat(t, &[a[0], CWD, a[1], 0, 0, 0])
}

/// symlinkat(2): the text of the link is the guest's own business.
pub(super) fn symlinkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let mut room = PathBuffer::new();
    let text = path(&mut room, a[0])?;
    let place = Place::new(t, a[1], a[2])?;
    let text = text.as_ptr().expose_provenance();
    ask(nr::SYMLINKAT, &[text, place.fd(), place.text()])
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
    let place = Place::removable(t, a[0], a[1])?;
    ask(nr::UNLINKAT, &[place.fd(), place.text(), a[2]])
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
    /// `RENAME_NOREPLACE`.
    const NO_REPLACE: usize = 1;
    let old = Place::of(t, a[0], a[1])?;
    let new = Place::of(t, a[2], a[3])?;
    if old.is_apart(&new) {
        return Err(Errno::EXDEV);
    }
    if old.is_name() && new.is_name() {
        if old.is_read_only() {
            return Err(Errno::EROFS);
        }
        if new.is_mount_point && !old.is_mount_point && !old.exists() {
            return Err(Errno::ENOENT);
        }
        if new.is_mount_point && a[4] & NO_REPLACE != 0 {
            return Err(Errno::EEXIST);
        }
        if old.is_mount_point || new.is_mount_point {
            return Err(Errno::EBUSY);
        }
    }
    let args = [old.fd(), old.text(), new.fd(), new.text(), a[4]];
    if a[4] == 0 {
        // Every filter that knows renameat2 knows renameat, and not the other way round.
        ask(nr::RENAMEAT, &args)
    } else {
        ask(nr::RENAMEAT2, &args)
    }
}

/// link(2).
pub(super) fn link(t: &mut Task, a: &[usize; 6]) -> SysResult {
    linkat(t, &[CWD, a[0], CWD, a[1], 0, 0])
}

/// linkat(2): links are not followed unless told to.
pub(super) fn linkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = at_flags(a[4]);
    let known = AtFlags::SYMLINK_FOLLOW | AtFlags::EMPTY_PATH;
    if !known.contains(flags) {
        return Err(Errno::EINVAL);
    }
    if flags.is_empty() {
        let old = Place::of(t, a[0], a[1])?;
        if !old.is_mount_point && !old.exists() {
            return Err(Errno::ENOENT);
        }
        let new = Place::new(t, a[2], a[3])?;
        if old.is_mount_point || old.is_apart(&new) {
            return Err(Errno::EXDEV);
        }
        let args = [old.fd(), old.text(), new.fd(), new.text(), 0];
        return ask(nr::LINKAT, &args);
    }
    let follow = flags.contains(AtFlags::SYMLINK_FOLLOW);
    let aim = if follow {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    };
    match target(t, a[0], a[1], aim | flags & AtFlags::EMPTY_PATH)? {
        Target::Itself => {
            let new = Place::new(t, a[2], a[3])?;
            ask(nr::LINKAT, &[a[0], a[1], new.fd(), new.text(), a[4]])
        }
        Target::Named(node) => {
            let new = Place::new(t, a[2], a[3])?;
            if new.space.mount_of(&node) != new.space.mount_of(&new.directory) {
                return Err(Errno::EXDEV);
            }
            let old = host_path(node.fd());
            let follow = AtFlags::SYMLINK_FOLLOW.raw();
            let args = [CWD, old.register(), new.fd(), new.text(), follow];
            ask(nr::LINKAT, &args)
        }
    }
}

//! Calls that make, remove and move names in directories.

use alloc::ffi::CString;
use core::ffi::CStr;

use abi::arg::AtFlags;
use abi::stat::Stat;
use abi::{Errno, RawArg, SysResult, nr};
use host::host_call;
use host::user::PathBuffer;
use kernel::Task;
use kernel::bare::{Node, Space, host_path};

use crate::refusals;

use super::arguments::{CWD, Target, ask, at, at_flags, path, space, target};

const AT_REMOVEDIR: usize = 0x200;
/// `RENAME_NOREPLACE`, `RENAME_EXCHANGE`, `RENAME_WHITEOUT`.
const NO_REPLACE: u32 = 1;
const EXCHANGE: u32 = 2;
const WHITEOUT: u32 = 4;
const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;

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

    /// A name that is to be new, a directory's or not.
    fn new(t: &'t Task, dirfd: usize, path_at: usize, directory: bool) -> SysResult<Self> {
        let place = Self::of(t, dirfd, path_at)?;
        if place.is_mount_point {
            return Err(Errno::EEXIST);
        }
        if place.is_name() && place.is_read_only() {
            return Err(place.refused(directory, Errno::EROFS));
        }
        Ok(place)
    }

    /// Why a name cannot be new: something else may come before `errno` (`filename_create` of the
    /// kernel).
    fn refused(&self, directory: bool, errno: Errno) -> Errno {
        match self.looked_up() {
            _ if !self.is_name() => Errno::EEXIST,
            Ok(_) => Errno::EEXIST,
            Err(Errno::ENOENT) if self.has_slash() && !directory || self.is_dead() => Errno::ENOENT,
            Err(Errno::ENOENT) => errno,
            Err(other) => other,
        }
    }

    /// Why a name that is or would be in the way of a mount point cannot be removed.
    fn busy(&self, directory: bool) -> Errno {
        match (self.is_directory(), directory) {
            (true, false) => Errno::EISDIR,
            (false, true) => Errno::ENOTDIR,
            _ => Errno::EBUSY,
        }
    }

    /// Whether it is more than `.`, `..` or the root, which the host judges.
    fn is_name(&self) -> bool {
        !matches!(self.bare_name(), b"" | b"." | b"..")
    }

    fn bare_name(&self) -> &[u8] {
        let name = self.name.to_bytes();
        let end = name.iter().rposition(|byte| *byte != b'/');
        name.get(..end.map_or(0, |end| end + 1)).unwrap_or_default()
    }

    fn has_slash(&self) -> bool {
        self.name.to_bytes().ends_with(b"/")
    }

    fn is_read_only(&self) -> bool {
        self.space.is_read_only(&self.directory)
    }

    /// What is there, whatever slashes follow; a link is not followed.
    fn looked_up(&self) -> SysResult<Stat> {
        let name = CString::new(self.bare_name()).map_err(|_| Errno::EINVAL)?;
        self.status(&name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Whether the directory has been removed, so that nothing can be in it.
    fn is_dead(&self) -> bool {
        let status = self.status(c"", AtFlags::EMPTY_PATH);
        status.is_ok_and(|status| status.st_nlink == 0)
    }

    fn status(&self, name: &CStr, flags: AtFlags) -> SysResult<Stat> {
        let mut status = Stat::default();
        let (name, to) = (
            name.as_ptr().expose_provenance(),
            (&raw mut status).expose_provenance(),
        );
        host_call!(nr::NEWFSTATAT, self.fd(), name, to, flags.raw())?;
        Ok(status)
    }

    /// Whether what is there, or mounted there, is a directory.
    fn is_directory(&self) -> bool {
        if let Some(directory) = self
            .space
            .mounts_directory(&self.directory, self.bare_name())
        {
            return directory;
        }
        self.looked_up()
            .is_ok_and(|status| status.st_mode & S_IFMT == S_IFDIR)
    }

    /// Whether another place lies in the same directory.
    fn is_beside(&self, other: &Place<'_>) -> bool {
        let (one, other) = (&self.directory, &other.directory);
        one.fd() == other.fd() || one.ident().is_ok() && one.ident() == other.ident()
    }

    /// Whether another place lies in another mount, so that nothing can be moved or linked there.
    fn is_apart(&self, other: &Place<'_>) -> bool {
        !self.is_beside(other)
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
    let place = Place::new(t, a[0], a[1], true)?;
    ask(nr::MKDIRAT, &[place.fd(), place.text(), a[2]])
}

/// mknod(2).
pub(super) fn mknod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    mknodat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// mknodat(2).
pub(super) fn mknodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    refusals::kind_of_node(RawArg(a[2]).into())?;
    let place = Place::new(t, a[0], a[1], false)?;
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
    let place = Place::new(t, a[1], a[2], false)?;
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
    let place = Place::of(t, a[0], a[1])?;
    if place.is_name() && place.is_read_only() {
        return Err(Errno::EROFS);
    }
    if place.is_mount_point {
        return Err(place.busy(a[2] & AT_REMOVEDIR != 0));
    }
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
    let flags = RawArg(a[4]).low_u32();
    let alone = flags & EXCHANGE == 0 || flags & !EXCHANGE == 0;
    if flags & !(NO_REPLACE | EXCHANGE | WHITEOUT) != 0 || !alone {
        return Err(Errno::EINVAL);
    }
    let old = Place::of(t, a[0], a[1])?;
    let new = Place::of(t, a[2], a[3])?;
    if old.is_apart(&new) {
        return Err(Errno::EXDEV);
    }
    if old.is_name() && new.is_name() {
        if old.is_read_only() {
            return Err(Errno::EROFS);
        }
        if old.is_mount_point || new.is_mount_point {
            return in_the_way(&old, &new, flags);
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

/// What becomes of a rename from or to a mount point (`do_renameat2`, `vfs_rename` of the kernel):
/// nothing, but for the same name.
fn in_the_way(old: &Place<'_>, new: &Place<'_>, flags: u32) -> SysResult {
    if !old.is_mount_point {
        old.looked_up()?;
    }
    let new_exists = new.is_mount_point || new.looked_up().is_ok();
    if !new_exists && (new.is_dead() || flags & EXCHANGE != 0) {
        return Err(Errno::ENOENT);
    }
    if new_exists && flags & NO_REPLACE != 0 {
        return Err(Errno::EEXIST);
    }
    if !old.is_directory() && (old.has_slash() || flags & EXCHANGE == 0 && new.has_slash()) {
        return Err(Errno::ENOTDIR);
    }
    if old.bare_name() == new.bare_name() && old.is_beside(new) {
        return Ok(0);
    }
    if new_exists && flags & EXCHANGE == 0 {
        return Err(new.busy(old.is_directory()));
    }
    Err(Errno::EBUSY)
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
        if old.is_name() && !old.has_slash() {
            if !old.is_mount_point {
                old.looked_up()?;
            }
            let new = Place::new(t, a[2], a[3], false)?;
            if old.is_mount_point || old.is_apart(&new) {
                return Err(new.refused(false, Errno::EXDEV));
            }
            let args = [old.fd(), old.text(), new.fd(), new.text(), 0];
            return ask(nr::LINKAT, &args);
        }
    }
    let follow = flags.contains(AtFlags::SYMLINK_FOLLOW);
    let aim = if follow {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    };
    match target(t, a[0], a[1], aim | flags & AtFlags::EMPTY_PATH)? {
        Target::Itself => {
            let new = Place::new(t, a[2], a[3], false)?;
            ask(nr::LINKAT, &[a[0], a[1], new.fd(), new.text(), a[4]])
        }
        Target::Named(node) => {
            let new = Place::new(t, a[2], a[3], false)?;
            if new.space.mount_of(&node) != new.space.mount_of(&new.directory) {
                return Err(new.refused(false, Errno::EXDEV));
            }
            if node.kind()? == S_IFDIR {
                return Err(new.refused(false, Errno::EPERM));
            }
            let old = host_path(node.fd());
            let follow = AtFlags::SYMLINK_FOLLOW.raw();
            let args = [CWD, old.register(), new.fd(), new.text(), follow];
            ask(nr::LINKAT, &args)
        }
    }
}

//! Names in directories: who may make, remove and move them, and whose what they name is.

use abi::arg::AtFlags;
use abi::nr as guest;
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use host::user::PathBuffer;
use kernel::Task;
use kernel::bare::Node;
use kernel::users::{Capability, EXECUTE, READ, WRITE};
use kernel::walk::Aim;

use super::owners::{group_of, own};
use super::{beneath_open, users};
use crate::bare::{CWD, Target, at, at_flags, path, space, target};

const AT_REMOVEDIR: usize = 0x200;
const AT_SYMLINK_NOFOLLOW: usize = 0x100;
const S_ISVTX: u32 = 0o1000;
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_ISUID: u32 = 0o4000;
const S_ISGID: u32 = 0o2000;
const S_IXGRP: u32 = 0o10;

/// Whether the thread may make a name. What is there already the call itself finds.
fn may_make(t: &Task, dirfd: usize, path_at: usize) -> SysResult<()> {
    let users = users(t)?;
    if users.is_unchecked() {
        return Ok(());
    }
    let mut room = PathBuffer::new();
    let text = path(&mut room, path_at)?;
    let (directory, name) = space(t)?.parent(at(dirfd, text))?;
    let mut stat = abi::stat::Stat::default();
    let to = (&raw mut stat).expose_provenance();
    let name = name.as_ptr().expose_provenance();
    let fd = int(directory.fd());
    if host_call!(nr::NEWFSTATAT, fd, name, to, AT_SYMLINK_NOFOLLOW).is_ok() {
        return Ok(());
    }
    users.check(directory.fd(), WRITE | EXECUTE)
}

/// Whether the thread may remove a name (`may_delete`).
fn may_remove(t: &Task, dirfd: usize, path_at: usize) -> SysResult<()> {
    let users = users(t)?;
    if users.is_unchecked() {
        return Ok(());
    }
    let mut room = PathBuffer::new();
    let text = path(&mut room, path_at)?;
    let space = space(t)?;
    let (directory, _) = space.parent(at(dirfd, text))?;
    let node = space.object(at(dirfd, text), Aim::Keep)?;
    users.check(directory.fd(), WRITE | EXECUTE)?;
    let above = users.status(directory.fd())?;
    if above.mode & S_ISVTX != 0
        && !users.now.owns(&above)
        && !users.now.owns(&users.status(node.fd())?)
    {
        return Err(Errno::EPERM);
    }
    Ok(())
}

/// The directory that a name is to be in.
fn above(dirfd: usize, path_at: usize) -> impl Fn(&Task) -> SysResult<Node> {
    move |t| {
        let mut room = PathBuffer::new();
        let text = path(&mut room, path_at)?;
        Ok(space(t)?.parent(at(dirfd, text))?.0)
    }
}

/// Makes what now is at a path belong to its maker.
fn made(t: &Task, dirfd: usize, path_at: usize) -> SysResult<()> {
    let mut room = PathBuffer::new();
    let text = path(&mut room, path_at)?;
    let space = space(t)?;
    let (directory, _) = space.parent(at(dirfd, text))?;
    let group = group_of(t, directory.fd())?;
    if group.unwrap_or(users(t)?.now.group.fs) == 0 && users(t)?.now.user.fs == 0 {
        return Ok(());
    }
    let node = space.object(at(dirfd, text), Aim::Keep)?;
    own(t, node.fd(), group)
}

/// Whether the thread may give a file another name (`may_linkat`): only one of its own, or one that
/// it could as well read and write (proc_sys_fs(5), `protected_hardlinks`).
fn may_link(t: &Task, a: &[usize; 6]) -> SysResult<()> {
    let users = users(t)?;
    if users.now.has(Capability::Fowner) {
        return Ok(());
    }
    let flags = at_flags(a[4]);
    let nofollow = match flags.contains(AtFlags::SYMLINK_FOLLOW) {
        true => AtFlags::empty(),
        false => AtFlags::SYMLINK_NOFOLLOW,
    };
    let status = match target(t, a[0], a[1], flags & AtFlags::EMPTY_PATH | nofollow)? {
        Target::Itself => users.status(as_int(a[0]))?,
        Target::Named(node) => users.status(node.fd())?,
    };
    let safe = status.mode & S_IFMT == S_IFREG
        && status.mode & S_ISUID == 0
        && status.mode & (S_ISGID | S_IXGRP) != S_ISGID | S_IXGRP
        && users.now.may(&status, READ | WRITE);
    match safe || users.now.owns(&status) {
        true => Ok(()),
        false => Err(Errno::EPERM),
    }
}

/// mkdir(2).
pub(super) fn mkdir(t: &mut Task, a: &[usize; 6]) -> SysResult {
    mkdirat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// mkdirat(2).
pub(super) fn mkdirat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_make(t, a[0], a[1])?;
    beneath_open(t, guest::MKDIRAT, a, above(a[0], a[1]))?;
    made(t, a[0], a[1])?;
    Ok(0)
}

/// mknod(2).
pub(super) fn mknod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    mknodat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// mknodat(2).
pub(super) fn mknodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_make(t, a[0], a[1])?;
    beneath_open(t, guest::MKNODAT, a, above(a[0], a[1]))?;
    made(t, a[0], a[1])?;
    Ok(0)
}

/// symlink(2).
pub(super) fn symlink(t: &mut Task, a: &[usize; 6]) -> SysResult {
    symlinkat(t, &[a[0], CWD, a[1], 0, 0, 0])
}

/// symlinkat(2).
pub(super) fn symlinkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_make(t, a[1], a[2])?;
    beneath_open(t, guest::SYMLINKAT, a, above(a[1], a[2]))
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
    may_remove(t, a[0], a[1])?;
    beneath_open(t, guest::UNLINKAT, a, above(a[0], a[1]))
}

/// rename(2).
pub(super) fn rename(t: &mut Task, a: &[usize; 6]) -> SysResult {
    renameat2(t, &[CWD, a[0], CWD, a[1], 0, 0])
}

/// renameat(2).
pub(super) fn renameat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    renameat2(t, &[a[0], a[1], a[2], a[3], 0, 0])
}

/// renameat2(2): what is replaced is removed.
pub(super) fn renameat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_remove(t, a[0], a[1])?;
    match may_remove(t, a[2], a[3]) {
        Err(Errno::ENOENT) => may_make(t, a[2], a[3])?,
        result => result?,
    }
    for (dirfd, path) in [(a[0], a[1]), (a[2], a[3])] {
        match beneath_open(t, guest::RENAMEAT2, a, above(dirfd, path)) {
            Err(Errno::EACCES) => {}
            answer => return answer,
        }
    }
    Err(Errno::EACCES)
}

/// link(2).
pub(super) fn link(t: &mut Task, a: &[usize; 6]) -> SysResult {
    linkat(t, &[CWD, a[0], CWD, a[1], 0, 0])
}

/// linkat(2).
pub(super) fn linkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_link(t, a)?;
    may_make(t, a[2], a[3])?;
    beneath_open(t, guest::LINKAT, a, above(a[2], a[3]))
}

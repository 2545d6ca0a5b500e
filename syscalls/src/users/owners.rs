//! What only a file's owner may change, and who that is: chown(2), chmod(2), utimensat(2).

use abi::arg::AtFlags;
use abi::nr as guest;
use abi::{Errno, RawArg, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use kernel::Task;
use kernel::bare::host_path;
use kernel::users::{Capability, Owner, Status, UNCHANGED, WRITE};

use super::{beneath, users};
use crate::bare::{CWD, Target, at_flags, target};

const NOFOLLOW: usize = 0x100;
const EMPTY_PATH: usize = 0x1000;
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_ISUID: u32 = 0o4000;
const S_ISGID: u32 = 0o2000;
const S_IXGRP: u32 = 0o10;

/// chown(2).
pub(super) fn chown(t: &mut Task, a: &[usize; 6]) -> SysResult {
    fchownat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// lchown(2).
pub(super) fn lchown(t: &mut Task, a: &[usize; 6]) -> SysResult {
    fchownat(t, &[CWD, a[0], a[1], a[2], NOFOLLOW, 0])
}

/// fchown(2).
pub(super) fn fchown(t: &mut Task, a: &[usize; 6]) -> SysResult {
    t.check_fd(as_int(a[0]))?;
    give(t, as_int(a[0]), [a[1], a[2]])
}

/// fchownat(2).
pub(super) fn fchownat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = known(a[4])?;
    match target(t, a[0], a[1], flags)? {
        Target::Itself => give(t, as_int(a[0]), [a[2], a[3]]),
        Target::Named(node) => give(t, node.fd(), [a[2], a[3]]),
    }
}

fn known(register: usize) -> SysResult<AtFlags> {
    let flags = at_flags(register);
    match (AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH).contains(flags) {
        true => Ok(flags),
        false => Err(Errno::EINVAL),
    }
}

/// Makes a file belong to a user and a group (`chown_common`).
fn give(t: &Task, fd: i32, ids: [usize; 2]) -> SysResult {
    let users = users(t)?;
    let status = users.status(fd)?;
    let [uid, gid] = ids.map(|id| RawArg(id).low_u32());
    let keep = |id, old| if id == UNCHANGED { old } else { id };
    let new = Owner {
        uid: keep(uid, status.owner.uid),
        gid: keep(gid, status.owner.gid),
    };
    let own = users.now.user.fs == status.owner.uid;
    let allowed = (uid == UNCHANGED || own && new.uid == status.owner.uid)
        && (gid == UNCHANGED || own && (new.gid == status.owner.gid || users.now.is_in(new.gid)));
    if !allowed && !users.now.has(Capability::Chown) {
        return Err(Errno::EPERM);
    }
    users.give(fd, &status, new)?;
    drop_set_id(fd, &status)?;
    Ok(0)
}

/// Set-id bits do not outlive a change of the owner.
fn drop_set_id(fd: i32, status: &Status) -> SysResult<()> {
    let mut mode = status.mode;
    if mode & S_IFMT != S_IFREG || !status.ours {
        return Ok(());
    }
    mode &= !S_ISUID;
    if mode & S_IXGRP != 0 {
        mode &= !S_ISGID;
    }
    if mode != status.mode {
        let path = host_path(fd);
        let mode = usize::try_from(mode & 0o7777).unwrap_or(0);
        host_call!(nr::FCHMODAT, CWD, path.register(), mode)?;
    }
    Ok(())
}

/// Whether the thread owns the file of a descriptor.
fn check_owner(t: &Task, fd: i32) -> SysResult<()> {
    let users = users(t)?;
    if users.now.has(Capability::Fowner) || users.now.owns(&users.status(fd)?) {
        Ok(())
    } else {
        Err(Errno::EPERM)
    }
}

/// Whether the thread owns what a path names.
fn check_owner_at(t: &Task, dirfd: usize, path: usize, flags: AtFlags) -> SysResult<()> {
    if users(t)?.now.has(Capability::Fowner) {
        return Ok(());
    }
    match target(t, dirfd, path, flags)? {
        Target::Itself => check_owner(t, as_int(dirfd)),
        Target::Named(node) => check_owner(t, node.fd()),
    }
}

/// chmod(2).
pub(super) fn chmod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    check_owner_at(t, CWD, a[0], AtFlags::empty())?;
    beneath(t, guest::CHMOD, a)
}

/// fchmod(2).
pub(super) fn fchmod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    check_owner(t, as_int(a[0]))?;
    beneath(t, guest::FCHMOD, a)
}

/// fchmodat(2).
pub(super) fn fchmodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    check_owner_at(t, a[0], a[1], AtFlags::empty())?;
    beneath(t, guest::FCHMODAT, a)
}

/// fchmodat2(2).
pub(super) fn fchmodat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    check_owner_at(t, a[0], a[1], known(a[3])?)?;
    beneath(t, guest::FCHMODAT2, a)
}

/// The times of a file are its owner's to set; to the present, they are everybody's who may write
/// to it.
fn check_times(
    t: &Task,
    dirfd: usize,
    path: usize,
    flags: AtFlags,
    present: bool,
) -> SysResult<()> {
    match check_owner_at(t, dirfd, path, flags) {
        Err(Errno::EPERM) if present => {
            let users = users(t)?;
            match target(t, dirfd, path, flags)? {
                Target::Itself => users.check(as_int(dirfd), WRITE),
                Target::Named(node) => users.check(node.fd(), WRITE),
            }
        }
        result => result,
    }
}

/// utime(2).
pub(super) fn utime(t: &mut Task, a: &[usize; 6]) -> SysResult {
    check_times(t, CWD, a[0], AtFlags::empty(), a[1] == 0)?;
    beneath(t, guest::UTIME, a)
}

/// utimes(2).
pub(super) fn utimes(t: &mut Task, a: &[usize; 6]) -> SysResult {
    check_times(t, CWD, a[0], AtFlags::empty(), a[1] == 0)?;
    beneath(t, guest::UTIMES, a)
}

/// futimesat(2).
pub(super) fn futimesat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = empty_if(a[1] == 0);
    check_times(t, a[0], a[1], flags, a[2] == 0)?;
    beneath(t, guest::FUTIMESAT, a)
}

/// utimensat(2).
pub(super) fn utimensat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = known(a[3])? | empty_if(a[1] == 0);
    check_times(t, a[0], a[1], flags, a[2] == 0)?;
    beneath(t, guest::UTIMENSAT, a)
}

fn empty_if(empty: bool) -> AtFlags {
    match empty {
        true => at_flags(EMPTY_PATH),
        false => AtFlags::empty(),
    }
}

/// Makes what was just made at a path belong to its maker.
pub(super) fn own(t: &Task, fd: i32, in_group: Option<u32>) -> SysResult<()> {
    let users = users(t)?;
    let owner = Owner {
        uid: users.now.user.fs,
        gid: in_group.unwrap_or(users.now.group.fs),
    };
    if owner == Owner::default() {
        return Ok(());
    }
    let status = users.status(fd)?;
    users.give(fd, &status, owner)
}

/// The group of what is made in a directory, where that decides (`S_ISGID`).
pub(super) fn group_of(t: &Task, directory: i32) -> SysResult<Option<u32>> {
    let mut stat = abi::stat::Stat::default();
    let to = (&raw mut stat).expose_provenance();
    let empty = c"".as_ptr().expose_provenance();
    host_call!(nr::NEWFSTATAT, int(directory), empty, to, EMPTY_PATH)?;
    let users = users(t)?;
    let decides = stat.st_mode & S_ISGID != 0;
    Ok(decides.then(|| users.owner(directory, &stat).gid))
}

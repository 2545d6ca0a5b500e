//! What only a file's owner may change, and who that is: chown(2), chmod(2), utimensat(2).

use abi::arg::AtFlags;
use abi::nr as guest;
use abi::{Errno, RawArg, SysResult, nr};
use host::call::{as_int, int};
use host::{host_call, user};
use kernel::Task;
use kernel::bare::Node;
use kernel::users::{Capability, Owner, Status, UNCHANGED, Users, WRITE};

use super::{beneath, users};
use crate::bare::{CWD, Target, at_flags, check_changeable, open_file, pointer, target};

const NOFOLLOW: usize = 0x100;
const EMPTY_PATH: usize = 0x1000;
const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;
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
    give(t, open_file(t, a[0])?, [a[1], a[2]])
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
    check_changeable(t, &Node::of_guest(fd))?;
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
    users.give(fd, &status, new, without_set_id(users, &status))?;
    Ok(0)
}

/// Set-id bits do not outlive a change of the owner (`setattr_should_drop_suidgid`).
fn without_set_id(users: &Users, status: &Status) -> u32 {
    if status.mode & S_IFMT == S_IFDIR {
        return status.mode;
    }
    let mode = status.mode & !S_ISUID;
    match mode & S_IXGRP != 0 || !keeps_set_gid(users, status) {
        true => mode & !S_ISGID,
        false => mode,
    }
}

/// Whether a file may have this bit after a change by this thread.
fn keeps_set_gid(users: &Users, status: &Status) -> bool {
    users.now.is_in(status.owner.gid) || users.now.has(Capability::Fsetid)
}

/// Gives a file other permissions (`setattr_prepare`).
fn permit(t: &Task, fd: i32, mode: usize) -> SysResult {
    check_changeable(t, &Node::of_guest(fd))?;
    let users = users(t)?;
    let status = users.status(fd)?;
    if !users.now.owns(&status) {
        return Err(Errno::EPERM);
    }
    let mut mode = status.mode & S_IFMT | RawArg(mode).low_u32() & 0o7777;
    if mode & S_IFMT == S_IFLNK {
        return Err(Errno::EOPNOTSUPP);
    }
    if !keeps_set_gid(users, &status) {
        mode &= !S_ISGID;
    }
    users.give(fd, &status, status.owner, mode)?;
    Ok(0)
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
    fchmodat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// fchmod(2).
pub(super) fn fchmod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    permit(t, open_file(t, a[0])?, a[1])
}

/// fchmodat(2); the call itself has no flags.
pub(super) fn fchmodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    fchmodat2(t, &[a[0], a[1], a[2], 0, 0, 0])
}

/// fchmodat2(2).
pub(super) fn fchmodat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    match target(t, a[0], a[1], known(a[3])?)? {
        Target::Itself => permit(t, as_int(a[0]), a[2]),
        Target::Named(node) => permit(t, node.fd(), a[2]),
    }
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
    check_times(t, a[0], a[1], flags, a[2] == 0 || are_now(a[2])?)?;
    beneath(t, guest::UTIMENSAT, a)
}

/// Whether both times are to be the present.
fn are_now(times: usize) -> SysResult<bool> {
    const NOW: i64 = (1 << 30) - 1;
    let [_, access, _, change]: [i64; 4] = user::read(pointer(times))?;
    Ok((access, change) == (NOW, NOW))
}

fn empty_if(empty: bool) -> AtFlags {
    match empty {
        true => at_flags(EMPTY_PATH),
        false => AtFlags::empty(),
    }
}

/// Makes what was just made belong to its maker.
pub(super) fn own(t: &Task, fd: i32, in_group: Option<u32>) -> SysResult<()> {
    let users = users(t)?;
    let owner = Owner {
        uid: users.now.user.fs,
        gid: in_group.unwrap_or(users.now.group.fs),
    };
    let status = users.status(fd)?;
    users.give(fd, &status, owner, status.mode)
}

/// The group of what is made in a directory, where that decides (`S_ISGID`).
pub(super) fn group_of(t: &Task, directory: i32) -> SysResult<Option<u32>> {
    let mut stat = abi::stat::Stat::default();
    let to = (&raw mut stat).expose_provenance();
    let empty = c"".as_ptr().expose_provenance();
    host_call!(nr::NEWFSTATAT, int(directory), empty, to, EMPTY_PATH)?;
    let users = users(t)?;
    let decides = stat.st_mode & S_ISGID != 0;
    Ok(decides.then(|| users.owner(directory, &stat).0.gid))
}

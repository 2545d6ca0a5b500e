//! stat(2) and its kin with the owners and permissions that the zone knows.

use abi::arg::AtFlags;
use abi::nr as guest;
use abi::stat::{Stat, Statx};
use abi::{Errno, SysResult, UserPtr, nr};
use host::call::as_int;
use host::{host_call, user};
use kernel::Task;
use kernel::bare::{Kind, link_text};
use kernel::users::{Owner, published};
use kernel::vfs::ProcView;

use super::{beneath, users};
use crate::bare::{CWD, Target, at_flags, pointer, target};
use crate::fs::described;

const PATH_MAX: usize = 4096;

/// stat(2).
pub(super) fn stat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    newfstatat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// lstat(2).
pub(super) fn lstat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    newfstatat(t, &[CWD, a[0], a[1], AtFlags::SYMLINK_NOFOLLOW.raw(), 0, 0])
}

/// fstat(2).
pub(super) fn fstat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    beneath(t, guest::FSTAT, a)?;
    tell::<Stat>(t, as_int(a[0]), pointer(a[1]))
}

/// fstatat(2).
pub(super) fn newfstatat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const KNOWN: AtFlags = AtFlags::SYMLINK_NOFOLLOW
        .union(AtFlags::NO_AUTOMOUNT)
        .union(AtFlags::EMPTY_PATH);
    let flags = at_flags(a[3]);
    if !KNOWN.contains(flags) {
        return Err(Errno::EINVAL);
    }
    match target(t, a[0], a[1], flags)? {
        Target::Itself => {
            beneath(t, guest::NEWFSTATAT, a)?;
            tell::<Stat>(t, as_int(a[0]), pointer(a[2]))
        }
        Target::Named(node) => {
            host_call!(nr::FSTAT, node.register(), a[2])?;
            described::<Stat>(t, pointer(a[2]))?;
            tell::<Stat>(t, node.fd(), pointer(a[2]))
        }
    }
}

/// statx(2).
pub(super) fn statx(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = at_flags(a[2]);
    match target(t, a[0], a[1], flags)? {
        Target::Itself => {
            beneath(t, guest::STATX, a)?;
            tell::<Statx>(t, as_int(a[0]), pointer(a[4]))
        }
        Target::Named(node) => {
            let flags = flags.difference(AtFlags::SYMLINK_NOFOLLOW) | AtFlags::EMPTY_PATH;
            let empty = c"".as_ptr().expose_provenance();
            host_call!(nr::STATX, node.register(), empty, flags.raw(), a[3], a[4])?;
            described::<Statx>(t, pointer(a[4]))?;
            tell::<Statx>(t, node.fd(), pointer(a[4]))
        }
    }
}

/// A structure that tells of a file.
trait Told: Copy {
    /// What the owner depends on.
    fn status(at: UserPtr<Self>) -> SysResult<Stat>;
    /// Puts the owner and the mode in.
    fn put(at: UserPtr<Self>, owner: Owner, mode: u32) -> SysResult<()>;
}

impl Told for Stat {
    fn status(at: UserPtr<Self>) -> SysResult<Stat> {
        user::read(at)
    }

    fn put(at: UserPtr<Self>, owner: Owner, mode: u32) -> SysResult<()> {
        /// Where `st_mode`, `st_uid` and `st_gid` stand.
        const MODE: usize = 24;
        let at = pointer(at.address().wrapping_add(MODE));
        user::write(at, &[mode, owner.uid, owner.gid])
    }
}

impl Told for Statx {
    fn status(at: UserPtr<Self>) -> SysResult<Stat> {
        let told: Self = user::read(at)?;
        Ok(Stat {
            st_dev: abi::stat::device(told.stx_dev),
            st_mode: u32::from(told.stx_mode),
            st_uid: told.stx_uid,
            st_gid: told.stx_gid,
            ..Stat::default()
        })
    }

    fn put(at: UserPtr<Self>, owner: Owner, mode: u32) -> SysResult<()> {
        /// Where `stx_uid`, `stx_gid` and, of two bytes, `stx_mode` stand.
        const OWNER: usize = 20;
        const MODE: usize = 28;
        let [a, b, ..] = mode.to_le_bytes();
        user::write_bytes(at.address().wrapping_add(MODE), &[a, b])?;
        let at = pointer(at.address().wrapping_add(OWNER));
        user::write(at, &[owner.uid, owner.gid])
    }
}

/// Puts the owner that the zone knows into what was told of a descriptor's file.
fn tell<S: Told>(t: &Task, fd: i32, at: UserPtr<S>) -> SysResult {
    let users = users(t)?;
    let stat = S::status(at)?;
    let (owner, mode) = match process(t, fd, &stat) {
        Some(owner) => (owner, stat.st_mode),
        None => users.owner(fd, &stat),
    };
    if (owner.uid, owner.gid, mode) != (stat.st_uid, stat.st_gid, stat.st_mode) {
        S::put(at, owner, mode)?;
    }
    Ok(0)
}

/// Whose process something in /proc is about.
fn process(t: &Task, fd: i32, stat: &Stat) -> Option<Owner> {
    let table = t.program.bare?;
    let proc = table.mounts.get(table.of_kind(Kind::Proc)?)?;
    if proc.here.dev != stat.st_dev || !users(t).ok()?.is_ours(stat) {
        return None;
    }
    let mut room = [0; PATH_MAX];
    let path = link_text(fd, &mut room).ok()?.strip_prefix(b"/proc/")?;
    let digits = path.split(|byte| *byte == b'/').next()?;
    let number = core::str::from_utf8(digits).ok()?.parse().ok()?;
    if number == t.pid() {
        let now = &users(t).ok()?.now;
        return Some(Owner {
            uid: now.user.effective,
            gid: now.group.effective,
        });
    }
    let they = published(number)?;
    Some(Owner {
        uid: they.user.effective,
        gid: they.group.effective,
    })
}

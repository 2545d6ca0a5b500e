//! What a path leads to, described: stat(2), statx(2), access(2), readlink(2), statfs(2).

use abi::arg::AtFlags;
use abi::stat::{Stat, Statx};
use abi::{Errno, RawArg, SysResult, nr};
use core::ffi::CStr;
use host::call::int;
use host::host_call;
use host::user::{self, PATH_MAX, PathBuffer};
use kernel::bare::{Ident, Node, Plain, Space, hash, host_path};
use kernel::vfs::At;
use kernel::walk::{Aim, Found, Limits};
use kernel::{Task, numbers};

use super::arguments::{
    CWD, Target, aim, at, at_flags, in_proc, object, opened, path, pointer, space, target, walked,
};
use super::tools::meant;
use crate::fs::described;

const S_IFDIR: u32 = 0o040_000;
const S_IFREG: u32 = 0o100_000;
const S_IFLNK: u32 = 0o120_000;
const S_IFMT: u32 = 0o170_000;
/// The flags that fstatat(2) knows (`vfs_fstatat`).
const STAT_FLAGS: AtFlags = AtFlags::SYMLINK_NOFOLLOW
    .union(AtFlags::NO_AUTOMOUNT)
    .union(AtFlags::EMPTY_PATH);

/// stat(2).
pub(super) fn stat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    newfstatat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// lstat(2).
pub(super) fn lstat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    newfstatat(t, &[CWD, a[0], a[1], AtFlags::SYMLINK_NOFOLLOW.raw(), 0, 0])
}

/// fstatat(2).
pub(super) fn newfstatat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = at_flags(a[3]);
    if !STAT_FLAGS.contains(flags) {
        return Err(Errno::EINVAL);
    }
    if a[1] == 0 && flags.contains(AtFlags::EMPTY_PATH) {
        host_call!(nr::NEWFSTATAT, a[0], 0, a[2], a[3])?;
        return described::<Stat>(t, pointer(a[2]));
    }
    let mut room = PathBuffer::new();
    let text = path(&mut room, a[1])?;
    if text.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
        let empty = text.as_ptr().expose_provenance();
        host_call!(nr::NEWFSTATAT, a[0], empty, a[2], a[3])?;
        return described::<Stat>(t, pointer(a[2]));
    }
    let space = space(t)?;
    let at = at(a[0], text);
    let meant = meant(t, &space, at);
    let at = meant.as_deref().map_or(at, At::cwd);
    let mut status = Stat::default();
    describe(t, &space, at, aim(flags), &mut status)?;
    user::write(pointer(a[2]), &status)?;
    described::<Stat>(t, pointer(a[2]))
}

/// Says what a path leads to.
///
/// Where it was seen before, the host's own walk is tried first, which takes one call: if that ends
/// at the very same file, it went the right way. It could only go wrong through links that mean
/// something else in the zone, and end there nevertheless if such a link tells where on the host the
/// zone has its root.
fn describe(t: &Task, space: &Space<'_>, at: At<'_>, aim: Aim, status: &mut Stat) -> SysResult<()> {
    let hash = hash(at.dirfd, aim == Aim::Follow, at.path.to_bytes());
    let mut seen = space.seen(hash);
    if let Some((ident, as_spelled)) = &mut seen
        && *as_spelled
    {
        let flags = match aim {
            Aim::Keep => AtFlags::SYMLINK_NOFOLLOW,
            _ => AtFlags::empty(),
        };
        *as_spelled = space
            .as_spelled(at)
            .is_some_and(|(fd, path)| is_there(fd, path, flags, *ident, status));
        if *as_spelled {
            return Ok(());
        }
    }
    let plain = space.plain(at, aim);
    let nofollow = AtFlags::SYMLINK_NOFOLLOW;
    if let (Some((ident, _)), Some(plain)) = (seen, &plain)
        && is_there(plain.fd, &plain.path, nofollow, ident, status)
    {
        space.see(hash, ident, false);
        return Ok(());
    }
    if !plain
        .as_ref()
        .is_some_and(|plain| at_once(plain, aim, status))
    {
        let opened = plain.map_or(Ok(None), |plain| plain.node(aim))?;
        let node = opened.map_or_else(|| walked(t, space, at, aim), Ok)?;
        fstat(node.fd(), status)?;
    }
    let as_spelled = seen.is_none_or(|(_, as_spelled)| as_spelled);
    space.see(hash, Ident::of(status), as_spelled);
    Ok(())
}

/// Whether the host finds this very file by a path.
fn is_there(fd: i32, path: &CStr, flags: AtFlags, ident: Ident, status: &mut Stat) -> bool {
    stat_at(fd, path, flags, status).is_ok() && Ident::of(status) == ident
}

/// A name in a directory that is open already takes one host call, unless it is a link to follow.
fn at_once(plain: &Plain<'_>, aim: Aim, status: &mut Stat) -> bool {
    let name = plain.path.to_bytes();
    let nofollow = AtFlags::SYMLINK_NOFOLLOW;
    !name.is_empty()
        && !name.contains(&b'/')
        && stat_at(plain.fd, &plain.path, nofollow, status).is_ok()
        && (aim == Aim::Keep || status.st_mode & S_IFMT != S_IFLNK)
}

fn stat_at(fd: i32, path: &CStr, flags: AtFlags, status: &mut Stat) -> SysResult {
    let (path, to) = (
        path.as_ptr().expose_provenance(),
        (&raw mut *status).expose_provenance(),
    );
    host_call!(nr::NEWFSTATAT, int(fd), path, to, flags.raw())
}

fn fstat(fd: i32, status: &mut Stat) -> SysResult {
    let to = (&raw mut *status).expose_provenance();
    host_call!(nr::FSTAT, int(fd), to)
}

/// statx(2).
pub(super) fn statx(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = at_flags(a[2]);
    match target(t, a[0], a[1], flags)? {
        Target::Itself => {
            host_call!(nr::STATX, a[0], a[1], a[2], a[3], a[4])?;
            described::<Statx>(t, pointer(a[4]))
        }
        Target::Named(node) => {
            let flags = flags.difference(AtFlags::SYMLINK_NOFOLLOW) | AtFlags::EMPTY_PATH;
            let empty = c"".as_ptr().expose_provenance();
            host_call!(nr::STATX, node.register(), empty, flags.raw(), a[3], a[4])?;
            described::<Statx>(t, pointer(a[4]))
        }
    }
}

/// access(2).
pub(super) fn access(t: &mut Task, a: &[usize; 6]) -> SysResult {
    faccessat2(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// faccessat(2).
pub(super) fn faccessat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    faccessat2(t, &[a[0], a[1], a[2], 0, 0, 0])
}

/// faccessat2(2).
pub(super) fn faccessat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const MODES: u32 = 7;
    let flags = at_flags(a[3]);
    let known = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH | AtFlags::REMOVEDIR_OR_EACCESS;
    if !known.contains(flags) || RawArg(a[2]).low_u32() & !MODES != 0 {
        return Err(Errno::EINVAL);
    }
    match target(t, a[0], a[1], flags)? {
        Target::Itself => {
            host_call!(nr::FACCESSAT2, a[0], a[1], a[2], a[3])?;
            allowed(t, &opened(a[0]), a[2])
        }
        Target::Named(node) => {
            let flags = flags.difference(AtFlags::SYMLINK_NOFOLLOW) | AtFlags::EMPTY_PATH;
            let empty = c"".as_ptr().expose_provenance();
            match host_call!(nr::FACCESSAT2, node.register(), empty, a[2], flags.raw()) {
                Err(Errno::ENOSYS) => {
                    let path = host_path(node.fd());
                    host_call!(nr::FACCESSAT, CWD, path.register(), a[2])?;
                }
                answer => drop(answer?),
            }
            allowed(t, &node, a[2])
        }
    }
}

/// What access(2) says of something that the host would allow.
fn allowed(t: &Task, node: &Node, mode: usize) -> SysResult {
    const WRITE: usize = 2;
    const EXECUTE: usize = 1;
    if mode & EXECUTE != 0 && space(t)?.is_no_exec(node) && node.kind()? == S_IFREG {
        return Err(Errno::EACCES);
    }
    let on_disk = |kind| matches!(kind, S_IFREG | S_IFDIR | S_IFLNK);
    if mode & WRITE != 0 && space(t)?.is_read_only(node) && on_disk(node.kind()?) {
        return Err(Errno::EROFS);
    }
    Ok(0)
}

/// statfs(2).
pub(super) fn statfs(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let node = object(t, a[0], Aim::Follow)?;
    told(t, &node, a[1])
}

/// fstatfs(2).
pub(super) fn fstatfs(t: &mut Task, a: &[usize; 6]) -> SysResult {
    told(t, &opened(a[0]), a[1])
}

fn told(t: &mut Task, node: &Node, to: usize) -> SysResult {
    /// Where `f_flags` stands in `struct statfs`.
    const F_FLAGS: usize = 80;
    let answer = crate::fs::fstatfs(t, abi::arg::Fd(node.fd()), pointer(to))?;
    let at = pointer(to.wrapping_add(F_FLAGS));
    let flags: u64 = user::read(at)?;
    user::write(at, &(flags | space(t)?.statfs_flags(node)))?;
    Ok(answer)
}

/// readlink(2).
pub(super) fn readlink(t: &mut Task, a: &[usize; 6]) -> SysResult {
    readlinkat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// readlinkat(2).
pub(super) fn readlinkat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let size = usize::try_from(RawArg(a[3]).low_i32()).unwrap_or(0);
    if size == 0 {
        return Err(Errno::EINVAL);
    }
    let mut room = PathBuffer::new();
    let text = path(&mut room, a[1])?;
    let empty = c"".as_ptr().expose_provenance();
    if text.is_empty() {
        return host_call!(nr::READLINKAT, a[0], empty, a[2], a[3]);
    }
    let space = space(t)?;
    let at = at(a[0], text);
    let meant = meant(t, &space, at);
    let at = meant.as_deref().map_or(at, At::cwd);
    if let Some(plain) = space.plain(at, Aim::Keep)
        && !plain.path.is_empty()
        && !plain.path.to_bytes().contains(&b'/')
    {
        let name = plain.path.as_ptr().expose_provenance();
        return host_call!(nr::READLINKAT, int(plain.fd), name, a[2], a[3]);
    }
    let (node, from) = match space.find(at, Aim::Keep, Limits::default())? {
        Found::Node(node, from) => (node, from),
        Found::Name(..) => return Err(Errno::ENOENT),
    };
    if node.kind()? != S_IFLNK {
        return Err(Errno::EINVAL);
    }
    let mut link = [0; PATH_MAX];
    if let Some((directory, name)) = from {
        if name == b"root" && space.is_in_proc(directory.fd()) {
            user::write_bytes(a[2], b"/")?;
            return Ok(1);
        }
        if let Some(emulated) = in_proc(t, &space, directory, &name)
            && let Some(length) = emulated.fs.readlink(t, emulated.at(), &mut link)?
        {
            let text = numbers::in_path(link.get(..length).unwrap_or_default());
            let text = text.get(..size).unwrap_or(&text);
            user::write_bytes(a[2], text)?;
            return Ok(text.len());
        }
    }
    let to = link.as_mut_ptr().expose_provenance();
    let length = host_call!(nr::READLINKAT, node.register(), empty, to, link.len())?;
    let mut link = link.get(..length).unwrap_or_default();
    // Links in /proc say what the host calls the thing.
    let in_zone;
    if space.is_in_proc(node.fd()) {
        let text = space.zone_path(link).filter(|_| link.starts_with(b"/"));
        in_zone = numbers::in_path(text.as_deref().unwrap_or(link));
        link = &in_zone;
    }
    let link = link.get(..size.min(link.len())).unwrap_or_default();
    user::write_bytes(a[2], link)?;
    Ok(link.len())
}

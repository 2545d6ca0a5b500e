//! What a path leads to, described: stat(2), statx(2), access(2), readlink(2), statfs(2).

use abi::arg::{AtFlags, OpenFlags};
use abi::stat::{Stat, Statx};
use abi::{Errno, RawArg, SysResult, nr};
use core::ffi::CStr;
use host::call::as_int;
use host::host_call;
use host::user::{self, PATH_MAX, PathBuffer};
use kernel::bare::{Handle, Space, host_path};
use kernel::walk::{Aim, Found, Limits};
use kernel::{Task, numbers};

use super::arguments::{
    CWD, Target, aim, ask, at, at_flags, find, in_proc, object, path, pointer, space, target,
};
use crate::fs::described;

const S_IFLNK: u32 = 0o120_000;
const S_IFMT: u32 = 0o170_000;
/// Where `st_mode` stands in `struct stat`.
const ST_MODE: usize = 24;
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
    let aim = aim(flags);
    if let Some((fd, rest)) = space.plain(at) {
        if let Some(answer) = at_once(fd, rest, a[2], aim) {
            answer?;
            return described::<Stat>(t, pointer(a[2]));
        }
        let follow = OpenFlags::PATH | OpenFlags::CLOEXEC;
        if aim == Aim::Follow
            && let Some(opened) = Space::open_from(fd, rest, follow, 0)
        {
            let opened = Handle::owned(as_int(opened?));
            host_call!(nr::FSTAT, opened.register(), a[2])?;
            return described::<Stat>(t, pointer(a[2]));
        }
    }
    let node = find(t, at, aim)?;
    host_call!(nr::FSTAT, node.register(), a[2])?;
    described::<Stat>(t, pointer(a[2]))
}

/// A name in a directory that is open already takes one host call, unless it is a link to follow.
fn at_once(fd: i32, rest: &CStr, to: usize, aim: Aim) -> Option<SysResult> {
    let name = rest.to_bytes();
    if name.is_empty() || name.contains(&b'/') {
        return None;
    }
    let (name, nofollow) = (
        rest.as_ptr().expose_provenance(),
        AtFlags::SYMLINK_NOFOLLOW.raw(),
    );
    let answer = host_call!(nr::NEWFSTATAT, host::call::int(fd), name, to, nofollow);
    if answer.is_ok() && aim == Aim::Follow {
        let mode: u32 = user::read(pointer(to.wrapping_add(ST_MODE))).ok()?;
        if mode & S_IFMT == S_IFLNK {
            return None;
        }
    }
    Some(answer)
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
        Target::Itself => host_call!(nr::FACCESSAT2, a[0], a[1], a[2], a[3]),
        Target::Named(node) => {
            let flags = flags.difference(AtFlags::SYMLINK_NOFOLLOW) | AtFlags::EMPTY_PATH;
            let empty = c"".as_ptr().expose_provenance();
            match host_call!(nr::FACCESSAT2, node.register(), empty, a[2], flags.raw()) {
                Err(Errno::ENOSYS) => {
                    let path = host_path(node.fd());
                    host_call!(nr::FACCESSAT, CWD, path.register(), a[2])
                }
                answer => answer,
            }
        }
    }
}

/// statfs(2).
pub(super) fn statfs(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let node = object(t, a[0], Aim::Follow)?;
    ask(nr::FSTATFS, &[node.register(), a[1]])
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
    if let Some((fd, rest)) = space.plain(at(a[0], text))
        && !rest.is_empty()
        && !rest.to_bytes().contains(&b'/')
        && !space.is_in_proc(fd)
    {
        let name = rest.as_ptr().expose_provenance();
        return host_call!(nr::READLINKAT, host::call::int(fd), name, a[2], a[3]);
    }
    let (node, from) = match space.find(at(a[0], text), Aim::Keep, Limits::default())? {
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

//! open(2), openat(2), creat(2), openat2(2).

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::arg::{AtFlags, OpenFlags};
use abi::{Errno, RawArg, SysResult, nr};
use core::ffi::CStr;
use host::call::{as_int, forward_blocking, int};
use host::host_call;
use host::user::PathBuffer;
use kernel::bare::warden::{self, Request};
use kernel::bare::{Handle, Node, Space, host_path, writes};
use kernel::vfs::{AT_FDCWD, At, OpenHow};
use kernel::walk::{Aim, Found, Limits, Scope};
use kernel::{Task, zone};

use super::arguments::{CWD, at, in_proc, path, pointer, space};
use super::layers;
use super::tools::meant;
use crate::fs::{check_how, read_how};

const S_IFDIR: u32 = 0o040_000;
const S_IFREG: u32 = 0o100_000;
const S_IFLNK: u32 = 0o120_000;
const S_IFSOCK: u32 = 0o140_000;

/// open(2).
pub(super) fn open(t: &mut Task, a: &[usize; 6]) -> SysResult {
    openat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// creat(2).
pub(super) fn creat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = OpenFlags::CREAT | OpenFlags::WRONLY | OpenFlags::TRUNC;
    openat(t, &[CWD, a[0], flags.raw(), a[1], 0, 0])
}

/// openat(2): bits that mean nothing are ignored (`build_open_how` of the kernel).
pub(super) fn openat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    /// All flags that there are.
    const VALID: u32 = 0o37_777_703;
    let known = OpenFlags::from(RawArg(a[2])).bits() & VALID;
    let mut flags = OpenFlags::from_bits_retain(known);
    if flags.contains(OpenFlags::PATH) {
        flags &= OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::NOFOLLOW | OpenFlags::CLOEXEC;
    }
    let mode = if creates(flags) {
        u64::from(RawArg(a[3]).low_u32() & 0o7777)
    } else {
        0
    };
    let mut room = PathBuffer::new();
    let text = path(&mut room, a[1])?;
    by(t, at(a[0], text), flags, mode, 0)
}

/// openat2(2).
pub(super) fn openat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let [flags, mode, resolve] = read_how(pointer(a[2]), a[3])?;
    let mut room = PathBuffer::new();
    let text = path(&mut room, a[1])?;
    check_how(flags, mode)?;
    if resolve & !resolve::ALL != 0
        || resolve & resolve::IN_ROOT != 0 && resolve & resolve::BENEATH != 0
    {
        return Err(Errno::EINVAL);
    }
    let how = OpenHow {
        flags,
        mode,
        resolve,
        strict: true,
    };
    by(t, at(a[0], text), how.open_flags(), mode, resolve)
}

/// `RESOLVE_*` of openat2(2).
mod resolve {
    pub(super) const NO_XDEV: u64 = 0x01;
    pub(super) const NO_MAGICLINKS: u64 = 0x02;
    pub(super) const NO_SYMLINKS: u64 = 0x04;
    pub(super) const BENEATH: u64 = 0x08;
    pub(super) const IN_ROOT: u64 = 0x10;
    pub(super) const CACHED: u64 = 0x20;
    pub(super) const ALL: u64 = 0x3f;
}

fn creates(flags: OpenFlags) -> bool {
    flags.intersects(OpenFlags::CREAT | OpenFlags::TMPFILE_ONLY)
}

fn by(t: &Task, at: At<'_>, flags: OpenFlags, mode: u64, resolve: u64) -> SysResult {
    let space = space(t)?;
    if resolve & resolve::CACHED != 0 && creates(flags) | flags.contains(OpenFlags::TRUNC) {
        return Err(Errno::EAGAIN);
    }
    let meant = match creates(flags) {
        true => None,
        false => meant(t, &space, at),
    };
    let at = meant.as_deref().map_or(at, At::cwd);
    if space.has_layers()
        && let Some(opened) = layers::open::open(&space, at, flags, mode, limits(resolve))
    {
        return lowest(t, opened?, flags);
    }
    if resolve == 0
        && let Some(opened) = space.open_plain(at, flags, mode)
        && !matches!(opened, Err(Errno::ENXIO | Errno::EACCES))
    {
        return opened.and_then(|fd| alive(&space, fd, flags));
    }
    lowest(
        t,
        walked(t, &space, at, flags, mode, limits(resolve))?,
        flags,
    )
}

/// Closes again what was opened as a path without knowing what that leads to, if it is a device in a
/// mount without.
fn alive(space: &Space<'_>, fd: usize, flags: OpenFlags) -> SysResult {
    let opened = Node::of_guest(as_int(fd));
    if !flags.contains(OpenFlags::PATH) && space.is_dead_device(&opened) {
        drop(Handle::owned(opened.fd()));
        return Err(Errno::EACCES);
    }
    Ok(fd)
}

/// What `RESOLVE_*` forbid a walk.
fn limits(resolve: u64) -> Limits {
    Limits {
        no_links: resolve & resolve::NO_SYMLINKS != 0,
        no_magic: resolve & resolve::NO_MAGICLINKS != 0,
        one_mount: resolve & resolve::NO_XDEV != 0,
        scope: match resolve & (resolve::BENEATH | resolve::IN_ROOT) {
            resolve::BENEATH => Scope::Beneath,
            resolve::IN_ROOT => Scope::Root,
            _ => Scope::Free,
        },
    }
}

/// Opens what a walk leads to. A name that turns into a link meanwhile is walked again.
#[inline(never)]
fn walked(
    t: &Task,
    space: &Space<'_>,
    at: At<'_>,
    flags: OpenFlags,
    mode: u64,
    limits: Limits,
) -> SysResult<i32> {
    const TRIES: usize = 16;
    let keeps =
        flags.contains(OpenFlags::NOFOLLOW) || flags.contains(OpenFlags::CREAT | OpenFlags::EXCL);
    let aim = if keeps { Aim::Keep } else { Aim::Follow };
    if flags.contains(OpenFlags::CREAT) && at.path.to_bytes().ends_with(b"/") {
        // Whatever is there.
        let found = space.find(at, Aim::Parent, limits)?;
        let last = match &found {
            Found::Name(_, name) => name.split(|byte| *byte == b'/').next().unwrap_or_default(),
            Found::Node(..) => b"",
        };
        let is_name = !matches!(last, b"" | b"." | b"..");
        let made = is_name || !flags.contains(OpenFlags::EXCL);
        return Err(if made { Errno::EISDIR } else { Errno::EEXIST });
    }
    for _ in 0..TRIES {
        match space.find(at, aim, limits)? {
            Found::Node(..) if flags.contains(OpenFlags::CREAT | OpenFlags::EXCL) => {
                return Err(Errno::EEXIST);
            }
            Found::Node(node, from) => return found(t, space, &node, from, flags),
            Found::Name(directory, name) => {
                if !flags.contains(OpenFlags::CREAT) {
                    return Err(Errno::ENOENT);
                }
                let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
                if space.is_read_only(&directory) && !name.to_bytes().ends_with(b"/") {
                    return Err(Errno::EROFS);
                }
                match make(&directory, &name, flags, mode) {
                    Err(Errno::ELOOP) => {}
                    made => return made,
                }
            }
        }
    }
    Err(Errno::ELOOP)
}

/// Opens what a walk found in a directory.
fn found(
    t: &Task,
    space: &Space<'_>,
    node: &Node,
    from: Option<(Node, Vec<u8>)>,
    flags: OpenFlags,
) -> SysResult<i32> {
    if !flags.contains(OpenFlags::PATH) {
        if space.is_dead_device(node) {
            return Err(Errno::EACCES);
        }
        if space.is_read_only(node) {
            check_writable(node, flags)?;
        }
    }
    if space.lists_terminals(node)? {
        warden::ask(Request::Terminals, &[])?;
    }
    let Some((directory, name)) = from else {
        return again(node, flags);
    };
    let how = OpenHow {
        flags: flags.bits().into(),
        mode: 0,
        resolve: 0,
        strict: false,
    };
    // Of an emulated file, the host has a socket.
    let placeholder = zone::placeholders() != 0 && node.kind()? == S_IFSOCK;
    if placeholder {
        let path = host_path(node.fd());
        let at = At::cwd(path.text());
        let how = OpenHow {
            flags: flags.difference(OpenFlags::NOFOLLOW).bits().into(),
            ..how
        };
        let mut overlays = t.mounts.overlays().iter();
        if flags.contains(OpenFlags::PATH) {
            let fd = again(node, flags)?;
            for fs in overlays {
                fs.opened_path(fd);
            }
            return Ok(fd);
        }
        if let Some(opened) = overlays.find_map(|fs| fs.open_placeholder(t, at, &how)) {
            return opened.map(as_int);
        }
    }
    let Some(emulated) = in_proc(t, space, directory, &name) else {
        return again(node, flags);
    };
    let aim = if flags.contains(OpenFlags::NOFOLLOW) {
        Aim::Keep
    } else {
        Aim::Follow
    };
    match emulated.place(t, space, aim)? {
        Some(node) => again(&node, flags),
        None => emulated.fs.open(t, emulated.at(), &how).map(as_int),
    }
}

/// Opens a new file.
pub(super) fn make(directory: &Node, name: &CStr, flags: OpenFlags, mode: u64) -> SysResult<i32> {
    let flags = flags | OpenFlags::NOFOLLOW;
    let mode = usize::try_from(mode).unwrap_or(0);
    let name = name.as_ptr().expose_provenance();
    let args = [directory.register(), name, flags.raw(), mode, 0, 0];
    forward_blocking(nr::OPENAT, &args).map(as_int)
}

/// Opens what was found, as `flags` say.
pub(super) fn again(node: &Node, flags: OpenFlags) -> SysResult<i32> {
    if node.is_by_warden() && !flags.contains(OpenFlags::PATH) {
        return warden::open(flags, node.fd());
    }
    if node.kind()? == S_IFLNK {
        // Only O_PATH opens a link.
        if !flags.contains(OpenFlags::PATH) {
            return Err(Errno::ELOOP);
        }
        if flags.contains(OpenFlags::DIRECTORY) {
            return Err(Errno::ENOTDIR);
        }
    } else if flags.contains(OpenFlags::CREAT) && node.kind()? == S_IFDIR {
        return Err(Errno::EISDIR);
    }
    let flags = flags.difference(OpenFlags::NOFOLLOW | OpenFlags::CREAT | OpenFlags::EXCL);
    if node.fd() == AT_FDCWD {
        let here = c".".as_ptr().expose_provenance();
        return forward_blocking(nr::OPENAT, &[CWD, here, flags.raw(), 0, 0, 0]).map(as_int);
    }
    let path = host_path(node.fd());
    let args = [CWD, path.register(), flags.raw(), 0, 0, 0];
    match forward_blocking(nr::OPENAT, &args) {
        // Perhaps a file about one of the zone's processes.
        Err(Errno::EACCES) => warden::open(flags, node.fd()),
        opened => opened.map(as_int),
    }
}

/// Whether something in a mount that is read-only may be opened so: what is no file on a disk may be
/// written to all the same (`may_open`, `do_open` of the kernel).
pub(super) fn check_writable(node: &Node, flags: OpenFlags) -> SysResult<()> {
    /// `R_OK`, `W_OK`, `AT_EACCESS`.
    const READ: usize = 4;
    const WRITE: usize = 2;
    const EFFECTIVE: AtFlags = AtFlags::REMOVEDIR_OR_EACCESS;
    let flags = flags.difference(OpenFlags::CREAT);
    if !writes(flags) {
        return Ok(());
    }
    match node.kind()? {
        S_IFREG if flags.contains(OpenFlags::TRUNC) => return Err(Errno::EROFS),
        S_IFREG => {}
        S_IFDIR if flags.contains(OpenFlags::TMPFILE_ONLY) => return Err(Errno::EROFS),
        _ => return Ok(()),
    }
    let mode = if flags.contains(OpenFlags::RDWR) {
        READ | WRITE
    } else {
        WRITE
    };
    let empty = c"".as_ptr().expose_provenance();
    let how = (AtFlags::EMPTY_PATH | EFFECTIVE).raw();
    match host_call!(nr::FACCESSAT2, node.register(), empty, mode, how) {
        Ok(_) | Err(Errno::ENOSYS) => Err(Errno::EROFS),
        Err(errno) => Err(errno),
    }
}

/// Gives a descriptor the lowest free number, which open(2) promises: the walk had some open.
pub(super) fn lowest(t: &Task, fd: i32, flags: OpenFlags) -> SysResult {
    const F_DUPFD: usize = 0;
    const F_DUPFD_CLOEXEC: usize = 1030;
    let copy = if flags.contains(OpenFlags::CLOEXEC) {
        F_DUPFD_CLOEXEC
    } else {
        F_DUPFD
    };
    match host_call!(nr::FCNTL, int(fd), copy, 0) {
        Ok(lower) if as_int(lower) < fd => {
            // It may be an emulated file.
            for fs in t.mounts.overlays() {
                fs.copied(fd, as_int(lower));
                fs.before_close(fd.cast_unsigned(), fd.cast_unsigned());
            }
            drop(Handle::owned(fd));
            Ok(lower)
        }
        Ok(higher) => {
            drop(Handle::owned(as_int(higher)));
            Ok(int(fd))
        }
        Err(_) => Ok(int(fd)),
    }
}

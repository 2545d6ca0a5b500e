//! Calls that change what belongs to a file: its mode, owner, times and attributes. Landlock does not
//! keep them to the zone's files, so that the warden makes them (`kernel::bare::warden`).

use alloc::vec;

use abi::arg::{AtFlags, Path};
use abi::{Errno, RawArg, SysResult};
use host::call::as_int;
use host::user;
use kernel::Task;
use kernel::bare::Node;
use kernel::bare::warden::{self, LONGEST_VALUE, Request};
use kernel::vfs::AT_FDCWD;
use kernel::walk::Aim;

use super::arguments::{CWD, Target, check_changeable, object, object_at, pointer, target};
use super::attributes::known;

const NOFOLLOW: usize = 0x100;
/// `XATTR_NAME_MAX`.
const LONGEST_NAME: usize = 255;
/// `UTIME_NOW` of utimensat(2).
const NOW: i64 = (1 << 30) - 1;

/// Asks for a change of what lies in no read-only mount.
fn ask_about(t: &Task, request: Request<'_>, fd: i32) -> SysResult {
    check_changeable(t, &Node::of_guest(fd))?;
    warden::ask_about(request, fd)
}

/// Asks for a change of what a call works on.
fn change(t: &Task, target: &Target, dirfd: usize, request: Request<'_>) -> SysResult {
    match target {
        Target::Named(node) => ask_about(t, request, node.fd()),
        Target::Itself => ask_about(t, request, as_int(dirfd)),
    }
}

/// Asks for a change of an open file. A descriptor with `O_PATH` is none.
fn change_open(t: &Task, fd: usize, request: Request<'_>) -> SysResult {
    ask_about(t, request, open_file(t, fd)?)
}

/// A descriptor of an open file.
pub(crate) fn open_file(t: &Task, fd: usize) -> SysResult<i32> {
    const F_GETFL: usize = 3;
    const O_PATH: usize = 0o10_000_000;
    t.check_fd(as_int(fd))?;
    match host::host_call!(abi::nr::FCNTL, fd, F_GETFL)? & O_PATH {
        0 => Ok(as_int(fd)),
        _ => Err(Errno::EBADF),
    }
}

fn mode(register: usize) -> Request<'static> {
    Request::Mode(RawArg(register).low_u32() & 0o7777)
}

fn owner(user: usize, group: usize) -> Request<'static> {
    Request::Owner([RawArg(user).low_u32(), RawArg(group).low_u32()])
}

/// chmod(2).
pub(super) fn chmod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    fchmodat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// fchmod(2).
pub(super) fn fchmod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    change_open(t, a[0], mode(a[1]))
}

/// fchmodat(2); the call itself has no flags.
pub(super) fn fchmodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let node = object_at(t, a[0], a[1], Aim::Follow)?;
    ask_about(t, mode(a[2]), node.fd())
}

/// fchmodat2(2).
pub(super) fn fchmodat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let target = target(t, a[0], a[1], known(a[3])?)?;
    change(t, &target, a[0], mode(a[2]))
}

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
    change_open(t, a[0], owner(a[1], a[2]))
}

/// fchownat(2).
pub(super) fn fchownat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let target = target(t, a[0], a[1], known(a[4])?)?;
    change(t, &target, a[0], owner(a[2], a[3]))
}

/// `struct timeval`s or none, with microseconds, as nanoseconds.
fn microseconds(at: usize) -> SysResult<[i64; 4]> {
    if at == 0 {
        return Ok([0, NOW, 0, NOW]);
    }
    let [a, b, c, d]: [i64; 4] = user::read(pointer(at))?;
    let valid = |part: i64| (0..1_000_000).contains(&part);
    if !valid(b) || !valid(d) {
        return Err(Errno::EINVAL);
    }
    Ok([a, b * 1000, c, d * 1000])
}

/// utime(2): whole seconds.
pub(super) fn utime(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let times = match a[1] {
        0 => [0, NOW, 0, NOW],
        at => {
            let [access, change]: [i64; 2] = user::read(pointer(at))?;
            [access, 0, change, 0]
        }
    };
    let node = object(t, a[0], Aim::Follow)?;
    ask_about(t, Request::Times(times), node.fd())
}

/// utimes(2).
pub(super) fn utimes(t: &mut Task, a: &[usize; 6]) -> SysResult {
    futimesat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// futimesat(2): without a path it is about the descriptor.
pub(super) fn futimesat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let times = Request::Times(microseconds(a[2])?);
    if a[1] == 0 {
        return change_open(t, a[0], times);
    }
    let node = object_at(t, a[0], a[1], Aim::Follow)?;
    ask_about(t, times, node.fd())
}

/// utimensat(2): without a path it is about the descriptor.
pub(super) fn utimensat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const OMIT: i64 = (1 << 30) - 2;
    let times = match a[2] {
        0 => [0, NOW, 0, NOW],
        at => user::read(pointer(at))?,
    };
    let [_, b, _, d] = times;
    let valid = |part: i64| part == NOW || part == OMIT || (0..1_000_000_000).contains(&part);
    if !valid(b) || !valid(d) {
        return Err(Errno::EINVAL);
    }
    if (b, d) == (OMIT, OMIT) {
        // Nothing to do, which the kernel does not even look for.
        return Ok(0);
    }
    let times = Request::Times(times);
    if a[1] == 0 {
        if as_int(a[0]) == AT_FDCWD {
            return Err(Errno::EFAULT);
        }
        return match RawArg(a[3]).low_u32() {
            0 => change_open(t, a[0], times),
            _ => Err(Errno::EINVAL),
        };
    }
    let target = target(t, a[0], a[1], known(a[3])?)?;
    change(t, &target, a[0], times)
}

/// The name of an extended attribute (`import_xattr_name` in fs/xattr.c of the kernel).
fn attribute(room: &mut [u8; LONGEST_NAME + 1], at: usize) -> SysResult<&[u8]> {
    let name = user::read_cstr(Path::from(RawArg(at)), room).map_err(|errno| match errno {
        Errno::ENAMETOOLONG => Errno::ERANGE,
        errno => errno,
    })?;
    match name.to_bytes() {
        [] => Err(Errno::ERANGE),
        name => Ok(name),
    }
}

/// Reads what is to be set, and sets it where `change` says.
fn set_attribute(
    [name, value, size, flags]: [usize; 4],
    change: impl FnOnce(Request<'_>) -> SysResult,
) -> SysResult {
    /// `XATTR_CREATE`, `XATTR_REPLACE`.
    const KNOWN: u32 = 3;
    let flags = RawArg(flags).low_u32();
    if flags & !KNOWN != 0 {
        return Err(Errno::EINVAL);
    }
    let mut room = [0; LONGEST_NAME + 1];
    let name = attribute(&mut room, name)?;
    if size > LONGEST_VALUE {
        return Err(Errno::E2BIG);
    }
    let mut bytes = vec![0; size];
    user::read_bytes(value, &mut bytes)?;
    change(Request::SetAttribute {
        flags,
        name,
        value: &bytes,
    })
}

fn remove_attribute(name: usize, change: impl FnOnce(Request<'_>) -> SysResult) -> SysResult {
    let mut room = [0; LONGEST_NAME + 1];
    change(Request::RemoveAttribute(attribute(&mut room, name)?))
}

/// setxattr(2).
pub(super) fn setxattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    set_named(t, a, Aim::Follow)
}

/// lsetxattr(2).
pub(super) fn lsetxattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    set_named(t, a, Aim::Keep)
}

fn set_named(t: &Task, a: &[usize; 6], aim: Aim) -> SysResult {
    set_attribute([a[1], a[2], a[3], a[4]], |request| {
        let node = object(t, a[0], aim)?;
        ask_about(t, request, node.fd())
    })
}

/// fsetxattr(2).
pub(super) fn fsetxattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    set_attribute([a[1], a[2], a[3], a[4]], |request| {
        change_open(t, a[0], request)
    })
}

/// setxattrat(2) (Linux 6.13): value, size and flags are in a structure.
pub(super) fn setxattrat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    /// The length of `struct xattr_args`, of which there is one version.
    const SIZE: usize = 16;
    if a[5] < SIZE {
        return Err(Errno::EINVAL);
    }
    let [value, packed]: [u64; 2] = user::read(pointer(a[4]))?;
    let [b0, b1, b2, b3, c0, c1, c2, c3] = packed.to_le_bytes();
    let size = u32::from_le_bytes([b0, b1, b2, b3]);
    let flags = u32::from_le_bytes([c0, c1, c2, c3]);
    let wide = |word: u64| usize::try_from(word).map_err(|_| Errno::EFAULT);
    let parts = [a[3], wide(value)?, wide(size.into())?, wide(flags.into())?];
    let flags = known(a[2])?;
    set_attribute(parts, |request| {
        let target = target(t, a[0], a[1], flags)?;
        change(t, &target, a[0], request)
    })
}

/// removexattr(2).
pub(super) fn removexattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    remove_attribute(a[1], |request| {
        let node = object(t, a[0], Aim::Follow)?;
        ask_about(t, request, node.fd())
    })
}

/// lremovexattr(2).
pub(super) fn lremovexattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    remove_attribute(a[1], |request| {
        let node = object(t, a[0], Aim::Keep)?;
        ask_about(t, request, node.fd())
    })
}

/// fremovexattr(2).
pub(super) fn fremovexattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    remove_attribute(a[1], |request| change_open(t, a[0], request))
}

/// removexattrat(2) (Linux 6.13).
pub(super) fn removexattrat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags: AtFlags = known(a[2])?;
    remove_attribute(a[3], |request| {
        let target = target(t, a[0], a[1], flags)?;
        change(t, &target, a[0], request)
    })
}

/// `file_setattr` (Linux 6.17).
pub(super) fn file_setattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    /// A page, which the kernel takes at most.
    const MOST: usize = 1024;
    let flags = known(a[4])?;
    if a[3] > MOST {
        return Err(Errno::E2BIG);
    }
    let mut bytes = vec![0; a[3]];
    user::read_bytes(a[2], &mut bytes)?;
    let target = target(t, a[0], a[1], flags)?;
    change(t, &target, a[0], Request::FileAttributes(&bytes))
}

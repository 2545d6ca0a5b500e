//! What stands in a stack, described: one device, numbers that stay, the file system by its name.

use abi::arg::AtFlags;
use abi::stat::{DIRECTORY, Stat, StatFs, Statx, TYPE};
use abi::{Errno, RawArg, SysResult, nr};
use host::call::as_int;
use host::host_call;
use host::user::{self, PathBuffer};
use kernel::Task;
use kernel::bare::{Handle, Node, Space};
use kernel::overlay::{Disk, UPPER};
use kernel::vfs::AT_FDCWD;
use kernel::walk::Aim;

use super::{call, otherwise};
use crate::bare::arguments::{CWD, at, at_flags, path, pointer, space};
use crate::bare::tools::meant;

/// `OVERLAYFS_SUPER_MAGIC`.
const OVERLAYFS: u64 = 0x794c_7630;
/// The flags that fstatat(2) knows (`vfs_fstatat`).
const STAT_FLAGS: AtFlags = AtFlags::SYMLINK_NOFOLLOW
    .union(AtFlags::NO_AUTOMOUNT)
    .union(AtFlags::EMPTY_PATH);

/// What a call of this family is about, if it lies in a stack.
fn layered(
    t: &Task,
    space: &Space<'_>,
    dirfd: usize,
    path_at: usize,
    flags: AtFlags,
) -> Option<Node> {
    let mut room = PathBuffer::new();
    let text = match path_at {
        0 => c"",
        _ => path(&mut room, path_at).ok()?,
    };
    let node = if !text.is_empty() {
        let aim = if flags.contains(AtFlags::SYMLINK_NOFOLLOW) {
            Aim::Keep
        } else {
            Aim::Follow
        };
        let at = at(dirfd, text);
        if meant(t, space, at).is_some() {
            return None;
        }
        space.object(at, aim).ok()?
    } else if flags.contains(AtFlags::EMPTY_PATH) {
        Node::of_guest(as_int(dirfd))
    } else {
        return None;
    };
    space.place(&node).is_some().then_some(node)
}

/// Device and number of a file of a stack.
fn numbers(space: &Space<'_>, node: &Node) -> SysResult<Option<(u64, u64)>> {
    let Some(place) = space.place(node) else {
        return Ok(None);
    };
    let stack = space.stack(place.mount)?;
    let file = if node.fd() == AT_FDCWD {
        stack.disk.open(place.layer, &place.path)?
    } else {
        Handle::borrowed(node.fd())
    };
    let status = stack.disk.status(&file)?;
    let number = stack.number(&file, &status)?;
    Ok(number.map(|number| (stack.numbers.device(), number)))
}

/// stat(2).
pub(super) fn stat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    describe(t, call::STAT, a, CWD, a[0], AtFlags::empty(), a[1])
}

/// lstat(2).
pub(super) fn lstat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    describe(
        t,
        call::LSTAT,
        a,
        CWD,
        a[0],
        AtFlags::SYMLINK_NOFOLLOW,
        a[1],
    )
}

/// fstat(2).
pub(super) fn fstat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    describe(t, call::FSTAT, a, a[0], 0, AtFlags::EMPTY_PATH, a[1])
}

/// fstatat(2).
pub(super) fn newfstatat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    describe(t, call::NEWFSTATAT, a, a[0], a[1], at_flags(a[3]), a[2])
}

fn describe(
    t: &mut Task,
    number: usize,
    a: &[usize; 6],
    dirfd: usize,
    path_at: usize,
    flags: AtFlags,
    to: usize,
) -> SysResult {
    let space = space(t)?;
    let node = match layered(t, &space, dirfd, path_at, flags) {
        Some(node) if STAT_FLAGS.contains(flags) => node,
        _ => return otherwise(t, number, a),
    };
    let mut status = Stat::default();
    let room = (&raw mut status).expose_provenance();
    let empty = c"".as_ptr().expose_provenance();
    let itself = AtFlags::EMPTY_PATH.raw();
    host_call!(nr::NEWFSTATAT, node.register(), empty, room, itself)?;
    if let Some((device, number)) = numbers(&space, &node)? {
        (status.st_dev, status.st_ino) = (device, number);
        if status.st_mode & TYPE == DIRECTORY {
            // Nobody counts what is merged; overlayfs says the same.
            status.st_nlink = 1;
        }
    }
    user::write(pointer(to), &status)?;
    Ok(0)
}

/// statx(2).
pub(super) fn statx(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let space = space(t)?;
    let flags = at_flags(a[2]);
    let Some(node) = layered(t, &space, a[0], a[1], flags) else {
        return otherwise(t, call::STATX, a);
    };
    let flags = flags.difference(AtFlags::SYMLINK_NOFOLLOW) | AtFlags::EMPTY_PATH;
    let empty = c"".as_ptr().expose_provenance();
    host_call!(nr::STATX, node.register(), empty, flags.raw(), a[3], a[4])?;
    if let Some((device, number)) = numbers(&space, &node)? {
        let mut status: Statx = user::read(pointer(a[4]))?;
        let low = |value: u64| u32::try_from(value & 0xffff_ffff).unwrap_or(0);
        status.stx_dev = [
            low(device >> 8 & 0xfff),
            low(device & 0xff | device >> 12 & 0xfff_ff00),
        ];
        status.stx_ino = number;
        if u32::from(status.stx_mode) & TYPE == DIRECTORY {
            status.stx_nlink = 1;
        }
        user::write(pointer(a[4]), &status)?;
    }
    Ok(0)
}

/// statfs(2).
pub(super) fn statfs(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let space = space(t)?;
    match layered(t, &space, CWD, a[0], AtFlags::empty()) {
        Some(node) => file_system(&space, &node, a[1]),
        None => otherwise(t, call::STATFS, a),
    }
}

/// fstatfs(2).
pub(super) fn fstatfs(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let space = space(t)?;
    match layered(t, &space, a[0], 0, AtFlags::EMPTY_PATH) {
        Some(node) => file_system(&space, &node, a[1]),
        None => otherwise(t, call::FSTATFS, a),
    }
}

/// The room is that of the upper layer.
fn file_system(space: &Space<'_>, node: &Node, to: usize) -> SysResult {
    let Some(place) = space.place(node) else {
        return Err(Errno::EBADF);
    };
    let stack = space.stack(place.mount)?;
    let upper = host::call::int(stack.disk.layer(UPPER));
    let mut status = StatFs::default();
    let room = (&raw mut status).expose_provenance();
    host_call!(nr::FSTATFS, upper, room)?;
    status.f_type = OVERLAYFS;
    status.f_flags |= space.statfs_flags(node);
    user::write(pointer(to), &status)?;
    Ok(0)
}

/// access(2).
pub(super) fn access(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let answer = otherwise(t, call::ACCESS, a);
    writable(t, answer, [CWD, a[0], a[1]], AtFlags::empty())
}

/// faccessat(2).
pub(super) fn faccessat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let answer = otherwise(t, call::FACCESSAT, a);
    writable(t, answer, [a[0], a[1], a[2]], AtFlags::empty())
}

/// faccessat2(2).
pub(super) fn faccessat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let answer = otherwise(t, call::FACCESSAT2, a);
    writable(t, answer, [a[0], a[1], a[2]], at_flags(a[3]))
}

/// A lower layer may lie on a file system that is read-only; it is not what is written to.
fn writable(
    t: &Task,
    answer: SysResult,
    [dirfd, path_at, mode]: [usize; 3],
    flags: AtFlags,
) -> SysResult {
    if answer != Err(Errno::EROFS) {
        return answer;
    }
    let space = space(t)?;
    let Some(node) = layered(t, &space, dirfd, path_at, flags) else {
        return answer;
    };
    if space.is_read_only(&node) {
        return answer;
    }
    let Some(place) = space.place(&node).filter(|place| place.layer != UPPER) else {
        return answer;
    };
    let stack = space.stack(place.mount)?;
    let again = Handle::borrowed(node.fd());
    stack
        .disk
        .permit(&again, RawArg(mode).low_u32())
        .map(|()| 0)
}

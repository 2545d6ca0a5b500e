//! open(2) and its kin: who may, and whose new files are.

use abi::arg::OpenFlags;
use abi::nr as guest;
use abi::{Errno, RawArg, SysResult};
use host::call::as_int;
use host::user::PathBuffer;
use kernel::Task;
use kernel::users::{EXECUTE, READ, WRITE};
use kernel::vfs::At;
use kernel::walk::Aim;

use super::owners::{group_of, own};
use super::{beneath, beneath_open, users};
use crate::bare::{CWD, at, find, path, pointer, space};
use crate::fs::read_how;

const S_IFMT: u32 = 0o170_000;
const S_IFLNK: u32 = 0o120_000;

/// open(2).
pub(super) fn open(t: &mut Task, a: &[usize; 6]) -> SysResult {
    openat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// creat(2).
pub(super) fn creat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = OpenFlags::CREAT | OpenFlags::WRONLY | OpenFlags::TRUNC;
    openat(t, &[CWD, a[0], flags.raw(), a[1], 0, 0])
}

/// openat(2).
pub(super) fn openat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    by(t, guest::OPENAT, a, OpenFlags::from(RawArg(a[2])))
}

/// openat2(2).
pub(super) fn openat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let [flags, ..] = read_how(pointer(a[2]), a[3])?;
    let flags = OpenFlags::from_bits_retain(u32::try_from(flags).unwrap_or(0));
    by(t, guest::OPENAT2, a, flags)
}

fn by(t: &mut Task, number: usize, a: &[usize; 6], flags: OpenFlags) -> SysResult {
    let unchecked = users(t)?.is_unchecked();
    let makes = flags.intersects(OpenFlags::CREAT | OpenFlags::TMPFILE_ONLY);
    if flags.contains(OpenFlags::PATH) {
        return beneath(t, number, a);
    }
    let named = |t: &Task| {
        let mut room = PathBuffer::new();
        let at = at(a[0], path(&mut room, a[1])?);
        match find(t, at, aim(flags)) {
            Err(Errno::ENOENT) => Ok(space(t)?.parent(at)?.0),
            found => found,
        }
    };
    if unchecked && !makes {
        return beneath_open(t, number, a, named);
    }
    let mut room = PathBuffer::new();
    let text = path(&mut room, a[1])?;
    let group = judge(t, at(a[0], text), flags)?;
    let fd = beneath_open(t, number, a, named)?;
    if let Some(group) = group {
        own(t, as_int(fd), group)?;
    }
    Ok(fd)
}

fn aim(flags: OpenFlags) -> Aim {
    match flags.intersects(OpenFlags::NOFOLLOW | OpenFlags::EXCL) {
        true => Aim::Keep,
        false => Aim::Follow,
    }
}

/// Whether it may be opened. For a file that is to be new, the group that its directory gives.
fn judge(t: &Task, at: At<'_>, flags: OpenFlags) -> SysResult<Option<Option<u32>>> {
    let users = users(t)?;
    match find(t, at, aim(flags)) {
        Ok(node) => {
            if !users.is_unchecked() && node.kind()? != S_IFLNK & S_IFMT {
                users.check(node.fd(), wanted(flags))?;
            }
            let nameless = flags.contains(OpenFlags::TMPFILE_ONLY);
            Ok(match nameless {
                true => Some(group_of(t, node.fd())?),
                false => None,
            })
        }
        Err(Errno::ENOENT) if flags.contains(OpenFlags::CREAT) => {
            let (directory, _) = space(t)?.parent(at)?;
            if !users.is_unchecked() {
                users.check(directory.fd(), WRITE | EXECUTE)?;
            }
            Ok(Some(group_of(t, directory.fd())?))
        }
        Err(Errno::EACCES) => Err(Errno::EACCES),
        // The call itself says what is wrong.
        Err(_) => Ok(None),
    }
}

fn wanted(flags: OpenFlags) -> u32 {
    if flags.contains(OpenFlags::TMPFILE_ONLY) {
        return WRITE | EXECUTE;
    }
    let mut wanted = match flags & (OpenFlags::WRONLY | OpenFlags::RDWR) {
        OpenFlags::WRONLY => WRITE,
        OpenFlags::RDWR => READ | WRITE,
        _ => READ,
    };
    if flags.contains(OpenFlags::TRUNC) {
        wanted |= WRITE;
    }
    wanted
}

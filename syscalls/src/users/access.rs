//! Whether a thread may use what a path names: access(2), chdir(2), truncate(2).

use abi::arg::AtFlags;
use abi::nr as guest;
use abi::{Errno, RawArg, SysResult};
use host::call::as_int;
use kernel::Task;
use kernel::bare::Node;
use kernel::users::{EXECUTE, WRITE};
use kernel::walk::Aim;

use super::{beneath, beneath_open, users};
use crate::bare::{CWD, Target, at_flags, object, target};

/// access(2).
pub(super) fn access(t: &mut Task, a: &[usize; 6]) -> SysResult {
    faccessat2(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// faccessat(2).
pub(super) fn faccessat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    faccessat2(t, &[a[0], a[1], a[2], 0, 0, 0])
}

/// faccessat2(2): it is about the real user, unless told otherwise.
pub(super) fn faccessat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = at_flags(a[3]);
    let known = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH | AtFlags::REMOVEDIR_OR_EACCESS;
    let wanted = RawArg(a[2]).low_u32();
    if !known.contains(flags) || wanted & !7 != 0 {
        return Err(Errno::EINVAL);
    }
    if wanted == 0 {
        return beneath(t, guest::FACCESSAT2, a);
    }
    let status = {
        let fd = match target(t, a[0], a[1], flags)? {
            Target::Itself => users(t)?.status(as_int(a[0])),
            Target::Named(node) => users(t)?.status(node.fd()),
        };
        fd?
    };
    let now = &users(t)?.now;
    let may = if flags.contains(AtFlags::REMOVEDIR_OR_EACCESS) {
        now.may(&status, wanted)
    } else {
        now.real().may(&status, wanted)
    };
    if !may {
        return Err(Errno::EACCES);
    }
    beneath_open(t, guest::FACCESSAT2, a, |t| {
        match target(t, a[0], a[1], flags)? {
            Target::Itself => Ok(Node::of_guest(as_int(a[0]))),
            Target::Named(node) => Ok(node),
        }
    })
}

/// chdir(2).
pub(super) fn chdir(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if !users(t)?.is_unchecked() {
        let node = object(t, a[0], Aim::Follow)?;
        users(t)?.search(&node)?;
    }
    beneath(t, guest::CHDIR, a)
}

/// fchdir(2).
pub(super) fn fchdir(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if !users(t)?.is_unchecked() {
        users(t)?.check(as_int(a[0]), EXECUTE)?;
    }
    beneath(t, guest::FCHDIR, a)
}

/// truncate(2).
pub(super) fn truncate(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if !users(t)?.is_unchecked() {
        let node = object(t, a[0], Aim::Follow)?;
        users(t)?.check(node.fd(), WRITE)?;
    }
    beneath_open(t, guest::TRUNCATE, a, |t| object(t, a[0], Aim::Follow))
}

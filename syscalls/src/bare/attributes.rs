//! Calls that change or ask for what belongs to a file, by path: they get a descriptor's path in the
//! host's /proc, which leads to the very file that was found.

use abi::arg::AtFlags;
use abi::{Errno, RawArg, SysResult, nr};
use kernel::Task;
use kernel::bare::{Node, host_path};
use kernel::walk::Aim;

use super::arguments::{
    CWD, Target, ask, at_flags, check_changeable, object, object_at, opened, target,
};

const NOFOLLOW: usize = 0x100;
const EMPTY_PATH: usize = 0x1000;

/// Writes calls whose first argument is a path from the working directory on.
macro_rules! on_path {
    ($($name:ident = nr::$nr:ident, $aim:ident, $check:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let node = object(t, a[0], Aim::$aim)?;
            $check(t, &node)?;
            let path = host_path(node.fd());
            ask(nr::$nr, &[path.register(), a[1], a[2], a[3], a[4]])
        }
    )*};
}

on_path! {
    utime = nr::UTIME, Follow, check_changeable, "utime(2).";
    utimes = nr::UTIMES, Follow, check_changeable, "utimes(2).";
    truncate = nr::TRUNCATE, Follow, check_truncation, "truncate(2).";
    setxattr = nr::SETXATTR, Follow, check_changeable, "setxattr(2).";
    lsetxattr = nr::SETXATTR, Keep, check_changeable, "lsetxattr(2).";
    getxattr = nr::GETXATTR, Follow, unchanged, "getxattr(2).";
    lgetxattr = nr::GETXATTR, Keep, unchanged, "lgetxattr(2).";
    listxattr = nr::LISTXATTR, Follow, unchanged, "listxattr(2).";
    llistxattr = nr::LISTXATTR, Keep, unchanged, "llistxattr(2).";
    removexattr = nr::REMOVEXATTR, Follow, check_changeable, "removexattr(2).";
    lremovexattr = nr::REMOVEXATTR, Keep, check_changeable, "lremovexattr(2).";
}

/// What only looks may look anywhere.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands beside checks that can fail"
)]
fn unchanged(_: &Task, _: &Node) -> SysResult<()> {
    Ok(())
}

/// Of what is no regular file, the host has something else to say.
fn check_truncation(t: &Task, node: &Node) -> SysResult<()> {
    const S_IFREG: u32 = 0o100_000;
    match node.kind()? {
        S_IFREG => check_changeable(t, node),
        _ => Ok(()),
    }
}

/// Writes calls that change what a descriptor leads to.
macro_rules! on_descriptor {
    ($($name:ident = nr::$nr:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            check_changeable(t, &opened(a[0]))?;
            ask(nr::$nr, &[a[0], a[1], a[2], a[3], a[4]])
        }
    )*};
}

on_descriptor! {
    fchmod = nr::FCHMOD, "fchmod(2).";
    fchown = nr::FCHOWN, "fchown(2).";
    fsetxattr = nr::FSETXATTR, "fsetxattr(2).";
    fremovexattr = nr::FREMOVEXATTR, "fremovexattr(2).";
}

/// chmod(2).
pub(super) fn chmod(t: &mut Task, a: &[usize; 6]) -> SysResult {
    fchmodat(t, &[CWD, a[0], a[1], 0, 0, 0])
}

/// fchmodat(2); the call itself has no flags.
pub(super) fn fchmodat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let node = object_at(t, a[0], a[1], Aim::Follow)?;
    check_changeable(t, &node)?;
    let path = host_path(node.fd());
    ask(nr::FCHMODAT, &[CWD, path.register(), a[2]])
}

/// fchmodat2(2).
pub(super) fn fchmodat2(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = known(a[3])?;
    let target = target(t, a[0], a[1], flags)?;
    match changeable(t, a[0], target)? {
        Target::Itself => ask(nr::FCHMODAT2, &[a[0], a[1], a[2], a[3]]),
        Target::Named(node) => {
            let path = host_path(node.fd());
            ask(nr::FCHMODAT, &[CWD, path.register(), a[2]])
        }
    }
}

/// chown(2).
pub(super) fn chown(t: &mut Task, a: &[usize; 6]) -> SysResult {
    fchownat(t, &[CWD, a[0], a[1], a[2], 0, 0])
}

/// lchown(2).
pub(super) fn lchown(t: &mut Task, a: &[usize; 6]) -> SysResult {
    fchownat(t, &[CWD, a[0], a[1], a[2], NOFOLLOW, 0])
}

/// fchownat(2).
pub(super) fn fchownat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = known(a[4])?;
    let target = target(t, a[0], a[1], flags)?;
    match changeable(t, a[0], target)? {
        Target::Itself => ask(nr::FCHOWNAT, &[a[0], a[1], a[2], a[3], a[4]]),
        Target::Named(node) => {
            let empty = c"".as_ptr().expose_provenance();
            ask(
                nr::FCHOWNAT,
                &[node.register(), empty, a[2], a[3], EMPTY_PATH],
            )
        }
    }
}

/// What is to be changed.
fn changeable(t: &Task, dirfd: usize, target: Target) -> SysResult<Target> {
    match &target {
        Target::Itself => check_changeable(t, &opened(dirfd))?,
        Target::Named(node) => check_changeable(t, node)?,
    }
    Ok(target)
}

/// The flags of calls that know `AT_SYMLINK_NOFOLLOW` and `AT_EMPTY_PATH`.
fn known(register: usize) -> SysResult<AtFlags> {
    let flags = at_flags(register);
    let known = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    if known.contains(flags) {
        Ok(flags)
    } else {
        Err(Errno::EINVAL)
    }
}

/// futimesat(2): without a path it is about the descriptor.
pub(super) fn futimesat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if a[1] == 0 {
        check_changeable(t, &opened(a[0]))?;
        return ask(nr::FUTIMESAT, &[a[0], 0, a[2]]);
    }
    let node = object_at(t, a[0], a[1], Aim::Follow)?;
    check_changeable(t, &node)?;
    let path = host_path(node.fd());
    ask(nr::FUTIMESAT, &[CWD, path.register(), a[2]])
}

/// utimensat(2): without a path it is about the descriptor.
pub(super) fn utimensat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if a[1] == 0 {
        check_changeable(t, &opened(a[0]))?;
        return ask(nr::UTIMENSAT, &[a[0], 0, a[2], a[3]]);
    }
    let flags = known(a[3])?;
    let target = target(t, a[0], a[1], flags)?;
    match changeable(t, a[0], target)? {
        Target::Itself => ask(nr::UTIMENSAT, &[a[0], a[1], a[2], a[3]]),
        Target::Named(node) => {
            let path = host_path(node.fd());
            ask(nr::UTIMENSAT, &[CWD, path.register(), a[2], 0])
        }
    }
}

/// Writes the `*at` calls for extended attributes (Linux 6.13).
macro_rules! xattr_at {
    ($($name:ident = nr::$nr:ident, $changes:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let mut target = target(t, a[0], a[1], known(a[2])?)?;
            if $changes {
                target = changeable(t, a[0], target)?;
            }
            match target {
                Target::Itself => ask(nr::$nr, &[a[0], a[1], a[2], a[3], a[4], a[5]]),
                Target::Named(node) => {
                    let path = host_path(node.fd());
                    ask(nr::$nr, &[CWD, path.register(), 0, a[3], a[4], a[5]])
                }
            }
        }
    )*};
}

xattr_at! {
    setxattrat = nr::SETXATTRAT, true, "setxattrat(2).";
    getxattrat = nr::GETXATTRAT, false, "getxattrat(2).";
    listxattrat = nr::LISTXATTRAT, false, "listxattrat(2).";
    removexattrat = nr::REMOVEXATTRAT, true, "removexattrat(2).";
}

/// `file_getattr` (Linux 6.17).
pub(super) fn file_getattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    file_attributes(t, nr::FILE_GETATTR, a)
}

/// `file_setattr` (Linux 6.17).
pub(super) fn file_setattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    file_attributes(t, nr::FILE_SETATTR, a)
}

fn file_attributes(t: &Task, number: usize, a: &[usize; 6]) -> SysResult {
    let mut target = target(t, a[0], a[1], known(a[4])?)?;
    if number == nr::FILE_SETATTR {
        target = changeable(t, a[0], target)?;
    }
    match target {
        Target::Itself => ask(number, &[a[0], a[1], a[2], a[3], a[4]]),
        Target::Named(node) => {
            let path = host_path(node.fd());
            ask(number, &[CWD, path.register(), a[2], a[3], 0])
        }
    }
}

/// inotify_add_watch(2).
pub(super) fn inotify_add_watch(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const IN_DONT_FOLLOW: u32 = 0x0200_0000;
    let mask = RawArg(a[2]).low_u32();
    t.check_fd(host::call::as_int(a[0]))?;
    let aim = if mask & IN_DONT_FOLLOW == 0 {
        Aim::Follow
    } else {
        Aim::Keep
    };
    let node = object(t, a[1], aim)?;
    let path = host_path(node.fd());
    let mask = abi::arg::Flags(mask & !IN_DONT_FOLLOW);
    ask(nr::INOTIFY_ADD_WATCH, &[a[0], path.register(), mask.raw()])
}

/// name_to_handle_at(2): links are not followed unless told to.
pub(super) fn name_to_handle_at(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags = at_flags(a[4]);
    let aim = if flags.contains(AtFlags::SYMLINK_FOLLOW) {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    };
    let wanted = aim | flags & AtFlags::EMPTY_PATH;
    match target(t, a[0], a[1], wanted)? {
        Target::Itself => ask(nr::NAME_TO_HANDLE_AT, &[a[0], a[1], a[2], a[3], a[4]]),
        Target::Named(node) => {
            let flags = flags.difference(AtFlags::SYMLINK_FOLLOW) | AtFlags::EMPTY_PATH;
            let empty = c"".as_ptr().expose_provenance();
            ask(
                nr::NAME_TO_HANDLE_AT,
                &[node.register(), empty, a[2], a[3], flags.raw()],
            )
        }
    }
}

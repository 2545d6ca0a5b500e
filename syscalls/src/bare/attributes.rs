//! Calls that ask for what belongs to a file, by path: they get a descriptor's path in the
//! host's /proc, which leads to the very file that was found.

use abi::arg::AtFlags;
use abi::{Errno, RawArg, SysResult, nr};
use host::call::as_int;
use kernel::Task;
use kernel::bare::host_path;
use kernel::bare::warden::{self, Request};
use kernel::walk::Aim;

use super::arguments::{CWD, Target, ask, at_flags, check_changeable, object, target};

/// Writes calls whose first argument is a path from the working directory on.
macro_rules! on_path {
    ($($name:ident = nr::$nr:ident, $aim:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let node = object(t, a[0], Aim::$aim)?;
            let path = host_path(node.fd());
            ask(nr::$nr, &[path.register(), a[1], a[2], a[3], a[4]])
        }
    )*};
}

on_path! {
    getxattr = nr::GETXATTR, Follow, "getxattr(2).";
    lgetxattr = nr::GETXATTR, Keep, "lgetxattr(2).";
    listxattr = nr::LISTXATTR, Follow, "listxattr(2).";
    llistxattr = nr::LISTXATTR, Keep, "llistxattr(2).";
}

/// truncate(2). Of what is no regular file, the host has something else to say.
pub(super) fn truncate(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const S_IFREG: u32 = 0o100_000;
    let node = object(t, a[0], Aim::Follow)?;
    if node.kind()? == S_IFREG {
        check_changeable(t, &node)?;
    }
    let path = host_path(node.fd());
    ask(nr::TRUNCATE, &[path.register(), a[1]])
}

/// The flags of calls that know `AT_SYMLINK_NOFOLLOW` and `AT_EMPTY_PATH`.
pub(super) fn known(register: usize) -> SysResult<AtFlags> {
    let flags = at_flags(register);
    let known = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    if known.contains(flags) {
        Ok(flags)
    } else {
        Err(Errno::EINVAL)
    }
}

/// Writes the `*at` calls for extended attributes (Linux 6.13).
macro_rules! xattr_at {
    ($($name:ident = nr::$nr:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            match target(t, a[0], a[1], known(a[2])?)? {
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
    getxattrat = nr::GETXATTRAT, "getxattrat(2).";
    listxattrat = nr::LISTXATTRAT, "listxattrat(2).";
}

/// `file_getattr` (Linux 6.17).
pub(super) fn file_getattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    match target(t, a[0], a[1], known(a[4])?)? {
        Target::Itself => ask(nr::FILE_GETATTR, &[a[0], a[1], a[2], a[3], a[4]]),
        Target::Named(node) => {
            let path = host_path(node.fd());
            ask(nr::FILE_GETATTR, &[CWD, path.register(), a[2], a[3], 0])
        }
    }
}

/// inotify_add_watch(2).
pub(super) fn inotify_add_watch(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const IN_DONT_FOLLOW: u32 = 0x0200_0000;
    let mask = RawArg(a[2]).low_u32();
    t.check_fd(as_int(a[0]))?;
    let aim = if mask & IN_DONT_FOLLOW == 0 {
        Aim::Follow
    } else {
        Aim::Keep
    };
    let node = object(t, a[1], aim)?;
    warden::ask(
        Request::Watch(mask & !IN_DONT_FOLLOW),
        &[as_int(a[0]), warden::descriptor(node.fd())?.raw()],
    )
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

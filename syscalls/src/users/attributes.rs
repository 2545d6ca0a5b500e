//! Extended attributes: who may see and change those of users (xattr(7)), and none of them the one
//! that says whose a file is.

use abi::arg::{AtFlags, Path};
use abi::nr as guest;
use abi::{Errno, RawArg, SysResult};
use alloc::vec::Vec;
use host::call::as_int;
use host::user;
use kernel::Task;
use kernel::users::{NAME, READ, WRITE};

use super::{beneath, users};
use crate::bare::{CWD, Target, at_flags, target};

/// `XATTR_NAME_MAX`.
const LONGEST_NAME: usize = 255;

/// Whether the thread may have `wanted` of the attribute that is named at `name`. What is wrong with
/// the name the call itself says.
fn judge(t: &Task, fd: i32, name: usize, wanted: u32) -> SysResult<()> {
    let mut room = [0; LONGEST_NAME + 1];
    let Ok(name) = user::read_cstr(Path::from(RawArg(name)), &mut room) else {
        return Ok(());
    };
    if name == NAME {
        return Err(match wanted {
            WRITE => Errno::EPERM,
            _ => Errno::ENODATA,
        });
    }
    match name.to_bytes().starts_with(b"user.") && !users(t)?.is_unchecked() {
        true => users(t)?.check(fd, wanted),
        false => Ok(()),
    }
}

fn judge_at(t: &Task, file: [usize; 2], flags: AtFlags, name: usize, wanted: u32) -> SysResult<()> {
    match target(t, file[0], file[1], flags)? {
        Target::Itself => judge(t, as_int(file[0]), name, wanted),
        Target::Named(node) => judge(t, node.fd(), name, wanted),
    }
}

/// Writes calls: where their file and their name are.
macro_rules! judged {
    ($($name:ident = guest::$nr:ident, $wanted:ident, $file:expr, $flags:expr, $at:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let (file, flags): (fn(&[usize; 6]) -> [usize; 2], fn(&[usize; 6]) -> AtFlags) =
                ($file, $flags);
            judge_at(t, file(a), flags(a), a[$at], $wanted)?;
            beneath(t, guest::$nr, a)
        }
    )*};
}

fn path(a: &[usize; 6]) -> [usize; 2] {
    [CWD, a[0]]
}

fn open(a: &[usize; 6]) -> [usize; 2] {
    [a[0], 0]
}

fn at(a: &[usize; 6]) -> [usize; 2] {
    [a[0], a[1]]
}

fn follow(_: &[usize; 6]) -> AtFlags {
    AtFlags::empty()
}

fn keep(_: &[usize; 6]) -> AtFlags {
    AtFlags::SYMLINK_NOFOLLOW
}

fn itself(_: &[usize; 6]) -> AtFlags {
    AtFlags::EMPTY_PATH
}

fn given(a: &[usize; 6]) -> AtFlags {
    at_flags(a[2])
}

judged! {
    setxattr = guest::SETXATTR, WRITE, path, follow, 1, "setxattr(2).";
    lsetxattr = guest::LSETXATTR, WRITE, path, keep, 1, "lsetxattr(2).";
    fsetxattr = guest::FSETXATTR, WRITE, open, itself, 1, "fsetxattr(2).";
    setxattrat = guest::SETXATTRAT, WRITE, at, given, 3, "setxattrat(2).";
    getxattr = guest::GETXATTR, READ, path, follow, 1, "getxattr(2).";
    lgetxattr = guest::LGETXATTR, READ, path, keep, 1, "lgetxattr(2).";
    fgetxattr = guest::FGETXATTR, READ, open, itself, 1, "fgetxattr(2).";
    getxattrat = guest::GETXATTRAT, READ, at, given, 3, "getxattrat(2).";
    removexattr = guest::REMOVEXATTR, WRITE, path, follow, 1, "removexattr(2).";
    lremovexattr = guest::LREMOVEXATTR, WRITE, path, keep, 1, "lremovexattr(2).";
    fremovexattr = guest::FREMOVEXATTR, WRITE, open, itself, 1, "fremovexattr(2).";
    removexattrat = guest::REMOVEXATTRAT, WRITE, at, given, 3, "removexattrat(2).";
}

/// Writes calls that list attributes: where the room for them is.
macro_rules! lists {
    ($($name:ident = guest::$nr:ident, $at:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let (to, room) = (a[$at], a[$at + 1]);
            let length = beneath(t, guest::$nr, a)?;
            if room > 0 {
                return without_owner(to, &names_at(to, length)?);
            }
            // How long the list would be.
            let mut names = alloc::vec![0u8; length];
            let mut a = *a;
            (a[$at], a[$at + 1]) = (names.as_mut_ptr().expose_provenance(), length);
            let length = beneath(t, guest::$nr, &a)?;
            Ok(shown(names.get(..length).unwrap_or_default()).len())
        }
    )*};
}

lists! {
    listxattr = guest::LISTXATTR, 1, "listxattr(2).";
    llistxattr = guest::LLISTXATTR, 1, "llistxattr(2).";
    flistxattr = guest::FLISTXATTR, 1, "flistxattr(2).";
    listxattrat = guest::LISTXATTRAT, 3, "listxattrat(2).";
}

fn names_at(at: usize, length: usize) -> SysResult<Vec<u8>> {
    let mut names = alloc::vec![0u8; length];
    user::read_bytes(at, &mut names)?;
    Ok(names)
}

fn without_owner(to: usize, names: &[u8]) -> SysResult {
    let shown = shown(names);
    user::write_bytes(to, &shown)?;
    Ok(shown.len())
}

/// What the guest sees of names that end with a NUL each.
fn shown(names: &[u8]) -> Vec<u8> {
    names
        .split_inclusive(|byte| *byte == 0)
        .filter(|name| *name != NAME.to_bytes_with_nul())
        .flatten()
        .copied()
        .collect()
}

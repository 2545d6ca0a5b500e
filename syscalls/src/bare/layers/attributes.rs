//! Extended attributes: those that mark things in the layers are not the guest's (xattr(7),
//! `Documentation/filesystems/overlayfs.rst`).

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::SysResult;
use abi::arg::AtFlags;
use host::user::{self, PathBuffer};
use kernel::Task;
use kernel::bare::Node;
use kernel::overlay::{escaped, unescaped};
use kernel::walk::Aim;

use super::change::{Instead, Right, raise_descriptor, raise_path};
use super::{call, otherwise};
use crate::bare::arguments::{CWD, at, at_flags, path, space};

/// Whether what a path names lies in a stack.
fn is_layered(t: &Task, dirfd: usize, path_at: usize, aim: Aim) -> bool {
    let mut room = PathBuffer::new();
    let (Ok(text), Ok(space)) = (path(&mut room, path_at), space(t)) else {
        return false;
    };
    let node = if text.is_empty() {
        Ok(Node::of_guest(host::call::as_int(dirfd)))
    } else {
        space.object(at(dirfd, text), aim)
    };
    node.is_ok_and(|node| space.place(&node).is_some())
}

/// The name in the layers of the attribute whose name is at an address; `None` when it is the same.
fn renamed(layered: bool, name_at: usize) -> Option<CString> {
    let mut room = PathBuffer::new();
    let name = path(&mut room, name_at).ok().filter(|_| layered)?;
    CString::new(escaped(name.to_bytes())?).ok()
}

/// Puts another name for the one in register `index`.
fn with_name(a: &[usize; 6], index: usize, name: Option<&CString>) -> [usize; 6] {
    let mut a = *a;
    if let (Some(register), Some(name)) = (a.get_mut(index), name) {
        *register = name.as_ptr().expose_provenance();
    }
    a
}

/// Takes the marks from a list of names that the host wrote.
fn listed(layered: bool, list_at: usize, size: usize, length: usize) -> SysResult {
    if !layered || size == 0 || length == 0 {
        return Ok(length);
    }
    let mut names = alloc::vec![0; length];
    user::read_bytes(list_at, &mut names)?;
    let mut shown = Vec::new();
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        if let Some(name) = unescaped(name) {
            shown.extend_from_slice(&name);
            shown.push(0);
        }
    }
    user::write_bytes(list_at, &shown)?;
    Ok(shown.len())
}

/// Writes calls whose first argument is a path from the working directory on. With a right, they
/// change the file.
macro_rules! on_path {
    ($($name:ident = call::$nr:ident, $aim:ident, $right:expr, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let layered = is_layered(t, CWD, a[0], Aim::$aim);
            let right: Option<Right> = $right;
            let raised = match right {
                Some(right) => raise_path(t, CWD, a[0], Aim::$aim, right)?,
                None => None,
            };
            let raised = Instead::new(raised);
            let name = renamed(layered, a[1]);
            let a = raised.apply(a, 0);
            otherwise(t, call::$nr, &with_name(&a, 1, name.as_ref()))
        }
    )*};
}

on_path! {
    setxattr = call::SETXATTR, Follow, Some(Right::Write), "setxattr(2).";
    lsetxattr = call::LSETXATTR, Keep, Some(Right::Write), "lsetxattr(2).";
    removexattr = call::REMOVEXATTR, Follow, Some(Right::Write), "removexattr(2).";
    lremovexattr = call::LREMOVEXATTR, Keep, Some(Right::Write), "lremovexattr(2).";
    getxattr = call::GETXATTR, Follow, None, "getxattr(2).";
    lgetxattr = call::LGETXATTR, Keep, None, "lgetxattr(2).";
}

/// Writes calls whose first argument is a descriptor.
macro_rules! on_descriptor {
    ($($name:ident = call::$nr:ident, $changes:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let node = Node::of_guest(host::call::as_int(a[0]));
            let layered = space(t)?.place(&node).is_some();
            if $changes {
                raise_descriptor(t, a[0], Right::Write)?;
            }
            let name = renamed(layered, a[1]);
            otherwise(t, call::$nr, &with_name(a, 1, name.as_ref()))
        }
    )*};
}

on_descriptor! {
    fsetxattr = call::FSETXATTR, true, "fsetxattr(2).";
    fremovexattr = call::FREMOVEXATTR, true, "fremovexattr(2).";
    fgetxattr = call::FGETXATTR, false, "fgetxattr(2).";
}

fn aim_of(flags: AtFlags) -> Aim {
    if flags.contains(AtFlags::SYMLINK_NOFOLLOW) {
        Aim::Keep
    } else {
        Aim::Follow
    }
}

/// Writes the `*at` calls (Linux 6.13).
macro_rules! at_path {
    ($($name:ident = call::$nr:ident, $changes:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let aim = aim_of(at_flags(a[2]));
            let layered = is_layered(t, a[0], a[1], aim);
            let raised = if $changes {
                raise_path(t, a[0], a[1], aim, Right::Write)?
            } else {
                None
            };
            let raised = Instead::new(raised);
            let name = renamed(layered, a[3]);
            let a = raised.apply(a, 1);
            otherwise(t, call::$nr, &with_name(&a, 3, name.as_ref()))
        }
    )*};
}

at_path! {
    setxattrat = call::SETXATTRAT, true, "setxattrat(2).";
    removexattrat = call::REMOVEXATTRAT, true, "removexattrat(2).";
    getxattrat = call::GETXATTRAT, false, "getxattrat(2).";
}

/// listxattr(2).
pub(super) fn listxattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let length = otherwise(t, call::LISTXATTR, a)?;
    listed(is_layered(t, CWD, a[0], Aim::Follow), a[1], a[2], length)
}

/// llistxattr(2).
pub(super) fn llistxattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let length = otherwise(t, call::LLISTXATTR, a)?;
    listed(is_layered(t, CWD, a[0], Aim::Keep), a[1], a[2], length)
}

/// flistxattr(2).
pub(super) fn flistxattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let length = otherwise(t, call::FLISTXATTR, a)?;
    let node = Node::of_guest(host::call::as_int(a[0]));
    listed(space(t)?.place(&node).is_some(), a[1], a[2], length)
}

/// listxattrat(2).
pub(super) fn listxattrat(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let length = otherwise(t, call::LISTXATTRAT, a)?;
    let aim = aim_of(at_flags(a[2]));
    listed(is_layered(t, a[0], a[1], aim), a[3], a[4], length)
}

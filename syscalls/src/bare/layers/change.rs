//! Calls that change what belongs to a file: it is copied up before.

use abi::arg::AtFlags;
use abi::{Errno, RawArg, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use host::user::PathBuffer;
use kernel::Task;
use kernel::bare::{HostPath, Node, Space, host_path, reopened};
use kernel::overlay::{Content, Disk, UPPER};
use kernel::vfs::AT_FDCWD;
use kernel::walk::Aim;

use super::{call, otherwise};
use crate::bare::arguments::{CWD, at, at_flags, path, space};

/// What a call takes of its caller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// To be the file's owner.
    Owner,
    /// To be allowed to write to it.
    Write,
    /// One of both.
    Either,
    /// Nothing.
    None,
}

/// Copies up what a node leads to, if the caller may do what it is about to.
pub(super) fn raise(
    space: &Space<'_>,
    node: Node,
    right: Right,
    content: Content,
) -> SysResult<Node> {
    const WRITE: u32 = 2;
    let Some(place) = space.place(&node) else {
        return Ok(node);
    };
    // In a read-only zone the call that follows says so.
    if place.layer == UPPER || place.gone || space.is_read_only(&node) {
        return Ok(node);
    }
    let stack = space.stack(place.mount)?;
    let file = kernel::bare::Handle::borrowed(node.fd());
    match right {
        Right::Owner | Right::Either if stack.disk.acts_as(stack.disk.status(&file)?.st_uid) => {}
        Right::Owner => return Err(Errno::EPERM),
        Right::Write | Right::Either => stack.disk.permit(&file, WRITE)?,
        Right::None => {}
    }
    space.raised(node, content)
}

/// Copies up what a path names. What is wrong with the path, the call that comes then says. The copy
/// comes back when the path still leads to the original: by a link of /proc/PID/fd.
pub(super) fn raise_path(
    t: &Task,
    dirfd: usize,
    path_at: usize,
    aim: Aim,
    right: Right,
) -> SysResult<Option<Node>> {
    let mut room = PathBuffer::new();
    let Ok(text) = path(&mut room, path_at) else {
        return Ok(None);
    };
    let space = space(t)?;
    let Ok(node) = space.object(at(dirfd, text), aim) else {
        return Ok(None);
    };
    let is_lower = |node: &Node| space.place(node).is_some_and(|place| place.layer != UPPER);
    if !is_lower(&node) {
        return Ok(None);
    }
    let raised = raise(&space, node, right, Content::Whole)?;
    let again = space.object(at(dirfd, text), aim);
    Ok(again.is_ok_and(|node| is_lower(&node)).then_some(raised))
}

/// Makes the host call with a path of the copy, where the guest's leads to the original.
pub(super) struct Instead(Option<(Node, HostPath)>);

impl Instead {
    /// For what [`raise_path`] said.
    pub(super) fn new(raised: Option<Node>) -> Self {
        Self(raised.map(|node| {
            let path = host_path(node.fd());
            (node, path)
        }))
    }

    /// Puts the path in register `index`.
    pub(super) fn apply(&self, a: &[usize; 6], index: usize) -> [usize; 6] {
        let mut a = *a;
        if let (Some((_, path)), Some(register)) = (&self.0, a.get_mut(index)) {
            *register = path.register();
        }
        a
    }
}

/// Copies up what a descriptor of the guest's leads to, and lets the descriptor lead to the copy.
pub(super) fn raise_descriptor(t: &Task, fd: usize, right: Right) -> SysResult<()> {
    let space = space(t)?;
    let fd = as_int(fd);
    t.check_fd(fd)?;
    let Some(place) = space.place(&Node::of_guest(fd)).cloned() else {
        return Ok(());
    };
    if place.layer == UPPER {
        return Ok(());
    }
    let raised = raise(&space, Node::of_guest(fd), right, Content::Whole)?;
    if fd == AT_FDCWD || raised.fd() == fd {
        return Ok(());
    }
    follow(fd, &raised)
}

/// Opens the copy as the guest has the original open, and gives it the descriptor's number.
fn follow(fd: i32, raised: &Node) -> SysResult<()> {
    const F_GETFD: usize = 1;
    const F_GETFL: usize = 3;
    const SEEK_SET: usize = 0;
    const SEEK_CUR: usize = 1;
    const O_CLOEXEC: usize = 0o2_000_000;
    /// What fcntl(2) tells besides what open(2) takes: `O_LARGEFILE`, `FMODE_NONOTIFY` and kin.
    const OPENED: u32 = 0o17_760_003;
    let flags = host_call!(nr::FCNTL, int(fd), F_GETFL)?;
    let closes = host_call!(nr::FCNTL, int(fd), F_GETFD)? != 0;
    let flags = abi::arg::OpenFlags::from_bits_retain(RawArg(flags).low_u32() & OPENED);
    let opened = reopened(raised, flags)?;
    if let Ok(position) = host_call!(nr::LSEEK, int(fd), 0, SEEK_CUR) {
        let _ = host_call!(nr::LSEEK, opened.register(), position, SEEK_SET);
    }
    let closes = if closes { O_CLOEXEC } else { 0 };
    host_call!(nr::DUP3, opened.register(), int(fd), closes).map(drop)
}

/// Writes calls whose first argument is a path from the working directory on.
macro_rules! on_path {
    ($($name:ident = call::$nr:ident, $aim:ident, $right:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let raised = raise_path(t, CWD, a[0], Aim::$aim, Right::$right)?;
            let raised = Instead::new(raised);
            otherwise(t, call::$nr, &raised.apply(a, 0))
        }
    )*};
}

on_path! {
    chmod = call::CHMOD, Follow, Owner, "chmod(2).";
    chown = call::CHOWN, Follow, Owner, "chown(2).";
    lchown = call::LCHOWN, Keep, Owner, "lchown(2).";
    utime = call::UTIME, Follow, Either, "utime(2).";
    utimes = call::UTIMES, Follow, Either, "utimes(2).";
    truncate = call::TRUNCATE, Follow, Write, "truncate(2).";
}

/// Copies up what a call with these flags works on.
fn raise_at(
    t: &Task,
    dirfd: usize,
    path_at: usize,
    flags: AtFlags,
    right: Right,
) -> SysResult<Option<Node>> {
    let mut room = PathBuffer::new();
    let empty = path_at == 0 || path(&mut room, path_at).is_ok_and(core::ffi::CStr::is_empty);
    if empty && (path_at == 0 || flags.contains(AtFlags::EMPTY_PATH)) {
        return raise_descriptor(t, dirfd, right).map(|()| None);
    }
    let aim = if flags.contains(AtFlags::SYMLINK_NOFOLLOW) {
        Aim::Keep
    } else {
        Aim::Follow
    };
    raise_path(t, dirfd, path_at, aim, right)
}

/// Writes calls with a directory, a path and, at the register with that number, flags.
macro_rules! at_path {
    ($($name:ident = call::$nr:ident, $flags:expr, $right:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let flags: Option<usize> = $flags;
            let flags = flags.map_or(AtFlags::empty(), |index| at_flags(a[index]));
            let raised = raise_at(t, a[0], a[1], flags, Right::$right)?;
            let raised = Instead::new(raised);
            otherwise(t, call::$nr, &raised.apply(a, 1))
        }
    )*};
}

at_path! {
    fchmodat = call::FCHMODAT, None, Owner, "fchmodat(2).";
    fchmodat2 = call::FCHMODAT2, Some(3), Owner, "fchmodat2(2).";
    fchownat = call::FCHOWNAT, Some(4), Owner, "fchownat(2).";
    futimesat = call::FUTIMESAT, None, Either, "futimesat(2).";
    utimensat = call::UTIMENSAT, Some(3), Either, "utimensat(2).";
    file_setattr = call::FILE_SETATTR, Some(4), Owner, "`file_setattr` (Linux 6.17).";
}

/// Writes calls whose first argument is a descriptor.
macro_rules! on_descriptor {
    ($($name:ident = call::$nr:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            raise_descriptor(t, a[0], Right::Owner)?;
            otherwise(t, call::$nr, a)
        }
    )*};
}

on_descriptor! {
    fchmod = call::FCHMOD, "fchmod(2).";
    fchown = call::FCHOWN, "fchown(2).";
}

/// inotify_add_watch(2): what is made in a directory is made in the upper layer.
pub(super) fn inotify_add_watch(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const S_IFDIR: u32 = 0o040_000;
    let mut room = PathBuffer::new();
    if let Ok(text) = path(&mut room, a[1]) {
        let space = space(t)?;
        if let Ok(node) = space.object(at(CWD, text), Aim::Follow)
            && node.kind()? == S_IFDIR
        {
            raise(&space, node, Right::None, Content::Whole)?;
        }
    }
    otherwise(t, call::INOTIFY_ADD_WATCH, a)
}

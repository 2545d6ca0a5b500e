//! The calls of a zone that keeps its users itself (`kernel::users`), as far as they depend on who
//! calls or tell whose something is. They stand before those of [`crate::bare`] and of the rows: they
//! check what the kernel would, have the call served, and put right what it tells.

mod access;
mod attributes;
mod ids;
mod names;
mod open;
mod owners;
mod peers;
mod program;
mod sets;
mod status;

pub(crate) use peers::send_as;
pub use program::{after_exec, describe};

use abi::nr::LIMIT;
use abi::{Errno, SysResult, nr};
use kernel::Task;
use kernel::bare::Node;
use kernel::users::Users;

use crate::table::{self, Handler, Handlers, with};

/// What serves call `number` in such a zone before all others.
#[must_use]
pub fn handler(number: usize) -> Option<Handler> {
    HANDLERS.get(number).copied().flatten()
}

static HANDLERS: Handlers = with([None; LIMIT], SERVED);

const SERVED: &[(usize, Handler)] = &[
    (nr::GETUID, ids::getuid),
    (nr::GETEUID, ids::geteuid),
    (nr::GETGID, ids::getgid),
    (nr::GETEGID, ids::getegid),
    (nr::GETRESUID, ids::getresuid),
    (nr::GETRESGID, ids::getresgid),
    (nr::GETGROUPS, ids::getgroups),
    (nr::SETUID, ids::setuid),
    (nr::SETGID, ids::setgid),
    (nr::SETREUID, ids::setreuid),
    (nr::SETREGID, ids::setregid),
    (nr::SETRESUID, ids::setresuid),
    (nr::SETRESGID, ids::setresgid),
    (nr::SETFSUID, ids::setfsuid),
    (nr::SETFSGID, ids::setfsgid),
    (nr::SETGROUPS, ids::setgroups),
    (nr::CAPGET, sets::capget),
    (nr::CAPSET, sets::capset),
    (nr::PRCTL, sets::prctl),
    (nr::STAT, status::stat),
    (nr::LSTAT, status::lstat),
    (nr::FSTAT, status::fstat),
    (nr::NEWFSTATAT, status::newfstatat),
    (nr::STATX, status::statx),
    (nr::SETXATTR, attributes::setxattr),
    (nr::LSETXATTR, attributes::lsetxattr),
    (nr::FSETXATTR, attributes::fsetxattr),
    (nr::SETXATTRAT, attributes::setxattrat),
    (nr::GETXATTR, attributes::getxattr),
    (nr::LGETXATTR, attributes::lgetxattr),
    (nr::FGETXATTR, attributes::fgetxattr),
    (nr::GETXATTRAT, attributes::getxattrat),
    (nr::REMOVEXATTR, attributes::removexattr),
    (nr::LREMOVEXATTR, attributes::lremovexattr),
    (nr::FREMOVEXATTR, attributes::fremovexattr),
    (nr::REMOVEXATTRAT, attributes::removexattrat),
    (nr::LISTXATTR, attributes::listxattr),
    (nr::LLISTXATTR, attributes::llistxattr),
    (nr::FLISTXATTR, attributes::flistxattr),
    (nr::LISTXATTRAT, attributes::listxattrat),
    (nr::CHOWN, owners::chown),
    (nr::LCHOWN, owners::lchown),
    (nr::FCHOWN, owners::fchown),
    (nr::FCHOWNAT, owners::fchownat),
    (nr::CHMOD, owners::chmod),
    (nr::FCHMOD, owners::fchmod),
    (nr::FCHMODAT, owners::fchmodat),
    (nr::FCHMODAT2, owners::fchmodat2),
    (nr::UTIME, owners::utime),
    (nr::UTIMES, owners::utimes),
    (nr::FUTIMESAT, owners::futimesat),
    (nr::UTIMENSAT, owners::utimensat),
    (nr::ACCESS, access::access),
    (nr::FACCESSAT, access::faccessat),
    (nr::FACCESSAT2, access::faccessat2),
    (nr::CHDIR, access::chdir),
    (nr::FCHDIR, access::fchdir),
    (nr::TRUNCATE, access::truncate),
    (nr::OPEN, open::open),
    (nr::CREAT, open::creat),
    (nr::OPENAT, open::openat),
    (nr::OPENAT2, open::openat2),
    (nr::MKDIR, names::mkdir),
    (nr::MKDIRAT, names::mkdirat),
    (nr::MKNOD, names::mknod),
    (nr::MKNODAT, names::mknodat),
    (nr::SYMLINK, names::symlink),
    (nr::SYMLINKAT, names::symlinkat),
    (nr::UNLINK, names::unlink),
    (nr::UNLINKAT, names::unlinkat),
    (nr::RMDIR, names::rmdir),
    (nr::RENAME, names::rename),
    (nr::RENAMEAT, names::renameat),
    (nr::RENAMEAT2, names::renameat2),
    (nr::LINK, names::link),
    (nr::LINKAT, names::linkat),
    (nr::KILL, peers::kill),
    (nr::TKILL, peers::tkill),
    (nr::TGKILL, peers::tgkill),
    (nr::RT_SIGQUEUEINFO, peers::rt_sigqueueinfo),
    (nr::RT_TGSIGQUEUEINFO, peers::rt_tgsigqueueinfo),
    (nr::GETSOCKOPT, peers::getsockopt),
    (nr::RECVMSG, peers::recvmsg),
];

/// Who the task is. Only tasks of such a zone come here.
fn users(t: &Task) -> SysResult<&Users> {
    t.users.as_deref().ok_or(Errno::ENOSYS)
}

/// The same, where the host may refuse what the zone allows: the permissions of the file that `about`
/// finds are then widened there.
fn beneath_open(
    t: &mut Task,
    number: usize,
    args: &[usize; 6],
    about: impl Fn(&Task) -> SysResult<Node>,
) -> SysResult {
    match beneath(t, number, args) {
        Err(Errno::EACCES) if about(t).is_ok_and(|node| opened_up(t, &node)) => {
            beneath(t, number, args)
        }
        answer => answer,
    }
}

fn opened_up(t: &Task, node: &Node) -> bool {
    users(t).is_ok_and(|users| users.open_up(node.fd()))
}

/// What would serve the call without this family.
fn beneath(t: &mut Task, number: usize, args: &[usize; 6]) -> SysResult {
    let table = t.program.bare.ok_or(Errno::ENOSYS)?;
    if let Some(handler) = crate::bare::serving(table, number) {
        return handler(t, args);
    }
    table::entry(number).action.serve(t, number, args)
}

//! The calls that mean more where mounts are stacks of layers (`kernel::overlay`): what is changed
//! must be in the upper layer before, and what is described and listed is merged. All of them leave
//! what lies in no stack to the handlers of every zone without namespaces.

mod attributes;
mod change;
mod listing;
mod names;
pub(super) mod open;
mod status;

use abi::nr::LIMIT;
use abi::{SysResult, nr};
use kernel::Task;

use crate::table::{self, Handler, Handlers, with};

/// What serves call `number` in a zone with layers, if not what serves it in others.
pub(super) fn handler(number: usize) -> Option<Handler> {
    HANDLERS.get(number).copied().flatten()
}

static HANDLERS: Handlers = with([None; LIMIT], SERVED);

const SERVED: &[(usize, Handler)] = &[
    (nr::STAT, status::stat),
    (nr::LSTAT, status::lstat),
    (nr::FSTAT, status::fstat),
    (nr::NEWFSTATAT, status::newfstatat),
    (nr::STATX, status::statx),
    (nr::STATFS, status::statfs),
    (nr::FSTATFS, status::fstatfs),
    (nr::ACCESS, status::access),
    (nr::FACCESSAT, status::faccessat),
    (nr::FACCESSAT2, status::faccessat2),
    (nr::GETDENTS, listing::getdents),
    (nr::GETDENTS64, listing::getdents64),
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
    (nr::BIND, names::bind),
    (nr::CHMOD, change::chmod),
    (nr::FCHMOD, change::fchmod),
    (nr::FCHMODAT, change::fchmodat),
    (nr::FCHMODAT2, change::fchmodat2),
    (nr::CHOWN, change::chown),
    (nr::LCHOWN, change::lchown),
    (nr::FCHOWN, change::fchown),
    (nr::FCHOWNAT, change::fchownat),
    (nr::UTIME, change::utime),
    (nr::UTIMES, change::utimes),
    (nr::FUTIMESAT, change::futimesat),
    (nr::UTIMENSAT, change::utimensat),
    (nr::TRUNCATE, change::truncate),
    (nr::FILE_SETATTR, change::file_setattr),
    (nr::INOTIFY_ADD_WATCH, change::inotify_add_watch),
    (nr::SETXATTR, attributes::setxattr),
    (nr::LSETXATTR, attributes::lsetxattr),
    (nr::FSETXATTR, attributes::fsetxattr),
    (nr::SETXATTRAT, attributes::setxattrat),
    (nr::REMOVEXATTR, attributes::removexattr),
    (nr::LREMOVEXATTR, attributes::lremovexattr),
    (nr::FREMOVEXATTR, attributes::fremovexattr),
    (nr::REMOVEXATTRAT, attributes::removexattrat),
    (nr::GETXATTR, attributes::getxattr),
    (nr::LGETXATTR, attributes::lgetxattr),
    (nr::FGETXATTR, attributes::fgetxattr),
    (nr::GETXATTRAT, attributes::getxattrat),
    (nr::LISTXATTR, attributes::listxattr),
    (nr::LLISTXATTR, attributes::llistxattr),
    (nr::FLISTXATTR, attributes::flistxattr),
    (nr::LISTXATTRAT, attributes::listxattrat),
];

/// The numbers of the guest's calls; host calls are `nr`'s.
use abi::nr as call;

/// As in zones without layers.
fn otherwise(t: &mut Task, number: usize, a: &[usize; 6]) -> SysResult {
    if let Some(handler) = super::handler(number) {
        return handler(t, a);
    }
    table::entry(number).action.serve(t, number, a)
}

#[cfg(test)]
mod tests {
    use super::{SERVED, handler};
    use abi::nr;

    #[test]
    fn nothing_is_there_twice() {
        for (index, (number, _)) in SERVED.iter().enumerate() {
            assert!(SERVED[index + 1..].iter().all(|(other, _)| other != number));
        }
        assert!(handler(usize::MAX).is_none() && handler(nr::READ).is_none());
    }
}

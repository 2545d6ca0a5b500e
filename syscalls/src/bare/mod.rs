//! The calls of a zone without namespaces whose meaning depends on where its root is. In such a zone
//! they are served here instead of by their rows' handlers: each finds what its path means
//! (`kernel::bare`), and then acts on a descriptor of that, or on a name in a descriptor of its
//! directory, so that nothing that moves meanwhile leads it elsewhere.

mod arguments;
mod attributes;
mod change;
mod directory;
mod ipc;
mod layers;
mod names;
mod numbers;
mod open;
mod others;
mod owners;
mod processes;
mod segments;
mod signals;
mod sockets;
mod status;
mod terminals;
mod tools;

pub(crate) use arguments::{
    CWD, Target, at, at_flags, check_changeable, find, object, path, pointer, space, target,
};
pub(crate) use change::open_file;
pub(crate) use owners::senders;

use abi::nr::LIMIT;
use abi::{Errno, SysResult, nr};
use kernel::Task;
use kernel::bare::{Node, Space, Table};
use kernel::vfs::{At, Links, Place};
use kernel::walk::{Aim, Found, Limits};

use crate::table::{Handler, Handlers, with};

/// What serves call `number` in a zone with these mounts, if not its row's handler.
#[must_use]
pub fn serving(table: &'static Table, number: usize) -> Option<Handler> {
    let layered = Space::new(table).has_layers();
    let served = layered.then(|| layers::handler(number)).flatten();
    served.or_else(|| handler(number))
}

/// What serves it in every such zone.
fn handler(number: usize) -> Option<Handler> {
    HANDLERS.get(number).copied().flatten()
}

/// Whether a descriptor leads to a file in a mount that is noexec, which the host does not know.
#[must_use]
pub fn is_no_exec(t: &Task, fd: i32) -> bool {
    let space = t.program.bare.map(Space::new);
    space.is_some_and(|space| space.is_no_exec(&Node::of_guest(fd)))
}

/// Where a path that may lead to an emulated entry of /proc leads: for exec.
///
/// # Errors
/// Those of path_resolution(7).
pub fn place(t: &Task, at: At<'_>, follow: bool) -> SysResult<Place> {
    let aim = if follow { Aim::Follow } else { Aim::Keep };
    let space = arguments::space(t)?;
    if let Some(path) = tools::meant(t, &space, at) {
        return Ok(Place::Elsewhere(path));
    }
    if let Found::Node(_, Some((directory, name))) = space.find(at, aim, Limits::default())?
        && let Some(emulated) = arguments::in_proc(t, &space, directory, &name)
    {
        let links = if follow { Links::Follow } else { Links::Keep };
        return emulated.fs.locate(t, emulated.at(), links);
    }
    Ok(Place::Same)
}

static HANDLERS: Handlers = {
    let mut table = with(with([None; LIMIT], SERVED), NUMBERED);
    let mut index = 0;
    while index < REFUSED.len() {
        table[REFUSED[index]] = Some(refuse as Handler);
        index += 1;
    }
    // They know the host's mounts only; programs then read /proc/self/mountinfo.
    table[nr::STATMOUNT] = Some(lack as Handler);
    table[nr::LISTMOUNT] = Some(lack as Handler);
    table
};

const SERVED: &[(usize, Handler)] = &[
    (nr::OPEN, open::open),
    (nr::CREAT, open::creat),
    (nr::OPENAT, open::openat),
    (nr::OPENAT2, open::openat2),
    (nr::STAT, status::stat),
    (nr::LSTAT, status::lstat),
    (nr::NEWFSTATAT, status::newfstatat),
    (nr::STATX, status::statx),
    (nr::ACCESS, status::access),
    (nr::FACCESSAT, status::faccessat),
    (nr::FACCESSAT2, status::faccessat2),
    (nr::READLINK, status::readlink),
    (nr::READLINKAT, status::readlinkat),
    (nr::STATFS, status::statfs),
    (nr::FSTATFS, status::fstatfs),
    (nr::CHMOD, change::chmod),
    (nr::FCHMOD, change::fchmod),
    (nr::SHMGET, segments::shmget),
    (nr::SHMAT, segments::shmat),
    (nr::SHMDT, segments::shmdt),
    (nr::SHMCTL, segments::shmctl),
    (nr::SEMGET, ipc::semget),
    (nr::SEMOP, ipc::semop),
    (nr::SEMTIMEDOP, ipc::semtimedop),
    (nr::SEMCTL, ipc::semctl),
    (nr::MSGGET, ipc::msgget),
    (nr::MSGSND, ipc::msgsnd),
    (nr::MSGRCV, ipc::msgrcv),
    (nr::MSGCTL, ipc::msgctl),
    (nr::FCHOWN, change::fchown),
    (nr::FSETXATTR, change::fsetxattr),
    (nr::FREMOVEXATTR, change::fremovexattr),
    (nr::FCHMODAT, change::fchmodat),
    (nr::FCHMODAT2, change::fchmodat2),
    (nr::CHOWN, change::chown),
    (nr::LCHOWN, change::lchown),
    (nr::FCHOWNAT, change::fchownat),
    (nr::UTIME, change::utime),
    (nr::UTIMES, change::utimes),
    (nr::FUTIMESAT, change::futimesat),
    (nr::UTIMENSAT, change::utimensat),
    (nr::TRUNCATE, attributes::truncate),
    (nr::SETXATTR, change::setxattr),
    (nr::LSETXATTR, change::lsetxattr),
    (nr::GETXATTR, attributes::getxattr),
    (nr::LGETXATTR, attributes::lgetxattr),
    (nr::LISTXATTR, attributes::listxattr),
    (nr::LLISTXATTR, attributes::llistxattr),
    (nr::REMOVEXATTR, change::removexattr),
    (nr::LREMOVEXATTR, change::lremovexattr),
    (nr::SETXATTRAT, change::setxattrat),
    (nr::GETXATTRAT, attributes::getxattrat),
    (nr::LISTXATTRAT, attributes::listxattrat),
    (nr::REMOVEXATTRAT, change::removexattrat),
    (nr::FILE_GETATTR, attributes::file_getattr),
    (nr::FILE_SETATTR, change::file_setattr),
    (nr::INOTIFY_ADD_WATCH, attributes::inotify_add_watch),
    (nr::NAME_TO_HANDLE_AT, attributes::name_to_handle_at),
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
    (nr::CHDIR, directory::chdir),
    (nr::GETCWD, directory::getcwd),
    (nr::UNAME, directory::uname),
    (nr::BIND, sockets::bind),
    (nr::CONNECT, sockets::connect),
    (nr::SENDTO, sockets::sendto),
    (nr::SENDMSG, sockets::sendmsg),
    (nr::SENDMMSG, sockets::sendmmsg),
    (nr::ACCEPT, sockets::accept),
    (nr::ACCEPT4, sockets::accept4),
    (nr::GETSOCKNAME, sockets::getsockname),
    (nr::GETPEERNAME, sockets::getpeername),
    (nr::RECVFROM, sockets::recvfrom),
    (nr::RECVMSG, sockets::recvmsg),
    (nr::RECVMMSG, sockets::recvmmsg),
];

/// Calls that pass numbers of processes.
const NUMBERED: &[(usize, Handler)] = &[
    (nr::SCHED_SETPARAM, others::sched_setparam),
    (nr::SCHED_GETPARAM, processes::sched_getparam),
    (nr::SCHED_SETSCHEDULER, others::sched_setscheduler),
    (nr::SCHED_GETSCHEDULER, processes::sched_getscheduler),
    (nr::SCHED_RR_GET_INTERVAL, processes::sched_rr_get_interval),
    (nr::SCHED_SETAFFINITY, others::sched_setaffinity),
    (nr::SCHED_GETAFFINITY, processes::sched_getaffinity),
    (nr::SCHED_SETATTR, others::sched_setattr),
    (nr::SCHED_GETATTR, processes::sched_getattr),
    (nr::PRLIMIT64, others::prlimit64),
    (nr::MIGRATE_PAGES, others::migrate_pages),
    (nr::MOVE_PAGES, others::move_pages),
    (nr::GET_ROBUST_LIST, processes::get_robust_list),
    (nr::PROCESS_VM_READV, processes::process_vm_readv),
    (nr::PROCESS_VM_WRITEV, processes::process_vm_writev),
    (nr::PIDFD_OPEN, processes::pidfd_open),
    (nr::KCMP, processes::kcmp),
    (nr::GETPPID, processes::getppid),
    (nr::GETPGRP, processes::getpgrp),
    (nr::GETPGID, processes::getpgid),
    (nr::GETSID, processes::getsid),
    (nr::SETSID, processes::setsid),
    (nr::SETPGID, processes::setpgid),
    (nr::WAIT4, processes::wait4),
    (nr::WAITID, processes::waitid),
    (nr::GETPRIORITY, processes::getpriority),
    (nr::SETPRIORITY, processes::setpriority),
    (nr::IOPRIO_GET, processes::ioprio_get),
    (nr::IOPRIO_SET, processes::ioprio_set),
    (nr::SET_TID_ADDRESS, processes::set_tid_address),
    (nr::CLONE, processes::clone),
    (nr::CLONE3, processes::clone3),
    (nr::KILL, signals::kill),
    (nr::TKILL, signals::tkill),
    (nr::TGKILL, signals::tgkill),
    (nr::RT_SIGQUEUEINFO, signals::rt_sigqueueinfo),
    (nr::RT_TGSIGQUEUEINFO, signals::rt_tgsigqueueinfo),
    (nr::FCNTL, owners::fcntl),
    (nr::IOCTL, owners::ioctl),
    (nr::PRCTL, owners::prctl),
    (nr::CAPGET, owners::capget),
    (nr::CAPSET, owners::capset),
    (nr::TIMER_CREATE, owners::timer_create),
    (nr::CLOCK_GETTIME, owners::clock_gettime),
    (nr::CLOCK_GETRES, owners::clock_getres),
    (nr::CLOCK_NANOSLEEP, owners::clock_nanosleep),
    (nr::GETSOCKOPT, owners::getsockopt),
];

/// What administers mounts and the host: their paths would be the host's.
const REFUSED: &[usize] = &[
    nr::ACCT,
    nr::CHROOT,
    nr::FANOTIFY_MARK,
    nr::FSPICK,
    nr::MOUNT,
    nr::MOUNT_SETATTR,
    nr::MOVE_MOUNT,
    nr::OPEN_BY_HANDLE_AT,
    nr::OPEN_TREE,
    nr::OPEN_TREE_ATTR,
    nr::PIVOT_ROOT,
    nr::QUOTACTL,
    nr::SETDOMAINNAME,
    nr::SETHOSTNAME,
    nr::SWAPOFF,
    nr::SWAPON,
    nr::UMOUNT2,
];

/// What an older kernel answers.
fn lack(_: &mut Task, _: &[usize; 6]) -> SysResult {
    Err(Errno::ENOSYS)
}

/// What a process without the privilege sees.
fn refuse(_: &mut Task, _: &[usize; 6]) -> SysResult {
    Err(Errno::EPERM)
}

#[cfg(test)]
mod tests {
    use super::{NUMBERED, REFUSED, SERVED, handler};
    use crate::table::{Class, TABLE};
    use abi::arg::ArgKind;
    use abi::nr;

    /// Calls whose path arguments need no look: refused by their rows, or no paths.
    const LEFT: [usize; 1] = [nr::USELIB];

    #[test]
    fn every_call_with_a_path_is_served_here() {
        for row in TABLE.iter().flatten() {
            let number = usize::from(row.nr);
            let path = row.args.iter().any(|arg| arg.kind == ArgKind::Path);
            // exec finds its files through the same space.
            let elsewhere = matches!(number, nr::EXECVE | nr::EXECVEAT);
            if path && !LEFT.contains(&number) && !elsewhere {
                assert!(handler(number).is_some(), "{}", row.name);
            }
        }
        assert!(handler(usize::MAX).is_none() && handler(nr::READ).is_none());
    }

    #[test]
    fn every_call_with_a_process_is_served_here() {
        for row in TABLE.iter().flatten() {
            let about = row.args.iter().any(|arg| arg.kind == ArgKind::Pid);
            if about && !matches!(row.class, Class::Refused(_)) {
                assert!(handler(row.nr.into()).is_some(), "{}", row.name);
            }
        }
    }

    #[test]
    fn nothing_is_there_twice() {
        let all: std::vec::Vec<usize> = SERVED
            .iter()
            .chain(NUMBERED)
            .map(|(number, _)| *number)
            .chain(REFUSED.iter().copied())
            .collect();
        for (index, number) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(number), "{number}");
        }
    }
}

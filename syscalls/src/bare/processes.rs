//! Calls about processes, threads, groups and sessions by number.

use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use kernel::bare::{members, threads};
use kernel::vfs::ProcView;
use kernel::{Task, numbers};

use super::arguments::ask;
use super::numbers::{awaited, group_number, process, told};
use super::others;

/// Writes calls whose first argument is a process or thread.
macro_rules! about {
    ($($name:ident = nr::$nr:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, a: &[usize; 6]) -> SysResult {
            let process = process(t, a[0])?;
            ask(nr::$nr, &[process, a[1], a[2], a[3], a[4], a[5]])
        }
    )*};
}

about! {
    sched_getparam = nr::SCHED_GETPARAM, "sched_getparam(2).";
    sched_getscheduler = nr::SCHED_GETSCHEDULER, "sched_getscheduler(2).";
    sched_rr_get_interval = nr::SCHED_RR_GET_INTERVAL, "sched_rr_get_interval(2).";
    sched_getaffinity = nr::SCHED_GETAFFINITY, "sched_getaffinity(2).";
    sched_getattr = nr::SCHED_GETATTR, "sched_getattr(2).";
    get_robust_list = nr::GET_ROBUST_LIST, "get_robust_list(2).";
    process_vm_readv = nr::PROCESS_VM_READV, "process_vm_readv(2).";
    process_vm_writev = nr::PROCESS_VM_WRITEV, "process_vm_writev(2).";
    pidfd_open = nr::PIDFD_OPEN, "pidfd_open(2).";
}

/// kcmp(2).
pub(super) fn kcmp(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let (one, other) = (process(t, a[0])?, process(t, a[1])?);
    ask(nr::KCMP, &[one, other, a[2], a[3], a[4]])
}

/// getppid(2): whoever started the zone is outside.
pub(super) fn getppid(_: &mut Task, _: &[usize; 6]) -> SysResult {
    host_call!(nr::GETPPID).map(told)
}

/// getpgrp(2).
pub(super) fn getpgrp(_: &mut Task, _: &[usize; 6]) -> SysResult {
    host_call!(nr::GETPGID, 0).map(told)
}

/// getpgid(2).
pub(super) fn getpgid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    host_call!(nr::GETPGID, process(t, a[0])?).map(told)
}

/// getsid(2): 0 for a session that has begun outside.
pub(super) fn getsid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    host_call!(nr::GETSID, process(t, a[0])?).map(told)
}

/// setsid(2).
pub(super) fn setsid(_: &mut Task, _: &[usize; 6]) -> SysResult {
    host_call!(nr::SETSID).map(told)
}

/// setpgid(2): no group outside can be joined.
pub(super) fn setpgid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if as_int(a[1]) < 0 {
        return Err(Errno::EINVAL);
    }
    let process = process(t, a[0])?;
    // A group that is to be made has the number of its first process.
    let group = if a[1] == a[0] && as_int(a[0]) != 0 {
        process
    } else {
        int(group_number(as_int(a[1])).map_err(|_| Errno::EPERM)?)
    };
    host_call!(nr::SETPGID, process, group)
}

/// wait4(2): children are never the zone's first process, so the answer is the same number.
pub(super) fn wait4(_: &mut Task, a: &[usize; 6]) -> SysResult {
    let number = as_int(a[0]);
    let awaited = match number {
        ..-1 => number.checked_neg().map_or(number, |group| -awaited(group)),
        _ => awaited(number),
    };
    ask(nr::WAIT4, &[int(awaited), a[1], a[2], a[3]])
}

/// waitid(2).
pub(super) fn waitid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const P_PID: i32 = 1;
    const P_PGID: i32 = 2;
    const P_PIDFD: i32 = 3;
    let id = match as_int(a[0]) {
        P_PID | P_PGID => int(awaited(as_int(a[1]))),
        kind => {
            if kind == P_PIDFD {
                t.check_fd(as_int(a[1]))?;
            }
            a[1]
        }
    };
    ask(nr::WAITID, &[a[0], id, a[2], a[3], a[4]])
}

/// Whose priority a call means.
enum Whose {
    /// A process's or thread's.
    Process(i32),
    /// A process group's.
    Group(i32),
    /// All processes of the user that the zone runs as.
    User,
}

/// Finds out, by which kinds of numbers there are: `process`, the number behind it for groups, the
/// one behind that for users.
fn whose(t: &Task, process_kind: i32, kind: usize, who: usize) -> SysResult<Whose> {
    let who = as_int(who);
    match as_int(kind) - process_kind {
        0 => super::numbers::process_number(t, who).map(Whose::Process),
        1 => group_number(who).map(Whose::Group),
        2 if who == 0 || host_call!(nr::GETUID) == Ok(int(who)) => Ok(Whose::User),
        2 => Err(Errno::ESRCH),
        _ => Err(Errno::EINVAL),
    }
}

/// Makes a call for each thread of the zone, or of a process group: the best of the answers, or the
/// error that came last.
fn for_all(
    group: Option<i32>,
    best: fn(usize, usize) -> usize,
    call: impl Fn(usize) -> SysResult,
) -> SysResult {
    let group = match group {
        Some(0) => Some(host_call!(nr::GETPGID, 0)?),
        group => group.map(int),
    };
    let mut result = Err(Errno::ESRCH);
    for member in members()? {
        let its = || host_call!(nr::GETPGID, int(member.cast_signed())).ok();
        if group.is_some() && group != its() {
            continue;
        }
        for thread in threads(member).unwrap_or_default() {
            result = match (result, call(int(thread.cast_signed()))) {
                (Ok(one), Ok(other)) => Ok(best(one, other)),
                (_, answer) => answer,
            };
        }
    }
    result
}

const PRIO_PROCESS: i32 = 0;
const IOPRIO_WHO_PROCESS: i32 = 1;

/// getpriority(2): the answer is 20 less the nice value, so the best is the highest.
pub(super) fn getpriority(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let of_thread = |thread| host_call!(nr::GETPRIORITY, int(PRIO_PROCESS), thread);
    match whose(t, PRIO_PROCESS, a[0], a[1])? {
        Whose::Process(number) => of_thread(int(number)),
        Whose::Group(number) => for_all(Some(number), usize::max, of_thread),
        Whose::User => for_all(None, usize::max, of_thread),
    }
}

/// setpriority(2).
pub(super) fn setpriority(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let whose = whose(t, PRIO_PROCESS, a[0], a[1])?;
    let of_thread = |thread| others::set(t, nr::SETPRIORITY, int(PRIO_PROCESS), thread, a[2]);
    match whose {
        Whose::Process(number) => of_thread(int(number)),
        Whose::Group(number) => for_all(Some(number), usize::max, of_thread),
        Whose::User => for_all(None, usize::max, of_thread),
    }
}

/// `ioprio_get(2)`: the lower number is the better.
pub(super) fn ioprio_get(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let of_thread = |thread| host_call!(nr::IOPRIO_GET, int(IOPRIO_WHO_PROCESS), thread);
    match whose(t, IOPRIO_WHO_PROCESS, a[0], a[1])? {
        Whose::Process(number) => of_thread(int(number)),
        Whose::Group(number) => for_all(Some(number), usize::min, of_thread),
        Whose::User => for_all(None, usize::min, of_thread),
    }
}

/// `ioprio_set(2)`.
pub(super) fn ioprio_set(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let whose = whose(t, IOPRIO_WHO_PROCESS, a[0], a[1])?;
    let of_thread = |thread| others::set(t, nr::IOPRIO_SET, int(IOPRIO_WHO_PROCESS), thread, a[2]);
    match whose {
        Whose::Process(number) => of_thread(int(number)),
        Whose::Group(number) => for_all(Some(number), usize::max, of_thread),
        Whose::User => for_all(None, usize::max, of_thread),
    }
}

/// `set_tid_address(2)`.
pub(super) fn set_tid_address(t: &mut Task, a: &[usize; 6]) -> SysResult {
    host_call!(nr::SET_TID_ADDRESS, a[0])?;
    crate::process::gettid(t)
}

const CLONE_PARENT: usize = 0x8000;

/// clone(2): a child of zsched would not be the zone's (`copy_process` in `kernel/fork.c` has the same
/// rule for the first process of a pid namespace).
pub(super) fn clone(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if a[0] & CLONE_PARENT != 0 && numbers::first() == Some(t.pid()) {
        return Err(Errno::EINVAL);
    }
    let [flags, stack, parent, child, tls, _] = *a;
    let (flags, tls) = (abi::arg::Ulong(flags), abi::arg::Ptr(tls));
    let [stack, parent, child] = [stack, parent, child].map(abi::arg::Ptr);
    crate::process::clone(t, flags, stack, parent, child, tls)
}

/// clone3(2), likewise: the flags come first in its structure.
pub(super) fn clone3(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let flags: usize = host::user::read(abi::UserPtr::new(a[0])).unwrap_or(0);
    if flags & CLONE_PARENT != 0 && numbers::first() == Some(t.pid()) {
        return Err(Errno::EINVAL);
    }
    crate::process::clone3(t, abi::arg::Ptr(a[0]), abi::arg::Size(a[1]))
}

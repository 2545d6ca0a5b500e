//! What a thread may ask or set of itself: getpid(2), gettid(2), arch_prctl(2), prctl(2).

use abi::arg::{Int, Ptr, Uint, Ulong};
use abi::{Errno, SysResult, UserPtr, nr};
use host::call::{forward, int};
use host::{host_call, user};
use kernel::{Task, numbers};

use super::filter;

const ARCH_SET_GS: i32 = 0x1001;
const ARCH_GET_GS: i32 = 0x1004;
/// Shadow stacks: `ARCH_SHSTK_ENABLE` .. `ARCH_SHSTK_STATUS`.
const ARCH_SHSTK: core::ops::RangeInclusive<i32> = 0x5001..=0x5005;
/// The first address that no guest can have.
const TASK_SIZE: usize = 0x7fff_ffff_f000;

const PR_GET_SECCOMP: i32 = 21;
const PR_SET_SECCOMP: i32 = 22;
const PR_SET_SYSCALL_USER_DISPATCH: i32 = 59;

/// getpid(2), and its number for entry.S to answer by itself.
pub fn getpid(t: &mut Task) -> SysResult {
    ids(t).map(|(pid, _)| pid)
}

/// gettid(2), likewise.
pub fn gettid(t: &mut Task) -> SysResult {
    ids(t).map(|(_, tid)| tid)
}

/// Sees to it that the numbers of process and thread are known without asking the host.
pub(crate) fn learn_ids(t: &mut Task) -> SysResult<()> {
    match t.thread.ids() {
        (0, _) | (_, 0) => ids(t).map(|_| ()),
        _ => Ok(()),
    }
}

fn ids(t: &mut Task) -> SysResult<(usize, usize)> {
    let (pid, tid) = (host_call!(nr::GETPID)?, host_call!(nr::GETTID)?);
    let [pid, tid] = [pid, tid].map(|number| numbers::inner(u32::try_from(number).unwrap_or(0)));
    // A child that borrows memory has ids of its own, in an area of its own.
    t.thread.set_ids(pid, tid);
    Ok((Uint(pid).raw(), Uint(tid).raw()))
}

/// arch_prctl(2). gs is the brand's between the guest's calls too, so a guest that sets it is
/// served by the slower way out; fs is the guest's alone.
pub fn arch_prctl(t: &mut Task, operation: Int, address: Ulong) -> SysResult {
    match operation.0 {
        ARCH_SET_GS if address.0 >= TASK_SIZE => Err(Errno::EPERM),
        ARCH_SET_GS => {
            t.thread.set_guest_gs(address.0);
            Ok(0)
        }
        ARCH_GET_GS => {
            user::write(UserPtr::new(address.0), &t.thread.guest_gs())?;
            Ok(0)
        }
        code if ARCH_SHSTK.contains(&code) => Err(Errno::EOPNOTSUPP),
        code => forward(nr::ARCH_PRCTL, &[int(code), address.0, 0, 0, 0, 0]),
    }
}

/// prctl(2). What concerns seccomp is the brand's; Syscall User Dispatch is taken; the rest is the
/// host's.
pub fn prctl(t: &mut Task, operation: Int, a: Ulong, b: Ulong, c: Ulong, d: Ulong) -> SysResult {
    match operation.0 {
        PR_GET_SECCOMP => Ok(filter::mode(t)),
        PR_SET_SECCOMP => filter::by_prctl(t, a.0, Ptr(b.0)),
        PR_SET_SYSCALL_USER_DISPATCH => Err(Errno::EINVAL),
        code => host::call::forward_blocking(nr::PRCTL, &[int(code), a.0, b.0, c.0, d.0, 0]),
    }
}

//! rt_sigprocmask(2), rt_sigpending(2).

use abi::arg::{Int, Size};
use abi::signal::SigSet;
use abi::{Errno, SysResult, UserPtr, nr};
use host::{host_call, user};
use kernel::Task;
use zerocopy::IntoBytes;

use super::SIGSET_SIZE;

const SIG_BLOCK: i32 = 0;
const SIG_UNBLOCK: i32 = 1;
const SIG_SETMASK: i32 = 2;

/// rt_sigprocmask(2).
pub fn rt_sigprocmask(
    t: &mut Task,
    how: Int,
    set: UserPtr<SigSet>,
    old: UserPtr<SigSet>,
    size: Size,
) -> SysResult {
    if size.0 != SIGSET_SIZE {
        return Err(Errno::EINVAL);
    }
    let before = t.blocked;
    if !set.is_null() {
        let set = user::read(set)?.without(SigSet::UNBLOCKABLE);
        let new = match how.0 {
            SIG_BLOCK => before.union(set),
            SIG_UNBLOCK => before.without(set),
            SIG_SETMASK => set,
            _ => return Err(Errno::EINVAL),
        };
        t.set_blocked(new)?;
    }
    if !old.is_null() {
        user::write(old, &before)?;
    }
    Ok(0)
}

/// rt_sigpending(2).
pub fn rt_sigpending(t: &mut Task, set: UserPtr<u8>, size: Size) -> SysResult {
    if size.0 > SIGSET_SIZE {
        return Err(Errno::EINVAL);
    }
    let mut pending = SigSet::EMPTY;
    let at = core::ptr::from_mut(&mut pending).expose_provenance();
    host_call!(nr::RT_SIGPENDING, at, SIGSET_SIZE)?;
    let pending = pending.union(t.kept.set()).intersection(t.blocked);
    let bytes = pending.as_bytes().get(..size.0).unwrap_or_default();
    user::write_bytes(set.address(), bytes)?;
    Ok(0)
}

//! Waiting for signals: rt_sigsuspend(2), rt_sigtimedwait(2), signalfd(2). And [`under_mask`], for
//! all calls that set a mask for their own time.

use abi::arg::{Int, Ptr, Size};
use abi::signal::{SigInfo, SigSet};
use abi::{Errno, SysResult, UserPtr, nr};
use host::call::{forward_blocking, int};
use host::user;
use kernel::signal::host_mask;
use kernel::{Task, numbers};

use super::{SIGSET_SIZE, read_mask};

/// Makes a call with `mask` for its time. `call` gets the host's form of the mask. When a handler
/// ends the wait it runs under `mask`, and its frame restores the mask from before
/// (`set_user_sigmask`, `restore_saved_sigmask_unless`).
pub(super) fn under_mask(
    t: &mut Task,
    mask: SigSet,
    call: impl FnOnce(&Task, usize) -> SysResult,
) -> SysResult {
    let before = t.blocked;
    let mask = mask.without(SigSet::UNBLOCKABLE);
    t.blocked = mask;
    t.saved_mask = Some(before);
    if let Some(info) = t.take_kept() {
        t.thread.hold(&info);
        return Err(Errno::EINTR);
    }
    let host = host_mask(mask);
    let result = call(t, core::ptr::from_ref(&host).expose_provenance());
    if result != Err(Errno::EINTR) {
        t.blocked = before;
        t.saved_mask = None;
    }
    result
}

/// rt_sigsuspend(2).
pub fn rt_sigsuspend(t: &mut Task, set: UserPtr<SigSet>, size: Size) -> SysResult {
    let mask = read_mask(set, size.0)?;
    under_mask(t, mask, |_, mask| {
        forward_blocking(nr::RT_SIGSUSPEND, &[mask, SIGSET_SIZE, 0, 0, 0, 0])
    })
}

/// rt_sigtimedwait(2). The host dequeues; what the brand keeps comes first.
pub fn rt_sigtimedwait(
    t: &mut Task,
    set: UserPtr<SigSet>,
    info: UserPtr<SigInfo>,
    timeout: Ptr,
    size: Size,
) -> SysResult {
    let wanted = read_mask(set, size.0)?;
    if let Some(kept) = t.kept.take(wanted) {
        if !info.is_null() {
            user::write(info, &kept)?;
        }
        return Ok(usize::from(kept.signal()));
    }
    let args = [set.address(), info.address(), timeout.0, size.0, 0, 0];
    let signal = forward_blocking(nr::RT_SIGTIMEDWAIT, &args)?;
    if numbers::first().is_some() && !info.is_null() {
        let taken = user::read(info)?;
        user::write(info, &numbers::told(&taken))?;
    }
    Ok(signal)
}

/// signalfd(2).
pub fn signalfd(t: &mut Task, fd: Int, mask: Ptr, size: Size) -> SysResult {
    signalfd4(t, fd, mask, size, Int(0))
}

/// signalfd4(2).
pub fn signalfd4(t: &mut Task, fd: Int, mask: Ptr, size: Size, flags: Int) -> SysResult {
    t.check_fd(fd.0)?;
    forward_blocking(
        nr::SIGNALFD4,
        &[int(fd.0), mask.0, size.0, int(flags.0), 0, 0],
    )
}

//! rt_sigaction(2), sigaltstack(2), sigreturn(2).

use abi::arg::{Signal, Size};
use abi::signal::{
    SIG_DFL, SIG_IGN, SigAction, SigFrame, SigInfo, SigSet, StackT, UContext, sa, si,
};
use abi::{Errno, SysResult, UserPtr};
use host::user;
use kernel::Task;
use kernel::signal::{IGNORED_BY_DEFAULT, host_mask};

use super::SIGSET_SIZE;

/// rt_sigaction(2): the guest's action is noted, and the host told as much of it as decides what
/// the host does (`do_sigaction`).
pub fn rt_sigaction(
    t: &mut Task,
    signal: Signal,
    new: UserPtr<SigAction>,
    old: UserPtr<SigAction>,
    size: Size,
) -> SysResult {
    if size.0 != SIGSET_SIZE {
        return Err(Errno::EINVAL);
    }
    let new = if new.is_null() {
        None
    } else {
        Some(user::read(new)?)
    };
    let signal = u8::try_from(signal.0)
        .ok()
        .filter(|n| (1..=64).contains(n))
        .ok_or(Errno::EINVAL)?;
    let before = if let Some(mut new) = new {
        if SigSet::UNBLOCKABLE.contains(signal) {
            return Err(Errno::EINVAL);
        }
        new.flags &= sa::KNOWN;
        new.mask = new.mask.without(SigSet::UNBLOCKABLE);
        let before = t.sighand.set(signal, new)?;
        let ignored =
            new.handler == SIG_IGN || new.handler == SIG_DFL && IGNORED_BY_DEFAULT.contains(signal);
        if ignored {
            t.kept.drop_signal(signal);
        }
        before
    } else {
        t.sighand.action(signal)
    };
    if !old.is_null() {
        user::write(old, &before)?;
    }
    Ok(0)
}

/// sigaltstack(2).
pub fn sigaltstack(t: &mut Task, new: UserPtr<StackT>, old: UserPtr<StackT>) -> SysResult {
    let new = if new.is_null() {
        None
    } else {
        Some(user::read(new)?)
    };
    let sp = t.stack_pointer();
    let before = t.altstack.describe(sp);
    if let Some(new) = new {
        t.altstack.set(&new, sp)?;
    }
    if !old.is_null() {
        user::write(old, &before)?;
    }
    Ok(0)
}

/// sigreturn(2): registers, mask and alternate stack come from the frame on the guest's stack
/// (`rt_sigreturn` in `arch/x86/kernel/signal_64.c`). A bad frame is a SIGSEGV.
pub fn rt_sigreturn(t: &mut Task) -> SysResult {
    let frame = t.stack_pointer().wrapping_sub(size_of::<usize>());
    let at = frame + core::mem::offset_of!(SigFrame, uc);
    let Ok(context) = user::read(UserPtr::<UContext>::new(at)) else {
        return bad_frame(t);
    };
    let (blocked, altstack) = (t.blocked, t.altstack);
    t.blocked = context.sigmask.without(SigSet::UNBLOCKABLE);
    t.altstack
        .restore(&context.stack, context.mcontext.regs.rsp);
    if !t.kept.set().without(t.blocked).is_empty() {
        // A kept signal is due at once: it arrives before the way back, as it may.
        t.blocked = blocked;
        t.altstack = altstack;
        if let Some(info) = t.kept.take(SigSet(!context.sigmask.0)) {
            t.blocked = t.blocked.without(SigSet::of(&[info.signal()]));
            t.thread.hold(&info);
        }
        return Err(Errno::ERESTARTSYS);
    }
    let errno = host::signal::sigreturn(&mut t.thread, &context, host_mask(t.blocked));
    t.blocked = blocked;
    t.altstack = altstack;
    Err(errno)
}

fn bad_frame(t: &mut Task) -> SysResult {
    let info = SigInfo {
        signo: i32::from(abi::signal::SIGSEGV),
        code: si::KERNEL,
        ..SigInfo::ZERO
    };
    t.force(&info);
    Ok(0)
}

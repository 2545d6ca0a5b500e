//! The host's signals. One handler for all of them, on the thread's own alternate stack, with all
//! signals blocked but the protected ones. It either
//! - turns a trapped call into an entry (`handler`),
//! - mends a fault that the brand provoked on purpose, or
//! - delivers a signal: at once when it interrupted guest code, else it is held to the end of the
//!   call that is being served, with everything blocked meanwhile, so that nothing overtakes it
//!   and the host's queues keep their order.

mod exit;
mod handler;
mod held;

use abi::signal::{SIG_DFL, SIG_IGN, SigAction, SigInfo, SigSet, SignalNumber, StackT, sa};
use abi::{SysResult, nr};

use crate::arch;
use crate::host_call;
use crate::thread::{BLOCK_ALL, Thread};

pub use exit::sigreturn;
pub(crate) use held::hold;

const SIG_SETMASK: usize = 2;

/// What the host does with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Its default action.
    Default,
    /// Nothing.
    Ignore,
    /// It is brought to the guest's handler, whose flags these are.
    Catch(u64),
}

/// The flags of a guest's action that the host is told.
#[must_use]
pub const fn told(flags: u64) -> u64 {
    flags & (sa::RESTART | sa::NOCLDSTOP | sa::NOCLDWAIT | sa::RESETHAND | sa::EXPOSE_TAGBITS)
}

/// Sets what the host does with `signal`. `flags` of the guest that the host must know are passed
/// on: they decide what is restarted, which children are reported, and when the action is reset.
///
/// # Errors
/// Those of rt_sigaction(2).
pub fn set_disposition(signal: SignalNumber, disposition: Disposition) -> SysResult<()> {
    let (handler, flags) = match disposition {
        Disposition::Default => (SIG_DFL, 0),
        Disposition::Ignore => (SIG_IGN, 0),
        Disposition::Catch(flags) => (arch::lx_signal_entry.address(), told(flags)),
    };
    set_host_action(signal, handler, flags)
}

/// The same for a signal that is not caught but whose flags matter (SIGCHLD).
///
/// # Errors
/// Those of rt_sigaction(2).
pub fn set_uncaught(signal: SignalNumber, ignore: bool, flags: u64) -> SysResult<()> {
    let handler = if ignore { SIG_IGN } else { SIG_DFL };
    set_host_action(
        signal,
        handler,
        flags & (sa::NOCLDSTOP | sa::NOCLDWAIT | sa::RESTART),
    )
}

fn set_host_action(signal: SignalNumber, handler: usize, flags: u64) -> SysResult<()> {
    let action = SigAction {
        handler,
        flags: flags | sa::SIGINFO | sa::ONSTACK | sa::RESTORER,
        restorer: arch::lx_restorer.address(),
        mask: BLOCK_ALL,
    };
    let at = core::ptr::from_ref(&action).expose_provenance();
    host_call!(nr::RT_SIGACTION, usize::from(signal), at, 0, 8)?;
    Ok(())
}

/// The handler of a signal on the host: [`SIG_DFL`], [`SIG_IGN`], or another.
///
/// # Errors
/// Those of rt_sigaction(2).
pub fn host_handler(signal: SignalNumber) -> SysResult {
    let mut action = SigAction::default();
    let at = core::ptr::from_mut(&mut action).expose_provenance();
    host_call!(nr::RT_SIGACTION, usize::from(signal), 0, at, 8)?;
    Ok(action.handler)
}

/// Handlers for the protected signals, which the brand itself needs.
///
/// # Errors
/// Those of rt_sigaction(2).
pub fn protect() -> SysResult<()> {
    held::SLOTS
        .iter()
        .try_for_each(|&signal| set_disposition(signal, Disposition::Catch(0)))
}

/// Sets the calling thread's mask on the host; the old one.
pub fn set_mask(mask: SigSet) -> SigSet {
    let mut old = SigSet::EMPTY;
    let old_at = core::ptr::from_mut(&mut old).expose_provenance();
    let at = core::ptr::from_ref(&mask).expose_provenance();
    // It cannot fail: the arguments are good.
    let _ = host_call!(nr::RT_SIGPROCMASK, SIG_SETMASK, at, old_at, 8);
    old
}

/// The calling thread's mask on the host.
#[must_use]
pub fn mask() -> SigSet {
    let mut mask = SigSet::EMPTY;
    let at = core::ptr::from_mut(&mut mask).expose_provenance();
    // It cannot fail: the arguments are good.
    let _ = host_call!(nr::RT_SIGPROCMASK, SIG_SETMASK, 0, at, 8);
    mask
}

/// Blocks what can be blocked; the old mask.
pub fn block_all() -> SigSet {
    set_mask(BLOCK_ALL)
}

/// Makes this thread run its host handlers on its own alternate stack.
///
/// # Errors
/// Those of sigaltstack(2).
pub(crate) fn use_own_stack(thread: &Thread) -> SysResult<()> {
    let (sp, size) = thread.alternate_stack();
    let stack = StackT {
        sp,
        flags: 0,
        pad: 0,
        size,
    };
    host_call!(
        nr::SIGALTSTACK,
        core::ptr::from_ref(&stack).expose_provenance(),
        0
    )?;
    Ok(())
}

/// Brings about the default action of a signal that has come to the brand: the action is reset on
/// the host and the signal sent again, to be acted on when `mask` without it is set.
pub fn send_to_host_default(info: &SigInfo) {
    let signal = usize::from(info.signal());
    let _ = set_disposition(info.signal(), Disposition::Default);
    let at = core::ptr::from_ref(info).expose_provenance();
    let pid = host_call!(nr::GETPID).unwrap_or(0);
    let tid = host_call!(nr::GETTID).unwrap_or(0);
    if host_call!(nr::RT_TGSIGQUEUEINFO, pid, tid, signal, at).is_err() {
        let _ = host_call!(nr::TGKILL, pid, tid, signal);
    }
}

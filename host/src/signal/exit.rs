//! The ways out of the brand that are not the usual one: with a signal to deliver, with a mask to
//! set, with a gs of the guest's own, and from a handler of the guest's.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use abi::Errno;
use abi::signal::{SigContext, SigFrame, SigInfo, SigSet, StackT, UC_FLAGS, UContext};

use super::held::take_held;
use super::set_mask;
use crate::arch;
use crate::brand::{Outcome, Trap};
use crate::frame::{self, Delivery, Extended, XState};
use crate::start::hooks;
use crate::thread::{Control, EXIT_GS, EXIT_MASK, Thread};

/// entry.S calls this when a signal is held, or the way out is not the usual one.
#[unsafe(no_mangle)]
extern "C" fn lx_slow_exit(control: NonNull<Control>) {
    // SAFETY: the control block is this thread's, and the handler touches atomics and slots only.
    let this = unsafe { &mut *control.as_ptr() };
    if this.restart != 0 {
        this.restart = 0;
        Thread(control).restart();
    }
    loop {
        while let Some(info) = take_held(control) {
            deliver_live(control, &info);
        }
        if this.exit_flags.load(Ordering::Relaxed) & EXIT_MASK != 0 {
            this.exit_flags.fetch_and(!EXIT_MASK, Ordering::Relaxed);
            set_mask((hooks().host_mask)(control));
        } else if this.pending.load(Ordering::Relaxed) == 0
            && !(hooks().before_return)(control)
            && (this.exit_flags.load(Ordering::Relaxed) & EXIT_GS == 0 || leave_with_gs(control))
        {
            return;
        }
    }
}

/// Delivers a signal at the end of a call.
fn deliver_live(control: NonNull<Control>, info: &SigInfo) {
    // SAFETY: the control block is this thread's. The frame's registers are copied, so that the
    // delivery holds the only reference.
    let this = unsafe { &mut *control.as_ptr() };
    let mut regs = this.frame.regs;
    let mut delivery = Delivery {
        regs: &mut regs,
        fault: None,
        extended: Extended::Live(this),
        pushed: false,
    };
    let Outcome::Mask(_) = (hooks().deliver)(control, info, &mut delivery);
    let pushed = delivery.pushed;
    // SAFETY: as above.
    let this = unsafe { &mut *control.as_ptr() };
    if pushed {
        this.frame.regs = regs;
        this.frame.resume = regs.rip;
    }
    this.exit_flags.fetch_or(EXIT_MASK, Ordering::Relaxed);
}

#[cold]
#[inline(never)]
fn leave_with_gs(control: NonNull<Control>) -> bool {
    // SAFETY: the control block is this thread's.
    let this = unsafe { &mut *control.as_ptr() };
    let mut state = XState([0; frame::XSTATE_MAX]);
    frame::save(this, &mut state);
    let mut regs = this.frame.regs;
    regs.rip = this.frame.resume;
    let mcontext = SigContext {
        regs,
        ..SigContext::default()
    };
    let mask = (hooks().host_mask)(control);
    let state_at = state.0.as_ptr().expose_provenance();
    let frame = host_frame(&Thread(control), mcontext, state_at, mask);
    // SAFETY: the frame and the state are on the brand's stack, which nothing overwrites until
    // the host has read them.
    unsafe { arch::lx_sigreturn(&raw const frame, this.guest_gs, 1) };
    false
}

/// A frame for the host's own rt_sigreturn.
fn host_frame(thread: &Thread, mut mcontext: SigContext, fpstate: usize, mask: SigSet) -> SigFrame {
    let (sp, size) = thread.alternate_stack();
    mcontext.segments = [0x33, 0, 0, 0x2b];
    mcontext.fpstate = fpstate;
    SigFrame {
        pretcode: 0,
        uc: UContext {
            flags: UC_FLAGS,
            link: 0,
            stack: StackT {
                sp,
                flags: 0,
                pad: 0,
                size,
            },
            mcontext,
            sigmask: mask,
        },
        info: SigInfo::ZERO,
    }
}

/// Serves the guest's rt_sigreturn: the host restores what `context` says, the extended state
/// straight from the guest's memory, so that what it refuses it refuses as for any program.
/// `mask` is the host's mask from then on.
///
/// # Errors
/// `ERESTARTSYS` when a signal came first; nothing has changed then.
pub fn sigreturn(thread: &mut Thread, context: &UContext, mask: SigSet) -> Errno {
    let mut mcontext = context.mcontext;
    if let Trap::Resume { rip } = (hooks().trap)(mcontext.regs.rip, None) {
        mcontext.regs.rip = rip;
    }
    let segments = mcontext.segments;
    let mut frame = host_frame(thread, mcontext, mcontext.fpstate, mask);
    frame.uc.flags = context.flags;
    frame.uc.mcontext.segments = segments;
    // SAFETY: the control block is this thread's.
    let this = unsafe { thread.0.as_mut() };
    let with_gs = this.exit_flags.load(Ordering::Relaxed) & EXIT_GS;
    // SAFETY: the frame is on the brand's stack; see `leave_with_gs`.
    unsafe {
        arch::lx_sigreturn(&raw const frame, this.guest_gs, usize::from(with_gs != 0));
    }
    Errno::ERESTARTSYS
}

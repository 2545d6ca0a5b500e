//! The handler itself.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use abi::Errno;
use abi::signal::{SIGFPE, SIGILL, SIGSYS, SIGTRAP, SigInfo, SigSet, SignalNumber, UContext, si};

use super::held::{hold, is_protected};
use super::send_to_host_default;
use crate::arch::{self, Label};
use crate::brand::{Outcome, Trap, TrapKind};
use crate::frame::{self, Delivery, Extended, Fault};
use crate::start::hooks;
use crate::thread::{BLOCK_ALL, Control, EXIT_MASK, KIND_INT80, KIND_TRAPPED, Record, own_gs};

const AUDIT_ARCH_I386: u64 = 0x4000_0003;
/// Flags of the guest that must not hold in the brand: alignment check and single step.
const ALIGNMENT_CHECK: usize = 1 << 18;
const TRAP_FLAG: usize = 1 << 8;
/// Signals that the processor raises, when `si_code` says that the kernel sent them.
const FAULTS: SigSet = SigSet(SigSet::PROTECTED.0 | SigSet::of(&[SIGFPE]).0);

fn in_range(address: usize, from: &'static Label, to: &'static Label) -> bool {
    (from.address()..to.address()).contains(&address)
}

/// entry.S jumps here with what the kernel passes to a handler, and the control block.
///
/// # Safety
/// Called by the host's signal delivery only.
#[unsafe(no_mangle)]
unsafe extern "C" fn lx_host_signal(
    signal: i32,
    info: *const SigInfo,
    context: *mut UContext,
    control: *mut Control,
) {
    // SAFETY: the kernel passes valid pointers, and the alternate stack is in a thread's area.
    let (info, context) = unsafe { (&*info, &mut *context) };
    let Some(control) = NonNull::new(control) else {
        return;
    };
    let signal = SignalNumber::try_from(signal).unwrap_or(0);
    note_state(control, context);
    let synchronous = FAULTS.contains(signal) && info.code > si::USER;
    let rip = context.mcontext.regs.rip;
    // SAFETY: the control block is this thread's.
    if !unsafe { control.as_ref() }.task_present && !synchronous {
        // The program is not there yet, and its default action is what it would have.
        return send_to_host_default(info);
    }

    if signal == SIGSYS
        && (info.code == si::SYS_USER_DISPATCH || info.code == si::SYS_SECCOMP)
        && info.code > 0
    {
        return trapped_call(control, info, context);
    }
    // SAFETY: the control block is this thread's.
    let in_vdso = unsafe { control.as_ref() }.in_vdso.load(Ordering::Relaxed) != 0;
    // Where the brand itself asked the vDSO, the vDSO's code is the brand's.
    if in_vdso || crate::start::in_brand(rip) {
        own_gs_again(control);
        if synchronous && SigSet::PROTECTED.contains(signal) {
            return brand_fault(info, context);
        }
        return defer(control, info, context);
    }

    let trap = match signal {
        // int3; other traps have codes of their own.
        SIGTRAP if info.code == si::KERNEL => {
            (hooks().trap)(rip.wrapping_sub(1), Some(TrapKind::Breakpoint))
        }
        SIGILL if synchronous => (hooks().trap)(rip, Some(TrapKind::InvalidOpcode)),
        _ => (hooks().trap)(rip, None),
    };
    let hardware = Fault {
        err: context.mcontext.err,
        trapno: context.mcontext.trapno,
        cr2: context.mcontext.cr2,
    };
    let fault = synchronous.then_some(hardware);
    match trap {
        // Where an asynchronous signal found the guest about to trap, the guest traps later.
        Trap::Resume { rip } if synchronous && matches!(signal, SIGTRAP | SIGILL) => {
            context.mcontext.regs.rip = rip;
            return;
        }
        // The check stub found that gs is not ours: go in all the same, by the slower way.
        Trap::Entering if synchronous => {
            let record = context.mcontext.regs.r11;
            return enter(control, record, context);
        }
        Trap::Entering => return defer(control, info, context),
        Trap::Displaced { rip } => context.mcontext.regs.rip = rip,
        Trap::Guest | Trap::Resume { .. } => {}
    }
    deliver_now(control, info, context, fault);
}

/// Keeps what the host's frame says about the extended state.
fn note_state(control: NonNull<Control>, context: &UContext) {
    // SAFETY: the frame is the host's, and the control block this thread's.
    unsafe {
        let (_, software) = frame::host_state(context.mcontext.fpstate);
        (*control.as_ptr()).xfeatures = software.xfeatures;
        (*control.as_ptr()).xsize = software.xstate_size;
    }
}

/// A call that reached the host: it enters the brand as it would from a patched site.
fn trapped_call(control: NonNull<Control>, info: &SigInfo, context: &mut UContext) {
    let regs = &mut context.mcontext.regs;
    // SAFETY: the control block is this thread's.
    let this = unsafe { &mut *control.as_ptr() };
    if this.in_vdso.load(Ordering::Relaxed) != 0 {
        // The brand asked the vDSO, which could not answer by itself.
        regs.rax = Errno::encode(crate::call::forward(regs.rax, &regs.args()));
        return;
    }
    let arch = info.fields[1] >> 32;
    let kind = if arch == AUDIT_ARCH_I386 {
        KIND_INT80
    } else {
        KIND_TRAPPED
    };
    if crate::observe::is_on() {
        this.began = crate::observe::ticks();
    }
    this.saved = [regs.rcx, regs.r11];
    let (ret, site) = (regs.rip, regs.rip.wrapping_sub(2));
    let resume = match (hooks().trap)(ret, None) {
        // The site was patched while this thread was on its way: what follows is displaced.
        Trap::Resume { rip } => rip,
        _ => ret,
    };
    this.trap = Record {
        ret,
        resume,
        kind,
        site,
    };
    let record = core::ptr::from_ref(&this.trap).expose_provenance();
    enter(control, record, context);
}

fn enter(control: NonNull<Control>, record: usize, context: &mut UContext) {
    own_gs(control);
    context.mcontext.regs.r11 = record;
    context.mcontext.regs.rip = arch::lx_entry.address();
}

/// The last steps out of the brand may already have set the guest's gs.
fn own_gs_again(control: NonNull<Control>) {
    if arch::lx_read_gs_base() != control.as_ptr().addr() {
        // SAFETY: the control block is mapped, and the guest's own base is kept in it.
        unsafe { arch::lx_write_gs_base(control.as_ptr().addr()) };
    }
}

/// A fault inside the brand: on purpose, or a bug.
fn brand_fault(info: &SigInfo, context: &mut UContext) {
    let regs = &mut context.mcontext.regs;
    let rip = regs.rip;
    if in_range(rip, &arch::lx_copy_start, &arch::lx_copy_fault) {
        regs.rip = arch::lx_copy_fault.address();
        return;
    }
    if in_range(rip, &arch::lx_copy_string_start, &arch::lx_copy_string_end) {
        regs.rip = arch::lx_copy_string_fault.address();
        return;
    }
    if regs.rflags & (ALIGNMENT_CHECK | TRAP_FLAG) != 0 {
        // The guest's own flags, which are kept in its frame.
        regs.rflags &= !(ALIGNMENT_CHECK | TRAP_FLAG);
        return;
    }
    crate::start::fatal(format_args!(
        "signal {} in the brand at {:#x} (image {:#x}), address {:#x}",
        info.signo,
        rip,
        crate::start::image_base(),
        context.mcontext.cr2,
    ));
}

/// Holds a signal to the end of the call that is being served.
fn defer(control: NonNull<Control>, info: &SigInfo, context: &mut UContext) {
    hold(control, info);
    if !is_protected(info.signal()) {
        context.sigmask = SigSet(context.sigmask.0 | BLOCK_ALL.0);
        // SAFETY: the control block is this thread's.
        unsafe { control.as_ref() }
            .exit_flags
            .fetch_or(EXIT_MASK, Ordering::Relaxed);
    }
    let rip = &mut context.mcontext.regs.rip;
    let rewound = [
        (
            &arch::lx_fast_window,
            &arch::lx_fast_done,
            &arch::lx_fast_abort,
        ),
        (
            &arch::lx_counted_window,
            &arch::lx_counted_done,
            &arch::lx_fast_abort,
        ),
        (
            &arch::lx_fast_exit,
            &arch::lx_fast_exit_end,
            &arch::lx_fast_exit,
        ),
        (
            &arch::lx_window,
            &arch::lx_window_done,
            &arch::lx_window_abort,
        ),
        (
            &arch::lx_exit_check,
            &arch::lx_exit_end,
            &arch::lx_exit_check,
        ),
        (
            &arch::lx_sigreturn_window,
            &arch::lx_sigreturn_done,
            &arch::lx_sigreturn_abort,
        ),
    ];
    if let Some((_, _, to)) = rewound
        .iter()
        .find(|(from, end, _)| in_range(*rip, from, end))
    {
        *rip = to.address();
    }
}

/// Delivers to the guest, whose code was interrupted.
fn deliver_now(
    control: NonNull<Control>,
    info: &SigInfo,
    context: &mut UContext,
    fault: Option<Fault>,
) {
    let fpstate = context.mcontext.fpstate;
    // SAFETY: the frame is the host's, untouched since.
    let (state, _) = unsafe { frame::host_state(fpstate) };
    let mut delivery = Delivery {
        regs: &mut context.mcontext.regs,
        fault,
        extended: Extended::Host(state),
        pushed: false,
    };
    let Outcome::Mask(mask) = (hooks().deliver)(control, info, &mut delivery);
    if delivery.pushed {
        // No state: the kernel initialises it.
        context.mcontext.fpstate = 0;
    }
    context.sigmask = mask;
}

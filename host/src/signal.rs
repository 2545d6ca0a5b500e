//! The host's signals. One handler for all of them, on the thread's own alternate stack, with all
//! signals blocked but the protected ones. It either
//! - turns a trapped call into an entry ([`trapped_call`]),
//! - mends a fault that the brand provoked on purpose, or
//! - delivers a signal: at once when it interrupted guest code, else it is held to the end of the
//!   call that is being served, with everything blocked meanwhile, so that nothing overtakes it
//!   and the host's queues keep their order.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use abi::signal::{
    SIG_DFL, SIG_IGN, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SigAction, SigContext,
    SigFrame, SigInfo, SigSet, SignalNumber, StackT, UC_FLAGS, UContext, sa, si,
};
use abi::{Errno, SysResult, nr};

use crate::arch::{self, Label};
use crate::brand::{Outcome, Trap, TrapKind};
use crate::frame::{self, Delivery, Extended, Fault, XState};
use crate::host_call;
use crate::start::hooks;
use crate::thread::{
    BLOCK_ALL, Control, EXIT_GS, EXIT_MASK, KIND_INT80, KIND_TRAPPED, Record, Thread, own_gs,
};

const SIG_SETMASK: usize = 2;
const AUDIT_ARCH_I386: u64 = 0x4000_0003;
/// The kernel rolls the flags of a trapped call back to those at the call.
const ALIGNMENT_CHECK: usize = 1 << 18;
const TRAP_FLAG: usize = 1 << 8;
/// Number of the page fault.
const PAGE_FAULT: u64 = 14;

/// Signals that the processor raises, when `si_code` says that the kernel sent them.
const FAULTS: SigSet = SigSet(SigSet::PROTECTED.0 | SigSet::of(&[SIGFPE]).0);

/// Signals that the brand needs, in the order of their slots (slot 0 is for all others).
const SLOTS: [SignalNumber; 5] = [SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGSYS];

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
    SLOTS
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

fn slot_of(signal: SignalNumber) -> usize {
    SLOTS
        .iter()
        .position(|&protected| protected == signal)
        .map_or(0, |index| index + 1)
}

/// Puts a signal into its slot. A protected one that is there already stays: standard signals do
/// not queue.
pub(crate) fn hold(control: NonNull<Control>, info: &SigInfo) {
    let slot = slot_of(info.signal());
    let bit = 1u32 << slot;
    // SAFETY: the slots are this thread's; its mainline takes a slot before it clears the bit.
    unsafe {
        let at = control.as_ptr();
        if (*at).pending.load(Ordering::Relaxed) & bit == 0 {
            let held = &mut (*at).held;
            if let Some(to) = held.get_mut(slot) {
                *to = *info;
            }
            (*at).pending.fetch_or(bit, Ordering::Release);
        }
    }
}

fn take_held(control: NonNull<Control>) -> Option<SigInfo> {
    // SAFETY: as in `hold`; a handler writes to a slot only while its bit is clear.
    unsafe {
        let at = control.as_ptr();
        let bits = (*at).pending.load(Ordering::Acquire);
        // The protected ones first: the kernel prefers synchronous signals.
        let slot = (1..6).chain([0]).find(|slot| bits >> slot & 1 != 0)?;
        let held = &(*at).held;
        let info = *held.get(slot)?;
        (*at).pending.fetch_and(!(1 << slot), Ordering::Release);
        Some(info)
    }
}

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
    if crate::start::in_brand(rip) {
        own_gs_again(control);
        if synchronous && SigSet::PROTECTED.contains(signal) {
            return brand_fault(control, info, context);
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
        Trap::Resume { rip, rax } if synchronous && matches!(signal, SIGTRAP | SIGILL) => {
            context.mcontext.regs.rip = rip;
            if let Some(rax) = rax {
                context.mcontext.regs.rax = rax;
            }
            return;
        }
        Trap::Enter { record } => return enter(control, record, context),
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
    this.saved = [regs.rcx, regs.r11];
    let (ret, site) = (regs.rip, regs.rip.wrapping_sub(2));
    let resume = match (hooks().trap)(ret, None) {
        // The site was patched while this thread was on its way: what follows is displaced.
        Trap::Resume { rip, .. } => rip,
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
fn brand_fault(_control: NonNull<Control>, info: &SigInfo, context: &mut UContext) {
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
    if slot_of(info.signal()) == 0 {
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

/// For signals that the brand itself keeps back and delivers at the end of a call.
pub fn deliver_kept(thread: &mut Thread, info: &SigInfo) {
    thread.hold(info);
}

/// Leaves the brand for a guest that uses gs: its base is set, and the host restores the
/// registers. `false` when a signal came first.
// Kept out of its caller, whose frame would else be as big as the state: every way out that is
// not the shortest would touch three more pages, which after a fork means copying them.
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
    if let Trap::Resume { rip, .. } = (hooks().trap)(mcontext.regs.rip, None) {
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

/// Whether a fault is one of a page that is not mapped or not accessible.
#[must_use]
pub fn is_page_fault(fault: &Fault) -> bool {
    fault.trapno == PAGE_FAULT
}

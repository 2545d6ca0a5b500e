//! What `entry.S`, `memory.S` and `start.S` define, typed; and the offsets that they use.

use core::arch::global_asm;
use core::mem::offset_of;

use abi::signal::{Regs, SigFrame};

use crate::thread::{AREA_SIZE, CONTROL_OFFSET, Control};

global_asm!(
    include_str!("entry.S"),
    AREA = const AREA_SIZE,
    CONTROL = const CONTROL_OFFSET,
    ROWS = const abi::nr::LIMIT,
    SELF = const offset_of!(Control, this),
    TOKEN = const offset_of!(Control, token),
    STACK = const offset_of!(Control, stack_top),
    PENDING = const offset_of!(Control, pending),
    STATE = const offset_of!(Control, state),
    RESTART = const offset_of!(Control, restart),
    PID = const offset_of!(Control, pid),
    TID = const offset_of!(Control, tid),
    RECORD = const offset_of!(Control, record),
    SLOT = const offset_of!(Control, slot),
    BEGAN = const offset_of!(Control, began),
    HOST_TICKS = const offset_of!(Control, host_ticks),
    CELLS = const crate::thread::CELLS,
    SLOT_HOST = const crate::observe::layout::SLOT_HOST,
    CELL_COUNT = const crate::observe::layout::CELL_COUNT,
    CELL_ERRORS = const crate::observe::layout::CELL_ERRORS,
    CELL_TOTAL = const crate::observe::layout::CELL_TOTAL,
    CELL_LONGEST = const crate::observe::layout::CELL_LONGEST,
    CELL_HISTOGRAM = const crate::observe::layout::CELL_HISTOGRAM,
    RESUME = const offset_of!(Control, frame.resume),
    ORIG_RAX = const offset_of!(Control, frame.orig_rax),
    XMM = const offset_of!(Control, frame.xmm),
    R8 = const offset_of!(Control, frame.regs.r8),
    R9 = const offset_of!(Control, frame.regs.r9),
    R10 = const offset_of!(Control, frame.regs.r10),
    R11 = const offset_of!(Control, frame.regs.r11),
    R12 = const offset_of!(Control, frame.regs.r12),
    R13 = const offset_of!(Control, frame.regs.r13),
    R14 = const offset_of!(Control, frame.regs.r14),
    R15 = const offset_of!(Control, frame.regs.r15),
    RDI = const offset_of!(Control, frame.regs.rdi),
    RSI = const offset_of!(Control, frame.regs.rsi),
    RBP = const offset_of!(Control, frame.regs.rbp),
    RBX = const offset_of!(Control, frame.regs.rbx),
    RDX = const offset_of!(Control, frame.regs.rdx),
    RAX = const offset_of!(Control, frame.regs.rax),
    RCX = const offset_of!(Control, frame.regs.rcx),
    RSP = const offset_of!(Control, frame.regs.rsp),
    RIP = const offset_of!(Control, frame.regs.rip),
    RFLAGS = const offset_of!(Control, frame.regs.rflags),
);
global_asm!(include_str!("memory.S"));
// Only the image itself begins here; programs with std that link this crate (tests) do not.
#[cfg(lx_image)]
global_asm!(include_str!("start.S"));

const _: () = assert!(size_of::<Regs>() == 18 * 8);

/// A place in the assembly, known by its address only.
#[repr(C)]
pub(crate) struct Label {
    byte: u8,
}

impl Label {
    /// Where the label is.
    pub(crate) fn address(&'static self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

unsafe extern "C" {
    pub(crate) safe static lx_entry: Label;
    pub(crate) safe static lx_fast_window: Label;
    pub(crate) safe static lx_fast_done: Label;
    pub(crate) safe static lx_fast_abort: Label;
    pub(crate) safe static lx_counted_window: Label;
    pub(crate) safe static lx_counted_done: Label;
    pub(crate) safe static lx_fast_exit: Label;
    pub(crate) safe static lx_fast_exit_end: Label;
    pub(crate) safe static lx_exit_check: Label;
    pub(crate) safe static lx_exit_end: Label;
    pub(crate) safe static lx_window: Label;
    pub(crate) safe static lx_window_done: Label;
    pub(crate) safe static lx_window_abort: Label;
    pub(crate) safe static lx_sigreturn_window: Label;
    pub(crate) safe static lx_sigreturn_done: Label;
    pub(crate) safe static lx_sigreturn_abort: Label;
    pub(crate) safe static lx_signal_entry: Label;
    pub(crate) safe static lx_restorer: Label;
    pub(crate) safe static lx_check_stub: Label;
    pub(crate) safe static lx_check_token: Label;
    pub(crate) safe static lx_check_stub_end: Label;
    pub(crate) safe static lx_copy_start: Label;
    pub(crate) safe static lx_copy_fault: Label;
    pub(crate) safe static lx_copy_string_start: Label;
    pub(crate) safe static lx_copy_string_end: Label;
    pub(crate) safe static lx_copy_string_fault: Label;

    /// A host call; its arguments are the caller's to answer for.
    pub(crate) fn lx_host_call(nr: usize, args: *const [usize; 6]) -> usize;
    /// The same in the window that looks for a pending signal first: -512 when there is one.
    pub(crate) fn lx_host_call_blocking(nr: usize, args: *const [usize; 6]) -> usize;
    /// rt_sigreturn(2) from a frame of the brand's. Returns only when a signal is pending.
    pub(crate) fn lx_sigreturn(frame: *const SigFrame, gs_base: usize, set_gs: usize) -> usize;
    /// clone(2) or clone3(2).
    pub(crate) fn lx_clone(nr: usize, args: *const [usize; 6], child: *mut Control) -> usize;
    /// Frees the area and exits by exit(2) or exit_group(2).
    pub(crate) fn lx_exit_thread(this: *mut Control, status: usize, nr: usize) -> !;
    /// Into the guest for the first time.
    pub(crate) fn lx_enter(this: *mut Control) -> !;
    /// The processor's time stamp counter.
    pub(crate) safe fn lx_ticks() -> u64;
    /// The GS base.
    pub(crate) safe fn lx_read_gs_base() -> usize;
    /// Sets the GS base.
    pub(crate) fn lx_write_gs_base(base: usize);
    /// Saves the extended state at a 64-byte aligned, zeroed buffer.
    pub(crate) fn lx_xsave(this: *const Control, to: *mut u8, features: u64);
    /// Restores the extended state from a 64-byte aligned buffer.
    pub(crate) fn lx_xrstor(from: *const u8, features: u64);
    /// Copies between brand and guest; the bytes left when a fault ended it.
    pub(crate) fn lx_copy(to: *mut u8, from: *const u8, len: usize) -> usize;
    /// Copies a string from the guest.
    pub(crate) fn lx_copy_string(to: *mut u8, from: *const u8, room: usize) -> isize;
}

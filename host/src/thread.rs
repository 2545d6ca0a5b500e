//! The area that every guest thread has in the brand's memory: an alternate stack for the host's
//! signals, the brand's stack, and the control block that gs points at.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::signal::{Regs, SigInfo, SigSet};

use crate::arch::{lx_exit_thread, lx_read_gs_base, lx_write_gs_base};
use crate::memory;
use crate::start::hooks;

/// Size and alignment of an area: a handler finds the control block from its stack pointer.
pub const AREA_SIZE: usize = 128 << 10;
/// Where the alternate stack begins: above a guard page.
const ALTERNATE_STACK: usize = 4 << 10;
/// Where the brand's stack begins, above the alternate stack.
const BRAND_STACK: usize = 52 << 10;
/// Where the control block begins, above the brand's stack.
pub const CONTROL_OFFSET: usize = AREA_SIZE - (8 << 10);
/// Below it, a word for each call: where an observed thread counts it ([`crate::observe`]).
pub(crate) const CELLS: usize = 8 * abi::nr::LIMIT;
/// Room for the brand's task in the control block.
const TASK_SIZE: usize = 5 << 10;

/// How many descriptors in a row, from `lx_reserved_fd` on, belong to the brand: its image, the
/// host's /proc, and in a zone the facts and the socket of zsched (`host::intercept`). In a zone
/// without namespaces there are more.
pub const RESERVED_FDS: usize = 4;

/// The guest's registers while its call is served.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct Frame {
    /// The low halves of the vector registers, which the brand's own code overwrites.
    pub xmm: [[u8; 16]; 16],
    /// As the guest sees them: rip is the instruction after its `syscall`.
    pub regs: Regs,
    /// The call number.
    pub orig_rax: usize,
    /// Where execution really goes on; differs from `regs.rip` when that instruction is displaced.
    pub resume: usize,
}

/// What a trampoline, or the handler of a trap, says about a site.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Record {
    /// The address after the `syscall` instruction.
    pub ret: usize,
    /// Where to go on.
    pub resume: usize,
    /// `KIND_*`.
    pub kind: usize,
    /// The address of the `syscall` instruction.
    pub site: usize,
}

/// The call came through a patched site.
pub const KIND_PATCHED: usize = 0;
/// The call was trapped on.
pub const KIND_TRAPPED: usize = 1;
/// `int 0x80`: a call of the 32-bit ABI.
pub const KIND_INT80: usize = 2;

/// Bits of [`Control::exit_flags`].
pub(crate) const EXIT_GS: u32 = 1;
pub(crate) const EXIT_MASK: u32 = 2;

/// Slots for held signals: one for the signals that the host blocks meanwhile, and two for each
/// of the protected ones, which stay unblocked.
pub(crate) const HELD: usize = 11;

/// The control block.
#[repr(C)]
pub(crate) struct Control {
    pub(crate) this: *mut Control,
    /// The image's, by which the check stub knows this block.
    pub(crate) token: u64,
    pub(crate) stack_top: usize,
    /// Which slots of `held` are full. Read together with `exit_flags` as one quadword.
    pub(crate) pending: AtomicU32,
    pub(crate) exit_flags: AtomicU32,
    /// 0: the area is free.
    pub(crate) state: AtomicU32,
    pub(crate) restart: u32,
    pub(crate) pid: u32,
    pub(crate) tid: u32,
    pub(crate) record: *const Record,
    pub(crate) frame: Frame,
    /// Filled by the handler of a trap.
    pub(crate) trap: Record,
    /// rcx and r11 at an `int 0x80`, which keeps them.
    pub(crate) saved: [usize; 2],
    pub(crate) guest_gs: usize,
    /// Set while the brand itself calls into the vDSO, whose own calls then pass.
    pub(crate) in_vdso: AtomicU32,
    /// What the host's frames last said about the extended state.
    pub(crate) xfeatures: u64,
    pub(crate) xsize: u32,
    /// The thread's slot in the book of those who observe it; 0 when it has none.
    pub(crate) slot: usize,
    /// When the call began that entry.S counts.
    pub(crate) began: u64,
    /// Ticks spent in host calls since somebody asked.
    pub(crate) host_ticks: u64,
    pub(crate) held: [SigInfo; HELD],
    pub(crate) task_present: bool,
    /// The thread touches its task no more.
    pub(crate) left: bool,
    pub(crate) task: Storage,
}

#[repr(C, align(64))]
pub(crate) struct Storage(pub(crate) [u8; TASK_SIZE]);

const _: () = assert!(size_of::<Control>() <= AREA_SIZE - CONTROL_OFFSET);

/// The running guest thread, as its task holds it.
#[derive(Debug)]
pub struct Thread(pub(crate) NonNull<Control>);

/// Memory of a thread that is to be, until it is started or dropped.
#[derive(Debug)]
pub struct NewThread(pub(crate) NonNull<Control>);

impl NewThread {
    /// An area for another thread.
    ///
    /// # Errors
    /// `ENOMEM`, `EAGAIN` from the host.
    pub fn new() -> abi::SysResult<Self> {
        let control = memory::take_area()?;
        let at = control.as_ptr();
        // SAFETY: the area is this thread's alone. Whoever had it before has left it for good; where that
        // was killed in the midst of something, its task may be in any state, and is forgotten.
        unsafe {
            if (*at).left && (*at).task_present {
                (hooks().drop_task)(control);
            }
            (*at).left = false;
        }
        let base = at.addr() - CONTROL_OFFSET;
        // SAFETY: the area is fresh or free, mapped and this thread's alone.
        unsafe {
            (*at).this = at;
            (*at).token = crate::intercept::token().into();
            (*at).stack_top = base + CONTROL_OFFSET - CELLS - 64;
            (*at).pending = AtomicU32::new(0);
            (*at).exit_flags = AtomicU32::new(0);
            (*at).restart = 0;
            (*at).pid = 0;
            (*at).tid = 0;
            (*at).guest_gs = 0;
            (*at).in_vdso = AtomicU32::new(0);
            (*at).slot = 0;
            (*at).task_present = false;
        }
        Ok(Self(control))
    }

    /// Gives the thread its registers and its task. `make` gets the handle that the task keeps.
    pub fn install<T>(&mut self, frame: Frame, make: impl FnOnce(Thread) -> T) {
        // SAFETY: the area is this thread's alone, and nothing runs in it yet.
        unsafe { (*self.0.as_ptr()).frame = frame };
        install_task(self.0, make(Thread(self.0)));
    }

    /// Passes on what clone passes on besides: the guest's own GS base.
    pub fn inherit(&mut self, from: &Thread) {
        // SAFETY: as above; `from` is the running thread.
        unsafe {
            let parent = from.0.as_ref();
            let child = self.0.as_mut();
            child.guest_gs = parent.guest_gs;
            let flags = parent.exit_flags.load(Ordering::Relaxed) & EXIT_GS;
            child.exit_flags = AtomicU32::new(flags);
            child.xfeatures = parent.xfeatures;
            child.xsize = parent.xsize;
        }
    }

    /// Gives the area back, when the thread could not be made or (after vfork) is gone.
    pub fn release(self) {
        // SAFETY: the area is mapped for good; no thread runs in it.
        unsafe { self.0.as_ref() }.state.store(0, Ordering::Release);
    }
}

/// Writes the task into the control block.
pub(crate) fn install_task<T>(control: NonNull<Control>, task: T) {
    const { assert!(size_of::<T>() <= TASK_SIZE && align_of::<T>() <= 64) };
    // SAFETY: the storage is big and aligned enough, and no reference to a task in it is alive.
    unsafe {
        let at = control.as_ptr();
        (&raw mut (*at).task).cast::<T>().write(task);
        (*at).task_present = true;
    }
}

/// The task in the control block.
///
/// # Safety
/// `T` is the brand's task type, it is installed, and no other reference to it is alive.
pub(crate) unsafe fn task_mut<'a, T>(control: NonNull<Control>) -> &'a mut T {
    // SAFETY: the caller's.
    unsafe { &mut *(&raw mut (*control.as_ptr()).task).cast::<T>() }
}

impl Thread {
    pub(crate) fn control(&self) -> &Control {
        // SAFETY: the control block outlives the thread, and the running thread alone changes the
        // fields that are read through here.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn control_mut(&mut self) -> &mut Control {
        // SAFETY: as above.
        unsafe { self.0.as_mut() }
    }

    /// The guest's registers.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.control().frame
    }

    /// The guest's registers, to change.
    pub fn frame_mut(&mut self) -> &mut Frame {
        &mut self.control_mut().frame
    }

    /// How the call that is being served came in.
    #[must_use]
    pub fn record(&self) -> Record {
        // SAFETY: entry.S stored the address of a record that stays mapped during the call.
        unsafe { *self.control().record }
    }

    /// rcx and r11 as they were at an `int 0x80`.
    #[must_use]
    pub fn int80_saved(&self) -> [usize; 2] {
        self.control().saved
    }

    /// What [`Self::set_ids`] was told last.
    #[must_use]
    pub fn ids(&self) -> (u32, u32) {
        let control = self.control();
        (control.pid, control.tid)
    }

    /// The numbers that getpid and gettid answer at once; 0 makes them ask again.
    pub fn set_ids(&mut self, pid: u32, tid: u32) {
        let control = self.control_mut();
        control.pid = pid;
        control.tid = tid;
    }

    /// Makes the guest execute its `syscall` instruction again, with its registers as they were.
    pub fn restart(&mut self) {
        let frame = &mut self.control_mut().frame;
        frame.regs.rip -= 2;
        frame.resume = frame.regs.rip;
        frame.regs.rax = frame.orig_rax;
    }

    /// Whether the guest is about to execute its `syscall` instruction again.
    #[must_use]
    pub fn will_restart(&self) -> bool {
        // SAFETY: the record stays mapped during the call.
        let ret = unsafe { (*self.control().record).ret };
        self.control().frame.regs.rip == ret.wrapping_sub(2)
    }

    /// Whether a signal waits for the end of this call.
    #[must_use]
    pub fn signal_pending(&self) -> bool {
        self.control().pending.load(Ordering::Relaxed) != 0
    }

    /// Holds a signal that the brand itself took from the host for the guest's handler.
    pub fn hold(&mut self, info: &SigInfo) {
        crate::signal::hold(self.0, info);
    }

    /// Looks at the host's signal mask again on the way out.
    pub fn mask_changed(&mut self) {
        self.control()
            .exit_flags
            .fetch_or(EXIT_MASK, Ordering::Relaxed);
    }

    /// The guest's own GS base.
    #[must_use]
    pub fn guest_gs(&self) -> usize {
        self.control().guest_gs
    }

    /// The guest sets its GS base: from now on each way out restores it.
    pub fn set_guest_gs(&mut self, base: usize) {
        let control = self.control_mut();
        control.guest_gs = base;
        control.exit_flags.fetch_or(EXIT_GS, Ordering::Relaxed);
    }

    /// Says that the next host call, if it succeeds, is the thread's last: its task can be dropped then.
    pub fn leave(&mut self, leaves: bool) {
        self.control_mut().left = leaves;
    }

    /// Ends this thread by call `nr`, exit(2) or exit_group(2), and gives its area back for
    /// others that share this memory. All signals must be blocked.
    pub fn exit(&mut self, nr: usize, status: usize) -> ! {
        self.leave(true);
        // SAFETY: nothing of the area is used any more.
        unsafe { lx_exit_thread(self.0.as_ptr(), status, nr) }
    }

    /// The alternate stack on which the host's handlers of this thread run: address and size.
    pub(crate) fn alternate_stack(&self) -> (usize, usize) {
        let base = self.0.as_ptr().addr() - CONTROL_OFFSET;
        (base + ALTERNATE_STACK, BRAND_STACK - ALTERNATE_STACK)
    }
}

/// Makes gs point at the control block; what it was, if that is not the same, is the guest's.
pub(crate) fn own_gs(control: NonNull<Control>) {
    let base = lx_read_gs_base();
    if base != control.as_ptr().addr() {
        // SAFETY: the control block is mapped; the guest's base is kept and restored on exit.
        unsafe {
            let at = control.as_ptr();
            (*at).guest_gs = base;
            (*at).exit_flags.fetch_or(EXIT_GS, Ordering::Relaxed);
            lx_write_gs_base(at.addr());
        }
    }
}

/// The mask that blocks all that can be blocked, but for what the brand needs.
pub const BLOCK_ALL: SigSet = SigSet(!SigSet::PROTECTED.0 & !SigSet::UNBLOCKABLE.0);

impl Frame {
    /// A frame with nothing in it.
    pub const ZERO: Self = Self {
        xmm: [[0; 16]; 16],
        regs: Regs {
            r8: 0,
            r9: 0,
            r10: 0,
            r11: 0,
            r12: 0,
            r13: 0,
            r14: 0,
            r15: 0,
            rdi: 0,
            rsi: 0,
            rbp: 0,
            rbx: 0,
            rdx: 0,
            rax: 0,
            rcx: 0,
            rsp: 0,
            rip: 0,
            rflags: 0x202,
        },
        orig_rax: 0,
        resume: 0,
    };
}

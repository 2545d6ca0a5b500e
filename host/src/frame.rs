//! Frames of guest handlers: what the kernel's `x64_setup_rt_frame` builds
//! (`arch/x86/kernel/signal_64.c`), built in the guest's memory by the brand.

use abi::signal::{
    FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2, FPX_SW_OFFSET, FpxSwBytes, Regs, SigAction, SigContext,
    SigFrame, SigInfo, SigSet, StackT, UC_FLAGS, UContext, sa,
};
use abi::{Errno, SysResult, UserPtr};
use zerocopy::{FromBytes, IntoBytes};

use crate::arch::{lx_xrstor, lx_xsave};
use crate::thread::Control;
use crate::user;

/// Room for the largest extended state that x86-64 has today: AVX-512 and AMX tiles.
pub(crate) const XSTATE_MAX: usize = 12 << 10;
/// End of the legacy area and the header.
const XSTATE_MIN: usize = 576;
/// `FP_XSTATE_MAGIC2` behind the state.
const MAGIC2_SIZE: usize = 4;
const RED_ZONE: usize = 128;
/// Direction, resume and trap flag: cleared for a handler.
const CLEARED_FLAGS: usize = 0x400 | 0x1_0000 | 0x100;
const USER_CS: u16 = 0x33;
const USER_SS: u16 = 0x2b;

/// A buffer for the extended state.
#[repr(C, align(64))]
pub(crate) struct XState(pub(crate) [u8; XSTATE_MAX]);

/// Where the guest's extended state is at the moment.
pub(crate) enum Extended<'a> {
    /// In the frame that the host made.
    Host(&'a [u8]),
    /// In the registers, but for what the brand's code overwrites.
    Live(&'a mut Control),
}

/// What is known of the fault that caused a signal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fault {
    /// The error code.
    pub err: u64,
    /// The number.
    pub trapno: u64,
    /// The address.
    pub cr2: u64,
}

/// A signal on its way to the guest: its registers, and where a frame would take the rest from.
pub struct Delivery<'a> {
    /// The guest's registers at the interruption; those of the handler after [`Delivery::push`].
    pub regs: &'a mut Regs,
    /// What the hardware said, when a fault of the guest's is the cause.
    pub fault: Option<Fault>,
    pub(crate) extended: Extended<'a>,
    pub(crate) pushed: bool,
}

/// Where on the guest's stacks a frame goes.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// The alternate stack that the frame must lie on, if it is on one: `(lowest, size)`.
    pub within: Option<(usize, usize)>,
    /// Whether the frame begins at the top of that stack rather than below the interrupted frame.
    pub entering: bool,
    /// What `uc_stack` says.
    pub uc_stack: StackT,
}

impl Delivery<'_> {
    /// Pushes the frame of a handler and sets the registers to run it. `mask` is what rt_sigreturn
    /// will restore.
    ///
    /// # Errors
    /// `EFAULT` when the frame cannot be written: the kernel then forces SIGSEGV.
    pub fn push(
        &mut self,
        action: &SigAction,
        info: &SigInfo,
        place: &Placement,
        mask: SigSet,
    ) -> SysResult<()> {
        if action.flags & sa::RESTORER == 0 {
            return Err(Errno::EFAULT);
        }
        let top = match place.within {
            Some((low, size)) if place.entering => low.wrapping_add(size),
            _ => self.regs.rsp.wrapping_sub(RED_ZONE),
        };
        let size = self.state_size() + MAGIC2_SIZE;
        let state_at = top.wrapping_sub(size) & !63;
        let at = (state_at.wrapping_sub(size_of::<SigFrame>()) & !15).wrapping_sub(8);
        if let Some((low, size)) = place.within
            && !(at > low && at - low <= size)
        {
            return Err(Errno::EFAULT);
        }
        self.write_state(state_at)?;
        let fault = self.fault.unwrap_or_default();
        let frame = SigFrame {
            pretcode: action.restorer,
            uc: UContext {
                flags: UC_FLAGS,
                link: 0,
                stack: place.uc_stack,
                mcontext: SigContext {
                    regs: *self.regs,
                    segments: [USER_CS, 0, 0, USER_SS],
                    err: fault.err,
                    trapno: fault.trapno,
                    oldmask: mask.0,
                    cr2: fault.cr2,
                    fpstate: state_at,
                    reserved: [0; 8],
                },
                sigmask: mask,
            },
            info: *info,
        };
        user::write(UserPtr::new(at), &frame)?;
        let regs = &mut *self.regs;
        regs.rdi = usize::from(info.signal());
        regs.rsi = at + core::mem::offset_of!(SigFrame, info);
        regs.rdx = at + core::mem::offset_of!(SigFrame, uc);
        regs.rax = 0;
        regs.rip = action.handler;
        regs.rsp = at;
        regs.rflags &= !CLEARED_FLAGS;
        self.clear_state();
        self.pushed = true;
        Ok(())
    }

    fn state_size(&self) -> usize {
        match &self.extended {
            Extended::Host(state) => state.len() - MAGIC2_SIZE,
            Extended::Live(control) => usize::try_from(control.xsize).unwrap_or(0),
        }
    }

    fn write_state(&mut self, at: usize) -> SysResult<()> {
        match &mut self.extended {
            Extended::Host(state) => user::write_bytes(at, state),
            Extended::Live(control) => {
                let mut buffer = XState([0; XSTATE_MAX]);
                let size = save(control, &mut buffer);
                let whole = buffer.0.get(..size + MAGIC2_SIZE).ok_or(Errno::EFAULT)?;
                user::write_bytes(at, whole)
            }
        }
    }

    /// A handler starts with the extended state in its initial configuration.
    fn clear_state(&mut self) {
        if let Extended::Live(control) = &mut self.extended {
            let mut initial = XState([0; XSTATE_MAX]);
            if let Some(mxcsr) = initial.0.get_mut(24..28) {
                mxcsr.copy_from_slice(&0x1f80_u32.to_le_bytes());
            }
            // SAFETY: the buffer is aligned, and a zero header asks for initial values.
            unsafe { lx_xrstor(initial.0.as_ptr(), control.xfeatures) };
            control.frame.xmm = [[0; 16]; 16];
        }
    }
}

/// Saves the guest's extended state in the form of a signal frame; its size without the magic
/// number behind it.
pub(crate) fn save(control: &mut Control, buffer: &mut XState) -> usize {
    let size = usize::try_from(control.xsize)
        .unwrap_or(0)
        .clamp(XSTATE_MIN, XSTATE_MAX - 8);
    // SAFETY: the buffer is aligned, zeroed and large enough for `xsize`, the size that the host
    // itself uses for these features.
    unsafe { lx_xsave(control, buffer.0.as_mut_ptr(), control.xfeatures) };
    let software = FpxSwBytes {
        magic1: FP_XSTATE_MAGIC1,
        extended_size: control.xsize + 4,
        xfeatures: control.xfeatures,
        xstate_size: control.xsize,
        padding: [0; 7],
    };
    let bytes = software.as_bytes();
    if let Some(to) = buffer.0.get_mut(FPX_SW_OFFSET..FPX_SW_OFFSET + bytes.len()) {
        to.copy_from_slice(bytes);
    }
    if let Some(to) = buffer.0.get_mut(size..size + MAGIC2_SIZE) {
        to.copy_from_slice(&FP_XSTATE_MAGIC2.to_le_bytes());
    }
    size
}

/// The extended state in a frame that the host made, with the magic number behind it; and what it
/// says about itself.
///
/// # Safety
/// `at` is the `fpstate` of a frame that the host has just made, or 0.
pub(crate) unsafe fn host_state<'a>(at: usize) -> (&'a [u8], FpxSwBytes) {
    if at == 0 {
        return (&[0; MAGIC2_SIZE], FpxSwBytes::default());
    }
    let start: *const u8 = core::ptr::with_exposed_provenance(at);
    // SAFETY: the legacy area has 512 bytes.
    let legacy = unsafe { core::slice::from_raw_parts(start, 512) };
    let software = legacy
        .get(FPX_SW_OFFSET..)
        .and_then(|bytes| FpxSwBytes::read_from_prefix(bytes).ok())
        .map_or_else(FpxSwBytes::default, |(software, _)| software);
    let size = if software.magic1 == FP_XSTATE_MAGIC1 {
        software.extended_size
    } else {
        512
    };
    // SAFETY: the host wrote that many bytes.
    (
        unsafe { core::slice::from_raw_parts(start, usize::try_from(size).unwrap_or(512)) },
        software,
    )
}

//! New processes and threads: clone(2), clone3(2), fork(2), vfork(2).

use abi::signal::{SigSet, SignalNumber};
use abi::{Errno, SysResult, nr};

use crate::arch::lx_clone;
use crate::memory::only_area_left;
use crate::signal::{block_all, set_mask};
use crate::start::hooks;
use crate::sync::forking;
use crate::thread::{BLOCK_ALL, Control, NewThread, Thread};
use crate::{alloc, host_call, intercept, signal};

/// What the host is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// clone(2) with its arguments: flags, stack, parent_tid, child_tid, tls.
    Clone([usize; 5]),
    /// clone3(2) with `struct clone_args` in the brand's memory, and its size.
    Clone3(usize, usize),
}

/// Makes a child that gets a copy of this memory. Returns twice: 0 in the child, where
/// [`crate::Brand::child`] has run. `mask` is the host's mask of the parent.
///
/// # Errors
/// Those of clone(2); `ERESTARTSYS` when a signal came first.
pub fn fork(thread: &mut Thread, request: Request, mask: SigSet) -> SysResult {
    block_all();
    if thread.signal_pending() {
        // All stays blocked: a held signal's place is taken until it is delivered.
        thread.mask_changed();
        return Err(Errno::ERESTARTSYS);
    }
    let result = {
        let _locks = forking();
        let _heap = alloc::hold();
        start(request, core::ptr::null_mut())
    };
    if result == Ok(0) {
        only_area_left(thread.0);
        begin(thread);
    } else {
        set_mask(mask);
    }
    result
}

/// Makes a thread, or a process that shares this memory; it begins with the frame and the task
/// that `child` holds. With `borrowed`, the parent has waited until the child let go of the memory
/// (vfork), and takes the area back.
///
/// # Errors
/// Those of clone(2); `ERESTARTSYS` when a signal came first.
pub fn spawn(
    thread: &mut Thread,
    request: Request,
    child: NewThread,
    borrowed: bool,
    mask: SigSet,
) -> SysResult {
    // A C library blocks everything itself around clone.
    let change = mask != BLOCK_ALL;
    if change {
        block_all();
    }
    if thread.signal_pending() {
        child.release();
        thread.mask_changed();
        return Err(Errno::ERESTARTSYS);
    }
    let result = start(request, child.0.as_ptr());
    if result.is_err() || borrowed {
        child.release();
    }
    if change {
        set_mask(mask);
    }
    result
}

fn start(request: Request, child: *mut Control) -> SysResult {
    // The child's stack on the host is the brand's; the guest's own is in its frame.
    let stack = if child.is_null() {
        0
    } else {
        // SAFETY: the control block is initialised.
        unsafe { (*child).stack_top }
    };
    let (call, args) = match request {
        Request::Clone([flags, _, parent_tid, child_tid, tls]) => {
            (nr::CLONE, [flags, stack, parent_tid, child_tid, tls, 0])
        }
        Request::Clone3(args, size) => (nr::CLONE3, [args, size, 0, 0, 0, 0]),
    };
    // SAFETY: the child runs on a stack of its own or on a copy of this one; `lx_child` is the
    // first that it calls.
    Errno::decode(unsafe { lx_clone(call, &args, child) })
}

/// Where the brand's stack of a child begins, for the `stack` of clone3.
#[must_use]
pub fn stack_of(child: &NewThread) -> usize {
    // SAFETY: the control block is initialised.
    unsafe { child.0.as_ref() }.stack_top
}

/// entry.S calls this first in a child that shares its parent's memory.
#[unsafe(no_mangle)]
extern "C" fn lx_child(control: core::ptr::NonNull<Control>) {
    let mut thread = Thread(control);
    if signal::use_own_stack(&thread).is_err() {
        crate::start::fatal(format_args!("sigaltstack failed in a new thread"));
    }
    begin(&mut thread);
}

/// What every child does before its first guest instruction. All signals are blocked.
fn begin(thread: &mut Thread) {
    thread.set_ids(0, 0);
    thread.forget_slot();
    if let Err(errno) = intercept::arm() {
        crate::start::fatal(format_args!("cannot catch calls in a child: {errno}"));
    }
    (hooks().child)(thread.0);
    // The mask is set on the way out, when the task is complete.
    if (hooks().host_mask)(thread.0) != BLOCK_ALL {
        thread.mask_changed();
    }
}

/// Ends the process.
pub fn exit_group(status: usize) -> ! {
    loop {
        let _ = host_call!(nr::EXIT_GROUP, status);
    }
}

/// Ends the process by `signal`, with a core dump where that is its default action.
pub fn die_of(signal: SignalNumber) -> ! {
    let _ = signal::set_disposition(signal, signal::Disposition::Default);
    let pid = host_call!(nr::GETPID).unwrap_or(0);
    let tid = host_call!(nr::GETTID).unwrap_or(0);
    set_mask(SigSet::EMPTY);
    let _ = host_call!(nr::TGKILL, pid, tid, usize::from(signal));
    exit_group(128 + usize::from(signal))
}

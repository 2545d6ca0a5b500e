//! clone(2), clone3(2), fork(2), vfork(2): the guest's flags go to the host as they are. A child
//! that shares memory gets an area and a task of its own before it starts.

use alloc::sync::Arc;
use core::cell::RefCell;

use abi::arg::{Ptr, Size, Ulong};
use abi::{Errno, SysResult};
use host::process::{self, Request};
use host::thread::{Frame, NewThread};
use host::user;
use kernel::Task;
use kernel::bare::Links;
use kernel::signal::{AltStack, Kept, host_mask};

const CLONE_VM: usize = 0x100;
const CLONE_SIGHAND: usize = 0x800;
const CLONE_VFORK: usize = 0x4000;
const CLONE_THREAD: usize = 0x1_0000;
const CLONE_CLEAR_SIGHAND: usize = 1 << 32;
const SIGCHLD: usize = 17;
/// Flags of clone(2) that hold the exit signal.
const CSIGNAL: usize = 0xff;
const CLONE_PIDFD: usize = 0x1000;
const CLONE_PARENT: usize = 0x8000;
const CLONE_PARENT_SETTID: usize = 0x10_0000;
/// Ignored by clone(2), refused by clone3(2).
const CLONE_DETACHED: usize = 0x40_0000;
const LAST_SIGNAL: usize = 64;

/// `CLONE_ARGS_SIZE_VER0`.
const SMALLEST: usize = 64;
/// Of `struct clone_args` (`CLONE_ARGS_SIZE_VER2`): eleven words.
const WORDS: usize = 11;
const FLAGS: usize = 0;
const STACK: usize = 5;
const STACK_SIZE: usize = 6;

/// clone(2).
pub fn clone(
    t: &mut Task,
    flags: Ulong,
    stack: Ptr,
    parent_tid: Ptr,
    child_tid: Ptr,
    tls: Ptr,
) -> SysResult {
    // The upper half of the flags means nothing to clone(2).
    let shared = flags.0 & 0xffff_ffff;
    let request = Request::Clone([flags.0, stack.0, parent_tid.0, child_tid.0, tls.0]);
    start(t, shared, stack.0, request, |_| request)
}

/// fork(2).
pub fn fork(t: &mut Task) -> SysResult {
    let request = Request::Clone([SIGCHLD, 0, 0, 0, 0]);
    start(t, 0, 0, request, |_| request)
}

/// vfork(2).
pub fn vfork(t: &mut Task) -> SysResult {
    let flags = CLONE_VM | CLONE_VFORK;
    let request = Request::Clone([flags | SIGCHLD, 0, 0, 0, 0]);
    start(t, flags, 0, request, |_| request)
}

/// clone3(2). What clone(2) can do too is asked of that, since a zone's filter cannot see the flags
/// of clone3 and refuses it (ENOSYS, on which C libraries fall back to clone).
pub fn clone3(t: &mut Task, at: Ptr, size: Size) -> SysResult {
    if size.0 > 4096 {
        return Err(Errno::E2BIG);
    }
    if size.0 < SMALLEST {
        return Err(Errno::EINVAL);
    }
    let mut args = [0usize; WORDS];
    let known = size.0.min(size_of_val(&args));
    read_words(at.0, &mut args, known)?;
    for extra in (known..size.0).step_by(8) {
        let mut rest = [0u8; 8];
        let len = (size.0 - extra).min(8);
        user::read_bytes(
            at.0.wrapping_add(extra),
            rest.get_mut(..len).unwrap_or_default(),
        )?;
        if rest != [0; 8] {
            return Err(Errno::E2BIG);
        }
    }
    let (flags, stack, stack_size) = (args[FLAGS], args[STACK], args[STACK_SIZE]);
    if (stack == 0) != (stack_size == 0) {
        return Err(Errno::EINVAL);
    }
    let top = stack.wrapping_add(stack_size);
    if let Some(older) = as_clone(&args) {
        let request = Request::Clone(older);
        return start(t, flags, top, request, |_| request);
    }
    args[STACK] = 0;
    args[STACK_SIZE] = 0;
    let whole = |args: &[usize; WORDS]| Request::Clone3(args.as_ptr().expose_provenance(), known);
    let alone = args;
    start(t, flags, top, whole(&alone), |child| {
        // The host wants a stack with a size; where it begins matters to no one.
        let low = process::stack_of(child) - 4096;
        args[STACK] = low;
        args[STACK_SIZE] = 4096;
        whole(&args)
    })
}

/// The arguments of clone(2) that ask for the same. There are none for what is new in clone3, nor
/// for what clone3 refuses and clone does not.
fn as_clone(args: &[usize; WORDS]) -> Option<[usize; 5]> {
    let [
        flags,
        pidfd,
        child_tid,
        parent_tid,
        signal,
        stack,
        _,
        tls,
        set_tid,
        set_tids,
        _,
    ] = *args;
    let same = flags & !0xffff_ffff == 0
        && flags & (CSIGNAL | CLONE_DETACHED) == 0
        && signal <= LAST_SIGNAL
        && (signal == 0 || flags & (CLONE_THREAD | CLONE_PARENT) == 0)
        && (set_tid, set_tids) == (0, 0);
    // Both go where clone(2) has one argument.
    let parent = match (flags & CLONE_PIDFD != 0, flags & CLONE_PARENT_SETTID != 0) {
        (true, true) => return None,
        (true, false) => pidfd,
        _ => parent_tid,
    };
    same.then_some([flags | signal, stack, parent, child_tid, tls])
}

fn read_words(from: usize, to: &mut [usize; WORDS], len: usize) -> SysResult<()> {
    let mut bytes = [0u8; WORDS * 8];
    user::read_bytes(from, bytes.get_mut(..len).unwrap_or_default())?;
    for (word, chunk) in to.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = usize::from_le_bytes(chunk.try_into().unwrap_or_default());
    }
    Ok(())
}

/// Makes the child. `alone` is what to ask for when it gets its own memory, `sharing` when not.
fn start(
    t: &mut Task,
    flags: usize,
    stack: usize,
    alone: Request,
    sharing: impl FnOnce(&NewThread) -> Request,
) -> SysResult {
    let mask = host_mask(t.blocked);
    let mut frame = *t.thread.frame();
    frame.regs.rax = 0;
    if stack != 0 {
        frame.regs.rsp = stack;
    }
    if flags & CLONE_VM == 0 {
        let result = process::fork(&mut t.thread, alone, mask)?;
        if result == 0 {
            become_child(t, flags);
            *t.thread.frame_mut() = frame;
        }
        return Ok(result);
    }
    let borrowed = flags & CLONE_VFORK != 0;
    let child = prepare(t, flags, frame, borrowed)?;
    let request = sharing(&child);
    process::spawn(&mut t.thread, request, child, borrowed, mask)
}

/// What a forked child has less than its parent.
fn become_child(t: &mut Task, flags: usize) {
    t.kept = Kept::EMPTY;
    t.borrows_memory = false;
    if let Some(users) = &t.users {
        users.publish(t.host_pid());
    }
    if flags & CLONE_CLEAR_SIGHAND != 0 {
        t.sighand = Arc::new(t.sighand.copied(true));
        // The host has dropped the brand's handlers with the others.
        let _ = host::signal::protect();
    }
}

/// The area and the task of a child that shares this memory.
fn prepare(t: &Task, flags: usize, frame: Frame, borrowed: bool) -> SysResult<NewThread> {
    let mut child = NewThread::new()?;
    child.inherit(&t.thread);
    let clear = flags & CLONE_CLEAR_SIGHAND != 0;
    let sighand = if flags & CLONE_SIGHAND != 0 {
        Arc::clone(&t.sighand)
    } else {
        Arc::new(t.sighand.copied(clear))
    };
    child.install(frame, |thread| Task {
        thread,
        program: Arc::clone(&t.program),
        sighand,
        blocked: t.blocked,
        saved_mask: None,
        altstack: if borrowed { t.altstack } else { AltStack::NONE },
        kept: Kept::EMPTY,
        seccomp: t.seccomp.clone(),
        group: if flags & CLONE_THREAD != 0 {
            Arc::clone(&t.group)
        } else {
            Arc::default()
        },
        synchronised: if flags & CLONE_THREAD != 0 {
            t.synchronised
        } else {
            0
        },
        dying: None,
        borrows_memory: borrowed,
        patches: t.patches,
        mounts: t.mounts,
        users: t.users.clone(),
        protect_again: clear,
        links: RefCell::new(Links::new()),
        departing: None,
    });
    Ok(child)
}

#[cfg(test)]
mod tests {
    use super::{
        CLONE_CLEAR_SIGHAND, CLONE_DETACHED, CLONE_PARENT_SETTID, CLONE_PIDFD, CLONE_THREAD,
        CLONE_VM, WORDS, as_clone,
    };

    /// flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, ...
    fn ask(flags: usize, signal: usize, set_tids: usize) -> Option<[usize; 5]> {
        let args: [usize; WORDS] = [flags, 1, 2, 3, signal, 5, 6, 7, 0, set_tids, 9];
        as_clone(&args)
    }

    #[test]
    fn what_both_can_do_is_asked_of_the_older() {
        assert_eq!(ask(CLONE_VM, 17, 0), Some([CLONE_VM | 17, 5, 3, 2, 7]));
        assert_eq!(ask(CLONE_PIDFD, 0, 0), Some([CLONE_PIDFD, 5, 1, 2, 7]));
        let thread = CLONE_VM | CLONE_THREAD | CLONE_PARENT_SETTID;
        assert_eq!(ask(thread, 0, 0), Some([thread, 5, 3, 2, 7]));
    }

    #[test]
    fn the_rest_is_not() {
        for (flags, signal, set_tids) in [
            (CLONE_CLEAR_SIGHAND, 17, 0),
            (CLONE_PIDFD | CLONE_PARENT_SETTID, 17, 0),
            (CLONE_DETACHED, 17, 0),
            (CLONE_THREAD, 17, 0),
            (17, 0, 0),
            (0, 65, 0),
            (0, 17, 1),
        ] {
            assert_eq!(ask(flags, signal, set_tids), None, "{flags:#x}");
        }
    }
}

//! exit(2), exit_group(2).

use abi::arg::Int;
use abi::{Errno, SysResult, nr};
use host::call::{forward, int};
use host::signal::block_all;
use kernel::Task;

/// exit(2): the thread's area is given back, unless the parent takes it back itself (vfork).
pub fn exit(t: &mut Task, status: Int) -> SysResult {
    end(t, nr::EXIT, status)
}

/// exit_group(2).
pub fn exit_group(t: &mut Task, status: Int) -> SysResult {
    end(t, nr::EXIT_GROUP, status)
}

fn end(t: &mut Task, nr: usize, status: Int) -> SysResult {
    if t.borrows_memory {
        t.thread.leave(true);
        return forward(nr, &[int(status.0), 0, 0, 0, 0, 0]);
    }
    block_all();
    if t.thread.signal_pending() {
        // It was taken from the process's queue: no other thread would get it.
        t.thread.mask_changed();
        return Err(Errno::ERESTARTSYS);
    }
    t.thread.exit(nr, int(status.0))
}

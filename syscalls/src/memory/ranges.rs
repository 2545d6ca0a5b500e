//! The calls about ranges of pages: what overlaps the brand is unmapped to the guest, `ENOMEM`.

use abi::arg::{Fd, Flags, Int, Ptr, Size, Ulong};
use abi::{Errno, SysResult, UserPtr, nr};
use host::call::{forward, forward_blocking, int};
use host::memory::{PAGE, overlaps};
use host::user;
use kernel::Task;

/// Where nothing is ever mapped: the page after the last one of user space.
const NOWHERE: usize = 0x7fff_ffff_f000;

/// The range to hand to the host: the guest's own, or, where that overlaps the brand, one of the
/// same length where nothing is, so that the host finds what else is wrong first.
fn outside(addr: usize, len: usize) -> usize {
    if overlaps(addr, len) {
        NOWHERE | (addr & (PAGE - 1))
    } else {
        addr
    }
}

/// Discards the contents: rewritten code is the file's again.
const MADV_DONTNEED: i32 = 4;
const MADV_REMOVE: i32 = 9;
const MADV_DONTNEED_LOCKED: i32 = 24;

/// madvise(2).
pub fn madvise(t: &mut Task, addr: Ptr, len: Size, advice: Int) -> SysResult {
    let place = outside(addr.0, len.0);
    if matches!(advice.0, MADV_DONTNEED | MADV_REMOVE | MADV_DONTNEED_LOCKED) {
        t.patches.forget(addr.0, len.0);
    }
    forward(nr::MADVISE, &[place, len.0, int(advice.0), 0, 0, 0])
}

/// process_madvise(2): for this process each range is checked; another one checks nothing, since
/// only hints are allowed there.
pub fn process_madvise(
    t: &mut Task,
    pidfd: Fd,
    vector: UserPtr<[usize; 2]>,
    count: Size,
    advice: Int,
    flags: Flags,
) -> SysResult {
    for index in 0..count.0.min(1024) {
        let [start, len] = user::read(vector.element(index))?;
        t.patches.forget(start, len);
    }
    let args = [
        int(pidfd.0),
        vector.address(),
        count.0,
        int(advice.0),
        flags.raw(),
        0,
    ];
    forward(nr::PROCESS_MADVISE, &args)
}

/// mincore(2).
pub fn mincore(_: &mut Task, addr: Ptr, len: Size, vector: Ptr) -> SysResult {
    let place = outside(addr.0, len.0);
    forward(nr::MINCORE, &[place, len.0, vector.0, 0, 0, 0])
}

/// mlock(2).
pub fn mlock(t: &mut Task, addr: Ptr, len: Size) -> SysResult {
    mlock2(t, addr, len, Int(0))
}

/// mlock2(2).
pub fn mlock2(_: &mut Task, addr: Ptr, len: Size, flags: Int) -> SysResult {
    let place = outside(addr.0, len.0);
    forward_blocking(nr::MLOCK2, &[place, len.0, int(flags.0), 0, 0, 0])
}

/// munlock(2).
pub fn munlock(_: &mut Task, addr: Ptr, len: Size) -> SysResult {
    let place = outside(addr.0, len.0);
    forward(nr::MUNLOCK, &[place, len.0, 0, 0, 0, 0])
}

/// msync(2).
pub fn msync(_: &mut Task, addr: Ptr, len: Size, flags: Int) -> SysResult {
    let place = outside(addr.0, len.0);
    forward_blocking(nr::MSYNC, &[place, len.0, int(flags.0), 0, 0, 0])
}

/// mseal(2).
pub fn mseal(_: &mut Task, addr: Ptr, len: Size, flags: Ulong) -> SysResult {
    let place = outside(addr.0, len.0);
    forward(nr::MSEAL, &[place, len.0, flags.0, 0, 0, 0])
}

/// mbind(2).
pub fn mbind(
    _: &mut Task,
    addr: Ptr,
    len: Ulong,
    mode: Ulong,
    nodes: Ptr,
    highest: Ulong,
    flags: Flags,
) -> SysResult {
    if overlaps(addr.0, len.0) {
        return Err(Errno::EFAULT);
    }
    forward(
        nr::MBIND,
        &[addr.0, len.0, mode.0, nodes.0, highest.0, flags.raw()],
    )
}

/// set_mempolicy_home_node(2).
pub fn set_mempolicy_home_node(
    _: &mut Task,
    addr: Ptr,
    len: Ulong,
    node: Ulong,
    flags: Ulong,
) -> SysResult {
    let place = outside(addr.0, len.0);
    forward(
        nr::SET_MEMPOLICY_HOME_NODE,
        &[place, len.0, node.0, flags.0, 0, 0],
    )
}

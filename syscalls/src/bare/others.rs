//! Calls that change a process or thread by its number. A zone's filter lets them be about the caller
//! only; the warden makes them for the others of the zone (`kernel::bare::warden`).

use alloc::vec;
use alloc::vec::Vec;

use abi::{Errno, RawArg, SysResult, nr};
use host::call::{as_int, int};
use host::user;
use kernel::Task;
use kernel::bare::warden::{self, Request};
use kernel::vfs::ProcView;

use super::arguments::{ask, pointer};
use super::numbers::process;

/// Whether a number is that of the calling thread.
fn is_own(t: &Task, number: usize) -> bool {
    let number = as_int(number);
    number == 0 || u32::try_from(number) == Ok(t.tid())
}

/// Asks for a call on another process.
fn ask_for(nr: usize, arguments: [usize; 3], value: &[u8]) -> SysResult {
    let nr = u32::try_from(nr).map_err(|_| Errno::EINVAL)?;
    warden::ask(Request::Call(nr, arguments.map(as_int), value), &[])
}

/// What the guest has at an address.
fn value(at: usize, length: usize) -> SysResult<Vec<u8>> {
    let mut bytes = vec![0; length];
    user::read_bytes(at, &mut bytes)?;
    Ok(bytes)
}

/// The length of `struct sched_param`.
const SCHED_PARAM: usize = 4;

/// setpriority(2) or `ioprio_set(2)` of a thread, by the host's number.
pub(super) fn set(t: &Task, nr: usize, kind: usize, thread: usize, value: usize) -> SysResult {
    match is_own(t, thread) {
        true => ask(nr, &[kind, 0, value]),
        false => ask_for(nr, [kind, thread, value], &[]),
    }
}

/// The process or thread that a `sched_*` call means, which is never negative.
fn somebody(t: &Task, register: usize) -> SysResult {
    match as_int(register) {
        ..0 => Err(Errno::EINVAL),
        _ => process(t, register),
    }
}

/// `sched_setparam(2)`.
pub(super) fn sched_setparam(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let process = somebody(t, a[0])?;
    if is_own(t, process) {
        return ask(nr::SCHED_SETPARAM, &[0, a[1]]);
    }
    ask_for(
        nr::SCHED_SETPARAM,
        [process, 0, 0],
        &value(a[1], SCHED_PARAM)?,
    )
}

/// `sched_setscheduler(2)`.
pub(super) fn sched_setscheduler(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let process = somebody(t, a[0])?;
    if is_own(t, process) {
        return ask(nr::SCHED_SETSCHEDULER, &[0, a[1], a[2]]);
    }
    ask_for(
        nr::SCHED_SETSCHEDULER,
        [process, a[1], 0],
        &value(a[2], SCHED_PARAM)?,
    )
}

/// `sched_setaffinity(2)`: bits beyond the kernel's processors count for nothing.
pub(super) fn sched_setaffinity(t: &mut Task, a: &[usize; 6]) -> SysResult {
    /// Room for 8192 processors, the most that the kernel can be built for.
    const MOST: usize = 1024;
    let process = somebody(t, a[0])?;
    if is_own(t, process) {
        return ask(nr::SCHED_SETAFFINITY, &[0, a[1], a[2]]);
    }
    let length = usize::try_from(RawArg(a[1]).low_u32())
        .unwrap_or(MOST)
        .min(MOST);
    ask_for(
        nr::SCHED_SETAFFINITY,
        [process, 0, 0],
        &value(a[2], length)?,
    )
}

/// `sched_setattr(2)`: the structure begins with its length.
pub(super) fn sched_setattr(t: &mut Task, a: &[usize; 6]) -> SysResult {
    /// The first version of the structure.
    const LEAST: usize = 48;
    const MOST: usize = 1024;
    let process = somebody(t, a[0])?;
    if is_own(t, process) {
        return ask(nr::SCHED_SETATTR, &[0, a[1], a[2]]);
    }
    let length: u32 = user::read(pointer(a[1]))?;
    let length = usize::try_from(length).unwrap_or(0);
    let length = if length == 0 { LEAST } else { length };
    if !(LEAST..=MOST).contains(&length) {
        return Err(Errno::E2BIG);
    }
    ask_for(nr::SCHED_SETATTR, [process, a[2], 0], &value(a[1], length)?)
}

/// prlimit(2): of the caller's process only.
pub(super) fn prlimit64(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let own = own_process(t, a[0])?;
    ask(nr::PRLIMIT64, &[own, a[1], a[2], a[3]])
}

/// `migrate_pages(2)`: likewise.
pub(super) fn migrate_pages(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let own = own_process(t, a[0])?;
    ask(nr::MIGRATE_PAGES, &[own, a[1], a[2], a[3]])
}

/// `move_pages(2)`: likewise.
pub(super) fn move_pages(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let own = own_process(t, a[0])?;
    ask(nr::MOVE_PAGES, &[own, a[1], a[2], a[3], a[4], a[5]])
}

fn own_process(t: &Task, number: usize) -> SysResult {
    let number = process(t, number)?;
    match is_own(t, number) || u32::try_from(as_int(number)) == Ok(t.pid()) {
        true => Ok(int(0)),
        false => Err(Errno::EPERM),
    }
}

//! Numbers in registers: what the host is told for what the guest says, and the other way round
//! (`kernel::numbers`). Processes outside the zone are not there: `ESRCH`.

use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use kernel::bare::{is_member, members};
use kernel::vfs::ProcView;
use kernel::{Task, numbers};

/// A number that nothing has (`PID_MAX_LIMIT` of the kernel is 4194304).
const NOBODY: i32 = i32::MAX;

/// The register for the process or thread that the guest means. 0, the caller, and what is no number
/// pass: the host says what is wrong with it.
pub(super) fn process(t: &Task, register: usize) -> SysResult {
    Ok(int(process_number(t, as_int(register))?))
}

/// Likewise for a number.
pub(super) fn process_number(t: &Task, number: i32) -> SysResult<i32> {
    let Some(zone) = u32::try_from(number).ok().filter(|zone| *zone > 0) else {
        return Ok(number);
    };
    let host = numbers::outer(zone).ok_or(Errno::ESRCH)?;
    if host == t.pid() || host == t.tid() || is_member(host) {
        Ok(host.cast_signed())
    } else {
        Err(Errno::ESRCH)
    }
}

/// The process group or session that the guest means; 0 passes.
pub(super) fn group_number(number: i32) -> SysResult<i32> {
    let Some(zone) = u32::try_from(number).ok().filter(|zone| *zone > 0) else {
        return Ok(number);
    };
    let host = numbers::outer(zone).ok_or(Errno::ESRCH)?;
    if is_member(host) || is_group(host)? {
        Ok(host.cast_signed())
    } else {
        Err(Errno::ESRCH)
    }
}

/// Whether a process of the zone is in a group whose leader may have ended.
fn is_group(group: u32) -> SysResult<bool> {
    let group = int(group.cast_signed());
    let mut members = members()?.into_iter();
    Ok(members.any(|member| host_call!(nr::GETPGID, int(member.cast_signed())) == Ok(group)))
}

/// A number for whose processes the caller waits in vain.
pub(super) fn awaited(number: i32) -> i32 {
    let zone = u32::try_from(number).ok();
    match zone.map(numbers::outer) {
        Some(Some(host)) => host.cast_signed(),
        Some(None) => NOBODY,
        None => number,
    }
}

/// What the guest is told of a process of the zone, or 0 for one outside.
pub(super) fn told(host: usize) -> usize {
    int(told_number(as_int(host)))
}

/// Likewise of a number.
pub(super) fn told_number(host: i32) -> i32 {
    let number = u32::try_from(host);
    number.map_or(host, |number| numbers::shown(number).cast_signed())
}

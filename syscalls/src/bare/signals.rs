//! Signals to processes by number: kill(2) and its kin. What is outside the zone is not there.

use abi::signal::{SIG_DFL, SIG_IGN, SIGKILL, SIGSTOP, SigSet, SignalNumber};
use abi::{Errno, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use host::intercept::proc_fd;
use kernel::bare::members;
use kernel::vfs::ProcView;
use kernel::{Task, numbers};

use super::arguments::ask;
use super::numbers::{group_number, process};

/// kill(2).
pub(super) fn kill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    match as_int(a[0]) {
        -1 => everyone(t, a[1]),
        number @ ..-1 => {
            let group = number.checked_neg().ok_or(Errno::ESRCH)?;
            let group = group_number(group)?;
            to_group(t, int(group), a[1], [int(-group), a[1]])
        }
        0 => {
            let group = host_call!(nr::GETPGID, 0)?;
            to_group(t, group, a[1], [0, a[1]])
        }
        _ => {
            let process = process(t, a[0])?;
            if is_lost(t, process, a[1]) {
                return Ok(0);
            }
            ask(nr::KILL, &[process, a[1]])
        }
    }
}

/// Sends to a group, by `args` of kill(2), unless the zone's first process is in it and is to get
/// nothing: then to each of the others.
fn to_group(t: &Task, group: usize, signal: usize, args: [usize; 2]) -> SysResult {
    let spared = numbers::first().map(|first| int(first.cast_signed()));
    let spared = spared
        .filter(|first| host_call!(nr::GETPGID, *first) == Ok(group) && is_lost(t, *first, signal));
    let Some(spared) = spared else {
        return ask(nr::KILL, &args);
    };
    let own = int(t.pid().cast_signed());
    let mut all = members()?;
    // Who sends may be among those that it ends.
    all.sort_by_key(|member| int(member.cast_signed()) == own);
    for member in all.into_iter().map(|member| int(member.cast_signed())) {
        if member != spared && host_call!(nr::GETPGID, member) == Ok(group) {
            // The first process has got it, so that there is one that did.
            let _ = ask(nr::KILL, &[member, signal]);
        }
    }
    Ok(0)
}

/// `kill(-1, ...)`: all but the zone's first process and the caller. The kernel does it in one go; here
/// whoever has come meanwhile is met in another round.
fn everyone(t: &Task, signal: usize) -> SysResult {
    const ROUNDS: usize = 8;
    let mut met = alloc::vec::Vec::new();
    let mut result = Ok(0);
    for _ in 0..ROUNDS {
        let mut new = members()?;
        new.retain(|member| {
            *member != t.pid() && numbers::first() != Some(*member) && !met.contains(member)
        });
        if new.is_empty() {
            break;
        }
        for member in &new {
            match host_call!(nr::KILL, int(member.cast_signed()), signal) {
                Err(Errno::EPERM | Errno::ESRCH) => {}
                answer => result = answer,
            }
        }
        met.append(&mut new);
    }
    if met.is_empty() {
        Err(Errno::ESRCH)
    } else {
        result
    }
}

/// tkill(2).
pub(super) fn tkill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let thread = process(t, a[0])?;
    if is_lost(t, thread, a[1]) {
        return Ok(0);
    }
    ask(nr::TKILL, &[thread, a[1]])
}

/// tgkill(2).
pub(super) fn tgkill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let (group, thread) = (process(t, a[0])?, process(t, a[1])?);
    if is_lost(t, group, a[2]) {
        return Ok(0);
    }
    ask(nr::TGKILL, &[group, thread, a[2]])
}

/// `rt_sigqueueinfo(2)`.
pub(super) fn rt_sigqueueinfo(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let process = process(t, a[0])?;
    if is_lost(t, process, a[1]) {
        return Ok(0);
    }
    ask(nr::RT_SIGQUEUEINFO, &[process, a[1], a[2]])
}

/// `rt_tgsigqueueinfo(2)`.
pub(super) fn rt_tgsigqueueinfo(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let (group, thread) = (process(t, a[0])?, process(t, a[1])?);
    if is_lost(t, group, a[2]) {
        return Ok(0);
    }
    ask(nr::RT_TGSIGQUEUEINFO, &[group, thread, a[2], a[3]])
}

/// Whether a signal for this process does nothing: the zone's first one gets those from the zone that
/// it has a handler for, no others (`sig_task_ignored` of the kernel, `pid_namespaces(7)`).
fn is_lost(t: &Task, process: usize, signal: usize) -> bool {
    let Some(first) = numbers::first().filter(|first| int(first.cast_signed()) == process) else {
        return false;
    };
    let Some(signal) = SignalNumber::try_from(as_int(signal)).ok() else {
        return false;
    };
    if matches!(signal, SIGKILL | SIGSTOP) {
        return true;
    }
    if !(1..=abi::signal::SIGRTMAX).contains(&signal) {
        return false;
    }
    if first == t.pid() {
        let handler = t.sighand.action(signal).handler;
        return handler == SIG_DFL && !t.blocked.contains(signal) || handler == SIG_IGN;
    }
    wanted_by(first).is_some_and(|wanted| !wanted.contains(signal))
}

/// The signals that a process catches or blocks.
fn wanted_by(process: u32) -> Option<SigSet> {
    /// `status` is about 1.5 KiB.
    const ROOM: usize = 4096;
    const O_CLOEXEC: usize = 0o2_000_000;
    let path = alloc::format!("{process}/status\0");
    let fd = host_call!(
        nr::OPENAT,
        int(proc_fd()),
        path.as_ptr().expose_provenance(),
        O_CLOEXEC,
        0
    );
    let fd = fd.ok()?;
    let mut text = [0u8; ROOM];
    let to = text.as_mut_ptr().expose_provenance();
    let read = host_call!(nr::PREAD64, fd, to, ROOM, 0);
    let _ = host_call!(nr::CLOSE, fd);
    wanted_in(text.get(..read.ok()?)?)
}

fn wanted_in(status: &[u8]) -> Option<SigSet> {
    let set = |key: &[u8]| {
        let mut lines = status.split(|byte| *byte == b'\n');
        let digits = lines.find_map(|line| line.strip_prefix(key))?;
        let digits = core::str::from_utf8(digits.trim_ascii()).ok()?;
        u64::from_str_radix(digits, 16).ok()
    };
    Some(SigSet(set(b"SigBlk:")? | set(b"SigCgt:")?))
}

#[cfg(test)]
mod tests {
    use super::wanted_in;
    use abi::signal::SigSet;

    #[test]
    fn what_is_caught_or_blocked_is_wanted() {
        let status = b"Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000000002\nSigCgt:\t0000000000004000\n";
        assert_eq!(wanted_in(status), Some(SigSet(0x4001)));
        assert_eq!(wanted_in(b"SigBlk:\t0\n"), None);
        assert_eq!(wanted_in(b""), None);
    }
}

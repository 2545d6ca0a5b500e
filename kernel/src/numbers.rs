//! Numbers of processes where a zone has no pid namespace: there the kernel's are the host's. The
//! zone's first process is 1 to the zone, and zsched, like all that is outside, 0; every other number
//! is the same on both sides. So whatever passes a number of a process, a thread, a group or a
//! session in or out goes through here. Elsewhere numbers pass unchanged.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::signal::{SIGCHLD, SigInfo, si};
use abi::{Errno, nr};
use host::call::int;
use host::host_call;

use crate::bare::is_member;

/// What the zone calls its first process.
const INIT: u32 = 1;

/// What the host calls the zone's first process; 0 where numbers are the same.
static FIRST: AtomicU32 = AtomicU32::new(0);
/// What the host calls zsched.
static ZSCHED: AtomicU32 = AtomicU32::new(0);

/// Takes up the host's numbers of the zone's first process and of zsched, both 0 in a zone with a pid
/// namespace.
pub fn set(first: u32, zsched: u32) {
    FIRST.store(first, Ordering::Relaxed);
    ZSCHED.store(zsched, Ordering::Relaxed);
}

/// The host's number of the zone's first process, if the zone's numbers are not the host's.
#[must_use]
pub fn first() -> Option<u32> {
    Some(FIRST.load(Ordering::Relaxed)).filter(|first| *first != 0)
}

/// What the zone calls what the host calls `host`, which is one of the zone's processes or zsched.
#[must_use]
pub fn inner(host: u32) -> u32 {
    inner_of(
        FIRST.load(Ordering::Relaxed),
        ZSCHED.load(Ordering::Relaxed),
        host,
    )
}

/// What the host calls what the zone calls `zone`; `None` where the zone has nothing of that number.
#[must_use]
pub fn outer(zone: u32) -> Option<u32> {
    outer_of(FIRST.load(Ordering::Relaxed), zone)
}

/// What the zone is told of any process of the host's, as of a parent, a group or a session: 0 for
/// one outside. A number may be that of a group whose leader has ended.
#[must_use]
pub fn shown(host: u32) -> u32 {
    let zone = inner(host);
    if zone != host || host == 0 || first().is_none() || is_there_no_more(host) {
        return zone;
    }
    if is_member(host) { host } else { 0 }
}

/// Whether nothing has this number: what sent a signal, or led a group, may have ended.
fn is_there_no_more(host: u32) -> bool {
    /// kill(2) only asks.
    const NO_SIGNAL: usize = 0;
    host_call!(nr::KILL, int(host.cast_signed()), NO_SIGNAL) == Err(Errno::ESRCH)
}

/// A path or link in /proc with the zone's number of its first process in it.
#[must_use]
pub fn in_path(path: &[u8]) -> Vec<u8> {
    match first() {
        Some(first) => in_path_of(alloc::format!("{first}").as_bytes(), path),
        None => path.into(),
    }
}

/// Numbers of processes and threads stand first in links, and behind `proc` and `task` in paths.
fn in_path_of(first: &[u8], path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") && !path.starts_with(b"/proc/") {
        return path.into();
    }
    let mut before: &[u8] = b"proc";
    let names = path.split(|byte| *byte == b'/').map(|name| {
        let is_number = name == first && matches!(before, b"proc" | b"task");
        before = name;
        if is_number { b"1" } else { name }
    });
    names.collect::<Vec<_>>().join(&b'/')
}

fn inner_of(first: u32, zsched: u32, host: u32) -> u32 {
    match host {
        0 => 0,
        _ if first == 0 => host,
        host if host == first => INIT,
        host if host == zsched => 0,
        host => host,
    }
}

fn outer_of(first: u32, zone: u32) -> Option<u32> {
    match zone {
        _ if first == 0 => Some(zone),
        INIT => Some(first),
        zone => Some(zone).filter(|zone| *zone != first),
    }
}

/// What the zone is told of the sender of a signal: 0 for whoever is outside (sigaction(2)).
#[must_use]
pub fn told(info: &SigInfo) -> SigInfo {
    let mut told = *info;
    let Some(first) = first() else {
        return told;
    };
    if !names_sender(info) {
        return told;
    }
    let [word, ..] = &mut told.fields;
    let [a, b, c, d, rest @ ..] = word.to_le_bytes();
    let host = u32::from_le_bytes([a, b, c, d]);
    // What sigqueue(3) passes, the sender has filled in: a number of the zone's.
    let zone = match host {
        0 | INIT => host,
        host if host == first => INIT,
        host if info.signo == i32::from(SIGCHLD) || is_there_no_more(host) => host,
        host if is_member(host) => host,
        _ => 0,
    };
    let [a, b, c, d] = zone.to_le_bytes();
    let [e, f, g, h] = rest;
    *word = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    told
}

/// Whether `si_pid` is a part of what this says.
fn names_sender(info: &SigInfo) -> bool {
    const QUEUE: i32 = -1;
    const MESGQ: i32 = -3;
    let by_child = info.signo == i32::from(SIGCHLD) && (1..=6).contains(&info.code);
    by_child || matches!(info.code, si::USER | QUEUE | MESGQ | si::TKILL)
}

#[cfg(test)]
mod tests {
    use super::{in_path_of, inner_of, names_sender, outer_of};
    use abi::signal::SigInfo;

    #[test]
    fn the_first_process_is_1() {
        for (host, zone) in [(500, 1), (499, 0), (0, 0), (501, 501)] {
            assert_eq!(inner_of(500, 499, host), zone);
        }
        for (zone, host) in [(1, Some(500)), (500, None), (501, Some(501)), (0, Some(0))] {
            assert_eq!(outer_of(500, zone), host);
        }
    }

    #[test]
    fn with_a_pid_namespace_numbers_are_the_kernels() {
        for number in [0, 1, 2, 500] {
            assert_eq!(inner_of(0, 0, number), number);
            assert_eq!(outer_of(0, number), Some(number));
        }
    }

    #[test]
    fn paths_have_the_zones_numbers() {
        for (path, zone) in [
            ("500", "1"),
            ("500/task/500", "1/task/1"),
            ("/proc/500/task/501/fd", "/proc/1/task/501/fd"),
            ("/proc/501/task/500", "/proc/501/task/1"),
            ("/srv/500", "/srv/500"),
            ("pid:[500]", "pid:[500]"),
            ("/", "/"),
        ] {
            assert_eq!(in_path_of(b"500", path.as_bytes()), zone.as_bytes());
        }
    }

    #[test]
    fn only_some_signals_name_their_sender() {
        let info = |signo, code| SigInfo {
            signo,
            code,
            ..SigInfo::ZERO
        };
        assert!(names_sender(&info(15, 0)) && names_sender(&info(10, -1)));
        assert!(names_sender(&info(17, 1)) && !names_sender(&info(17, 7)));
        // A timer's, and a fault's.
        assert!(!names_sender(&info(14, -2)) && !names_sender(&info(11, 1)));
    }
}

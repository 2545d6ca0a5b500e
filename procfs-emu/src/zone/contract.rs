//! /system/contract: the zone's process contracts, in the tradition of contract(5) of Solaris.
//!
//! A contract is the tree of processes that one `lx run` or `lx exec` started; its number is that
//! of the tree's first process. zsched, which made the directories, holds all of them, and removes
//! one when it is empty: that is the only critical event, and there are no others.
//!
//! Which contract a process belongs to stands in the hand-over string, which a brand leaves in the
//! process's environment. Of a process that the reader may not look into (ptrace(2)), the parent's
//! is said.

use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::ProcView;
use kernel::zone;

use super::listed;
use crate::entry::{self, Kind};
use crate::environ;
use crate::io::{numbered, open, read_all};
use crate::spelling::number;
use crate::subject::Subject;
use crate::text::{decimal, put_decimal};

/// The file `name` of the contract `id`.
pub(super) fn text(view: &dyn ProcView, id: &[u8], name: &str) -> SysResult<Vec<u8>> {
    let id = number(id).ok_or(Errno::ENOENT)?;
    match name {
        "status" => Ok(status(id, &members(view, id)?)),
        // Nothing happens to a contract before its end.
        "events" | "ctl" => Ok(Vec::new()),
        _ => Err(Errno::ENXIO),
    }
}

/// Lines of a name and what it says, as ctstat(1) of Solaris shows them.
fn status(id: u32, members: &[u32]) -> Vec<u8> {
    let mut out = Vec::from(&b"ctid: "[..]);
    put_decimal(&mut out, id.into(), 1);
    // Its holder is zsched, process 0, while the lx that started it waits for its first process.
    let state: &[u8] = match members.contains(&id) {
        true => b"\ntype: process\nstate: owned\nholder: 0",
        false => b"\ntype: process\nstate: orphan\nholder: -",
    };
    out.extend_from_slice(state);
    out.extend_from_slice(
        b"\nnevents: 0\ncookie: 0\ninformative: none\ncritical: empty\nfatal: none\nmembers:",
    );
    for member in members {
        out.push(b' ');
        put_decimal(&mut out, (*member).into(), 1);
    }
    out.push(b'\n');
    out
}

/// The processes of a contract.
fn members(view: &dyn ProcView, id: u32) -> SysResult<Vec<u32>> {
    /// Longer chains of processes that nobody may look into are none.
    const LONGEST: usize = 64;
    let all = listed::processes(view)?;
    let belongs = |pid: &u32| {
        let mut pid = *pid;
        for _ in 0..LONGEST {
            match of_process(view, pid) {
                Some(contract) => return contract == id,
                None => match parent(view, pid) {
                    Some(above @ 1..) => pid = above,
                    _ => return false,
                },
            }
        }
        false
    };
    Ok(all.into_iter().filter(belongs).collect())
}

/// The contract of a process that can be looked into.
fn of_process(view: &dyn ProcView, pid: u32) -> Option<u32> {
    let entry = entry::Entry {
        pid,
        tid: None,
        kind: Kind::Environ,
    };
    let contract = match Subject::of(view, entry) {
        Subject::Own => zone::contract(),
        Subject::Guest(environ) => environ::contract(&environ)?,
        Subject::Other => return None,
    };
    (contract != 0).then_some(contract)
}

fn parent(view: &dyn ProcView, pid: u32) -> Option<u32> {
    let stat = open(
        view.proc_fd(),
        &numbered("", pid, "/stat"),
        OpenFlags::CLOEXEC,
    )
    .ok()?;
    parent_in(&read_all(stat.raw()).ok()?)
}

/// Field 4 of proc_pid_stat(5).
fn parent_in(stat: &[u8]) -> Option<u32> {
    // The name in parentheses may hold anything.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut words = stat.get(end + 2..)?.split(|byte| *byte == b' ');
    number(words.nth(1)?)
}

/// The contract whose `ctl` has this path.
pub(crate) fn of_ctl(path: &[u8]) -> Option<u32> {
    const BELOW: &[u8] = b"/contract/process/";
    let path = path.strip_suffix(b"/ctl")?;
    let at = path.iter().rposition(|byte| *byte == b'/')?;
    let (above, id) = path.split_at(at + 1);
    above.ends_with(BELOW).then(|| number(id)).flatten()
}

/// Does what is written to a contract's `ctl`: `signal N` sends that signal to its processes, as
/// kill(2) of the writer does.
///
/// # Errors
/// `EINVAL` for what is no command; `EPERM` for those that only its holder may give; those of
/// kill(2) if no process got the signal.
pub(crate) fn control(view: &dyn ProcView, id: u32, command: &[u8]) -> SysResult<()> {
    let mut sent = Err(Errno::ESRCH);
    let signal = command_of(command)?;
    for member in members(view, id)? {
        let member = usize::try_from(member).map_err(|_| Errno::ESRCH)?;
        let result = host_call!(nr::KILL, member, int(signal)).map(drop);
        if sent.is_err() {
            sent = result;
        }
    }
    sent
}

fn command_of(text: &[u8]) -> SysResult<i32> {
    let mut words = text
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(b"signal"), Some(signal), None) => decimal(signal)
            .and_then(|signal| i32::try_from(signal).ok())
            .ok_or(Errno::EINVAL),
        (Some(b"adopt" | b"abandon"), None, None) | (Some(b"ack" | b"nack"), Some(_), None) => {
            Err(Errno::EPERM)
        }
        _ => Err(Errno::EINVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::{command_of, of_ctl, parent_in, status};
    use abi::Errno;

    #[test]
    fn a_status_has_ten_lines() {
        let text = status(7, &[7, 9]);
        let text = core::str::from_utf8(&text).expect("text");
        assert!(text.starts_with("ctid: 7\ntype: process\nstate: owned\nholder: 0\n"));
        assert!(text.ends_with("\nmembers: 7 9\n"), "{text}");
        assert!(status(7, &[9]).windows(6).any(|part| part == b"orphan"));
    }

    #[test]
    fn paths_of_controls() {
        assert_eq!(of_ctl(b"/system/contract/process/12/ctl"), Some(12));
        assert_eq!(of_ctl(b"/system/contract/process/12/status"), None);
        assert_eq!(of_ctl(b"/system/contract/process/x/ctl"), None);
        assert_eq!(of_ctl(b"/ctl"), None);
    }

    #[test]
    fn commands() {
        assert_eq!(command_of(b"signal 15\n"), Ok(15));
        for (text, errno) in [
            (&b"signal"[..], Errno::EINVAL),
            (b"signal x", Errno::EINVAL),
            (b"signal 1 2", Errno::EINVAL),
            (b"adopt", Errno::EPERM),
            (b"ack 3", Errno::EPERM),
            (b"", Errno::EINVAL),
        ] {
            assert_eq!(command_of(text), Err(errno));
        }
    }

    #[test]
    fn parents() {
        assert_eq!(parent_in(b"7 (a) b) S 12 7 7"), Some(12));
        assert_eq!(parent_in(b"7 (a"), None);
    }
}

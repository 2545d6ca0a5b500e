//! The processes of a bare zone: all of them descend from its first one, and come to zsched as their
//! reaper when their parents end.

use std::fs;
use std::io;

use host_std::process::send_signal;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use rustix::process::set_child_subreaper;

/// Makes this process the one that orphans of the zone come to.
pub(super) fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Ends all that is left of the zone.
pub(super) fn end() {
    // Children of what is killed come here, too, and are killed in turn.
    loop {
        let children = children();
        if children.is_empty() {
            return;
        }
        for child in children {
            let _ = send_signal(child, Signal::SIGKILL as i32);
            let _ = waitpid(child, Some(WaitPidFlag::__WALL));
        }
    }
}

/// The children of this process, which has one thread.
fn children() -> Vec<Pid> {
    let this = std::process::id();
    let path = format!("/proc/self/task/{this}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    let numbers = text.split_ascii_whitespace();
    numbers
        .filter_map(|number| number.parse().ok().map(Pid::from_raw))
        .collect()
}

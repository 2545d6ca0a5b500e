//! The processes of a bare zone, from outside: they run the zone's own copy of the brand's image, or
//! descend from one that does, or from the zone's first process, which is the reaper of its orphans.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use rustix::fs::stat;
use rustix::process::{
    PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal, set_child_subreaper,
};

use crate::state::start_time_in;

/// How long the end of a zone is tried for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a killed process may take before it is looked for again.
const PAUSE: Duration = Duration::from_millis(2);

/// Makes this process the one that orphans below it come to.
pub(super) fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// What tells a zone's processes from others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    /// The first process, and when it was started.
    pub(crate) first: (i32, u64),
    /// Device and number of the file of the zone's image.
    pub(crate) image: (u64, u64),
}

/// A process, as the host's /proc shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    parent: i32,
    start: u64,
    runs_image: bool,
    is_zombie: bool,
}

impl Mark {
    /// The numbers of the zone's processes, zombies among them.
    pub(crate) fn processes(&self) -> io::Result<BTreeSet<i32>> {
        Ok(self.among(&all(self.image)?))
    }

    fn among(&self, all: &BTreeMap<i32, Process>) -> BTreeSet<i32> {
        let (first, start) = self.first;
        let is_first = |pid: i32, process: &Process| (pid, process.start) == (first, start);
        let begin = all
            .iter()
            .filter(|(pid, process)| process.runs_image || is_first(**pid, process));
        let mut found: BTreeSet<i32> = begin.map(|(pid, _)| *pid).collect();
        loop {
            let below = all
                .iter()
                .filter(|(pid, process)| !found.contains(pid) && found.contains(&process.parent));
            let below: Vec<i32> = below.map(|(pid, _)| *pid).collect();
            if below.is_empty() {
                return found;
            }
            found.extend(below);
        }
    }

    /// Ends all that is left of the zone. The first process comes last: as long as it lives, whatever
    /// loses its parent comes to it, and so stays in sight; it is stopped before.
    pub(crate) fn end(&self) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let Ok(all) = all(self.image) else {
                return;
            };
            let mut living = self.among(&all);
            living.retain(|pid| all.get(pid).is_some_and(|process| !process.is_zombie));
            let (first, _) = self.first;
            match (living.len(), living.contains(&first)) {
                (0, _) => return reap(),
                (1, true) => signal(first, &all, Signal::KILL),
                (_, with_first) => {
                    if with_first {
                        signal(first, &all, Signal::STOP);
                    }
                    for pid in living.into_iter().filter(|pid| *pid != first) {
                        signal(pid, &all, Signal::KILL);
                    }
                }
            }
            reap();
            thread::sleep(PAUSE);
        }
    }
}

/// Ends what is left below this process, which is the reaper of what has lost its parents, and has one
/// thread.
pub(crate) fn end_children() {
    let this = std::process::id();
    let path = format!("/proc/self/task/{this}/children");
    loop {
        // Children of what is killed come here, too, and are killed in turn.
        let text = fs::read_to_string(&path).unwrap_or_default();
        let children: Vec<i32> = text
            .split_ascii_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        if children.is_empty() {
            return;
        }
        for child in children.into_iter().map(Pid::from_raw) {
            let _ = kill(child, nix::sys::signal::Signal::SIGKILL);
            let _ = waitpid(child, Some(WaitPidFlag::__WALL));
        }
    }
}

/// Takes the exit statuses of children that have ended.
fn reap() {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::__WALL;
    while let Ok(status) = waitpid(None, Some(flags)) {
        if status.pid().is_none_or(|pid| pid == Pid::from_raw(0)) {
            return;
        }
    }
}

/// Sends a signal to a process, if it is still the one that was seen.
fn signal(pid: i32, seen: &BTreeMap<i32, Process>, signal: Signal) {
    let Some(number) = rustix::process::Pid::from_raw(pid) else {
        return;
    };
    // The descriptor first: it stays with one process whatever becomes of the number.
    let Ok(process) = pidfd_open(number, PidfdFlags::empty()) else {
        return;
    };
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    if start_time_in(&text) == seen.get(&pid).map(|process| process.start) {
        let _ = pidfd_send_signal(&process, signal);
    }
}

/// All processes of the host.
fn all(image: (u64, u64)) -> io::Result<BTreeMap<i32, Process>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(pid) = name.and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(text) = fs::read(path.join("stat")) else {
            continue;
        };
        let exe = stat(path.join("exe"));
        let runs_image = exe.is_ok_and(|exe| (exe.st_dev, exe.st_ino) == image);
        if let Some(process) = read(&String::from_utf8_lossy(&text), runs_image) {
            all.insert(pid, process);
        }
    }
    Ok(all)
}

/// Reads `stat` (proc_pid_stat(5)).
fn read(text: &str, runs_image: bool) -> Option<Process> {
    // The name in parentheses may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    Some(Process {
        parent: fields.next()?.parse().ok()?,
        start: start_time_in(text)?,
        runs_image,
        is_zombie: matches!(state, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Mark, Process, read};
    use std::collections::BTreeMap;

    fn process(parent: i32, start: u64, runs_image: bool) -> Process {
        Process {
            parent,
            start,
            runs_image,
            is_zombie: false,
        }
    }

    #[test]
    fn a_zone_is_what_runs_its_image_and_what_descends_from_it() {
        let all = BTreeMap::from([
            (1, process(0, 1, false)),
            (10, process(1, 5, false)),
            // The first process, its child, and a program that the brand did not start.
            (20, process(10, 6, true)),
            (21, process(20, 7, true)),
            (22, process(21, 8, false)),
            // One that entered, and its zombie.
            (30, process(10, 9, true)),
            (31, process(30, 9, false)),
            (40, process(10, 9, false)),
        ]);
        let mark = |start| Mark {
            first: (20, start),
            image: (0, 0),
        };
        let found = |mark: Mark, all: &_| mark.among(all).into_iter().collect::<Vec<_>>();
        assert_eq!(found(mark(6), &all), [20, 21, 22, 30, 31]);
        // The first process runs something else, or its number is somebody else's.
        let mut changed = all;
        changed.insert(20, process(10, 6, false));
        changed.insert(21, process(20, 7, false));
        assert_eq!(found(mark(6), &changed), [20, 21, 22, 30, 31]);
        assert_eq!(found(mark(2), &changed), [30, 31]);
    }

    #[test]
    fn processes_are_read_whatever_their_names() {
        let text = "7 (a) b) c) Z 12 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9";
        let found = read(text, true).expect("it is one");
        assert_eq!((found.parent, found.start), (12, 4242));
        assert!(found.is_zombie && found.runs_image);
        assert_eq!(read("7 (a", true), None);
    }
}

//! The processes of a zone, as the host's /proc shows them.

use std::fs;
use std::path::Path;

use rustix::fs::stat;

use crate::error::{Context, Result};
use crate::zones::{TICKS, Zone};

/// A process of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id on the host.
    pub host_pid: i32,
    /// Its id in the zone.
    pub pid: i32,
    /// The user, as the zone counts.
    pub user: u32,
    /// What it does: R, S, D, T, Z and others (proc_pid_stat(5)).
    pub state: char,
    /// Seconds of processor time.
    pub seconds: u64,
    /// Its arguments, or its name in brackets.
    pub command: String,
}

impl Zone {
    /// Its processes, the first one first.
    ///
    /// # Errors
    /// When the host's /proc cannot be read.
    pub fn processes(&self) -> Result<Vec<Process>> {
        let proc = Path::new("/proc");
        if let Some(mark) = self.running.mark() {
            let numbers = mark.processes().about(proc.display())?;
            let read = |pid| Process::read(&proc.join(format!("{pid}")), "0 0 4294967295");
            let mut found: Vec<Process> = numbers.into_iter().filter_map(read).collect();
            for process in &mut found {
                if process.host_pid == self.init() {
                    process.pid = 1;
                }
            }
            found.sort_by_key(|process| process.pid);
            return Ok(found);
        }
        let Ok(zone) = stat(proc.join(format!("{}/ns/pid", self.init()))) else {
            // It has just ended.
            return Ok(Vec::new());
        };
        let ids = fs::read_to_string(proc.join(format!("{}/uid_map", self.init())));
        let ids = ids.unwrap_or_default();
        let mut found = Vec::new();
        for entry in fs::read_dir(proc).about(proc.display())? {
            let path = entry.about(proc.display())?.path();
            let same = |other: &rustix::fs::Stat| {
                (other.st_dev, other.st_ino) == (zone.st_dev, zone.st_ino)
            };
            if stat(path.join("ns/pid")).is_ok_and(|other| same(&other)) {
                found.extend(Process::read(&path, &ids));
            }
        }
        found.sort_by_key(|process| process.pid);
        Ok(found)
    }
}

impl Process {
    /// `None` when it ends in this moment.
    fn read(path: &Path, ids: &str) -> Option<Self> {
        let text = |name| fs::read(path.join(name)).ok();
        let status = String::from_utf8_lossy(&text("status")?).into_owned();
        let stat = String::from_utf8_lossy(&text("stat")?).into_owned();
        Self::parse(&status, &stat, &text("cmdline")?, ids)
    }

    fn parse(status: &str, stat: &str, arguments: &[u8], ids: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.split_ascii_whitespace())
        };
        // The name in parentheses may hold anything; state, field 3, is the first behind it.
        let (name, rest) = stat.rsplit_once(')')?;
        let (_, name) = name.split_once('(')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let arguments = String::from_utf8_lossy(arguments);
        let arguments = arguments.trim_end_matches('\0').replace('\0', " ");
        let user = field("Uid:")?.nth(1)?.parse().ok()?;
        Some(Self {
            host_pid: field("Pid:")?.next()?.parse().ok()?,
            pid: field("NSpid:")?.next_back()?.parse().ok()?,
            user: inside(ids, user).unwrap_or(user),
            state: fields.first()?.chars().next()?,
            seconds: (ticks(14)? + ticks(15)?) / TICKS,
            command: match arguments.is_empty() {
                true => format!("[{name}]"),
                false => arguments,
            },
        })
    }
}

/// What the user `id` is in the namespace whose map (user_namespaces(7)) this is.
fn inside(ids: &str, id: u32) -> Option<u32> {
    ids.lines().find_map(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let (first, outside, count) = (next()?, next()?, next()?);
        let offset = id.checked_sub(outside).filter(|offset| *offset < count)?;
        first.checked_add(offset)
    })
}

#[cfg(test)]
mod tests {
    use super::{Process, inside};

    #[test]
    fn ids_are_those_of_the_zone() {
        let map = "         0       1000          1\n         1     100000      65536\n";
        assert_eq!(inside(map, 1000), Some(0));
        assert_eq!(inside(map, 100_006), Some(7));
        assert_eq!(inside(map, 7), None);
        assert_eq!(inside("0 0 4294967295\n", 7), Some(7));
        assert_eq!(inside("", 7), None);
    }

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let status = "Name:\ta) (b\nPid:\t77\nNSpid:\t77\t3\nUid:\t5\t6\t6\t6\n";
        let stat = "77 (a) (b) S 1 7 7 0 -1 4194560 1 2 3 4 150 60 7 8 20 0 1 0 4242 9 9";
        let read = |arguments| Process::parse(status, stat, arguments, "0 0 4294967295");
        let process = read(b"sleep\x001\0").expect("it is one");
        assert_eq!((process.host_pid, process.pid, process.user), (77, 3, 6));
        assert_eq!((process.state, process.seconds), ('S', 2));
        assert_eq!(process.command, "sleep 1");
        assert_eq!(read(b"").expect("it is one").command, "[a) (b]");
        assert_eq!(Process::parse("", stat, b"", ""), None);
    }
}

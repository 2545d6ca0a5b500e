//! What the zone's processes use, by their `stat` and `status` files (proc_pid_stat(5)).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{Dir, Mode, OFlags, openat};

/// Sums over all processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Threads.
    pub(super) tasks: u64,
    /// Processes whose first thread is runnable.
    pub(super) running: u64,
    /// Processes whose first thread waits for a device.
    pub(super) blocked: u64,
    /// Time in user code, in clock ticks, that of children that were waited for included.
    pub(super) user: u64,
    /// Time in the kernel, likewise.
    pub(super) system: u64,
    /// Pages of memory; those that processes share count for each.
    pub(super) pages: u64,
}

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    usage: Usage,
    /// When it began, in clock ticks.
    start: u64,
    /// The processor that its first thread ran on last.
    cpu: usize,
    /// Its own time, user and system, in clock ticks.
    own: [u64; 2],
    /// How often its threads gave up a processor, or lost it.
    switches: u64,
}

/// Times in clock ticks, user and system, by processor.
pub(super) type Times = HashMap<usize, [u64; 2]>;

/// Follows the processes of a zone from one reading to the next.
#[derive(Debug, Default)]
pub(super) struct Census {
    known: HashMap<u32, Process>,
    /// Context switches of those that are gone, as far as they were seen.
    gone: u64,
}

impl Census {
    /// Reads all processes that `proc`, a procfs, has: what they use, and what they used since the
    /// reading before, where they run now.
    pub(super) fn of_all(&mut self, proc: BorrowedFd<'_>) -> io::Result<(Usage, Times)> {
        let all = numbers(proc)?;
        Ok(self.read(proc, all))
    }

    /// As [`Census::of_all`], of the host's processes with these numbers.
    pub(super) fn of_those(
        &mut self,
        numbers: impl IntoIterator<Item = i32>,
    ) -> io::Result<(Usage, Times)> {
        let proc = File::open("/proc")?;
        let numbers = numbers.into_iter().map(i32::unsigned_abs).collect();
        Ok(self.read(proc.as_fd(), numbers))
    }

    fn read(&mut self, proc: BorrowedFd<'_>, numbers: Vec<u32>) -> (Usage, Times) {
        let mut now = HashMap::new();
        for pid in numbers {
            // One that has just ended counts no more.
            if let Some(process) = Process::read(proc, pid) {
                now.insert(pid, process);
            }
        }
        self.follow(now)
    }

    fn follow(&mut self, now: HashMap<u32, Process>) -> (Usage, Times) {
        let mut usage = Usage::default();
        let (mut own, mut all) = (Times::new(), Times::new());
        for (pid, process) in &now {
            usage.add(&process.usage);
            let before = self.known.get(pid);
            let before = before.filter(|before| before.start == process.start);
            let since = |now: u64, before: Option<u64>| now.saturating_sub(before.unwrap_or(0));
            let [user, system] =
                [0, 1].map(|kind| since(process.own[kind], before.map(|before| before.own[kind])));
            put(&mut own, process.cpu, [user, system]);
            let of_all = [
                since(process.usage.user, before.map(|before| before.usage.user)),
                since(
                    process.usage.system,
                    before.map(|before| before.usage.system),
                ),
            ];
            put(&mut all, process.cpu, of_all);
        }
        for (pid, process) in self.known.drain() {
            if now.get(&pid).is_none_or(|now| now.start != process.start) {
                self.gone += process.switches;
            }
        }
        self.known = now;
        // Where most was used by processes that came and went, by where their parents ran.
        let sum = |times: &Times| times.values().flatten().sum::<u64>();
        let times = if sum(&own) * 2 >= sum(&all) { own } else { all };
        (usage, times)
    }

    /// How many context switches there were so far.
    pub(super) fn switches(&self) -> u64 {
        self.gone + self.known.values().map(|one| one.switches).sum::<u64>()
    }
}

fn put(times: &mut Times, cpu: usize, [user, system]: [u64; 2]) {
    let sum = times.entry(cpu).or_default();
    *sum = [sum[0] + user, sum[1] + system];
}

/// The entries of a directory that are numbers.
fn numbers(directory: impl AsFd) -> io::Result<Vec<u32>> {
    // The descriptor of a new mount is one with O_PATH.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut found = Vec::new();
    for entry in Dir::new(openat(directory, ".", flags, Mode::empty())?)? {
        let name = entry?;
        found.extend(
            name.file_name()
                .to_str()
                .ok()
                .and_then(|name| name.parse::<u32>().ok()),
        );
    }
    Ok(found)
}

fn text(proc: BorrowedFd<'_>, path: String) -> Option<Vec<u8>> {
    // Both files are shorter, in bytes.
    let mut text = vec![0; 4096];
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let mut file = File::from(openat(proc, path, flags, Mode::empty()).ok()?);
    let length = file.read(&mut text).ok()?;
    text.truncate(length);
    Some(text)
}

impl Process {
    fn read(proc: BorrowedFd<'_>, pid: u32) -> Option<Self> {
        let mut process = Self::parse(&text(proc, format!("{pid}/stat"))?)?;
        let threads = match process.usage.tasks {
            0 | 1 => vec![pid],
            _ => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let tasks = openat(proc, format!("{pid}/task"), flags, Mode::empty()).ok()?;
                numbers(tasks).ok()?
            }
        };
        let of = |thread| text(proc, format!("{pid}/task/{thread}/status"));
        let statuses = threads.into_iter().filter_map(of);
        process.switches = statuses.map(|status| switches(&status)).sum();
        Some(process)
    }

    fn parse(stat: &[u8]) -> Option<Self> {
        // The name in parentheses may hold anything; state, field 3, is the first behind it.
        let end = stat.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| -> Option<u64> {
            let number: i64 = fields.get(field - 3)?.parse().ok()?;
            Some(u64::try_from(number).unwrap_or(0))
        };
        let state = *fields.first()?;
        let own = [number(14)?, number(15)?];
        Some(Self {
            usage: Usage {
                tasks: number(20)?,
                running: u64::from(state == "R"),
                blocked: u64::from(state == "D"),
                user: own[0] + number(16)?,
                system: own[1] + number(17)?,
                pages: number(24)?,
            },
            start: number(22)?,
            cpu: usize::try_from(number(39).unwrap_or(0)).ok()?,
            own,
            switches: 0,
        })
    }
}

/// The two counts at the end of a `status`.
fn switches(status: &[u8]) -> u64 {
    let status = String::from_utf8_lossy(status);
    let counts = status.lines().filter_map(|line| {
        let (name, count) = line.split_once(":\t")?;
        let counts = name.ends_with("voluntary_ctxt_switches");
        counts.then(|| count.parse::<u64>().ok())?
    });
    counts.sum()
}

impl Usage {
    fn add(&mut self, other: &Self) {
        self.tasks += other.tasks;
        self.running += other.running;
        self.blocked += other.blocked;
        self.user += other.user;
        self.system += other.system;
        self.pages += other.pages;
    }
}

#[cfg(test)]
mod tests {
    use super::{Census, Process, Usage, switches};
    use std::collections::HashMap;
    use std::fs::File;
    use std::os::fd::AsFd;

    const STAT: &str = "7 (a) b) R 1 7 7 0 -1 4194560 10 11 12 13 14 15 16 17 20 0 21 0 4242 9 24 18 \
        0 0 0 0 0 0 0 0 0 0 0 0 17 3 0 0";

    #[test]
    fn a_line_of_stat() {
        let process = Process::parse(STAT.as_bytes()).expect("it is right");
        let usage = Usage {
            tasks: 21,
            running: 1,
            blocked: 0,
            user: 14 + 16,
            system: 15 + 17,
            pages: 24,
        };
        assert_eq!(process.usage, usage);
        assert_eq!(
            (process.start, process.cpu, process.own),
            (4242, 3, [14, 15])
        );
        assert_eq!(Process::parse(b"7 (a R 1"), None);
        assert_eq!(Process::parse(b""), None);
    }

    #[test]
    fn switches_of_a_status() {
        let status = b"Name:\ta\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t30\n";
        assert_eq!(switches(status), 42);
        assert_eq!(switches(b""), 0);
    }

    #[test]
    fn time_goes_to_the_processors() {
        let one = |start, cpu, own: u64, children, switches| Process {
            usage: Usage {
                user: own + children,
                ..Usage::default()
            },
            start,
            cpu,
            own: [own, 0],
            switches,
        };
        let mut census = Census::default();
        let first = HashMap::from([(1, one(1, 0, 10, 0, 5)), (2, one(2, 1, 20, 0, 7))]);
        let (usage, times) = census.follow(first);
        assert_eq!((usage.user, census.switches()), (30, 12));
        assert_eq!((times[&0], times[&1]), ([10, 0], [20, 0]));
        // Another process has the number of one that is gone.
        let then = HashMap::from([(1, one(1, 1, 14, 0, 6)), (2, one(3, 1, 1, 0, 1))]);
        let (_, times) = census.follow(then);
        assert_eq!((times[&1], census.switches()), ([5, 0], 14));
        // Most was used by children.
        let then = HashMap::from([(1, one(1, 0, 15, 100, 6))]);
        let (_, times) = census.follow(then);
        assert_eq!((times[&0], census.switches()), ([101, 0], 14));
    }

    #[test]
    fn this_process_is_one() {
        let proc = File::open("/proc").expect("it is there");
        let mut census = Census::default();
        let (usage, times) = census.of_all(proc.as_fd()).expect("it is read");
        assert!(usage.tasks > 0 && usage.pages > 0 && !times.is_empty());
        assert!(census.switches() > 0);
    }
}

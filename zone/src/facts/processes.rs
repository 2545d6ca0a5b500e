//! What the zone's processes use, added up from their `stat` files (proc_pid_stat(5)).

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::BorrowedFd;

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

impl Usage {
    /// Of all processes that `proc`, a procfs, has.
    pub(super) fn of(proc: BorrowedFd<'_>) -> io::Result<Self> {
        let mut usage = Self::default();
        let mut text = vec![0; 1024];
        // The descriptor of a new mount is one with O_PATH.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        for entry in Dir::new(openat(proc, ".", flags, Mode::empty())?)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if !name.iter().all(u8::is_ascii_digit) {
                continue;
            }
            let path = [name, b"/stat"].concat();
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            // One that has just ended counts no more.
            let Ok(file) = openat(proc, path, flags, Mode::empty()) else {
                continue;
            };
            let length = File::from(file).read(&mut text).unwrap_or(0);
            if let Some(one) = Self::parse(&text[..length]) {
                usage.add(&one);
            }
        }
        Ok(usage)
    }

    /// Of the host's processes with these numbers.
    pub(super) fn of_those(numbers: impl IntoIterator<Item = i32>) -> Self {
        let mut usage = Self::default();
        for number in numbers {
            let stat = std::fs::read(format!("/proc/{number}/stat")).unwrap_or_default();
            if let Some(one) = Self::parse(&stat) {
                usage.add(&one);
            }
        }
        usage
    }

    fn add(&mut self, other: &Self) {
        self.tasks += other.tasks;
        self.running += other.running;
        self.blocked += other.blocked;
        self.user += other.user;
        self.system += other.system;
        self.pages += other.pages;
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
        Some(Self {
            tasks: number(20)?,
            running: u64::from(state == "R"),
            blocked: u64::from(state == "D"),
            user: number(14)? + number(16)?,
            system: number(15)? + number(17)?,
            pages: number(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;
    use std::fs::File;
    use std::os::fd::AsFd;

    #[test]
    fn a_line_of_stat() {
        let stat = b"7 (a) b) R 1 7 7 0 -1 4194560 10 11 12 13 14 15 16 17 20 0 21 0 4242 9 24 18";
        let usage = Usage::parse(stat).expect("it is right");
        let expected = Usage {
            tasks: 21,
            running: 1,
            blocked: 0,
            user: 14 + 16,
            system: 15 + 17,
            pages: 24,
        };
        assert_eq!(usage, expected);
        assert_eq!(Usage::parse(b"7 (a R 1"), None);
        assert_eq!(Usage::parse(b""), None);
    }

    #[test]
    fn this_process_is_one() {
        let proc = File::open("/proc").expect("it is there");
        let usage = Usage::of(proc.as_fd()).expect("it is read");
        assert!(usage.tasks > 0 && usage.pages > 0);
    }
}

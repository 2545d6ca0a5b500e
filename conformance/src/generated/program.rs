//! Programs for the interpreter guest: made from a seed, written one call per line.

use std::fmt;

/// One call: its name and up to five numbers, whose meaning is the interpreter's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    name: &'static str,
    values: Vec<u32>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.values
            .iter()
            .try_for_each(|value| write!(f, " {value}"))
    }
}

/// The text that the interpreter reads.
#[must_use]
pub fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The calls of the interpreter, with how often each is chosen and how many numbers it takes.
const CALLS: &[(&str, u32, usize)] = &[
    ("open", 12, 4),
    ("openat", 2, 5),
    ("close", 4, 1),
    ("dup", 2, 2),
    ("dup2", 2, 2),
    ("dup3", 1, 3),
    ("pipe", 4, 3),
    ("read", 8, 2),
    ("write", 8, 3),
    ("pread", 3, 3),
    ("pwrite", 3, 4),
    ("readv", 2, 5),
    ("writev", 2, 5),
    ("lseek", 4, 3),
    ("ftruncate", 2, 2),
    ("truncate", 2, 2),
    ("fallocate", 1, 4),
    ("fstat", 4, 1),
    ("stat", 4, 1),
    ("lstat", 2, 1),
    ("fstatat", 2, 3),
    ("statx", 2, 3),
    ("access", 2, 2),
    ("faccessat2", 1, 3),
    ("unlink", 2, 2),
    ("mkdir", 2, 2),
    ("rmdir", 1, 1),
    ("rename", 2, 3),
    ("link", 2, 3),
    ("symlink", 2, 2),
    ("readlink", 2, 2),
    ("mkfifo", 1, 0),
    ("chmod", 1, 2),
    ("fchmod", 1, 2),
    ("chown", 1, 1),
    ("utimens", 1, 4),
    ("umask", 1, 1),
    ("getdents", 1, 1),
    ("xattr", 1, 4),
    ("fcntl", 4, 3),
    ("dupfd", 2, 4),
    ("lock", 2, 5),
    ("flock", 1, 2),
    ("fionread", 1, 1),
    ("ioctl", 1, 2),
    ("fsync", 1, 2),
    ("sendfile", 2, 4),
    ("copy_range", 1, 3),
    ("splice", 2, 3),
    ("tee", 1, 3),
    ("socketpair", 3, 3),
    ("socket", 2, 3),
    ("bind", 1, 2),
    ("listen", 1, 1),
    ("connect", 1, 1),
    ("accept", 1, 2),
    ("send", 3, 3),
    ("recv", 3, 3),
    ("sendfd", 1, 2),
    ("recvfd", 1, 3),
    ("shutdown", 1, 2),
    ("sockopt", 1, 2),
    ("epoll", 2, 2),
    ("epoll_ctl", 4, 4),
    ("epoll_wait", 3, 2),
    ("poll", 3, 2),
    ("select", 1, 2),
    ("eventfd", 2, 3),
    ("timerfd", 1, 2),
    ("timer_set", 1, 2),
    ("signalfd", 2, 3),
    ("inotify", 1, 1),
    ("watch", 1, 2),
    ("memfd", 1, 2),
    ("seals", 1, 3),
    ("mmap", 5, 5),
    ("munmap", 2, 3),
    ("mprotect", 3, 4),
    ("madvise", 2, 4),
    ("mincore", 1, 3),
    ("msync", 1, 4),
    ("touch", 4, 5),
    ("mremap", 2, 5),
    ("mlock", 1, 4),
    ("brk", 1, 1),
    ("sigaction", 5, 4),
    ("sigprocmask", 5, 3),
    ("kill", 5, 1),
    ("tgkill", 3, 1),
    ("sigqueue", 5, 2),
    ("sigpending", 2, 0),
    ("sigtimedwait", 3, 2),
    ("sigaltstack", 2, 2),
    ("fork", 3, 3),
    ("forkkill", 1, 0),
    ("spawn", 1, 1),
    ("wait", 1, 1),
    ("prctl", 2, 2),
    ("nofile", 1, 1),
    ("chdir", 1, 1),
    ("fchdir", 1, 1),
    ("nanosleep", 1, 1),
    ("getrandom", 1, 2),
    ("priority", 1, 1),
    ("affinity", 1, 1),
    ("scheduler", 1, 0),
    ("futex", 1, 3),
    ("raw", 12, 5),
];

/// A small generator of numbers (xorshift64*): the same seed gives the same program for ever.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// Starts from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        // The state must not be zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        u32::try_from(high % u64::from(limit.max(1))).unwrap_or(0)
    }
}

/// A program of `length` calls.
#[must_use]
pub fn generate(seed: u64, length: usize) -> Vec<Line> {
    let mut numbers = Numbers::new(seed);
    let total: u32 = CALLS.iter().map(|(_, weight, _)| weight).sum();
    (0..length)
        .map(|_| {
            let (name, count) = pick(numbers.below(total));
            let values = (0..count).map(|_| value(&mut numbers)).collect();
            Line { name, values }
        })
        .collect()
}

fn pick(mut at: u32) -> (&'static str, usize) {
    for (name, weight, count) in CALLS {
        if at < *weight {
            return (name, *count);
        }
        at -= weight;
    }
    ("sigpending", 0)
}

/// Small numbers mostly, since they name slots and choices; large ones for sizes and offsets.
fn value(numbers: &mut Numbers) -> u32 {
    match numbers.below(10) {
        0..=5 => numbers.below(16),
        6 | 7 => numbers.below(256),
        8 => numbers.below(10_000),
        _ => numbers.below(1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::{generate, text};

    #[test]
    fn a_seed_names_one_program() {
        assert_eq!(generate(7, 50), generate(7, 50));
        assert_ne!(generate(7, 50), generate(8, 50));
        assert_eq!(text(&generate(7, 50)).lines().count(), 50);
    }
}

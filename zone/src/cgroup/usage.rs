//! What the groups have counted.

use std::fs;
use std::path::Path;

use super::{Group, Version};

/// Counts; `None` for what no group tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes of memory.
    pub(crate) memory: Option<u64>,
    /// Of these, the contents of files.
    pub(crate) cached: Option<u64>,
    /// Bytes of swap.
    pub(crate) swap: Option<u64>,
    /// Threads.
    pub(crate) tasks: Option<u64>,
    /// Microseconds in user code.
    pub(crate) user: Option<u64>,
    /// Microseconds in the kernel.
    pub(crate) system: Option<u64>,
}

impl Usage {
    /// Adds what `group` tells.
    pub(super) fn read(&mut self, group: &Group) {
        for controller in &group.controllers {
            match (controller.as_str(), group.version) {
                ("memory", Version::One) => {
                    self.memory = number(&group.path, "memory.usage_in_bytes");
                    let stat = text(&group.path, "memory.stat");
                    self.cached = field(&stat, "total_cache");
                    self.swap = field(&stat, "total_swap");
                }
                ("memory", Version::Two) => {
                    self.memory = number(&group.path, "memory.current");
                    self.cached = field(&text(&group.path, "memory.stat"), "file");
                    self.swap = number(&group.path, "memory.swap.current");
                }
                ("pids", _) => self.tasks = number(&group.path, "pids.current"),
                ("cpuacct", Version::One) => {
                    let micro = |file| Some(number(&group.path, file)? / 1000);
                    self.user = micro("cpuacct.usage_user");
                    self.system = micro("cpuacct.usage_sys");
                }
                _ => {}
            }
        }
        // There with any controller or none.
        if group.version == Version::Two {
            let stat = text(&group.path, "cpu.stat");
            self.user = field(&stat, "user_usec");
            self.system = field(&stat, "system_usec");
        }
    }
}

fn text(group: &Path, file: &str) -> String {
    fs::read_to_string(group.join(file)).unwrap_or_default()
}

/// A file that holds a number.
fn number(group: &Path, file: &str) -> Option<u64> {
    text(group, file).trim_ascii_end().parse().ok()
}

/// The value of a line `NAME VALUE`.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(key, _)| *key == name)?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Group, Usage, Version};

    #[test]
    fn both_versions_are_read() {
        let path = std::env::temp_dir().join(format!("lx-usage-{}", std::process::id()));
        std::fs::create_dir(&path).expect("it is made");
        for (file, text) in [
            ("memory.usage_in_bytes", "4096\n"),
            ("memory.current", "8192\n"),
            ("memory.stat", "file 77\ntotal_cache 55\ntotal_swap 3\n"),
            ("memory.swap.current", "9\n"),
            ("pids.current", "5\n"),
            ("cpuacct.usage_user", "7000\n"),
            ("cpuacct.usage_sys", "1999\n"),
            ("cpu.stat", "usage_usec 9\nuser_usec 4\nsystem_usec 5\n"),
        ] {
            std::fs::write(path.join(file), text).expect("it is written");
        }
        let controllers = ["memory", "pids", "cpu", "cpuacct"].map(str::to_owned);
        let mut group = Group {
            path,
            version: Version::One,
            controllers: controllers.to_vec(),
        };
        let mut usage = Usage::default();
        usage.read(&group);
        let one = Usage {
            memory: Some(4096),
            cached: Some(55),
            swap: Some(3),
            tasks: Some(5),
            user: Some(7),
            system: Some(1),
        };
        assert_eq!(usage, one);
        group.version = Version::Two;
        usage.read(&group);
        let two = Usage {
            memory: Some(8192),
            cached: Some(77),
            swap: Some(9),
            tasks: Some(5),
            user: Some(4),
            system: Some(5),
        };
        assert_eq!(usage, two);
        std::fs::remove_dir_all(&group.path).expect("it is there");
        let mut nothing = Usage::default();
        nothing.read(&group);
        assert_eq!(nothing, Usage::default());
    }
}

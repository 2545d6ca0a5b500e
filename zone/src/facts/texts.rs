//! The texts among the facts, which stay the same.

use std::fs;

/// The host's /proc/cpuinfo; the brands leave out the processors that are not the zone's.
pub(super) fn cpu_info() -> Vec<u8> {
    fs::read("/proc/cpuinfo").unwrap_or_default()
}

/// Of the host's /proc/filesystems what a zone can have mounted.
pub(super) fn file_systems() -> String {
    chosen(&fs::read_to_string("/proc/filesystems").unwrap_or_default())
}

/// Those that lie on a device can hold its root; of the others it has these.
fn chosen(host: &str) -> String {
    const VIRTUAL: [&str; 9] = [
        "sysfs", "tmpfs", "proc", "cgroup", "cgroup2", "devpts", "mqueue", "overlay", "fuse",
    ];
    let mut text = String::new();
    for line in host.lines() {
        let (flag, name) = line.split_once('\t').unwrap_or(("", line));
        if flag.is_empty() || VIRTUAL.contains(&name) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn what_a_zone_has() {
        let host = "nodev\tsysfs\nnodev\tbpf\nnodev\tproc\n\text4\n\txfs\nnodev\tdebugfs\n";
        assert_eq!(chosen(host), "nodev\tsysfs\nnodev\tproc\n\text4\n\txfs\n");
    }
}

//! The files below /proc/sys/net that root of a zone may write.

use std::fs::File;
use std::io::{self, Write};

use procfs_emu::skeleton::{Kind, Tree, entries};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

/// Writes `value` to the file `name` below /proc/sys, which shows the sysctls of the network
/// namespace that this process is in; how much of it was taken.
pub(super) fn write(name: &[u8], value: &[u8]) -> io::Result<usize> {
    if !is_listed(name) {
        return Err(io::Error::from_raw_os_error(nix::libc::EACCES));
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let sysctls = openat(CWD, "/proc/sys", flags, Mode::empty())?;
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let file = openat2(&sysctls, name, flags, Mode::empty(), resolve)?;
    // One write(2): the kernel takes a value whole.
    File::from(file).write(value)
}

/// Whether the tables say that a zone may set it.
fn is_listed(name: &[u8]) -> bool {
    let all = entries().filter(|entry| entry.tree == Tree::Proc && entry.kind == Kind::Zone);
    all.filter_map(|entry| entry.path.strip_prefix("sys/"))
        .any(|path| matches(path, name))
}

/// Whether `name` is one that the path with wildcards stands for.
fn matches(path: &str, name: &[u8]) -> bool {
    let mut components = path.split('/');
    let same = name.split(|byte| *byte == b'/').all(|part| {
        components
            .next()
            .is_some_and(|component| component == "*" || component.as_bytes() == part)
    });
    same && components.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::is_listed;

    #[test]
    fn only_what_the_tables_list() {
        for name in [
            "net/ipv4/ip_forward",
            "net/core/somaxconn",
            "net/ipv4/conf/eth0/forwarding",
        ] {
            assert!(is_listed(name.as_bytes()), "{name}");
        }
        for name in [
            "",
            "net",
            "net/ipv4",
            "net/ipv4/ip_forward/x",
            "net/ipv4/conf/eth0",
            "kernel/core_pattern",
            "vm/swappiness",
            "net/netfilter/nf_log_all_netns",
        ] {
            assert!(!is_listed(name.as_bytes()), "{name}");
        }
    }
}

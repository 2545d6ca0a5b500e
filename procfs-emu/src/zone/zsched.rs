//! The files of /proc/0: zsched, which the zone sees as a thread of the kernel's (proc_pid_stat(5)
//! and its like).

use alloc::vec::Vec;

use abi::{Errno, SysResult};

/// The text of the file `name` of zsched, or of its only thread.
pub(super) fn text(name: &str) -> SysResult<Vec<u8>> {
    let text = match name.strip_prefix("task/0/").unwrap_or(name) {
        "comm" => "zsched\n",
        "stat" => STAT,
        "status" => STATUS,
        "statm" => "0 0 0 0 0 0 0\n",
        "cgroup" => "0::/\n",
        "cpuset" => "/\n",
        "io" => IO,
        "limits" => LIMITS,
        "loginuid" | "sessionid" => "4294967295",
        "oom_adj" | "oom_score" | "oom_score_adj" => "0\n",
        "personality" => "00000000\n",
        "schedstat" => "0 0 0\n",
        "setgroups" => "allow\n",
        "syscall" => "0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n",
        "timerslack_ns" => "50000\n",
        "uid_map" | "gid_map" | "projid_map" => "         0          0 4294967295\n",
        "wchan" => "0",
        // A thread of the kernel has no memory, no arguments and no namespace of mounts to show.
        "arch_status" | "autogroup" | "children" | "cmdline" | "coredump_filter" | "environ"
        | "maps" | "mountinfo" | "mounts" | "mountstats" | "numa_maps" | "sched" | "smaps"
        | "smaps_rollup" | "stack" | "timers" => "",
        _ => return Err(Errno::ENXIO),
    };
    Ok(text.into())
}

/// It sleeps, and has the flags `PF_KTHREAD` and `PF_NOFREEZE`.
const STAT: &str = "0 (zsched) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0 \
    18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

const STATUS: &str = "\
Name:\tzsched
Umask:\t0022
State:\tS (sleeping)
Tgid:\t0
Ngid:\t0
Pid:\t0
PPid:\t0
TracerPid:\t0
Uid:\t0\t0\t0\t0
Gid:\t0\t0\t0\t0
FDSize:\t64
Groups:\t \n\
NStgid:\t0
NSpid:\t0
NSpgid:\t0
NSsid:\t0
Kthread:\t1
Threads:\t1
SigQ:\t0/0
SigPnd:\t0000000000000000
ShdPnd:\t0000000000000000
SigBlk:\t0000000000000000
SigIgn:\tffffffffffffffff
SigCgt:\t0000000000000000
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
CapBnd:\t0000000000000000
CapAmb:\t0000000000000000
NoNewPrivs:\t0
Seccomp:\t0
Seccomp_filters:\t0
voluntary_ctxt_switches:\t0
nonvoluntary_ctxt_switches:\t0
";

const IO: &str = "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n\
    cancelled_write_bytes: 0\n";

const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units     \n\
Max cpu time              unlimited            unlimited            seconds   \n\
Max file size             unlimited            unlimited            bytes     \n\
Max data size             unlimited            unlimited            bytes     \n\
Max stack size            8388608              unlimited            bytes     \n\
Max core file size        0                    0                    bytes     \n\
Max resident set          unlimited            unlimited            bytes     \n\
Max processes             unlimited            unlimited            processes \n\
Max open files            1024                 4096                 files     \n\
Max locked memory         8388608              8388608              bytes     \n\
Max address space         unlimited            unlimited            bytes     \n\
Max file locks            unlimited            unlimited            locks     \n\
Max pending signals       unlimited            unlimited            signals   \n\
Max msgqueue size         819200               819200               bytes     \n\
Max nice priority         0                    0                    \n\
Max realtime priority     0                    0                    \n\
Max realtime timeout      unlimited            unlimited            us        \n";

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{LIMITS, STAT, text};
    use crate::skeleton::{Kind, ZSCHED, entries};
    use std::fs::read_to_string;

    #[test]
    fn every_file_has_a_text() {
        let mut count = 0;
        for entry in entries().filter(|entry| entry.kind == Kind::Live) {
            if let Some(name) = entry.path.strip_prefix(ZSCHED) {
                let name = name.trim_start_matches('/');
                assert!(text(name).is_ok(), "{name}");
                count += 1;
            }
        }
        assert!(count > 40, "{count}");
        assert!(text("x").is_err());
    }

    /// As many fields and lines as the kernel writes.
    #[test]
    fn as_the_kernel_writes_them() {
        let host = read_to_string("/proc/self/stat").expect("it is there");
        let fields = |text: &str| {
            text.rsplit(')')
                .next()
                .unwrap_or_default()
                .split(' ')
                .count()
        };
        assert_eq!(fields(STAT), fields(&host));
        let host = read_to_string("/proc/self/limits").expect("it is there");
        for (ours, theirs) in LIMITS.lines().zip(host.lines()) {
            assert_eq!(ours.len(), theirs.len(), "{ours}");
            assert_eq!(ours.get(..26), theirs.get(..26));
        }
        assert_eq!(LIMITS.lines().count(), host.lines().count());
    }
}

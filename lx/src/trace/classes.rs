//! Classes of calls, as in `%file`: what the dispatch table tells by the arguments, and lists.

use abi::arg::ArgKind;
use syscalls::table::Row;

const PROCESS: &[&str] = &[
    "clone",
    "clone3",
    "fork",
    "vfork",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    "wait4",
    "waitid",
    "kill",
    "tkill",
    "tgkill",
    "pidfd_open",
    "pidfd_send_signal",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "unshare",
];
const NETWORK: &[&str] = &[
    "socket",
    "connect",
    "accept",
    "accept4",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "shutdown",
    "bind",
    "listen",
    "getsockname",
    "getpeername",
    "socketpair",
    "setsockopt",
    "getsockopt",
    "sendfile",
];
const SIGNAL: &[&str] = &[
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigqueueinfo",
    "rt_sigsuspend",
    "rt_tgsigqueueinfo",
    "sigaltstack",
    "kill",
    "tkill",
    "tgkill",
    "pause",
    "signalfd",
    "signalfd4",
    "pidfd_send_signal",
];
const IPC: &[&str] = &[
    "shmget",
    "shmat",
    "shmctl",
    "shmdt",
    "semget",
    "semop",
    "semctl",
    "semtimedop",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
];
const MEMORY: &[&str] = &[
    "mmap",
    "munmap",
    "mprotect",
    "mremap",
    "brk",
    "madvise",
    "msync",
    "mincore",
    "mlock",
    "mlock2",
    "munlock",
    "mlockall",
    "munlockall",
    "shmat",
    "shmdt",
    "remap_file_pages",
    "mbind",
    "set_mempolicy",
    "get_mempolicy",
    "migrate_pages",
    "move_pages",
    "pkey_mprotect",
    "process_madvise",
    "set_mempolicy_home_node",
    "mseal",
    "map_shadow_stack",
];
const CLOCK: &[&str] = &[
    "clock_gettime",
    "clock_settime",
    "clock_getres",
    "clock_adjtime",
    "gettimeofday",
    "settimeofday",
    "adjtimex",
    "time",
];
const CREDS: &[&str] = &[
    "getuid",
    "getgid",
    "geteuid",
    "getegid",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "getgroups",
    "setgroups",
    "setresuid",
    "getresuid",
    "setresgid",
    "getresgid",
    "setfsuid",
    "setfsgid",
    "capget",
    "capset",
    "prctl",
];
const STAT: &[&str] = &["stat", "lstat", "fstat", "newfstatat", "statx"];
const STATFS: &[&str] = &["statfs", "fstatfs", "ustat"];

/// Whether the call of `row` is in that class; `None` for an unknown class.
pub(super) fn contains(class: &str, row: &Row) -> Option<bool> {
    let has = |kinds: &[ArgKind]| row.args.iter().any(|arg| kinds.contains(&arg.kind));
    let listed = match class {
        "file" => return Some(has(&[ArgKind::Path])),
        "desc" => {
            let opens =
                observe::special::opens(row.nr.into()) || observe::special::maps(row.nr.into());
            let others = [
                "pipe",
                "pipe2",
                "socketpair",
                "select",
                "pselect6",
                "poll",
                "ppoll",
            ];
            let kinds = [ArgKind::Fd, ArgKind::DirFd, ArgKind::NewFd];
            return Some(has(&kinds) || opens || others.contains(&row.name));
        }
        "process" => PROCESS,
        "network" | "net" => NETWORK,
        "signal" => SIGNAL,
        "ipc" => IPC,
        "memory" => MEMORY,
        "clock" => CLOCK,
        "creds" => CREDS,
        "stat" | "%stat" => STAT,
        "statfs" | "%statfs" => STATFS,
        _ => return None,
    };
    Some(listed.contains(&row.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_calls_that_there_are() {
        let known = |name: &&str| {
            syscalls::table::TABLE
                .iter()
                .flatten()
                .any(|row| row.name == *name)
        };
        for list in [
            PROCESS, NETWORK, SIGNAL, IPC, MEMORY, CLOCK, CREDS, STAT, STATFS,
        ] {
            for name in list {
                assert!(known(name), "{name}");
            }
        }
    }
}

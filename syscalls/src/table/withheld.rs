//! What a zone does not get although the table has it: calls that only administer the host, and
//! arguments that reach out of the zone. Outside a zone the host alone decides about these.

use abi::{Errno, nr};

use super::zone::{Check, Pattern, Rule, Verdict};

/// The rules, by number.
pub(super) const RULES: &[Rule] = &[
    Rule {
        nr: nr::IOCTL,
        verdict: Verdict::Except(TERMINAL_INPUT, Errno::EPERM),
        why: "would type into the terminal that the zone shares with the host",
    },
    Rule {
        nr: nr::SOCKET,
        verdict: Verdict::Only(FAMILIES, Errno::EAFNOSUPPORT),
        why: "other families reach the hypervisor, other hosts' devices or rarely used kernel code",
    },
    Rule {
        nr: nr::SOCKETPAIR,
        verdict: Verdict::Only(FAMILIES, Errno::EAFNOSUPPORT),
        why: "as for socket(2)",
    },
    Rule {
        nr: nr::CLONE,
        verdict: Verdict::Only(NO_NAMESPACE, Errno::EPERM),
        why: "a user namespace would give back the capabilities that the zone has not",
    },
    Rule {
        nr: nr::SYSLOG,
        verdict: REFUSE,
        why: "the kernel's log is the host's",
    },
    Rule {
        nr: nr::PERSONALITY,
        verdict: Verdict::Only(PERSONALITIES, Errno::EPERM),
        why: "flags concern one's own memory; other personalities only rarely used kernel code",
    },
    Rule {
        nr: nr::USTAT,
        verdict: Verdict::Refuse(Errno::ENOSYS),
        why: "superseded by statfs(2), and asks about devices by number",
    },
    Rule {
        nr: nr::SYSFS,
        verdict: Verdict::Refuse(Errno::ENOSYS),
        why: "lists what the host's kernel has; the brand tells what the zone has",
    },
    rule(nr::VHANGUP, "the terminal may be the host's"),
    rule(nr::PIVOT_ROOT, MOUNTS),
    Rule {
        nr: nr::PRCTL,
        verdict: Verdict::Only(PRCTL, Errno::EINVAL),
        why: "options that no zone needs: of other processes, of the machine, of other processors",
    },
    rule(nr::ACCT, ADMINISTRATION),
    rule(nr::SETTIMEOFDAY, CLOCK),
    rule(nr::MOUNT, MOUNTS),
    rule(nr::UMOUNT2, MOUNTS),
    rule(nr::SWAPON, ADMINISTRATION),
    rule(nr::SWAPOFF, ADMINISTRATION),
    rule(nr::SETHOSTNAME, NAMES),
    rule(nr::SETDOMAINNAME, NAMES),
    rule(nr::IOPL, ADMINISTRATION),
    rule(nr::IOPERM, ADMINISTRATION),
    rule(nr::QUOTACTL, ADMINISTRATION),
    rule(nr::CLOCK_SETTIME, CLOCK),
    Rule {
        nr: nr::MKNODAT,
        verdict: Verdict::Only(FILES, Errno::EPERM),
        why: "device nodes reach the host's devices; 0:0 is the whiteout of overlay file systems",
    },
    rule(nr::ADD_KEY, KEYS),
    rule(nr::REQUEST_KEY, KEYS),
    rule(nr::KEYCTL, KEYS),
    Rule {
        nr: nr::UNSHARE,
        verdict: Verdict::Only(UNSHARE, Errno::EPERM),
        why: "as for clone(2)",
    },
    rule(
        nr::FANOTIFY_INIT,
        "watches whole file systems, which may be the host's",
    ),
    rule(
        nr::FANOTIFY_MARK,
        "watches whole file systems, which may be the host's",
    ),
    rule(
        nr::OPEN_BY_HANDLE_AT,
        "reaches files of a file system that lie outside the zone's part of it",
    ),
    rule(nr::SETNS, "a zone's processes stay in its namespaces"),
    Rule {
        nr: nr::SECCOMP,
        verdict: Verdict::Only(MORE_FILTERS, Errno::EINVAL),
        why: "the brand adds filters of its own, which can only narrow this one",
    },
    rule(nr::OPEN_TREE, MOUNTS),
    rule(nr::MOVE_MOUNT, MOUNTS),
    rule(nr::FSOPEN, MOUNTS),
    rule(nr::FSCONFIG, MOUNTS),
    rule(nr::FSMOUNT, MOUNTS),
    rule(nr::FSPICK, MOUNTS),
    rule(
        nr::USERFAULTFD,
        "stops the kernel in the midst of a copy, which attacks on it make use of",
    ),
    Rule {
        nr: nr::CLONE3,
        verdict: Verdict::Refuse(Errno::ENOSYS),
        why: "no filter sees its flags; the brand serves it by clone(2)",
    },
    rule(nr::MOUNT_SETATTR, MOUNTS),
    rule(nr::QUOTACTL_FD, ADMINISTRATION),
    rule(
        nr::LSM_SET_SELF_ATTR,
        "labels belong to the security policy of the host",
    ),
    rule(nr::OPEN_TREE_ATTR, MOUNTS),
];

/// What a zone without namespaces does not get either. Landlock says nothing about the attributes of
/// files, about sockets with a path, and about processes that are not signalled (landlock(7)); System V
/// objects and queues have numbers and names of the host's. The warden does part of it for the zone
/// (`kernel::bare::warden`).
pub(super) const BARE_RULES: &[Rule] = &[
    Rule {
        nr: nr::IOCTL,
        verdict: Verdict::Except(TERMINAL_AND_FLAGS, Errno::EPERM),
        why: "would type into the host's terminal, or change attributes of files that are shown read-only",
    },
    absent(nr::SHMGET),
    absent(nr::SHMAT),
    absent(nr::SHMCTL),
    absent(nr::SHMDT),
    absent(nr::SEMGET),
    absent(nr::SEMCTL),
    absent(nr::SEMTIMEDOP),
    absent(nr::MSGGET),
    absent(nr::MSGSND),
    absent(nr::MSGRCV),
    absent(nr::MSGCTL),
    absent(nr::MQ_OPEN),
    absent(nr::MQ_UNLINK),
    local(nr::SOCKET),
    local(nr::SOCKETPAIR),
    Rule {
        nr: nr::CONNECT,
        verdict: Verdict::Only(&[&[is(2, NO_LOCAL_ADDRESS)]], Errno::EPERM),
        why: "a local socket's address is shorter: the warden connects to those of the zone",
    },
    Rule {
        nr: nr::SENDTO,
        verdict: Verdict::Only(&[&[is(5, NO_LOCAL_ADDRESS)], &[is(5, 0)]], Errno::EPERM),
        why: "as for connect(2)",
    },
    rule(nr::FCHMOD, ATTRIBUTES),
    rule(nr::FCHMODAT, ATTRIBUTES),
    rule(nr::FCHMODAT2, ATTRIBUTES),
    rule(nr::FCHOWN, ATTRIBUTES),
    rule(nr::FCHOWNAT, ATTRIBUTES),
    rule(nr::UTIME, ATTRIBUTES),
    rule(nr::UTIMES, ATTRIBUTES),
    rule(nr::FUTIMESAT, ATTRIBUTES),
    rule(nr::UTIMENSAT, ATTRIBUTES),
    rule(nr::SETXATTR, ATTRIBUTES),
    rule(nr::LSETXATTR, ATTRIBUTES),
    rule(nr::FSETXATTR, ATTRIBUTES),
    rule(nr::SETXATTRAT, ATTRIBUTES),
    rule(nr::REMOVEXATTR, ATTRIBUTES),
    rule(nr::LREMOVEXATTR, ATTRIBUTES),
    rule(nr::FREMOVEXATTR, ATTRIBUTES),
    rule(nr::REMOVEXATTRAT, ATTRIBUTES),
    rule(nr::FILE_SETATTR, ATTRIBUTES),
    rule(
        nr::INOTIFY_ADD_WATCH,
        "tells what happens in any directory; the warden adds those of the zone",
    ),
    absent(nr::STATMOUNT),
    absent(nr::LISTMOUNT),
    oneself(nr::SCHED_SETPARAM),
    oneself(nr::SCHED_SETSCHEDULER),
    oneself(nr::SCHED_SETAFFINITY),
    oneself(nr::SCHED_SETATTR),
    oneself(nr::PRLIMIT64),
    oneself(nr::MIGRATE_PAGES),
    oneself(nr::MOVE_PAGES),
    Rule {
        nr: nr::SETPRIORITY,
        verdict: Verdict::Only(&[&[is(0, 0), is(1, 0)]], Errno::EPERM),
        why: OTHERS,
    },
    Rule {
        nr: nr::IOPRIO_SET,
        verdict: Verdict::Only(&[&[is(0, 1), is(1, 0)]], Errno::EPERM),
        why: OTHERS,
    },
];

const ATTRIBUTES: &str = "the warden changes attributes of the zone's files";
const OTHERS: &str = "any process of the user's; the warden changes those of the zone";

/// The length of any address that is passed on (`struct sockaddr_storage`). For a local one the
/// kernel takes at most 110 bytes, for others it looks at what it needs.
pub const NO_LOCAL_ADDRESS: u32 = 128;

const fn absent(nr: usize) -> Rule {
    Rule {
        nr,
        verdict: Verdict::Refuse(Errno::ENOSYS),
        why: "its objects are all of the host's",
    }
}

/// The caller's number is 0.
const ONESELF: &[Pattern] = &[&[is(0, 0)]];

const fn oneself(nr: usize) -> Rule {
    Rule {
        nr,
        verdict: Verdict::Only(ONESELF, Errno::EPERM),
        why: OTHERS,
    }
}

const fn local(nr: usize) -> Rule {
    Rule {
        nr,
        verdict: Verdict::Only(CONNECTED_FAMILIES, Errno::EPROTONOSUPPORT),
        why: "as elsewhere; and local datagrams could be sent to any socket with a path",
    }
}

const REFUSE: Verdict = Verdict::Refuse(Errno::EPERM);
const MOUNTS: &str = "mounts of a zone are made before it begins";
const CLOCK: &str = "the clock is the host's";
const NAMES: &str = "zsched sets the zone's names";
const KEYS: &str = "keys are shared by user number with the host, which may start helpers for them";
const ADMINISTRATION: &str = "administers the host";

const fn rule(nr: usize, why: &'static str) -> Rule {
    Rule {
        nr,
        verdict: REFUSE,
        why,
    }
}

const fn is(argument: u8, value: u32) -> Check {
    Check {
        argument,
        mask: u32::MAX,
        value,
    }
}

/// `TIOCSTI` and `TIOCLINUX` (ioctl_tty(2)), `TIOCSETD`: line disciplines are rarely used kernel
/// code. The kernel looks at the lower half of the register only, and so does the filter.
const TERMINAL_INPUT: &[Pattern] = &[&[is(1, 0x5412)], &[is(1, 0x541c)], &[is(1, 0x5423)]];

/// Likewise, and `FS_IOC_SETFLAGS` in both its forms, `FS_IOC_FSSETXATTR`.
const TERMINAL_AND_FLAGS: &[Pattern] = &[
    &[is(1, 0x5412)],
    &[is(1, 0x541c)],
    &[is(1, 0x5423)],
    &[is(1, 0x4008_6602)],
    &[is(1, 0x4004_6602)],
    &[is(1, 0x401c_5820)],
];

/// `AF_UNIX`, `AF_INET`, `AF_INET6`; `AF_NETLINK` for addresses and routes, sockets and
/// events of devices; `AF_PACKET`, for which the kernel demands CAP_NET_RAW.
const FAMILIES: &[Pattern] = &[
    &[is(0, 1)],
    &[is(0, 2)],
    &[is(0, 10)],
    &[is(0, 16), is(2, 0)],
    &[is(0, 16), is(2, 4)],
    &[is(0, 16), is(2, 15)],
    &[is(0, 17)],
];

/// The same, but of `AF_UNIX` only `SOCK_STREAM` and `SOCK_SEQPACKET`.
const CONNECTED_FAMILIES: &[Pattern] = &[
    &[is(0, 1), socket_type(1)],
    &[is(0, 1), socket_type(5)],
    &[is(0, 2)],
    &[is(0, 10)],
    &[is(0, 16), is(2, 0)],
    &[is(0, 16), is(2, 4)],
    &[is(0, 16), is(2, 15)],
    &[is(0, 17)],
];

const fn socket_type(value: u32) -> Check {
    Check {
        argument: 1,
        mask: 0xf,
        value,
    }
}

/// `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`.
const NEW_NAMESPACES: u32 = 0x7e02_0000;
/// `CLONE_NEWTIME`, which only unshare(2) takes: to clone(2) the bit is the exit signal's.
const NEW_TIME: u32 = 0x80;

const NO_NAMESPACE: &[Pattern] = &[&[none_of(NEW_NAMESPACES)]];
const UNSHARE: &[Pattern] = &[&[none_of(NEW_NAMESPACES | NEW_TIME)]];

/// None of these bits in the first argument.
const fn none_of(mask: u32) -> Check {
    Check {
        argument: 0,
        mask,
        value: 0,
    }
}

/// Type bits of a mode: `S_IFMT`, and devices among them.
const S_IFMT: u32 = 0o170_000;
const S_IFCHR: u32 = 0o020_000;

/// Files, FIFOs, sockets, and the character device 0:0.
const FILES: &[Pattern] = &[
    &[kind(0)],
    &[kind(0o100_000)],
    &[kind(0o010_000)],
    &[kind(0o140_000)],
    &[kind(S_IFCHR), is(3, 0)],
];

/// The type in a mode, the third argument.
const fn kind(value: u32) -> Check {
    Check {
        argument: 2,
        mask: S_IFMT,
        value,
    }
}

/// `PER_LINUX`, `PER_LINUX32` with any flags, and the question for the current one.
const PERSONALITIES: &[Pattern] = &[
    &[is(0, u32::MAX)],
    &[Check {
        argument: 0,
        mask: 0xff,
        value: 0,
    }],
    &[Check {
        argument: 0,
        mask: 0xff,
        value: 8,
    }],
];

/// `SECCOMP_SET_MODE_FILTER`, without flags or with `TSYNC`.
const MORE_FILTERS: &[Pattern] = &[&[is(0, 1), is(1, 0)], &[is(0, 1), is(1, 1)]];

/// Options of prctl(2).
const PRCTL: &[Pattern] = &[
    &[is(0, 1)],           // PR_SET_PDEATHSIG
    &[is(0, 2)],           // PR_GET_PDEATHSIG
    &[is(0, 3)],           // PR_GET_DUMPABLE
    &[is(0, 4)],           // PR_SET_DUMPABLE
    &[is(0, 7)],           // PR_GET_KEEPCAPS
    &[is(0, 8)],           // PR_SET_KEEPCAPS
    &[is(0, 13)],          // PR_GET_TIMING
    &[is(0, 14)],          // PR_SET_TIMING
    &[is(0, 15)],          // PR_SET_NAME
    &[is(0, 16)],          // PR_GET_NAME
    &[is(0, 23)],          // PR_CAPBSET_READ
    &[is(0, 24)],          // PR_CAPBSET_DROP
    &[is(0, 25)],          // PR_GET_TSC
    &[is(0, 26)],          // PR_SET_TSC
    &[is(0, 27)],          // PR_GET_SECUREBITS
    &[is(0, 28)],          // PR_SET_SECUREBITS
    &[is(0, 29)],          // PR_SET_TIMERSLACK
    &[is(0, 30)],          // PR_GET_TIMERSLACK
    &[is(0, 33)],          // PR_MCE_KILL
    &[is(0, 34)],          // PR_MCE_KILL_GET
    &[is(0, 35)],          // PR_SET_MM: the brand tells where the guest's parts are
    &[is(0, 36)],          // PR_SET_CHILD_SUBREAPER
    &[is(0, 37)],          // PR_GET_CHILD_SUBREAPER
    &[is(0, 38)],          // PR_SET_NO_NEW_PRIVS
    &[is(0, 39)],          // PR_GET_NO_NEW_PRIVS
    &[is(0, 40)],          // PR_GET_TID_ADDRESS
    &[is(0, 41)],          // PR_SET_THP_DISABLE
    &[is(0, 42)],          // PR_GET_THP_DISABLE
    &[is(0, 47)],          // PR_CAP_AMBIENT
    &[is(0, 52)],          // PR_GET_SPECULATION_CTRL
    &[is(0, 53)],          // PR_SET_SPECULATION_CTRL
    &[is(0, 57)],          // PR_SET_IO_FLUSHER, with CAP_SYS_RESOURCE
    &[is(0, 58)],          // PR_GET_IO_FLUSHER
    &[is(0, 59)],          // PR_SET_SYSCALL_USER_DISPATCH: how the brand catches calls
    &[is(0, 65)],          // PR_SET_MDWE
    &[is(0, 66)],          // PR_GET_MDWE
    &[is(0, 0x5356_4d41)], // PR_SET_VMA: names of anonymous memory
    &[is(0, 0x5961_6d61)], // PR_SET_PTRACER
];

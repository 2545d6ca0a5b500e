//! The host calls that the brand makes for itself or below the handlers, by the crate whose code
//! makes them. What serving one row takes besides stands in the row (`via`).

use abi::nr;

/// The host calls of one crate.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// The folder of the crate.
    pub folder: &'static str,
    /// What its code asks of the host.
    pub calls: &'static [usize],
}

/// Crate by crate. `zone/tests/host_calls.rs` compares them with the sources.
pub const NEEDS: [Needs; 6] = [
    Needs {
        folder: "host",
        calls: &[
            nr::CLONE,
            nr::CLONE3,
            nr::CLOSE,
            nr::EXIT_GROUP,
            nr::FCNTL,
            nr::GETCPU,
            nr::GETPID,
            nr::GETTID,
            nr::GETTIMEOFDAY,
            nr::KILL,
            nr::MEMBARRIER,
            nr::MMAP,
            nr::MPROTECT,
            nr::MUNMAP,
            nr::OPENAT,
            nr::PRCTL,
            nr::PWRITE64,
            nr::RT_SIGACTION,
            nr::RT_SIGPROCMASK,
            nr::RT_SIGRETURN,
            nr::RT_TGSIGQUEUEINFO,
            nr::SCHED_YIELD,
            nr::SECCOMP,
            nr::SIGALTSTACK,
            nr::TGKILL,
            nr::TIME,
            nr::WRITE,
            // The rows that leave the assembly while emulated files are open.
            nr::DUP,
            nr::FSTAT,
            nr::LSEEK,
            nr::PREAD64,
            nr::PREADV,
            nr::PREADV2,
            nr::READ,
            nr::READV,
        ],
    },
    Needs {
        folder: "kernel",
        calls: &[
            nr::BRK,
            nr::CLOSE,
            nr::GETPID,
            nr::GETTID,
            nr::OPENAT,
            nr::OPENAT2,
            nr::PRCTL,
            nr::PREAD64,
            nr::READLINKAT,
            nr::RT_SIGPENDING,
            nr::RT_SIGPROCMASK,
            nr::RT_SIGQUEUEINFO,
            nr::RT_SIGTIMEDWAIT,
            nr::RT_TGSIGQUEUEINFO,
        ],
    },
    Needs {
        folder: "loader",
        calls: &[],
    },
    Needs {
        folder: "procfs-emu",
        calls: &[
            nr::CLOCK_GETTIME,
            nr::CLOSE,
            nr::DUP3,
            nr::FACCESSAT,
            nr::FCHMOD,
            nr::FCNTL,
            nr::FSTAT,
            nr::FSTATFS,
            nr::GETDENTS64,
            nr::GETRANDOM,
            nr::LSEEK,
            nr::MEMFD_CREATE,
            nr::NEWFSTATAT,
            nr::OPENAT,
            nr::PREAD64,
            nr::READ,
            nr::READLINKAT,
            nr::UNAME,
            nr::WRITE,
        ],
    },
    Needs {
        folder: "native-mounts",
        calls: &[nr::FACCESSAT, nr::FACCESSAT2, nr::READLINKAT],
    },
    Needs {
        folder: "brand",
        calls: &[
            nr::CLONE,
            nr::CLOSE,
            nr::GETPID,
            nr::GETRANDOM,
            nr::GETTID,
            nr::IOCTL,
            nr::KILL,
            nr::LSEEK,
            nr::MMAP,
            nr::MPROTECT,
            nr::MUNMAP,
            nr::OPENAT,
            nr::PERSONALITY,
            nr::PRCTL,
            nr::PREAD64,
            nr::READ,
            nr::RT_SIGTIMEDWAIT,
            nr::SETPGID,
            nr::WAIT4,
        ],
    },
];

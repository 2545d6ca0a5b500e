//! What a file system may know about the guest process that makes a call.

use core::ffi::CStr;
use core::ops::Range;

use alloc::vec::Vec;

use crate::bare::{Names, Shown};

/// The addresses that /proc/PID/stat shows (proc_pid_stat(5)).
///
/// Where the host offers `prctl(PR_SET_MM, PR_SET_MM_MAP)` (`CONFIG_CHECKPOINT_RESTORE`; needs
/// no privilege as long as the executable is not replaced), the brand had better tell the host
/// the same numbers before the first guest instruction: then `stat`, `auxv` and the name
/// `[heap]` are right for every observer, and brk(2) can go to the host as it is. `env_end`
/// must then keep the hand-over string inside the environment, because other guest processes
/// read it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Start of the program's code.
    pub start_code: u64,
    /// End of the program's code.
    pub end_code: u64,
    /// Start of its initialised data.
    pub start_data: u64,
    /// End of its initialised data.
    pub end_data: u64,
    /// Start of the heap.
    pub start_brk: u64,
    /// The stack pointer at the first instruction.
    pub start_stack: u64,
    /// The first byte of the argument strings.
    pub arg_start: u64,
    /// The byte after them.
    pub arg_end: u64,
    /// The first byte of the environment strings.
    pub env_start: u64,
    /// The byte after the last string that the guest knows, before the hand-over string.
    pub env_end: u64,
}

/// Signal sets as the guest believes them to be; bit n-1 is signal n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalView {
    /// Blocked by the calling thread.
    pub blocked: u64,
    /// Ignored by the process.
    pub ignored: u64,
    /// Caught by the process.
    pub caught: u64,
}

/// What a thread gave up, as the guest believes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CredentialView {
    /// `PR_SET_NO_NEW_PRIVS` was called.
    pub no_new_privs: bool,
    /// `Seccomp:` of /proc/PID/status: 0 off, 1 strict, 2 filter.
    pub seccomp_mode: u8,
    /// `Seccomp_filters:`.
    pub seccomp_filters: u32,
}

/// The calling thread and its process, as seen from a file system. The task implements it.
pub trait ProcView {
    /// The process's number (thread group id), as the host counts.
    fn pid(&self) -> u32;

    /// The thread's number, as the host counts.
    fn tid(&self) -> u32;

    /// The absolute path of the program that runs, as /proc/PID/exe read when it was started.
    fn exe_path(&self) -> &CStr;

    /// A reserved descriptor (`O_PATH` suffices) of the program that runs, if the brand keeps
    /// one: it still leads to the program when the file was renamed or deleted.
    fn exe_fd(&self) -> Option<i32>;

    /// The brand's descriptor of the host's /proc, and so of what the emulated one is made from.
    fn proc_fd(&self) -> i32;

    /// Calls `visit` with the bytes of the auxiliary vector as the guest has them, the closing
    /// `AT_NULL` pair included.
    fn auxv(&self, visit: &mut dyn FnMut(&[u8]));

    /// The addresses of the program's parts.
    fn layout(&self) -> Layout;

    /// The program's break (brk(2)) as it is now.
    fn program_break(&self) -> u64;

    /// The address ranges that the brand occupies, page-aligned, in any order.
    fn brand_ranges(&self, visit: &mut dyn FnMut(Range<u64>));

    /// The guest's signal sets.
    fn signals(&self) -> SignalView;

    /// What the calling thread gave up.
    fn credentials(&self) -> CredentialView;

    /// The kernel's release that the guest sees, where it is not the host's.
    fn release(&self) -> Option<&CStr>;

    /// Whether there is something at a path that the guest was told; `true` when it cannot be known.
    fn exists(&self, path: &CStr) -> bool;

    /// Whether a directory on the device of the placeholders holds placeholders.
    fn holds_placeholders(&self, fd: i32) -> bool {
        let _ = fd;
        true
    }

    /// Whether the guest sees the entry `name` at the root of /proc.
    fn shows_in_proc(&self, name: &[u8]) -> bool {
        let _ = name;
        true
    }

    /// The host's name that the guest sees, where it is not what uname(2) says.
    fn hostname(&self) -> Option<&[u8]> {
        None
    }

    /// How the guest calls files, where that is not what the host calls them.
    fn names(&self) -> Option<Names> {
        None
    }

    /// What the guest is to believe to be mounted, where that is not what the host has mounted.
    fn mounts(&self) -> Option<Vec<Shown>> {
        None
    }

    /// Whether that descriptor belongs to the brand, so that the guest must not see it.
    fn hides_fd(&self, fd: u32) -> bool;
}

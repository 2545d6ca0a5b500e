//! What a filter's return value means.

use super::insn::SeccompData;

/// The part of a return value that names the action (`SECCOMP_RET_ACTION_FULL`).
const ACTION: u32 = 0xffff_0000;

const KILL_PROCESS: u32 = 0x8000_0000;
const KILL_THREAD: u32 = 0x0000_0000;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;
const USER_NOTIF: u32 = 0x7fc0_0000;
const TRACE: u32 = 0x7ff0_0000;
const LOG: u32 = 0x7ffc_0000;
pub(super) const ALLOW: u32 = 0x7fff_0000;

/// The highest error number that a filter can make a call return (`MAX_ERRNO`).
const MAX_ERRNO: u16 = 4095;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is served.
    Allow,
    /// It is served, and an audit record would be written.
    Log,
    /// It is not served and returns minus this number; 0, which a filter may ask for, is success.
    Errno(u16),
    /// It is not served and the thread gets SIGSYS with `si_code` `SYS_SECCOMP`, `si_errno` this
    /// number, `si_call_addr`, `si_syscall` and `si_arch` of the call; even when it blocks or
    /// ignores SIGSYS (then it dies of it). Registers are as before the call.
    Trap(u16),
    /// The thread ends; as for [`Verdict::KillProcess`] when it is the last one.
    KillThread,
    /// The process dies of SIGSYS, with a core dump.
    KillProcess,
    /// Strict mode: the thread ends with SIGKILL as its status, the process goes on if it has
    /// other threads.
    KillStrict,
}

impl Verdict {
    /// The verdict that a filter's return value stands for.
    #[must_use]
    pub fn of(value: u32) -> Self {
        let [low, high, ..] = value.to_le_bytes();
        let data = u16::from_le_bytes([low, high]);
        match value & ACTION {
            ALLOW => Self::Allow,
            LOG => Self::Log,
            ERRNO => Self::Errno(data.min(MAX_ERRNO)),
            TRAP => Self::Trap(data),
            KILL_THREAD => Self::KillThread,
            // Nobody traces the guest and no listener can be installed: the kernel then lets
            // the call fail so.
            TRACE | USER_NOTIF => Self::Errno(abi::Errno::ENOSYS.number()),
            // A value that no kernel knows kills the process (Linux 4.14 and later).
            _ => Self::KillProcess,
        }
    }
}

/// The rank of a return value: among several filters the lowest wins (`ACTION_ONLY`).
pub(super) fn rank(value: u32) -> i32 {
    (value & ACTION).cast_signed()
}

/// `SECCOMP_GET_ACTION_AVAIL`: whether filters may use that action. `SECCOMP_RET_USER_NOTIF`
/// is not available, since there are no listeners.
#[must_use]
pub fn action_is_available(action: u32) -> bool {
    matches!(
        action,
        KILL_PROCESS | KILL_THREAD | TRAP | ERRNO | TRACE | LOG | ALLOW
    )
}

/// What strict mode says of a call: read, write, exit and rt_sigreturn only. By `int 0x80` the
/// same four, with the numbers that they have there.
pub(super) fn strict(data: &SeccompData) -> Verdict {
    let allowed: [i32; 4] = if data.arch == super::ARCH_I386 {
        [3, 4, 1, 119]
    } else {
        [0, 1, 60, 15]
    };
    if allowed.contains(&data.nr) {
        Verdict::Allow
    } else {
        Verdict::KillStrict
    }
}

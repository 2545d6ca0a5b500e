//! Calls that a zone's filter refuses before the kernel looks at their arguments: what the kernel says of
//! wrong ones comes first.

use abi::arg::{Clock, DirFd, Fd, Int, Mode, Path, Ptr, Uint};
use abi::stat::StatFs;
use abi::{Errno, SysResult, UserPtr, nr};
use host::call::{forward, forward_blocking, int};
use host::{host_call, user};
use kernel::Task;
use zerocopy::FromZeros;

/// The call's own result; where that is EPERM, `check` may have found an error that comes before.
fn permitted(result: SysResult, check: impl FnOnce() -> SysResult<()>) -> SysResult {
    if result == Err(Errno::EPERM) {
        check()?;
    }
    result
}

/// settimeofday(2).
pub fn settimeofday(_: &mut Task, time: Ptr, zone: Ptr) -> SysResult {
    let result = forward(nr::SETTIMEOFDAY, &[time.0, zone.0, 0, 0, 0, 0]);
    permitted(result, || match time.0 {
        0 => Ok(()),
        at => settable(at, 1_000_000),
    })
}

/// clock_settime(2).
pub fn clock_settime(_: &mut Task, clock: Clock, time: Ptr) -> SysResult {
    const REALTIME: i32 = 0;
    /// `CLOCK_MONOTONIC` to `CLOCK_TAI`, but for the processor's clocks.
    const NEVER_SET: [i32; 8] = [1, 4, 5, 6, 7, 8, 9, 11];
    let result = forward(nr::CLOCK_SETTIME, &[clock.raw(), time.0, 0, 0, 0, 0]);
    permitted(result, || match clock.0 {
        REALTIME => settable(time.0, 1_000_000_000),
        other if NEVER_SET.contains(&other) => Err(Errno::EINVAL),
        _ => Ok(()),
    })
}

/// Whether the two words at `at` are a time that a clock can be set to: seconds, and parts of one of
/// which a second has `parts` (`timespec64_valid_settod`).
fn settable(at: usize, parts: i64) -> SysResult<()> {
    const YEARS_30: i64 = 30 * 365 * 24 * 3600;
    let most = i64::MAX / 1_000_000_000 - YEARS_30;
    let [seconds, rest]: [i64; 2] = user::read(UserPtr::new(at))?;
    match (0..most).contains(&seconds) && (0..parts).contains(&rest) {
        true => Ok(()),
        false => Err(Errno::EINVAL),
    }
}

/// unshare(2).
pub fn unshare(_: &mut Task, flags: Int) -> SysResult {
    /// `CLONE_THREAD`, `FS`, `SIGHAND`, `VM`, `FILES`, `SYSVSEM` and all `NEW*`.
    const KNOWN: i32 = 0x7e07_0f80 | 0x80;
    permitted(
        forward(nr::UNSHARE, &[flags.raw(), 0, 0, 0, 0, 0]),
        || match flags.0 & !KNOWN {
            0 => Ok(()),
            _ => Err(Errno::EINVAL),
        },
    )
}

/// setns(2).
pub fn setns(_: &mut Task, fd: Fd, kind: Int) -> SysResult {
    const NS_GET_NSTYPE: usize = 0xb703;
    const PIDFS: u64 = 0x5049_4446;
    const ANON_INODES: u64 = 0x0904_1934;
    let result = forward(nr::SETNS, &[fd.raw(), kind.raw(), 0, 0, 0, 0]);
    permitted(result, || {
        match host_call!(nr::IOCTL, fd.raw(), NS_GET_NSTYPE) {
            Ok(found) if kind.0 == 0 || int(kind.0) == found => Ok(()),
            Err(Errno::EBADF) => Err(Errno::EBADF),
            Ok(_) => Err(Errno::EINVAL),
            // It may be a pidfd.
            Err(_) => {
                let mut told = StatFs::new_zeroed();
                host_call!(nr::FSTATFS, fd.raw(), (&raw mut told).expose_provenance())?;
                match kind.0 != 0 && matches!(told.f_type, PIDFS | ANON_INODES) {
                    true => Ok(()),
                    false => Err(Errno::EINVAL),
                }
            }
        }
    })
}

/// socket(2).
pub fn socket(_: &mut Task, family: Int, kind: Int, protocol: Int) -> SysResult {
    let args = [family.raw(), kind.raw(), protocol.raw(), 0, 0, 0];
    of_known_kind(forward(nr::SOCKET, &args), family, kind)
}

/// socketpair(2).
pub fn socketpair(_: &mut Task, family: Int, kind: Int, protocol: Int, ends: Ptr) -> SysResult {
    let args = [family.raw(), kind.raw(), protocol.raw(), ends.0, 0, 0];
    of_known_kind(forward(nr::SOCKETPAIR, &args), family, kind)
}

/// The result; where the filter refuses the family, a kind that no family has comes before
/// (`__sys_socket_create`, `__sock_create`).
fn of_known_kind(result: SysResult, family: Int, kind: Int) -> SysResult {
    /// `SOCK_TYPE_MASK`, and with it `SOCK_CLOEXEC` and `SOCK_NONBLOCK`.
    const MASK: i32 = 0xf;
    const FLAGS: i32 = 0x8_0800 | MASK;
    /// `SOCK_MAX` and `AF_MAX`.
    const KINDS: i32 = 11;
    const FAMILIES: i32 = 46;
    let refused = matches!(result, Err(Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT));
    let known = (0..FAMILIES).contains(&family.0);
    match refused && (kind.0 & !FLAGS != 0 || known && kind.0 & MASK >= KINDS) {
        true => Err(Errno::EINVAL),
        false => result,
    }
}

/// mknod(2).
pub fn mknod(t: &mut Task, path: Path, mode: Mode, dev: Uint) -> SysResult {
    mknodat(t, DirFd::CWD, path, mode, dev)
}

/// mknodat(2).
pub fn mknodat(_: &mut Task, directory: DirFd, path: Path, mode: Mode, dev: Uint) -> SysResult {
    kind_of_node(mode)?;
    let args = [directory.raw(), path.0, mode.raw(), dev.raw(), 0, 0];
    forward_blocking(nr::MKNODAT, &args)
}

/// Whether there are nodes of this kind, which the kernel asks before anything else (`may_mknod`).
pub(crate) fn kind_of_node(mode: Mode) -> SysResult<()> {
    const DIRECTORY: u32 = 0o040_000;
    /// None (a file), files, both kinds of devices, FIFOs and sockets.
    const KINDS: [u32; 6] = [0, 0o100_000, 0o020_000, 0o060_000, 0o010_000, 0o140_000];
    match mode.0 & 0o170_000 {
        DIRECTORY => Err(Errno::EPERM),
        kind if KINDS.contains(&kind) => Ok(()),
        _ => Err(Errno::EINVAL),
    }
}

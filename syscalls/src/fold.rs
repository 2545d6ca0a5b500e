//! Calls that a younger call does as well, with an argument more: the kernel defines them by it.
//! The brand makes the younger one, so that a zone's filter need not allow both.

use abi::arg::{AtFlags, Clock, DirFd, Fd, Gid, Int, Mode, Path, Ptr, Uid, Uint};
use abi::{Errno, SysResult, nr};
use host::call::{forward, forward_blocking, int};
use host::host_call;
use kernel::Task;

const CLOCK_REALTIME: Clock = Clock(0);
const CLOCK_MONOTONIC: Clock = Clock(1);
const CWD: DirFd = DirFd::CWD;
/// `AT_REMOVEDIR` of unlinkat(2).
const REMOVEDIR: usize = 0x200;

/// Writes calls: what each takes, and the call that does it with its arguments.
macro_rules! folds {
    ($(
        $name:ident ( $($arg:ident : $ty:ty),* ) = nr::$nr:ident ( $($given:expr),* );
    )*) => {$(
        #[doc = concat!(stringify!($name), "(2).")]
        pub fn $name(_: &mut Task $(, $arg: $ty)*) -> SysResult {
            let mut args = [0; 6];
            for (to, from) in args.iter_mut().zip([$($given),*]) {
                *to = from;
            }
            forward_blocking(nr::$nr, &args)
        }
    )*};
}

folds! {
    accept(sock: Fd, addr: Ptr, len: Ptr) = nr::ACCEPT4(sock.raw(), addr.0, len.0, 0);
    adjtimex(buf: Ptr) = nr::CLOCK_ADJTIME(CLOCK_REALTIME.raw(), buf.0);
    eventfd(initval: Uint) = nr::EVENTFD2(initval.raw(), 0);
    getpgrp() = nr::GETPGID(0);
    getrlimit(resource: Uint, limit: Ptr) = nr::PRLIMIT64(0, resource.raw(), 0, limit.0);
    inotify_init() = nr::INOTIFY_INIT1(0);
    lchown(path: Path, owner: Uid, group: Gid) = nr::FCHOWNAT(
        CWD.raw(), path.0, owner.raw(), group.raw(), AtFlags::SYMLINK_NOFOLLOW.raw()
    );
    link(old: Path, new: Path) = nr::LINKAT(CWD.raw(), old.0, CWD.raw(), new.0, 0);
    mkdir(path: Path, mode: Mode) = nr::MKDIRAT(CWD.raw(), path.0, mode.raw());
    nanosleep(duration: Ptr, rem: Ptr) = nr::CLOCK_NANOSLEEP(
        CLOCK_MONOTONIC.raw(), 0, duration.0, rem.0
    );
    pause() = nr::PPOLL(0, 0, 0, 0, 0);
    pipe(ends: Ptr) = nr::PIPE2(ends.0, 0);
    rename(old: Path, new: Path) = nr::RENAMEAT(CWD.raw(), old.0, CWD.raw(), new.0);
    rmdir(path: Path) = nr::UNLINKAT(CWD.raw(), path.0, REMOVEDIR);
    semop(set: Int, ops: Ptr, count: Uint) = nr::SEMTIMEDOP(set.raw(), ops.0, count.raw(), 0);
    setrlimit(resource: Uint, limit: Ptr) = nr::PRLIMIT64(0, resource.raw(), limit.0, 0);
    symlink(target: Path, path: Path) = nr::SYMLINKAT(target.0, CWD.raw(), path.0);
    unlink(path: Path) = nr::UNLINKAT(CWD.raw(), path.0, 0);
}

/// epoll_create(2), which checks its hint.
pub fn epoll_create(_: &mut Task, size: Int) -> SysResult {
    if size.0 <= 0 {
        return Err(Errno::EINVAL);
    }
    forward(nr::EPOLL_CREATE1, &[0; 6])
}

/// alarm(2): whole seconds of the real interval timer; what is left of a former one is rounded,
/// but never to none (`alarm_setitimer` in kernel/time/itimer.c).
pub fn alarm(_: &mut Task, seconds: Uint) -> SysResult {
    const ITIMER_REAL: usize = 0;
    let most = i64::from(i32::MAX);
    let new = [0, 0, i64::from(seconds.0).min(most), 0];
    let mut old = [0_i64; 4];
    host_call!(
        nr::SETITIMER,
        ITIMER_REAL,
        (&raw const new).expose_provenance(),
        (&raw mut old).expose_provenance()
    )?;
    let [_, _, seconds, microseconds] = old;
    let up = microseconds >= 500_000 || seconds == 0 && microseconds > 0;
    Ok(int(
        i32::try_from(seconds + i64::from(up)).unwrap_or(i32::MAX)
    ))
}

//! The calls that wait for descriptors, most of them under a mask of their own: poll(2),
//! select(2), ppoll(2), pselect(2), epoll_pwait(2), io_pgetevents(2).

use abi::arg::{Fd, Int, Long, Ptr, Size, Uint};
use abi::signal::SigSet;
use abi::{SysResult, UserPtr, nr};
use host::call::{forward_blocking, int};
use host::user;
use kernel::Task;

use super::hidden::{self, PollFd};
use super::read_mask;
use super::waiting::under_mask;

/// Forwards `args`, whose element `at` is the address of a mask, or of none.
fn forward_under(
    t: &mut Task,
    nr: usize,
    mut args: [usize; 6],
    at: usize,
    set: UserPtr<SigSet>,
    size: usize,
) -> SysResult {
    if set.is_null() {
        return forward_blocking(nr, &args);
    }
    let mask = read_mask(set, size)?;
    under_mask(t, mask, |_, host| {
        if let Some(arg) = args.get_mut(at) {
            *arg = host;
        }
        forward_blocking(nr, &args)
    })
}

/// poll(2).
pub fn poll(t: &mut Task, fds: UserPtr<PollFd>, count: Uint, timeout: Int) -> SysResult {
    if let Some(count) = hidden::among_polled(t, fds, count)? {
        return Ok(count);
    }
    let args = [fds.address(), count.raw(), int(timeout.0), 0, 0, 0];
    forward_blocking(nr::POLL, &args)
}

/// select(2).
pub fn select(
    t: &mut Task,
    count: Int,
    read: Ptr,
    write: Ptr,
    except: Ptr,
    timeout: Ptr,
) -> SysResult {
    hidden::among_selected(t, count.0, [read.0, write.0, except.0])?;
    let args = [int(count.0), read.0, write.0, except.0, timeout.0, 0];
    forward_blocking(nr::SELECT, &args)
}

/// ppoll(2).
pub fn ppoll(
    t: &mut Task,
    fds: UserPtr<PollFd>,
    count: Uint,
    timeout: Ptr,
    set: UserPtr<SigSet>,
    size: Size,
) -> SysResult {
    if let Some(count) = hidden::among_polled(t, fds, count)? {
        return Ok(count);
    }
    let fds = fds.address();
    let args = [fds, count.raw(), timeout.0, set.address(), size.0, 0];
    forward_under(t, nr::PPOLL, args, 3, set, size.0)
}

/// pselect(2): its sixth argument is the address of a mask's address and size.
pub fn pselect6(
    t: &mut Task,
    count: Int,
    read: Ptr,
    write: Ptr,
    except: Ptr,
    timeout: Ptr,
    sigmask: UserPtr<[usize; 2]>,
) -> SysResult {
    hidden::among_selected(t, count.0, [read.0, write.0, except.0])?;
    let args = [
        int(count.0),
        read.0,
        write.0,
        except.0,
        timeout.0,
        sigmask.address(),
    ];
    by_pair(t, nr::PSELECT6, args, sigmask)
}

/// io_pgetevents(2).
pub fn io_pgetevents(
    t: &mut Task,
    context: Ptr,
    least: Long,
    count: Long,
    events: Ptr,
    timeout: Ptr,
    sigmask: UserPtr<[usize; 2]>,
) -> SysResult {
    let args = [
        context.0,
        least.raw(),
        count.raw(),
        events.0,
        timeout.0,
        sigmask.address(),
    ];
    by_pair(t, nr::IO_PGETEVENTS, args, sigmask)
}

/// Forwards a call whose sixth argument is `struct { const sigset_t *set; size_t size; }`.
fn by_pair(
    t: &mut Task,
    nr: usize,
    mut args: [usize; 6],
    sigmask: UserPtr<[usize; 2]>,
) -> SysResult {
    if sigmask.is_null() {
        return forward_blocking(nr, &args);
    }
    let [set, size] = user::read(sigmask)?;
    if set == 0 {
        args[5] = 0;
        return forward_blocking(nr, &args);
    }
    let mask = read_mask(UserPtr::new(set), size)?;
    under_mask(t, mask, |_, host| {
        let pair = [host, size];
        args[5] = pair.as_ptr().expose_provenance();
        forward_blocking(nr, &args)
    })
}

/// epoll_pwait(2).
pub fn epoll_pwait(
    t: &mut Task,
    fd: Fd,
    events: Ptr,
    count: Int,
    timeout: Int,
    set: UserPtr<SigSet>,
    size: Size,
) -> SysResult {
    let args = [
        int(fd.0),
        events.0,
        int(count.0),
        int(timeout.0),
        set.address(),
        size.0,
    ];
    forward_under(t, nr::EPOLL_PWAIT, args, 4, set, size.0)
}

/// epoll_pwait2(2).
pub fn epoll_pwait2(
    t: &mut Task,
    fd: Fd,
    events: Ptr,
    count: Int,
    timeout: Ptr,
    set: UserPtr<SigSet>,
    size: Size,
) -> SysResult {
    let args = [
        int(fd.0),
        events.0,
        int(count.0),
        timeout.0,
        set.address(),
        size.0,
    ];
    forward_under(t, nr::EPOLL_PWAIT2, args, 4, set, size.0)
}

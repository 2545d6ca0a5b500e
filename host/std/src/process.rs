//! Processes as a supervisor makes them.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::sched::CloneFlags;
use nix::unistd::Pid;

/// `KEYCTL_JOIN_SESSION_KEYRING` (keyctl(2)).
const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;

/// `CLONE_INTO_CGROUP` (clone3(2), Linux 5.7), beyond the bits of clone(2).
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Which process goes on.
#[derive(Debug)]
pub enum Cloned {
    /// The new one.
    Child,
    /// The one that called.
    Parent {
        /// The child.
        pid: Pid,
        /// A descriptor for it, close-on-exec.
        pidfd: OwnedFd,
    },
}

/// Makes a child that is a copy of this process in new `namespaces` (clone3(2)), and in the control
/// group of version 2 whose directory `group` is. With `CLONE_PARENT` it is a child of this process's
/// parent.
///
/// # Errors
/// What clone3(2) refuses; an error of its own when this process has more than one thread, since
/// the child would have a copy of locks that nobody unlocks.
pub fn clone(namespaces: CloneFlags, group: Option<BorrowedFd<'_>>) -> io::Result<Cloned> {
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("the process has several threads"));
    }
    // The signal of a sibling's end is this process's.
    let exit_signal = match namespaces.contains(CloneFlags::CLONE_PARENT) {
        true => 0,
        false => libc::SIGCHLD,
    };
    split(namespaces, group, exit_signal)
}

/// Makes a copy of this process, which [`clone`] has made, that is a child of this process's
/// parent (`CLONE_PARENT`).
///
/// # Errors
/// What clone3(2) refuses.
pub fn clone_sibling() -> io::Result<Cloned> {
    // The signal of its end is this process's.
    split(CloneFlags::CLONE_PARENT, None, 0)
}

/// Only for a process with one thread. Where clone3(2) is hidden, as in containers whose filter
/// could not see its flags, clone(2) does the same but for the group, which this process then puts
/// the child into.
fn split(
    flags: CloneFlags,
    group: Option<BorrowedFd<'_>>,
    exit_signal: libc::c_int,
) -> io::Result<Cloned> {
    let mut pidfd: RawFd = -1;
    let flags = flags.bits() | libc::CLONE_PIDFD;
    // SAFETY: an all-zero clone_args is a valid value of that C structure.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = u64::from(flags.cast_unsigned());
    arguments.pidfd = (&raw mut pidfd).expose_provenance() as u64;
    if let Some(group) = group {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = u64::from(group.as_raw_fd().cast_unsigned());
    }
    arguments.exit_signal = u64::from(exit_signal.cast_unsigned());
    let place = arguments.pidfd;
    let call = |number: libc::c_long, first: u64, second: u64| {
        // SAFETY: without CLONE_VM and a stack the child goes on from here on a copy of this
        // memory. There is one thread only, so nothing in it is half done. The kernel writes the
        // descriptor to `pidfd`, which outlives the call.
        unsafe { libc::syscall(number, first, second, place, 0, 0) }
    };
    let whole = (&raw mut arguments).expose_provenance() as u64;
    let result = call(
        libc::SYS_clone3,
        whole,
        size_of::<libc::clone_args>() as u64,
    );
    if result < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ENOSYS) {
        let flags = (flags | exit_signal).cast_unsigned();
        let cloned = made(call(libc::SYS_clone, u64::from(flags), 0), pidfd)?;
        if let (Cloned::Parent { pid, .. }, Some(group)) = (&cloned, group) {
            let path = format!("/proc/self/fd/{}/cgroup.procs", group.as_raw_fd());
            if let Err(error) = fs::write(path, pid.to_string()) {
                let _ = send_signal(*pid, libc::SIGKILL);
                return Err(error);
            }
        }
        return Ok(cloned);
    }
    made(result, pidfd)
}

/// What clone(2) has made, and the descriptor that it wrote.
fn made(result: libc::c_long, pidfd: RawFd) -> io::Result<Cloned> {
    match result {
        ..0 => Err(io::Error::last_os_error()),
        0 => Ok(Cloned::Child),
        pid => Ok(Cloned::Parent {
            pid: Pid::from_raw(i32::try_from(pid).map_err(io::Error::other)?),
            // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
            pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        }),
    }
}

/// Sends a signal by its number, real-time signals included (kill(2)).
///
/// # Errors
/// What kill(2) refuses.
pub fn send_signal(pid: Pid, signal: i32) -> io::Result<()> {
    // SAFETY: kill(2) takes no pointer.
    match unsafe { libc::kill(pid.as_raw(), signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Ends this process by `signal`; comes back when that signal does not end processes.
pub fn die_of(signal: i32) {
    // SAFETY: the default action installs no code of ours.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: an all-zero sigset_t is a valid value of that C structure.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set outlives the calls, and no handler of this program's is unblocked by them.
    unsafe {
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
        libc::raise(signal);
    }
}

/// Makes every descriptor from `first` on close-on-exec (close_range(2), Linux 5.11).
///
/// # Errors
/// What close_range(2) refuses.
pub fn close_on_exec_from(first: RawFd) -> io::Result<()> {
    let first = first.cast_unsigned();
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: the call takes no pointer and closes nothing.
    match unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives this process a session keyring of its own, instead of the one it inherited (keyctl(2)).
///
/// # Errors
/// `ENOSYS` or `EPERM` where keyrings are not to be had.
pub fn new_session_keyring() -> io::Result<()> {
    let name = std::ptr::null::<libc::c_char>();
    // SAFETY: a null name means an anonymous keyring.
    match unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::{close_on_exec_from, new_session_keyring};

    #[test]
    fn what_concerns_this_process_only() {
        assert!(close_on_exec_from(1 << 20).is_ok());
        // Either is fine: a container may refuse it.
        let _ = new_session_keyring();
    }
}

//! Questions to the host kernel whose answer changes nothing.

use std::io;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

/// `PR_SET_SYSCALL_USER_DISPATCH` (`include/uapi/linux/prctl.h`), Linux 5.11.
const PR_SET_SYSCALL_USER_DISPATCH: libc::c_int = 59;
/// Its argument that turns the mechanism off, as it is in a process that never turned it on.
const PR_SYS_DISPATCH_OFF: libc::c_ulong = 0;
/// `SECCOMP_GET_ACTION_AVAIL` (seccomp(2)), Linux 4.14.
const SECCOMP_GET_ACTION_AVAIL: libc::c_uint = 2;
/// `LANDLOCK_CREATE_RULESET_VERSION` (landlock_create_ruleset(2)), Linux 5.13.
const LANDLOCK_CREATE_RULESET_VERSION: libc::c_uint = 1;
/// `HWCAP2_FSGSBASE` (`arch/x86/include/uapi/asm/hwcap2.h`), Linux 5.9.
const HWCAP2_FSGSBASE: libc::c_ulong = 1 << 1;

/// Whether Syscall User Dispatch can be armed.
///
/// # Errors
/// `EINVAL` where the kernel lacks it.
pub fn syscall_user_dispatch() -> io::Result<()> {
    let zero: libc::c_ulong = 0;
    // SAFETY: "off" takes no pointers and leaves the thread as it is.
    let result = unsafe {
        libc::prctl(
            PR_SET_SYSCALL_USER_DISPATCH,
            PR_SYS_DISPATCH_OFF,
            zero,
            zero,
            zero,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Whether seccomp filters may return `action` (`SECCOMP_RET_TRAP` and the like).
///
/// # Errors
/// `ENOSYS` or `EINVAL` without seccomp(2), `EOPNOTSUPP` without that action.
pub fn seccomp_action(action: u32) -> io::Result<()> {
    let operation = SECCOMP_GET_ACTION_AVAIL;
    // SAFETY: the call reads one u32 through the pointer, which outlives it.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, operation, 0, &raw const action) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The version of the Landlock ABI.
///
/// # Errors
/// `ENOSYS` where the kernel lacks Landlock, `EOPNOTSUPP` where it is turned off.
pub fn landlock_abi() -> io::Result<i64> {
    let attribute = std::ptr::null::<u8>();
    let size: libc::size_t = 0;
    let flags = LANDLOCK_CREATE_RULESET_VERSION;
    // SAFETY: with this flag the pointer must be null and the size zero; the call only answers.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, attribute, size, flags) };
    if version >= 0 {
        Ok(version)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Whether this process may make a user namespace; tried in a child process.
///
/// # Errors
/// What unshare(2) refuses, or fork(2).
pub fn user_namespace() -> io::Result<()> {
    in_child(|| unshare(CloneFlags::CLONE_NEWUSER))
}

/// Whether this process may mount an overlayfs in a user namespace of its own; tried in a child
/// process.
///
/// # Errors
/// What unshare(2) or fsopen(2) refuses, or fork(2); `ENODEV` where the kernel has none.
pub fn overlayfs() -> io::Result<()> {
    in_child(|| {
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
        // SAFETY: the call reads the name; its descriptor ends with the child.
        Errno::result(unsafe { libc::syscall(libc::SYS_fsopen, c"overlay".as_ptr(), 0) }).map(drop)
    })
}

/// What a trial comes to in a child process. It makes a few system calls and takes no lock.
fn in_child(trial: fn() -> nix::Result<()>) -> io::Result<()> {
    // SAFETY: the child only makes system calls and takes no lock, so it matters not what other
    // threads held when it was made.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let error = trial().err();
            // SAFETY: `_exit` only ends the child, without running the parent's exit handlers.
            unsafe { libc::_exit(error.map_or(0, |errno| errno as libc::c_int)) }
        }
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, 0) => Ok(()),
            WaitStatus::Exited(_, errno) => Err(io::Error::from_raw_os_error(errno)),
            status => Err(io::Error::other(format!(
                "the trial process ended with {status:?}"
            ))),
        },
    }
}

/// Whether user code may use the instructions that read and write the FS and GS bases
/// (`Documentation/arch/x86/x86_64/fsgs.rst`).
#[must_use]
pub fn fsgsbase() -> bool {
    // SAFETY: getauxval(3) only looks a value up.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP2) };
    capabilities & HWCAP2_FSGSBASE != 0
}

/// The processor's time stamp counter, as observed guests note it.
#[must_use]
pub fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and nothing here forbids it to itself.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(test)]
mod tests {
    use super::{landlock_abi, overlayfs, seccomp_action, syscall_user_dispatch, user_namespace};

    #[test]
    fn probes_answer_the_same_twice() {
        assert_eq!(
            syscall_user_dispatch().is_ok(),
            syscall_user_dispatch().is_ok()
        );
        assert_eq!(landlock_abi().ok(), landlock_abi().ok());
        assert_eq!(user_namespace().is_ok(), user_namespace().is_ok());
        assert_eq!(overlayfs().is_ok(), overlayfs().is_ok());
    }

    #[test]
    fn an_unknown_action_is_refused() {
        assert!(seccomp_action(0x1234_5678).is_err());
    }
}

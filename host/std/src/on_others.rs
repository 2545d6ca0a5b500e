//! Calls that a supervisor makes for a process of its own, and no library offers.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The kernel reads no more of a structure that a guest passes, in bytes: `sched_attr` and
/// `file_attr` may be as long as a page.
const PAGE: usize = 4096;

/// `SYS_file_setattr` (Linux 6.17).
const FILE_SETATTR: libc::c_long = 469;

/// setpriority(2), ioprio_set(2), sched_setparam(2), sched_setscheduler(2), sched_setaffinity(2) or
/// sched_setattr(2) with a process or thread, by the call's number. `value` is what the call's
/// pointer points to.
///
/// # Errors
/// What the kernel says; `EINVAL` for another call or a longer value.
pub fn call(nr: usize, arguments: [i32; 3], value: &[u8]) -> io::Result<()> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let mut room = [0u8; PAGE];
    let to = room.get_mut(..value.len()).ok_or_else(invalid)?;
    to.copy_from_slice(value);
    let [a, b, c] = arguments.map(libc::c_long::from);
    let nr = libc::c_long::try_from(nr).map_err(|_| invalid())?;
    let pointer = room.as_mut_ptr();
    // SAFETY: the kernel reads at most a page at the pointer, which there is, and writes to it only
    // the size of a `sched_attr` that it does not know.
    let result = unsafe {
        match nr {
            libc::SYS_setpriority | libc::SYS_ioprio_set => libc::syscall(nr, a, b, c),
            libc::SYS_sched_setparam => libc::syscall(nr, a, pointer),
            libc::SYS_sched_setscheduler => libc::syscall(nr, a, b, pointer),
            libc::SYS_sched_setaffinity => libc::syscall(nr, a, value.len(), pointer),
            libc::SYS_sched_setattr => libc::syscall(nr, a, pointer, b),
            _ => return Err(invalid()),
        }
    };
    done(result)
}

/// `file_setattr(2)` of what a descriptor leads to.
///
/// # Errors
/// What the kernel says.
pub fn set_file_attributes(file: BorrowedFd<'_>, value: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads so many bytes as it is told.
    let result = unsafe {
        libc::syscall(
            FILE_SETATTR,
            file.as_raw_fd(),
            c"".as_ptr(),
            value.as_ptr(),
            value.len(),
            libc::AT_EMPTY_PATH,
        )
    };
    done(result)
}

fn done(result: libc::c_long) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

//! The last step of `lx run`: this process becomes another program.

use std::convert::Infallible;
use std::ffi::CStr;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use nix::fcntl::AtFlags;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{close, execveat};

use crate::entry;

/// Replaces this process by the program in the file `image` (execveat(2), `AT_EMPTY_PATH`),
/// by its number, whoever owns it, with SIGPIPE and the standard descriptors as this process inherited them.
///
/// # Errors
/// What execveat(2) refuses. The descriptors that were handed over closed are closed then.
pub fn exec_image<A, E>(image: RawFd, arguments: &[A], environment: &[E]) -> io::Result<Infallible>
where
    A: AsRef<CStr>,
    E: AsRef<CStr>,
{
    if !entry::sigpipe_was_ignored() {
        // SAFETY: the default action installs no code of ours.
        unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    }
    for fd in entry::closed_descriptors() {
        // Only std's own /dev/null can be there; whether it was open makes no difference.
        let _ = close(fd);
    }
    // SAFETY: nothing here closes it, and of a number that is not open execveat(2) says so.
    let image = unsafe { BorrowedFd::borrow_raw(image) };
    Ok(execveat(
        image,
        c"",
        arguments,
        environment,
        AtFlags::AT_EMPTY_PATH,
    )?)
}

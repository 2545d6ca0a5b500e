//! Signals: actions, masks, alternate stacks, waiting, and the way back from a handler.

mod action;
mod hidden;
mod mask;
mod polling;
mod waiting;

pub use action::{rt_sigaction, rt_sigreturn, sigaltstack};
pub use hidden::PollFd;
pub use mask::{rt_sigpending, rt_sigprocmask};
pub use polling::{epoll_pwait, epoll_pwait2, io_pgetevents, poll, ppoll, pselect6, select};
pub use waiting::{rt_sigsuspend, rt_sigtimedwait, signalfd, signalfd4};

use abi::signal::SigSet;
use abi::{Errno, SysResult, UserPtr};
use host::user;

/// The size of the kernel's `sigset_t`.
const SIGSET_SIZE: usize = 8;

/// Reads a mask that a call sets for its own time.
fn read_mask(set: UserPtr<SigSet>, size: usize) -> SysResult<SigSet> {
    if size == SIGSET_SIZE {
        user::read(set)
    } else {
        Err(Errno::EINVAL)
    }
}

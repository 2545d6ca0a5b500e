//! The brand's descriptors among those that a guest polls: to the guest they are not open.

use abi::arg::Uint;
use abi::{Errno, SysResult, UserPtr, nr};
use host::call::forward;
use host::user;
use kernel::Task;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

const POLLNVAL: i16 = 0x20;
const BITS: usize = 8;

/// `struct pollfd`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PollFd {
    fd: i32,
    events: i16,
    revents: i16,
}

fn is_hidden(t: &Task, at: UserPtr<PollFd>) -> bool {
    user::read(at).is_ok_and(|entry| t.is_reserved_fd(entry.fd))
}

/// Serves poll(2) when one of the entries names a descriptor of the brand's: what is ready is told
/// at once, since such an entry (`POLLNVAL`) is. `None` when there is none.
pub(super) fn among_polled(
    t: &Task,
    fds: UserPtr<PollFd>,
    count: Uint,
) -> SysResult<Option<usize>> {
    let count = usize::try_from(count.0).unwrap_or(0);
    // The count may be more than there is memory: the search ends where memory does, and the
    // host then says what the kernel says (`EFAULT`, or `EINVAL` for more than the limit).
    let mut entries = (0..count).map_while(|index| user::read(fds.element(index)).ok());
    if !entries.any(|entry| t.is_reserved_fd(entry.fd)) {
        return Ok(None);
    }
    let mut ready = 0;
    for at in (0..count).map(|index| fds.element(index)) {
        if is_hidden(t, at) {
            let entry = user::read(at)?;
            user::write(
                at,
                &PollFd {
                    revents: POLLNVAL,
                    ..entry
                },
            )?;
            ready += 1;
        } else {
            ready += forward(nr::POLL, &[at.address(), 1, 0, 0, 0, 0])?;
        }
    }
    Ok(Some(ready))
}

/// Refuses select(2) on a descriptor of the brand's.
///
/// # Errors
/// `EBADF`.
pub(super) fn among_selected(t: &Task, count: i32, sets: [usize; 3]) -> SysResult<()> {
    let count = u32::try_from(count).unwrap_or(0);
    for fd in t.reserved_fds().filter(|&fd| fd < count) {
        let bit = usize::try_from(fd).unwrap_or(0);
        for set in sets.into_iter().filter(|&set| set != 0) {
            let byte = user::read(UserPtr::<u8>::new(set + bit / BITS))?;
            if byte >> (bit % BITS) & 1 != 0 {
                return Err(Errno::EBADF);
            }
        }
    }
    Ok(())
}

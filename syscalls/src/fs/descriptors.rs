//! Descriptors by number, where a number can be one of the brand's own: dup2(2), dup3(2), and
//! close_range(2), which steps over them.

use abi::arg::{Fd, Flags, Int, NewFd, Uint};
use abi::{Errno, SysResult, nr};
use core::ops::Range;
use host::call::{forward_blocking, int};
use host::host_call;
use host::rows::file_rows_held;
use kernel::Task;

use super::live::copied;

/// `F_GETFD` of fcntl(2).
const F_GETFD: usize = 1;

/// dup2(2): as dup3(2), but a descriptor may be its own copy.
pub fn dup2(t: &mut Task, old: Fd, new: NewFd) -> SysResult {
    if old.0 == new.0 {
        host_call!(nr::FCNTL, old.raw(), F_GETFD)?;
        return Ok(new.raw());
    }
    dup3(t, old, new, Int(0))
}

/// dup3(2).
pub fn dup3(t: &mut Task, old: Fd, new: NewFd, flags: Int) -> SysResult {
    make_room(t, new.0)?;
    let result = forward_blocking(nr::DUP3, &[old.raw(), new.raw(), flags.raw(), 0, 0, 0])?;
    replaced(t, old, new.0);
    Ok(result)
}

/// `new` is a copy of `old`, and no longer what it was.
fn replaced(t: &Task, old: Fd, new: i32) {
    if file_rows_held() && old.0 != new {
        forget(t, new.cast_unsigned(), new.cast_unsigned());
        copied(t, old, int(new));
    }
}

/// Those descriptors are closed.
fn forget(t: &Task, first: u32, last: u32) {
    // A child of vfork closes its own descriptors, but has its parent's memory.
    if !t.borrows_memory && file_rows_held() {
        for fs in t.mounts.overlays() {
            fs.before_close(first, last);
        }
    }
}

/// Moves the brand's descriptors, if the guest asks for one of their numbers and may have it.
fn make_room(t: &Task, new: i32) -> SysResult<()> {
    const RLIMIT_NOFILE: usize = 7;
    if !t.is_reserved_fd(new) {
        return Ok(());
    }
    let mut limit = [0u64; 2];
    let at = limit.as_mut_ptr().expose_provenance();
    host_call!(nr::PRLIMIT64, 0, RLIMIT_NOFILE, 0, at)?;
    // A child of vfork has descriptors of its own, but not the memory that says where they are.
    if u64::try_from(new).is_ok_and(|new| new >= limit[0]) || t.borrows_memory {
        return Err(Errno::EBADF);
    }
    host::intercept::move_reserved_fds().map_err(|_| Errno::EBADF)
}

/// close_range(2).
pub fn close_range(t: &mut Task, first: Uint, last: Uint, flags: Flags) -> SysResult {
    const CLOSE_RANGE_CLOEXEC: u32 = 4;
    if first.0 > last.0 {
        return Err(Errno::EINVAL);
    }
    let close = |(first, last): (u32, u32)| {
        host_call!(
            nr::CLOSE_RANGE,
            Uint(first).raw(),
            Uint(last).raw(),
            flags.raw()
        )
    };
    let (below, above) = around(first.0, last.0, &t.reserved_fds());
    if below.is_none() && above.is_none() {
        // Nothing to close, but the host checks the flags, and CLOSE_RANGE_UNSHARE still holds.
        return close((u32::MAX, u32::MAX));
    }
    // The second call finds the table unshared already, so the flags can be the same.
    below.map_or(Ok(0), close)?;
    above.map_or(Ok(0), close)?;
    if flags.0 & CLOSE_RANGE_CLOEXEC == 0 {
        forget(t, first.0, last.0);
    }
    Ok(0)
}

/// An inclusive range, if it is not empty.
type Part = Option<(u32, u32)>;

/// The parts of `first..=last` below and above `reserved`.
fn around(first: u32, last: u32, reserved: &Range<u32>) -> (Part, Part) {
    if reserved.is_empty() {
        return (Some((first, last)), None);
    }
    let below = reserved
        .start
        .checked_sub(1)
        .map(|end| (first, last.min(end)));
    let above = (first.max(reserved.end), last);
    let some = |part: (u32, u32)| (part.0 <= part.1).then_some(part);
    (below.and_then(some), some(above))
}

#[cfg(test)]
mod tests {
    use super::around;

    #[test]
    fn reserved_descriptors_are_stepped_over() {
        let reserved = 1000..1008;
        assert_eq!(
            around(3, u32::MAX, &reserved),
            (Some((3, 999)), Some((1008, u32::MAX)))
        );
        assert_eq!(around(3, 9, &reserved), (Some((3, 9)), None));
        assert_eq!(around(3, 1000, &reserved), (Some((3, 999)), None));
        assert_eq!(around(1003, 1003, &reserved), (None, None));
        assert_eq!(around(1000, 1007, &reserved), (None, None));
        assert_eq!(around(1007, 1008, &reserved), (None, Some((1008, 1008))));
        assert_eq!(around(2000, 3000, &reserved), (None, Some((2000, 3000))));
        assert_eq!(around(0, 5, &(0..2)), (None, Some((2, 5))));
        assert_eq!(around(0, 5, &(7..7)), (Some((0, 5)), None));
    }
}

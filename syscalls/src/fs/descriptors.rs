//! close_range(2), which steps over the brand's descriptors.

use abi::arg::{Flags, Uint};
use abi::{Errno, SysResult, nr};
use core::ops::Range;
use host::host_call;
use kernel::Task;

/// close_range(2).
pub fn close_range(t: &mut Task, first: Uint, last: Uint, flags: Flags) -> SysResult {
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
    above.map_or(Ok(0), close)
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

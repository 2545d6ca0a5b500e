//! One mapping from the text of /proc/self/maps, for hosts without `PROCMAP_QUERY` (Linux 6.11).

use alloc::vec::Vec;

use abi::{Errno, SysResult, nr};
use host::host_call;

/// Start, end and flags (1 read, 2 write, 4 execute, 8 shared) of the file's mapping that
/// holds an address.
pub(crate) fn find(fd: usize, address: u64) -> SysResult<(u64, u64, u64)> {
    let mut text = Vec::new();
    loop {
        let old = text.len();
        text.resize(old + 4096, 0u8);
        let to = text.as_mut_ptr().expose_provenance() + old;
        let count = host_call!(nr::READ, fd, to, 4096)?;
        text.truncate(old + count);
        if count == 0 {
            break;
        }
    }
    text.split(|&byte| byte == b'\n')
        .filter_map(line)
        .find(|&(start, end, _)| (start..end).contains(&address))
        .ok_or(Errno::ENOENT)
}

fn line(text: &[u8]) -> Option<(u64, u64, u64)> {
    let text = core::str::from_utf8(text).ok()?;
    // Of a file, that is: the fifth field is the inode.
    text.split_ascii_whitespace()
        .nth(4)
        .filter(|&inode| inode != "0")?;
    let (range, rest) = text.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let flag = |index: usize, letter: u8, bit: u64| {
        if rest.as_bytes().get(index) == Some(&letter) {
            bit
        } else {
            0
        }
    };
    let flags = flag(0, b'r', 1) | flag(1, b'w', 2) | flag(2, b'x', 4) | flag(3, b's', 8);
    Some((
        u64::from_str_radix(start, 16).ok()?,
        u64::from_str_radix(end, 16).ok()?,
        flags,
    ))
}

//! What processes have mapped, by their `maps` (proc_pid_maps(5)).

use alloc::ffi::CString;
use alloc::vec;
use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::{host_call, intercept};
use kernel::bare::Handle;

/// A line of `maps` (proc_pid_maps(5)).
pub(super) struct Mapping<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) offset: usize,
    pub(super) name: &'a [u8],
}

/// The text of a `maps` below /proc.
pub(super) fn maps(path: &str) -> SysResult<Vec<u8>> {
    const PIECE: usize = 16 << 10;
    let path = CString::new(path).map_err(|_| Errno::EINVAL)?;
    let fd = kernel::proc::open(intercept::proc_fd(), &path, OpenFlags::CLOEXEC)?;
    let file = Handle::owned(fd);
    let (mut text, mut piece) = (Vec::new(), vec![0u8; PIECE]);
    loop {
        let to = piece.as_mut_ptr().expose_provenance();
        match host_call!(nr::READ, file.register(), to, PIECE)? {
            0 => return Ok(text),
            length => text.extend_from_slice(piece.get(..length).unwrap_or_default()),
        }
    }
}

/// The mappings of files whose names begin so.
pub(super) fn mappings<'a>(maps: &'a [u8], prefix: &'a [u8]) -> impl Iterator<Item = Mapping<'a>> {
    let lines = maps.split(|byte| *byte == b'\n');
    lines.filter_map(move |line| {
        let at = line.windows(prefix.len()).position(|part| part == prefix)?;
        let (head, name) = line.split_at_checked(at)?;
        let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
        let head = core::str::from_utf8(head).ok()?;
        let mut words = head.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let offset = words.nth(1)?;
        let hex = |text| usize::from_str_radix(text, 16).ok();
        Some(Mapping {
            start: hex(start)?,
            end: hex(end)?,
            offset: hex(offset)?,
            name,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::mappings;

    #[test]
    fn mappings_are_found_by_name() {
        let maps = b"1000-3000 rw-s 00000000 00:1c 77   /run/lx/segments/4 (deleted)\n\
                     3000-4000 rw-s 00002000 00:1c 77   /run/lx/segments/4\n\
                     5000-6000 r--p 00000000 08:01 9    /bin/sh\n";
        let found: std::vec::Vec<_> = mappings(maps, b"/run/lx/segments/")
            .map(|it| (it.start, it.end, it.offset, it.name))
            .collect();
        let name: &[u8] = b"/run/lx/segments/4";
        assert_eq!(
            found,
            [(0x1000, 0x3000, 0, name), (0x3000, 0x4000, 0x2000, name)]
        );
    }
}

//! `/proc/PID/maps` (proc_pid_maps(5)).

use alloc::vec::Vec;
use core::ops::Range;

use crate::ranges::{Piece, Ranges};
use crate::text::{Lines, hex, put_hex};

/// What the link of the brand's image begins with.
pub(crate) const BRAND_IMAGE: &[u8] = b"/memfd:lx";
/// And that of a copy with the rights of a program (`kernel::zone::rights`).
const COPY: &[u8] = b"/dev/memfd:lx-";

/// Whether the link is that of the brand's image or of a copy.
pub(crate) fn is_image(link: &[u8]) -> bool {
    link.starts_with(BRAND_IMAGE) || link.starts_with(COPY)
}

/// The column that a mapping's name is written in.
const NAME_COLUMN: usize = 73;

/// One line of `maps`, which is also the head of a block of `smaps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping<'a> {
    pub(crate) range: Range<u64>,
    permissions: &'a [u8],
    offset: u64,
    device: &'a [u8],
    inode: &'a [u8],
    /// Path or `[name]`; may be empty, may contain blanks.
    pub(crate) name: &'a [u8],
}

impl<'a> Mapping<'a> {
    /// Reads a line; `None` when it is none of a mapping.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let (range, line) = word(line);
        let (permissions, line) = word(line);
        let (offset, line) = word(line);
        let (device, line) = word(line);
        let (inode, name) = word(line);
        let dash = range.iter().position(|byte| *byte == b'-')?;
        let range = hex(&range[..dash])?..hex(&range[dash + 1..])?;
        let offset = hex(offset)?;
        (permissions.len() == 4 && !inode.is_empty()).then_some(Self {
            range,
            permissions,
            offset,
            device,
            inode,
            name: name.trim_ascii_start(),
        })
    }

    /// Whether it is the brand's image.
    pub(crate) fn is_brand_image(&self) -> bool {
        is_image(self.name)
    }

    /// What the guest sees of it.
    pub(crate) fn visible(&self, ranges: &mut Ranges) -> Vec<Piece> {
        if self.is_brand_image() {
            ranges.image_at(self.range.start);
            return Vec::new();
        }
        ranges.visible(
            self.range.clone(),
            self.inode == b"0" && self.name.is_empty(),
        )
    }

    /// Writes the line of a part of it, as `show_map_vma` in `fs/proc/task_mmu.c` does.
    pub(crate) fn put(&self, piece: &Piece, out: &mut Vec<u8>) {
        let start = out.len();
        put_hex(out, piece.range.start, 8);
        out.push(b'-');
        put_hex(out, piece.range.end, 8);
        out.push(b' ');
        out.extend_from_slice(self.permissions);
        out.push(b' ');
        let skipped = if self.inode == b"0" {
            0
        } else {
            piece.range.start - self.range.start
        };
        put_hex(out, self.offset.wrapping_add(skipped), 8);
        out.push(b' ');
        out.extend_from_slice(self.device);
        out.push(b' ');
        out.extend_from_slice(self.inode);
        out.push(b' ');
        let name = if piece.heap { b"[heap]" } else { self.name };
        if !name.is_empty() {
            while out.len() - start < NAME_COLUMN {
                out.push(b' ');
            }
            out.extend_from_slice(name);
        }
        out.push(b'\n');
    }
}

/// The bytes up to the next blank, and those after it.
fn word(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|byte| *byte == b' ') {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, &[]),
    }
}

/// Filters `maps`.
#[derive(Debug)]
pub(crate) struct Maps {
    pub(crate) ranges: Ranges,
}

impl Lines for Maps {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(mapping) = Mapping::parse(line) else {
            out.extend_from_slice(line);
            return;
        };
        for piece in mapping.visible(&mut self.ranges) {
            mapping.put(&piece, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::filtered;
    use alloc::vec;

    const HOST: &str = "\
00400000-00401000 r--p 00000000 fe:00 247030                             /usr/bin/a b (deleted)
55d0c0000000-55d0c0021000 rw-p 00000000 00:00 0 
55d0c0100000-55d0c0200000 rw-p 00000000 00:00 0 
7f0000000000-7f0000040000 r-xp 00001000 00:01 1025                       /memfd:lx (deleted)
7f0000040000-7f0000090000 rw-p 00000000 00:00 0 
7f0000100000-7f0000104000 r--p 00003000 fe:00 326279                     /usr/lib/libc.so.6
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

    #[test]
    fn without_brand_and_heap_the_text_is_the_same() {
        let ranges = Ranges::default();
        let own = HOST.lines().filter(|line| !line.contains("memfd"));
        let expected: alloc::string::String = own.flat_map(|line| [line, "\n"]).collect();
        assert_eq!(filtered(&mut Maps { ranges }, HOST), expected);
    }

    #[test]
    fn brand_out_and_heap_named() {
        let hidden = vec![
            0x7f00_0000_0000..0x7f00_0005_0000,
            0x7f00_0010_1000..0x7f00_0010_2000,
        ];
        let ranges = Ranges::new(hidden, 0x55d0_c010_0000, 0x55d0_c018_0123);
        assert_eq!(
            filtered(&mut Maps { ranges }, HOST),
            "\
00400000-00401000 r--p 00000000 fe:00 247030                             /usr/bin/a b (deleted)
55d0c0000000-55d0c0021000 rw-p 00000000 00:00 0 
55d0c0100000-55d0c0181000 rw-p 00000000 00:00 0                          [heap]
55d0c0181000-55d0c0200000 rw-p 00000000 00:00 0 
7f0000050000-7f0000090000 rw-p 00000000 00:00 0 
7f0000100000-7f0000101000 r--p 00003000 fe:00 326279                     /usr/lib/libc.so.6
7f0000102000-7f0000104000 r--p 00005000 fe:00 326279                     /usr/lib/libc.so.6
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"
        );
    }

    #[test]
    fn the_image_of_another_guest_is_found_by_name() {
        // The image reaches 0x10000 bytes into the anonymous mapping after it.
        let ranges = Ranges::of_image(0x50000);
        let seen = filtered(&mut Maps { ranges }, HOST);
        assert!(!seen.contains("memfd"));
        assert!(seen.contains("\n7f0000050000-7f0000090000 rw-p 00000000 00:00 0 \n"));
    }

    #[test]
    fn lines_of_something_else_pass() {
        let ranges = Ranges::default();
        assert_eq!(filtered(&mut Maps { ranges }, "no mapping"), "no mapping");
    }
}

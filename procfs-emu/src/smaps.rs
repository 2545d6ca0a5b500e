//! `/proc/PID/smaps` (proc_pid_smaps(5)).

use alloc::vec::Vec;

use crate::maps::Mapping;
use crate::ranges::{Piece, Ranges};
use crate::text::{Lines, decimal, put_decimal};

/// A line `Key:   number kB`, parted.
pub(crate) struct Amount<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) kilobytes: u64,
}

impl<'a> Amount<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b" kB\n")?;
        let colon = line.iter().position(|byte| *byte == b':')?;
        let kilobytes = decimal(line[colon + 1..].trim_ascii_start())?;
        Some(Self {
            key: &line[..colon],
            kilobytes,
        })
    }

    /// Writes the line as the kernel does: key in 16 columns, number in 8.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(self.key);
        out.push(b':');
        while out.len() - start < 16 {
            out.push(b' ');
        }
        put_decimal(out, self.kilobytes, 8);
        out.extend_from_slice(b" kB\n");
    }

    /// Whether the amount belongs to the pages of the mapping, so that a part of the mapping has
    /// a part of it.
    pub(crate) fn is_of_pages(&self) -> bool {
        !matches!(self.key, b"Size" | b"KernelPageSize" | b"MMUPageSize")
    }
}

/// The block that is being read.
#[derive(Debug, Default)]
enum Block {
    /// Everything passes: nothing was read yet, or the mapping is the guest's own.
    #[default]
    Whole,
    /// The mapping is the brand's.
    Hidden,
    /// The guest sees parts of it; the text is held until the block is complete.
    Parted {
        head: Vec<u8>,
        fields: Vec<u8>,
        pieces: Vec<Piece>,
    },
}

/// Filters `smaps`. Where the host joined memory of the brand and of the guest in one mapping, it
/// does not tell which pages belong to which part; each part then gets its share by size.
#[derive(Debug)]
pub(crate) struct Smaps {
    ranges: Ranges,
    block: Block,
}

impl Smaps {
    pub(crate) fn new(ranges: Ranges) -> Self {
        Self {
            ranges,
            block: Block::Whole,
        }
    }

    fn begin(&mut self, mapping: &Mapping<'_>, line: &[u8], out: &mut Vec<u8>) {
        let pieces = mapping.visible(&mut self.ranges);
        self.block = match &pieces[..] {
            [] => Block::Hidden,
            [piece] if piece.range == mapping.range => {
                mapping.put(piece, out);
                Block::Whole
            }
            _ => Block::Parted {
                head: line.to_vec(),
                fields: Vec::new(),
                pieces,
            },
        };
    }
}

impl Lines for Smaps {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if let Some(mapping) = Mapping::parse(line) {
            self.end(out);
            self.begin(&mapping, line, out);
            return;
        }
        match &mut self.block {
            Block::Whole => out.extend_from_slice(line),
            Block::Hidden => {}
            Block::Parted { fields, .. } => fields.extend_from_slice(line),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Block::Parted {
            head,
            fields,
            pieces,
        } = core::mem::take(&mut self.block)
        else {
            return;
        };
        let Some(mapping) = Mapping::parse(&head) else {
            return;
        };
        let whole = (mapping.range.end - mapping.range.start) / 1024;
        for piece in pieces {
            let part = (piece.range.end - piece.range.start) / 1024;
            mapping.put(&piece, out);
            for line in fields.split_inclusive(|byte| *byte == b'\n') {
                match Amount::parse(line) {
                    Some(amount) if amount.key == b"Size" => {
                        Amount {
                            kilobytes: part,
                            ..amount
                        }
                        .put(out);
                    }
                    Some(amount) if amount.is_of_pages() => {
                        Amount {
                            kilobytes: share(amount.kilobytes, part, whole),
                            ..amount
                        }
                        .put(out);
                    }
                    _ => out.extend_from_slice(line),
                }
            }
        }
    }
}

/// `amount * part / whole`, in whole pages where the amount is.
fn share(amount: u64, part: u64, whole: u64) -> u64 {
    let exact = u128::from(amount) * u128::from(part) / u128::from(whole.max(1));
    let exact = u64::try_from(exact).unwrap_or(u64::MAX);
    if amount.is_multiple_of(4) {
        exact / 4 * 4
    } else {
        exact
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{BRAND, CAT, JOINED, ranges};
    use crate::text::filtered;
    use alloc::string::String;
    use alloc::vec;

    #[test]
    fn blocks_of_the_brand_are_left_out() {
        let host = [CAT, BRAND, CAT].concat();
        assert_eq!(
            filtered(&mut Smaps::new(ranges()), &host),
            [CAT, CAT].concat()
        );
    }

    #[test]
    fn a_joined_block_is_parted_by_size() {
        assert_eq!(
            filtered(&mut Smaps::new(ranges()), &[CAT, JOINED].concat()),
            String::from(CAT)
                + "\
7f0000050000-7f0000090000 rw-p 00000000 00:00 0 
Size:                256 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                  80 kB
Pss:                  80 kB
Anonymous:            80 kB
THPeligible:           0
VmFlags: rd wr mr mw me ac 
"
        );
    }

    #[test]
    fn the_heap_is_a_block_of_its_own() {
        let ranges = Ranges::new(vec![], 0x7f00_0004_0000, 0x7f00_0008_f001);
        let seen = filtered(&mut Smaps::new(ranges), JOINED);
        let name =
            "7f0000040000-7f0000090000 rw-p 00000000 00:00 0                          [heap]";
        assert_eq!(seen.lines().next(), Some(name));
        assert_eq!(
            seen.lines().skip(1).collect::<Vec<_>>(),
            JOINED.lines().skip(1).collect::<Vec<_>>()
        );
    }
}

//! `/proc/PID/numa_maps` (numa(7)). A line tells where a mapping starts but not where it ends,
//! so the lines of a mapping that is the brand's from its start on are left out, and one that
//! the host joined with a later one of the brand is shown whole.

use alloc::vec::Vec;

use crate::maps::BRAND_IMAGE;
use crate::ranges::Ranges;
use crate::text::{Lines, hex};

/// Filters `numa_maps`.
#[derive(Debug)]
pub(crate) struct NumaMaps {
    pub(crate) ranges: Ranges,
}

impl Lines for NumaMaps {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let start = words.next().and_then(hex);
        let (Some(start), Some(policy)) = (start, words.next()) else {
            out.extend_from_slice(line);
            return;
        };
        let rest = words.next().unwrap_or(b"");
        let file = rest.strip_prefix(b"file=");
        let named = file.is_some() || rest.starts_with(b"heap") || rest.starts_with(b"stack");
        if file.is_some_and(|file| file.starts_with(BRAND_IMAGE)) {
            self.ranges.image_at(start);
            return;
        }
        let page = start..start.saturating_add(4096);
        let pieces = self.ranges.visible(page, !named);
        let Some(piece) = pieces.first() else { return };
        if piece.heap {
            out.extend_from_slice(&line[..start_width(line)]);
            out.push(b' ');
            out.extend_from_slice(policy.trim_ascii_end());
            out.extend_from_slice(b" heap");
            if rest.is_empty() {
                out.push(b'\n');
            } else {
                out.push(b' ');
                out.extend_from_slice(rest);
            }
        } else {
            out.extend_from_slice(line);
        }
    }
}

/// How many bytes of `line` its address takes.
fn start_width(line: &[u8]) -> usize {
    line.iter()
        .take(16)
        .take_while(|byte| **byte != b' ')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::filtered;

    #[test]
    fn brand_out_and_heap_named() {
        let ranges = Ranges::new(
            core::iter::once(0x7f00_0004_0000..0x7f00_0005_0000).collect(),
            0x55d0_c010_0000,
            0x55d0_c020_0000,
        );
        let host = "\
55d0c0000000 default file=/usr/bin/cat mapped=2 N0=2 kernelpagesize_kB=4
55d0c0100000 default anon=3 dirty=3 N0=3 kernelpagesize_kB=4
7f0000000000 default file=/memfd:lx\\040(deleted) mapped=2 N0=2 kernelpagesize_kB=4
7f0000040000 default anon=1 dirty=1 N0=1 kernelpagesize_kB=4
7f0000060000 default
7ffc00000000 bind:0 stack anon=3 dirty=3 N0=3 kernelpagesize_kB=4
";
        assert_eq!(
            filtered(&mut NumaMaps { ranges }, host),
            "\
55d0c0000000 default file=/usr/bin/cat mapped=2 N0=2 kernelpagesize_kB=4
55d0c0100000 default heap anon=3 dirty=3 N0=3 kernelpagesize_kB=4
7f0000060000 default
7ffc00000000 bind:0 stack anon=3 dirty=3 N0=3 kernelpagesize_kB=4
"
        );
    }
}

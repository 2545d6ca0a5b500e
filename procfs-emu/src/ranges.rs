//! What to leave out of, and what to name in, a list of mappings.

use alloc::vec::Vec;
use core::ops::Range;

/// Bytes of a page.
const PAGE: u64 = 4096;

/// A part of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) range: Range<u64>,
    /// It lies in the heap.
    pub(crate) heap: bool,
}

/// The ranges that matter in one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges {
    /// The brand's, sorted.
    hidden: Vec<Range<u64>>,
    /// The heap, whole pages; may be empty.
    heap: Range<u64>,
    /// How far the brand's image reaches from its first mapping on; 0 when `hidden` has it.
    image_size: u64,
}

impl Ranges {
    /// The ranges of a process whose break began at `start_brk` and is at `brk`.
    pub(crate) fn new(mut hidden: Vec<Range<u64>>, start_brk: u64, brk: u64) -> Self {
        hidden.sort_unstable_by_key(|range| range.start);
        let up = |address: u64| address.saturating_add(PAGE - 1) / PAGE * PAGE;
        Self {
            hidden,
            heap: up(start_brk)..up(brk),
            image_size: 0,
        }
    }

    /// The ranges of a process of which only the size of the brand's image is known. Where it
    /// lies tells its first mapping, see [`Self::image_at`].
    pub(crate) fn of_image(image_size: u64) -> Self {
        Self {
            image_size,
            ..Self::default()
        }
    }

    /// A mapping of the brand's image starts at `start`. What follows the file's part of the
    /// image, its zeroed data, has no name of its own.
    pub(crate) fn image_at(&mut self, start: u64) {
        if self.image_size > 0 && self.hidden.is_empty() {
            self.hidden
                .push(start..start.saturating_add(self.image_size));
        }
    }

    /// What the guest sees of a mapping: nothing, all of it, or parts. Neighbours that the host
    /// joined (anonymous memory of the brand and of the guest) are so parted again. An anonymous
    /// mapping without a name is also cut at the ends of the heap.
    pub(crate) fn visible(&self, range: Range<u64>, anonymous: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut start = range.start;
        for hidden in &self.hidden {
            if hidden.end <= start || hidden.start >= range.end {
                continue;
            }
            if hidden.start > start {
                self.part(start..hidden.start, anonymous, &mut pieces);
            }
            start = start.max(hidden.end);
        }
        if start < range.end {
            self.part(start..range.end, anonymous, &mut pieces);
        }
        pieces
    }

    fn part(&self, range: Range<u64>, anonymous: bool, pieces: &mut Vec<Piece>) {
        let heap = range.start.max(self.heap.start)..range.end.min(self.heap.end);
        if !anonymous || heap.is_empty() {
            pieces.push(Piece { range, heap: false });
            return;
        }
        let parts = [
            (range.start..heap.start, false),
            (heap.clone(), true),
            (heap.end..range.end, false),
        ];
        for (range, heap) in parts {
            if !range.is_empty() {
                pieces.push(Piece { range, heap });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn plain(range: Range<u64>) -> Piece {
        Piece { range, heap: false }
    }

    #[test]
    fn mappings_are_parted() {
        let ranges = Ranges::new(vec![0x9000..0xa000, 0x3000..0x5000], 0, 0);
        assert_eq!(
            ranges.visible(0x1000..0x2000, true),
            [plain(0x1000..0x2000)]
        );
        assert_eq!(ranges.visible(0x3000..0x5000, true), []);
        assert_eq!(ranges.visible(0x4000..0x5000, true), []);
        assert_eq!(
            ranges.visible(0x2000..0x4000, true),
            [plain(0x2000..0x3000)]
        );
        assert_eq!(
            ranges.visible(0x4000..0x6000, false),
            [plain(0x5000..0x6000)]
        );
        assert_eq!(
            ranges.visible(0x1000..0x10000, false),
            [
                plain(0x1000..0x3000),
                plain(0x5000..0x9000),
                plain(0xa000..0x10000)
            ]
        );
    }

    #[test]
    fn an_image_that_is_found_on_the_way() {
        let mut ranges = Ranges::of_image(0x4000);
        assert_eq!(
            ranges.visible(0x9000..0xa000, true),
            [plain(0x9000..0xa000)]
        );
        ranges.image_at(0xa000);
        ranges.image_at(0xb000);
        assert_eq!(
            ranges.visible(0xc000..0xf000, true),
            [plain(0xe000..0xf000)]
        );
    }

    #[test]
    fn the_heap_is_cut_out_and_named() {
        let ranges = Ranges::new(core::iter::once(0x7000..0x8000).collect(), 0x2001, 0x4fff);
        let heap = |range| Piece { range, heap: true };
        assert_eq!(
            ranges.visible(0x1000..0x9000, true),
            [
                plain(0x1000..0x3000),
                heap(0x3000..0x5000),
                plain(0x5000..0x7000),
                plain(0x8000..0x9000)
            ]
        );
        assert_eq!(ranges.visible(0x3000..0x5000, true), [heap(0x3000..0x5000)]);
        assert_eq!(
            ranges.visible(0x3000..0x5000, false),
            [plain(0x3000..0x5000)]
        );
    }
}

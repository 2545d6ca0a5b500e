//! `/proc/buddyinfo`, `/proc/pagetypeinfo` and `/proc/zoneinfo` (proc_buddyinfo(5),
//! proc_pagetypeinfo(5), proc_zoneinfo(5)): one node with one range of memory, as big as the
//! zone's limit.

use alloc::vec::Vec;

use super::Moment;
use super::memory::{COUNTERS, PAGE, Shares, counter, pad};
use crate::text::put_decimal;

/// Sizes of free blocks: from one page to 2^10 (`MAX_PAGE_ORDER`).
const ORDERS: u32 = 11;

/// How many free blocks of each size there are when they are as big as can be.
fn blocks(free: u64) -> [u64; 11] {
    let mut pages = free / PAGE;
    let mut blocks = [0; 11];
    for order in (0..ORDERS).rev() {
        if let Some(count) = blocks.get_mut(usize::try_from(order).unwrap_or(0)) {
            *count = pages >> order;
        }
        pages &= (1 << order) - 1;
    }
    blocks
}

/// `buddyinfo`.
pub(super) fn buddyinfo(moment: &Moment, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Node 0, zone   Normal ");
    for count in blocks(Shares::of(moment).free) {
        put_decimal(out, count, 6);
        out.push(b' ');
    }
    out.push(b'\n');
}

/// `pagetypeinfo`: all that is free can move.
pub(super) fn pagetypeinfo(moment: &Moment, out: &mut Vec<u8>) {
    /// Pages in a block that belongs to one type, and the power of two that it is.
    const BLOCK: (u64, u64) = (512, 9);
    const TYPES: [&[u8]; 5] = [
        b"Unmovable",
        b"Movable",
        b"Reclaimable",
        b"HighAtomic",
        b"Isolate",
    ];
    let shares = Shares::of(moment);
    out.extend_from_slice(b"Page block order: ");
    put_decimal(out, BLOCK.1, 1);
    out.extend_from_slice(b"\nPages per block:  ");
    put_decimal(out, BLOCK.0, 1);
    out.extend_from_slice(b"\n\nFree pages count per migrate type at order  ");
    for order in 0..ORDERS {
        put_decimal(out, order.into(), 6);
        out.push(b' ');
    }
    for kind in TYPES {
        out.extend_from_slice(b"\nNode    0, zone   Normal, type ");
        put_right(out, kind, 12);
        out.push(b' ');
        for count in blocks(shares.free) {
            put_decimal(out, if kind == b"Movable" { count } else { 0 }, 6);
            out.push(b' ');
        }
    }
    out.extend_from_slice(b"\n\nNumber of blocks type  ");
    for kind in TYPES {
        put_right(out, kind, 12);
        out.push(b' ');
    }
    out.extend_from_slice(b"\nNode 0, zone   Normal ");
    for kind in TYPES {
        let all = shares.total / PAGE / BLOCK.0;
        put_decimal(out, if kind == b"Movable" { all } else { 0 }, 12);
        out.push(b' ');
    }
    out.push(b'\n');
}

/// Appends `text` with blanks in front.
fn put_right(out: &mut Vec<u8>, text: &[u8], width: usize) {
    let column = out.len() + width.saturating_sub(text.len());
    pad(out, column);
    out.extend_from_slice(text);
}

/// `zoneinfo`.
pub(super) fn zoneinfo(moment: &Moment, out: &mut Vec<u8>) {
    let shares = Shares::of(moment);
    out.extend_from_slice(b"Node 0, zone   Normal\n  per-node stats\n");
    // A number stands behind a name that is filled up with blanks.
    let mut line = |indent: usize, name: &str, width: usize, value: u64| {
        let start = out.len() + indent;
        pad(out, start);
        out.extend_from_slice(name.as_bytes());
        pad(out, start + width);
        out.push(b' ');
        put_decimal(out, value, 1);
        out.push(b'\n');
    };
    let pages = shares.total / PAGE;
    for name in COUNTERS
        .lines()
        .skip_while(|name| *name != "nr_inactive_anon")
        .take_while(|name| *name != "nr_dirty_threshold")
    {
        line(6, name, 12, counter(&shares, name));
    }
    line(2, "pages free", 14, shares.free / PAGE);
    for (name, value) in [
        ("boost", 0),
        ("min", pages / 256),
        ("low", pages / 205),
        ("high", pages / 171),
        ("spanned", pages),
        ("present", pages),
        ("managed", pages),
        ("cma", 0),
    ] {
        line(8, name, 8, value);
    }
    out.extend_from_slice(b"        protection: (0, 0)\n");
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::moment::sampled;
    use super::{blocks, buddyinfo, pagetypeinfo, zoneinfo};
    use std::fs::read_to_string;

    #[test]
    fn free_blocks_add_up() {
        assert_eq!(blocks(0), [0; 11]);
        assert_eq!(
            blocks(4096 * (1024 * 3 + 512 + 5)),
            [1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 3]
        );
        let row = "Node 0, zone   Normal      0      0      0      0      0      0      0      0      0      0    100 \n";
        assert_eq!(sampled(buddyinfo), row);
    }

    #[test]
    fn rows_are_as_wide_as_the_kernels() {
        let host = read_to_string("/proc/buddyinfo").expect("it is there");
        let row = host.lines().next().expect("a line");
        assert_eq!(sampled(buddyinfo).trim_end_matches('\n').len(), row.len());
        let Ok(host) = read_to_string("/proc/pagetypeinfo") else {
            return;
        };
        let ours = sampled(pagetypeinfo);
        assert!(ours.lines().take(4).eq(host.lines().take(4)));
        let (ours, row) = (
            ours.lines().nth(5).expect("a row"),
            host.lines().nth(5).expect("a row"),
        );
        assert_eq!(ours.len(), row.len());
    }

    #[test]
    fn zoneinfo_has_the_kernels_form() {
        let text = sampled(zoneinfo);
        for line in [
            "Node 0, zone   Normal",
            "  per-node stats",
            "      nr_inactive_file 3072",
            "      nr_mapped    0",
            "  pages free     102400",
            "        boost    0",
            "        managed  131072",
            "        protection: (0, 0)",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }
}

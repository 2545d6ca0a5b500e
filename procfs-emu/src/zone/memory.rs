//! `/proc/meminfo`, `/proc/swaps` and `/proc/vmstat` (proc_meminfo(5), proc_swaps(5),
//! proc_vmstat(5)): memory as big as the zone's limit.

use alloc::vec::Vec;

use super::Moment;
use crate::text::put_decimal;

/// Bytes in a page.
pub(super) const PAGE: u64 = 4096;
/// The names of `vmstat`, a line each.
pub(super) const COUNTERS: &str = include_str!("vmstat.names");

/// The shares of memory, in bytes.
pub(super) struct Shares {
    pub(super) total: u64,
    pub(super) free: u64,
    /// Could be free at once.
    pub(super) available: u64,
    /// Files that can be dropped.
    pub(super) cached: u64,
    /// What programs hold.
    pub(super) anonymous: u64,
    pub(super) swap_total: u64,
    pub(super) swap_free: u64,
}

impl Shares {
    pub(super) fn of(moment: &Moment) -> Self {
        let facts = &moment.facts;
        let total = facts.memory_total;
        let used = facts.memory_used.min(total);
        let cached = facts.memory_cached.min(used);
        Self {
            total,
            free: total - used,
            available: total - used + cached,
            cached,
            anonymous: used - cached,
            swap_total: facts.swap_total,
            swap_free: facts.swap_total.saturating_sub(facts.swap_used),
        }
    }
}

/// `meminfo`.
pub(super) fn meminfo(moment: &Moment, out: &mut Vec<u8>) {
    /// Names in the order of `meminfo_proc_show`; those without `kB` are counts.
    const NAMES: &str = "MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive \
        Active(anon) Inactive(anon) Active(file) Inactive(file) Unevictable Mlocked SwapTotal \
        SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem KReclaimable Slab \
        SReclaimable SUnreclaim KernelStack PageTables SecPageTables NFS_Unstable Bounce \
        WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed VmallocChunk Percpu \
        AnonHugePages ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped \
        HugePages_Total HugePages_Free HugePages_Rsvd HugePages_Surp Hugepagesize Hugetlb \
        DirectMap4k DirectMap2M DirectMap1G";
    /// The address space of the kernel's own mappings, in kB.
    const VMALLOC: u64 = 34_359_738_367;
    let shares = Shares::of(moment);
    for name in NAMES.split(' ').filter(|name| !name.is_empty()) {
        let start = out.len();
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        let value = match name {
            "MemTotal" | "DirectMap4k" => shares.total,
            "MemFree" => shares.free,
            "MemAvailable" => shares.available,
            "Cached" | "Inactive" | "Inactive(file)" => shares.cached,
            "Active" | "Active(anon)" | "AnonPages" | "Committed_AS" => shares.anonymous,
            "SwapTotal" => shares.swap_total,
            "SwapFree" => shares.swap_free,
            "CommitLimit" => shares.total / 2 + shares.swap_total,
            "VmallocTotal" => VMALLOC << 10,
            "Hugepagesize" => 2 << 20,
            _ => 0,
        };
        if name.starts_with("HugePages_") {
            pad(out, start + 16);
            put_decimal(out, 0, 8);
            out.push(b'\n');
        } else {
            pad(out, start + 16);
            put_decimal(out, value >> 10, 8);
            out.extend_from_slice(b" kB\n");
        }
    }
}

/// Fills the line up to `column` with blanks.
pub(super) fn pad(out: &mut Vec<u8>, column: usize) {
    while out.len() < column {
        out.push(b' ');
    }
}

/// `swaps`: what the zone may use of the host's swap, as one partition without a name.
pub(super) fn swaps(moment: &Moment, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    let facts = &moment.facts;
    if facts.swap_total > 0 {
        out.extend_from_slice(b"none                                    virtual\t\t");
        put_decimal(out, facts.swap_total >> 10, 1);
        out.extend_from_slice(b"\t\t");
        put_decimal(out, facts.swap_used >> 10, 1);
        out.extend_from_slice(b"\t\t0\n");
    }
}

/// The value of a counter of `vmstat`, in pages.
pub(super) fn counter(shares: &Shares, name: &str) -> u64 {
    let bytes = match name {
        "nr_free_pages" => shares.free,
        "nr_zone_active_anon" | "nr_active_anon" | "nr_anon_pages" => shares.anonymous,
        "nr_zone_inactive_file" | "nr_inactive_file" | "nr_file_pages" => shares.cached,
        _ => 0,
    };
    bytes / PAGE
}

/// `vmstat`.
pub(super) fn vmstat(moment: &Moment, out: &mut Vec<u8>) {
    let shares = Shares::of(moment);
    for name in COUNTERS.lines() {
        out.extend_from_slice(name.as_bytes());
        out.push(b' ');
        put_decimal(out, counter(&shares, name), 1);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::moment::{sample, sampled};
    use super::{meminfo, swaps, vmstat};
    use std::fs::read_to_string;
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// The parts of the lines up to the number.
    fn names(text: &str) -> Vec<&str> {
        text.lines()
            .filter_map(|line| line.split([':', ' ']).next())
            .collect()
    }

    #[test]
    fn meminfo_is_about_the_limit() {
        let text = sampled(meminfo);
        for line in [
            "MemTotal:         524288 kB",
            "MemFree:          409600 kB",
            "MemAvailable:     421888 kB",
            "Cached:            12288 kB",
            "AnonPages:        102400 kB",
            "SwapTotal:             0 kB",
            "VmallocTotal:   34359738367 kB",
            "HugePages_Total:       0",
            "Hugepagesize:       2048 kB",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }

    /// Every line that we have is one of the kernel's, in its order and form.
    #[test]
    fn meminfo_has_the_kernels_lines() {
        let (ours, host) = (
            sampled(meminfo),
            read_to_string("/proc/meminfo").expect("it is there"),
        );
        let known = names(&host);
        let common = |text: &str| -> Vec<String> {
            let ours = sampled(meminfo);
            let mine = names(&ours);
            let both = names(text)
                .into_iter()
                .filter(|name| known.contains(name) && mine.contains(name));
            both.map(ToString::to_string).collect()
        };
        assert_eq!(common(&ours), common(&host));
        assert!(common(&ours).len() > 40);
        for line in ours.lines() {
            let name = line.split(':').next().unwrap_or_default();
            let theirs = host
                .lines()
                .find(|other| other.starts_with(&line[..=name.len()]));
            if let Some(theirs) = theirs {
                assert_eq!(line.len(), theirs.len(), "{line}");
                assert_eq!(line.ends_with(" kB"), theirs.ends_with(" kB"), "{line}");
            }
        }
    }

    #[test]
    fn swaps_where_there_are_any() {
        let host = read_to_string("/proc/swaps").expect("it is there");
        assert_eq!(sampled(swaps).lines().next(), host.lines().next());
        assert_eq!(sampled(swaps).lines().count(), 1);
        let mut moment = sample();
        (moment.facts.swap_total, moment.facts.swap_used) = (4096, 1024);
        let mut out = Vec::new();
        swaps(&moment, &mut out);
        assert!(out.ends_with(b"virtual\t\t4\t\t1\t\t0\n"));
    }

    #[test]
    fn vmstat_counts_pages() {
        let text = sampled(vmstat);
        for line in [
            "nr_free_pages 102400",
            "nr_file_pages 3072",
            "pgpgin 0",
            "pswpout 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}");
        }
    }
}

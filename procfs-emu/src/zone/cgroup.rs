//! `/sys/fs/cgroup`: the zone as a control group of version 2 without others below it
//! (`Documentation/admin-guide/cgroup-v2.rst`).

use alloc::vec::Vec;

use abi::{Errno, SysResult};

use super::{Moment, load};
use crate::text::put_decimal;

/// The text of the file `name` there. `processes` and `threads` list those of the zone.
pub(super) fn text(
    moment: &Moment,
    name: &str,
    processes: impl FnOnce() -> SysResult<Vec<u32>>,
    threads: impl FnOnce() -> SysResult<Vec<u32>>,
) -> SysResult<Vec<u8>> {
    let facts = &moment.facts;
    let mut out = Vec::new();
    match name {
        "cgroup.events" => out.extend_from_slice(b"populated 1\nfrozen 0\n"),
        "cgroup.procs" => put_lines(&mut out, &processes()?),
        "cgroup.threads" => put_lines(&mut out, &threads()?),
        "cpu.max" => cpu_max(facts.cpu_quota, &mut out),
        "cpu.stat" => cpu_stat(facts.cpu_user, facts.cpu_system, &mut out),
        "cpu.pressure" | "io.pressure" | "memory.pressure" => load::pressure(&mut out),
        "memory.current" | "memory.peak" => put_line(&mut out, facts.memory_used),
        "memory.max" => put_limit(&mut out, facts.memory_limit),
        "memory.swap.max" => put_limit(&mut out, facts.swap_limit),
        "memory.swap.current" | "memory.swap.peak" => put_line(&mut out, facts.swap_used),
        "memory.events" | "memory.events.local" => {
            out.extend_from_slice(b"low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n");
        }
        "memory.stat" => memory_stat(moment, &mut out),
        "pids.current" | "pids.peak" => put_line(&mut out, facts.pids_current),
        "pids.max" => put_limit(&mut out, facts.pids_limit),
        _ => return Err(Errno::ENXIO),
    }
    Ok(out)
}

fn put_line(out: &mut Vec<u8>, number: u64) {
    put_decimal(out, number, 1);
    out.push(b'\n');
}

fn put_lines(out: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        put_line(out, (*number).into());
    }
}

/// `max` is no limit.
fn put_limit(out: &mut Vec<u8>, limit: u64) {
    if limit == u64::MAX {
        out.extend_from_slice(b"max\n");
    } else {
        put_line(out, limit);
    }
}

/// How many microseconds of processor time in each period of how many; `quota` is in thousandths
/// of a processor.
fn cpu_max(quota: u64, out: &mut Vec<u8>) {
    const PERIOD: u64 = 100_000;
    if quota == 0 {
        out.extend_from_slice(b"max ");
    } else {
        put_decimal(out, quota.saturating_mul(PERIOD / 1000), 1);
        out.push(b' ');
    }
    put_line(out, PERIOD);
}

/// Times in microseconds.
fn cpu_stat(user: u64, system: u64, out: &mut Vec<u8>) {
    for (name, value) in [
        ("usage_usec", user.saturating_add(system)),
        ("user_usec", user),
        ("system_usec", system),
        ("nice_usec", 0),
        ("core_sched.force_idle_usec", 0),
        ("nr_periods", 0),
        ("nr_throttled", 0),
        ("throttled_usec", 0),
        ("nr_bursts", 0),
        ("burst_usec", 0),
    ] {
        put_named(out, name, value);
    }
}

fn put_named(out: &mut Vec<u8>, name: &str, value: u64) {
    out.extend_from_slice(name.as_bytes());
    out.push(b' ');
    put_line(out, value);
}

/// `memory.stat`, in bytes; what is not known of the zone alone is 0.
fn memory_stat(moment: &Moment, out: &mut Vec<u8>) {
    const NAMES: &str = "anon file kernel kernel_stack pagetables sec_pagetables percpu sock \
        vmalloc shmem zswap zswapped file_mapped file_dirty file_writeback swapcached anon_thp \
        file_thp shmem_thp inactive_anon active_anon inactive_file active_file unevictable \
        slab_reclaimable slab_unreclaimable slab workingset_refault_anon workingset_refault_file \
        workingset_activate_anon workingset_activate_file workingset_restore_anon \
        workingset_restore_file workingset_nodereclaim pgscan pgsteal pgfault pgmajfault \
        pgrefill pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc \
        thp_collapse_alloc";
    let facts = &moment.facts;
    let cached = facts.memory_cached.min(facts.memory_used);
    for name in NAMES.split_ascii_whitespace() {
        let value = match name {
            "anon" | "active_anon" => facts.memory_used - cached,
            "file" | "inactive_file" => cached,
            _ => 0,
        };
        put_named(out, name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::moment::sample;
    use super::{Moment, text};
    use crate::skeleton::{Kind, sys_entries};
    use alloc::string::String;
    use alloc::vec;

    fn shown(moment: &Moment, name: &str) -> String {
        let text = text(moment, name, || Ok(vec![1, 12]), || Ok(vec![1, 12, 13]));
        String::from_utf8(text.expect("a text")).expect("text")
    }

    #[test]
    fn limits() {
        let mut moment = sample();
        moment.facts.memory_limit = 512 << 20;
        moment.facts.pids_limit = 64;
        moment.facts.cpu_quota = 1500;
        for (name, expected) in [
            ("memory.max", "536870912\n"),
            ("memory.current", "117440512\n"),
            ("pids.max", "64\n"),
            ("pids.current", "7\n"),
            ("cpu.max", "150000 100000\n"),
            ("cgroup.procs", "1\n12\n"),
            ("cgroup.threads", "1\n12\n13\n"),
        ] {
            assert_eq!(shown(&moment, name), expected, "{name}");
        }
        moment.facts.memory_limit = u64::MAX;
        moment.facts.pids_limit = u64::MAX;
        moment.facts.cpu_quota = 0;
        for (name, expected) in [
            ("memory.max", "max\n"),
            ("pids.max", "max\n"),
            ("cpu.max", "max 100000\n"),
        ] {
            assert_eq!(shown(&moment, name), expected, "{name}");
        }
        assert!(shown(&moment, "cpu.stat").starts_with("usage_usec 4500000\nuser_usec 3000000\n"));
        let stat = shown(&moment, "memory.stat");
        assert!(
            stat.starts_with("anon 104857600\nfile 12582912\nkernel 0\n"),
            "{stat}"
        );
    }

    #[test]
    fn every_live_file_has_a_text() {
        let live = sys_entries().filter(|entry| entry.kind == Kind::Live);
        let names = live.filter_map(|entry| entry.path.strip_prefix("fs/cgroup/"));
        let mut count = 0;
        for name in names {
            assert!(shown(&sample(), name).ends_with('\n'), "{name}");
            count += 1;
        }
        assert!(count > 15, "{count}");
    }
}

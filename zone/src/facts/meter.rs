//! What a zone has and uses at a moment.

use std::os::fd::{AsFd, OwnedFd};

use kernel::zone::{Facts, MAX_CPUS};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use rustix::system::sysinfo;

use super::processes::Usage;

/// Bytes in a page.
const PAGE: u64 = 4096;
/// Microseconds in a clock tick (`USER_HZ` is 100).
const TICK: u64 = 10_000;
/// `FSHIFT`: load averages are in 1/2048.
const ONE: u64 = 2048;
/// What is left of an average over 1, 5 and 15 minutes after [`LOAD_EVERY`] (`EXP_1` and the
/// others of `include/linux/sched/loadavg.h`).
const DECAY: [u64; 3] = [1884, 2014, 2037];
/// Readings, one a second, from one load average to the next.
const LOAD_EVERY: u32 = 5;

/// Measures a zone.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// A procfs of the zone, once there is one.
    proc: Option<OwnedFd>,
    readings: u32,
}

impl Meter {
    /// One for a zone whose processes are not known yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// From now on the zone's processes are those in `proc`.
    pub(crate) fn watch(&mut self, proc: OwnedFd) {
        self.proc = Some(proc);
    }

    /// Fills in what changes.
    pub(super) fn read(&mut self, facts: &mut Facts) {
        let usage = self
            .proc
            .as_ref()
            .and_then(|proc| Usage::of(proc.as_fd()).ok())
            .unwrap_or_default();
        let host = sysinfo();
        let unit = u64::from(host.mem_unit);
        facts.memory_total = host.totalram.saturating_mul(unit);
        facts.memory_used = usage.pages.saturating_mul(PAGE).min(facts.memory_total);
        facts.memory_cached = 0;
        facts.swap_total = host.totalswap.saturating_mul(unit);
        facts.swap_used = 0;
        facts.pids_limit = u64::MAX;
        facts.pids_current = usage.tasks.max(1);
        // A process that nobody waited for takes its time with it.
        facts.cpu_user = facts.cpu_user.max(usage.user.saturating_mul(TICK));
        facts.cpu_system = facts.cpu_system.max(usage.system.saturating_mul(TICK));
        facts.running = usage.running;
        facts.cpus = processors();
        if self.readings.is_multiple_of(LOAD_EVERY) && self.readings > 0 {
            let active = usage.running + usage.blocked;
            for (load, decay) in facts.load.iter_mut().zip(DECAY) {
                *load = average(*load, decay, active);
            }
        }
        self.readings = self.readings.wrapping_add(1);
    }
}

/// The next load average (`calc_load` of the kernel).
fn average(load: u64, decay: u64, active: u64) -> u64 {
    let active = active.saturating_mul(ONE);
    let rounding = if active >= load { ONE - 1 } else { 0 };
    let sum = load
        .saturating_mul(decay)
        .saturating_add(active.saturating_mul(ONE - decay));
    sum.saturating_add(rounding) / ONE
}

/// The processors that this process, and so the zone, may run on.
fn processors() -> [u64; MAX_CPUS / 64] {
    let mut words = [0; MAX_CPUS / 64];
    // Fails on hosts with more processors than fit: then all of them.
    let set = sched_getaffinity(Pid::from_raw(0)).ok();
    for cpu in 0..CpuSet::count().min(MAX_CPUS) {
        let has = set.is_none_or(|set| set.is_set(cpu) == Ok(true));
        words[cpu / 64] |= u64::from(has) << (cpu % 64);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{DECAY, ONE, average, processors};

    #[test]
    fn loads_approach_what_runs() {
        let mut load = 0;
        for _ in 0..12 {
            load = average(load, DECAY[0], 2);
        }
        // After a minute 1 - 1/e of the way.
        assert!((1250..1350).contains(&(load / 2)), "{load}");
        for _ in 0..1000 {
            load = average(load, DECAY[0], 2);
        }
        assert_eq!(load, 2 * ONE);
        for _ in 0..1000 {
            load = average(load, DECAY[0], 0);
        }
        assert_eq!(load, 0);
    }

    #[test]
    fn there_is_a_processor() {
        assert!(processors().iter().any(|word| *word != 0));
    }
}

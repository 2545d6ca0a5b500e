//! What a zone has and uses at a moment.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use kernel::zone::{Facts, MAX_CPUS};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use rustix::system::sysinfo;

use super::processes::{Census, Times};
use crate::bare::Mark;
use crate::cgroup::Groups;
use crate::limits::Limits;

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
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    groups: Groups,
    /// A procfs of the zone, once there is one.
    proc: Option<OwnedFd>,
    /// What tells its processes, where no namespace does.
    mark: Option<Mark>,
    readings: u32,
    census: Census,
    /// The zone's time on each processor, user and system, in microseconds: those of `facts`, parted.
    shares: Vec<[u64; 2]>,
}

impl Meter {
    /// One for a zone whose processes are not known yet. It keeps the groups.
    pub(crate) fn new(limits: Limits, groups: Groups) -> Self {
        Self {
            limits,
            groups,
            proc: None,
            mark: None,
            readings: 0,
            census: Census::default(),
            shares: Vec::new(),
        }
    }

    /// The zone's time on each processor, user and system, in microseconds.
    pub(super) fn shares(&self) -> &[[u64; 2]] {
        &self.shares
    }

    /// From now on these groups count for the zone.
    pub(crate) fn adopt(&mut self, groups: Groups) {
        self.groups = groups;
    }

    /// The zone's groups.
    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// From now on the zone's processes are those in `proc`.
    pub(crate) fn watch(&mut self, proc: OwnedFd) {
        self.proc = Some(proc);
    }

    /// From now on they are those with this mark.
    pub(crate) fn watch_marked(&mut self, mark: Mark) {
        self.mark = Some(mark);
    }

    /// That procfs.
    pub(crate) fn proc(&self) -> Option<BorrowedFd<'_>> {
        self.proc.as_ref().map(OwnedFd::as_fd)
    }

    /// Fills in what changes.
    pub(super) fn read(&mut self, facts: &mut Facts) {
        let read = match (&self.proc, &self.mark) {
            (Some(proc), _) => self.census.of_all(proc.as_fd()).ok(),
            (None, Some(mark)) => mark
                .processes()
                .and_then(|numbers| self.census.of_those(numbers))
                .ok(),
            (None, None) => None,
        };
        let (usage, times) = read.unwrap_or_default();
        let before = [facts.cpu_user, facts.cpu_system];
        // The groups count what processes that are gone used, and memory that is shared once.
        let counted = self.groups.usage();
        let host = sysinfo();
        let unit = u64::from(host.mem_unit);
        let total = host.totalram.saturating_mul(unit);
        facts.memory_total = self.limits.memory.map_or(total, |limit| limit.min(total));
        let memory = counted.memory.unwrap_or(usage.pages.saturating_mul(PAGE));
        facts.memory_used = memory.min(facts.memory_total);
        facts.memory_cached = counted.cached.unwrap_or(0).min(facts.memory_used);
        // With a limit, it is one for both.
        let swap = self.limits.memory.map_or(host.totalswap, |_| 0);
        facts.swap_total = swap.saturating_mul(unit);
        facts.swap_used = counted.swap.unwrap_or(0).min(facts.swap_total);
        facts.memory_limit = self.limits.memory.unwrap_or(u64::MAX);
        facts.swap_limit = self.limits.memory.map_or(u64::MAX, |_| 0);
        facts.pids_limit = self.limits.pids.unwrap_or(u64::MAX);
        facts.pids_current = counted.tasks.unwrap_or(usage.tasks).max(1);
        facts.cpu_quota = self.limits.cpus.map_or(0, u64::from);
        let micro = |ticks: u64| ticks.saturating_mul(TICK);
        // A process that nobody waited for takes its time with it.
        let user = counted.user.unwrap_or(micro(usage.user));
        let system = counted.system.unwrap_or(micro(usage.system));
        facts.cpu_user = facts.cpu_user.max(user);
        facts.cpu_system = facts.cpu_system.max(system);
        facts.running = usage.running;
        facts.blocked = usage.blocked;
        facts.switches = facts.switches.max(self.census.switches());
        facts.cpus = processors();
        let used = [facts.cpu_user - before[0], facts.cpu_system - before[1]];
        part(&mut self.shares, used, &times, &facts.cpus);
        if self.readings.is_multiple_of(LOAD_EVERY) && self.readings > 0 {
            let active = usage.running + usage.blocked;
            for (load, decay) in facts.load.iter_mut().zip(DECAY) {
                *load = average(*load, decay, active);
            }
        }
        self.readings = self.readings.wrapping_add(1);
    }
}

/// Adds what was `used` to the processors' shares, as `times` say who ran where; as the zone's
/// processors may be used where they do not.
fn part(shares: &mut Vec<[u64; 2]>, used: [u64; 2], times: &Times, cpus: &[u64; MAX_CPUS / 64]) {
    let usable: Vec<usize> = (0..MAX_CPUS)
        .filter(|cpu| cpus[cpu / 64] >> (cpu % 64) & 1 == 1)
        .collect();
    let Some(&first) = usable.first() else {
        return;
    };
    let most = usable.last().map_or(0, |last| last + 1);
    shares.resize(most.max(shares.len()), [0; 2]);
    for kind in [0, 1] {
        let weight = |cpu: usize| times.get(&cpu).map_or(0, |times| times[kind]);
        let sum: u64 = usable.iter().map(|cpu| weight(*cpu)).sum();
        let mut left = used[kind];
        for cpu in &usable {
            let share = match sum {
                0 => used[kind] / u64::try_from(usable.len()).unwrap_or(1),
                _ => used[kind].saturating_mul(weight(*cpu)) / sum,
            };
            shares[*cpu][kind] += share;
            left = left.saturating_sub(share);
        }
        // What does not divide.
        shares[first][kind] += left;
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
pub(crate) fn processors() -> [u64; MAX_CPUS / 64] {
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
    use super::{DECAY, MAX_CPUS, ONE, Times, average, part, processors};

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
    fn shares_add_up() {
        let mut cpus = [0; MAX_CPUS / 64];
        cpus[0] = 0b1010;
        let mut shares = Vec::new();
        part(&mut shares, [101, 7], &Times::new(), &cpus);
        assert_eq!(shares, [[0, 0], [51, 4], [0, 0], [50, 3]]);
        let times = Times::from([(3, [2, 0]), (1, [1, 0]), (0, [9, 9])]);
        part(&mut shares, [30, 4], &times, &cpus);
        assert_eq!(shares, [[0, 0], [61, 6], [0, 0], [70, 5]]);
    }

    #[test]
    fn there_is_a_processor() {
        assert!(processors().iter().any(|word| *word != 0));
    }
}

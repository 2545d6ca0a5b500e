//! What is shown, in nanoseconds, the same for all forms.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::Serialize;

use super::tally::{Call, Process};
use crate::observed::Clock;

/// A report.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) command: Vec<String>,
    pub(crate) wall_ns: u64,
    /// Threads that could not be observed: there were too many at once.
    pub(crate) unobserved_threads: u64,
    pub(crate) total: ProcessFigures,
    pub(crate) processes: Vec<ProcessFigures>,
}

/// One process, or all of them.
#[derive(Debug, Serialize)]
pub(crate) struct ProcessFigures {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid: Option<u32>,
    pub(crate) name: String,
    pub(crate) threads: u64,
    /// Of all threads together: in the program, in the brand, in the host's calls.
    pub(crate) guest_ns: u64,
    pub(crate) brand_ns: u64,
    pub(crate) host_ns: u64,
    pub(crate) trapped_calls: u64,
    pub(crate) sites_rewritten: u64,
    pub(crate) sites_trapped: u64,
    /// Those that took the most time first.
    pub(crate) calls: Vec<CallFigures>,
}

/// One call.
#[derive(Debug, Serialize)]
pub(crate) struct CallFigures {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u64>,
    pub(crate) count: u64,
    pub(crate) errors: u64,
    pub(crate) total_ns: u64,
    pub(crate) mean_ns: u64,
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) max_ns: u64,
    /// Of the total, what was not the host's.
    pub(crate) brand_ns: u64,
    /// Where each bucket begins, and how many calls fell into it.
    pub(crate) histogram: Vec<(u64, u64)>,
}

/// The name of a call by its number.
pub(crate) fn call_name(nr: u64) -> String {
    if nr == observe::tally::OTHERS {
        return "(others)".to_owned();
    }
    let row = usize::try_from(nr).ok().and_then(syscalls::table::row);
    row.map_or_else(|| format!("syscall_{nr:#x}"), |row| row.name.to_owned())
}

impl Figures {
    pub(super) fn new(
        processes: &BTreeMap<u32, Process>,
        clock: &Clock,
        command: &[OsString],
        lost: u64,
    ) -> Self {
        let mut total = Process::default();
        let (mut patched, mut trapped) = (0, 0);
        for process in processes.values() {
            total.add(process);
            patched += process.patched;
            trapped += process.trapped;
        }
        total.patched = patched;
        total.trapped = trapped;
        total.name = "all processes".to_owned();
        let processes = processes.iter();
        Self {
            command: command
                .iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
            wall_ns: u64::try_from(clock.passed().as_nanos()).unwrap_or(u64::MAX),
            unobserved_threads: lost,
            total: ProcessFigures::of(None, &total, clock),
            processes: processes
                .map(|(&pid, process)| ProcessFigures::of(Some(pid), process, clock))
                .collect(),
        }
    }
}

impl ProcessFigures {
    fn of(pid: Option<u32>, process: &Process, clock: &Clock) -> Self {
        let calls = process.calls.iter();
        let mut calls: Vec<_> = calls
            .filter(|(_, call)| call.count > 0)
            .map(|(&nr, call)| CallFigures::of(nr, call, clock))
            .collect();
        calls.sort_by(|a, b| (b.total_ns, b.count, &a.name).cmp(&(a.total_ns, a.count, &b.name)));
        let served = process.brand.saturating_add(process.host);
        Self {
            pid,
            name: process.name.clone(),
            threads: process.threads,
            guest_ns: clock.nanos(process.life.saturating_sub(served)),
            brand_ns: clock.nanos(process.brand),
            host_ns: clock.nanos(process.host),
            trapped_calls: process.trapped_calls,
            sites_rewritten: process.patched,
            sites_trapped: process.trapped,
            calls,
        }
    }

    /// Calls, and how many of them failed.
    pub(crate) fn count(&self) -> (u64, u64) {
        self.calls.iter().fold((0, 0), |(count, errors), call| {
            (count + call.count, errors + call.errors)
        })
    }
}

impl CallFigures {
    fn of(nr: u64, call: &Call, clock: &Clock) -> Self {
        let buckets = call.buckets.iter();
        Self {
            name: call_name(nr),
            number: (nr != observe::tally::OTHERS).then_some(nr),
            count: call.count,
            errors: call.errors,
            total_ns: clock.nanos(call.total),
            mean_ns: clock.nanos(call.total / call.count.max(1)),
            p50_ns: clock.nanos(call.quantile(0.5)),
            p99_ns: clock.nanos(call.quantile(0.99)),
            max_ns: clock.nanos(call.longest),
            brand_ns: clock.nanos(call.brand),
            histogram: buckets
                .map(|(&bucket, &count)| (clock.nanos(observe::tally::bounds(bucket).0), count))
                .collect(),
        }
    }
}

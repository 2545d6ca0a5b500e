//! The three parts of a run, each measured in rounds of native and every mode in turn.

use crate::Result;
use crate::cli::Statistic;
use crate::command::{self, Outcome};
use crate::fixtures;
use crate::guest::Guest;
use crate::memory;
use crate::mode::Mode;
use crate::results::{Group, Row};
use crate::run::Plan;
use crate::series::{Series, fits, mean_row};
use crate::stats;
use crate::targets;
use crate::workloads;
use std::path::Path;
use std::time::Duration;

/// Starts of /bin/true in one round.
const STARTS: u32 = 15;

/// The modes of one round with their index. Every other round goes the other way round, so that
/// none always has the warmer machine.
fn turn<'m>(plan: &Plan, modes: &'m [Mode], round: u32) -> Vec<(usize, &'m Mode)> {
    let takes_part = |mode: &Mode| {
        matches!(mode.name.as_str(), "native" | "lx" | "lx sud") || round < plan.peer_rounds
    };
    let mut order: Vec<_> = modes
        .iter()
        .enumerate()
        .filter(|(_, m)| takes_part(m))
        .collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// The single operations.
pub(crate) fn operations(plan: &Plan, guest: &Guest, modes: &[Mode]) -> Result<Vec<Row>> {
    let only = plan.only.as_deref();
    let names: Vec<String> = guest
        .operations
        .iter()
        .filter(|name| fits(only, name))
        .cloned()
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let rounds = usize::try_from(plan.rounds)?;
    let mut series: Vec<Series> = names
        .iter()
        .map(|name| Series::new(Group::Operations, name, "ns", modes.len(), rounds))
        .collect();
    let everywhere = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0))?;
    if plan.pin {
        pin_to_last(&everywhere)?;
    }
    for (round, index) in (0..plan.rounds).zip(0..) {
        for (m, mode) in turn(plan, modes, round) {
            eprintln!(
                "bench: operations, round {} of {}, {}",
                round + 1,
                plan.rounds,
                mode.name
            );
            let mut failures = Vec::new();
            let samples = guest.measure(mode, &names, plan.effort, &mut failures);
            for failure in failures {
                eprintln!("bench: {failure}");
            }
            for one in &mut series {
                one.figures[m][index] = samples.get(&one.name).map(|sample| match plan.statistic {
                    Statistic::Median => sample.median,
                    Statistic::Least => sample.least,
                });
            }
        }
    }
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &everywhere)?;
    Ok(series.iter().map(Series::row).collect())
}

/// Restricts this process and what it starts to the last processor that it may use.
fn pin_to_last(allowed: &nix::sched::CpuSet) -> Result<()> {
    let last = (0..nix::sched::CpuSet::count())
        .rev()
        .find(|cpu| allowed.is_set(*cpu) == Ok(true));
    let mut one = nix::sched::CpuSet::new();
    one.set(last.ok_or("no processor to run on")?)?;
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &one)?;
    Ok(())
}

/// The whole programs and their mean.
pub(crate) fn programs(plan: &Plan, modes: &[Mode], dir: &Path) -> Result<Vec<Row>> {
    let chosen: Vec<_> = workloads::ALL
        .iter()
        .filter(|workload| fits(plan.only.as_deref(), workload.name))
        .filter(|workload| match workload.missing() {
            None => true,
            Some(tool) => {
                eprintln!("bench: {} left out: no {tool}", workload.name);
                false
            }
        })
        .collect();
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    fixtures::prepare(dir)?;
    let rounds = usize::try_from(plan.rounds)?;
    let mut rows = Vec::new();
    for workload in chosen {
        eprintln!("bench: {}", workload.name);
        let mut series = Series::new(Group::Programs, workload.name, "ms", modes.len(), rounds);
        // The first run reads the tools from disk.
        let _ = workload.time(&modes[0], dir);
        for (round, index) in (0..plan.rounds).zip(0..) {
            for (m, mode) in turn(plan, modes, round) {
                match workload.time(mode, dir) {
                    Ok(ms) => series.figures[m][index] = Some(ms),
                    Err(why) => eprintln!("bench: {} under {}: {why}", workload.name, mode.name),
                }
            }
        }
        rows.push(series.row());
    }
    rows.push(mean_row(&rows, modes.len() - 1));
    Ok(rows)
}

/// Time to start and private memory.
pub(crate) fn process(plan: &Plan, guest: &Guest, modes: &[Mode]) -> Vec<Row> {
    let mut rows = Vec::new();
    let rounds = usize::try_from(plan.rounds).unwrap_or(1);
    for (name, unit) in [(targets::START, "ms"), (targets::MEMORY, "KiB")] {
        if !fits(plan.only.as_deref(), name) {
            continue;
        }
        eprintln!("bench: {name}");
        let mut series = Series::new(Group::Process, name, unit, modes.len(), rounds);
        for (round, index) in (0..plan.rounds).zip(0..) {
            for (m, mode) in turn(plan, modes, round) {
                let figure = match name {
                    targets::START => start_ms(mode, plan.statistic),
                    _ => memory::private_kib(guest, mode).ok(),
                };
                series.figures[m][index] = figure;
            }
        }
        rows.push(series.row());
    }
    rows
}

/// Milliseconds from before the start of /bin/true under `mode` until it was reaped.
fn start_ms(mode: &Mode, statistic: Statistic) -> Option<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let command = mode.command(Path::new("/bin/true"), [""; 0]);
        if let Outcome::Done { status, wall, .. } = command::run(command, Duration::from_secs(30))
            && status.success()
        {
            times.push(wall.as_secs_f64() * 1e3);
        }
    }
    match statistic {
        Statistic::Median => stats::median(&times),
        Statistic::Least => times.into_iter().min_by(f64::total_cmp),
    }
}

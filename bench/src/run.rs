//! Runs the measurements and gathers the report.

use crate::Result;
use crate::cli::{Part, Statistic};
use crate::fixtures::Scratch;
use crate::guest::{Effort, Guest};
use crate::mode::Mode;
use crate::parts;
use crate::results::{Absent, Machine, Report};
use crate::targets;
use crate::workloads;
use std::path::PathBuf;

/// What to measure.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The lx under test.
    pub(crate) lx: PathBuf,
    /// Alternatives that a name has to contain.
    pub(crate) only: Option<String>,
    /// Parts of the list.
    pub(crate) parts: Vec<Part>,
    /// Rounds of native against lx.
    pub(crate) rounds: u32,
    /// Rounds in which peers take part.
    pub(crate) peer_rounds: u32,
    /// Names of the further modes.
    pub(crate) peers: Vec<String>,
    /// Effort of the guest.
    pub(crate) effort: Effort,
    /// Which batch counts.
    pub(crate) statistic: Statistic,
    /// Whether operations stay on one processor.
    pub(crate) pin: bool,
    /// Whether the guest is linked statically.
    pub(crate) static_guest: bool,
}

/// Names of everything that can be measured here.
pub(crate) fn names() -> Result<Vec<String>> {
    let scratch = Scratch::new()?;
    let mut names = Guest::build(scratch.path(), false)?.operations;
    names.extend(
        workloads::ALL
            .iter()
            .map(|workload| workload.name.to_owned()),
    );
    names.extend([targets::START.to_owned(), targets::MEMORY.to_owned()]);
    Ok(names)
}

/// Measures what `plan` asks for. Progress and failures go to standard error.
pub(crate) fn run(plan: &Plan) -> Result<Report> {
    let scratch = Scratch::new()?;
    let guest = Guest::build(scratch.path(), plan.static_guest)?;
    let mut absent = Vec::new();
    let mut modes = vec![Mode::native()];
    for name in std::iter::once("lx").chain(plan.peers.iter().map(String::as_str)) {
        let mode = Mode::by_name(name, &plan.lx)?;
        match mode.refusal() {
            None => modes.push(mode),
            Some(why) => {
                eprintln!("bench: {name} left out: {why}");
                absent.push(Absent {
                    mode: mode.name,
                    why,
                });
            }
        }
    }
    if modes.len() == 1 {
        return Err("no layer that could be measured".into());
    }
    let mut rows = Vec::new();
    if plan.parts.contains(&Part::Operations) {
        rows.extend(parts::operations(plan, &guest, &modes)?);
    }
    if plan.parts.contains(&Part::Programs) {
        rows.extend(parts::programs(plan, &modes, scratch.path())?);
    }
    if plan.parts.contains(&Part::Process) {
        rows.extend(parts::process(plan, &guest, &modes));
    }
    Ok(Report {
        machine: machine(),
        rounds: plan.rounds,
        statistic: match plan.statistic {
            Statistic::Median => "median".into(),
            Statistic::Least => "least".into(),
        },
        modes: modes[1..].iter().map(|mode| mode.name.clone()).collect(),
        absent,
        rows,
    })
}

fn machine() -> Machine {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(String::new, |(_, name)| name.trim().to_owned());
    Machine {
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        cpu,
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    }
}

//! The measuring guest: builds it from the C sources carried here, runs it, reads what it prints.

use crate::Result;
use crate::command::{self, Outcome};
use crate::mode::Mode;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOURCES: &[(&str, &str)] = &[
    ("lxbench.h", include_str!("../guest/lxbench.h")),
    ("lxbench.c", include_str!("../guest/lxbench.c")),
    ("calls.c", include_str!("../guest/calls.c")),
    ("tasks.c", include_str!("../guest/tasks.c")),
    ("true.c", include_str!("../guest/true.c")),
];

/// How many operations may fail in one run before the rest is given up.
const MAX_FAILURES: usize = 6;

/// The built guest.
#[derive(Debug)]
pub(crate) struct Guest {
    program: PathBuf,
    true_static: Option<PathBuf>,
    /// Names of its operations, in the order in which it runs them.
    pub(crate) operations: Vec<String>,
}

/// How one operation did: nanoseconds for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// Median of the batches.
    pub(crate) median: f64,
    /// The fastest batch: what is left when nothing else runs on the machine.
    pub(crate) least: f64,
}

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Batches for each operation.
    pub(crate) batches: u32,
    /// Least duration of one batch.
    pub(crate) batch_us: u32,
}

impl Guest {
    /// Builds the guest in `dir` with the host's C compiler, linked dynamically or statically.
    pub(crate) fn build(dir: &Path, statically: bool) -> Result<Self> {
        for (name, text) in SOURCES {
            std::fs::write(dir.join(name), text)?;
        }
        let program = dir.join("lxbench");
        let link: &[&str] = if statically { &["-static"] } else { &[] };
        compile(dir, &["lxbench.c", "calls.c", "tasks.c"], link, &program)?;
        // A static C library is not always installed; its operations are then left out.
        let tiny = dir.join("true-static");
        let true_static = compile(dir, &["true.c"], &["-static"], &tiny)
            .ok()
            .map(|()| tiny);

        let list = Mode::native().command(&program, ["--list"]);
        let Outcome::Done { status, stdout, .. } = command::run(list, Duration::from_secs(20))
        else {
            return Err("the guest does not run natively".into());
        };
        if !status.success() {
            return Err(format!("the guest's --list failed: {status}").into());
        }
        let operations = stdout
            .lines()
            .filter(|name| true_static.is_some() || !name.contains("_static"))
            .map(String::from)
            .collect();
        Ok(Self {
            program,
            true_static,
            operations,
        })
    }

    /// A command that runs the guest under `mode` with `args`.
    pub(crate) fn command(&self, mode: &Mode, args: &[String]) -> Command {
        let tiny = self
            .true_static
            .iter()
            .flat_map(|p| ["--true-static".into(), p.into()]);
        mode.command(&self.program, args.iter().map(OsString::from).chain(tiny))
    }

    /// Measures `names` under `mode`. An operation that fails is left out, with its reason in
    /// `failures`, and the run goes on with the one after it.
    pub(crate) fn measure(
        &self,
        mode: &Mode,
        names: &[String],
        effort: Effort,
        failures: &mut Vec<String>,
    ) -> BTreeMap<String, Sample> {
        let mut samples = BTreeMap::new();
        let mut rest = names.to_vec();
        for _ in 0..=MAX_FAILURES {
            if rest.is_empty() {
                break;
            }
            let args = [
                "--only".into(),
                rest.join(","),
                "--batches".into(),
                effort.batches.to_string(),
                "--batch-us".into(),
                effort.batch_us.to_string(),
            ];
            let limit = Duration::from_secs(120);
            let (out, why) = match command::run(self.command(mode, &args), limit) {
                Outcome::Done {
                    status,
                    stdout,
                    stderr,
                    ..
                } => (stdout, format!("{status} {}", stderr.trim())),
                Outcome::TooLong => (String::new(), format!("took longer than {limit:?}")),
                Outcome::NotStarted(error) => (String::new(), error.to_string()),
            };
            samples.extend(parse(&out));
            rest.retain(|name| !samples.contains_key(name));
            if !rest.is_empty() {
                let failed = rest.remove(0);
                failures.push(format!("{} {failed}: {why}", mode.name));
            }
        }
        samples
    }
}

/// Reads the guest's lines: name, median, least, batches, operations per batch. A line that is
/// not complete is the mark of a guest that was stopped in the middle, and is passed over.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Sample> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<(String, Sample)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, median, least, batches, operations] = fields.as_slice() else {
        return None;
    };
    batches.parse::<u32>().ok()?;
    operations.parse::<u64>().ok()?;
    let sample = Sample {
        median: positive(median)?,
        least: positive(least)?,
    };
    Some(((*name).to_owned(), sample))
}

fn positive(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|value: &f64| value.is_finite() && *value > 0.0)
}

fn compile(dir: &Path, sources: &[&str], link: &[&str], program: &Path) -> Result<()> {
    let mut cc = Command::new("cc");
    cc.current_dir(dir)
        .args(["-O2", "-pthread"])
        .args(link)
        .args(sources)
        .arg("-o")
        .arg(program);
    match command::run(cc, Duration::from_secs(120)) {
        Outcome::Done { status, .. } if status.success() => Ok(()),
        Outcome::Done { stderr, .. } => Err(format!("cc: {}", stderr.trim()).into()),
        Outcome::TooLong => Err("cc took too long".into()),
        Outcome::NotStarted(error) => Err(format!("cc: {error}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_lines_only() {
        let text = "getpid\t88.10\t86.00\t15\t4096\nstat\t370\t36\nread\t-1\t1\t2\t3\nready\n";
        let samples = parse(text);
        assert_eq!(samples.len(), 1);
        assert_eq!(
            samples["getpid"],
            Sample {
                median: 88.1,
                least: 86.0
            }
        );
    }

    #[test]
    fn builds_and_measures_natively() {
        let dir = crate::fixtures::Scratch::new().unwrap();
        let guest = Guest::build(dir.path(), false).unwrap();
        assert!(guest.operations.iter().any(|name| name == "getpid"));
        let mut failures = Vec::new();
        let names = ["getpid".to_owned(), "pipe_1".to_owned()];
        let effort = Effort {
            batches: 3,
            batch_us: 50,
        };
        let samples = guest.measure(&Mode::native(), &names, effort, &mut failures);
        assert_eq!(samples.len(), 2, "{failures:?}");
        assert!(samples["pipe_1"].least <= samples["pipe_1"].median);
    }
}

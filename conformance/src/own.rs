//! The suite's own guests: each case natively first, then under lx in each mode.

use crate::child::{End, Job, Shown, run as run_job};
use crate::expect::{Expectations, Kind};
use crate::guests::{self, Case};
use crate::lx::{self, MODES, Mode};
use crate::pool;
use crate::report::{self, Entry, Tally, Verdict, first_difference};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A guest leaves with this status when the host cannot show what the case is about.
const SKIP_STATUS: i32 = 77;

/// `conformance own`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// Only these modes
    #[arg(long, value_enum, value_delimiter = ',')]
    pub modes: Vec<Mode>,
    /// Run natively only, and check that the output is the same each time
    #[arg(long)]
    pub native: bool,
    /// How often each case is run in each mode
    #[arg(long, default_value_t = 1)]
    pub repeat: u32,
    /// Cases at a time [default: one per processor]
    #[arg(long)]
    pub jobs: Option<usize>,
    /// How often a failed case is tried again, to tell flaky from broken
    #[arg(long, default_value_t = 1)]
    pub retries: u32,
    /// Flaky cases count as failed
    #[arg(long)]
    pub strict: bool,
    /// Print the names of the cases and stop
    #[arg(long)]
    pub list: bool,
    /// Print both outputs of a failed case in full
    #[arg(long)]
    pub full: bool,
    /// Only cases whose name contains one of these
    pub filters: Vec<String>,
}

/// The file of exceptions that belongs to this suite.
#[must_use]
pub fn expectations_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("expectations/own.txt")
}

/// Runs the suite and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let cases = select(options)?;
    if options.list {
        for case in &cases {
            println!("{}", case.name);
        }
        return Ok(Tally::default());
    }
    let entries = run_cases(options, &cases)?;
    Ok(report::print(&entries))
}

/// The cases that the options ask for.
pub fn select(options: &Options) -> Result<Vec<Case>, String> {
    // `guest/case` names the case in every variant of the guest.
    let wanted = |name: &str| {
        let plain = match name.split_once('/') {
            Some((guest, case)) => {
                format!(
                    "{}/{case}",
                    guest.split_once('.').map_or(guest, |(stem, _)| stem)
                )
            }
            None => name.to_owned(),
        };
        let filters = &options.filters;
        filters.is_empty()
            || filters
                .iter()
                .any(|part| name.contains(part.as_str()) || plain.contains(part.as_str()))
    };
    // Builds no guest that a filter of that form leaves out.
    let admits = |stem: &str| {
        options.filters.is_empty()
            || options
                .filters
                .iter()
                .any(|part| match part.split_once('/') {
                    Some((guest, _)) => stem.ends_with(guest.split('.').next().unwrap_or(guest)),
                    None => true,
                })
    };
    let mut cases = Vec::new();
    for guest in guests::build_all(&guests::folder(), admits)? {
        cases.extend(guests::cases(&guest)?);
    }
    cases.retain(|case| wanted(&case.name));
    Ok(cases)
}

/// Runs the given cases; serial ones come last, one at a time.
pub fn run_cases(options: &Options, cases: &[Case]) -> Result<Vec<Entry>, String> {
    let expectations = Expectations::read(&expectations_file())?;
    let lx = if options.native {
        PathBuf::new()
    } else {
        lx::locate(options.lx.as_deref())?
    };
    let modes = if options.modes.is_empty() {
        MODES.to_vec()
    } else {
        options.modes.clone()
    };
    let others = !options.native && modes.iter().any(|mode| mode.user().is_some());
    let copied = others.then(|| lx::copy_for_everyone(&lx)).transpose()?;
    let (_scratch, copy) = copied.unzip();
    let suite = Suite {
        options,
        expectations,
        copy: copy.unwrap_or_else(|| lx.clone()),
        lx,
        modes,
    };
    let (serial, parallel): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.serial);
    let workers = options.jobs.unwrap_or_else(pool::default_workers);
    let mut results = pool::map(&parallel, workers, |case| suite.one(case));
    results.extend(pool::map(&serial, 1, |case| suite.one(case)));
    let mut entries = Vec::new();
    for result in results {
        entries.extend(result?);
    }
    Ok(entries)
}

struct Suite<'a> {
    options: &'a Options,
    expectations: Expectations,
    lx: PathBuf,
    /// The same where every user may execute it.
    copy: PathBuf,
    modes: Vec<Mode>,
}

impl Suite<'_> {
    /// All entries of one case: one for the native run when that alone tells something,
    /// else one for each mode.
    fn one(&self, case: &Case) -> Result<Vec<Entry>, String> {
        let entry = |mode, verdict| Entry {
            case: case.name.clone(),
            mode,
            verdict,
        };
        if self.options.native {
            let native = self.native(case, None)?;
            if let Some(verdict) = native_trouble(&native) {
                return Ok(vec![entry(None, verdict)]);
            }
            for _ in 1..self.options.repeat {
                let again = self.native(case, None)?;
                if !again.agrees(&native) {
                    let why = self.difference(&native, &again);
                    return Ok(vec![entry(
                        None,
                        Verdict::Failed(format!("unstable: {why}")),
                    )]);
                }
            }
            return Ok(vec![entry(None, Verdict::Passed)]);
        }
        let mut entries = Vec::new();
        // Natively, a program is run by the same user.
        for modes in self.modes.chunk_by(|one, next| one.user() == next.user()) {
            let user = modes.first().and_then(|mode| mode.user());
            let native = self.native(case, user)?;
            if let Some(verdict) = native_trouble(&native) {
                entries.push(entry(user.and(modes.first().copied()), verdict));
                continue;
            }
            for &mode in modes {
                entries.push(entry(Some(mode), self.judged(case, mode, &native)?));
            }
        }
        Ok(entries)
    }

    fn native(&self, case: &Case, user: Option<u32>) -> Result<Shown, String> {
        run_job(&Job {
            line: case.line.clone(),
            user,
            mode: None,
            limit: case.limit,
            input: None,
        })
    }

    fn judged(&self, case: &Case, mode: Mode, native: &Shown) -> Result<Verdict, String> {
        let exception = self.expectations.find(&case.name, mode);
        if let Some(exception) = exception.filter(|e| e.kind == Kind::Skip) {
            return Ok(Verdict::Skipped(exception.reason.clone()));
        }
        let verdict = self.under_lx(case, mode, native)?;
        Ok(match (exception, verdict) {
            (Some(e), Verdict::Failed(_)) => Verdict::Expected(e.reason.clone()),
            (Some(e), Verdict::Passed) => {
                Verdict::Failed(format!("passes, though expected to fail: {}", e.reason))
            }
            (_, Verdict::Flaky(why)) if self.options.strict => Verdict::Failed(why),
            (_, verdict) => verdict,
        })
    }

    fn under_lx(&self, case: &Case, mode: Mode, native: &Shown) -> Result<Verdict, String> {
        for _ in 0..self.options.repeat.max(1) {
            let Some(first) = self.attempt(case, mode, native)? else {
                continue;
            };
            for _ in 0..self.options.retries {
                if self.attempt(case, mode, native)?.is_none() {
                    return Ok(Verdict::Flaky(first));
                }
            }
            return Ok(Verdict::Failed(first));
        }
        Ok(Verdict::Passed)
    }

    /// One run under lx: none when it agrees with the native one, else what differs.
    fn attempt(&self, case: &Case, mode: Mode, native: &Shown) -> Result<Option<String>, String> {
        // Twice the native limit, since every call may trap.
        let limit = case.limit * 2;
        let user = mode.user();
        let lx = if user.is_some() { &self.copy } else { &self.lx };
        let line = lx::command_line(lx, mode, &case.line);
        let shown = run_job(&Job {
            line,
            user,
            mode: Some(mode),
            limit,
            input: None,
        })?;
        Ok((!shown.agrees(native)).then(|| self.difference(native, &shown)))
    }

    fn difference(&self, expected: &Shown, got: &Shown) -> String {
        let mut parts = Vec::new();
        if expected.end != got.end {
            parts.push(format!("ended by {}, expected {}", got.end, expected.end));
        }
        if expected.stdout != got.stdout {
            parts.push(first_difference(&expected.stdout, &got.stdout));
        }
        if let Some(line) = String::from_utf8_lossy(&got.stderr).lines().last() {
            parts.push(format!("stderr: {line}"));
        }
        if self.options.full {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            parts.push(format!(
                "\n--- expected ---\n{}--- got ---\n{}--- stderr ---\n{}",
                text(&expected.stdout),
                text(&got.stdout),
                text(&got.stderr)
            ));
        }
        parts.join("; ")
    }
}

/// What makes the native run unfit to compare with: a skip, a failed check, a time limit.
fn native_trouble(native: &Shown) -> Option<Verdict> {
    let text = String::from_utf8_lossy(&native.stdout);
    if native.end == End::Exit(SKIP_STATUS) {
        let reason = text.lines().last().unwrap_or("no reason given").to_owned();
        return Some(Verdict::Skipped(reason));
    }
    if native.end == End::TimedOut {
        let after = Duration::as_secs(&native.took);
        return Some(Verdict::Failed(format!(
            "native run: time limit after {after} s"
        )));
    }
    text.lines()
        .find(|line| line.starts_with("BAD "))
        .map(|line| Verdict::Failed(format!("native run: {line}")))
}

#[cfg(test)]
mod tests {
    use super::native_trouble;
    use crate::child::{End, Shown};
    use crate::report::Verdict;
    use std::time::Duration;

    fn shown(end: End, stdout: &str) -> Shown {
        let (stdout, stderr) = (stdout.as_bytes().to_vec(), Vec::new());
        Shown {
            stdout,
            stderr,
            end,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn native_runs_that_tell_nothing_are_named() {
        let skip = native_trouble(&shown(End::Exit(77), "x\nSKIP no AMX\n"));
        assert_eq!(skip, Some(Verdict::Skipped("SKIP no AMX".into())));
        let bad = native_trouble(&shown(End::Exit(1), "BAD rbx kept\n"));
        assert_eq!(
            bad,
            Some(Verdict::Failed("native run: BAD rbx kept".into()))
        );
        assert_eq!(native_trouble(&shown(End::Signal(11), "ok\n")), None);
    }
}

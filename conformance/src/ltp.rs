//! The Linux Test Project's suites: every case natively first, then under lx.
//!
//! A case counts as passed by its exit status alone (`doc/` of LTP: 0 is a pass, else a mask of
//! 1 fail, 2 broken, 4 warning, 32 not applicable). What is asked of lx is that the cases that
//! pass natively pass; each that does not is listed with its reason in
//! `expectations/ltp-SUITE.txt`.

pub mod cage;
pub mod case;
pub mod output;
pub mod reasons;
pub mod record;
pub mod summary;

use crate::lx::{self, Mode};
use crate::pool;
use crate::report::Tally;
use case::Case;
use reasons::Reasons;
use record::{CaseRecord, Record, Run, Verdict};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// `conformance ltp`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where LTP is installed
    #[arg(long, value_name = "DIR", default_value = "/opt/ltp")]
    pub ltp: PathBuf,
    /// The file of LTP's runtest/ that lists the cases
    #[arg(long, default_value = "syscalls")]
    pub suite: String,
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// How lx catches calls
    #[arg(long, value_enum, default_value = "rewrite")]
    pub mode: Mode,
    /// Cases at a time [default: one per processor]
    #[arg(long)]
    pub jobs: Option<usize>,
    /// Only cases whose name this regular expression matches
    #[arg(long, value_name = "RE")]
    pub filter: Option<String>,
    /// Write all results to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Do not run under lx
    #[arg(long)]
    pub native_only: bool,
    /// Take the native results from a file that --json wrote
    #[arg(long, value_name = "FILE", conflicts_with = "native_only")]
    pub reuse_native: Option<PathBuf>,
    /// How often a case that differs is tried again
    #[arg(long, default_value_t = 1)]
    pub retries: u32,
    /// Seconds that a native run may take
    #[arg(long, default_value_t = 180)]
    pub limit: u64,
    /// Factor on the run time of cases that loop for a set time (LTP_RUNTIME_MUL)
    #[arg(long, default_value_t = 0.2)]
    pub runtime: f32,
    /// Also run the cases that are listed as harmful to the machine
    #[arg(long)]
    pub harmful: bool,
    /// Leave out the cases that take longer than this many seconds natively (with --reuse-native)
    #[arg(long, value_name = "SECONDS")]
    pub no_slower: Option<f64>,
    /// Print the output of each case that differs
    #[arg(long)]
    pub full: bool,
}

/// Runs the suite and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let runner = Runner::new(options)?;
    let cases = runner.cases()?;
    let total = cases.len();
    runner.shared.total.store(total, Ordering::Relaxed);
    pool::map(&cases, runner.workers, |case| {
        let record = runner.one(case);
        runner.note(record)
    })
    .into_iter()
    .collect::<Result<(), String>>()?;
    let record = runner.finish()?;
    Ok(summary::print(&record, options.full))
}

/// What the workers share.
#[derive(Default)]
struct Shared {
    total: AtomicUsize,
    done: Mutex<Vec<CaseRecord>>,
}

struct Runner<'a> {
    options: &'a Options,
    ltp: PathBuf,
    lx: Option<PathBuf>,
    reasons: Reasons,
    earlier: Option<Record>,
    workers: usize,
    shared: Shared,
}

impl<'a> Runner<'a> {
    fn new(options: &'a Options) -> Result<Self, String> {
        let ltp = options
            .ltp
            .canonicalize()
            .map_err(|e| format!("{}: {e}", options.ltp.display()))?;
        let lx = match options.native_only {
            true => None,
            false => Some(lx::locate(options.lx.as_deref())?),
        };
        let file = format!("expectations/ltp-{}.txt", options.suite);
        let reasons = Reasons::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?;
        let earlier = options
            .reuse_native
            .as_deref()
            .map(Record::read)
            .transpose()?;
        Ok(Self {
            options,
            ltp,
            lx,
            reasons,
            earlier,
            workers: options.jobs.unwrap_or_else(pool::default_workers),
            shared: Shared::default(),
        })
    }

    fn cases(&self) -> Result<Vec<Case>, String> {
        let mut cases = case::read(&self.ltp.join("runtest").join(&self.options.suite))?;
        if let Some(filter) = &self.options.filter {
            let filter = regex_lite::Regex::new(filter).map_err(|e| format!("--filter: {e}"))?;
            cases.retain(|case| filter.is_match(&case.tag));
        }
        if let Some(limit) = self.options.no_slower {
            cases.retain(|case| {
                self.native_before(case)
                    .is_none_or(|run| run.seconds <= limit)
            });
        }
        Ok(cases)
    }

    fn native_before(&self, case: &Case) -> Option<&Run> {
        self.earlier.as_ref()?.find(&case.tag)?.native.as_ref()
    }

    /// All that is done with one case.
    fn one(&self, case: &Case) -> Result<CaseRecord, String> {
        let reason = self.reasons.find(&case.tag);
        let mut record = CaseRecord::new(case, reason);
        if reason.is_some_and(|r| r.class.is_harmful()) && !self.options.harmful {
            record.verdict = Verdict::Skipped;
            return Ok(record);
        }
        let native = match self.native_before(case) {
            Some(run) => run.clone(),
            None => self.native(case)?,
        };
        let passes = native.passed();
        let limit = self.limit_under_lx(&native);
        record.native = Some(native);
        if !passes {
            record.verdict = Verdict::NotNative;
        } else if let Some(lx) = &self.lx {
            self.under_lx(case, lx, limit, &mut record)?;
        } else {
            record.verdict = Verdict::NativeOnly;
        }
        Ok(record)
    }

    /// A native run, and another when the first fails, since timing tests do on a busy machine.
    fn native(&self, case: &Case) -> Result<Run, String> {
        let limit = Duration::from_secs(self.options.limit);
        let run = || cage::run(&self.plan(case, None, limit));
        let first = run()?;
        match first.passed() || first.not_applicable() {
            true => Ok(first),
            false => run(),
        }
    }

    fn under_lx(
        &self,
        case: &Case,
        lx: &Path,
        limit: Duration,
        record: &mut CaseRecord,
    ) -> Result<(), String> {
        let mut run = cage::run(&self.plan(case, Some(lx), limit))?;
        record.verdict = Verdict::Passed;
        for _ in 0..self.options.retries {
            if run.passed() {
                break;
            }
            let again = cage::run(&self.plan(case, Some(lx), limit))?;
            if again.passed() {
                record.verdict = Verdict::Flaky;
                break;
            }
            run = again;
        }
        if record.verdict == Verdict::Passed && !run.passed() {
            record.verdict = Verdict::Differs;
        }
        record.lx = Some(run);
        Ok(())
    }

    fn plan<'p>(&'p self, case: &'p Case, lx: Option<&'p Path>, limit: Duration) -> cage::Plan<'p> {
        cage::Plan {
            ltp: &self.ltp,
            command: &case.command,
            lx: lx.map(|path| (path, self.options.mode)),
            limit,
            runtime: self.options.runtime,
        }
    }

    /// Four times the native time, but no less than a minute, since a layer that hangs must not
    /// hold the run up for as long as the slowest case may take.
    fn limit_under_lx(&self, native: &Run) -> Duration {
        let natively = Duration::from_secs_f64(native.seconds.max(0.0));
        (natively * 4)
            .max(Duration::from_secs(60))
            .min(Duration::from_secs(self.options.limit) * 2)
    }

    /// Prints progress, and saves what there is from time to time.
    fn note(&self, record: Result<CaseRecord, String>) -> Result<(), String> {
        let record = record?;
        let mut done = self.shared.done.lock().map_err(|e| e.to_string())?;
        let total = self.shared.total.load(Ordering::Relaxed);
        println!("[{}/{total}] {}", done.len() + 1, summary::line(&record));
        done.push(record);
        if done.len().is_multiple_of(100) {
            self.save(&self.record_of(done.clone()))?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<Record, String> {
        let done = self.shared.done.lock().map_err(|e| e.to_string())?.clone();
        let record = self.record_of(done);
        self.save(&record)?;
        Ok(record)
    }

    fn record_of(&self, mut cases: Vec<CaseRecord>) -> Record {
        cases.sort_by(|a, b| a.tag.cmp(&b.tag));
        Record {
            suite: self.options.suite.clone(),
            mode: self
                .lx
                .as_ref()
                .map(|_| self.options.mode.name().to_owned()),
            cases,
        }
    }

    fn save(&self, record: &Record) -> Result<(), String> {
        self.options
            .json
            .as_deref()
            .map_or(Ok(()), |path| record.write(path))
    }
}

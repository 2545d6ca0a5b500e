//! The Linux Test Project's suites: every case natively first, then under lx.
//!
//! A case counts as passed by its exit status alone (`doc/` of LTP: 0 is a pass, else a mask of
//! 1 fail, 2 broken, 4 warning, 32 not applicable). What is asked of lx is that the cases that
//! pass natively pass, in an environment that is equal but for lx: on the host as whoever runs the
//! suite; for a zone, in a container of util-linux's unshare(1) with a user namespace, by an
//! ordinary user; without namespaces, as another ordinary user. Each that does not is listed with
//! its reason in `expectations/ltp-SUITE.txt`.

pub mod case;
mod environment;
pub mod output;

use crate::child::{End, Shown, run as run_job};
use crate::data;
use crate::options::Common;
use crate::ordinary;
use crate::report::json::Record;
use crate::report::{Ran, Tally, Verdict};
use crate::runner;
use crate::suite::{At, Setting, Suite, Target};
use crate::way::{Isolation, Way};
use case::Case;
use environment::Environment;
use std::path::PathBuf;
use std::time::Duration;

/// `conformance ltp`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
    /// Where LTP is installed
    #[arg(long, value_name = "DIR", default_value = "/opt/ltp")]
    pub ltp: PathBuf,
    /// The file of LTP's runtest/ that lists the cases: syscalls, fs, ipc, sched, mm, pty, ...
    #[arg(long, value_name = "NAME", default_value = "syscalls")]
    pub suite: String,
    /// Take the native results from a file that --json wrote
    #[arg(long, value_name = "FILE", conflicts_with = "native")]
    pub reuse_native: Option<PathBuf>,
    /// Seconds that a native run may take
    #[arg(long, default_value_t = 180, value_name = "SECONDS")]
    pub limit: u64,
    /// Factor on the run time of cases that loop for a set time (LTP_RUNTIME_MUL)
    #[arg(long, default_value_t = 0.2, value_name = "FACTOR")]
    pub runtime: f32,
    /// Also run the cases that are listed as harmful to the machine
    #[arg(long)]
    pub harmful: bool,
    /// Whose zones the cases run in, and whose container natively: one with subordinate ids
    #[arg(long, value_name = "USER", default_value = ordinary::USER)]
    pub zone_user: String,
}

/// Runs the suite and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let ltp = options
        .ltp
        .canonicalize()
        .map_err(|e| format!("{}: {e}", options.ltp.display()))?;
    let lists = ltp.join("runtest");
    let list = [options.suite.clone(), format!("syscalls-{}", options.suite)]
        .map(|name| lists.join(name))
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{}: no list {}", lists.display(), options.suite))?;
    let earlier = options.reuse_native.as_deref().map(Record::read);
    let suite = Ltp {
        environment: Environment::new(ltp, options),
        options,
        earlier: earlier.transpose()?,
    };
    runner::run(&suite, case::read(&list)?, &options.common)
}

struct Ltp<'a> {
    options: &'a Options,
    environment: Environment,
    earlier: Option<Record>,
}

impl Ltp<'_> {
    /// Four times the native time, but no less than a minute, since a layer that hangs must not
    /// hold the run up for as long as the slowest case may take.
    fn limit_under_lx(&self, native: Duration) -> Duration {
        (native * 4)
            .max(Duration::from_secs(60))
            .min(Duration::from_secs(self.options.limit) * 2)
    }
}

impl Suite for Ltp<'_> {
    type Case = Case;

    fn name(&self) -> String {
        format!("ltp {}", self.options.suite)
    }

    fn usual(&self) -> Vec<Way> {
        vec![Way::REWRITE]
    }

    fn expectations(&self) -> PathBuf {
        let file = format!("expectations/ltp-{}.txt", self.options.suite);
        data::folder().join(file)
    }

    fn label(&self, case: &Case) -> String {
        case.tag.clone()
    }

    fn targets(&self, case: &Case, ways: &[Way]) -> Vec<Target> {
        let target = |&way: &Way| Target {
            case: case.tag.clone(),
            way,
            setting: setting(way),
            variant: 0,
            absent: match way.isolation {
                Isolation::Namespaces => self.environment.no_container(),
                Isolation::Host | Isolation::Bare | Isolation::Layers | Isolation::Users => None,
            },
        };
        ways.iter().map(target).collect()
    }

    fn earlier(&self, case: &Case, wanted: Setting) -> Option<Shown> {
        let lines = &self.earlier.as_ref()?.entries;
        let found = lines.iter().find(|line| {
            let way = line.way.as_deref().and_then(|way| way.parse::<Way>().ok());
            line.case == case.tag && setting(way.unwrap_or(Way::REWRITE)) == wanted
        });
        found?.native.as_ref().map(output::remembered)
    }

    fn run(&self, case: &Case, at: At<'_>) -> Result<Shown, String> {
        let limit = match at {
            At::Natively(_) => Duration::from_secs(self.options.limit),
            At::Under(_, _, native) => self.limit_under_lx(native.took),
        };
        run_job(&self.environment.job(&case.command, at, limit))
    }

    fn unfit(&self, native: &Shown) -> Option<Verdict> {
        (native.end != End::Exit(0)).then(|| Verdict::NotNative(output::end_text(native.end)))
    }

    fn differs(&self, _native: &Shown, got: &Shown) -> Option<String> {
        (got.end != End::Exit(0)).then(|| output::end_text(got.end))
    }

    fn kept(&self, shown: &Shown) -> Ran {
        output::kept(shown)
    }

    fn clean(&self) {
        environment::remove_groups();
    }

    fn runs_harmful(&self) -> bool {
        self.options.harmful
    }
}

fn setting(way: Way) -> Setting {
    match way.isolation {
        Isolation::Host | Isolation::Users => Setting::Host,
        Isolation::Namespaces => Setting::Container,
        Isolation::Bare | Isolation::Layers => Setting::Restricted,
    }
}

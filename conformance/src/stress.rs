//! Every stressor of stress-ng(1): what ends well natively within its time ends well under lx. The
//! stressors look at the kernel's answers themselves (`--verify`).
//!
//! An ordinary user runs them, also natively, since some steer the machine when root does.

use crate::apps::absent;
use crate::child::{End, HERE, Job, Shown, run as run_job};
use crate::data;
use crate::options::Common;
use crate::ordinary;
use crate::own::environment;
use crate::report::{Ran, Tally, Verdict};
use crate::runner;
use crate::suite::{At, Setting, Suite};
use crate::way::{Isolation, Way};
use nix::unistd::geteuid;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const PROGRAM: &str = "stress-ng";
/// How long a native run may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long one may take under lx. Some stressors do a set amount of work first.
const LIMIT_UNDER_LX: Duration = Duration::from_secs(60);
/// The most processes of the user at a time; some stressors make as many as they may.
const PROCESSES: &str = "--nproc=1000";
/// How many of the last lines are kept.
const LINES: usize = 6;

/// `conformance stress`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
    /// Whom root runs the stressors as: one with subordinate ids
    #[arg(long, value_name = "USER", default_value = ordinary::USER)]
    pub user: String,
}

/// Runs all stressors and prints the report.
pub fn run(options: &Options) -> Result<Tally, String> {
    if let Some(why) = absent(&[PROGRAM.to_owned()]) {
        println!("stress: {why}");
        return Ok(Tally::default());
    }
    let listed = Command::new(PROGRAM)
        .arg("--stressors")
        .output()
        .map_err(|e| format!("{PROGRAM}: {e}"))?;
    let names = String::from_utf8_lossy(&listed.stdout);
    let stressors = names.split_whitespace().map(str::to_owned).collect();
    let user = geteuid().is_root().then(|| options.user.clone());
    runner::run(&Stress { user }, stressors, &options.common)
}

struct Stress {
    /// Whom to run as.
    user: Option<String>,
}

impl Stress {
    fn job(&self, line: Vec<OsString>, restricted: bool, limit: Duration) -> Job {
        let mut limited: Vec<OsString> = ["prlimit", PROCESSES, "--"].map(Into::into).to_vec();
        limited.extend(line);
        let line = limited;
        // What the restricted environment runs is an ordinary user's already.
        let line = match &self.user {
            Some(user) if !restricted => ordinary::by(user, line),
            _ => line,
        };
        Job {
            restricted,
            foreign: true,
            ..Job::new(line, limit)
        }
    }
}

impl Suite for Stress {
    type Case = String;

    fn name(&self) -> String {
        "stress".to_owned()
    }

    fn usual(&self) -> Vec<Way> {
        vec![Way::REWRITE, Way::ZONE, Way::BARE]
    }

    fn expectations(&self) -> PathBuf {
        data::folder().join("expectations/stress.txt")
    }

    fn label(&self, stressor: &String) -> String {
        stressor.clone()
    }

    fn run(&self, stressor: &String, at: At<'_>) -> Result<Shown, String> {
        let option = format!("--{stressor}");
        let words = [
            PROGRAM,
            &option,
            "1",
            "--timeout",
            "1s",
            "--verify",
            "--temp-path",
            HERE,
        ];
        let line = words.map(OsString::from);
        run_job(&match at {
            At::Natively(setting) => self.job(line.to_vec(), setting == Setting::Restricted, LIMIT),
            At::Under(target, lx, _) => Job {
                way: Some(target.way),
                ..self.job(
                    target.way.command_line(lx, &environment(), &line),
                    target.way.isolation == Isolation::Bare,
                    LIMIT_UNDER_LX,
                )
            },
        })
    }

    fn unfit(&self, native: &Shown) -> Option<Verdict> {
        (native.end != End::Exit(0)).then(|| Verdict::NotNative(native.end.to_string()))
    }

    fn differs(&self, _native: &Shown, got: &Shown) -> Option<String> {
        (got.end != End::Exit(0)).then(|| got.end.to_string())
    }

    fn kept(&self, shown: &Shown) -> Ran {
        let text = String::from_utf8_lossy(&shown.stdout);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Ran {
            lines: lines[lines.len().saturating_sub(LINES)..].to_vec(),
            ..Ran::of(shown)
        }
    }
}

//! The suite's own guests: each case natively first, then under lx in each way.

use crate::child::{ENVIRONMENT, Job, Shown, run as run_job};
use crate::data;
use crate::guests::{self, Case};
use crate::judge::{difference, native_trouble};
use crate::options::Common;
use crate::report::{Tally, Verdict};
use crate::runner;
use crate::suite::{At, Setting, Suite};
use crate::way::Way;
use std::path::PathBuf;

/// `conformance own`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// Runs the suite and prints its report.
pub fn run(options: &Options) -> Result<Tally, String> {
    let suite = Own {
        full: options.common.full,
    };
    runner::run(&suite, select(&options.common)?, &options.common)
}

/// The cases that the filters may let through.
pub fn select(options: &Common) -> Result<Vec<Case>, String> {
    // Builds no guest that a filter of the form `guest/case` leaves out.
    let admits = |stem: &str| {
        options.filters.is_empty()
            || options
                .filters
                .iter()
                .any(|part| match part.split_once('/') {
                    Some((guest, _)) => {
                        let guest = guest.trim_start_matches('^');
                        stem.ends_with(guest.split('.').next().unwrap_or(guest))
                            || guest.contains(['*', '+', '(', '[', '|'])
                    }
                    None => true,
                })
    };
    let mut cases = Vec::new();
    for guest in guests::build_all(&guests::folder(), admits)? {
        cases.extend(guests::cases(&guest)?);
    }
    Ok(cases)
}

/// See above.
#[derive(Debug, Default)]
pub struct Own {
    /// Failures are told with all output.
    pub full: bool,
}

impl Suite for Own {
    type Case = Case;

    fn name(&self) -> String {
        "own".to_owned()
    }

    fn usual(&self) -> Vec<Way> {
        Way::ALL.to_vec()
    }

    fn expectations(&self) -> PathBuf {
        data::folder().join("expectations/own.txt")
    }

    fn label(&self, case: &Case) -> String {
        case.name.clone()
    }

    fn serial(&self, case: &Case) -> bool {
        case.serial
    }

    fn run(&self, case: &Case, at: At<'_>) -> Result<Shown, String> {
        run_job(&match at {
            At::Natively(setting) => Job {
                restricted: setting == Setting::Restricted,
                ..Job::new(case.line.clone(), case.limit)
            },
            // Twice the native limit, since every call may trap.
            At::Under(target, lx, _) => Job {
                restricted: target.way.is_restricted(),
                way: Some(target.way),
                ..Job::new(
                    target.way.command_line(lx, &environment(), &case.line),
                    case.limit * 2,
                )
            },
        })
    }

    fn unfit(&self, native: &Shown) -> Option<Verdict> {
        native_trouble(native)
    }

    fn differs(&self, native: &Shown, got: &Shown) -> Option<String> {
        difference(native, got, self.full)
    }
}

/// What runs have anyhow, for zones that begin without.
pub(crate) fn environment() -> Vec<(&'static str, std::ffi::OsString)> {
    ENVIRONMENT
        .map(|(name, value)| (name, value.into()))
        .to_vec()
}

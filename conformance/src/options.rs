//! What all suites can be told.

use crate::way::{Intercept, Isolation, Way};
use regex_lite::Regex;
use std::path::PathBuf;

/// The options that all suites share.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Common {
    /// The lx to test [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub lx: Option<PathBuf>,
    /// How programs are kept apart from the host [default: all that the suite is made for]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "HOW")]
    pub isolation: Vec<Isolation>,
    /// How their calls are caught [default: rewrite]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "HOW")]
    pub intercept: Vec<Intercept>,
    /// Both in one word: rewrite, sud, trap, zone, bare, zone+sud, ...
    #[arg(
        long,
        alias = "mode",
        value_delimiter = ',',
        value_name = "WAY",
        conflicts_with_all = ["isolation", "intercept"]
    )]
    pub modes: Vec<Way>,
    /// Run natively only, and check that each run shows the same
    #[arg(long)]
    pub native: bool,
    /// How often each case is run in each way
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub repeat: u32,
    /// How often a failed case is tried again, to tell flaky from broken
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub retries: u32,
    /// Flaky cases count as failed
    #[arg(long)]
    pub strict: bool,
    /// Cases at a time [default: one per processor]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Print the names of the cases and stop
    #[arg(long)]
    pub list: bool,
    /// Print all that a failed case showed
    #[arg(long)]
    pub full: bool,
    /// Write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the results to this file, in the form of JUnit
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write the results to this file, as a page for browsers
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The file that names what is known to fail [default: that of the suite]
    #[arg(long, value_name = "FILE")]
    pub expectations: Option<PathBuf>,
    /// Compare with the results that --json wrote to this file earlier
    #[arg(long, value_name = "FILE")]
    pub before: Option<PathBuf>,
    /// Only cases whose name one of these regular expressions matches
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
}

impl Common {
    /// The ways that are asked for, else the usual ones of the suite.
    #[must_use]
    pub fn ways(&self, usual: &[Way]) -> Vec<Way> {
        if !self.modes.is_empty() {
            return self.modes.clone();
        }
        if self.isolation.is_empty() && self.intercept.is_empty() {
            return usual.to_vec();
        }
        let or = |asked: &[Isolation]| match asked {
            [] => vec![Isolation::Host],
            some => some.to_vec(),
        };
        let intercepts = match self.intercept.as_slice() {
            [] => &[Intercept::Rewrite],
            some => some,
        };
        let of = |isolation| intercepts.iter().map(move |&how| Way::new(isolation, how));
        or(&self.isolation).into_iter().flat_map(of).collect()
    }

    /// What the filters let through.
    pub fn filter(&self) -> Result<Filter, String> {
        let compiled = self.filters.iter().map(|text| {
            Regex::new(text).map_err(|error| format!("{text}: not a regular expression: {error}"))
        });
        Ok(Filter(compiled.collect::<Result<_, _>>()?))
    }
}

/// Chooses cases by their names.
#[derive(Debug)]
pub struct Filter(Vec<Regex>);

impl Filter {
    /// Whether a case of this name is wanted; `guest/case` means it in every build of the guest.
    #[must_use]
    pub fn admits(&self, name: &str) -> bool {
        let plain = name.split_once('/').map(|(guest, case)| {
            let stem = guest.split_once('.').map_or(guest, |(stem, _)| stem);
            format!("{stem}/{case}")
        });
        let matches = |filter: &Regex| {
            filter.is_match(name) || plain.as_ref().is_some_and(|plain| filter.is_match(plain))
        };
        self.0.is_empty() || self.0.iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::Common;
    use crate::way::{Intercept, Isolation, Way};

    #[test]
    fn ways_are_what_is_asked_for_or_the_usual_ones() {
        let asked = |isolation: &[Isolation], intercept: &[Intercept]| {
            let common = Common {
                isolation: isolation.to_vec(),
                intercept: intercept.to_vec(),
                ..Common::default()
            };
            common.ways(&[Way::TRAP])
        };
        assert_eq!(asked(&[], &[]), [Way::TRAP]);
        assert_eq!(asked(&[], &[Intercept::Sud]), [Way::SUD]);
        assert_eq!(
            asked(&[Isolation::Namespaces, Isolation::Bare], &[]),
            [Way::ZONE, Way::BARE]
        );
    }

    #[test]
    fn a_case_is_named_in_every_build_of_its_guest() {
        let admits = |filter: &str, name: &str| {
            let filters = vec![filter.to_owned()];
            let common = Common {
                filters,
                ..Common::default()
            };
            common.filter().expect("valid").admits(name)
        };
        assert!(admits("exec/set", "exec.pie/set_id"));
        assert!(admits("^exec.pie/", "exec.pie/set_id"));
        assert!(!admits("exec/set", "exec.pie/busy"));
    }
}

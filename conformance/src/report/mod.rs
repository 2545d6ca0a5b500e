//! What came of the cases, and the forms in which it is told.

pub mod html;
pub mod json;
pub mod junit;
pub mod table;

use crate::child::Shown;
use crate::expect::Class;
use crate::way::Way;
use serde::{Deserialize, Serialize};
use std::process::ExitCode;

/// What came of one case in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As natively.
    Passed,
    /// A failure that a second try did not show; neither passed nor failed.
    Flaky(String),
    /// A difference, with what it is.
    Failed(String),
    /// A failure that the expectations name, with its reason; counted as skipped.
    Expected(Class, String),
    /// Not run, with the reason.
    Skipped(String),
    /// What it shows natively tells nothing that lx could be held to; counted as skipped.
    NotNative(String),
}

impl Verdict {
    /// The word of the reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Flaky(_) => "flaky",
            Verdict::Failed(_) => "failed",
            Verdict::Expected(..) => "expected",
            Verdict::Skipped(_) => "skipped",
            Verdict::NotNative(_) => "not-native",
        }
    }

    /// What is said besides.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Verdict::Passed => "",
            Verdict::Flaky(why)
            | Verdict::Failed(why)
            | Verdict::Expected(_, why)
            | Verdict::Skipped(why)
            | Verdict::NotNative(why) => why,
        }
    }

    /// The class of the reason of a failure that was expected.
    #[must_use]
    pub const fn class(&self) -> Option<Class> {
        match self {
            Verdict::Expected(class, _) => Some(*class),
            _ => None,
        }
    }
}

/// How many checks of one run ended in which way, where its output tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Passed.
    pub pass: u32,
    /// Failed.
    pub fail: u32,
    /// Could not be made.
    pub broken: u32,
    /// Warnings.
    pub warning: u32,
    /// Not applicable here.
    pub not_applicable: u32,
}

/// One run of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// How it ended, in a word or two.
    pub end: String,
    /// Wall time.
    pub seconds: f64,
    /// Its checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// What it printed that tells most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl Ran {
    /// What is kept of a run.
    #[must_use]
    pub fn of(shown: &Shown) -> Self {
        Self {
            end: shown.end.to_string(),
            seconds: shown.took.as_secs_f64(),
            counts: None,
            lines: Vec::new(),
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of the case.
    pub case: String,
    /// How it was run; none for what the native run alone tells.
    pub way: Option<Way>,
    /// What came of it.
    pub verdict: Verdict,
    /// The native run.
    pub native: Option<Ran>,
    /// The last run under lx.
    pub lx: Option<Ran>,
}

/// Counts of a whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not run, known to fail for a named reason, or without a native run to compare with.
    pub skipped: usize,
    /// Passed at a later try only.
    pub flaky: usize,
}

impl Tally {
    /// Counts the entries.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let mut tally = Self::default();
        for entry in entries {
            let count = match entry.verdict {
                Verdict::Passed => &mut tally.passed,
                Verdict::Flaky(_) => &mut tally.flaky,
                Verdict::Failed(_) => &mut tally.failed,
                Verdict::Expected(..) | Verdict::Skipped(_) | Verdict::NotNative(_) => {
                    &mut tally.skipped
                }
            };
            *count += 1;
        }
        tally
    }

    /// The last line of every report.
    #[must_use]
    pub fn line(&self) -> String {
        let flaky = match self.flaky {
            0 => String::new(),
            number => format!(", {number} flaky"),
        };
        format!(
            "{} passed, {} failed, {} skipped{flaky}",
            self.passed, self.failed, self.skipped
        )
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.flaky += other.flaky;
    }
}

/// 0 when nothing failed, 1 when something did, 2 when the run itself could not be made.
#[must_use]
pub fn exit_code(result: Result<Tally, String>) -> ExitCode {
    match result {
        Ok(tally) if tally.failed == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("conformance: {why}");
            ExitCode::from(2)
        }
    }
}

/// The first line in which two outputs differ, for a short report.
#[must_use]
pub fn first_difference(expected: &[u8], got: &[u8]) -> String {
    let (expected, got) = (
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(got),
    );
    let (mut left, mut right) = (expected.lines(), got.lines());
    let mut number = 0_usize;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (None, None) => return "outputs differ in their last newline only".to_owned(),
            (a, b) if a == b => {}
            (a, b) => {
                let text = |line: Option<&str>| line.map_or("nothing".into(), |l| format!("`{l}`"));
                return format!("line {number}: expected {}, got {}", text(a), text(b));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Tally, Verdict, first_difference};
    use crate::expect::Class;

    #[test]
    fn difference_names_the_line() {
        assert_eq!(
            first_difference(b"a\nb\n", b"a\nc\n"),
            "line 2: expected `b`, got `c`"
        );
        assert_eq!(
            first_difference(b"a\nb\n", b"a\n"),
            "line 2: expected `b`, got nothing"
        );
    }

    #[test]
    fn each_kind_is_counted_once_and_flaky_is_no_pass() {
        let verdicts = [
            Verdict::Passed,
            Verdict::Flaky(String::new()),
            Verdict::Failed(String::new()),
            Verdict::Expected(Class::Never, String::new()),
            Verdict::Skipped(String::new()),
            Verdict::NotNative(String::new()),
        ];
        let entries: Vec<Entry> = verdicts
            .into_iter()
            .map(|verdict| Entry {
                case: "c".into(),
                way: None,
                verdict,
                native: None,
                lx: None,
            })
            .collect();
        let tally = Tally::of(&entries);
        assert_eq!(tally.line(), "1 passed, 1 failed, 3 skipped, 1 flaky");
    }
}

//! Results of cases, the table at the end, and the exit code.

use crate::lx::Mode;
use std::process::ExitCode;

/// What came of one case in one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Same output and same end as natively.
    Passed,
    /// A failure that a second try did not show; counted as passed, and named.
    Flaky(String),
    /// A difference, with what it is.
    Failed(String),
    /// A failure that the expectations name with a reason; counted as skipped.
    Expected(String),
    /// Not run, with the reason.
    Skipped(String),
}

/// One line of the report.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of the case.
    pub case: String,
    /// How calls were caught; none for the native run.
    pub mode: Option<Mode>,
    /// What came of it.
    pub verdict: Verdict,
}

/// Counts of a whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed, flaky ones included.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not run, or known to fail for a named reason.
    pub skipped: usize,
    /// Passed at a second try only.
    pub flaky: usize,
}

impl Tally {
    /// Counts the entries.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let mut tally = Self::default();
        for entry in entries {
            match entry.verdict {
                Verdict::Passed => tally.passed += 1,
                Verdict::Flaky(_) => {
                    tally.passed += 1;
                    tally.flaky += 1;
                }
                Verdict::Failed(_) => tally.failed += 1,
                Verdict::Expected(_) | Verdict::Skipped(_) => tally.skipped += 1,
            }
        }
        tally
    }

    /// The last line of every report.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Prints what is not a plain pass, then the counts.
pub fn print(entries: &[Entry]) -> Tally {
    for entry in entries {
        let mode = entry.mode.map_or("native", Mode::name);
        let (word, why) = match &entry.verdict {
            Verdict::Passed => continue,
            Verdict::Flaky(why) => ("flaky", why),
            Verdict::Failed(why) => ("FAILED", why),
            Verdict::Expected(why) => ("expected failure", why),
            Verdict::Skipped(why) => ("skipped", why),
        };
        println!("{word:8} {} [{mode}]: {}", entry.case, why.trim_end());
    }
    let tally = Tally::of(entries);
    if tally.flaky > 0 {
        println!("{} flaky", tally.flaky);
    }
    println!("{}", tally.line());
    tally
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
    fn tally_counts_each_kind_once() {
        let verdicts = [
            Verdict::Passed,
            Verdict::Flaky(String::new()),
            Verdict::Failed(String::new()),
            Verdict::Expected(String::new()),
            Verdict::Skipped(String::new()),
        ];
        let entries: Vec<Entry> = verdicts
            .into_iter()
            .map(|verdict| Entry {
                case: "c".into(),
                mode: None,
                verdict,
            })
            .collect();
        assert_eq!(
            Tally::of(&entries),
            Tally {
                passed: 2,
                failed: 1,
                skipped: 2,
                flaky: 1
            }
        );
        assert_eq!(Tally::of(&entries).line(), "2 passed, 1 failed, 2 skipped");
    }
}

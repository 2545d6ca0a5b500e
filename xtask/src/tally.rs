//! Counts of tests, read from what the test programs print.

use std::fmt;
use std::ops::AddAssign;

/// How many tests ended in which way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// One check that passed or failed.
    pub(crate) fn check(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
            skipped: 0,
        }
    }

    /// The counts in a line of `cargo test` (`test result: ok. 1 passed; 0 failed; 2 ignored;`)
    /// or of this project's own suites (`1 passed, 0 failed, 2 skipped`).
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let counts = match line.strip_prefix("test result: ") {
            Some(rest) => rest.split_once(". ")?.1,
            None => line,
        };
        let mut numbers = counts.split([';', ',']).map(str::trim);
        let mut next = |words: &[&str]| {
            let (number, word) = numbers.next()?.split_once(' ')?;
            if words.contains(&word) {
                number.parse().ok()
            } else {
                None
            }
        };
        Some(Self {
            passed: next(&["passed"])?,
            failed: next(&["failed"])?,
            skipped: next(&["ignored", "skipped"])?,
        })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn both_forms_are_read() {
        let line = "test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out";
        let tally = Tally {
            passed: 4,
            failed: 1,
            skipped: 2,
        };
        assert_eq!(Tally::parse(line), Some(tally));
        assert_eq!(Tally::parse(&tally.to_string()), Some(tally));
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "",
            "test a ... ok",
            "running 3 tests",
            "3 passed",
            "x passed, 1 failed, 2 skipped",
        ] {
            assert_eq!(Tally::parse(line), None, "{line}");
        }
    }
}

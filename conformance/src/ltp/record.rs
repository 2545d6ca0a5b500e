//! The results of a run, as they are kept and written.

use super::case::Case;
use super::output::Counts;
use super::reasons::Reason;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// How the command of a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Left with this status; above 128 the shell reports a signal.
    Exit(i32),
    /// Still running at the limit.
    TimeLimit,
}

/// One run of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How it ended.
    pub end: End,
    /// Wall time.
    pub seconds: f64,
    /// Its checks.
    pub counts: Counts,
    /// What it printed that tells most.
    pub lines: Vec<String>,
}

impl Run {
    /// Whether the case passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.end == End::Exit(0)
    }

    /// Whether the case found that it cannot tell anything here (TCONF).
    #[must_use]
    pub fn not_applicable(&self) -> bool {
        self.end == End::Exit(32)
    }

    /// The end in a word or two; LTP's exit status is a mask.
    #[must_use]
    pub fn end_text(&self) -> String {
        match self.end {
            End::TimeLimit => "time limit".to_owned(),
            End::Exit(0) => "pass".to_owned(),
            End::Exit(32) => "not applicable".to_owned(),
            End::Exit(status @ 129..) => format!("signal {}", status - 128),
            End::Exit(status) => {
                let bits = [(1, "fail"), (2, "broken"), (4, "warning"), (32, "n/a")];
                let names: Vec<&str> = bits
                    .iter()
                    .filter(|(bit, _)| status & bit != 0)
                    .map(|(_, name)| *name)
                    .collect();
                format!("exit {status} ({})", names.join("+"))
            }
        }
    }
}

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Passed natively, and not run under lx.
    NativeOnly,
    /// Did not pass natively, so it tells nothing of lx.
    NotNative,
    /// Passed natively and under lx.
    Passed,
    /// Passed under lx at a later try.
    Flaky,
    /// Passed natively only.
    Differs,
    /// Not run at all.
    Skipped,
}

/// A case and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseRecord {
    /// Name.
    pub tag: String,
    /// Shell command line.
    pub command: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, where the expectations tell.
    pub reason: Option<Reason>,
    /// The native run.
    pub native: Option<Run>,
    /// The last run under lx.
    pub lx: Option<Run>,
}

impl CaseRecord {
    /// A case that has not been run.
    #[must_use]
    pub fn new(case: &Case, reason: Option<&Reason>) -> Self {
        Self {
            tag: case.tag.clone(),
            command: case.command.clone(),
            verdict: Verdict::Skipped,
            reason: reason.cloned(),
            native: None,
            lx: None,
        }
    }

    /// Passed in both, but fewer checks of it did under lx than natively.
    #[must_use]
    pub fn shows_less(&self) -> bool {
        let passes = |run: &Option<Run>| run.as_ref().map_or(0, |run| run.counts.pass);
        let conf = |run: &Option<Run>| run.as_ref().map_or(0, |run| run.counts.not_applicable);
        matches!(self.verdict, Verdict::Passed | Verdict::Flaky)
            && passes(&self.lx) < passes(&self.native)
            && conf(&self.lx) > conf(&self.native)
    }
}

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Name of the list.
    pub suite: String,
    /// How lx caught calls; none when nothing ran under it.
    pub mode: Option<String>,
    /// All cases, by name.
    pub cases: Vec<CaseRecord>,
}

impl Record {
    /// Reads a written record.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Writes the record, so that a reader never finds half of it.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let fresh = path.with_extension("new");
        let text = serde_json::to_vec_pretty(self).map_err(|e| e.to_string())?;
        fs::write(&fresh, text)
            .and_then(|()| fs::rename(&fresh, path))
            .map_err(|e| format!("{}: {e}", path.display()))
    }

    /// The record of one case.
    #[must_use]
    pub fn find(&self, tag: &str) -> Option<&CaseRecord> {
        self.cases.iter().find(|case| case.tag == tag)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, End, Run};

    #[test]
    fn statuses_are_masks() {
        let text = |status| {
            Run {
                end: End::Exit(status),
                seconds: 0.0,
                counts: Counts::default(),
                lines: Vec::new(),
            }
            .end_text()
        };
        assert_eq!(text(0), "pass");
        assert_eq!(text(33), "exit 33 (fail+n/a)");
        assert_eq!(text(139), "signal 11");
    }
}

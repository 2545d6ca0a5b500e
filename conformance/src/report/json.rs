//! The results as JSON: what is kept between runs and compared.

use super::{Entry, Ran, Tally, Verdict};
use crate::expect::Class;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Rises when a reader of an earlier form would misunderstand.
const FORM: u32 = 1;

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Name of the case.
    pub case: String,
    /// How it was run; none for what the native run alone tells.
    pub way: Option<String>,
    /// What came of it, in a word.
    pub verdict: String,
    /// What is said besides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The class of the reason of a failure that was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The native run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<Ran>,
    /// The last run under lx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lx: Option<Ran>,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this form.
    pub form: u32,
    /// Name of the suite.
    pub suite: String,
    /// The host's kernel.
    pub host: String,
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// How long it took.
    pub seconds: f64,
    /// All entries.
    pub entries: Vec<Line>,
}

impl Record {
    /// What is kept of a run of `suite` that began at `begun` (in seconds since 1970).
    #[must_use]
    pub fn of(suite: &str, begun: u64, seconds: f64, entries: &[Entry]) -> Self {
        let host = nix::sys::utsname::uname().map_or(String::new(), |name| {
            let parts = [name.sysname(), name.release(), name.machine()];
            parts.map(|part| part.to_string_lossy()).join(" ")
        });
        Self {
            form: FORM,
            suite: suite.to_owned(),
            host,
            begun,
            seconds,
            entries: entries.iter().map(line).collect(),
        }
    }

    /// Reads a written record.
    pub fn read(path: &Path) -> Result<Self, String> {
        let about = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let text = fs::read(path).map_err(|e| about(&e))?;
        let record: Self = serde_json::from_slice(&text).map_err(|e| about(&e))?;
        match record.form {
            FORM => Ok(record),
            other => Err(about(&format!("results of form {other}, not {FORM}"))),
        }
    }

    /// Writes the record, so that a reader never finds half of it.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let text = serde_json::to_vec_pretty(self).map_err(|e| e.to_string())?;
        replace(path, &text)
    }

    /// The cases whose word for what came of them is another than `before`.
    pub fn changes<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a Line, &'a Line)> {
        self.entries.iter().filter_map(|line| {
            let same = |old: &&Line| old.case == line.case && old.way == line.way;
            let old = before.entries.iter().find(same)?;
            (old.verdict != line.verdict).then_some((old, line))
        })
    }
}

fn line(entry: &Entry) -> Line {
    // What a pass printed tells nothing later.
    let kept = |ran: &Option<Ran>| {
        ran.clone().map(|ran| match entry.verdict {
            Verdict::Passed => Ran {
                lines: Vec::new(),
                ..ran
            },
            _ => ran,
        })
    };
    Line {
        case: entry.case.clone(),
        way: entry.way.map(|way| way.to_string()),
        verdict: entry.verdict.word().to_owned(),
        why: entry.verdict.why().to_owned(),
        class: entry.verdict.class(),
        native: kept(&entry.native),
        lx: kept(&entry.lx),
    }
}

/// Writes a file whole.
pub(super) fn replace(path: &Path, text: &[u8]) -> Result<(), String> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    fs::write(&fresh, text)
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|e| format!("{}: {e}", path.display()))
}

/// Counts a record as a run is counted.
#[must_use]
pub fn tally(record: &Record) -> Tally {
    let count = |words: &[&str]| {
        let of = |line: &&Line| words.contains(&line.verdict.as_str());
        record.entries.iter().filter(of).count()
    };
    Tally {
        passed: count(&["passed"]),
        failed: count(&["failed"]),
        skipped: count(&["expected", "skipped", "not-native"]),
        flaky: count(&["flaky"]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, tally};
    use crate::report::{Entry, Ran, Tally, Verdict};
    use crate::way::Way;

    fn record(verdict: Verdict) -> Record {
        let ran = Ran {
            end: "exit 0".into(),
            seconds: 0.5,
            counts: None,
            lines: vec!["x".into()],
        };
        let entry = Entry {
            case: "a/b".into(),
            way: Some(Way::ZONE),
            verdict,
            native: Some(ran.clone()),
            lx: Some(ran),
        };
        Record::of("own", 7, 1.5, &[entry])
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = crate::child::Scratch::new().expect("a folder");
        let path = folder.path().join("r.json");
        let record = record(Verdict::Failed("why".into()));
        record.write(&path).expect("written");
        assert_eq!(Record::read(&path), Ok(record.clone()));
        let expected = Tally {
            failed: 1,
            ..Tally::default()
        };
        assert_eq!(tally(&record), expected);
    }

    #[test]
    fn changes_are_those_of_the_verdict() {
        let (old, new) = (record(Verdict::Passed), record(Verdict::Flaky("x".into())));
        assert_eq!(new.changes(&old).count(), 1);
        assert_eq!(new.changes(&new.clone()).count(), 0);
    }
}

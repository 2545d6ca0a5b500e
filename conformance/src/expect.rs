//! Expectation files: default is pass; an exception names its case, its modes and its reason.
//!
//! One exception per line: `CASE MODE skip|fail REASON…`. `CASE` may end in `*`; `MODE` is
//! `rewrite`, `sud`, `trap`, `zone`, `bare` (with and without layers),
//! `layers` or `*`. Blank lines and lines that begin with `#` say nothing.

use crate::lx::Mode;
use std::fs;
use std::path::Path;

/// What an exception asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The case is run and must fail: an unexpected pass fails the run.
    Fail,
    /// The case is not run.
    Skip,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pattern: String,
    mode: Option<String>,
    /// What it asks for.
    pub kind: Kind,
    /// Why.
    pub reason: String,
}

/// All exceptions of one file.
#[derive(Clone, Debug, Default)]
pub struct Expectations(Vec<Exception>);

impl Expectations {
    /// Reads a file; a missing one holds no exceptions.
    pub fn read(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut exceptions = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            exceptions.push(parse_line(line).map_err(|e| format!("line {}: {e}", index + 1))?);
        }
        Ok(Self(exceptions))
    }

    /// The first exception that names this case in this mode.
    #[must_use]
    pub fn find(&self, case: &str, mode: Mode) -> Option<&Exception> {
        self.0.iter().find(|exception| {
            let named = match exception.pattern.strip_suffix('*') {
                Some(prefix) => case.starts_with(prefix),
                None => case == exception.pattern,
            };
            named
                && exception
                    .mode
                    .as_deref()
                    .is_none_or(|name| holds(name, mode))
        })
    }
}

/// Whether an exception for a mode of this name holds in `mode`.
fn holds(name: &str, mode: Mode) -> bool {
    name == mode.name() || (name, mode) == ("bare", Mode::Layers)
}

fn parse_line(line: &str) -> Result<Exception, String> {
    let mut words = line.split_whitespace();
    let mut next = |what: &str| words.next().ok_or_else(|| format!("no {what}"));
    let pattern = next("case")?.to_owned();
    let mode = match next("mode")? {
        "*" => None,
        name @ ("rewrite" | "sud" | "trap" | "zone" | "bare" | "layers") => Some(name.to_owned()),
        other => return Err(format!("unknown mode {other}")),
    };
    let kind = match next("kind")? {
        "fail" => Kind::Fail,
        "skip" => Kind::Skip,
        other => return Err(format!("unknown kind {other}")),
    };
    let reason = words.collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err("no reason".to_owned());
    }
    Ok(Exception {
        pattern,
        mode,
        kind,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::{Expectations, Kind};
    use crate::lx::Mode;

    #[test]
    fn exceptions_match_by_name_and_mode() {
        let file = Expectations::parse("# c\n\nregs/* trap fail no filter here\na/b * skip slow\n");
        let file = file.expect("valid");
        assert_eq!(
            file.find("regs/flags", Mode::Trap).map(|e| e.kind),
            Some(Kind::Fail)
        );
        assert_eq!(file.find("regs/flags", Mode::Sud), None);
        assert_eq!(
            file.find("a/b", Mode::Sud).map(|e| e.reason.as_str()),
            Some("slow")
        );
        assert_eq!(file.find("a/bc", Mode::Sud), None);
    }

    #[test]
    fn a_reason_is_required() {
        assert!(Expectations::parse("a/b * skip\n").is_err());
        assert!(Expectations::parse("a/b all skip x\n").is_err());
    }
}

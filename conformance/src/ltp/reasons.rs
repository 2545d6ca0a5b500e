//! Why cases do not pass: `TAG CLASS REASON…`, one per line.
//!
//! `TAG` may end in `*`. Blank lines and lines that begin with `#` say nothing. The default is
//! that a case passes; a case that is listed and passes is reported, so that the list stays true.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// What the case asks for is never given to a zone.
    Never,
    /// It fails on the bare kernel as well.
    Native,
    /// lx does not do this yet.
    Missing,
    /// It needs hardware or a kernel that few machines have.
    Hardware,
    /// It can disturb the machine it runs on, and is not run unless asked for.
    Harmful,
}

impl Class {
    /// The word of the file with this meaning.
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "never" => Self::Never,
            "native" => Self::Native,
            "missing" => Self::Missing,
            "hardware" => Self::Hardware,
            "harmful" => Self::Harmful,
            _ => return None,
        })
    }

    /// The words of the report.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Never => "never in a zone",
            Self::Native => "fails natively too",
            Self::Missing => "not implemented",
            Self::Hardware => "needs hardware",
            Self::Harmful => "harmful to the machine",
        }
    }

    /// Whether the case is left out unless it is asked for.
    #[must_use]
    pub const fn is_harmful(self) -> bool {
        matches!(self, Self::Harmful)
    }
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Kind of reason.
    pub class: Class,
    /// The reason.
    pub text: String,
}

/// The whole file.
#[derive(Clone, Debug, Default)]
pub struct Reasons(Vec<(String, Reason)>);

impl Reasons {
    /// Reads a file; a missing one holds no reasons.
    pub fn read(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        text.lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(number, line)| parse_line(line).map_err(|e| format!("line {number}: {e}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The reason for a case.
    #[must_use]
    pub fn find(&self, tag: &str) -> Option<&Reason> {
        self.0
            .iter()
            .find(|(pattern, _)| match pattern.strip_suffix('*') {
                Some(prefix) => tag.starts_with(prefix),
                None => tag == pattern,
            })
            .map(|(_, reason)| reason)
    }
}

fn parse_line(line: &str) -> Result<(String, Reason), String> {
    let mut words = line.split_whitespace();
    let tag = words.next().ok_or("no case")?.to_owned();
    let class = words.next().ok_or("no class")?;
    let class = Class::parse(class).ok_or_else(|| format!("unknown class {class}"))?;
    let text = words.collect::<Vec<_>>().join(" ");
    match text.is_empty() {
        true => Err("no reason".to_owned()),
        false => Ok((tag, Reason { class, text })),
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Reasons};

    #[test]
    fn first_match_gives_the_reason() {
        let reasons = Reasons::parse("# c\n\nbpf_map01 native no root\nbpf_* never refused\n");
        let reasons = reasons.expect("valid");
        let class = |tag| reasons.find(tag).map(|reason| reason.class);
        assert_eq!(class("bpf_map01"), Some(Class::Native));
        assert_eq!(class("bpf_prog01"), Some(Class::Never));
        assert_eq!(class("bp"), None);
    }

    #[test]
    fn class_and_reason_are_required() {
        assert!(Reasons::parse("a01 never").is_err());
        assert!(Reasons::parse("a01 sometimes x").is_err());
    }
}

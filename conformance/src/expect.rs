//! Expectation files: default is pass; an exception names its case, the ways, the class of its
//! reason and the reason.
//!
//! One exception per line: `CASE WAY CLASS REASON…`. `CASE` may end in `*`. `WAY` is `rewrite`, `sud`
//! or `trap` on the host or `host` for all of these, `zone`, `bare` (over layers, too), `layers`, one
//! of these with how calls are caught (`zone+sud`), or `*`. `CLASS` is one of [`Class`]'s words; `fail`
//! and `skip` are other words for `missing` and `native`. Blank lines and lines that begin with `#` say
//! nothing. A case that is named and passes all the same fails the run.

use crate::way::Way;
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
    /// All of them, in the order of reports.
    pub const ALL: [Class; 5] = [
        Class::Never,
        Class::Native,
        Class::Missing,
        Class::Hardware,
        Class::Harmful,
    ];

    /// The word of the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Native => "native",
            Self::Missing => "missing",
            Self::Hardware => "hardware",
            Self::Harmful => "harmful",
        }
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
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pattern: String,
    way: String,
    /// What kind of reason it has.
    pub class: Class,
    /// Why.
    pub reason: String,
}

impl Exception {
    fn names(&self, case: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(prefix) => case.starts_with(prefix),
            None => case == self.pattern,
        }
    }
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
        text.lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(number, line)| parse_line(line).map_err(|e| format!("line {number}: {e}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The first exception that names this case in this way.
    #[must_use]
    pub fn find(&self, case: &str, way: Way) -> Option<&Exception> {
        let named = |e: &&Exception| e.names(case) && way.is_meant_by(&e.way);
        self.0.iter().find(named)
    }
}

fn parse_line(line: &str) -> Result<Exception, String> {
    let mut words = line.split_whitespace();
    let mut next = |what: &str| words.next().ok_or_else(|| format!("no {what}"));
    let pattern = next("case")?.to_owned();
    let way = next("way")?.to_owned();
    if !matches!(way.as_str(), "*" | "host") {
        way.parse::<Way>()?;
    }
    let word = next("class")?;
    let class = match word {
        "fail" => Some(Class::Missing),
        "skip" => Some(Class::Native),
        _ => Class::ALL.into_iter().find(|class| class.word() == word),
    };
    let class = class.ok_or_else(|| {
        let words = Class::ALL.map(Class::word).join(", ");
        format!("unknown class {word}; there are {words}")
    })?;
    let reason = words.collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err("no reason".to_owned());
    }
    Ok(Exception {
        pattern,
        way,
        class,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::{Class, Expectations};
    use crate::way::Way;
    use std::path::Path;

    #[test]
    fn exceptions_match_by_name_and_way() {
        let text =
            "# c\n\nregs/* trap missing no filter here\na/b * harmful slow\nz zone never x\n";
        let file = Expectations::parse(text).expect("valid");
        let class = |case, way| file.find(case, way).map(|e| e.class);
        assert_eq!(class("regs/flags", Way::TRAP), Some(Class::Missing));
        assert_eq!(class("regs/flags", Way::SUD), None);
        assert_eq!(
            file.find("a/b", Way::SUD).map(|e| e.reason.as_str()),
            Some("slow")
        );
        assert_eq!(class("a/bc", Way::SUD), None);
        assert_eq!(class("z", Way::ZONE), Some(Class::Never));
        assert_eq!(class("z", Way::BARE), None);
    }

    #[test]
    fn a_class_and_a_reason_are_required() {
        assert!(Expectations::parse("a/b * never\n").is_err());
        assert!(Expectations::parse("a/b * sometimes x\n").is_err());
        assert!(Expectations::parse("a/b all never x\n").is_err());
    }

    #[test]
    fn all_files_are_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expectations");
        for file in std::fs::read_dir(folder).expect("there are some").flatten() {
            Expectations::read(&file.path()).expect("valid");
        }
    }
}

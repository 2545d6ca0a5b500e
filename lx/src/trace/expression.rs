//! `-e`: which calls and signals are wanted, and what is done to calls.

use std::sync::atomic::Ordering;

use observe::Book;
use observe::book::MOST_RULES;
use regex_lite::Regex;
use syscalls::table::{Row, TABLE};

use super::{classes, inject};
use crate::failure::Failure;
use decode::signal_number;

/// What `-e` asks for.
pub(super) struct Asked {
    /// By number: whether the call is printed.
    calls: Vec<bool>,
    /// Bit n - 1: whether signal n is printed.
    pub(super) signals: u64,
    /// The calls that a rule is about, and the rule.
    rules: Vec<(Vec<bool>, observe::book::Injection)>,
}

impl Asked {
    /// Reads the expressions.
    pub(super) fn parse(expressions: &[String]) -> Result<Self, Failure> {
        let mut asked = Self {
            calls: vec![true; TABLE.len()],
            signals: u64::MAX,
            rules: Vec::new(),
        };
        for expression in expressions {
            let (what, value) = match expression.split_once('=') {
                Some((what, value)) => (what, value),
                None => ("trace", expression.as_str()),
            };
            match what {
                "trace" | "t" => asked.calls = calls(value)?,
                "signal" | "signals" | "s" => asked.signals = signals(value)?,
                "inject" | "fault" => {
                    let (set, rest) = value.split_once(':').unwrap_or((value, ""));
                    let rule = inject::parse(rest, what == "fault")?;
                    asked.rules.push((calls(set)?, rule));
                }
                _ => {
                    return Err(Failure::own(format!(
                        "-e {expression}: expected trace=, signal=, inject= or fault="
                    )));
                }
            }
        }
        if asked.rules.len() > MOST_RULES {
            return Err(Failure::own(format!(
                "more than {MOST_RULES} rules of -e inject="
            )));
        }
        Ok(asked)
    }

    /// Tells the guest's brands.
    pub(super) fn note_in(&self, book: &Book<'_>, prints: bool) {
        for (number, &wanted) in self.calls.iter().enumerate() {
            if let Some(word) = book.call(number) {
                word.store(u64::from(wanted && prints), Ordering::Relaxed);
            }
        }
        for (index, (set, rule)) in self.rules.iter().enumerate() {
            book.set_injection(index, rule);
            let reference = u64::try_from(index + 1).unwrap_or(0) << 8;
            for (number, _) in set.iter().enumerate().filter(|(_, wanted)| **wanted) {
                if let Some(word) = book.call(number) {
                    let printed = word.load(Ordering::Relaxed) & 1;
                    word.store(printed | reference, Ordering::Relaxed);
                }
            }
        }
    }
}

/// The calls that a set names.
fn calls(set: &str) -> Result<Vec<bool>, Failure> {
    let (not, set) = negated(set);
    let mut found = vec![false; TABLE.len()];
    for name in set.split(',').filter(|name| !name.is_empty()) {
        let (optional, name) = match name.strip_prefix('?') {
            Some(name) => (true, name),
            None => (false, name),
        };
        let matches = one(name)?;
        let mut any = false;
        for (found, row) in found.iter_mut().zip(&TABLE) {
            if let Some(row) = row.as_ref().filter(|row| matches.is(row)) {
                let _ = row;
                *found = true;
                any = true;
            }
        }
        if !any && !optional && name != "none" {
            return Err(Failure::own(format!("-e: there is no call {name}")));
        }
    }
    if not {
        found.iter_mut().for_each(|found| *found = !*found);
    }
    Ok(found)
}

fn negated(set: &str) -> (bool, &str) {
    match set.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, set),
    }
}

/// What a call may be named by.
enum Matches<'a> {
    All,
    None,
    Class(&'a str),
    Pattern(Regex),
    Name(&'a str),
}

impl Matches<'_> {
    fn is(&self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Class(class) => classes::contains(class, row) == Some(true),
            Self::Pattern(pattern) => pattern.is_match(row.name),
            Self::Name(name) => row.name == *name || row.nr.to_string() == *name,
        }
    }
}

fn one(name: &str) -> Result<Matches<'_>, Failure> {
    if let Some(pattern) = name.strip_prefix('/') {
        let pattern = Regex::new(pattern);
        return pattern
            .map(Matches::Pattern)
            .map_err(|error| Failure::own(format!("-e {name}: {error}")));
    }
    let class = name.strip_prefix('%');
    match (class.unwrap_or(name), class.is_some()) {
        ("all", _) => Ok(Matches::All),
        ("none", false) => Ok(Matches::None),
        (class, true)
            if TABLE
                .iter()
                .flatten()
                .all(|row| classes::contains(class, row).is_none()) =>
        {
            Err(Failure::own(format!("-e: there is no class %{class}")))
        }
        (class, true) => Ok(Matches::Class(class)),
        // The older form of the classes.
        (
            class @ ("file" | "desc" | "process" | "network" | "signal" | "ipc" | "memory"),
            false,
        ) => Ok(Matches::Class(class)),
        (name, false) => Ok(Matches::Name(name)),
    }
}

/// The signals that a set names.
fn signals(set: &str) -> Result<u64, Failure> {
    let (not, set) = negated(set);
    let mut found = 0;
    for name in set.split(',').filter(|name| !name.is_empty()) {
        found |= match name {
            "all" => u64::MAX,
            "none" => 0,
            _ => match signal_number(name) {
                Some(number) => 1 << (number - 1),
                None => return Err(Failure::own(format!("-e: there is no signal {name}"))),
            },
        };
    }
    Ok(if not { !found } else { found })
}

#[cfg(test)]
mod tests {
    use super::{Asked, calls, signals};

    fn named(set: &str) -> Vec<&'static str> {
        let calls = calls(set).expect("it is a set");
        let numbers = calls.iter().enumerate().filter(|(_, wanted)| **wanted);
        numbers
            .filter_map(|(number, _)| decode::name(number))
            .collect()
    }

    #[test]
    fn sets_of_calls() {
        assert_eq!(named("read,write"), ["read", "write"]);
        assert_eq!(named("none"), [""; 0]);
        assert_eq!(named("?nonsense"), [""; 0]);
        assert_eq!(named("/^epoll_cr"), ["epoll_create", "epoll_create1"]);
        assert!(named("%file").contains(&"openat") && !named("%file").contains(&"read"));
        assert!(named("%desc").contains(&"mmap") && named("desc").contains(&"read"));
        assert!(!named("!%network").contains(&"connect") && named("!%network").contains(&"read"));
        for wrong in ["nonsense", "%nonsense", "/["] {
            assert!(calls(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sets_of_signals_and_wrong_expressions() {
        assert_eq!(signals("INT,SIGHUP").expect("a set"), 0b11);
        assert_eq!(signals("!all").expect("a set"), 0);
        assert!(signals("nope").is_err());
        for wrong in ["color=red", "inject=read:error=ENONSENSE", "inject=read"] {
            assert!(Asked::parse(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        assert!(Asked::parse(&["inject=read:error=EIO:when=2+".to_owned()]).is_ok());
    }
}

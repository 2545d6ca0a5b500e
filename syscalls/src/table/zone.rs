//! What a zone's processes may ask of the host: the calls that rows and [`NEEDS`] name, less what
//! [`super::withheld`] takes away, and some with some arguments only. From this the confinement
//! filter is made (`zone::confine`).

use abi::Errno;
use abi::nr::LIMIT;

use super::row::Class;
use super::withheld::{BARE_RULES, RULES};

pub use super::withheld::NO_LOCAL_ADDRESS;
use super::{BARE, NEEDS, TABLE};

/// How many host calls reach the host from a zone. The number may only fall.
pub const MOST: usize = 280;

/// What the filter does with a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is made, whatever its arguments are.
    Allow,
    /// It is made when one of the patterns fits; else the error is its answer.
    Only(&'static [Pattern], Errno),
    /// The error is its answer when one of the patterns fits; else it is made.
    Except(&'static [Pattern], Errno),
    /// It is not made: this is its answer.
    Refuse(Errno),
}

/// Arguments that fit together.
pub type Pattern = &'static [Check];

/// One argument: the bits of `mask` of its lower 32 bits are those of `value`. No call that is
/// checked looks at more than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which argument, from 0.
    pub argument: u8,
    /// Which bits count.
    pub mask: u32,
    /// What they must be.
    pub value: u32,
}

/// A rule for one host call, and its reason.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The call.
    pub nr: usize,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why.
    pub why: &'static str,
}

/// Whether serving some row, or the brand itself, makes host call `nr`.
#[must_use]
pub fn is_needed(nr: usize) -> bool {
    TABLE.iter().flatten().any(|row| row.host.contains(&nr))
        || NEEDS.iter().any(|needs| needs.calls.contains(&nr))
        || BARE.contains(&nr)
}

/// How a zone is isolated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By namespaces.
    Namespaces,
    /// Without them, so that the filter has more to withhold.
    Bare,
}

/// The rule for call `nr`, if there is one.
#[must_use]
pub fn rule(nr: usize, way: Way) -> Option<&'static Rule> {
    let of = |rules: &'static [Rule]| rules.iter().find(|rule| rule.nr == nr);
    let bare = (way == Way::Bare).then(|| of(BARE_RULES)).flatten();
    bare.or_else(|| of(RULES))
}

/// What a zone's filter does with host call `nr`.
#[must_use]
pub fn verdict(nr: usize, way: Way) -> Verdict {
    if !is_needed(nr) {
        return Verdict::Refuse(match super::row(nr).map(|row| row.class) {
            Some(Class::Refused(errno)) => errno,
            // Served by other calls than itself.
            Some(_) => Errno::EPERM,
            None => Errno::ENOSYS,
        });
    }
    rule(nr, way).map_or(Verdict::Allow, |rule| rule.verdict)
}

/// The calls that reach the host at all, with what the filter does with them.
pub fn allowed(way: Way) -> impl Iterator<Item = (usize, Verdict)> {
    (0..LIMIT)
        .map(move |nr| (nr, verdict(nr, way)))
        .filter(|(_, verdict)| !matches!(verdict, Verdict::Refuse(_)))
}

#[cfg(test)]
mod tests {
    use super::{MOST, Verdict, Way, allowed, is_needed, rule, verdict};
    use crate::table::{
        TABLE,
        withheld::{BARE_RULES, RULES},
    };
    use abi::{Errno, nr};

    #[test]
    fn every_rule_is_for_a_call_that_something_makes() {
        for rules in [RULES, BARE_RULES] {
            check(rules);
        }
    }

    fn check(rules: &[super::Rule]) {
        for (index, one) in rules.iter().enumerate() {
            assert!(is_needed(one.nr), "call {}", one.nr);
            assert!(one.why.len() >= 12, "call {}", one.nr);
            let first = rules.iter().position(|other| other.nr == one.nr);
            assert_eq!(first, Some(index), "two rules for call {}", one.nr);
            if let Verdict::Only(patterns, _) | Verdict::Except(patterns, _) = one.verdict {
                assert!(!patterns.is_empty());
                for check in patterns.iter().copied().flatten() {
                    assert_eq!(check.value & !check.mask, 0, "call {}", one.nr);
                    assert!(check.argument < 6);
                }
            }
        }
    }

    #[test]
    fn the_number_of_allowed_calls_only_falls() {
        assert_eq!(
            allowed(Way::Namespaces).count(),
            MOST,
            "more: which row can do with calls that are allowed already? fewer: lower MOST, and \
             write docs/host-calls.md (cargo xtask compat)"
        );
        assert!(allowed(Way::Bare).count() < MOST);
    }

    #[test]
    fn refused_rows_reach_no_host() {
        for row in TABLE.iter().flatten() {
            if let crate::table::Class::Refused(errno) = row.class {
                let nr = usize::from(row.nr);
                for way in [Way::Namespaces, Way::Bare] {
                    assert_eq!(verdict(nr, way), Verdict::Refuse(errno), "{}", row.name);
                }
            }
        }
        for nr in [nr::BPF, nr::IO_URING_SETUP, nr::USERFAULTFD, nr::PTRACE] {
            assert!(matches!(verdict(nr, Way::Bare), Verdict::Refuse(_)), "{nr}");
        }
    }

    #[test]
    fn plain_calls_pass_and_unknown_ones_do_not() {
        assert_eq!(verdict(nr::READ, Way::Bare), Verdict::Allow);
        assert_eq!(verdict(nr::FUTEX, Way::Bare), Verdict::Allow);
        assert_eq!(verdict(nr::OPEN, Way::Bare), Verdict::Refuse(Errno::EPERM));
        assert_eq!(verdict(400, Way::Bare), Verdict::Refuse(Errno::ENOSYS));
        assert_eq!(
            verdict(usize::MAX, Way::Bare),
            Verdict::Refuse(Errno::ENOSYS)
        );
        assert!(rule(nr::READ, Way::Bare).is_none());
        assert!(allowed(Way::Bare).count() > 100);
    }
}

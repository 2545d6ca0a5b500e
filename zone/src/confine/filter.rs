//! The seccomp filter of a zone, made from the dispatch table.

use std::io;

use abi::nr;
use host_std::confine::{Instruction, install_filter};
use syscalls::table::zone::{Verdict, Way, allowed, verdict};

use super::bpf::{Action, assemble};
use crate::config::Isolation;

/// Numbers that the vsyscall page has entries for.
const ON_VSYSCALL_PAGE: [usize; 3] = [nr::GETTIMEOFDAY, nr::TIME, nr::GETCPU];

fn way(isolation: Isolation) -> Way {
    match isolation {
        Isolation::Namespaces => Way::Namespaces,
        Isolation::Bare => Way::Bare,
    }
}

/// How many host calls are allowed.
pub(super) fn count(isolation: Isolation) -> usize {
    allowed(way(isolation)).count()
}

/// What is done with each number of the table.
fn actions(way: Way) -> Vec<Action> {
    (0..nr::LIMIT)
        .map(|number| match verdict(number, way) {
            Verdict::Allow if ON_VSYSCALL_PAGE.contains(&number) => Action::TrapVsyscall,
            verdict => Action::Verdict(verdict),
        })
        .collect()
}

/// The filter.
fn program(way: Way) -> Vec<Instruction> {
    assemble(&actions(way))
}

/// Puts this thread under it.
pub(super) fn install(isolation: Isolation) -> io::Result<()> {
    install_filter(&program(way(isolation)))
}

#[cfg(test)]
mod tests;

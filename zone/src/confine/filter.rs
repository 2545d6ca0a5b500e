//! The seccomp filter of a zone, made from the dispatch table.

use std::io;

use abi::nr;
use host_std::confine::{Instruction, install_filter};
use syscalls::table::zone::{Verdict, verdict};

use super::bpf::{Action, assemble};

/// Numbers that the vsyscall page has entries for.
const ON_VSYSCALL_PAGE: [usize; 3] = [nr::GETTIMEOFDAY, nr::TIME, nr::GETCPU];

/// What is done with each number of the table.
fn actions() -> Vec<Action> {
    (0..nr::LIMIT)
        .map(|number| match verdict(number) {
            Verdict::Allow if ON_VSYSCALL_PAGE.contains(&number) => Action::TrapVsyscall,
            verdict => Action::Verdict(verdict),
        })
        .collect()
}

/// The filter.
pub(super) fn program() -> Vec<Instruction> {
    assemble(&actions())
}

/// Puts this thread under it.
pub(super) fn install() -> io::Result<()> {
    install_filter(&program())
}

#[cfg(test)]
mod tests;

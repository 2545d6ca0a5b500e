//! Calls that do not come back as others do.

use abi::nr;

/// It ends the thread.
#[must_use]
pub const fn ends(call: usize) -> bool {
    matches!(call, nr::EXIT | nr::EXIT_GROUP)
}

/// It ends the process.
#[must_use]
pub const fn ends_process(call: usize) -> bool {
    call == nr::EXIT_GROUP
}

/// When it succeeds, another program goes on.
#[must_use]
pub const fn executes(call: usize) -> bool {
    matches!(call, nr::EXECVE | nr::EXECVEAT)
}

/// It goes on where a signal came.
#[must_use]
pub const fn returns_from_signal(call: usize) -> bool {
    call == nr::RT_SIGRETURN
}

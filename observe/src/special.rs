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

/// execve(2), by which a program begins.
pub const EXECVE: usize = nr::EXECVE;

/// It lists a directory.
#[must_use]
pub const fn lists(call: usize) -> bool {
    matches!(call, nr::GETDENTS | nr::GETDENTS64)
}

/// Its result is a descriptor.
#[must_use]
pub const fn opens(call: usize) -> bool {
    matches!(
        call,
        nr::OPEN
            | nr::OPENAT
            | nr::OPENAT2
            | nr::CREAT
            | nr::DUP
            | nr::DUP2
            | nr::DUP3
            | nr::SOCKET
            | nr::ACCEPT
            | nr::ACCEPT4
            | nr::EPOLL_CREATE
            | nr::EPOLL_CREATE1
            | nr::EVENTFD
            | nr::EVENTFD2
            | nr::MEMFD_CREATE
            | nr::TIMERFD_CREATE
            | nr::SIGNALFD
            | nr::SIGNALFD4
            | nr::INOTIFY_INIT
            | nr::INOTIFY_INIT1
            | nr::PIDFD_OPEN
    )
}

/// Its argument 4 may be a descriptor.
#[must_use]
pub const fn maps(call: usize) -> bool {
    call == nr::MMAP
}

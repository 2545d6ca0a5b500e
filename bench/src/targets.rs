//! The limits that `lx` has to keep, by the name of the measurement.

use crate::results::Target;

/// Names of the single rows that are not operations of the guest.
pub(crate) const START: &str = "start of /bin/true";
/// Private memory of a sleeping guest.
pub(crate) const MEMORY: &str = "private memory";
/// The mean over the whole programs.
pub(crate) const MEAN: &str = "geometric mean";

/// The limit for a measurement, if it has one.
pub(crate) fn target(name: &str) -> Option<Target> {
    let ratio = match name {
        START => return Some(Target::Value(6.0)),
        MEMORY => return Some(Target::Over(2048.0)),
        MEAN => 1.15,
        "getpid" | "gettid" | "clock_gettime_call" => 0.4,
        "clock_gettime_vdso" => 1.1,
        "fstat" | "futex_wake" | "epoll_wait" => 1.4,
        "stat" | "open_close" => 1.5,
        "fork_wait" => 1.4,
        "thread_create_join" => 1.6,
        "signal_kill" | "signal_tgkill" => 3.0,
        _ if starts(name, &["read_", "write_", "pread_", "pwrite_"]) => 1.4,
        _ if starts(name, &["mmap_", "pipe_", "socket_", "pingpong_"]) => 1.25,
        _ if starts(name, &["posix_spawn", "fork_exec", "vfork_exec"]) => 1.8,
        _ => return None,
    };
    Some(Target::Ratio(ratio))
}

fn starts(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_family_share_a_limit() {
        assert_eq!(target("fork_exec_static"), Some(Target::Ratio(1.8)));
        assert_eq!(target("fork_wait"), Some(Target::Ratio(1.4)));
        assert_eq!(target("pread_4k_file"), Some(Target::Ratio(1.4)));
        assert_eq!(target(START), Some(Target::Value(6.0)));
        assert_eq!(target("brk"), None);
    }
}

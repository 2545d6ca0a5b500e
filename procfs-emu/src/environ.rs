//! `/proc/PID/environ` (proc_pid_environ(5)): without the hand-over string at its end.

use loader::handover::{Handover, MAGIC};

/// Parts an environment in what the guest sees and the hand-over string; that is empty when the
/// process is no guest, or wrote over its environment.
fn part(host: &[u8]) -> (&[u8], &[u8]) {
    let body = host.strip_suffix(b"\0").unwrap_or(host);
    let start = body
        .iter()
        .rposition(|byte| *byte == 0)
        .map_or(0, |nul| nul + 1);
    if body[start..].starts_with(MAGIC) {
        host.split_at(start)
    } else {
        (host, &[])
    }
}

/// What the guest sees of an environment.
pub(crate) fn visible(host: &[u8]) -> &[u8] {
    part(host).0
}

/// The path of the program that a guest process runs, from its environment on the host.
pub(crate) fn program(host: &[u8]) -> Option<&[u8]> {
    Handover::decode(part(host).1).map(|handover| handover.exe)
}

/// The contract that it belongs to.
pub(crate) fn contract(host: &[u8]) -> Option<u32> {
    Handover::decode(part(host).1).map(|handover| handover.contract)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAND_OVER: &[u8] = b"\x01LX1;image=3fc;proc=3fd;mode=0;exe=7:/bin/ls;fn=ls\0";

    #[test]
    fn the_hand_over_is_cut() {
        let host = [b"A=1\0B=\0", HAND_OVER].concat();
        assert_eq!(visible(&host), b"A=1\0B=\0");
        assert_eq!(program(&host), Some(&b"/bin/ls"[..]));
    }

    #[test]
    fn an_empty_environment() {
        assert_eq!(visible(HAND_OVER), b"");
        assert_eq!(program(HAND_OVER), Some(&b"/bin/ls"[..]));
    }

    #[test]
    fn others_are_left_alone() {
        for host in [&b""[..], b"\0", b"A=1\0", b"A=1", b"\x01LX1;\0A=1\0"] {
            assert_eq!(visible(host), host);
            assert_eq!(program(host), None);
        }
    }
}

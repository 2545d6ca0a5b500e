//! `/proc/PID/status` (proc_pid_status(5)): signal sets and what the thread gave up.

use alloc::vec::Vec;

use kernel::vfs::CredentialView;

use crate::dispositions::Dispositions;
use crate::text::{Lines, put_decimal, put_hex};

/// Filters `status`; `None` leaves the host's lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    /// Blocked by the thread that the file is about.
    pub(crate) blocked: Option<u64>,
    /// Ignored and caught.
    pub(crate) signals: Dispositions,
    /// Of the thread that the file is about.
    pub(crate) credentials: Option<CredentialView>,
}

impl Status {
    fn set(&self, key: &[u8], value: &[u8]) -> Option<u64> {
        if key == b"SigBlk" {
            self.blocked
        } else {
            self.signals.line(key, value)
        }
    }

    fn number(&self, key: &[u8]) -> Option<u64> {
        let credentials = self.credentials?;
        match key {
            b"NoNewPrivs" => Some(credentials.no_new_privs.into()),
            b"Seccomp" => Some(credentials.seccomp_mode.into()),
            b"Seccomp_filters" => Some(credentials.seccomp_filters.into()),
            _ => None,
        }
    }
}

impl Lines for Status {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let (key, value) = line.split_at(colon);
        let set = self.set(key, value.strip_prefix(b":").unwrap_or(value));
        let number = self.number(key);
        if set.is_none() && number.is_none() {
            out.extend_from_slice(line);
            return;
        }
        out.extend_from_slice(key);
        out.extend_from_slice(b":\t");
        if let Some(set) = set {
            put_hex(out, set, 16);
        }
        if let Some(number) = number {
            put_decimal(out, number, 1);
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::filtered;

    const HOST: &str = "\
Name:\tcat
VmRSS:\t    1644 kB
SigPnd:\t0000000000000000
SigBlk:\t0000000000000000
SigIgn:\t0000000000001000
SigCgt:\t00000000400004d8
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
Speculation_Store_Bypass:\tvulnerable
";

    #[test]
    fn of_another_guest_only_the_caught_signals_change() {
        let mut status = Status {
            blocked: None,
            signals: Dispositions::Guest,
            credentials: None,
        };
        let expected = HOST.replace("00000000400004d8", "0000000000000080");
        assert_eq!(filtered(&mut status, HOST), expected);
    }

    #[test]
    fn lines_are_replaced() {
        let mut status = Status {
            blocked: Some(1 << 63),
            signals: Dispositions::Known {
                ignored: 2,
                caught: 4,
            },
            credentials: Some(CredentialView::default()),
        };
        assert_eq!(
            filtered(&mut status, HOST),
            "\
Name:\tcat
VmRSS:\t    1644 kB
SigPnd:\t0000000000000000
SigBlk:\t8000000000000000
SigIgn:\t0000000000000002
SigCgt:\t0000000000000004
NoNewPrivs:\t0
Seccomp:\t0
Seccomp_filters:\t0
Speculation_Store_Bypass:\tvulnerable
"
        );
    }
}

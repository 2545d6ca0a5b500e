//! `/proc/PID/stat` (proc_pid_stat(5)): the addresses of the program's parts, the signal sets, and
//! in a zone when the process began. Everything else is the host's.

use alloc::vec::Vec;

use kernel::vfs::Layout;

use crate::dispositions::Dispositions;
use crate::text::{decimal, put_decimal};

/// What replaces fields; `None` leaves them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes {
    pub(crate) layout: Option<Layout>,
    /// Blocked by the thread that the file is about.
    pub(crate) blocked: Option<u64>,
    /// Ignored and caught.
    pub(crate) signals: Dispositions,
    /// When the time began that is told, in nanoseconds since the host's boot.
    pub(crate) began: u64,
}

/// Nanoseconds in a clock tick (`USER_HZ` is 100).
const TICK: u64 = 10_000_000;

impl Changes {
    /// The new value of a field, by its number in the man page.
    fn of(&self, field: usize, host: &[u8]) -> Option<u64> {
        // The sets are shown for signals 1 to 31 only.
        let low = |set: u64| set & 0x7fff_ffff;
        match field {
            22 if self.began > 0 => Some(decimal(host)?.saturating_sub(self.began / TICK)),
            26 => self.layout.map(|layout| layout.start_code),
            27 => self.layout.map(|layout| layout.end_code),
            28 => self.layout.map(|layout| layout.start_stack),
            32 => self.blocked.map(low),
            33 => Some(low(self.signals.ignored(decimal(host)?))),
            34 => Some(low(self.signals.caught(decimal(host)?))),
            45 => self.layout.map(|layout| layout.start_data),
            46 => self.layout.map(|layout| layout.end_data),
            47 => self.layout.map(|layout| layout.start_brk),
            48 => self.layout.map(|layout| layout.arg_start),
            49 => self.layout.map(|layout| layout.arg_end),
            50 => self.layout.map(|layout| layout.env_start),
            51 => self.layout.map(|layout| layout.env_end),
            _ => None,
        }
    }
}

/// The line that the guest sees.
pub(crate) fn rewrite(host: &[u8], changes: &Changes) -> Vec<u8> {
    let mut out = Vec::with_capacity(host.len() + 64);
    // The name in parentheses can contain anything, parentheses too.
    let Some(name_end) = host.iter().rposition(|byte| *byte == b')') else {
        out.extend_from_slice(host);
        return out;
    };
    let (head, fields) = host.split_at(name_end + 1);
    out.extend_from_slice(head);
    // The first of the parts, before the first blank, is empty; field 3 follows.
    for (field, text) in fields
        .split(|byte| *byte == b' ')
        .enumerate()
        .map(|(i, t)| (i + 2, t))
    {
        if field > 2 {
            out.push(b' ');
        }
        match changes.of(field, text) {
            Some(value) => put_decimal(&mut out, value, 1),
            None => out.extend_from_slice(text),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    const HOST: &str = "6363 (a) b) R 6358 6358 2865 0 -1 4194304 112 0 0 0 0 0 0 0 20 0 1 0 \
        93510 3133440 411 18446744073709551615 1 2 3 0 0 0 4 5 6 0 0 0 17 1 0 0 0 0 0 7 8 9 10 11 \
        12 13 0\n";

    const GUEST: Changes = Changes {
        layout: None,
        blocked: None,
        signals: Dispositions::Guest,
        began: 0,
    };

    #[test]
    fn nothing_changes_without_reason() {
        let same = rewrite(HOST.as_bytes(), &GUEST);
        assert_eq!(String::from_utf8(same).expect("text"), HOST);
    }

    #[test]
    fn fields_are_replaced() {
        let layout = Layout {
            start_code: 101,
            end_code: 102,
            start_data: 107,
            end_data: 108,
            start_brk: 109,
            start_stack: 103,
            arg_start: 110,
            arg_end: 111,
            env_start: 112,
            env_end: 113,
        };
        let changes = Changes {
            layout: Some(layout),
            blocked: Some(0xffff_ffff_0000_0001),
            signals: Dispositions::Known {
                ignored: 1 << 30,
                caught: 1 << 31,
            },
            began: 35_109_999_999,
        };
        let text = String::from_utf8(rewrite(HOST.as_bytes(), &changes)).expect("text");
        assert_eq!(
            text,
            "6363 (a) b) R 6358 6358 2865 0 -1 4194304 112 0 0 0 0 0 0 0 20 0 1 0 \
             90000 3133440 411 18446744073709551615 101 102 103 0 0 0 1 1073741824 0 0 0 0 17 1 0 \
             0 0 0 0 107 108 109 110 111 112 113 0\n"
        );
    }

    #[test]
    fn odd_text_passes() {
        for text in ["", "12", "12 (x)", "12 (x) R"] {
            assert_eq!(rewrite(text.as_bytes(), &GUEST), text.as_bytes());
        }
    }
}

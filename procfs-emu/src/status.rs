//! `/proc/PID/status` (proc_pid_status(5)): signal sets and what the thread gave up.

use alloc::vec::Vec;

use kernel::users::{Credentials, Ids};
use kernel::vfs::CredentialView;

use crate::dispositions::Dispositions;
use crate::text::{Lines, decimal, put_decimal, put_hex};

/// Filters `status`; `None` leaves the host's lines.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// Blocked by the thread that the file is about.
    pub(crate) blocked: Option<u64>,
    /// Ignored and caught.
    pub(crate) signals: Dispositions,
    /// Of the thread that the file is about.
    pub(crate) credentials: Option<CredentialView>,
    /// Who the thread is, in a zone that keeps its users itself.
    pub(crate) user: Option<Credentials>,
    /// How many seccomp filters are not the guest's own.
    pub(crate) filters: u64,
    /// The line of the mode of seccomp: whether there is any is in the next one.
    pub(crate) mode: Vec<u8>,
}

impl Status {
    fn set(&self, key: &[u8], value: &[u8]) -> Option<u64> {
        if key == b"SigBlk" {
            self.blocked
        } else {
            self.signals.line(key, value)
        }
    }

    /// Takes the lines about seccomp of a thread of which only the host's numbers are known.
    fn others(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        if line.starts_with(b"Seccomp:") {
            self.mode = line.into();
            return true;
        }
        let Some(count) = line.strip_prefix(b"Seccomp_filters:") else {
            out.append(&mut self.mode);
            return false;
        };
        let own = decimal(count.trim_ascii())
            .unwrap_or(0)
            .saturating_sub(self.filters);
        if own == 0 {
            self.mode.clear();
            out.extend_from_slice(b"Seccomp:\t0\n");
        }
        out.append(&mut self.mode);
        out.extend_from_slice(b"Seccomp_filters:\t");
        put_decimal(out, own, 1);
        out.push(b'\n');
        true
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

/// The line of this key that tells who a thread is.
fn who(user: &Credentials, key: &[u8], out: &mut Vec<u8>) -> bool {
    let ids = |ids: &Ids| [ids.real, ids.effective, ids.saved, ids.fs].to_vec();
    let sets = &user.capabilities;
    let numbers = match key {
        b"Uid" => ids(&user.user),
        b"Gid" => ids(&user.group),
        b"Groups" => user.groups.clone(),
        _ => {
            let set = match key {
                b"CapInh" => sets.inheritable,
                b"CapPrm" => sets.permitted,
                b"CapEff" => sets.effective,
                b"CapBnd" => sets.bounding,
                b"CapAmb" => sets.ambient,
                b"NoNewPrivs" => {
                    out.extend_from_slice(b"NoNewPrivs:\t");
                    put_decimal(out, user.no_new_privs.into(), 1);
                    out.push(b'\n');
                    return true;
                }
                _ => return false,
            };
            out.extend_from_slice(key);
            out.extend_from_slice(b":\t");
            put_hex(out, set, 16);
            out.push(b'\n');
            return true;
        }
    };
    out.extend_from_slice(key);
    out.push(b':');
    for (index, id) in numbers.iter().enumerate() {
        // After each of the groups there is a space, and between the others a tab.
        out.extend_from_slice(if key != b"Groups" || index == 0 {
            b"\t"
        } else {
            b" "
        });
        put_decimal(out, (*id).into(), 1);
    }
    if key == b"Groups" {
        out.extend_from_slice(if numbers.is_empty() { b"\t " } else { b" " });
    }
    out.push(b'\n');
    true
}

impl Lines for Status {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if self.credentials.is_none() && self.filters > 0 && self.others(line, out) {
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let (key, value) = line.split_at(colon);
        if self.user.as_ref().is_some_and(|user| who(user, key, out)) {
            return;
        }
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

    fn end(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.mode);
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
            user: None,
            filters: 0,
            mode: Vec::new(),
        };
        let expected = HOST.replace("00000000400004d8", "0000000000000080");
        assert_eq!(filtered(&mut status, HOST), expected);
    }

    #[test]
    fn the_zones_filter_is_not_the_guests() {
        let mut status = Status {
            blocked: None,
            signals: Dispositions::Host,
            credentials: None,
            user: None,
            filters: 1,
            mode: Vec::new(),
        };
        let seccomp = "Seccomp:\t2\nSeccomp_filters:\t1\n";
        let expected = HOST.replace(seccomp, "Seccomp:\t0\nSeccomp_filters:\t0\n");
        assert_eq!(filtered(&mut status, HOST), expected);
        let two = HOST.replace("filters:\t1", "filters:\t2");
        assert_eq!(filtered(&mut status, &two), HOST);
        let before_5_9 = HOST.replace("Seccomp_filters:\t1\n", "");
        assert_eq!(filtered(&mut status, &before_5_9), before_5_9);
        assert_eq!(filtered(&mut status, "Seccomp:\t2\n"), "Seccomp:\t2\n");
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
            user: None,
            filters: 1,
            mode: Vec::new(),
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

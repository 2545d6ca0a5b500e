//! Signals: their names, sets of them, and what comes with one.

use observe::record::{Part, Record};

use crate::arguments::as_int;
use crate::structures::word;
use crate::{Out, names};

/// The name of a signal, as in `SIGHUP` or `SIGRT_3`.
#[must_use]
pub fn signal_name(number: u64) -> String {
    let mut out = Out::new();
    print(number, &mut out);
    String::from_utf8_lossy(out.bytes()).into_owned()
}

/// The signal of that name, with or without `SIG`, or number.
#[must_use]
pub fn signal_number(name: &str) -> Option<u64> {
    if let Ok(number) = name.parse() {
        return (1..=64).contains(&number).then_some(number);
    }
    let upper = name.to_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    (1..=64).find(|&number| signal_name(number).strip_prefix("SIG") == Some(bare))
}

/// Prints a signal.
pub(crate) fn print(number: u64, out: &mut Out) {
    match names::signal(number) {
        Some(name) => out.text(name),
        None => short(number, "SIG", out),
    }
}

/// One without a name of its own.
fn short(number: u64, prefix: &str, out: &mut Out) {
    match number {
        32 => {
            out.text(prefix);
            out.text("RTMIN");
        }
        33..=64 => {
            out.text(prefix);
            out.text("RT_");
            out.dec(number - 32);
        }
        _ => out.signed(as_int(number)),
    }
}

/// Prints a set: those in it, or, where they are more, those that are not.
pub(crate) fn set(bits: u64, out: &mut Out) {
    let many = bits.count_ones() >= 32;
    let shown = if many { !bits } else { bits };
    out.text(if many { "~[" } else { "[" });
    let members = (1..=64u64).filter(|number| shown >> (number - 1) & 1 != 0);
    for (index, number) in members.enumerate() {
        if index > 0 {
            out.text(" ");
        }
        match names::signal(number).and_then(|name| name.strip_prefix("SIG")) {
            Some(name) => out.text(name),
            None => short(number, "", out),
        }
    }
    out.text("]");
}

/// Prints a signal that is delivered, in strace's form.
pub fn delivered(record: &Record<'_>, out: &mut Out) {
    let piece = record.piece(0, Part::Before);
    let bytes: Vec<u8> = piece.map_or_else(Vec::new, |piece| piece.bytes().collect());
    out.text("--- ");
    print(word(&bytes, 0, 4), out);
    out.text(" ");
    info(&bytes, out);
    out.text(" ---");
}

/// Prints a `siginfo_t`.
pub(crate) fn info(bytes: &[u8], out: &mut Out) {
    let field = |offset: usize, size: usize| word(bytes, offset, size);
    let (number, code) = (field(0, 4), field(8, 4));
    out.text("{si_signo=");
    print(number, out);
    out.text(", si_code=");
    let table = match number {
        17 => names::CHILD_CODES,
        11 => names::FAULT_CODES,
        _ => &[],
    };
    if !out.value(table, code) && !out.value(names::CODES, code) {
        out.signed(as_int(code));
    }
    if field(4, 4) != 0 {
        out.text(", si_errno=");
        out.dec(field(4, 4));
    }
    match number {
        17 if out_of_child(code) => {
            out.text(", si_pid=");
            out.dec(field(16, 4));
            out.text(", si_uid=");
            out.dec(field(20, 4));
            out.text(", si_status=");
            if code == 1 {
                out.dec(field(24, 4));
            } else {
                print(field(24, 4), out);
            }
            out.text(", si_utime=");
            out.dec(field(32, 8));
            out.text(", si_stime=");
            out.dec(field(40, 8));
        }
        4 | 5 | 7 | 8 | 11 if as_int(code) > 0 => {
            out.text(", si_addr=");
            out.pointer(field(16, 8));
        }
        _ if as_int(code) <= 0 => {
            out.text(", si_pid=");
            out.dec(field(16, 4));
            out.text(", si_uid=");
            out.dec(field(20, 4));
            if code == 0xffff_ffff || code == 0xffff_fffe {
                out.text(", si_value={sival_int=");
                out.signed(as_int(field(24, 4)));
                out.text(", sival_ptr=");
                out.pointer(field(24, 8));
                out.text("}");
            }
        }
        _ => {}
    }
    out.text("}");
}

fn out_of_child(code: u64) -> bool {
    (1..=6).contains(&code)
}

#[cfg(test)]
mod tests {
    use super::{set, signal_name, signal_number};
    use crate::Out;

    fn printed(bits: u64) -> String {
        let mut out = Out::new();
        set(bits, &mut out);
        String::from_utf8_lossy(out.bytes()).into_owned()
    }

    #[test]
    fn names_and_numbers() {
        for number in 1..=64 {
            assert_eq!(signal_number(&signal_name(number)), Some(number));
        }
        assert_eq!(signal_number("term"), Some(15));
        assert_eq!(signal_number("nope"), None);
        assert_eq!(signal_number("65"), None);
    }

    #[test]
    fn sets_are_printed_by_what_is_less() {
        assert_eq!(printed(0), "[]");
        assert_eq!(printed(1 << 16 | 1), "[HUP CHLD]");
        assert_eq!(printed(!(1 << 31 | 1 << 32)), "~[RTMIN RT_1]");
    }
}

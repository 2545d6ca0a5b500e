//! Numbers of processes in the text of `stat` and `status`, for zones whose numbers are not the
//! kernel's (`kernel::numbers`).

use alloc::vec::Vec;

use crate::text::{decimal, put_decimal};

/// `stat` (proc_pid_stat(5)) with numbers as `shown` says: the process's own, its parent's, its
/// group's, its session's, and that of the terminal's foreground group.
pub(crate) fn in_stat(text: &[u8], shown: impl Fn(u32) -> u32) -> Vec<u8> {
    const NUMBERS: [usize; 5] = [1, 4, 5, 6, 8];
    // The name in parentheses can contain anything.
    let (Some(begin), Some(end)) = (
        text.iter().position(|byte| *byte == b'('),
        text.iter().rposition(|byte| *byte == b')'),
    ) else {
        return text.into();
    };
    let mut out = Vec::with_capacity(text.len());
    let head = text.get(..begin).unwrap_or_default();
    put(&mut out, head.trim_ascii_end(), &shown);
    out.push(b' ');
    out.extend_from_slice(text.get(begin..=end).unwrap_or_default());
    let fields = text.get(end + 1..).unwrap_or_default();
    for (index, field) in fields.split(|byte| *byte == b' ').enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        if NUMBERS.contains(&(index + 2)) {
            put(&mut out, field, &shown);
        } else {
            out.extend_from_slice(field);
        }
    }
    out
}

/// Likewise `status` (proc_pid_status(5)).
pub(crate) fn in_status(text: &[u8], shown: impl Fn(u32) -> u32) -> Vec<u8> {
    const KEYS: [&[u8]; 8] = [
        b"Tgid:",
        b"Pid:",
        b"PPid:",
        b"TracerPid:",
        b"NStgid:",
        b"NSpid:",
        b"NSpgid:",
        b"NSsid:",
    ];
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let mut words = line.trim_ascii_end().split(|byte| *byte == b'\t');
        let key = words.next().unwrap_or_default();
        if !KEYS.contains(&key) {
            out.extend_from_slice(line);
            continue;
        }
        out.extend_from_slice(key);
        for word in words {
            out.push(b'\t');
            put(&mut out, word, &shown);
        }
        out.push(b'\n');
    }
    out
}

fn put(out: &mut Vec<u8>, text: &[u8], shown: impl Fn(u32) -> u32) {
    match decimal(text).and_then(|number| u32::try_from(number).ok()) {
        Some(number) => put_decimal(out, shown(number).into(), 1),
        None => out.extend_from_slice(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_stat, in_status};

    fn shown(host: u32) -> u32 {
        match host {
            500 => 1,
            499 => 0,
            other => other,
        }
    }

    #[test]
    fn of_stat() {
        let text = b"500 (a) 500) S 499 500 499 34816 -1 500 0\n";
        assert_eq!(in_stat(text, shown), b"1 (a) 500) S 0 1 0 34816 -1 500 0\n");
        assert_eq!(in_stat(b"500", shown), b"500");
    }

    #[test]
    fn of_status() {
        let text = b"Name:\t500\nTgid:\t500\nPPid:\t499\nUid:\t500\t500\nNSpid:\t500\t500\n";
        assert_eq!(
            in_status(text, shown),
            b"Name:\t500\nTgid:\t1\nPPid:\t0\nUid:\t500\t500\nNSpid:\t1\t1\n"
        );
        assert_eq!(in_status(b"", shown), b"");
    }
}

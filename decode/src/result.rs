//! The result of a call.

use abi::Errno;
use abi::nr;
use observe::record::{INJECTED, Part, RESTARTED, RESULT, Record};

use crate::arguments::{as_int, as_u64, open_flags};
use crate::structures::{self, word};
use crate::{Out, names};

/// The error in rax, if there is one.
fn error(record: &Record<'_>) -> Option<Errno> {
    let rax = usize::try_from(record.result()).ok()?;
    Errno::decode(rax).err()
}

/// Whether the call failed.
pub(crate) fn failed(record: &Record<'_>) -> bool {
    record.has(RESTARTED) || error(record).is_some()
}

/// A path, as it is but for what is no text.
pub(crate) fn path(bytes: &[u8], out: &mut Out) {
    for &byte in bytes {
        match byte {
            b' '..=b'~' if byte != b'<' && byte != b'>' => out.raw(&[byte]),
            _ => {
                out.text("\\");
                out.digits(byte.into(), 8, 1);
            }
        }
    }
}

/// Prints what stands behind `= `.
pub(crate) fn print(record: &Record<'_>, out: &mut Out) {
    if record.has(RESTARTED) {
        out.text("? ERESTARTSYS (To be restarted if SA_RESTART is set)");
    } else if let Some(errno) = error(record) {
        out.text("-1 ");
        out.text(errno.name());
        out.text(" (");
        out.text(errno.text());
        out.text(")");
    } else {
        value(record, out);
    }
    if record.has(INJECTED) {
        out.text(" (INJECTED)");
    }
}

fn value(record: &Record<'_>, out: &mut Out) {
    let value = record.result();
    match record.number() {
        nr::MMAP | nr::BRK | nr::MREMAP | nr::SHMAT => out.hexadecimal(value),
        nr::UMASK => out.octal(value),
        nr::FCNTL => fcntl(record, value, out),
        nr::POLL | nr::PPOLL if value == 0 => out.text("0 (Timeout)"),
        nr::SELECT | nr::PSELECT6 if value == 0 => out.text("0 (Timeout)"),
        nr::POLL | nr::PPOLL => {
            out.dec(value);
            polled(record, out);
        }
        nr::SELECT | nr::PSELECT6 => {
            out.dec(value);
            selected(record, out);
        }
        nr::RT_SIGTIMEDWAIT => {
            out.dec(value);
            if let Some(name) = names::signal(value) {
                out.text(" (");
                out.text(name);
                out.text(")");
            }
        }
        _ => out.signed(value.cast_signed()),
    }
    if let Some(piece) = record.piece(RESULT, Part::Path) {
        let bytes: Vec<u8> = piece.bytes().collect();
        out.text("<");
        path(&bytes, out);
        out.text(">");
    }
}

fn fcntl(record: &Record<'_>, value: u64, out: &mut Out) {
    match record.argument(1) & 0xffff_ffff {
        1 if value & 1 != 0 => {
            out.hexadecimal(value);
            out.text(" (flags FD_CLOEXEC)");
        }
        3 => {
            out.hex(value);
            out.text(" (flags ");
            open_flags(value, out);
            out.text(")");
        }
        1034 => {
            out.hex(value);
            out.text(" (seals ");
            out.flags(structures::SEALS, value);
            out.text(")");
        }
        _ => out.dec(value),
    }
}

fn polled(record: &Record<'_>, out: &mut Out) {
    let Some(piece) = record.piece(0, Part::After) else {
        return;
    };
    let bytes: Vec<u8> = piece.bytes().collect();
    out.text(" ([");
    let ready = bytes.chunks_exact(8).filter(|entry| word(entry, 6, 2) != 0);
    for (number, entry) in ready.enumerate() {
        if number > 0 {
            out.text(", ");
        }
        out.text("{fd=");
        out.signed(as_int(word(entry, 0, 4)));
        out.text(", revents=");
        out.flags(names::POLL, word(entry, 6, 2));
        out.text("}");
    }
    out.text("])");
}

fn selected(record: &Record<'_>, out: &mut Out) {
    let sets = [(1, "in "), (2, "out "), (3, "except ")];
    let mut first = true;
    for (index, name) in sets {
        let Some(piece) = record.piece(index, Part::After) else {
            continue;
        };
        let bytes: Vec<u8> = piece.bytes().collect();
        let limit = usize::try_from(record.argument(0)).unwrap_or(usize::MAX);
        if !structures::members(&bytes).any(|fd| fd < as_u64(limit)) {
            continue;
        }
        out.text(if first { " (" } else { ", " });
        first = false;
        out.text(name);
        structures::set(&bytes, limit, out);
    }
    if !first {
        out.text(")");
    }
}

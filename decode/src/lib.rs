//! Records of calls (`observe::record`) as lines of text, in strace's form. What an argument is, the
//! dispatch table and `observe::shape` say; here stands how it is printed.
#![forbid(unsafe_code)]

mod arguments;
mod names;
mod out;
mod result;
mod signals;
mod sockets;
mod structures;

pub use out::Out;
pub use signals::{delivered, signal_name, signal_number};

use observe::record::{Kind, Record};

/// How lines are printed.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Bytes of a string that are shown.
    pub strings: usize,
}

/// The name of a call.
#[must_use]
pub fn name(number: usize) -> Option<&'static str> {
    syscalls::table::row(number).map(|row| row.name)
}

/// Prints a call with its arguments and result, without a line end.
pub fn call(record: &Record<'_>, style: Style, out: &mut Out) {
    let number = record.number();
    match name(number) {
        Some(name) => out.text(name),
        None => {
            out.text("syscall_");
            out.hex(u64::try_from(number).unwrap_or(u64::MAX));
        }
    }
    out.text("(");
    arguments::print(record, style, out);
    out.text(")");
    out.pad_to(40);
    out.text(" = ");
    if record.kind() == Some(Kind::Last) {
        out.text("?");
    } else {
        result::print(record, out);
    }
}

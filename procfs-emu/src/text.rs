//! Reading and writing the small pieces that /proc's text is made of.

use alloc::vec::Vec;

/// The number that `text` is in lower-case hexadecimal.
pub(crate) fn hex(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    text.iter().try_fold(0u64, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(digit))
    })
}

/// The number that `text` is in decimal.
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, digit| match digit {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// Appends `number` in hexadecimal, with zeros in front up to `width`.
pub(crate) fn put_hex(out: &mut Vec<u8>, number: u64, width: usize) {
    put(out, number, 16, width, b'0');
}

/// Appends `number` in decimal, with blanks in front up to `width`.
pub(crate) fn put_decimal(out: &mut Vec<u8>, number: u64, width: usize) {
    put(out, number, 10, width, b' ');
}

fn put(out: &mut Vec<u8>, mut number: u64, base: u64, width: usize, fill: u8) {
    let start = out.len();
    loop {
        let digit = u8::try_from(number % base).unwrap_or(0);
        out.push(if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        });
        number /= base;
        if number == 0 {
            break;
        }
    }
    while out.len() - start < width {
        out.push(fill);
    }
    out[start..].reverse();
}

/// What turns the lines of a host's file into those that the guest sees.
pub(crate) trait Lines {
    /// Takes one line, with its newline if it has one, and appends what becomes of it.
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>);

    /// Appends what is left when the last line was taken.
    fn end(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// Cuts a file, which comes in pieces of any size, into lines.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
}

impl Splitter {
    /// Feeds the lines that end in `piece` to `filter`.
    pub(crate) fn piece(&mut self, piece: &[u8], filter: &mut dyn Lines, out: &mut Vec<u8>) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.begun.is_empty() && part.ends_with(b"\n") {
                filter.line(part, out);
            } else {
                self.begun.extend_from_slice(part);
                if part.ends_with(b"\n") {
                    filter.line(&self.begun, out);
                    self.begun.clear();
                }
            }
        }
    }

    /// Feeds what is left, and ends the filter.
    pub(crate) fn end(&mut self, filter: &mut dyn Lines, out: &mut Vec<u8>) {
        if !self.begun.is_empty() {
            filter.line(&self.begun, out);
            self.begun.clear();
        }
        filter.end(out);
    }
}

/// Runs a filter over a whole text.
#[cfg(test)]
pub(crate) fn filtered(filter: &mut dyn Lines, text: &str) -> alloc::string::String {
    let mut out = Vec::new();
    let mut splitter = Splitter::default();
    // An odd size, so that lines are cut everywhere.
    for piece in text.as_bytes().chunks(7) {
        splitter.piece(piece, filter, &mut out);
    }
    splitter.end(filter, &mut out);
    alloc::string::String::from_utf8(out).expect("text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(hex(b"7ffc0"), Some(0x7ffc0));
        assert_eq!(hex(b"ffffffffffffffff"), Some(u64::MAX));
        assert_eq!(
            (hex(b""), hex(b"1g"), hex(b"11111111111111111")),
            (None, None, None)
        );
        assert_eq!(decimal(b"120"), Some(120));
        assert_eq!(
            (decimal(b"18446744073709551616"), decimal(b"-1")),
            (None, None)
        );
        let mut out = Vec::new();
        put_hex(&mut out, 0xab, 8);
        put_decimal(&mut out, 0, 3);
        put_decimal(&mut out, 12345, 3);
        assert_eq!(out, b"000000ab  012345");
    }
}

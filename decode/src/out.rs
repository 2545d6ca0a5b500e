//! Text that is put together piece by piece.

use crate::names::Table;

/// A line, or many.
#[derive(Debug, Default)]
pub struct Out {
    bytes: Vec<u8>,
    line: usize,
}

impl Out {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What there is.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes it all away.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.line = 0;
    }

    /// What comes now counts from here for [`Self::pad_to`].
    pub fn begin(&mut self) {
        self.line = self.bytes.len();
    }

    /// Spaces, until so many bytes stand behind where the line began.
    pub(crate) fn pad_to(&mut self, column: usize) {
        let wanted = self.line + column;
        // strace leaves a space before `=` in any case.
        while self.bytes.len() + 1 < wanted {
            self.bytes.push(b' ');
        }
    }

    /// Text.
    pub fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Bytes, as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A number.
    pub fn dec(&mut self, number: u64) {
        self.digits(number, 10, 1);
    }

    /// With a sign.
    pub fn signed(&mut self, number: i64) {
        if number < 0 {
            self.bytes.push(b'-');
        }
        self.dec(number.unsigned_abs());
    }

    /// With zeros before it, to so many digits.
    pub fn padded(&mut self, number: u64, digits: usize) {
        self.digits(number, 10, digits);
    }

    /// In hexadecimal with `0x`; 0 is `0`.
    pub fn hex(&mut self, number: u64) {
        if number != 0 {
            self.text("0x");
        }
        self.digits(number, 16, 1);
    }

    /// Likewise, with `0x` in any case.
    pub(crate) fn hexadecimal(&mut self, number: u64) {
        self.text("0x");
        self.digits(number, 16, 1);
    }

    /// In octal with a zero before it.
    pub(crate) fn octal(&mut self, number: u64) {
        if number != 0 {
            self.text("0");
        }
        self.digits(number, 8, 1);
    }

    /// Permissions: at least three digits.
    pub(crate) fn mode(&mut self, number: u64) {
        // `%#03o`: the zero that says octal counts as a digit.
        if number == 0 {
            return self.text("000");
        }
        self.text("0");
        self.digits(number, 8, 2);
    }

    pub(crate) fn digits(&mut self, mut number: u64, base: u64, least: usize) {
        let mut digits = [0u8; 24];
        let mut used = 0;
        for place in digits.iter_mut().rev() {
            let digit = u8::try_from(number % base).unwrap_or(0);
            *place = if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            };
            number /= base;
            used += 1;
            if number == 0 && used >= least {
                break;
            }
        }
        let from = digits.len() - used;
        self.bytes.extend_from_slice(&digits[from..]);
    }

    /// An address, or `NULL`.
    pub(crate) fn pointer(&mut self, address: u64) {
        if address == 0 {
            self.text("NULL");
        } else {
            self.hex(address);
        }
    }

    /// Bytes in quotes, with escapes as in C.
    pub(crate) fn quoted(&mut self, bytes: &[u8]) {
        self.bytes.push(b'"');
        let mut rest = bytes.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                b'"' | b'\\' => self.bytes.extend_from_slice(&[b'\\', byte]),
                b'\n' => self.text("\\n"),
                b'\t' => self.text("\\t"),
                0x0b => self.text("\\v"),
                0x0c => self.text("\\f"),
                b'\r' => self.text("\\r"),
                b' '..=b'~' => self.bytes.push(byte),
                _ => {
                    self.bytes.push(b'\\');
                    // A digit behind it would be read as part of the number.
                    let least = if rest.peek().is_some_and(u8::is_ascii_digit) {
                        3
                    } else {
                        1
                    };
                    self.digits(byte.into(), 8, least);
                }
            }
        }
        self.bytes.push(b'"');
    }

    /// A value by its name; `what` says of which family one without a name is.
    pub(crate) fn value(&mut self, table: Table, value: u64) -> bool {
        match table.iter().find(|&&(known, _)| known == value) {
            Some((_, name)) => {
                self.text(name);
                true
            }
            None => false,
        }
    }

    /// Flags by their names, and the rest as a number.
    pub(crate) fn flags(&mut self, table: Table, flags: u64) {
        let mut rest = flags;
        let mut first = true;
        for &(flag, name) in table {
            if flag != 0 && rest & flag == flag {
                if !first {
                    self.text("|");
                }
                self.text(name);
                rest &= !flag;
                first = false;
            }
        }
        if first {
            self.hex(rest);
        } else if rest != 0 {
            self.text("|");
            self.hex(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Out;

    fn printed(print: impl FnOnce(&mut Out)) -> String {
        let mut out = Out::new();
        print(&mut out);
        String::from_utf8_lossy(out.bytes()).into_owned()
    }

    #[test]
    fn numbers() {
        assert_eq!(printed(|out| out.dec(0)), "0");
        assert_eq!(printed(|out| out.signed(i64::MIN)), "-9223372036854775808");
        assert_eq!(printed(|out| out.hex(0)), "0");
        assert_eq!(printed(|out| out.hex(255)), "0xff");
        assert_eq!(printed(|out| out.mode(0)), "000");
        assert_eq!(printed(|out| out.mode(0o644)), "0644");
        assert_eq!(printed(|out| out.mode(0o22)), "022");
        assert_eq!(printed(|out| out.padded(42, 6)), "000042");
        assert_eq!(printed(|out| out.octal(0o22)), "022");
    }

    #[test]
    fn strings_have_the_shortest_escapes() {
        assert_eq!(
            printed(|out| out.quoted(b"a\"\\\n\x7fELF\x021\0")),
            r#""a\"\\\n\177ELF\0021\0""#
        );
    }

    #[test]
    fn flags_and_what_is_left() {
        let table = &[(3, "BOTH"), (1, "ONE"), (4, "FOUR")];
        assert_eq!(printed(|out| out.flags(table, 7)), "BOTH|FOUR");
        assert_eq!(printed(|out| out.flags(table, 9)), "ONE|0x8");
        assert_eq!(printed(|out| out.flags(table, 0)), "0");
    }
}

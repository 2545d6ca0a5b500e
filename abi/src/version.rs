//! Kernel versions: what `uname -r` begins with, and what a row of the table names as its first.

use core::fmt;

/// A kernel version `major.minor.patch`, ordered as released.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KernelVersion(u32);

macro_rules! named {
    ($($name:ident = ($major:literal, $minor:literal, $patch:literal);)*) => {
        impl KernelVersion {
            $(
                #[doc = concat!("Linux ", $major, ".", $minor, ".", $patch, ".")]
                pub const $name: Self = Self::new($major, $minor, $patch);
            )*
        }
    };
}

impl KernelVersion {
    /// Younger than every release: nothing is hidden from the guest.
    pub const NEWEST: Self = Self(u32::MAX);

    /// The oldest version that `--kernel-version` accepts. Calls that this version already had are
    /// never hidden, so their rows need no check of the version.
    pub const OLDEST: Self = Self::new(2, 6, 32);

    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u8, minor: u8, patch: u16) -> Self {
        let [low, high] = patch.to_le_bytes();
        Self(u32::from_le_bytes([low, high, minor, major]))
    }

    /// The first number.
    #[must_use]
    pub const fn major(self) -> u8 {
        self.0.to_le_bytes()[3]
    }

    /// The second number.
    #[must_use]
    pub const fn minor(self) -> u8 {
        self.0.to_le_bytes()[2]
    }

    /// The third number.
    #[must_use]
    pub const fn patch(self) -> u16 {
        let [low, high, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    /// Whether `self` is later than `other`; [`Ord`] is not usable in constants.
    #[must_use]
    pub const fn is_after(self, other: Self) -> bool {
        self.0 > other.0
    }

    /// Reads the leading `major.minor[.patch]` of a release string such as `4.14.0-lx` or
    /// `6.18-rc3`. What follows the numbers must start with a character that is neither a digit
    /// nor a dot.
    #[must_use]
    pub fn parse(release: &str) -> Option<Self> {
        let (major, rest) = number(release.as_bytes())?;
        let (minor, rest) = number(rest.strip_prefix(b".")?)?;
        let (patch, rest) = match rest.strip_prefix(b".") {
            Some(rest) => number(rest)?,
            None => (0, rest),
        };
        match rest.first() {
            Some(b'.') => None,
            _ => Some(Self::new(
                u8::try_from(major).ok()?,
                u8::try_from(minor).ok()?,
                patch,
            )),
        }
    }
}

/// The decimal number that `text` begins with, and what follows it.
fn number(text: &[u8]) -> Option<(u16, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0u16, |value, digit| {
        value.checked_mul(10)?.checked_add(u16::from(digit - b'0'))
    })?;
    Some((value, rest))
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch() {
            0 => write!(f, "{}.{}", self.major(), self.minor()),
            patch => write!(f, "{}.{}.{patch}", self.major(), self.minor()),
        }
    }
}

impl fmt::Debug for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// The releases in which calls first appeared (syscalls(2), HISTORY of each call's man page).
named! {
    V1_0 = (1, 0, 0);
    V2_0 = (2, 0, 0);
    V2_2 = (2, 2, 0);
    V2_4 = (2, 4, 0);
    V2_6 = (2, 6, 0);
    V2_6_6 = (2, 6, 6);
    V2_6_7 = (2, 6, 7);
    V2_6_10 = (2, 6, 10);
    V2_6_11 = (2, 6, 11);
    V2_6_13 = (2, 6, 13);
    V2_6_14 = (2, 6, 14);
    V2_6_16 = (2, 6, 16);
    V2_6_17 = (2, 6, 17);
    V2_6_18 = (2, 6, 18);
    V2_6_19 = (2, 6, 19);
    V2_6_22 = (2, 6, 22);
    V2_6_23 = (2, 6, 23);
    V2_6_25 = (2, 6, 25);
    V2_6_27 = (2, 6, 27);
    V2_6_28 = (2, 6, 28);
    V2_6_30 = (2, 6, 30);
    V2_6_31 = (2, 6, 31);
    V2_6_33 = (2, 6, 33);
    V2_6_36 = (2, 6, 36);
    V2_6_37 = (2, 6, 37);
    V2_6_39 = (2, 6, 39);
    V3_0 = (3, 0, 0);
    V3_2 = (3, 2, 0);
    V3_5 = (3, 5, 0);
    V3_8 = (3, 8, 0);
    V3_14 = (3, 14, 0);
    V3_15 = (3, 15, 0);
    V3_17 = (3, 17, 0);
    V3_18 = (3, 18, 0);
    V3_19 = (3, 19, 0);
    V4_2 = (4, 2, 0);
    V4_3 = (4, 3, 0);
    V4_4 = (4, 4, 0);
    V4_5 = (4, 5, 0);
    V4_6 = (4, 6, 0);
    V4_9 = (4, 9, 0);
    V4_11 = (4, 11, 0);
    V4_18 = (4, 18, 0);
    V5_1 = (5, 1, 0);
    V5_2 = (5, 2, 0);
    V5_3 = (5, 3, 0);
    V5_6 = (5, 6, 0);
    V5_8 = (5, 8, 0);
    V5_9 = (5, 9, 0);
    V5_10 = (5, 10, 0);
    V5_11 = (5, 11, 0);
    V5_12 = (5, 12, 0);
    V5_13 = (5, 13, 0);
    V5_14 = (5, 14, 0);
    V5_15 = (5, 15, 0);
    V5_16 = (5, 16, 0);
    V5_17 = (5, 17, 0);
    V6_5 = (6, 5, 0);
    V6_6 = (6, 6, 0);
    V6_7 = (6, 7, 0);
    V6_8 = (6, 8, 0);
    V6_10 = (6, 10, 0);
    V6_11 = (6, 11, 0);
    V6_13 = (6, 13, 0);
    V6_14 = (6, 14, 0);
    V6_15 = (6, 15, 0);
    V6_17 = (6, 17, 0);
    V6_18 = (6, 18, 0);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::KernelVersion;
    use std::string::ToString;

    #[test]
    fn parses_what_uname_says() {
        assert_eq!(
            KernelVersion::parse("4.14"),
            Some(KernelVersion::new(4, 14, 0))
        );
        assert_eq!(
            KernelVersion::parse("6.18.44-fc"),
            Some(KernelVersion::new(6, 18, 44))
        );
        assert_eq!(
            KernelVersion::parse("6.1-rc3"),
            Some(KernelVersion::new(6, 1, 0))
        );
        assert_eq!(KernelVersion::parse("2.6.32.61"), None);
        for bad in [
            "",
            "6",
            "6.",
            ".1",
            "x.1",
            "6.1.",
            "256.0",
            "6.1.70000",
            "-6.1",
            "6..1",
        ] {
            assert_eq!(KernelVersion::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn orders_and_prints() {
        assert!(KernelVersion::V2_6_39 < KernelVersion::V3_0);
        assert!(KernelVersion::V4_9 < KernelVersion::V4_11);
        assert!(KernelVersion::V6_18.is_after(KernelVersion::V6_17));
        assert!(KernelVersion::NEWEST > KernelVersion::new(99, 0, 0));
        assert_eq!(KernelVersion::new(6, 18, 44).to_string(), "6.18.44");
        assert_eq!(KernelVersion::V5_10.to_string(), "5.10");
    }
}

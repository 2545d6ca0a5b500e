//! Which signals a process ignores and which it catches.

use crate::text::hex;

/// SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGSYS: the brand catches them in every guest process.
const BRAND: u64 = 1 << 3 | 1 << 4 | 1 << 6 | 1 << 10 | 1 << 30;

/// What is known about the dispositions of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dispositions {
    /// The sets as the guest believes them to be.
    Known { ignored: u64, caught: u64 },
    /// Another guest process: the host's sets. Whether it catches the brand's signals itself is
    /// not known; few programs do.
    Guest,
    /// No guest process: the host's sets.
    Host,
}

impl Dispositions {
    /// The set of ignored signals instead of the host's.
    pub(crate) fn ignored(self, host: u64) -> u64 {
        match self {
            Self::Known { ignored, .. } => ignored,
            Self::Guest | Self::Host => host,
        }
    }

    /// The set of caught signals instead of the host's.
    pub(crate) fn caught(self, host: u64) -> u64 {
        match self {
            Self::Known { caught, .. } => caught,
            Self::Guest => host & !BRAND,
            Self::Host => host,
        }
    }

    /// The set in a line of `status`, by its key.
    pub(crate) fn line(self, key: &[u8], value: &[u8]) -> Option<u64> {
        let host = hex(value.trim_ascii())?;
        match key {
            b"SigIgn" => Some(self.ignored(host)),
            b"SigCgt" => Some(self.caught(host)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let known = Dispositions::Known {
            ignored: 1,
            caught: 2,
        };
        assert_eq!((known.ignored(u64::MAX), known.caught(u64::MAX)), (1, 2));
        assert_eq!(Dispositions::Guest.ignored(6), 6);
        assert_eq!(Dispositions::Guest.caught(0x4000_0458), 0);
        assert_eq!(Dispositions::Guest.caught(0x4001_0459), 0x1_0001);
    }

    #[test]
    fn lines() {
        let line = |key: &[u8]| Dispositions::Guest.line(key, b"\t0000000040000459\n");
        assert_eq!(line(b"SigCgt"), Some(1));
        assert_eq!(line(b"SigIgn"), Some(0x4000_0459));
        assert_eq!(line(b"SigBlk"), None);
    }
}

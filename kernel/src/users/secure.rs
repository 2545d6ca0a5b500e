//! Bits that say how capabilities go with users (capabilities(7), "The securebits flags").

/// A thread's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecureBits(pub u32);

impl SecureBits {
    /// Root gets no capabilities by exec.
    pub const NO_ROOT: u32 = 1;
    /// A change of the user changes no capabilities.
    pub const NO_SETUID_FIXUP: u32 = 1 << 2;
    /// They outlive the change from root to somebody else, but no exec.
    pub const KEEP_CAPS: u32 = 1 << 4;
    /// No more ambient ones.
    pub const NO_AMBIENT_RAISE: u32 = 1 << 6;
    /// Behind each bit there is one that locks it.
    const BITS: u32 = 0x55;
    const LOCKS: u32 = Self::BITS << 1;

    /// Whether one is set.
    #[must_use]
    pub const fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// Whether one cannot be changed any more.
    #[must_use]
    pub const fn is_locked(self, bit: u32) -> bool {
        self.has(bit << 1)
    }

    /// Whether somebody with CAP_SETPCAP may change them to `new` (`cap_task_prctl`).
    #[must_use]
    pub const fn allows(self, new: u32) -> bool {
        let locks = self.0 & Self::LOCKS;
        (locks >> 1) & (self.0 ^ new) == 0
            && locks & !new == 0
            && new & !(Self::BITS | Self::LOCKS) == 0
    }

    /// What is left of them after an exec.
    #[must_use]
    pub const fn after_exec(self) -> Self {
        Self(self.0 & !Self::KEEP_CAPS)
    }
}

#[cfg(test)]
mod tests {
    use super::SecureBits;

    #[test]
    fn what_is_locked_stays() {
        let bits = SecureBits(SecureBits::NO_ROOT | SecureBits::NO_ROOT << 1);
        assert!(bits.is_locked(SecureBits::NO_ROOT) && !bits.is_locked(SecureBits::KEEP_CAPS));
        assert!(bits.allows(3) && bits.allows(3 | SecureBits::KEEP_CAPS));
        for other in [0, 1, 2, 3 | 1 << 20] {
            assert!(!bits.allows(other));
        }
    }
}

//! Capabilities of a thread (capabilities(7)).

use super::ids::Ids;
use super::secure::SecureBits;

/// Those that the brand itself asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Give files away.
    Chown = 0,
    /// Whatever a file's permissions say.
    DacOverride = 1,
    /// What only a file's owner may.
    Fowner = 3,
    /// Keep set-id bits.
    Fsetid = 4,
    /// Signal everybody.
    Kill = 5,
    /// Take on any group.
    Setgid = 6,
    /// Take on any user.
    Setuid = 7,
    /// Change the sets.
    Setpcap = 8,
}

/// What a container's root usually has and a zone like this can grant: chown, dac_override, fowner,
/// fsetid, kill, setgid, setuid, setpcap, sys_chroot, audit_write.
const USUAL: u64 = 0x2004_01fb;
/// Those that go with the user that opens files (`CAP_FS_MASK`).
const FILES: u64 = 0x9_0000_001f;

/// The sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What it can do now.
    pub effective: u64,
    /// What it can make effective.
    pub permitted: u64,
    /// What programs with such an attribute get.
    pub inheritable: u64,
    /// What no program can give.
    pub bounding: u64,
    /// What all programs get.
    pub ambient: u64,
}

impl Capabilities {
    /// Of a zone's root.
    pub const ROOT: Self = Self {
        effective: USUAL,
        permitted: USUAL,
        inheritable: 0,
        bounding: USUAL,
        ambient: 0,
    };

    /// Of everybody else.
    pub const NONE: Self = Self {
        effective: 0,
        permitted: 0,
        ..Self::ROOT
    };

    /// Whether one is in effect.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        self.effective >> (capability as u32) & 1 != 0
    }

    /// What becomes of them when the user changes (`cap_emulate_setxuid`).
    pub fn follow(&mut self, old: &Ids, new: &Ids, bits: SecureBits) {
        if bits.has(SecureBits::NO_SETUID_FIXUP) {
            return;
        }
        let root = |ids: &Ids| [ids.real, ids.effective, ids.saved].contains(&0);
        if root(old) && !root(new) {
            if !bits.has(SecureBits::KEEP_CAPS) {
                self.permitted = 0;
                self.effective = 0;
            }
            self.ambient = 0;
        }
        if old.effective == 0 && new.effective != 0 {
            self.effective = 0;
        }
        if old.effective != 0 && new.effective == 0 {
            self.effective = self.permitted;
        }
    }

    /// What becomes of them by setfsuid(2).
    pub fn follow_fs(&mut self, old: u32, new: u32, bits: SecureBits) {
        if bits.has(SecureBits::NO_SETUID_FIXUP) {
            return;
        }
        if old == 0 && new != 0 {
            self.effective &= !FILES;
        }
        if old != 0 && new == 0 {
            self.effective |= self.permitted & FILES;
        }
    }

    /// capset(2): whether a thread with these may have `new`, and then has.
    pub fn set(&mut self, effective: u64, permitted: u64, inheritable: u64) -> bool {
        let wider = if self.has(Capability::Setpcap) {
            self.bounding
        } else {
            self.permitted
        };
        let allowed = inheritable & !(self.inheritable | wider) == 0
            && inheritable & !(self.inheritable | self.bounding) == 0
            && permitted & !self.permitted == 0
            && effective & !permitted == 0;
        if allowed {
            self.effective = effective;
            self.permitted = permitted;
            self.inheritable = inheritable;
            self.ambient &= permitted & inheritable;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, Capability, Ids, SecureBits};

    #[test]
    fn they_go_with_root_and_not_with_half_of_it() {
        let root = Ids::all(0);
        let mut sets = Capabilities::ROOT;
        let half = Ids {
            effective: 5,
            fs: 5,
            ..root
        };
        sets.follow(&root, &half, SecureBits::default());
        assert_eq!(
            (sets.effective, sets.permitted),
            (0, Capabilities::ROOT.permitted)
        );
        sets.follow(&half, &root, SecureBits::default());
        assert!(sets.has(Capability::Setuid));
        sets.follow(&root, &Ids::all(5), SecureBits::default());
        assert_eq!(sets, Capabilities::NONE);
    }

    #[test]
    fn nobody_gives_himself_any() {
        let mut sets = Capabilities::NONE;
        assert!(!sets.set(1, 1, 0) && sets.set(0, 0, 0));
        let mut sets = Capabilities::ROOT;
        assert!(!sets.set(2, 1, 0) && sets.set(1, 1, 1) && !sets.set(3, 3, 0));
    }
}

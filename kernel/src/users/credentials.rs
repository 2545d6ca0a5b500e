//! Who a thread is: changed by calls and by exec, and handed from one brand to the next.

use alloc::vec::Vec;
use core::fmt::Write;

use super::capability::{Capabilities, Capability};
use super::ids::Ids;
use super::owner::Owner;
use super::rights::{EXECUTE, Status, allows};
use super::secure::SecureBits;

const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;

/// Who a thread is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its user.
    pub user: Ids,
    /// Its group.
    pub group: Ids,
    /// Its other groups.
    pub groups: Vec<u32>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// How those go with users.
    pub secure: SecureBits,
    /// `PR_SET_NO_NEW_PRIVS`, by the guest: to the host it is always set.
    pub no_new_privs: bool,
}

/// What the set-id bits of a program ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetId {
    /// The user to be.
    pub user: Option<u32>,
    /// The group to be in.
    pub group: Option<u32>,
}

impl Credentials {
    /// Of a program that begins as this user.
    #[must_use]
    pub fn new(owner: Owner, groups: Vec<u32>) -> Self {
        Self {
            user: Ids::all(owner.uid),
            group: Ids::all(owner.gid),
            groups,
            capabilities: match owner.uid {
                0 => Capabilities::ROOT,
                _ => Capabilities::NONE,
            },
            secure: SecureBits::default(),
            no_new_privs: false,
        }
    }

    /// Whether a capability is in effect.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.has(capability)
    }

    /// Changes the user's ids; the capabilities follow.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn change_user<E>(
        &mut self,
        change: impl FnOnce(&mut Ids) -> Result<(), E>,
    ) -> Result<(), E> {
        let old = self.user;
        change(&mut self.user)?;
        self.capabilities.follow(&old, &self.user, self.secure);
        Ok(())
    }

    /// Whether it is in a group, as far as files are concerned.
    #[must_use]
    pub fn is_in(&self, group: u32) -> bool {
        self.group.fs == group || self.groups.contains(&group)
    }

    /// Whether it may do `wanted` with a file (`generic_permission`).
    #[must_use]
    pub fn may(&self, status: &Status, wanted: u32) -> bool {
        let class = if self.user.fs == status.owner.uid {
            6
        } else if self.is_in(status.owner.gid) {
            3
        } else {
            0
        };
        let directory = status.mode & S_IFMT == S_IFDIR;
        allows(status.mode >> class, wanted)
            || self.has(Capability::DacOverride)
                && (directory || wanted & EXECUTE == 0 || status.mode & 0o111 != 0)
    }

    /// The same for access(2), which is about the real user.
    #[must_use]
    pub fn real(&self) -> Self {
        let mut real = self.clone();
        real.user.fs = self.user.real;
        real.group.fs = self.group.real;
        if self.user.real == 0 {
            real.capabilities.effective = self.capabilities.permitted;
        } else {
            real.capabilities.effective = 0;
        }
        real
    }

    /// Whether it may do what only a file's owner may.
    #[must_use]
    pub fn owns(&self, status: &Status) -> bool {
        self.user.fs == status.owner.uid || self.has(Capability::Fowner)
    }

    /// Who it is after an exec, and whether that is to run with `AT_SECURE`.
    #[must_use]
    pub fn after_exec(&self, set: SetId) -> (Self, bool) {
        let mut new = self.clone();
        new.user.effective = set.user.unwrap_or(self.user.effective);
        new.group.effective = set.group.unwrap_or(self.group.effective);
        for ids in [&mut new.user, &mut new.group] {
            ids.saved = ids.effective;
            ids.fs = ids.effective;
        }
        let changes =
            new.user.effective != self.user.real || new.group.effective != self.group.real;
        let sets = &mut new.capabilities;
        if changes {
            sets.ambient = 0;
        }
        let root = new.user.real == 0 || new.user.effective == 0;
        if root && !self.secure.has(SecureBits::NO_ROOT) {
            sets.permitted = sets.bounding | sets.inheritable;
            sets.effective = if new.user.effective == 0 {
                sets.permitted
            } else {
                0
            };
        } else {
            sets.permitted = sets.ambient;
            sets.effective = sets.ambient;
        }
        new.secure = self.secure.after_exec();
        (new, changes)
    }

    /// Whether whoever looks into a process with these could see what one with `old` could not
    /// (`commit_creds`).
    #[must_use]
    pub fn leaves(&self, old: &Self) -> bool {
        let ids = |who: &Self| [&who.user, &who.group].map(|ids| [ids.effective, ids.fs]);
        let more = self.capabilities.permitted & !old.capabilities.permitted != 0;
        ids(self) != ids(old) || more
    }

    /// Whether a program that begins with these may be looked into by others of its user
    /// (`begin_new_exec`).
    #[must_use]
    pub fn begins_dumpable(&self) -> bool {
        let one = |ids: &Ids| ids.real == ids.effective;
        one(&self.user) && one(&self.group)
    }

    /// As text, for the hand-over.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        struct Text(Vec<u8>);
        impl Write for Text {
            fn write_str(&mut self, text: &str) -> core::fmt::Result {
                self.0.extend_from_slice(text.as_bytes());
                Ok(())
            }
        }
        let mut text = Text(Vec::new());
        for ids in [&self.user, &self.group] {
            for id in [ids.real, ids.effective, ids.saved, ids.fs] {
                let _ = write!(text, "{id:x},");
            }
        }
        let sets = &self.capabilities;
        for set in [
            sets.effective,
            sets.permitted,
            sets.inheritable,
            sets.bounding,
            sets.ambient,
        ] {
            let _ = write!(text, "{set:x},");
        }
        let _ = write!(
            text,
            "{:x},{:x},",
            self.secure.0,
            u8::from(self.no_new_privs)
        );
        for group in &self.groups {
            let _ = write!(text, "{group:x},");
        }
        text.0
    }

    /// Reads such a text.
    #[must_use]
    pub fn decode(text: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(text).ok()?;
        let mut numbers = text
            .split_terminator(',')
            .map(|number| u64::from_str_radix(number, 16).ok());
        let mut id = || u32::try_from(numbers.next()??).ok();
        let mut ids = || {
            Some(Ids {
                real: id()?,
                effective: id()?,
                saved: id()?,
                fs: id()?,
            })
        };
        let (user, group) = (ids()?, ids()?);
        let capabilities = Capabilities {
            effective: numbers.next()??,
            permitted: numbers.next()??,
            inheritable: numbers.next()??,
            bounding: numbers.next()??,
            ambient: numbers.next()??,
        };
        let secure = SecureBits(u32::try_from(numbers.next()??).ok()?);
        let no_new_privs = numbers.next()?? == 1;
        let groups = numbers.map(|number| u32::try_from(number?).ok());
        Some(Self {
            user,
            group,
            groups: groups.collect::<Option<_>>()?,
            capabilities,
            secure,
            no_new_privs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, SetId};
    use crate::users::{EXECUTE, Ids, Owner, READ, Status, WRITE};

    fn user(uid: u32, gid: u32) -> Credentials {
        Credentials::new(Owner { uid, gid }, alloc::vec![7, 8])
    }

    #[test]
    fn the_hand_over_keeps_all() {
        for credentials in [user(0, 0), user(1000, u32::MAX - 1)] {
            assert_eq!(
                Credentials::decode(&credentials.encode()),
                Some(credentials)
            );
        }
        assert_eq!(Credentials::decode(b"1,2"), None);
    }

    #[test]
    fn permissions_are_those_of_one_class() {
        let file = |mode: u32, uid, gid| Status {
            mode: 0o100_000 | mode,
            owner: Owner { uid, gid },
            ours: true,
            host: 0o100_000 | mode,
        };
        let alice = user(1000, 100);
        // The owner's class counts, even where others may more.
        assert!(!alice.may(&file(0o077, 1000, 0), READ));
        assert!(alice.may(&file(0o060, 0, 8), READ | WRITE));
        assert!(alice.may(&file(0o004, 0, 0), READ) && !alice.may(&file(0o004, 0, 0), WRITE));
        let root = user(0, 0);
        assert!(root.may(&file(0, 5, 5), READ | WRITE) && !root.may(&file(0, 5, 5), EXECUTE));
    }

    #[test]
    fn set_id_programs_change_the_effective_user() {
        let (new, secure) = user(1000, 100).after_exec(SetId {
            user: Some(0),
            group: None,
        });
        assert!(
            secure
                && new.user
                    == Ids {
                        real: 1000,
                        ..Ids::all(0)
                    }
        );
        assert!(new.capabilities.effective != 0);
        let (same, secure) = user(1000, 100).after_exec(SetId::default());
        assert!(!secure && same == user(1000, 100));
    }
}

//! The four ids of a thread, and the rules by which calls change them (`kernel/sys.c`). They are the
//! same for users and groups.

use abi::{Errno, SysResult};

/// What stands for "as it is".
pub const UNCHANGED: u32 = u32::MAX;

/// The ids of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Who started it.
    pub real: u32,
    /// Whose rights it has.
    pub effective: u32,
    /// What it may become again.
    pub saved: u32,
    /// Whose files it opens.
    pub fs: u32,
}

impl Ids {
    /// All the same.
    #[must_use]
    pub const fn all(id: u32) -> Self {
        Self {
            real: id,
            effective: id,
            saved: id,
            fs: id,
        }
    }

    fn is_one(&self, id: u32) -> bool {
        [self.real, self.effective, self.saved].contains(&id)
    }

    /// setuid(2), setgid(2).
    ///
    /// # Errors
    /// `EINVAL`, `EPERM`.
    pub fn set(&mut self, id: u32, privileged: bool) -> SysResult<()> {
        if id == UNCHANGED {
            return Err(Errno::EINVAL);
        }
        if privileged {
            *self = Self::all(id);
        } else if id == self.real || id == self.saved {
            self.effective = id;
            self.fs = id;
        } else {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    /// setreuid(2), setregid(2).
    ///
    /// # Errors
    /// `EPERM`.
    pub fn set_two(&mut self, real: u32, effective: u32, privileged: bool) -> SysResult<()> {
        let old = *self;
        if real != UNCHANGED {
            if !privileged && real != old.real && real != old.effective {
                return Err(Errno::EPERM);
            }
            self.real = real;
        }
        if effective != UNCHANGED {
            if !privileged && !old.is_one(effective) {
                *self = old;
                return Err(Errno::EPERM);
            }
            self.effective = effective;
        }
        if real != UNCHANGED || effective != UNCHANGED && effective != old.real {
            self.saved = self.effective;
        }
        self.fs = self.effective;
        Ok(())
    }

    /// setresuid(2), setresgid(2).
    ///
    /// # Errors
    /// `EPERM`.
    pub fn set_three(&mut self, new: [u32; 3], privileged: bool) -> SysResult<()> {
        if !privileged && new.iter().any(|id| *id != UNCHANGED && !self.is_one(*id)) {
            return Err(Errno::EPERM);
        }
        let [real, effective, saved] = new;
        for (to, id) in [
            (&mut self.real, real),
            (&mut self.effective, effective),
            (&mut self.saved, saved),
        ] {
            if id != UNCHANGED {
                *to = id;
            }
        }
        self.fs = self.effective;
        Ok(())
    }

    /// setfsuid(2), setfsgid(2): gives the old one, whatever comes of it.
    pub fn set_fs(&mut self, id: u32, privileged: bool) -> u32 {
        let old = self.fs;
        if id != UNCHANGED && (privileged || self.is_one(id) || id == old) {
            self.fs = id;
        }
        old
    }
}

#[cfg(test)]
mod tests {
    use super::{Ids, UNCHANGED};
    use abi::Errno;

    const MIXED: Ids = Ids {
        real: 1,
        effective: 2,
        saved: 3,
        fs: 2,
    };

    #[test]
    fn without_privilege_only_what_one_is_already() {
        let mut ids = MIXED;
        assert_eq!(ids.set(9, false), Err(Errno::EPERM));
        assert_eq!(ids.set(2, false), Err(Errno::EPERM));
        assert_eq!(ids.set(3, false), Ok(()));
        assert_eq!((ids.effective, ids.fs, ids.saved), (3, 3, 3));
        assert_eq!(ids.set(UNCHANGED, true), Err(Errno::EINVAL));
    }

    #[test]
    fn two_at_once() {
        let mut ids = MIXED;
        // A real id must be the real or effective one.
        assert_eq!(ids.set_two(3, UNCHANGED, false), Err(Errno::EPERM));
        assert_eq!(ids.set_two(2, 9, false), Err(Errno::EPERM));
        assert_eq!(ids, MIXED);
        assert_eq!(ids.set_two(UNCHANGED, 1, false), Ok(()));
        assert_eq!((ids.effective, ids.saved), (1, 3));
        let mut ids = MIXED;
        assert_eq!(ids.set_two(2, 3, false), Ok(()));
        assert_eq!((ids.real, ids.effective, ids.saved), (2, 3, 3));
    }

    #[test]
    fn three_at_once() {
        let mut ids = MIXED;
        assert_eq!(ids.set_three([3, 3, 9], false), Err(Errno::EPERM));
        assert_eq!(ids.set_three([3, UNCHANGED, 1], false), Ok(()));
        assert_eq!((ids.real, ids.effective, ids.saved), (3, 2, 1));
        assert_eq!(ids.set_fs(9, false), 2);
        assert_eq!(ids.set_fs(1, false), 2);
        assert_eq!(ids.fs, 1);
    }
}

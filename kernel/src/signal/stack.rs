//! The guest's alternate signal stack, sigaltstack(2). The host does not know it: its own handlers
//! run on the brand's.

use abi::signal::{StackT, ss};
use abi::{Errno, SysResult};
use host::frame::Placement;

/// `MINSIGSTKSZ` of x86-64.
const MINSIGSTKSZ: usize = 2048;

/// The alternate stack of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AltStack {
    sp: usize,
    size: usize,
    flags: u32,
}

impl AltStack {
    /// None (`sas_ss_reset`).
    pub const NONE: Self = Self {
        sp: 0,
        size: 0,
        flags: ss::DISABLE,
    };

    /// Whether a stack pointer is on it (`__on_sig_stack`).
    fn holds(&self, sp: usize) -> bool {
        sp > self.sp && sp - self.sp <= self.size
    }

    /// Whether code with that stack pointer runs on it (`on_sig_stack`).
    fn runs(&self, sp: usize) -> bool {
        self.flags & ss::AUTODISARM == 0 && self.holds(sp)
    }

    /// What sigaltstack says of the current one.
    #[must_use]
    pub fn describe(&self, sp: usize) -> StackT {
        let state = if self.size == 0 {
            ss::DISABLE
        } else if self.runs(sp) {
            ss::ONSTACK
        } else {
            0
        };
        let flags = state | (self.flags & ss::AUTODISARM);
        StackT {
            sp: self.sp,
            flags,
            pad: 0,
            size: self.size,
        }
    }

    /// Sets another one (`do_sigaltstack`).
    ///
    /// # Errors
    /// `EPERM` while it is in use, `EINVAL` for unknown flags, `ENOMEM` when it is too small.
    pub fn set(&mut self, new: &StackT, sp: usize) -> SysResult<()> {
        if self.runs(sp) {
            return Err(Errno::EPERM);
        }
        let mode = new.flags & !ss::AUTODISARM;
        if !matches!(mode, 0 | ss::ONSTACK | ss::DISABLE) {
            return Err(Errno::EINVAL);
        }
        let changed = Self {
            sp: new.sp,
            size: new.size,
            flags: new.flags,
        };
        if *self == changed {
            return Ok(());
        }
        if mode == ss::DISABLE {
            *self = Self {
                sp: 0,
                size: 0,
                flags: new.flags,
            };
        } else if new.size < MINSIGSTKSZ {
            return Err(Errno::ENOMEM);
        } else {
            *self = changed;
        }
        Ok(())
    }

    /// Restores what a frame says; a frame that says nonsense changes nothing.
    pub fn restore(&mut self, saved: &StackT, sp: usize) {
        let _ = self.set(saved, sp);
    }

    /// Where the frame of a handler goes; `on_stack` is SA_ONSTACK (`get_sigframe`).
    #[must_use]
    pub fn place(&self, sp: usize, on_stack: bool) -> Placement {
        let nested = self.runs(sp);
        let entering = on_stack && self.size != 0 && !nested;
        let uc_stack = StackT {
            sp: self.sp,
            flags: self.flags,
            pad: 0,
            size: self.size,
        };
        let within = (nested || entering).then_some((self.sp, self.size));
        Placement {
            within,
            entering,
            uc_stack,
        }
    }

    /// Forgets the stack if it asked for that when a handler starts.
    pub fn disarm(&mut self) {
        if self.flags & ss::AUTODISARM != 0 {
            *self = Self::NONE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(flags: u32) -> StackT {
        StackT {
            sp: 0x1000,
            flags,
            pad: 0,
            size: 0x2000,
        }
    }

    #[test]
    fn set_and_describe() {
        let mut alt = AltStack::NONE;
        assert_eq!(alt.describe(0x1800).flags, ss::DISABLE);
        alt.set(&stack(0), 0x9000).unwrap();
        assert_eq!(alt.describe(0x9000).flags, 0);
        assert_eq!(alt.describe(0x1800).flags, ss::ONSTACK);
        assert_eq!(alt.set(&stack(0), 0x1800), Err(Errno::EPERM));
        assert_eq!(alt.set(&stack(4), 0x9000), Err(Errno::EINVAL));
        let small = StackT {
            size: 100,
            sp: 1,
            ..stack(0)
        };
        assert_eq!(alt.set(&small, 0x9000), Err(Errno::ENOMEM));
        alt.set(&stack(ss::DISABLE), 0x9000).unwrap();
        assert_eq!(
            alt.describe(0x1800),
            StackT {
                flags: ss::DISABLE,
                ..StackT::default()
            }
        );
    }

    #[test]
    fn places() {
        let mut alt = AltStack::NONE;
        assert_eq!(alt.place(0x1800, true).within, None);
        alt.set(&stack(0), 0x9000).unwrap();
        let entering = alt.place(0x9000, true);
        assert!(entering.entering && entering.within == Some((0x1000, 0x2000)));
        assert!(!alt.place(0x1800, true).entering);
        assert_eq!(alt.place(0x9000, false).within, None);
        alt.set(&stack(ss::AUTODISARM), 0x9000).unwrap();
        assert!(alt.place(0x1800, true).entering);
        alt.disarm();
        assert_eq!(alt, AltStack::NONE);
    }
}

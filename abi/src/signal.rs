//! Signals: sets, actions, siginfo and the frame of a handler
//! (signal(7), sigaction(2), `arch/x86/include/uapi/asm/sigcontext.h`).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A signal number, 1..=64 ([`SIGRTMAX`]).
pub type SignalNumber = u8;

/// The highest signal number (`_NSIG`).
pub const SIGRTMAX: SignalNumber = 64;

macro_rules! signals {
    ($($name:ident = $number:literal;)*) => {
        $(#[doc = concat!("`", stringify!($name), "`, signal(7).")] pub const $name: SignalNumber = $number;)*
    };
}
signals! {
    SIGHUP = 1; SIGINT = 2; SIGQUIT = 3; SIGILL = 4; SIGTRAP = 5; SIGABRT = 6; SIGBUS = 7;
    SIGFPE = 8; SIGKILL = 9; SIGUSR1 = 10; SIGSEGV = 11; SIGUSR2 = 12; SIGPIPE = 13;
    SIGALRM = 14; SIGTERM = 15; SIGSTKFLT = 16; SIGCHLD = 17; SIGCONT = 18; SIGSTOP = 19;
    SIGTSTP = 20; SIGTTIN = 21; SIGTTOU = 22; SIGURG = 23; SIGXCPU = 24; SIGXFSZ = 25;
    SIGVTALRM = 26; SIGPROF = 27; SIGWINCH = 28; SIGIO = 29; SIGPWR = 30; SIGSYS = 31;
}

/// A set of signals: bit `n - 1` stands for signal `n` (`sigset_t` of the kernel).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct SigSet(pub u64);

impl SigSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);
    /// Every signal.
    pub const ALL: Self = Self(!0);
    /// The two that can neither be blocked nor handled.
    pub const UNBLOCKABLE: Self = Self::of(&[SIGKILL, SIGSTOP]);
    /// Those that the brand itself needs, so that the host never blocks or ignores them.
    pub const PROTECTED: Self = Self::of(&[SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGSYS]);

    /// The set of those signals.
    #[must_use]
    pub const fn of(signals: &[SignalNumber]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < signals.len() {
            bits |= 1 << (signals[i] - 1);
            i += 1;
        }
        Self(bits)
    }

    /// Whether `signal` (1..=64) is in the set.
    #[must_use]
    pub const fn contains(self, signal: SignalNumber) -> bool {
        self.0 >> (signal - 1) & 1 != 0
    }

    /// Both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// This set without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The lowest signal of the set.
    #[must_use]
    pub fn first(self) -> Option<SignalNumber> {
        u8::try_from(self.0.trailing_zeros())
            .ok()
            .filter(|&bit| bit < 64)
            .map(|bit| bit + 1)
    }
}

/// Flags of `struct sigaction`, sigaction(2).
pub mod sa {
    #![allow(missing_docs, reason = "sigaction(2) documents each by its name")]
    pub const NOCLDSTOP: u64 = 1;
    pub const NOCLDWAIT: u64 = 2;
    pub const SIGINFO: u64 = 4;
    pub const UNSUPPORTED: u64 = 0x400;
    pub const EXPOSE_TAGBITS: u64 = 0x800;
    pub const RESTORER: u64 = 0x0400_0000;
    pub const ONSTACK: u64 = 0x0800_0000;
    pub const RESTART: u64 = 0x1000_0000;
    pub const NODEFER: u64 = 0x4000_0000;
    pub const RESETHAND: u64 = 0x8000_0000;
    /// Those that the kernel knows on x86-64; others read back as zero (Linux 5.11).
    pub const KNOWN: u64 = NOCLDSTOP
        | NOCLDWAIT
        | SIGINFO
        | EXPOSE_TAGBITS
        | RESTORER
        | ONSTACK
        | RESTART
        | NODEFER
        | RESETHAND;
}

/// `struct sigaction` of the kernel.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct SigAction {
    /// [`SIG_DFL`], [`SIG_IGN`] or the address of the handler.
    pub handler: usize,
    /// `SA_*`.
    pub flags: u64,
    /// Where the handler returns to.
    pub restorer: usize,
    /// What is blocked while the handler runs.
    pub mask: SigSet,
}

/// The default action.
pub const SIG_DFL: usize = 0;
/// Ignore the signal.
pub const SIG_IGN: usize = 1;

/// `siginfo_t`: 128 bytes; what follows the three first fields depends on `si_code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct SigInfo {
    /// The signal.
    pub signo: i32,
    /// An error number, or 0.
    pub errno: i32,
    /// Who sent it and why: `SI_*`, `SEGV_*`, ...
    pub code: i32,
    /// Padding of the 64-bit form.
    pub pad: i32,
    /// The fields that depend on `code`.
    pub fields: [u64; 14],
}

impl SigInfo {
    /// One that says nothing.
    pub const ZERO: Self = Self {
        signo: 0,
        errno: 0,
        code: 0,
        pad: 0,
        fields: [0; 14],
    };

    /// The signal's number; 0 when it is none.
    #[must_use]
    pub fn signal(&self) -> SignalNumber {
        u8::try_from(self.signo)
            .ok()
            .filter(|&n| n <= SIGRTMAX)
            .unwrap_or(0)
    }

    /// Whether it was sent to a thread, not to a process, as far as `si_code` tells: by tkill(2) or
    /// tgkill(2), or by a fault. (rt_tgsigqueueinfo(2) leaves the code to its caller.)
    #[must_use]
    pub fn is_for_thread(&self) -> bool {
        self.code == si::TKILL || self.code > 0
    }
}

/// Values of `si_code`.
pub mod si {
    #![allow(missing_docs, reason = "sigaction(2) documents each by its name")]
    pub const USER: i32 = 0;
    pub const TKILL: i32 = -6;
    pub const KERNEL: i32 = 0x80;
    pub const SYS_SECCOMP: i32 = 1;
    pub const SYS_USER_DISPATCH: i32 = 2;
}

/// `stack_t`, sigaltstack(2).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct StackT {
    /// The lowest address.
    pub sp: usize,
    /// `SS_*`.
    pub flags: u32,
    /// Padding.
    pub pad: u32,
    /// Bytes.
    pub size: usize,
}

/// Flags of [`StackT`].
pub mod ss {
    #![allow(missing_docs, reason = "sigaltstack(2) documents each by its name")]
    pub const ONSTACK: u32 = 1;
    pub const DISABLE: u32 = 2;
    pub const AUTODISARM: u32 = 1 << 31;
}

/// The general registers in the order of `struct sigcontext_64`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
#[allow(missing_docs, reason = "registers of the machine")]
pub struct Regs {
    pub r8: usize,
    pub r9: usize,
    pub r10: usize,
    pub r11: usize,
    pub r12: usize,
    pub r13: usize,
    pub r14: usize,
    pub r15: usize,
    pub rdi: usize,
    pub rsi: usize,
    pub rbp: usize,
    pub rbx: usize,
    pub rdx: usize,
    pub rax: usize,
    pub rcx: usize,
    pub rsp: usize,
    pub rip: usize,
    pub rflags: usize,
}

impl Regs {
    /// The six argument registers of a call.
    #[must_use]
    pub const fn args(&self) -> [usize; 6] {
        [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9]
    }
}

/// `struct sigcontext_64`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SigContext {
    /// The general registers.
    pub regs: Regs,
    /// cs, gs, fs, ss.
    pub segments: [u16; 4],
    /// The error code of the fault, if one caused the signal.
    pub err: u64,
    /// The number of the fault.
    pub trapno: u64,
    /// The low part of the mask, of old.
    pub oldmask: u64,
    /// The address that faulted.
    pub cr2: u64,
    /// Where the extended state lies; 0 for none.
    pub fpstate: usize,
    /// Reserved.
    pub reserved: [u64; 8],
}

/// `struct ucontext`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct UContext {
    /// `UC_*`.
    pub flags: u64,
    /// Unused.
    pub link: usize,
    /// The alternate stack to restore.
    pub stack: StackT,
    /// The registers.
    pub mcontext: SigContext,
    /// The mask to restore.
    pub sigmask: SigSet,
}

/// `UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS`: what the kernel sets on x86-64.
pub const UC_FLAGS: u64 = 1 | 2 | 4;

/// `struct rt_sigframe`: what lies at a handler's stack pointer.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SigFrame {
    /// The handler's return address: `sa_restorer`.
    pub pretcode: usize,
    /// What rt_sigreturn(2) restores.
    pub uc: UContext,
    /// The second argument of the handler.
    pub info: SigInfo,
}

/// `struct _fpx_sw_bytes`: bytes 464..512 of the legacy area of the extended state.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FpxSwBytes {
    /// `FP_XSTATE_MAGIC1`.
    pub magic1: u32,
    /// Bytes of the state with `FP_XSTATE_MAGIC2` behind it.
    pub extended_size: u32,
    /// The components that are saved.
    pub xfeatures: u64,
    /// Bytes of the state.
    pub xstate_size: u32,
    /// Reserved.
    pub padding: [u32; 7],
}

/// Offset of [`FpxSwBytes`] in the extended state.
pub const FPX_SW_OFFSET: usize = 464;
/// `FP_XSTATE_MAGIC1`.
pub const FP_XSTATE_MAGIC1: u32 = 0x4650_5853;
/// `FP_XSTATE_MAGIC2`.
pub const FP_XSTATE_MAGIC2: u32 = 0x4650_5845;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_the_kernels() {
        assert_eq!(size_of::<SigContext>(), 256);
        assert_eq!(size_of::<UContext>(), 304);
        assert_eq!(size_of::<SigInfo>(), 128);
        assert_eq!(size_of::<SigFrame>(), 440);
        assert_eq!(size_of::<FpxSwBytes>(), 48);
    }

    #[test]
    fn sets() {
        let set = SigSet::of(&[SIGSEGV, SIGRTMAX]);
        assert!(set.contains(SIGSEGV) && set.contains(SIGRTMAX) && !set.contains(SIGHUP));
        assert_eq!(set.first(), Some(SIGSEGV));
        assert_eq!(SigSet::EMPTY.first(), None);
    }
}

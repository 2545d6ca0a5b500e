//! The types of call arguments. Each converts from one raw register exactly as the kernel does it:
//! an `int` takes the low 32 bits, a `long` or a pointer all 64.

use crate::{RawArg, UserCStr, UserPtr};
use bitflags::bitflags;

/// What an argument means; enough to print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// A descriptor that must be open.
    Fd,
    /// A directory descriptor or `AT_FDCWD`.
    DirFd,
    /// The number of a descriptor that is to be made.
    NewFd,
    /// A path.
    Path,
    /// A string that is no path.
    Str,
    /// A guest address.
    Ptr,
    /// A length or count in `size_t`.
    Size,
    /// An offset in a file.
    Offset,
    /// A process or thread number.
    Pid,
    /// A signal number.
    Signal,
    /// Permission bits, printed in octal.
    Mode,
    /// Flags of `open(2)`.
    OpenFlags,
    /// `AT_*` flags.
    AtFlags,
    /// `PROT_*` flags.
    Prot,
    /// `MAP_*` flags.
    MapFlags,
    /// Some other flag set, printed in hexadecimal.
    Flags,
    /// A user number.
    Uid,
    /// A group number.
    Gid,
    /// A clock.
    Clock,
    /// A C `int`.
    Int,
    /// A C `unsigned int`.
    Uint,
    /// A C `long`.
    Long,
    /// A C `unsigned long`.
    Ulong,
}

impl ArgKind {
    /// Whether the argument is the number of a descriptor, open or to be made, so that it must
    /// not be one of the brand's.
    #[must_use]
    pub const fn is_descriptor(self) -> bool {
        matches!(self, Self::Fd | Self::DirFd)
    }
}

/// A type that a row of the dispatch table may give an argument.
pub trait Arg: From<RawArg> {
    /// What the argument means.
    const KIND: ArgKind;
}

impl RawArg {
    /// The low 32 bits, as an `unsigned int` argument takes them.
    #[must_use]
    pub const fn low_u32(self) -> u32 {
        let [a, b, c, d, ..] = self.0.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The low 32 bits, as an `int` argument takes them.
    #[must_use]
    pub const fn low_i32(self) -> i32 {
        self.low_u32().cast_signed()
    }

    /// All 64 bits, as a `long` argument takes them.
    #[must_use]
    pub const fn as_i64(self) -> i64 {
        i64::from_le_bytes(self.0.to_le_bytes())
    }
}

macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident($repr:ty) = $convert:ident, $kind:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name(pub $repr);

            impl From<RawArg> for $name {
                fn from(raw: RawArg) -> Self {
                    Self(arguments!(@$convert raw))
                }
            }

            impl Arg for $name {
                const KIND: ArgKind = ArgKind::$kind;
            }

            impl $name {
                /// The register that carries this value to the host.
                #[must_use]
                pub const fn raw(self) -> usize {
                    arguments!(@raw_of $convert self.0)
                }
            }
        )*
    };
    (@i32 $raw:ident) => { $raw.low_i32() };
    (@u32 $raw:ident) => { $raw.low_u32() };
    (@i64 $raw:ident) => { $raw.as_i64() };
    (@usize $raw:ident) => { $raw.0 };
    (@raw_of i32 $value:expr) => { usize::from_le_bytes(($value as i64).to_le_bytes()) };
    (@raw_of u32 $value:expr) => { $value as usize };
    (@raw_of i64 $value:expr) => { usize::from_le_bytes($value.to_le_bytes()) };
    (@raw_of usize $value:expr) => { $value };
}

arguments! {
    /// A descriptor that must be open.
    Fd(i32) = i32, Fd;
    /// A directory descriptor, or [`DirFd::CWD`].
    DirFd(i32) = i32, DirFd;
    /// The number of a descriptor that the call is to make (dup2, dup3).
    NewFd(i32) = i32, NewFd;
    /// A string that is no path.
    Str(usize) = usize, Str;
    /// A guest address that is passed on unread.
    Ptr(usize) = usize, Ptr;
    /// A length or count.
    Size(usize) = usize, Size;
    /// An offset in a file.
    Offset(i64) = i64, Offset;
    /// A process or thread number.
    Pid(i32) = i32, Pid;
    /// A signal number.
    Signal(i32) = i32, Signal;
    /// Permission bits and file type (`umode_t` or `mode_t`).
    Mode(u32) = u32, Mode;
    /// A user number.
    Uid(u32) = u32, Uid;
    /// A group number.
    Gid(u32) = u32, Gid;
    /// A clock (`clockid_t`).
    Clock(i32) = i32, Clock;
    /// `PROT_*` flags.
    Prot(usize) = usize, Prot;
    /// `MAP_*` flags.
    MapFlags(usize) = usize, MapFlags;
    /// A flag set of 32 bits that no handler looks into by name.
    Flags(u32) = u32, Flags;
    /// A flag set of 64 bits that no handler looks into by name.
    LongFlags(usize) = usize, Flags;
    /// A C `int`.
    Int(i32) = i32, Int;
    /// A C `unsigned int`.
    Uint(u32) = u32, Uint;
    /// A C `long`.
    Long(i64) = i64, Long;
    /// A C `unsigned long`.
    Ulong(usize) = usize, Ulong;
}

impl DirFd {
    /// `AT_FDCWD`: paths are relative to the working directory.
    pub const CWD: Self = Self(-100);
}

/// A path argument.
pub type Path = UserCStr;

impl Arg for UserCStr {
    const KIND: ArgKind = ArgKind::Path;
}

impl<T> Arg for UserPtr<T> {
    const KIND: ArgKind = ArgKind::Ptr;
}

bitflags! {
    /// Flags of open(2) (`include/uapi/asm-generic/fcntl.h`). Unknown bits are kept: the kernel
    /// ignores them in `open` and `openat`, and refuses them in `openat2`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OpenFlags: u32 {
        /// Write only; read only is 0.
        const WRONLY = 0o1;
        /// Read and write.
        const RDWR = 0o2;
        /// Make the file if there is none.
        const CREAT = 0o100;
        /// Fail if there is one.
        const EXCL = 0o200;
        /// Do not become the controlling terminal.
        const NOCTTY = 0o400;
        /// Cut to length 0.
        const TRUNC = 0o1000;
        /// Every write goes to the end.
        const APPEND = 0o2000;
        /// Do not wait.
        const NONBLOCK = 0o4000;
        /// Writes wait for the data to be stored.
        const DSYNC = 0o10000;
        /// Signal on readiness.
        const ASYNC = 0o20000;
        /// Bypass the page cache.
        const DIRECT = 0o40000;
        /// No meaning on 64-bit kernels.
        const LARGEFILE = 0o100_000;
        /// Must be a directory.
        const DIRECTORY = 0o200_000;
        /// Do not follow a symbolic link at the end.
        const NOFOLLOW = 0o400_000;
        /// Do not update the access time.
        const NOATIME = 0o1_000_000;
        /// Close on exec.
        const CLOEXEC = 0o2_000_000;
        /// `O_SYNC` without [`OpenFlags::DSYNC`], which it includes.
        const SYNC_ONLY = 0o4_000_000;
        /// A handle on the path only.
        const PATH = 0o10_000_000;
        /// `O_TMPFILE` without [`OpenFlags::DIRECTORY`], which it includes.
        const TMPFILE_ONLY = 0o20_000_000;
        const _ = !0;
    }

    /// `AT_*` flags of the `*at` calls (`include/uapi/linux/fcntl.h`). Unknown bits are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AtFlags: u32 {
        /// Do not follow a symbolic link at the end.
        const SYMLINK_NOFOLLOW = 0x100;
        /// `AT_REMOVEDIR` of unlinkat, `AT_EACCESS` of faccessat2.
        const REMOVEDIR_OR_EACCESS = 0x200;
        /// Follow a symbolic link at the end.
        const SYMLINK_FOLLOW = 0x400;
        /// Do not mount what an automount point stands for.
        const NO_AUTOMOUNT = 0x800;
        /// An empty path means the descriptor itself.
        const EMPTY_PATH = 0x1000;
        const _ = !0;
    }
}

macro_rules! flag_arguments {
    ($($name:ident, $kind:ident;)*) => {
        $(
            impl From<RawArg> for $name {
                fn from(raw: RawArg) -> Self {
                    Self::from_bits_retain(raw.low_u32())
                }
            }

            impl Arg for $name {
                const KIND: ArgKind = ArgKind::$kind;
            }

            impl $name {
                /// The register that carries this value to the host.
                #[must_use]
                pub const fn raw(self) -> usize {
                    self.bits() as usize
                }
            }
        )*
    };
}

flag_arguments! {
    OpenFlags, OpenFlags;
    AtFlags, AtFlags;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_truncated_as_the_kernel_does() {
        assert_eq!(Fd::from(RawArg(0xffff_ffff_0000_0003)), Fd(3));
        assert_eq!(DirFd::from(RawArg(0x1_ffff_ff9c)), DirFd::CWD);
        assert_eq!(Mode::from(RawArg(usize::MAX)).0, u32::MAX);
        assert_eq!(Long::from(RawArg(usize::MAX)), Long(-1));
        assert_eq!(
            OpenFlags::from(RawArg(0xdead_0000_0008_0000)),
            OpenFlags::CLOEXEC
        );
    }

    #[test]
    fn registers_come_back_sign_extended() {
        assert_eq!(DirFd::CWD.raw(), 100usize.wrapping_neg());
        assert_eq!(Mode(u32::MAX).raw(), 0xffff_ffff);
        assert_eq!(Offset(-1).raw(), usize::MAX);
        assert_eq!(OpenFlags::CREAT.raw(), 0o100);
    }

    #[test]
    fn unknown_bits_are_kept() {
        assert_eq!(OpenFlags::from(RawArg(0x8000_0000)).raw(), 0x8000_0000);
        assert_eq!(AtFlags::from(RawArg(0x8000)).raw(), 0x8000);
    }

    #[test]
    fn descriptors_are_told_from_other_numbers() {
        assert!(Fd::KIND.is_descriptor() && DirFd::KIND.is_descriptor());
        assert!(!NewFd::KIND.is_descriptor() && !Int::KIND.is_descriptor());
    }
}

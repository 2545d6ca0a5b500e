//! What stat(2), statx(2) and uname(2) fill.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `struct stat` of x86-64 (`arch/x86/include/uapi/asm/stat.h`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Stat {
    /// The device that the file lies on.
    pub st_dev: u64,
    /// The file's number there.
    pub st_ino: u64,
    /// How many names it has.
    pub st_nlink: u64,
    /// Type and permissions.
    pub st_mode: u32,
    /// Owner.
    pub st_uid: u32,
    /// Group.
    pub st_gid: u32,
    /// Always 0.
    pub pad: u32,
    /// The device that a device file stands for.
    pub st_rdev: u64,
    /// Bytes; what it counts in a directory is up to the file system.
    pub st_size: i64,
    /// The preferred size of reads and writes.
    pub st_blksize: i64,
    /// Units of 512 bytes in use.
    pub st_blocks: i64,
    /// Seconds and nanoseconds of the last access, change of content, and change of status.
    pub st_times: [i64; 6],
    /// Always 0.
    pub unused: [i64; 3],
}

/// `struct statx` (`include/uapi/linux/stat.h`), by the fields that the brand looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Statx {
    /// `stx_mask` to `stx_ino`.
    pub head: [u64; 5],
    /// Bytes.
    pub stx_size: u64,
    /// `stx_blocks` and what follows.
    pub tail: [u64; 26],
}

/// `struct new_utsname` (`include/uapi/linux/utsname.h`): six strings, each with its NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct UtsName {
    /// `Linux`.
    pub sysname: [u8; 65],
    /// The host's name.
    pub nodename: [u8; 65],
    /// The kernel's version with what its builder added.
    pub release: [u8; 65],
    /// When and how the kernel was built.
    pub version: [u8; 65],
    /// `x86_64`.
    pub machine: [u8; 65],
    /// The NIS domain.
    pub domainname: [u8; 65],
}

const _: () = assert!(size_of::<Stat>() == 144);
const _: () = assert!(size_of::<Statx>() == 256);
const _: () = assert!(size_of::<UtsName>() == 390);

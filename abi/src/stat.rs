//! What stat(2), statx(2), statfs(2), uname(2) and sysinfo(2) fill.

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

/// `struct statx` (`include/uapi/linux/stat.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Statx {
    /// Which fields are filled.
    pub stx_mask: u32,
    /// The preferred size of reads and writes.
    pub stx_blksize: u32,
    /// `STATX_ATTR_*`.
    pub stx_attributes: u64,
    /// How many names it has.
    pub stx_nlink: u32,
    /// Owner.
    pub stx_uid: u32,
    /// Group.
    pub stx_gid: u32,
    /// Type and permissions.
    pub stx_mode: u16,
    /// Always 0.
    pub pad: u16,
    /// The file's number on its device.
    pub stx_ino: u64,
    /// Bytes.
    pub stx_size: u64,
    /// Units of 512 bytes in use.
    pub stx_blocks: u64,
    /// Which attributes the file system knows.
    pub stx_attributes_mask: u64,
    /// Last access, birth, change of status, and change of content.
    pub stx_times: [StatxTime; 4],
    /// The device that a device file stands for: its major and minor number.
    pub stx_rdev: [u32; 2],
    /// The device that the file lies on.
    pub stx_dev: [u32; 2],
    /// The mount, and what younger kernels say.
    pub tail: [u64; 14],
}

/// `struct statx_timestamp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct StatxTime {
    /// Seconds since 1970.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanoseconds: u32,
    /// Always 0.
    pub pad: u32,
}

/// Major and minor number as one, as `st_dev` has it (`new_encode_dev` of the kernel).
#[must_use]
pub fn device([major, minor]: [u32; 2]) -> u64 {
    let (major, minor) = (u64::from(major), u64::from(minor));
    minor & 0xff | (major & 0xfff) << 8 | (minor & !0xff) << 12
}

/// `S_IFMT`: the type among the bits of a mode (inode(7)).
pub const TYPE: u32 = 0o170_000;
/// `S_IFSOCK`.
pub const SOCKET: u32 = 0o140_000;
/// `S_IFREG`.
pub const REGULAR: u32 = 0o100_000;
/// `S_IFDIR`.
pub const DIRECTORY: u32 = 0o040_000;

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

/// `struct statfs` of x86-64 (`include/uapi/asm-generic/statfs.h`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct StatFs {
    /// The magic number of the type (`include/uapi/linux/magic.h`).
    pub f_type: u64,
    /// The preferred size of reads and writes.
    pub f_bsize: u64,
    /// How many blocks there are, how many are free, and free for everybody.
    pub f_blocks: [u64; 3],
    /// How many files there can be, and how many more.
    pub f_files: [u64; 2],
    /// Tells it from others.
    pub f_fsid: u64,
    /// The longest name.
    pub f_namelen: u64,
    /// The size of a block.
    pub f_frsize: u64,
    /// `ST_*`.
    pub f_flags: u64,
    /// Always 0.
    pub f_spare: [u64; 4],
}

/// `struct sysinfo` of x86-64 (`include/uapi/linux/sysinfo.h`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct SysInfo {
    /// Seconds since the system began.
    pub uptime: u64,
    /// Load averages over 1, 5 and 15 minutes, in 1/65536.
    pub loads: [u64; 3],
    /// Memory, in units.
    pub totalram: u64,
    /// Of that, what is free.
    pub freeram: u64,
    /// What is shared.
    pub sharedram: u64,
    /// What buffers hold.
    pub bufferram: u64,
    /// Swap, in units.
    pub totalswap: u64,
    /// Of that, what is free.
    pub freeswap: u64,
    /// How many tasks there are.
    pub procs: u16,
    /// Always 0.
    pub pad: [u16; 3],
    /// Memory that the kernel cannot reach at once.
    pub totalhigh: u64,
    /// Of that, what is free.
    pub freehigh: u64,
    /// Bytes in a unit.
    pub mem_unit: u32,
    /// Always 0.
    pub pad2: u32,
}

const _: () = assert!(size_of::<StatFs>() == 120);
const _: () = assert!(size_of::<SysInfo>() == 112);
const _: () = assert!(size_of::<Stat>() == 144);
const _: () = assert!(size_of::<Statx>() == 256);
const _: () = assert!(size_of::<UtsName>() == 390);

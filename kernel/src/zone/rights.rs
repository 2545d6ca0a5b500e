//! Programs that the kernel gives rights of their own to: set-id bits and file capabilities
//! (execve(2), capabilities(7)).
//!
//! The host gives them to what it executes, which is the brand's image. So zsched keeps copies of
//! the image that carry the owner, the bits and the capabilities of such a program, in a file
//! system of the zone's that its processes cannot reach by a path nor write to. A brand that is to
//! execute the program asks for the copy ([`copy_of`]) and executes that.
//!
//! Whoever holds a copy can execute it with whatever arguments and descriptors. So a copy has a
//! record of what it is for, and a brand that finds one in its image believes nothing else
//! ([`Record::check`]): the program must be the very file, and as it was; the descriptors that the
//! brand works with must be those of its zone.

use abi::stat::{DIRECTORY, REGULAR, Statx, StatxTime, TYPE};
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::{host_call, record};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use super::protocol::Request;
use crate::exchange::exchange;
use crate::handle::Handle;

/// What stands before a record in the image.
pub const MAGIC: [u64; 4] = record::MAGIC;
/// The source of the mount that the copies lie in.
pub const SOURCE: &str = "lx-copies";
/// What their names begin with.
pub const NAME: &str = "memfd:lx-";
/// The longest `--kernel-version`, in bytes.
pub const LONGEST_VERSION: usize = 64;

/// `AT_EMPTY_PATH`.
const EMPTY_PATH: usize = 0x1000;
/// `STATX_BASIC_STATS | STATX_BTIME`.
const MASK: usize = 0xfff;
/// `STATX_BTIME`.
const BORN: u32 = 0x800;
/// The first of the numbers that programs expect something particular at.
const FIRST_FREE: i32 = 3;

/// What a copy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Record {
    /// 1; 0 in the image itself.
    pub made: u64,
    /// The program.
    pub program: Program,
    /// The brand's image.
    pub image: Born,
    /// zsched's facts.
    pub facts: Born,
    /// The guests' end of the socket to zsched.
    pub socket: Born,
    /// The device of the zone's hidden procfs.
    pub proc: u64,
    /// The length of the kernel version that the zone shows.
    pub version_length: u64,
    /// And its text.
    pub version: [u8; LONGEST_VERSION],
}

const _: () = assert!(size_of::<Record>() == size_of::<[u64; record::WORDS]>());

/// A program as it was when its rights were looked at. Whatever changes them changes the time, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Program {
    /// The device that it lies on.
    pub device: u64,
    /// Its number there.
    pub number: u64,
    /// The time of its last change of status: seconds.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanoseconds: u64,
    /// Type and permissions.
    pub mode: u64,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
}

/// A file in memory, or a socket. The kernel may give its number to another one in time, but not
/// the time at which it came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Born {
    /// The device that it lies on.
    pub device: u64,
    /// Its number there.
    pub number: u64,
    /// When it was made: seconds; 0 where the kernel does not say.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanoseconds: u64,
}

fn device([major, minor]: [u32; 2]) -> u64 {
    u64::from(major) << 32 | u64::from(minor)
}

impl Program {
    /// The one that statx(2) describes.
    #[must_use]
    pub fn of(status: &Statx) -> Self {
        let [_, _, changed, _] = status.stx_times;
        Self {
            device: device(status.stx_dev),
            number: status.stx_ino,
            seconds: changed.seconds,
            nanoseconds: changed.nanoseconds.into(),
            mode: status.stx_mode.into(),
            uid: status.stx_uid.into(),
            gid: status.stx_gid.into(),
        }
    }
}

impl Born {
    /// What statx(2) describes.
    #[must_use]
    pub fn of(status: &Statx) -> Self {
        let never = StatxTime {
            seconds: 0,
            nanoseconds: 0,
            pad: 0,
        };
        let [_, born, ..] = status.stx_times;
        let known = status.stx_mask & BORN != 0;
        let born = if known { born } else { never };
        Self {
            device: device(status.stx_dev),
            number: status.stx_ino,
            seconds: born.seconds,
            nanoseconds: born.nanoseconds.into(),
        }
    }
}

/// The record in this process's image, if that is a copy.
#[must_use]
pub fn record() -> Option<Record> {
    let words = record::words();
    let record = Record::read_from_bytes(words.as_bytes()).ok()?;
    (record.made != 0).then_some(record)
}

impl Record {
    /// One in which nothing stands.
    #[must_use]
    pub fn empty() -> Self {
        Self::new_zeroed()
    }

    /// The kernel version that the zone shows.
    #[must_use]
    pub fn version(&self) -> Option<&[u8]> {
        let length = usize::try_from(self.version_length).ok()?;
        self.version.get(..length).filter(|text| !text.is_empty())
    }

    /// Whether the descriptors in a row from `reserved` on are what the brand keeps in this zone,
    /// and `program` is the program.
    ///
    /// # Errors
    /// `EBADF` and `EACCES` for what is something else; those of statx(2).
    pub fn check(&self, reserved: i32, program: i32) -> SysResult<()> {
        if reserved < FIRST_FREE {
            return Err(Errno::EBADF);
        }
        let born = |fd| status(fd).map(|status| Born::of(&status));
        let proc = status(reserved.checked_add(1).ok_or(Errno::EBADF)?)?;
        let found = [
            born(reserved)? == self.image,
            // Of a file system that guests can neither mount nor write to: its root.
            device(proc.stx_dev) == self.proc && is_root_of_procfs(&proc),
            born(reserved + 2)? == self.facts,
            born(reserved + 3)? == self.socket,
        ];
        if found != [true; 4] {
            return Err(Errno::EBADF);
        }
        if Program::of(&status(program)?) != self.program {
            return Err(Errno::EACCES);
        }
        Ok(())
    }
}

fn is_root_of_procfs(status: &Statx) -> bool {
    /// `PROC_ROOT_INO`.
    const ROOT: u64 = 1;
    u32::from(status.stx_mode) & TYPE == DIRECTORY && status.stx_ino == ROOT
}

fn status(fd: i32) -> SysResult<Statx> {
    let mut status = Statx::new_zeroed();
    let empty = c"".as_ptr().expose_provenance();
    let to = (&raw mut status).expose_provenance();
    host_call!(nr::STATX, int(fd), empty, EMPTY_PATH, MASK, to)?;
    Ok(status)
}

/// Asks zsched for the copy of the image with the rights of the program that `program` is open on.
/// `None` when that has none that count.
///
/// # Errors
/// What zsched says; those of [`exchange`].
pub fn copy_of(program: i32) -> SysResult<Option<Handle>> {
    let (_, copy) = exchange(&Request::Program.encode()?, &[program])?;
    let Some(copy) = copy else {
        return Ok(None);
    };
    // Nobody but zsched makes files there.
    let found = status(copy.raw())?;
    let is_copy = abi::stat::device(found.stx_dev) == super::copies()
        && u32::from(found.stx_mode) & TYPE == REGULAR;
    if is_copy {
        Ok(Some(copy))
    } else {
        Err(Errno::EIO)
    }
}

#[cfg(test)]
mod tests {
    use super::{Born, Program, Record};
    use abi::stat::{Statx, StatxTime};
    use zerocopy::FromZeros;

    fn status() -> Statx {
        let mut status = Statx::new_zeroed();
        status.stx_dev = [8, 3];
        status.stx_ino = 7;
        let time = |seconds| StatxTime {
            seconds,
            nanoseconds: 5,
            pad: 0,
        };
        status.stx_times = [time(1), time(2), time(3), time(4)];
        status
    }

    #[test]
    fn what_makes_a_file_the_same() {
        let mut status = status();
        assert_eq!(Program::of(&status).seconds, 3);
        assert_eq!(Born::of(&status).seconds, 0, "the kernel does not say");
        status.stx_mask = super::BORN;
        let born = Born::of(&status);
        assert_eq!((born.device, born.number), (8 << 32 | 3, 7));
        assert_eq!((born.seconds, born.nanoseconds), (2, 5));
    }

    #[test]
    fn an_image_is_no_copy() {
        assert_eq!(super::record(), None);
        let mut record = Record::empty();
        assert_eq!(record.version(), None);
        record.version[..3].copy_from_slice(b"6.1");
        record.version_length = 3;
        assert_eq!(record.version(), Some(&b"6.1"[..]));
        record.version_length = 65;
        assert_eq!(record.version(), None);
    }

    #[test]
    fn only_what_stands_in_the_record_passes() {
        let record = Record::empty();
        assert!(record.check(0, 0).is_err() && record.check(i32::MAX, 0).is_err());
        assert!(record.check(1000, 1000).is_err());
    }
}

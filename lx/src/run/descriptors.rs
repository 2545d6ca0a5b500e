//! The descriptors that the brand keeps in every guest process.
//!
//! The brand needs its own image, to start it again when the guest executes a program, and the
//! host's `/proc`. Guest descriptors are host descriptors, so these two stand in the same table,
//! are hidden from the guest (EBADF), and must be out of its way:
//!
//! - A guest cannot make descriptors at or above its soft `RLIMIT_NOFILE`. Where the hard limit
//!   leaves room, the two are placed just above the soft one, which lx raises for that moment
//!   only. There no call of the guest can meet them unless it raises its limit.
//! - That holds for soft limits up to 1024. A higher number would cost each fork: the kernel
//!   copies the table up to the highest open descriptor (`dup_fd` in Linux `fs/file.c`). With a
//!   higher limit, or no room above it, the two are placed at the end of the first 1024.
//!
//! They are not close-on-exec, since the host's exec must keep them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The highest soft limit above which the reserved numbers are placed (`INR_OPEN_CUR`).
const USUAL_LIMIT: u64 = 1024;

/// Room that is kept for reserved numbers, so that a few may be in use already.
const ROOM: u64 = 8;

/// The numbers of the reserved descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reserved {
    /// The brand's image.
    pub(super) image: RawFd,
    /// The host's `/proc`, as an `O_PATH` directory.
    pub(super) proc: RawFd,
}

/// Where the reserved descriptors go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placement {
    /// The lowest number.
    first: u64,
    /// The soft limit that must hold while they are made.
    raised: Option<u64>,
}

/// Makes the reserved descriptors.
pub(super) fn reserve(image: BorrowedFd<'_>) -> io::Result<Reserved> {
    let proc = open_proc()?;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let placement = place(soft, hard);
    if let Some(raised) = placement.raised {
        setrlimit(Resource::RLIMIT_NOFILE, raised, hard)?;
    }
    let reserved = duplicate(image, placement.first).and_then(|image| {
        let proc = duplicate(proc.as_fd(), placement.first)?;
        Ok(Reserved { image, proc })
    });
    if placement.raised.is_some() {
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard)?;
    }
    reserved
}

fn place(soft: u64, hard: u64) -> Placement {
    match soft.checked_add(ROOM) {
        Some(raised) if soft <= USUAL_LIMIT && raised < hard => Placement {
            first: soft,
            raised: Some(raised),
        },
        _ => Placement {
            first: soft.min(USUAL_LIMIT).saturating_sub(ROOM),
            raised: None,
        },
    }
}

fn open_proc() -> io::Result<File> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open("/proc")
}

/// A copy of `fd` without close-on-exec at the lowest free number from `first` on. It has no
/// owner: it is to outlive this program.
fn duplicate(fd: BorrowedFd<'_>, first: u64) -> io::Result<RawFd> {
    let first = RawFd::try_from(first).map_err(io::Error::other)?;
    let copy = fcntl(fd, FcntlArg::F_DUPFD(first))?;
    debug_assert_ne!(copy, fd.as_raw_fd());
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::{Placement, place};

    #[test]
    fn above_the_soft_limit_where_there_is_room() {
        let above = |soft| Placement {
            first: soft,
            raised: Some(soft + 8),
        };
        assert_eq!(place(1024, 1_048_576), above(1024));
        assert_eq!(place(256, 4096), above(256));
        assert_eq!(place(0, 4096), above(0));
    }

    #[test]
    fn else_at_the_end_of_the_usual_range() {
        let below = |first| Placement {
            first,
            raised: None,
        };
        assert_eq!(place(1024, 1024), below(1016));
        assert_eq!(place(1024, 1032), below(1016));
        assert_eq!(place(20_000, 20_000), below(1016));
        assert_eq!(place(1_048_576, 1_048_576), below(1016));
        assert_eq!(place(64, 64), below(56));
        assert_eq!(place(u64::MAX, u64::MAX), below(1016));
        assert_eq!(place(4, 4), below(0));
    }
}

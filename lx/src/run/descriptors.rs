//! The descriptors that the brand keeps in every guest process.
//!
//! The brand needs its own image, to start it again when the guest executes a program, and the
//! host's `/proc`; in a zone, the facts and the socket of zsched too, for which copies of `/proc`
//! stand outside. Guest descriptors are host descriptors, so these stand in the same table, are
//! hidden from the guest (EBADF), and must be out of its way:
//!
//! - A guest cannot make descriptors at or above its soft `RLIMIT_NOFILE`. Where the hard limit
//!   leaves room, they are placed just above the soft one, which lx raises for that moment
//!   only. There no call of the guest can meet them unless it raises its limit.
//! - That holds for soft limits up to 1024. A higher number would cost each fork: the kernel
//!   copies the table up to the highest open descriptor (`dup_fd` in Linux `fs/file.c`). With a
//!   higher limit, or no room above it, they are placed at the end of the first 1024.
//!
//! They are numbers in a row. None is close-on-exec, since the host's exec must keep them.
//! A guest that asks for one of the numbers by name (dup2) gets it: the brand moves its own.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::close;

/// The highest soft limit above which the reserved numbers are placed (`INR_OPEN_CUR`).
const USUAL_LIMIT: u64 = 1024;

/// What stands behind the image: `/proc`, the facts, the socket; in a zone without namespaces its
/// mount table and what its mounts show.
type Behind<'a> = &'a [BorrowedFd<'a>];

/// By how much the soft limit is raised at most: some numbers above it may be in use, as when lx
/// runs under lx.
const RAISE: u64 = 64;

/// The numbers of the reserved descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reserved {
    /// The brand's image.
    pub(super) image: RawFd,
    /// The host's `/proc`, as an `O_PATH` directory.
    pub(super) proc: RawFd,
    /// How many stand in the row.
    count: usize,
}

impl Reserved {
    /// All of them.
    pub(super) fn numbers(self) -> Vec<RawFd> {
        (self.image..).take(self.count).collect()
    }
}

/// Where the reserved descriptors go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placement {
    /// The lowest number.
    first: u64,
    /// The soft limit that must hold while they are made.
    raised: Option<u64>,
}

/// Makes the reserved descriptors: `image`, and those `behind` it.
pub(super) fn reserve(image: BorrowedFd<'_>, behind: Behind<'_>) -> io::Result<Reserved> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let room = u64::try_from(1 + behind.len()).map_err(io::Error::other)?;
    let placement = place(room, soft, hard);
    if let Some(raised) = placement.raised {
        setrlimit(Resource::RLIMIT_NOFILE, raised, hard)?;
    }
    // What lx inherited may stand in the way at the end of the table; then there is room below.
    let reserved =
        fill(image, behind, placement.first).or_else(|_| fill(image, behind, placement.first / 2));
    if placement.raised.is_some() {
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard)?;
    }
    reserved
}

fn place(room: u64, soft: u64, hard: u64) -> Placement {
    if soft <= USUAL_LIMIT && hard > soft + room {
        let raised = Some(hard.min(soft + room + RAISE));
        return Placement {
            first: soft,
            raised,
        };
    }
    let first = soft.min(USUAL_LIMIT).saturating_sub(room);
    Placement {
        first,
        raised: None,
    }
}

/// The host's `/proc`.
pub(super) fn open_proc() -> io::Result<File> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open("/proc")
}

/// Fills the first free numbers in a row that suffice, from `first` on.
fn fill(image: BorrowedFd<'_>, behind: Behind<'_>, first: u64) -> io::Result<Reserved> {
    let mut start = RawFd::try_from(first).map_err(io::Error::other)?;
    loop {
        start = duplicate(image, start)?;
        let Some(end) = run(behind, start + 1)? else {
            return Ok(Reserved {
                image: start,
                proc: start + 1,
                count: 1 + behind.len(),
            });
        };
        // A number in between is in use: go on behind it.
        close(start)?;
        start = end;
    }
}

/// Makes copies of `fds` at the numbers from `first` on. When one of them is in use, none is made,
/// and the result is the next free number behind it.
fn run(fds: Behind<'_>, first: RawFd) -> io::Result<Option<RawFd>> {
    for (number, &fd) in (first..).zip(fds) {
        let copy = duplicate(fd, number);
        if matches!(copy, Ok(copy) if copy == number) {
            continue;
        }
        for made in first..number {
            close(made)?;
        }
        let next = copy?;
        close(next)?;
        return Ok(Some(next));
    }
    Ok(None)
}

/// A copy of `fd` without close-on-exec at the lowest free number from `first` on. It has no
/// owner: it is to outlive this program.
fn duplicate(fd: BorrowedFd<'_>, first: RawFd) -> io::Result<RawFd> {
    Ok(fcntl(fd, FcntlArg::F_DUPFD(first))?)
}

#[cfg(test)]
mod tests {
    use super::{Placement, duplicate, fill};
    use nix::unistd::close;
    use std::fs::{File, read_link};
    use std::os::fd::{AsFd, RawFd};

    /// The brand's image and what stands behind it outside a zone without namespaces.
    const ROOM: u8 = 4;

    fn place(soft: u64, hard: u64) -> Placement {
        super::place(ROOM.into(), soft, hard)
    }

    #[test]
    fn above_the_soft_limit_where_there_is_room() {
        let above = |first, raised| Placement {
            first,
            raised: Some(raised),
        };
        let least = 1024 + u64::from(ROOM) + 1;
        assert_eq!(place(1024, 1_048_576), above(1024, 1092));
        assert_eq!(place(1024, least), above(1024, least));
        assert_eq!(place(256, 4096), above(256, 324));
        assert_eq!(place(0, 4096), above(0, 68));
    }

    #[test]
    fn else_at_the_end_of_the_usual_range() {
        let end = |limit: u64| Placement {
            first: limit - u64::from(ROOM),
            raised: None,
        };
        assert_eq!(place(1024, 1024), end(1024));
        assert_eq!(place(1024, 1024 + u64::from(ROOM)), end(1024));
        assert_eq!(place(20_000, 20_000), end(1024));
        assert_eq!(place(1_048_576, 1_048_576), end(1024));
        assert_eq!(place(u64::MAX, u64::MAX), end(1024));
        assert_eq!(place(64, 64), end(64));
        assert_eq!(place(1, 1).first, 0);
    }

    fn target(fd: RawFd) -> String {
        let link = read_link(format!("/proc/self/fd/{fd}"));
        link.map_or_else(|_| "none".to_owned(), |path| path.display().to_string())
    }

    #[test]
    fn a_whole_run_is_filled_behind_what_is_in_use() {
        let (image, proc) = (File::open("/etc/passwd"), File::open("/proc"));
        let (image, proc) = (image.expect("it opens"), proc.expect("it opens"));
        // In the midst of the first run.
        let in_use = duplicate(image.as_fd(), 601).expect("a number is free");
        let behind = [proc.as_fd(); 3];
        let reserved = fill(image.as_fd(), &behind, 600).expect("there is room");
        assert_eq!((reserved.image, reserved.proc), (602, 603));
        assert_eq!(target(602), "/etc/passwd");
        let end = 602 + RawFd::from(ROOM);
        for fd in 603..end {
            assert_eq!(target(fd), "/proc");
        }
        for fd in [600, end] {
            assert_eq!(target(fd), "none", "{fd}");
        }
        for fd in (602..end).chain([in_use]) {
            close(fd).expect("it was open");
        }
    }
}

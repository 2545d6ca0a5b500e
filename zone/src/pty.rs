//! A terminal of the zone's own for a guest (pty(7)).

use std::io;
use std::os::fd::OwnedFd;

use nix::unistd::{Uid, dup2_stderr, dup2_stdin, dup2_stdout, fchown};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, fstatfs, major, minor, openat};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use rustix::process::ioctl_tiocsctty;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize, ttyname};

const MULTIPLEXER: &str = "/dev/pts/ptmx";
/// Its device number (`Documentation/admin-guide/devices.txt`).
const NUMBER: (u32, u32) = (5, 2);
/// `DEVPTS_SUPER_MAGIC` (statfs(2)).
const DEVPTS: u32 = 0x1cd1;

/// Makes a terminal, in the zone that this process is in, which it makes the controlling one of its
/// session and its standard descriptors; `user` owns it. The result is the terminal's other side.
/// It has that many rows and columns, if the `size` is known.
pub(crate) fn take(user: u32, size: Option<(u16, u16)>) -> io::Result<OwnedFd> {
    // Nonblocking: in a zone that runs, anything could stand there by now.
    let flags =
        OFlags::RDWR | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let master = openat(CWD, MULTIPLEXER, flags, Mode::empty())?;
    let stat = fstat(&master)?;
    let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
        && (major(stat.st_rdev), minor(stat.st_rdev)) == NUMBER;
    if !is_device || u32::try_from(fstatfs(&master)?.f_type) != Ok(DEVPTS) {
        return Err(io::Error::other("not the multiplexer of terminals"));
    }
    unlockpt(&master)?;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let slave = ioctl_tiocgptpeer(&master, flags)?;
    fchown(&slave, Some(Uid::from_raw(user)), None)?;
    if let Some((rows, columns)) = size {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&slave, size)?;
    }
    ioctl_tiocsctty(&slave)?;
    dup2_stdin(&slave)?;
    dup2_stdout(&slave)?;
    dup2_stderr(&slave)?;
    Ok(master)
}

/// Shows this process's terminal, which is one of the zone's, as /dev/console too.
pub(crate) fn show_console() -> io::Result<()> {
    const CONSOLE: &str = "/dev/console";
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, CONSOLE, flags, Mode::from_raw_mode(0o600))?;
    let name = ttyname(io::stdin(), Vec::new())?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(CWD, name, flags)?;
    move_mount(
        tree,
        "",
        CWD,
        CONSOLE,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )?;
    Ok(())
}

/// A terminal of the host's own for a zone without namespaces.
#[derive(Debug)]
pub(crate) struct Pair {
    /// Its other side.
    pub(crate) master: OwnedFd,
    slave: OwnedFd,
}

impl Pair {
    /// Makes one.
    pub(crate) fn make() -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Self::of(openat(CWD, "/dev/ptmx", flags, Mode::empty())?)
    }

    /// The one that `master` made.
    pub(crate) fn of(master: OwnedFd) -> io::Result<Self> {
        unlockpt(&master)?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        Ok(Self { master, slave })
    }

    /// Makes it the controlling terminal of this process's session, and its standard descriptors.
    pub(crate) fn take(&self) -> io::Result<()> {
        ioctl_tiocsctty(&self.slave)?;
        dup2_stdin(&self.slave)?;
        dup2_stdout(&self.slave)?;
        dup2_stderr(&self.slave)?;
        Ok(())
    }
}

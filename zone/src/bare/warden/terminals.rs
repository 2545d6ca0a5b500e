//! The terminals of a zone (pty(7)). A slave's number is given to the host's programs once it is
//! free, so that the zone must never reach one by that: kept is its inode, which no terminal comes
//! back to, and only what is kept is opened.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;

use abi::{Errno, SysResult};
use kernel::bare::warden::MULTIPLEXER;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, minor, mknodat, openat, unlinkat,
};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};

use super::judge::link;
use crate::asked::{Done, errno};

/// How many a zone can have. Each is a descriptor of the warden's.
const MOST: usize = 256;
/// What makes terminals on the host.
pub(super) const DEVICE: &str = "/dev/ptmx";

/// A terminal.
#[derive(Debug)]
struct Slave {
    number: u32,
    /// With `O_PATH`.
    file: OwnedFd,
}

impl Slave {
    fn lives(&self) -> bool {
        fstat(&self.file).is_ok_and(|stat| stat.st_nlink > 0)
    }
}

/// The zone's.
#[derive(Debug)]
pub(crate) struct Terminals {
    /// What lists them.
    directory: OwnedFd,
    /// What makes them, with `O_PATH`, if the host has that.
    multiplexer: Option<OwnedFd>,
    slaves: Vec<Slave>,
}

fn same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

fn is(file: &impl AsFd, other: &impl AsFd) -> bool {
    fstat(file).is_ok_and(|file| fstat(other).is_ok_and(|other| same(&file, &other)))
}

impl Terminals {
    /// None yet; they are listed in `directory`.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        Ok(Self {
            directory: openat(CWD, directory, flags | OFlags::DIRECTORY, Mode::empty())?,
            multiplexer: openat(CWD, DEVICE, flags, Mode::empty()).ok(),
            slaves: Vec::new(),
        })
    }

    /// The descriptors that it works with.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = RawFd> {
        let slaves = self.slaves.iter().map(|slave| &slave.file);
        let all = slaves.chain(&self.multiplexer).chain([&self.directory]);
        all.map(AsRawFd::as_raw_fd)
    }

    /// Adds the one that `master` made.
    pub(crate) fn add(&mut self, master: &OwnedFd) -> io::Result<()> {
        let flags = (OFlags::PATH | OFlags::CLOEXEC).bits();
        // A slave that was open once would hang up.
        let file = ioctl_tiocgptpeer(master, OpenptFlags::from_bits_retain(flags))?;
        let number = minor(fstat(&file)?.st_rdev);
        self.refresh();
        if self.slaves.len() >= MOST {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        let (mode, kind) = (Mode::from_raw_mode(0o620), FileType::RegularFile);
        match mknodat(&self.directory, number.to_string(), kind, mode, 0) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        self.slaves.push(Slave { number, file });
        Ok(())
    }

    /// Forgets those that are gone.
    pub(super) fn refresh(&mut self) {
        let directory = &self.directory;
        self.slaves.retain(|slave| {
            let lives = slave.lives();
            if !lives {
                let _ = unlinkat(directory, slave.number.to_string(), AtFlags::empty());
            }
            lives
        });
    }

    /// A descriptor of the one of a number (`O_PATH`).
    pub(super) fn find(&mut self, number: u32) -> SysResult<OwnedFd> {
        self.refresh();
        let mut slaves = self.slaves.iter();
        let found = match number {
            MULTIPLEXER => self.multiplexer.as_ref(),
            number => slaves
                .find(|slave| slave.number == number)
                .map(|slave| &slave.file),
        };
        let copy = found.ok_or(Errno::ENOENT)?.try_clone();
        copy.map_err(|error| errno(&error))
    }

    /// Whether it is one of the zone's.
    pub(super) fn have(&self, file: &impl AsFd) -> bool {
        self.slave(file).is_some()
    }

    fn slave(&self, file: &impl AsFd) -> Option<&OwnedFd> {
        let mut slaves = self.slaves.iter().filter(|slave| slave.lives());
        slaves
            .find(|slave| is(&slave.file, file))
            .map(|slave| &slave.file)
    }

    /// Opens one of the zone's, or makes one; `None` when `file` is neither.
    pub(super) fn open(&mut self, file: &impl AsFd, flags: OFlags) -> Option<io::Result<Done>> {
        let open = |kept: &OwnedFd| Ok(openat(CWD, link(kept), flags, Mode::empty())?);
        if let Some(slave) = self.slave(file) {
            let opened = open(slave);
            return Some(opened.map(|opened| Done {
                value: 1,
                opened: Some(opened),
            }));
        }
        let multiplexer = self.multiplexer.as_ref();
        let multiplexer = multiplexer.filter(|multiplexer| is(*multiplexer, file))?;
        Some(open(multiplexer).and_then(|master| {
            self.add(&master)?;
            Ok(Done {
                value: 0,
                opened: Some(master),
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{DEVICE, Terminals};
    use abi::Errno;
    use kernel::bare::warden::MULTIPLEXER;
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
    use std::fs::{self, File};
    use std::os::fd::OwnedFd;

    const FLAGS: OFlags = OFlags::RDWR.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

    fn listed(directory: &std::path::Path) -> usize {
        fs::read_dir(directory).expect("it is there").count()
    }

    #[test]
    fn only_what_the_zone_made_is_opened() {
        let name = format!("lx-terminals-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).expect("it is made");
        let mut terminals = Terminals::new(&directory).expect("it begins");
        let foreign = openat(CWD, DEVICE, FLAGS, Mode::empty()).expect("it opens");
        unlockpt(&foreign).expect("it is the master");
        let peer = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let foreign_slave = ioctl_tiocgptpeer(&foreign, peer).expect("it opens");
        assert!(terminals.open(&foreign_slave, FLAGS).is_none());
        assert!(
            terminals
                .open(&File::open("/").expect("it is there"), FLAGS)
                .is_none()
        );

        let multiplexer = terminals.find(MULTIPLEXER).expect("it is there");
        let made = terminals.open(&multiplexer, FLAGS).expect("it is known");
        let master: OwnedFd = made.expect("it opens").opened.expect("a master");
        unlockpt(&master).expect("it is the master");
        let number = terminals.slaves[0].number;
        let slave = terminals.find(number).expect("it is there");
        assert!(terminals.have(&slave) && !terminals.have(&foreign_slave));
        let opened = terminals.open(&slave, FLAGS).expect("it is known");
        assert_eq!(opened.expect("it opens").value, 1);
        assert_eq!(listed(&directory), 1);

        // The number is free, and somebody else's next.
        drop(master);
        let again = openat(CWD, DEVICE, FLAGS, Mode::empty()).expect("it opens");
        assert!(terminals.open(&slave, FLAGS).is_none());
        assert_eq!(terminals.find(number).err(), Some(Errno::ENOENT));
        assert_eq!(listed(&directory), 0);
        drop(again);
        fs::remove_dir(&directory).expect("it is empty");
    }
}

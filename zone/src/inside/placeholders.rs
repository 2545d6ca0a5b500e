//! What stands in the places of the kernel's entries in the zone's /proc and /sys: a small file
//! system with the entries that `procfs_emu::skeleton` lists (see there).

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use host_std::mount::{attribute, set_attributes};
use procfs_emu::skeleton::{Entry, Kind, entries};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, futimens, mkdirat,
    mknodat, openat, utimensat,
};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use rustix::process::umask;

use super::proc::QUIET;
use super::tree::memory;
use crate::error::{Context, Result};

/// The source of the mounts, by which the brand tells them from the zone's own.
pub(super) const SOURCE: &str = "lx-placeholders";
/// Covers for what a zone does not show; no entry has such a name.
const NO_FILE: &str = "none";
const NO_DIRECTORY: &str = "empty";

/// The file system of placeholders.
#[derive(Debug)]
pub(super) struct Placeholders {
    tree: OwnedFd,
}

impl Placeholders {
    /// Makes it, mounted nowhere yet. `proc` is a procfs of the zone, whose texts are copied.
    pub(super) fn make(proc: BorrowedFd<'_>) -> io::Result<Self> {
        // Without bounds: with the host's network, each of its interfaces has its files. Nobody
        // can write to it later.
        let options = [("mode", "555"), ("size", "0"), ("nr_inodes", "0")];
        let tree = memory(SOURCE, &options, QUIET)?;
        // The permissions are to be those of the tables.
        let before = umask(Mode::empty());
        let made = Maker::new(&tree, proc).and_then(Maker::make_all);
        umask(before);
        made?;
        set_attributes(&tree, attribute::RDONLY, 0, None, false)?;
        Ok(Self { tree })
    }

    /// `st_dev` of everything in it.
    pub(super) fn device(&self) -> io::Result<u64> {
        Ok(rustix::fs::fstat(&self.tree)?.st_dev)
    }

    /// Mounts it where parts of it can be copied from: over the host's /proc, which the zone's
    /// mount namespace is about to lose.
    pub(super) fn park(&self) -> Result<()> {
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        move_mount(&self.tree, "", CWD, "/proc", flags).about("cannot mount the placeholders")
    }

    /// The directory for /sys.
    pub(super) fn sys(&self) -> io::Result<OwnedFd> {
        self.part(Path::new("sys"))
    }

    /// Covers what is at the root of `proc`, a mounted procfs, but for processes and links.
    pub(super) fn cover(&self, proc: BorrowedFd<'_>) -> io::Result<()> {
        let own: Vec<&str> = entries()
            .filter(|entry| entry.kind == Kind::Own)
            .map(|entry| entry.path)
            .collect();
        for (name, kind) in list(proc)? {
            if name.as_bytes().iter().all(u8::is_ascii_digit) || kind == FileType::Symlink {
                continue;
            }
            if own.iter().any(|own| name == *own) {
                continue;
            }
            let part = match self.part(&Path::new("proc").join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => match kind {
                    FileType::Directory => self.part(Path::new(NO_DIRECTORY)),
                    _ => self.part(Path::new(NO_FILE)),
                },
                part => part,
            };
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            move_mount(part?, "", proc, &name, flags)?;
        }
        Ok(())
    }

    fn part(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        Ok(open_tree(&self.tree, path, flags)?)
    }
}

/// What a directory holds, but for `.` and `..`.
fn list(directory: BorrowedFd<'_>) -> io::Result<Vec<(OsString, FileType)>> {
    let mut found = Vec::new();
    // The descriptor of a new mount is one with O_PATH.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    for entry in Dir::new(openat(directory, ".", flags, Mode::empty())?)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            found.push((OsString::from_vec(name.to_vec()), entry.file_type()));
        }
    }
    Ok(found)
}

/// Makes the placeholders.
struct Maker<'a> {
    tree: BorrowedFd<'a>,
    /// Its directory for /proc.
    root: OwnedFd,
    proc: BorrowedFd<'a>,
    /// The time of the entries, in seconds.
    now: i64,
    /// What the kernel has in the directories where a name is `*`.
    names: HashMap<PathBuf, Vec<OsString>>,
}

impl<'a> Maker<'a> {
    fn new(tree: &'a OwnedFd, proc: BorrowedFd<'a>) -> io::Result<Self> {
        let directory = Mode::from_raw_mode(0o555);
        for name in ["proc", "sys", NO_DIRECTORY] {
            mkdirat(tree, name, directory)?;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            tree: tree.as_fd(),
            root: openat(tree, "proc", flags, Mode::empty())?,
            proc,
            now: now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(0)),
            names: HashMap::new(),
        })
    }

    fn make_all(mut self) -> io::Result<()> {
        self.socket(self.tree, Path::new(NO_FILE), 0o444, 0)?;
        for entry in entries() {
            for path in self.paths(entry.path)? {
                self.make(&entry, &path)?;
            }
        }
        Ok(())
    }

    /// The paths that an entry stands for.
    fn paths(&mut self, path: &str) -> io::Result<Vec<PathBuf>> {
        let Some((above, below)) = path.split_once("/*") else {
            return Ok(vec![PathBuf::from(path)]);
        };
        let above = Path::new(above);
        if !self.names.contains_key(above) {
            let names = match self.open(above, OFlags::DIRECTORY) {
                Ok(directory) => list(directory.as_fd())?,
                Err(_) => Vec::new(),
            };
            let names = names.into_iter().map(|(name, _)| name).collect();
            self.names.insert(above.to_owned(), names);
        }
        let names = self.names.get(above).into_iter().flatten();
        let below = below.trim_start_matches('/');
        let path = |name: &OsString| match below {
            "" => above.join(name),
            below => above.join(name).join(below),
        };
        Ok(names.map(path).collect())
    }

    fn make(&self, entry: &Entry<'_>, path: &Path) -> io::Result<()> {
        let mode = Mode::from_raw_mode(entry.mode);
        match entry.kind {
            Kind::Directory => Ok(mkdirat(&self.root, path, mode)?),
            Kind::Live => self.socket(self.root.as_fd(), path, entry.mode, entry.stamp()),
            Kind::Fixed(text) => self.file(entry, path, text.as_bytes()),
            Kind::Copy { otherwise } => match (self.text(path), otherwise) {
                (Some(text), _) => self.file(entry, path, &text),
                (None, Some(text)) => self.file(entry, path, format!("{text}\n").as_bytes()),
                (None, None) => Ok(()),
            },
            Kind::Zone => match self.text(path) {
                Some(text) => self.file(entry, path, &text),
                None => Ok(()),
            },
            Kind::Own => Ok(()),
        }
    }

    fn open(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(openat(self.proc, path, flags, Mode::empty())?)
    }

    /// What the kernel's own entry says; `None` where it lacks it, or lets nobody read it.
    fn text(&self, path: &Path) -> Option<Vec<u8>> {
        let mut file = File::from(self.open(path, OFlags::empty()).ok()?);
        // One read(2) as long as any text: a second one would find out that there is no more.
        let mut text = vec![0; 4096];
        let length = file.read(&mut text).ok()?;
        text.truncate(length);
        Some(text)
    }

    fn file(&self, entry: &Entry<'_>, path: &Path, text: &[u8]) -> io::Result<()> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(entry.mode);
        let mut file = File::from(openat(&self.root, path, flags, mode)?);
        file.write_all(text)?;
        Ok(futimens(&file, &self.times(entry.stamp()))?)
    }

    fn socket(&self, at: BorrowedFd<'_>, path: &Path, mode: u32, stamp: i64) -> io::Result<()> {
        mknodat(at, path, FileType::Socket, Mode::from_raw_mode(mode), 0)?;
        utimensat(at, path, &self.times(stamp), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(())
    }

    fn times(&self, stamp: i64) -> Timestamps {
        Timestamps {
            last_access: Timespec {
                tv_sec: self.now,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: self.now,
                tv_nsec: stamp,
            },
        }
    }
}

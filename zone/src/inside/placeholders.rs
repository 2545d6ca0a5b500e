//! What stands in the places of the kernel's entries in the zone's /proc and /sys: a small file
//! system with the entries that `procfs_emu::skeleton` lists (see there).

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::time::SystemTime;

use host_std::mount::{attribute, set_attributes};
use kernel::zone::MAX_CPUS;
use procfs_emu::skeleton::{Entry, Kind, Place, Tree, entries, sys_entries, system_entries};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, chmodat, futimens,
    mkdirat, mknodat, openat, symlinkat, utimensat,
};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use rustix::process::umask;

use super::proc::{QUIET, procfs};
use super::tree::memory;
use crate::error::{Context, Result};
use crate::facts::processors;

/// The source of the mounts, by which the brand tells them from the zone's own.
const SOURCE: &str = "lx-placeholders";
/// Covers for what a zone does not show; no entry has such a name.
const NO_FILE: &str = "none";
const NO_DIRECTORY: &str = "empty";

/// Where the kernel shows what is a network namespace's own, and lets its root change it; hundreds
/// of files.
const NETWORK: [&str; 4] = ["core", "ipv4", "ipv6", "unix"];
/// Where it shows what is a UTS or a pid namespace's own, below /proc/sys.
const NAMES: [&str; 3] = ["kernel/hostname", "kernel/domainname", "kernel/ns_last_pid"];

/// Of /system, where each contract has an entry.
const CONTRACTS: [&str; 2] = ["contract/all", "contract/process"];

/// The file system of placeholders.
#[derive(Debug)]
pub(super) struct Placeholders {
    tree: OwnedFd,
    /// The kernel's own [`NAMES`], and [`NETWORK`] of the zone's network, by their paths below
    /// /proc.
    own: Vec<(String, OwnedFd)>,
    /// The directory of contracts, where more of them can be made.
    contracts: OwnedFd,
}

impl Placeholders {
    /// Makes it, mounted nowhere yet. `proc` is a procfs of the zone, whose texts are copied, as
    /// are those of the host's /sys; of its interfaces the zone with an `own_network` has one.
    pub(super) fn make(proc: BorrowedFd<'_>, own_network: bool) -> io::Result<Self> {
        // Without bounds: with the host's network, each of its interfaces has its files. Nobody
        // can write to it later.
        let options = [("mode", "555"), ("size", "0"), ("nr_inodes", "0")];
        let tree = memory(SOURCE, &options, QUIET)?;
        // The permissions are to be those of the tables.
        let before = umask(Mode::empty());
        let made = Maker::new(&tree, proc, own_network).and_then(Maker::make_all);
        umask(before);
        made?;
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let contracts = open_tree(&tree, "system/contract", flags)?;
        set_attributes(&tree, attribute::RDONLY, 0, None, false)?;
        let own = own(own_network)?;
        Ok(Self {
            tree,
            own,
            contracts,
        })
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

    /// The directory of contracts, for zsched.
    pub(super) fn contracts(&self) -> BorrowedFd<'_> {
        self.contracts.as_fd()
    }

    /// A directory with nothing in it.
    pub(super) fn empty(&self) -> io::Result<OwnedFd> {
        self.part(Path::new(NO_DIRECTORY))
    }

    /// The directory for /system/`name`.
    pub(super) fn system(&self, name: &str) -> io::Result<OwnedFd> {
        self.part(&Path::new("system").join(name))
    }

    /// The directory for /sys.
    pub(super) fn sys(&self) -> io::Result<OwnedFd> {
        self.part(Path::new("sys"))
    }

    /// The directory for /sys/fs/cgroup, which programs look for among the mounts.
    pub(super) fn cgroup(&self) -> io::Result<OwnedFd> {
        self.part(Path::new("sys/fs/cgroup"))
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
        for (path, tree) in &self.own {
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            move_mount(tree, "", proc, path, flags)?;
        }
        Ok(())
    }

    fn part(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        Ok(open_tree(&self.tree, path, flags)?)
    }
}

/// What the kernel has of [`NAMES`] and, in a zone with a network of its own, [`NETWORK`]. They are
/// mounts of placeholders for the guest, too, and read-only: zsched does the writing for root of the
/// zone, who may lack the capabilities.
fn own(own_network: bool) -> io::Result<Vec<(String, OwnedFd)>> {
    let proc = procfs(SOURCE, None)?;
    set_attributes(&proc, attribute::RDONLY, 0, None, false)?;
    let network = NETWORK.iter().filter(|_| own_network);
    let names = NAMES.iter().map(|name| format!("sys/{name}"));
    let mut found = Vec::new();
    for path in names.chain(network.map(|name| format!("sys/net/{name}"))) {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        match open_tree(&proc, &path, flags) {
            Err(Errno::NOENT) => {}
            tree => found.push((path, tree?)),
        }
    }
    Ok(found)
}

/// Whether the kernel's own entry is shown instead of this one.
fn is_network(entry: &Entry<'_>) -> bool {
    let below = |path: &str| {
        let (first, _) = path.split_once('/')?;
        NETWORK.contains(&first).then_some(())
    };
    let path = entry.path.strip_prefix("sys/net/");
    entry.tree == Tree::Proc && path.and_then(below).is_some()
}

/// Makes the placeholders in a directory, for a zone without namespaces, where the processes' own
/// user may look after them: directories can be written to. `proc` is the host's.
pub(crate) fn fill(tree: &OwnedFd, proc: BorrowedFd<'_>) -> io::Result<()> {
    let before = umask(Mode::empty());
    let made = Maker::new(tree, proc, false).and_then(|mut maker| {
        maker.may_write = true;
        for name in ["proc", "sys", "system", NO_DIRECTORY] {
            chmodat(tree, name, Mode::from_raw_mode(0o755), AtFlags::empty())?;
        }
        maker.make_all()
    });
    umask(before);
    made
}

/// What a directory holds, but for `.` and `..`.
pub(crate) fn list(directory: BorrowedFd<'_>) -> io::Result<Vec<(OsString, FileType)>> {
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

/// One of the two parts of the tree.
struct Part {
    /// Where its placeholders are made.
    root: OwnedFd,
    /// What the kernel has, if anything.
    kernels: Option<OwnedFd>,
}

/// Makes the placeholders.
struct Maker<'a> {
    tree: BorrowedFd<'a>,
    /// The zone's network is not the host's.
    own_network: bool,
    proc: Part,
    sys: Part,
    system: Part,
    /// The processors of the zone, a bit for each.
    processors: [u64; MAX_CPUS / 64],
    /// The time of the entries, in seconds.
    now: i64,
    /// What the kernel has in the directories where names are wildcards.
    names: HashMap<(Tree, String), Vec<String>>,
    /// Directories, whose time changes until all is in them.
    directories: Vec<(Tree, String, i64)>,
    /// Its owner can write to directories.
    may_write: bool,
}

impl<'a> Maker<'a> {
    fn new(tree: &'a OwnedFd, proc: BorrowedFd<'a>, own_network: bool) -> io::Result<Self> {
        let directory = Mode::from_raw_mode(0o555);
        for name in ["proc", "sys", "system", NO_DIRECTORY] {
            mkdirat(tree, name, directory)?;
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let part = |name, kernels| {
            let root = openat(tree, name, flags, Mode::empty())?;
            Ok::<_, io::Error>(Part { root, kernels })
        };
        // The host's /sys has the interfaces of its own network.
        let network = own_network.then_some((Tree::Sys, "class/net", "lo"));
        // The contract of the zone's first process.
        let contracts = CONTRACTS.map(|directory| (Tree::System, directory, "1"));
        let names = contracts.into_iter().chain(network);
        let names = names
            .map(|(tree, directory, name)| ((tree, directory.to_owned()), vec![name.to_owned()]));
        Ok(Self {
            tree: tree.as_fd(),
            own_network,
            proc: part("proc", Some(proc.try_clone_to_owned()?))?,
            sys: part("sys", openat(CWD, "/sys", flags, Mode::empty()).ok())?,
            system: part("system", None)?,
            processors: processors(),
            now: now(),
            names: names.collect(),
            directories: Vec::new(),
            may_write: false,
        })
    }

    fn make_all(mut self) -> io::Result<()> {
        self.socket(self.tree, Path::new(NO_FILE), 0o444, 0)?;
        let own_network = self.own_network;
        let all = entries().chain(sys_entries()).chain(system_entries());
        for entry in all.filter(|entry| !(own_network && is_network(entry))) {
            for place in entry.places(|tree, directory| self.names(tree, directory)) {
                self.make(&entry, &place)?;
            }
        }
        for (tree, path, stamp) in &self.directories {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            utimensat(&self.part(*tree).root, path, &self.times(*stamp), flags)?;
        }
        for name in ["sys", NO_DIRECTORY] {
            utimensat(self.tree, name, &self.times(0), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    fn part(&self, tree: Tree) -> &Part {
        match tree {
            Tree::Proc => &self.proc,
            Tree::Sys => &self.sys,
            Tree::System => &self.system,
        }
    }

    /// What the kernel has in a directory, but for processors that are not the zone's.
    fn names(&mut self, tree: Tree, directory: &str) -> Vec<String> {
        let key = (tree, directory.to_owned());
        if let Some(names) = self.names.get(&key) {
            return names.clone();
        }
        let listed = self.open(tree, directory, OFlags::DIRECTORY);
        let listed = listed.and_then(|fd| list(fd.as_fd())).unwrap_or_default();
        let names = listed
            .into_iter()
            .filter_map(|(name, _)| name.into_string().ok());
        let names: Vec<String> = names.filter(|name| self.is_zones(name)).collect();
        self.names.insert(key, names.clone());
        names
    }

    /// Whether `name` is not that of a processor which the zone lacks.
    fn is_zones(&self, name: &str) -> bool {
        let number = name.strip_prefix("cpu").map(str::parse::<usize>);
        let Some(Ok(cpu)) = number else {
            return true;
        };
        let word = self.processors.get(cpu / 64);
        word.is_some_and(|word| word >> (cpu % 64) & 1 == 1)
    }

    fn make(&mut self, entry: &Entry<'_>, place: &Place) -> io::Result<()> {
        let mode = Mode::from_raw_mode(entry.mode);
        let path = Path::new(&place.path);
        let root = &self.part(entry.tree).root;
        match entry.kind {
            Kind::Directory => {
                let more = if self.may_write {
                    Mode::WUSR
                } else {
                    Mode::empty()
                };
                mkdirat(root, path, mode | more)?;
                let directory = (entry.tree, place.path.clone(), entry.stamp());
                self.directories.push(directory);
                Ok(())
            }
            Kind::Live => self.socket(root.as_fd(), path, entry.mode, entry.stamp()),
            Kind::Link(_) => {
                let target = place.target.as_deref().unwrap_or_default();
                Ok(symlinkat(target, root, path)?)
            }
            Kind::Own => Ok(()),
            Kind::Fixed(_) | Kind::Copy { .. } | Kind::Zone | Kind::Processors { .. } => {
                let kernels = self.text(entry, &place.source);
                match entry.content(kernels.as_deref(), &self.processors) {
                    Some(text) => self.file(entry, path, &text),
                    None => Ok(()),
                }
            }
        }
    }

    fn open(&self, tree: Tree, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let kernels = self.part(tree).kernels.as_ref();
        let kernels = kernels.ok_or(io::ErrorKind::NotFound)?;
        let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(openat(kernels, path, flags, Mode::empty())?)
    }

    /// What the kernel's own entry says; `None` where it lacks it, lets nobody read it, or does
    /// not matter.
    fn text(&self, entry: &Entry<'_>, source: &str) -> Option<Vec<u8>> {
        if let Kind::Fixed(_) = entry.kind {
            return None;
        }
        let mut file = File::from(self.open(entry.tree, source, OFlags::empty()).ok()?);
        // One read(2) as long as any text: a second one would find out that there is no more.
        let mut text = vec![0; 4096];
        let length = file.read(&mut text).ok()?;
        text.truncate(length);
        Some(text)
    }

    fn file(&self, entry: &Entry<'_>, path: &Path, text: &[u8]) -> io::Result<()> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(entry.mode);
        let root = &self.part(entry.tree).root;
        let mut file = File::from(openat(root, path, flags, mode)?);
        file.write_all(text)?;
        Ok(futimens(&file, &self.times(entry.stamp()))?)
    }

    fn socket(&self, at: BorrowedFd<'_>, path: &Path, mode: u32, stamp: i64) -> io::Result<()> {
        socket(at, path, mode, &self.times(stamp))
    }

    fn times(&self, stamp: i64) -> Timestamps {
        times(self.now, stamp)
    }
}

pub(crate) fn socket(
    at: BorrowedFd<'_>,
    path: &Path,
    mode: u32,
    times: &Timestamps,
) -> io::Result<()> {
    mknodat(at, path, FileType::Socket, Mode::from_raw_mode(mode), 0)?;
    utimensat(at, path, times, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

/// The times of a placeholder that was made `now`.
pub(crate) fn times(now: i64, stamp: i64) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: now,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: now,
            tv_nsec: stamp,
        },
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(0))
}

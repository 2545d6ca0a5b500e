//! What a bare zone's paths lead to.

use std::fs::{self, DirBuilder, File, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use kernel::bare::{ABSTRACT, Ident, Kind, MOST, Mount, NO_EXEC, READ_ONLY, Table};
use rustix::fs::{
    CWD, FileType, MemfdFlags, Mode, OFlags, ResolveFlags, SealFlags, fcntl_add_seals, fstat,
    memfd_create, openat, openat2, statfs,
};

use super::warden::{self, Extent};
use crate::config::{self, Config, Source};
use crate::confine::Tree;
use crate::error::{Context, Error, Result};
use crate::inside::placeholders;

/// The devices of every zone, which are the host's.
const DEVICES: [&str; 7] = ["null", "zero", "full", "random", "urandom", "tty", "ptmx"];
/// What else is in /dev.
const LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// What a zone has of its own, in its directory: a directory, or a link to one in memory.
const TREE: &str = "tree";
/// File systems in memory that all hosts have. The placeholders are many small files.
const IN_MEMORY: &str = "/dev/shm";

/// Makes the directory `own`.
fn make_tree(own: &Path) -> io::Result<()> {
    const TMPFS_MAGIC: i64 = 0x0102_1994;
    let is_tmpfs = |path: &Path| statfs(path).is_ok_and(|stat| stat.f_type == TMPFS_MAGIC);
    if !own.parent().is_some_and(is_tmpfs) && is_tmpfs(Path::new(IN_MEMORY)) {
        let random = RandomState::new().build_hasher().finish();
        let path = Path::new(IN_MEMORY).join(format!("lx-{random:016x}"));
        if DirBuilder::new().mode(0o700).create(&path).is_ok() {
            return symlink(path, own);
        }
    }
    fs::create_dir(own)
}

/// Removes what [`Mounts::prepare`] made in the zone's directory `state`.
pub(crate) fn remove(state: &Path) -> io::Result<()> {
    let own = state.join(TREE);
    match fs::read_link(&own) {
        // The zone's directory is this user's own, and so is the link in it.
        Ok(path) if path.parent() == Some(Path::new(IN_MEMORY)) => {
            match fs::remove_dir_all(path) {
                // Whoever removed it before did not get as far as the link.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            fs::remove_file(own)
        }
        _ => Ok(()),
    }
}

/// A mount, and a descriptor of what it shows.
#[derive(Debug)]
pub(crate) struct Shown {
    fd: OwnedFd,
    mount: Mount,
}

/// The mounts of a zone.
#[derive(Debug)]
pub(crate) struct Mounts {
    shown: Vec<Shown>,
    /// A file with the table, which cannot change.
    table: OwnedFd,
    /// Tells the zone's abstract names from those of others.
    token: [u8; 4],
    /// Where the zone keeps its users itself: the file in which its processes say who they are.
    users: Option<OwnedFd>,
}

impl Mounts {
    /// The zone keeps its users itself.
    pub(crate) fn share_users(&mut self, file: OwnedFd) {
        self.users = Some(file);
    }

    /// Prepares them; what they need of their own goes to the directory `state`.
    pub(crate) fn prepare(config: &Config, state: &Path, terminal: Option<&Path>) -> Result<Self> {
        let root = config.rootfs.as_deref().unwrap_or(Path::new("/"));
        let mut mounts = Builder::new(root, config.read_only).about(root.display())?;
        let own = state.join(TREE);
        make_tree(&own).about(own.display())?;
        let hostname = config.hostname.as_ref().unwrap_or(&config.name);
        if config.rootfs.is_some() {
            mounts.standard(&own)?;
        }
        let segments = own.join("segments");
        fs::create_dir(&segments).about(segments.display())?;
        mounts.hold(&segments, Kind::Segments, 0)?;
        let mut wanted: Vec<&config::Mount> = config.mounts.iter().collect();
        wanted.sort_by_key(|mount| mount.target.components().count());
        for (index, mount) in wanted.into_iter().enumerate() {
            mounts.add(mount, &own.join(format!("tmpfs-{index}")))?;
        }
        if let Some(terminal) = terminal.filter(|_| config.rootfs.is_some()) {
            mounts.show(terminal, terminal, Kind::File, NO_EXEC)?;
        }
        mounts.finish(hostname)
    }

    /// Those of a zone that runs, by what its processes hold.
    pub(crate) fn held(table: OwnedFd, fds: Vec<OwnedFd>) -> io::Result<Self> {
        /// The longest table, in bytes.
        const LONGEST: usize = 1 << 20;
        let mut bytes = vec![0; LONGEST];
        // All of the zone's processes share the position.
        let length = File::from(table.try_clone()?).read_at(&mut bytes, 0)?;
        bytes.truncate(length);
        let decoded = Table::decode(&bytes).filter(|table| table.mounts.len() == fds.len());
        let decoded = decoded.ok_or(io::ErrorKind::InvalidData)?;
        let token = decoded.token;
        let shown = fds.into_iter().zip(decoded.mounts);
        let shown = shown.map(|(fd, mount)| Shown { fd, mount }).collect();
        Ok(Self {
            shown,
            table,
            token,
            users: None,
        })
    }

    /// `st_dev` of the placeholders, or 0.
    pub(crate) fn placeholders(&self) -> u64 {
        let mut mounts = self.shown.iter().map(|shown| &shown.mount);
        let files = mounts.find(|mount| mount.kind == Kind::ProcFiles);
        files.map_or(0, |files| files.here.dev)
    }

    /// The descriptors that the brand keeps, in their order.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let shown = self.shown.iter().map(|shown| shown.fd.as_fd());
        let users = self.users.iter().map(AsFd::as_fd);
        std::iter::once(self.table.as_fd())
            .chain(shown)
            .chain(users)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.shown.len()
    }

    /// The trees that the zone's processes may use.
    pub(crate) fn trees(&self) -> io::Result<Vec<Tree>> {
        let tree = |shown: &Shown| {
            Ok(Tree {
                root: shown.fd.try_clone()?,
                writable: shown.mount.flags & READ_ONLY == 0,
            })
        };
        // The warden opens files about processes.
        let files = self
            .shown
            .iter()
            .filter(|shown| shown.mount.kind != Kind::Proc);
        files.map(tree).collect()
    }

    /// The same, for the zone's warden.
    pub(crate) fn extent(&self, image: (u64, u64)) -> io::Result<Extent> {
        let tree = |shown: &Shown| {
            Ok(warden::Tree {
                path: fs::read_link(link_of(&shown.fd))?,
                writable: shown.mount.kind == Kind::Tree && shown.mount.flags & READ_ONLY == 0,
            })
        };
        let files = self
            .shown
            .iter()
            .filter(|shown| shown.mount.kind != Kind::Proc);
        Ok(Extent {
            trees: files.map(tree).collect::<io::Result<_>>()?,
            names: [ABSTRACT, &self.token].concat(),
            image,
        })
    }

    /// Opens what `path` names in the zone, as the zone's processes will find it (`O_PATH`).
    pub(crate) fn open(&self, path: &Path) -> io::Result<OwnedFd> {
        open(&self.shown, path)
    }
}

/// Opens what `path` names from the root on, through the mounts as far as its spelling tells.
fn open(shown: &[Shown], path: &Path) -> io::Result<OwnedFd> {
    let table = Table::new(shown.iter().map(|shown| shown.mount.clone()).collect());
    let bytes = path.as_os_str().as_bytes();
    let (index, offset) = table.lexical(bytes).unwrap_or((0, 0));
    let rest = bytes.get(offset..).unwrap_or_default();
    let rest = if rest.is_empty() { b"." } else { rest };
    let within = shown.get(index).ok_or(io::ErrorKind::NotFound)?;
    if within.mount.kind == Kind::File {
        return within.fd.try_clone();
    }
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    Ok(openat2(&within.fd, rest, flags, Mode::empty(), resolve)?)
}

/// Collects them.
struct Builder {
    shown: Vec<Shown>,
}

fn ident(fd: impl AsFd) -> io::Result<Ident> {
    let stat = fstat(fd)?;
    Ok(Ident {
        dev: stat.st_dev,
        ino: stat.st_ino,
    })
}

fn open_host(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

/// What the kernel calls the thing that a descriptor leads to.
fn link_of(fd: impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd()))
}

fn is_directory(fd: impl AsFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Directory)
}

impl Builder {
    fn new(root: &Path, read_only: bool) -> io::Result<Self> {
        let fd = open_host(root)?;
        let here = ident(&fd)?;
        let mount = Mount {
            target: Vec::new(),
            kind: Kind::Tree,
            flags: if read_only { READ_ONLY } else { 0 },
            here,
            above: here,
        };
        Ok(Self {
            shown: vec![Shown { fd, mount }],
        })
    }

    /// What every zone with a root of its own has.
    fn standard(&mut self, own: &Path) -> Result<()> {
        let dev = own.join("dev");
        populate(&dev).about(dev.display())?;
        self.show(Path::new("/dev"), &dev, Kind::Tree, NO_EXEC)?;
        for name in DEVICES {
            let device = Path::new("/dev").join(name);
            // A container may lack some.
            if device.exists() {
                // Its own mount flags are the host's.
                self.show(&device, &device, Kind::File, 0)?;
            }
        }
        let made = own.join("placeholders");
        fs::create_dir(&made).about(made.display())?;
        let proc = open_host(Path::new("/proc")).about("/proc")?;
        placeholders::fill(&open_host(&made).about(made.display())?, proc.as_fd())
            .about(made.display())?;
        let files = made.join("proc");
        self.show(Path::new("/proc"), Path::new("/proc"), Kind::Proc, 0)?;
        self.hold(&files, Kind::ProcFiles, READ_ONLY)?;
        let sys = made.join("sys");
        self.show(Path::new("/sys"), &sys, Kind::Tree, READ_ONLY | NO_EXEC)
    }

    /// Adds something that no path leads to.
    fn hold(&mut self, source: &Path, kind: Kind, flags: u8) -> Result<()> {
        let fd = open_host(source).about(source.display())?;
        let here = ident(&fd).about(source.display())?;
        let mount = Mount {
            target: Vec::new(),
            kind,
            flags,
            here,
            above: here,
        };
        self.shown.push(Shown { fd, mount });
        Ok(())
    }

    /// A mount that the user asked for. A tmpfs is a directory, `own`.
    fn add(&mut self, mount: &config::Mount, own: &Path) -> Result<()> {
        let mut flags = 0;
        if mount.read_only {
            flags |= READ_ONLY;
        }
        if mount.noexec {
            flags |= NO_EXEC;
        }
        let source = match &mount.source {
            Source::Bind { path, .. } => path.clone(),
            Source::Volume { name } => crate::state::volume(name)?,
            Source::Tmpfs { options } => {
                tmpfs(own, options).about(mount.target.display())?;
                own.to_owned()
            }
        };
        let directory = fs::metadata(&source).about(source.display())?.is_dir();
        let kind = if directory { Kind::Tree } else { Kind::File };
        self.show(&mount.target, &source, kind, flags)
    }

    /// Adds one mount: `source` of the host, at `target` in the zone.
    fn show(&mut self, target: &Path, source: &Path, kind: Kind, flags: u8) -> Result<()> {
        let about = || format!("mount point {}", target.display());
        let fd = open_host(source).about(source.display())?;
        let here = ident(&fd).about(source.display())?;
        // Of something that is open, the brand could not tell which of them it was opened through.
        let twice = |shown: &&Shown| shown.mount.here == here && shown.mount.flags != flags;
        if let Some(other) = self.shown.iter().find(twice) {
            let other = String::from_utf8_lossy(&other.mount.target).into_owned();
            let why = format!("/{other} shows the same, with other options");
            return Err(Error::because(about(), why));
        }
        let (above, target) = self.point(target, kind).about(about())?;
        let mount = Mount {
            target,
            kind,
            flags,
            here,
            above,
        };
        self.shown.push(Shown { fd, mount });
        if self.shown.len() > MOST {
            return Err(Error::because(about(), "too many mounts"));
        }
        Ok(())
    }

    /// Where a mount point stands, and how the zone calls it with no links on the way. It is made
    /// where it can be and is missing; where it cannot, it is there all the same, but not listed.
    fn point(&self, target: &Path, kind: Kind) -> io::Result<(Ident, Vec<u8>)> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let directory = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let above = self.directory(directory)?;
        let host = fs::read_link(link_of(&above))?;
        match open(&self.shown, target).and_then(is_directory) {
            Err(_) => {
                let point = host.join(name);
                let _ = match kind {
                    Kind::File => File::create_new(point).map(drop),
                    _ => fs::create_dir(point),
                };
            }
            Ok(true) if kind == Kind::File => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Ok(false) if kind != Kind::File => {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            Ok(_) => {}
        }
        let mut within = self.zone_path(&host);
        if !within.is_empty() {
            within.push(b'/');
        }
        within.extend_from_slice(name.as_bytes());
        Ok((ident(&above)?, within))
    }

    /// A directory of the zone, made where it is missing.
    fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        match open(&self.shown, path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let above = self.directory(path.parent().ok_or(error)?)?;
                let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
                rustix::fs::mkdirat(&above, name, Mode::from_raw_mode(0o755))?;
                open(&self.shown, path)
            }
            result => result,
        }
    }

    /// How the zone calls what the host calls `host`, without a slash at the beginning.
    fn zone_path(&self, host: &Path) -> Vec<u8> {
        let mut best: (usize, Vec<u8>) = (0, Vec::new());
        for shown in &self.shown {
            let Ok(source) = fs::read_link(link_of(&shown.fd)) else {
                continue;
            };
            let Ok(rest) = host.strip_prefix(&source) else {
                continue;
            };
            let length = source.as_os_str().len();
            if length >= best.0 && shown.mount.has_point() {
                let mut text = shown.mount.target.clone();
                if !text.is_empty() && !rest.as_os_str().is_empty() {
                    text.push(b'/');
                }
                text.extend_from_slice(rest.as_os_str().as_bytes());
                best = (length, text);
            }
        }
        best.1
    }

    fn finish(self, hostname: &str) -> Result<Mounts> {
        let mounts = self.shown.iter().map(|shown| shown.mount.clone()).collect();
        let random = RandomState::new().build_hasher().finish().to_le_bytes();
        let [a, b, c, d, ..] = random;
        let mut table = Table::new(mounts);
        table.hostname = hostname.as_bytes().to_vec();
        table.token = [a, b, c, d];
        let sealed = || -> io::Result<OwnedFd> {
            let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
            let file = memfd_create("lx-mounts", flags)?;
            io::Write::write_all(&mut &File::from(file.try_clone()?), &table.encode())?;
            let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
            fcntl_add_seals(&file, seals)?;
            Ok(file)
        };
        let file = sealed().about("cannot write the mount table")?;
        Ok(Mounts {
            shown: self.shown,
            table: file,
            token: table.token,
            users: None,
        })
    }
}

/// Makes the directory that stands for /dev.
fn populate(dev: &Path) -> io::Result<()> {
    fs::create_dir(dev)?;
    for name in DEVICES {
        // Something to list; the mount point covers it.
        File::create_new(dev.join(name))?;
    }
    for (name, target) in LINKS {
        symlink(target, dev.join(name))?;
    }
    for (name, mode) in [("shm", 0o1777), ("mqueue", 0o1777), ("pts", 0o755)] {
        fs::create_dir(dev.join(name))?;
        fs::set_permissions(dev.join(name), Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Makes the directory that stands for a tmpfs. Its size has no limit of its own.
fn tmpfs(own: &Path, options: &[(String, String)]) -> io::Result<()> {
    fs::create_dir(own)?;
    let mode = options.iter().find(|(key, _)| key == "mode");
    let mode = mode.and_then(|(_, value)| u32::from_str_radix(value, 8).ok());
    fs::set_permissions(own, Permissions::from_mode(mode.unwrap_or(0o1777)))
}

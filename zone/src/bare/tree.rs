//! What a bare zone's paths lead to.

use std::fs::{self, DirBuilder, File, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use kernel::bare::{ABSTRACT, Ident, Kind, MOST, Mount, NO_DEV, NO_EXEC, READ_ONLY, Table};
use kernel::overlay::{Made, join};
use kernel::zone::NATIVE;
use rustix::fs::{
    CWD, FileType, MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, fstat, memfd_create,
    openat, statfs,
};

use super::paths::Paths;
use super::warden::{self, Extent, Terminals};
use super::{layers, native};
use crate::config::{self, Config, Source};
use crate::confine::Tree;
use crate::error::{Context, Error, Result};
use crate::inside::placeholders;

/// The devices of every zone, which are the host's.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// What else is in /dev.
const LINKS: [(&str, &str); 5] = [
    ("ptmx", "pts/ptmx"),
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
    for directory in ["upper", "work"] {
        unlock(&state.join(directory));
    }
    match fs::read_link(&own) {
        // The zone's directory is this user's own, and so is the link in it.
        Ok(path) if path.parent() == Some(Path::new(IN_MEMORY)) => {
            unlock(&path);
            match fs::remove_dir_all(path) {
                // Whoever removed it before did not get as far as the link.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            fs::remove_file(own)
        }
        _ => {
            unlock(&own);
            Ok(())
        }
    }
}

/// Removes a file, or a tree whatever its permissions.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    unlock(path);
    match path.symlink_metadata()?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

/// Makes the directories of a tree such that what is in them can be removed, whatever the zone made of
/// their permissions.
fn unlock(directory: &Path) {
    let is_directory = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_dir());
    if !is_directory(directory) {
        return;
    }
    let _ = fs::set_permissions(directory, Permissions::from_mode(0o700));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        unlock(&entry.path());
    }
}

/// A mount, and a descriptor of what it shows.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(super) fd: OwnedFd,
    pub(super) mount: Mount,
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
    pub(crate) fn prepare(config: &Config, state: &Path) -> Result<Self> {
        let own = state.join(TREE);
        make_tree(&own).about(own.display())?;
        let mut mounts = if config.layers.is_empty() {
            let root = config.rootfs.as_deref().unwrap_or(Path::new("/"));
            Builder::new(root, config.read_only).about(root.display())?
        } else {
            let upper = match config.upper.as_deref() {
                Some(upper) => layers::take_up(upper)?,
                None => layers::make_upper(&[&own, state])?,
            };
            Builder::layered(&config.layers, upper, config.read_only)?
        };
        let hostname = config.hostname.as_ref().unwrap_or(&config.name);
        if config.has_own_root() {
            mounts.standard(&own)?;
        }
        // A root that is the host's has its tools anyway.
        if config.native && !config.roots().iter().any(|root| root == Path::new("/")) {
            mounts.tools(&own)?;
        }
        let segments = own.join("segments");
        fs::create_dir(&segments).about(segments.display())?;
        mounts.hold(&segments, Kind::Segments, 0)?;
        let mut wanted: Vec<&config::Mount> = config.mounts.iter().collect();
        wanted.sort_by_key(|mount| mount.target.components().count());
        for (index, mount) in wanted.into_iter().enumerate() {
            mounts.add(mount, &own.join(format!("tmpfs-{index}")))?;
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
        let files = self.of_kind(Kind::ProcFiles);
        files.map_or(0, |files| files.mount.here.dev)
    }

    fn of_kind(&self, kind: Kind) -> Option<&Shown> {
        self.shown.iter().find(|shown| shown.mount.kind == kind)
    }

    /// Whether the zone has terminals of its own.
    pub(crate) fn has_terminals(&self) -> bool {
        self.of_kind(Kind::Terminals).is_some()
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
                writable: shown.mount.flags & READ_ONLY == 0 && shown.mount.kind != Kind::Terminals,
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
                writable: matches!(shown.mount.kind, Kind::Tree | Kind::Stack | Kind::Work)
                    && shown.mount.flags & READ_ONLY == 0,
            })
        };
        let files = self
            .shown
            .iter()
            .filter(|shown| shown.mount.kind != Kind::Proc);
        let terminals = self.of_kind(Kind::Terminals);
        let terminals = terminals.map(|shown| Terminals::new(&link_of(&shown.fd)));
        Ok(Extent {
            trees: files.map(tree).collect::<io::Result<_>>()?,
            names: [ABSTRACT, &self.token].concat(),
            image,
            terminals: terminals.transpose()?,
        })
    }

    /// Opens what `path` names in the zone, as the zone's processes will find it (`O_PATH`).
    pub(crate) fn open(&self, path: &Path) -> io::Result<OwnedFd> {
        open(&self.shown, path)
    }
}

/// Opens what `path` names from the root on.
fn open(shown: &[Shown], path: &Path) -> io::Result<OwnedFd> {
    let paths = Paths::new(shown);
    paths.open(&paths.resolve(path)?)
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
pub(super) fn link_of(fd: impl AsFd) -> PathBuf {
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

    /// One whose root is made of layers, the last one on top, and a writable one above with what
    /// belongs to it.
    fn layered(
        lower: &[PathBuf],
        (upper, work): (PathBuf, PathBuf),
        read_only: bool,
    ) -> Result<Self> {
        let flags = if read_only { READ_ONLY } else { 0 };
        let mut all = vec![(upper, Kind::Stack, flags), (work, Kind::Work, flags)];
        let lower = lower.iter().rev();
        all.extend(lower.map(|path| (path.clone(), Kind::Layer, READ_ONLY)));
        let mut shown = Vec::new();
        for (path, kind, flags) in all {
            let fd = layers::layer(&path)?;
            let here = ident(&fd).about(path.display())?;
            let mount = Mount {
                target: Vec::new(),
                kind,
                flags,
                here,
                above: here,
            };
            shown.push(Shown { fd, mount });
        }
        if shown.len() > MOST {
            return Err(Error::because("--layer", "too many layers"));
        }
        Ok(Self { shown })
    }

    /// What every zone with a root of its own has.
    fn standard(&mut self, own: &Path) -> Result<()> {
        let dev = own.join("dev");
        populate(&dev).about(dev.display())?;
        self.show(Path::new("/dev"), &dev, Kind::Tree, NO_EXEC)?;
        let pts = own.join("pts");
        list_terminals(&pts).about(pts.display())?;
        self.show(Path::new("/dev/pts"), &pts, Kind::Terminals, NO_EXEC)?;
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
        if mount.nodev {
            flags |= NO_DEV;
        }
        if mount.noexec {
            flags |= NO_EXEC;
        }
        let source = match &mount.source {
            Source::Other { kind, .. } => {
                let why = format!("only a zone with namespaces has one of type {kind}");
                return Err(Error::because(mount.target.display(), why));
            }
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
        let paths = Paths::new(&self.shown);
        let way = join(&paths.resolve(directory)?, name.as_bytes());
        match open(&self.shown, target).and_then(is_directory) {
            Err(_) => {
                let made = match kind {
                    Kind::File => Made::File,
                    _ => Made::Directory,
                };
                let _ = paths.create(&way, made);
            }
            Ok(true) if kind == Kind::File => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Ok(false) if kind != Kind::File => {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            Ok(_) => {}
        }
        Ok((ident(&above)?, way))
    }

    /// A directory of the zone, made where it is missing.
    fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        match open(&self.shown, path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().ok_or(error)?;
                let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
                self.directory(parent)?;
                let paths = Paths::new(&self.shown);
                let way = join(&paths.resolve(parent)?, name.as_bytes());
                paths.create(&way, Made::Directory)?;
                paths.open(&way)
            }
            result => result,
        }
    }

    /// The host's tools beneath `/native`, read-only.
    fn tools(&mut self, own: &Path) -> Result<()> {
        let top = own.join("native");
        let mounts = native::populate(&top).about(NATIVE)?;
        let flags = READ_ONLY | NO_DEV;
        self.show(Path::new(NATIVE), &top, Kind::Tree, flags)?;
        for (source, kind) in mounts {
            let target = format!("{NATIVE}{}", source.display());
            let kind = match kind {
                Made::Directory => Kind::Tree,
                Made::File => Kind::File,
            };
            self.show(Path::new(&target), source, kind, flags)?;
        }
        Ok(())
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

/// Makes the directory that lists terminals.
fn list_terminals(pts: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(pts)?;
    File::create_new(pts.join("ptmx")).map(drop)
}

/// Makes the directory that stands for a tmpfs. Its size has no limit of its own.
fn tmpfs(own: &Path, options: &[(String, String)]) -> io::Result<()> {
    fs::create_dir(own)?;
    let mode = options.iter().find(|(key, _)| key == "mode");
    let mode = mode.and_then(|(_, value)| u32::from_str_radix(value, 8).ok());
    fs::set_permissions(own, Permissions::from_mode(mode.unwrap_or(0o1777)))
}

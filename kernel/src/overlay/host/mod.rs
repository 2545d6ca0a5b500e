//! Layers that are directories of the host.

mod copy;
mod entries;
mod open;
mod rights;
mod settle;

use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::arg::OpenFlags;
use abi::stat::{DIRECTORY, Stat, TYPE};
use abi::{Errno, SysResult, nr};
use host::call::as_int;
use host::host_call;
use host::sync::{Guard, Lock};

use super::disk::{Disk, Listed, Made, Spot};
use crate::bare::{Handle, host_path};

use entries::Entries;
use open::{CWD, HANDLE, Text, address, again, open_plain, status};
use rights::permitted;

const LINK: u32 = 0o120_000;
const AT_EMPTY_PATH: usize = 0x1000;
const AT_SYMLINK_FOLLOW: usize = 0x400;
const AT_REMOVEDIR: usize = 0x200;
const AT_EACCESS: usize = 0x200;
/// Every whiteout is a name of this file in the work directory.
pub const WHITEOUT: &CStr = c"whiteout";
/// How the names of what is being made in the work directory begin.
pub const FRESH: &[u8] = b"#";
/// What is locked while several steps are made.
const LOCK: &CStr = c"lock";

/// Descriptors of layers.
#[derive(Debug)]
pub struct HostDisk {
    layers: Vec<i32>,
    work: Handle,
}

impl HostDisk {
    /// Layers by their descriptors, from the upper one down, and the work directory. They stay the
    /// caller's.
    #[must_use]
    pub fn new(layers: Vec<i32>, work: i32) -> Self {
        Self {
            layers,
            work: Handle::borrowed(work),
        }
    }

    /// The descriptor of a layer.
    #[must_use]
    pub fn layer(&self, layer: usize) -> i32 {
        self.layers.get(layer).copied().unwrap_or(-1)
    }
}

/// What keeps others out: a lock in this process, which a fork waits for, and one of fcntl(2), which
/// ends with the process.
pub struct Held {
    _file: Handle,
    _guard: Guard<'static, ()>,
}

static HELD: Lock<()> = Lock::new(());

impl Disk for HostDisk {
    type File = Handle;
    type Held = Held;

    fn layers(&self) -> usize {
        self.layers.len()
    }

    fn open(&self, layer: usize, path: &[u8]) -> SysResult<Handle> {
        open_plain(self.layer(layer), path, HANDLE)
    }

    fn open_at(&self, at: Spot<'_, Handle>) -> SysResult<Handle> {
        let text = Text::new(at.name);
        let fd = host_call!(nr::OPENAT, at.directory.register(), text.at(), HANDLE.raw())?;
        Ok(Handle::owned(as_int(fd)))
    }

    fn status(&self, file: &Handle) -> SysResult<Stat> {
        status(file)
    }

    fn text(&self, link: &Handle) -> SysResult<Vec<u8>> {
        let mut room = [0u8; 4096];
        let to = room.as_mut_ptr().expose_provenance();
        let empty = address(c"");
        let length = host_call!(nr::READLINKAT, link.register(), empty, to, room.len())?;
        Ok(room.get(..length).map(Vec::from).unwrap_or_default())
    }

    fn attribute(&self, file: &Handle, name: &CStr) -> SysResult<Option<Vec<u8>>> {
        let mut value = [0; 64];
        let path = host_path(file.raw());
        let to = value.as_mut_ptr().expose_provenance();
        match host_call!(
            nr::GETXATTR,
            path.register(),
            address(name),
            to,
            value.len()
        ) {
            Ok(length) => Ok(value.get(..length).map(Vec::from)),
            // EPERM and EACCES: of a kind of file that has none, or not to be read by the caller.
            Err(Errno::ENODATA | Errno::EOPNOTSUPP | Errno::EPERM | Errno::EACCES) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn set_attribute(&self, file: &Handle, name: &CStr, value: &[u8]) -> SysResult<()> {
        settle::set_attribute(file, name, value)
    }

    fn list(&self, directory: &Handle) -> SysResult<Vec<Listed>> {
        let flags = OpenFlags::DIRECTORY | OpenFlags::CLOEXEC;
        let fd = host_call!(nr::OPENAT, directory.register(), address(c"."), flags.raw())?;
        let open = Handle::owned(as_int(fd));
        let mut room = vec![0u8; 32 << 10];
        let mut entries = Vec::new();
        loop {
            let to = room.as_mut_ptr().expose_provenance();
            let length = host_call!(nr::GETDENTS64, open.register(), to, room.len())?;
            if length == 0 {
                return Ok(entries);
            }
            entries.extend(Entries(room.get(..length).unwrap_or_default()));
        }
    }

    fn permit(&self, file: &Handle, mode: u32) -> SysResult<()> {
        let flags = AT_EMPTY_PATH | AT_EACCESS;
        let mode = usize::try_from(mode).unwrap_or(0);
        match host_call!(nr::FACCESSAT2, file.register(), address(c""), mode, flags) {
            Ok(_) => Ok(()),
            // What is written to is the upper layer.
            Err(Errno::EROFS) => permitted(&status(file)?, mode),
            Err(Errno::ENOSYS) => {
                let path = host_path(file.raw());
                host_call!(nr::FACCESSAT, CWD, path.register(), mode).map(drop)
            }
            Err(errno) => Err(errno),
        }
    }

    fn acts_as(&self, uid: u32) -> bool {
        let own = host_call!(nr::GETEUID).unwrap_or(usize::MAX);
        own == 0 || u32::try_from(own) == Ok(uid)
    }

    fn work(&self) -> &Handle {
        &self.work
    }

    fn fresh_name(&self) -> Vec<u8> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let thread = host_call!(nr::GETTID).unwrap_or(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // What a process that was killed left has another time.
        let mut now = [0u64; 2];
        let to = now.as_mut_ptr().expose_provenance();
        let _ = host_call!(nr::CLOCK_GETTIME, 0, to);
        let name = alloc::format!("{thread:x}.{count:x}.{:x}", now[1]);
        [FRESH, name.as_bytes()].concat()
    }

    fn hold(&self) -> SysResult<Held> {
        const F_SETLKW: usize = 7;
        /// `struct flock` with `F_WRLCK`, of the whole file.
        static WHOLE: [u64; 4] = [1, 0, 0, 0];
        let guard = HELD.lock();
        let flags = OpenFlags::RDWR | OpenFlags::CREAT | OpenFlags::CLOEXEC;
        let args = [self.work.register(), address(LOCK), flags.raw(), 0o600];
        let file = Handle::owned(as_int(host::call::call(nr::OPENAT, &args)?));
        let how = WHOLE.as_ptr().expose_provenance();
        while let Err(errno) = host_call!(nr::FCNTL, file.register(), F_SETLKW, how) {
            if errno != Errno::EINTR {
                return Err(errno);
            }
        }
        Ok(Held {
            _file: file,
            _guard: guard,
        })
    }

    fn make(&self, at: Spot<'_, Handle>, status: &Stat, from: &Handle) -> SysResult<()> {
        match status.st_mode & TYPE {
            DIRECTORY => self.make_directory(at),
            LINK => {
                let link = Text::new(&self.text(from)?);
                let text = Text::new(at.name);
                host_call!(nr::SYMLINKAT, link.at(), at.directory.register(), text.at()).map(drop)
            }
            kind => {
                let mode = usize::try_from(kind | 0o600).unwrap_or(0);
                let device = usize::try_from(status.st_rdev).unwrap_or(0);
                let text = Text::new(at.name);
                host_call!(
                    nr::MKNODAT,
                    at.directory.register(),
                    text.at(),
                    mode,
                    device
                )
                .map(drop)
            }
        }
    }

    fn make_directory(&self, at: Spot<'_, Handle>) -> SysResult<()> {
        let text = Text::new(at.name);
        host_call!(nr::MKDIRAT, at.directory.register(), text.at(), 0o700).map(drop)
    }

    fn make_whiteout(&self, at: Spot<'_, Handle>) -> SysResult<()> {
        let text = Text::new(at.name);
        let (from, to) = (self.work.register(), at.directory.register());
        match host_call!(nr::LINKAT, from, address(WHITEOUT), to, text.at(), 0) {
            // No file has room for more names: the next ones are those of another.
            Err(Errno::EMLINK) => {
                let fresh = self.fresh_name();
                let fresh = Spot {
                    directory: &self.work,
                    name: &fresh,
                };
                self.another_whiteout(fresh)?;
                let fresh = Text::new(fresh.name);
                host_call!(nr::RENAMEAT, from, fresh.at(), to, text.at()).map(drop)
            }
            linked => linked.map(drop),
        }
    }

    fn remove(&self, at: Spot<'_, Handle>, made: Made) -> SysResult<()> {
        let flags = match made {
            Made::Directory => AT_REMOVEDIR,
            Made::File => 0,
        };
        let text = Text::new(at.name);
        host_call!(nr::UNLINKAT, at.directory.register(), text.at(), flags).map(drop)
    }

    fn rename(&self, from: Spot<'_, Handle>, to: Spot<'_, Handle>, flags: u32) -> SysResult<()> {
        let (old, new) = (Text::new(from.name), Text::new(to.name));
        let (from, to) = (from.directory.register(), to.directory.register());
        let flags = usize::try_from(flags).unwrap_or(0);
        if flags == 0 {
            return host_call!(nr::RENAMEAT, from, old.at(), to, new.at()).map(drop);
        }
        host_call!(nr::RENAMEAT2, from, old.at(), to, new.at(), flags).map(drop)
    }

    fn link(&self, file: &Handle, at: Spot<'_, Handle>) -> SysResult<()> {
        let (path, text) = (host_path(file.raw()), Text::new(at.name));
        let to = at.directory.register();
        host_call!(
            nr::LINKAT,
            CWD,
            path.register(),
            to,
            text.at(),
            AT_SYMLINK_FOLLOW
        )
        .map(drop)
    }

    fn copy_content(&self, from: &Handle, to: &Handle, size: i64) -> SysResult<()> {
        let from = again(from, OpenFlags::empty())?;
        let to = again(to, OpenFlags::WRONLY)?;
        copy::content(&from, &to, usize::try_from(size).unwrap_or(0))
    }

    fn copy_attributes(
        &self,
        from: &Handle,
        to: &Handle,
        keeps: fn(&[u8]) -> bool,
    ) -> SysResult<()> {
        copy::attributes(from, to, keeps)
    }

    fn settle(&self, file: &Handle, status: &Stat) -> SysResult<()> {
        settle::as_it_was(file, status)
    }

    fn inherit(&self, file: &Handle, directory: &Stat) -> SysResult<()> {
        settle::inherited(file, directory)
    }

    fn set_times(&self, file: &Handle, status: &Stat) -> SysResult<()> {
        settle::times(file, status)
    }
}

impl HostDisk {
    /// Makes a whiteout that is a file of its own: what the kernel leaves when something is renamed.
    fn another_whiteout(&self, at: Spot<'_, Handle>) -> SysResult<()> {
        const RENAME_WHITEOUT: u32 = 4;
        const REGULAR: usize = 0o100_600;
        let text = Text::new(at.name);
        host_call!(nr::MKNODAT, at.directory.register(), text.at(), REGULAR, 0)?;
        let name = self.fresh_name();
        let moved = Spot {
            directory: &self.work,
            name: &name,
        };
        self.rename(at, moved, RENAME_WHITEOUT)?;
        self.remove(moved, Made::File)
    }
}

//! Opening files to execute (`do_open_execat`), and reading them.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::{Errno, SysResult, nr};
use host::call::{as_int, forward_blocking, int};
use host::host_call;
use host::intercept::proc_fd;
use kernel::bare::{Node, Space};
use kernel::users::EXECUTE;
use kernel::vfs::At;
use kernel::walk::Aim;

/// `AT_FDCWD`.
pub(super) const AT_FDCWD: i32 = -100;
pub(super) const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
pub(super) const AT_EMPTY_PATH: u32 = 0x1000;
const AT_EXECVE_CHECK: usize = 0x1_0000;
const AT_EACCESS: usize = 0x200;
const X_OK: usize = 1;
const O_NONBLOCK: usize = 0o4000;
const O_NOFOLLOW: usize = 0o400_000;
const O_CLOEXEC: usize = 0o2_000_000;
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFLNK: u32 = 0o120_000;
/// `ST_NOEXEC` and `ST_NOSUID` of `struct statfs`.
const ST_NOSUID: u64 = 2;
const ST_NOEXEC: u64 = 8;

/// Words of `struct stat` on x86-64.
const STAT_WORDS: usize = 18;

/// What the paths of a zone without namespaces lead to.
pub type Bare<'a> = Option<Space<'a>>;

/// An open file that may be executed. The descriptor is closed when this is dropped.
pub struct Opened {
    fd: i32,
    /// Permission bits and type.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = host_call!(nr::CLOSE, int(self.fd));
    }
}

impl Opened {
    /// Opens `path` to execute it. `flags` are those of execveat(2).
    ///
    /// # Errors
    /// Those of execve(2) about the path: `EACCES` for what is no regular file or not executable,
    /// `ELOOP` for a symbolic link with AT_SYMLINK_NOFOLLOW, `ETXTBSY`, ...
    pub fn open(bare: Bare<'_>, dirfd: i32, path: &CStr, flags: u32) -> SysResult<Self> {
        Self::open_with(bare, dirfd, path, flags, allowed)
    }

    /// Opens an ELF interpreter. Of what execve checks only `ETXTBSY` is left out, which alone
    /// would cost ten times the rest.
    ///
    /// # Errors
    /// As [`Opened::open`].
    pub(super) fn open_interpreter(bare: Bare<'_>, path: &CStr) -> SysResult<Self> {
        Self::open_with(bare, AT_FDCWD, path, 0, permitted)
    }

    fn open_with(
        bare: Bare<'_>,
        dirfd: i32,
        path: &CStr,
        flags: u32,
        check: fn(i32) -> SysResult<()>,
    ) -> SysResult<Self> {
        let fd = if path.is_empty() && flags & AT_EMPTY_PATH != 0 {
            check_type(dirfd, c"", flags)?;
            check_mount(bare, &Node::of_guest(dirfd))?;
            readable(dirfd)?
        } else if let Some(space) = bare {
            let aim = if flags & AT_SYMLINK_NOFOLLOW != 0 {
                Aim::Keep
            } else {
                Aim::Follow
            };
            let node = space.object(At { dirfd, path }, aim)?;
            check_type(node.fd(), c"", AT_EMPTY_PATH)?;
            check_mount(bare, &node)?;
            reopen(node.fd())?
        } else {
            check_type(dirfd, path, flags)?;
            let nofollow = if flags & AT_SYMLINK_NOFOLLOW != 0 {
                O_NOFOLLOW
            } else {
                0
            };
            let at = path.as_ptr().expose_provenance();
            let args = [int(dirfd), at, O_NONBLOCK | O_CLOEXEC | nofollow, 0, 0, 0];
            as_int(forward_blocking(nr::OPENAT, &args)?)
        };
        let mut opened = Self::take(fd);
        let stat = status(fd, c"", AT_EMPTY_PATH)?;
        (opened.mode, opened.uid, opened.gid) = (stat.0, stat.1, stat.2);
        if opened.mode & S_IFMT != S_IFREG {
            return Err(Errno::EACCES);
        }
        check(fd)?;
        if let Some(space) = bare {
            space.permits(fd, EXECUTE)?;
        }
        Ok(opened)
    }

    /// A file that the brand before this one opened and checked.
    #[must_use]
    pub fn take(fd: i32) -> Self {
        Self {
            fd,
            mode: 0,
            uid: 0,
            gid: 0,
        }
    }

    /// The descriptor.
    #[must_use]
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// Fills `to` from `offset` on; how many bytes there were.
    ///
    /// # Errors
    /// Those of pread(2).
    pub fn read(&self, to: &mut [u8], offset: u64) -> SysResult {
        let mut done = 0;
        while let Some(rest) = to.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = usize::try_from(offset).map_err(|_| Errno::EIO)? + done;
            let room = rest.as_mut_ptr().expose_provenance();
            match host_call!(nr::PREAD64, int(self.fd), room, rest.len(), at)? {
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    /// Exactly `len` bytes from `offset` on.
    ///
    /// # Errors
    /// Those of pread(2); `EIO` when the file ends before.
    pub fn read_exact(&self, len: usize, offset: u64) -> SysResult<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
        bytes.resize(len, 0);
        if self.read(&mut bytes, offset)? == len {
            Ok(bytes)
        } else {
            Err(Errno::EIO)
        }
    }

    /// The path that the file is known by, in the zone where that has its own.
    #[must_use]
    pub fn canonical(&self, bare: Bare<'_>) -> CString {
        let mut text = [0u8; 4096];
        let link = link_of(self.fd);
        let (at, to) = (
            link.as_ptr().expose_provenance(),
            text.as_mut_ptr().expose_provenance(),
        );
        let len = host_call!(nr::READLINKAT, int(proc_fd()), at, to, text.len()).unwrap_or(0);
        let text = text.get(..len).unwrap_or_default();
        let in_zone = bare.and_then(|space| space.zone_path(text));
        CString::new(in_zone.unwrap_or_else(|| text.into())).unwrap_or_default()
    }

    /// Whether set-id bits count on the file's mount.
    #[must_use]
    pub fn honours_set_id(&self) -> bool {
        mount_flags(self.fd).is_ok_and(|flags| flags & ST_NOSUID == 0)
    }

    /// Another descriptor of the file, which survives exec. Its number is as low as may be: where
    /// threads share the table, the kernel waits for all processors to make it larger
    /// (`expand_files`).
    ///
    /// # Errors
    /// Those of fcntl(2).
    pub fn keep_over_exec(&self) -> SysResult<i32> {
        const F_DUPFD: usize = 0;
        host_call!(nr::FCNTL, int(self.fd), F_DUPFD, 3).map(as_int)
    }
}

const fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    (
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    )
}

/// Type and permissions, owner and group.
fn status(dirfd: i32, path: &CStr, flags: u32) -> SysResult<(u32, u32, u32)> {
    let mut stat = [0u64; STAT_WORDS];
    let (at, to) = (
        path.as_ptr().expose_provenance(),
        stat.as_mut_ptr().expose_provenance(),
    );
    let flags = usize::try_from(flags).unwrap_or(0);
    host_call!(nr::NEWFSTATAT, int(dirfd), at, to, flags)?;
    // st_mode and st_uid share a word, as do st_gid and padding.
    let (mode, uid) = halves(stat[3]);
    Ok((mode, uid, halves(stat[4]).0))
}

/// Refuses what is no regular file before it is opened, which could have effects.
fn check_type(dirfd: i32, path: &CStr, flags: u32) -> SysResult<()> {
    match status(dirfd, path, flags)?.0 & S_IFMT {
        S_IFREG => Ok(()),
        S_IFLNK => Err(Errno::ELOOP),
        _ => Err(Errno::EACCES),
    }
}

/// Refuses what lies in a mount that the host does not know to be noexec.
fn check_mount(bare: Bare<'_>, node: &Node) -> SysResult<()> {
    match bare.is_some_and(|space| space.is_no_exec(node)) {
        true => Err(Errno::EACCES),
        false => Ok(()),
    }
}

/// A descriptor to read the file that the guest's own one names.
fn readable(fd: i32) -> SysResult<i32> {
    const F_GETFL: usize = 3;
    const F_DUPFD_CLOEXEC: usize = 1030;
    const O_ACCMODE: usize = 3;
    const O_WRONLY: usize = 1;
    const O_PATH: usize = 0o10_000_000;
    let flags = host_call!(nr::FCNTL, int(fd), F_GETFL)?;
    if flags & O_PATH != 0 || flags & O_ACCMODE == O_WRONLY {
        return reopen(fd);
    }
    host_call!(nr::FCNTL, int(fd), F_DUPFD_CLOEXEC, 0).map(as_int)
}

/// `self/fd/N`, below /proc.
fn link_of(fd: i32) -> CString {
    CString::new(alloc::format!("self/fd/{fd}")).unwrap_or_default()
}

/// A descriptor for reading, of what an `O_PATH` one names.
fn reopen(fd: i32) -> SysResult<i32> {
    let link = link_of(fd);
    let at = link.as_ptr().expose_provenance();
    host_call!(nr::OPENAT, int(proc_fd()), at, O_CLOEXEC, 0).map(as_int)
}

fn mount_flags(fd: i32) -> SysResult<u64> {
    let mut statfs = [0u64; 15];
    let at = statfs.as_mut_ptr().expose_provenance();
    host_call!(nr::FSTATFS, int(fd), at)?;
    // f_flags follows f_frsize.
    Ok(statfs[10])
}

/// Whether the file may be executed: the host says so itself since Linux 6.14.
fn allowed(fd: i32) -> SysResult<()> {
    let empty = c"".as_ptr().expose_provenance();
    let arguments = [empty, 0];
    let (argv, envp) = (
        arguments.as_ptr().expose_provenance(),
        core::ptr::from_ref(&arguments[1]).expose_provenance(),
    );
    let flags = usize::try_from(AT_EMPTY_PATH).unwrap_or(0);
    match host_call!(
        nr::EXECVEAT,
        int(fd),
        empty,
        argv,
        envp,
        flags | AT_EXECVE_CHECK
    ) {
        Ok(_) => Ok(()),
        Err(Errno::EINVAL) => permitted(fd),
        Err(errno) => Err(errno),
    }
}

/// Whether permission bits and mount allow it.
fn permitted(fd: i32) -> SysResult<()> {
    let empty = c"".as_ptr().expose_provenance();
    let flags = usize::try_from(AT_EMPTY_PATH).unwrap_or(0);
    if mount_flags(fd)? & ST_NOEXEC != 0 {
        return Err(Errno::EACCES);
    }
    match host_call!(nr::FACCESSAT2, int(fd), empty, X_OK, flags | AT_EACCESS) {
        Ok(_) | Err(Errno::ENOSYS) => Ok(()),
        Err(errno) => Err(errno),
    }
}

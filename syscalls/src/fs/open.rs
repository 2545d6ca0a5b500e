//! open(2), openat(2), creat(2), openat2(2).

use abi::arg::{DirFd, Mode, OpenFlags, Path, Size};
use abi::{Errno, SysResult, UserPtr};
use host::call::as_int;
use host::user::{self, PathBuffer};
use kernel::vfs::{At, OpenHow, open_on_host};
use kernel::{Task, zone};

use super::path::instead;
use crate::process::learn_ids;

/// open(2).
pub fn open(t: &mut Task, path: Path, flags: OpenFlags, mode: Mode) -> SysResult {
    openat(t, DirFd::CWD, path, flags, mode)
}

/// creat(2).
pub fn creat(t: &mut Task, path: Path, mode: Mode) -> SysResult {
    let flags = OpenFlags::CREAT
        .union(OpenFlags::WRONLY)
        .union(OpenFlags::TRUNC);
    openat(t, DirFd::CWD, path, flags, mode)
}

/// openat(2).
pub fn openat(t: &mut Task, dirfd: DirFd, path: Path, flags: OpenFlags, mode: Mode) -> SysResult {
    open_by(t, dirfd, path, &OpenHow::lenient(flags, mode.0))
}

/// openat2(2). The structure is read once; what is longer than the one we know must be zero.
pub fn openat2(
    t: &mut Task,
    dirfd: DirFd,
    path: Path,
    how: UserPtr<[u64; 3]>,
    size: Size,
) -> SysResult {
    let [flags, mode, resolve] = read_how(how, size.0)?;
    let how = OpenHow {
        flags,
        mode,
        resolve,
        strict: true,
    };
    match open_by(t, dirfd, path, &how) {
        // Linux 5.6 has openat2; without RESOLVE_* bits openat does the same.
        Err(Errno::ENOSYS) if resolve == 0 => {
            check(flags, mode)?;
            open_by(
                t,
                dirfd,
                path,
                &OpenHow {
                    strict: false,
                    ..how
                },
            )
        }
        result => result,
    }
}

fn open_by(t: &mut Task, dirfd: DirFd, path: Path, how: &OpenHow) -> SysResult {
    let mut room = PathBuffer::new();
    let path = room.read(path)?;
    let at = At {
        dirfd: dirfd.0,
        path,
    };
    let opened = match t.mounts.overlay(path.to_bytes()) {
        None => open_on_host(at, how),
        Some(fs) => {
            learn_ids(t)?;
            fs.open(t, at, how)
        }
    };
    if zone::placeholders() == 0 {
        return opened;
    }
    match opened {
        // What sockets say, and files of a file system that is mounted read-only.
        Err(errno @ (Errno::ENXIO | Errno::EROFS)) => placeholder(t, at, how, errno),
        // Of the zone's names, which are the superuser's of the host.
        Err(Errno::EACCES)
            if how
                .open_flags()
                .intersects(OpenFlags::WRONLY | OpenFlags::RDWR) =>
        {
            placeholder(t, at, how, Errno::EACCES)
        }
        Err(Errno::ENOENT) => {
            let path = instead(t, at).ok_or(Errno::ENOENT)?;
            let at = At { path: &path, ..at };
            open_on_host(at, how).or_else(|errno| placeholder(t, at, how, errno))
        }
        Ok(fd) if how.open_flags().contains(OpenFlags::PATH) => {
            for fs in t.mounts.overlays() {
                fs.opened_path(as_int(fd));
            }
            Ok(fd)
        }
        opened => opened,
    }
}

/// Opens an emulated file, if the host has a placeholder there; else its own answer, `errno`, is
/// right.
#[cold]
fn placeholder(t: &Task, at: At<'_>, how: &OpenHow, errno: Errno) -> SysResult {
    let mut overlays = t.mounts.overlays().iter();
    overlays
        .find_map(|fs| fs.open_placeholder(t, at, how))
        .unwrap_or(Err(errno))
}

/// Reads `struct open_how` of `size` bytes (`copy_struct_from_user`).
pub(crate) fn read_how(at: UserPtr<[u64; 3]>, size: usize) -> SysResult<[u64; 3]> {
    const KNOWN: usize = size_of::<[u64; 3]>();
    const PAGE: usize = 4096;
    let Some(rest) = size.checked_sub(KNOWN) else {
        return Err(Errno::EINVAL);
    };
    if size > PAGE {
        return Err(Errno::E2BIG);
    }
    if rest > 0 {
        let mut room = [0; PAGE - KNOWN];
        let rest = room.get_mut(..rest).ok_or(Errno::E2BIG)?;
        user::read_bytes(at.address().wrapping_add(KNOWN), rest)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Errno::E2BIG);
        }
    }
    user::read(at)
}

/// What openat2 refuses and openat does not (`build_open_flags` in `fs/open.c`).
pub(crate) fn check(flags: u64, mode: u64) -> SysResult<()> {
    /// `O_SYNC`'s highest bit, `__O_TMPFILE`, and all flags between and below that exist.
    const VALID: u64 = 0o37_777_703;
    const PATH_ONLY: u64 = 0o12_600_000;
    let creates = u64::from(OpenFlags::CREAT.union(OpenFlags::TMPFILE_ONLY).bits());
    let path = u64::from(OpenFlags::PATH.bits());
    let bad_mode = if flags & creates != 0 {
        mode & !0o7777
    } else {
        mode
    };
    let bad_path = if flags & path != 0 {
        flags & !PATH_ONLY
    } else {
        0
    };
    if flags & !VALID != 0 || bad_mode != 0 || bad_path != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;
    use abi::Errno;

    #[test]
    fn openat2_is_strict() {
        let cloexec = 0o2_000_000;
        assert_eq!(check(cloexec, 0), Ok(()));
        assert_eq!(check(0o100 | 0o2, 0o644), Ok(()));
        assert_eq!(check(0o10_000_000 | cloexec | 0o400_000, 0), Ok(()));
        for (flags, mode) in [
            (0, 0o644),
            (0o100, 0o10_000),
            (1 << 32, 0),
            (0o100_000_000, 0),
            (0o4, 0),
            (0o10_000_000 | 0o2, 0),
        ] {
            assert_eq!(check(flags, mode), Err(Errno::EINVAL), "{flags:o} {mode:o}");
        }
    }
}

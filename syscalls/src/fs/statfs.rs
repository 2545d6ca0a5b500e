//! statfs(2), fstatfs(2): what the host says is the file system of placeholders is procfs, sysfs or
//! cgroup2 to the guest.

use abi::arg::{DirFd, Fd, Path};
use abi::stat::{Stat, StatFs};
use abi::{SysResult, UserPtr, nr};
use host::host_call;
use host::rows::file_rows_held;
use host::user;
use kernel::vfs::Links;
use kernel::{Task, zone};
use zerocopy::FromZeros;

use super::path::at_place;

/// statfs(2).
pub fn statfs(t: &mut Task, path: Path, buf: UserPtr<StatFs>) -> SysResult {
    at_place(t, DirFd::CWD, path, Links::Follow, |_, path| {
        host_call!(nr::STATFS, path, buf.address())?;
        named(t, buf, |to| {
            host_call!(nr::NEWFSTATAT, DirFd::CWD.raw(), path, to, 0)
        })
    })
}

/// fstatfs(2).
pub fn fstatfs(t: &mut Task, fd: Fd, buf: UserPtr<StatFs>) -> SysResult {
    host_call!(nr::FSTATFS, fd.raw(), buf.address())?;
    named(t, buf, |to| host_call!(nr::FSTAT, fd.raw(), to))
}

/// Puts right what the host wrote to the guest's memory about a file, whose status `ask` gets.
fn named(t: &Task, buf: UserPtr<StatFs>, ask: impl FnOnce(usize) -> SysResult) -> SysResult {
    /// `TMPFS_MAGIC`.
    const TMPFS: u64 = 0x0102_1994;
    let kind = || user::read(UserPtr::<u64>::new(buf.address()));
    if (zone::placeholders() == 0 && !file_rows_held()) || kind()? != TMPFS {
        return Ok(0);
    }
    let mut status = Stat::new_zeroed();
    ask((&raw mut status).expose_provenance())?;
    let Some(fs) = t.mounts.describing(status.st_dev) else {
        return Ok(0);
    };
    if let Some(kind) = fs.magic(&status) {
        let told = user::read(buf)?;
        user::write(buf, &without_blocks(&told, kind))?;
    }
    Ok(0)
}

/// A file system of that type, which holds nothing.
fn without_blocks(host: &StatFs, kind: u64) -> StatFs {
    StatFs {
        f_type: kind,
        f_blocks: [0; 3],
        f_files: [0; 2],
        ..*host
    }
}

#[cfg(test)]
mod tests {
    use super::without_blocks;
    use abi::stat::StatFs;

    #[test]
    fn emulated_file_systems_hold_nothing() {
        let host = StatFs {
            f_type: 0x0102_1994,
            f_bsize: 4096,
            f_blocks: [3, 2, 1],
            f_files: [2, 1],
            f_namelen: 255,
            ..StatFs::default()
        };
        let seen = without_blocks(&host, 0x6265_6572);
        assert_eq!(
            (seen.f_type, seen.f_bsize, seen.f_namelen),
            (0x6265_6572, 4096, 255)
        );
        assert_eq!((seen.f_blocks, seen.f_files), ([0; 3], [0; 2]));
    }
}

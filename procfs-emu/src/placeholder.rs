//! Placeholders: what zsched put in the places of emulated files ([`crate::skeleton`]), and what
//! the guest is told of them.

use alloc::ffi::CString;
use alloc::vec::Vec;

use abi::arg::OpenFlags;
use abi::stat::{DIRECTORY, REGULAR, SOCKET, Stat, TYPE};
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::{At, File, OpenHow, ProcView, open_on_host};
use kernel::zone::placeholders;
use zerocopy::FromZeros;

use crate::io::{NAME_MAX, Owned, PROC_SUPER_MAGIC, name_of, write_all};
use crate::live::Content;
use crate::skeleton::{Entry, Kind, Tree, ZSCHED, lists, stamped};
use crate::zone::object;
use crate::{live, memfd, sysctl, zone};

/// What the kernel says to be the best size of reads in procfs, in bytes.
const BLOCK: i64 = 1024;
/// What sysfs says of the size of every file, in bytes.
const ATTRIBUTE: i64 = 4096;

/// fstat(2).
pub(crate) fn status(fd: i32) -> SysResult<Stat> {
    let mut status = Stat::new_zeroed();
    host_call!(nr::FSTAT, int(fd), (&raw mut status).expose_provenance())?;
    Ok(status)
}

/// The entry whose placeholder has this status.
pub(crate) fn entry(status: &Stat) -> Option<Entry<'static>> {
    let [_, _, _, nanoseconds, ..] = status.st_times;
    let placeholders = placeholders();
    if placeholders == 0 || status.st_dev != placeholders {
        return None;
    }
    match status.st_mode & TYPE {
        SOCKET | REGULAR | DIRECTORY => stamped(nanoseconds),
        _ => None,
    }
}

/// Makes of a placeholder's status that of the file which it stands for.
pub(crate) fn disguise(status: &mut Stat) {
    let entry = entry(status);
    let tree = entry.map(|entry| entry.tree);
    let is_object = entry.is_some_and(|entry| entry.path.ends_with("/object"));
    match status.st_mode & TYPE {
        SOCKET => status.st_mode = status.st_mode & !TYPE | REGULAR,
        REGULAR | DIRECTORY => {}
        _ => return,
    }
    let file = status.st_mode & TYPE == REGULAR;
    (status.st_size, status.st_blksize) = match (file, tree) {
        (true, Some(Tree::System)) if is_object => (object::size().unwrap_or(0), BLOCK),
        (true, Some(Tree::Sys)) => (ATTRIBUTE, ATTRIBUTE),
        (false, Some(Tree::Sys)) => (0, ATTRIBUTE),
        _ => (0, BLOCK),
    };
    status.st_blocks = 0;
}

/// The magic number of the file system that a placeholder stands for a file of (statfs(2)).
pub(crate) fn magic(status: &Stat) -> u64 {
    const SYSFS: u64 = 0x6265_6572;
    const CGROUP2: u64 = 0x6367_7270;
    /// `objf` and `ctfs`: Linux has no such file systems.
    const OBJFS: u64 = 0x6f62_6a66;
    const CTFS: u64 = 0x6374_6673;
    match entry(status) {
        Some(entry) if entry.tree == Tree::Proc => PROC_SUPER_MAGIC,
        Some(entry) if entry.tree == Tree::System && entry.path.starts_with("object") => OBJFS,
        Some(entry) if entry.tree == Tree::System => CTFS,
        Some(entry) if entry.path.starts_with("fs/cgroup") => CGROUP2,
        // The root of /sys has no entry.
        _ => SYSFS,
    }
}

/// Opens the emulated file whose placeholder `at` names; `None` when there is none.
pub(crate) fn open(view: &dyn ProcView, at: At<'_>, how: &OpenHow) -> Option<SysResult> {
    let flags = how.open_flags();
    let path = OpenFlags::PATH | OpenFlags::CLOEXEC;
    let kept = OpenFlags::NOFOLLOW | OpenFlags::DIRECTORY;
    let again = OpenHow {
        flags: (flags & kept | path).bits().into(),
        mode: 0,
        resolve: how.resolve,
        strict: how.strict,
    };
    let fd = Owned::new(open_on_host(at, &again).ok()?);
    let status = status(fd.raw()).ok()?;
    match entry(&status) {
        Some(entry) => Some(open_entry(view, entry, status, fd, flags)),
        None => sysctl::open(view, at, how, fd),
    }
}

/// Opens the file that `entry` is about where its placeholder is open as `fd`.
fn open_entry(
    view: &dyn ProcView,
    entry: Entry<'static>,
    status: Stat,
    fd: Owned,
    flags: OpenFlags,
) -> SysResult {
    // A zone's limits are not its own to set, as where /proc/sys is mounted read-only.
    let writes = OpenFlags::WRONLY | OpenFlags::RDWR | OpenFlags::TRUNC;
    let is_ctl = entry.tree == Tree::System && entry.path.ends_with("/ctl");
    if entry.kind != Kind::Live || (flags.intersects(writes) && !is_ctl) {
        return Err(Errno::EROFS);
    }
    // The name that it has here: some entries stand for several files.
    let mut name = [0; NAME_MAX];
    let name = name_of(view, fd.raw(), &mut name).unwrap_or_default();
    let name = name_for_guest(&entry, name);
    let text = render(view, &entry, &name)?;
    memfd::install(view, &text, fd.raw(), mode(&entry), flags)?;
    let content = match is_ctl {
        true => Content::Written,
        false => Content::Placeholder(entry.stamp()),
    };
    live::opened_memory(fd.raw(), content, status);
    Ok(fd.into_raw())
}

/// What the guest calls the file that the host calls `name`.
fn name_for_guest(entry: &Entry<'_>, name: &[u8]) -> Vec<u8> {
    match entry.path.strip_prefix(ZSCHED) {
        Some(file) => [b"/proc/0", file.as_bytes()].concat(),
        None => name.into(),
    }
}

/// Where the host has what a path names that the guest has in /proc/0, or in a directory of that
/// name relative to /proc; `None` where nothing in the path is so called.
pub(crate) fn of_zsched(path: &[u8]) -> Option<CString> {
    let is_zero = |(_, part): &(usize, &[u8])| *part == b"0";
    let mut parts = path.split(|byte| *byte == b'/').scan(0, |at, part| {
        let start = *at;
        *at += part.len() + 1;
        Some((start, part))
    });
    let (at, _) = parts.find(is_zero)?;
    let (before, after) = (path.get(..at)?, path.get(at + 1..)?);
    CString::new([before, ZSCHED.as_bytes(), after].concat()).ok()
}

/// A memory file with the text of `entry`, which is called `name`.
pub(crate) fn render(view: &dyn ProcView, entry: &Entry<'_>, name: &[u8]) -> SysResult<Owned> {
    let text = zone::text(view, entry, name)?;
    let file = memfd::create(name)?;
    write_all(file.raw(), &text)?;
    Ok(file)
}

/// The permission bits as a register.
pub(crate) fn mode(entry: &Entry<'_>) -> usize {
    usize::try_from(entry.mode).unwrap_or(0o400)
}

/// A directory of placeholders.
#[derive(Debug)]
pub(crate) struct PlaceholderDir;

impl File for PlaceholderDir {
    fn shows(&self, _view: &dyn ProcView, _dir: i32, name: &[u8]) -> bool {
        // zsched's are listed as 0.
        ZSCHED
            .rsplit('/')
            .next()
            .is_none_or(|zsched| name != zsched.as_bytes())
    }

    fn kind(&self, kind: u8) -> u8 {
        const DT_SOCK: u8 = 12;
        const DT_REG: u8 = 8;
        if kind == DT_SOCK { DT_REG } else { kind }
    }
}

/// The root of procfs, which has more than a zone shows.
#[derive(Debug)]
pub(crate) struct RootDir;

impl File for RootDir {
    fn shows(&self, view: &dyn ProcView, _dir: i32, name: &[u8]) -> bool {
        lists(name) && view.shows_in_proc(name)
    }

    fn first(&self) -> Option<u8> {
        // zsched.
        Some(b'0')
    }
}

#[cfg(test)]
mod tests {
    use super::{PlaceholderDir, disguise, of_zsched};
    use abi::stat::Stat;
    use kernel::vfs::File;

    #[test]
    fn zsched_is_process_0() {
        for (path, expected) in [
            ("/proc/0", Some("/proc/sys/.zsched")),
            ("/proc/0/task/0/stat", Some("/proc/sys/.zsched/task/0/stat")),
            ("0/stat", Some("sys/.zsched/stat")),
            ("//x/0/", Some("//x/sys/.zsched/")),
            ("/proc/10/stat", None),
            ("", None),
        ] {
            let found = of_zsched(path.as_bytes());
            assert_eq!(
                found.as_ref().map(|path| path.to_bytes()),
                expected.map(str::as_bytes)
            );
        }
    }

    #[test]
    fn placeholders_look_like_files() {
        let mut status = Stat {
            st_mode: 0o140_444,
            st_size: 3,
            st_blocks: 8,
            ..Stat::default()
        };
        disguise(&mut status);
        assert_eq!((status.st_mode, status.st_blocks), (0o100_444, 0));
        let link = Stat {
            st_mode: 0o120_777,
            st_size: 3,
            ..Stat::default()
        };
        let mut same = link;
        disguise(&mut same);
        assert_eq!(same, link);
        assert_eq!((PlaceholderDir.kind(12), PlaceholderDir.kind(4)), (8, 4));
    }
}

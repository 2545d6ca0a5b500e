//! What belongs to a bare zone: its files, and its processes.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use abi::{Errno, SysResult};
use rustix::fs::{fstat, statfs};

use super::terminals::Terminals;
use crate::asked::errno;

/// A tree of the host's files that the zone sees.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// Its root, as the host calls it.
    pub(crate) path: PathBuf,
    /// Whether the attributes of its files may be changed.
    pub(crate) writable: bool,
}

/// What the zone has.
#[derive(Debug)]
pub(crate) struct Extent {
    /// Its trees, and single files.
    pub(crate) trees: Vec<Tree>,
    /// What the zone's abstract names begin with on the host.
    pub(crate) names: Vec<u8>,
    /// The image that its processes run, by device and number.
    pub(crate) image: (u64, u64),
    /// Its terminals, if it has a /dev/pts of its own.
    pub(crate) terminals: Option<Terminals>,
}

/// The path that the kernel gives a descriptor. It names the file itself, by whatever way the
/// descriptor was come by.
pub(super) fn link(fd: &impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd()))
}

fn path(fd: &impl AsFd) -> SysResult<PathBuf> {
    fs::read_link(link(fd)).map_err(|error| errno(&error))
}

impl Extent {
    /// Refuses a file that is not one of the zone's: `EACCES`, as Landlock does.
    pub(super) fn own(&self, fd: &impl AsFd) -> SysResult<()> {
        let path = path(fd)?;
        let mut trees = self.trees.iter();
        match trees.any(|tree| path.starts_with(&tree.path)) {
            true => Ok(()),
            false => Err(Errno::EACCES),
        }
    }

    /// Likewise one whose attributes the zone may not change.
    pub(super) fn own_to_change(&self, fd: &impl AsFd) -> SysResult<()> {
        let path = path(fd)?;
        let terminals = self.terminals.as_ref();
        if terminals.is_some_and(|terminals| terminals.have(fd)) {
            return Ok(());
        }
        let nameless = fstat(fd).is_ok_and(|stat| stat.st_nlink == 0);
        if nameless && path.as_os_str().as_bytes().starts_with(b"/memfd:") {
            return Ok(());
        }
        let mut trees = self.trees.iter();
        match trees.any(|tree| tree.writable && path.starts_with(&tree.path)) {
            true => Ok(()),
            false => Err(Errno::EACCES),
        }
    }

    /// Refuses an abstract name that is not the zone's.
    pub(super) fn own_name(&self, name: &[u8]) -> SysResult<()> {
        match name.starts_with(&self.names) {
            true => Ok(()),
            false => Err(Errno::ECONNREFUSED),
        }
    }

    /// Refuses what is no file about one of the zone's processes.
    pub(super) fn own_process_file(&self, fd: &impl AsFd) -> SysResult<()> {
        const PROC_SUPER_MAGIC: i64 = 0x9fa0;
        let is_proc = statfs(link(fd)).is_ok_and(|stat| stat.f_type == PROC_SUPER_MAGIC);
        let path = path(fd)?;
        let below = path.strip_prefix("/proc").ok().filter(|_| is_proc);
        if below.is_some_and(|below| below.as_os_str().is_empty()) {
            // The numbers of processes are known to whoever tries all.
            return Ok(());
        }
        let first = below.and_then(|below| below.components().next());
        let process = first.and_then(|name| name.as_os_str().to_str()?.parse().ok());
        self.own_process(process.ok_or(Errno::EACCES)?)
    }

    /// Refuses a process or thread that neither runs the zone's image nor descends from one that does.
    pub(super) fn own_process(&self, number: i32) -> SysResult<()> {
        /// Descendants that are deeper are not believed.
        const DEEPEST: usize = 10_000;
        let mut process = number;
        for _ in 0..DEEPEST {
            let exe = fs::metadata(format!("/proc/{process}/exe"));
            if exe.is_ok_and(|file| (file.dev(), file.ino()) == self.image) {
                return Ok(());
            }
            process = parent(process).ok_or(Errno::ESRCH)?;
            if process <= 1 {
                break;
            }
        }
        Err(Errno::ESRCH)
    }
}

/// The parent of a process or thread (proc_pid_stat(5)).
fn parent(process: i32) -> Option<i32> {
    let text = fs::read(format!("/proc/{process}/stat")).ok()?;
    parent_in(&text)
}

/// The name, in parentheses, may have any bytes in it; the state and the parent follow it.
fn parent_in(stat: &[u8]) -> Option<i32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = String::from_utf8_lossy(stat.get(end + 1..)?).into_owned();
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Extent, Tree, parent_in};
    use abi::Errno;
    use std::fs::File;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;
    use std::process::Command;

    #[test]
    fn a_process_can_have_any_name() {
        assert_eq!(parent_in(b"12 (a) b) S 7 7 7 0"), Some(7));
        assert_eq!(parent_in(b"12 (a"), None);
    }

    #[test]
    fn files_and_names_are_the_zones_or_not() {
        let tree = |path: &str, writable| Tree {
            path: PathBuf::from(path),
            writable,
        };
        let zone = Extent {
            trees: vec![tree("/proc", false), tree("/tmp", true)],
            names: b"\0lx1234".to_vec(),
            image: (0, 0),
            terminals: None,
        };
        let outside = File::open("/").expect("it is there");
        assert_eq!(zone.own(&outside), Err(Errno::EACCES));
        let read_only = File::open("/proc/self").expect("it is there");
        assert_eq!(zone.own(&read_only), Ok(()));
        assert_eq!(zone.own_to_change(&read_only), Err(Errno::EACCES));
        let own = File::open("/tmp").expect("it is there");
        assert_eq!(zone.own_to_change(&own), Ok(()));
        assert_eq!(zone.own_name(b"\0lx1234name"), Ok(()));
        assert_eq!(zone.own_name(b"\0lx1235name"), Err(Errno::ECONNREFUSED));
        assert_eq!(zone.own_process_file(&own), Err(Errno::EACCES));
    }

    #[test]
    fn processes_run_the_image_or_descend_from_one() {
        let image = std::fs::metadata("/proc/self/exe").expect("it is there");
        let zone = Extent {
            trees: Vec::new(),
            names: Vec::new(),
            image: (image.dev(), image.ino()),
            terminals: None,
        };
        let mut child = Command::new("sleep").arg("60").spawn().expect("it starts");
        let number = i32::try_from(child.id()).expect("a number");
        assert_eq!(zone.own_process(number), Ok(()));
        assert_eq!(zone.own_process(1), Err(Errno::ESRCH));
        child.kill().expect("it is there");
        child.wait().expect("it ends");
    }
}

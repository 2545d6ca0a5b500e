//! What an opened thing is, by the name that the host gives it.

use alloc::ffi::CString;

use crate::io::numbered;
use crate::mounts::Form;
use crate::spelling::number;

/// Which entry of a process's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Exe,
    Environ,
    Auxv,
    Maps,
    Smaps,
    SmapsRollup,
    NumaMaps,
    Stat,
    Status,
    /// Only in a zone.
    Mounts(Form),
    /// Only in a zone.
    Cgroup,
    /// `fd` or `fdinfo`.
    Descriptors,
    /// An entry of one of those.
    Descriptor(u32),
    MapFiles,
    /// `task`.
    Tasks,
}

/// An entry of a process or of one of its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The process whose directory it is in. /proc also has a directory, which it does not list,
    /// for every thread; then this is the thread.
    pub(crate) pid: u32,
    /// The thread, when the entry is in `task/TID`.
    pub(crate) tid: Option<u32>,
    pub(crate) kind: Kind,
}

impl Entry {
    /// Reads the canonical path of something in procfs, `/proc/12/maps` or
    /// `/proc/12/task/13/fd/4`, wherever procfs is mounted. `None` for what needs no emulation.
    pub(crate) fn of(path: &[u8]) -> Option<Self> {
        let mut parts = path.rsplit(|byte| *byte == b'/');
        let name = parts.next()?;
        let parent = parts.next()?;
        let (kind, owner) = match (number(name), parent) {
            (Some(fd), b"fd" | b"fdinfo") => (Kind::Descriptor(fd), parts.next()?),
            _ => (Kind::named(name)?, parent),
        };
        let owner = number(owner)?;
        Some(match (parts.next(), parts.next().and_then(number)) {
            (Some(b"task"), Some(pid)) => Self {
                pid,
                tid: Some(owner),
                kind,
            },
            _ => Self {
                pid: owner,
                tid: None,
                kind,
            },
        })
    }

    /// The thread that the entry is about.
    pub(crate) fn thread(self) -> u32 {
        self.tid.unwrap_or(self.pid)
    }
}

impl Entry {
    /// The directory that it is in, relative to /proc.
    pub(crate) fn directory(self) -> CString {
        match self.tid {
            None => numbered("", self.pid, ""),
            Some(tid) => {
                let task = numbered("", self.pid, "/task/");
                numbered(task.to_str().unwrap_or_default(), tid, "")
            }
        }
    }
}

impl Kind {
    /// The permission bits that such a file has (`tgid_base_stuff` in `fs/proc/base.c`).
    pub(crate) fn permissions(self) -> usize {
        match self {
            Self::Environ | Self::Auxv | Self::Mounts(Form::MountStats) => 0o400,
            _ => 0o444,
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"exe" => Self::Exe,
            b"environ" => Self::Environ,
            b"auxv" => Self::Auxv,
            b"maps" => Self::Maps,
            b"smaps" => Self::Smaps,
            b"smaps_rollup" => Self::SmapsRollup,
            b"numa_maps" => Self::NumaMaps,
            b"stat" => Self::Stat,
            b"status" => Self::Status,
            b"fd" | b"fdinfo" => Self::Descriptors,
            b"mounts" => Self::Mounts(Form::Mounts),
            b"mountinfo" => Self::Mounts(Form::MountInfo),
            b"mountstats" => Self::Mounts(Form::MountStats),
            b"cgroup" => Self::Cgroup,
            b"map_files" => Self::MapFiles,
            b"task" => Self::Tasks,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pid: u32, tid: Option<u32>, kind: Kind) -> Option<Entry> {
        Some(Entry { pid, tid, kind })
    }

    #[test]
    fn names() {
        for (path, expected) in [
            ("/proc/12/maps", entry(12, None, Kind::Maps)),
            ("/mnt/p/12/exe", entry(12, None, Kind::Exe)),
            ("/proc/12/task/13/maps", entry(12, Some(13), Kind::Maps)),
            ("/proc/12/fd", entry(12, None, Kind::Descriptors)),
            (
                "/proc/12/task/13/fdinfo",
                entry(12, Some(13), Kind::Descriptors),
            ),
            ("/proc/12/fd/1000", entry(12, None, Kind::Descriptor(1000))),
            (
                "/proc/12/task/13/fdinfo/7",
                entry(12, Some(13), Kind::Descriptor(7)),
            ),
            ("/proc/12/map_files", entry(12, None, Kind::MapFiles)),
            ("/12/status", entry(12, None, Kind::Status)),
            (
                "/proc/12/task/13/mounts",
                entry(12, Some(13), Kind::Mounts(Form::Mounts)),
            ),
            ("/proc/12/cgroup", entry(12, None, Kind::Cgroup)),
            ("/proc/stat", None),
            ("/proc/12/task", entry(12, None, Kind::Tasks)),
            ("/proc/12", None),
            ("/proc/12/task/13", None),
            ("/proc/12/cmdline", None),
            ("/proc/sys/fs/stat", None),
            ("/proc/12/map_files/1-2", None),
            ("", None),
        ] {
            assert_eq!(Entry::of(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn the_thread_of_an_entry() {
        assert_eq!(
            Entry::of(b"/proc/12/task/13/stat").map(Entry::thread),
            Some(13)
        );
        assert_eq!(Entry::of(b"/proc/12/stat").map(Entry::thread), Some(12));
    }
}

//! What the zone's /proc has at its root and in /proc/sys, and what its /sys has: names,
//! permissions, and where the text comes from. zsched makes a *placeholder* for each entry before
//! the guest starts, and the brand finds by it what to show.
//!
//! All placeholders lie in one small file system of their own. The guest sees them read-only in the
//! places of the kernel's entries: those of /proc each over the entry at its root, those of /sys
//! as a whole, and the directory of the control groups once more on itself, for that is a mount
//! of its own. Files whose text never changes are ordinary files. The others
//! are **socket inodes**: open(2) fails with `ENXIO` and has no other effect, so that a guest that
//! gets around the brand reads nothing, and the brand need only look again at opens that fail so.
//! Which entry a placeholder stands for is in the nanoseconds of its time of modification
//! ([`Entry::stamp`]), where no mount, link or new name of the guest's changes it.
//!
//! The tables are text, which needs no relocation: every exec would pay for those.

mod content;
mod fixed;
mod places;
mod processors;

pub use places::Place;
pub use processors::Processors;

/// All entries of /proc, then those of /sys and /system; [`Entry::number`] counts bytes in it.
const TABLE: &str = concat!(
    include_str!("proc.table"),
    include_str!("sysctl.table"),
    include_str!("zsched.table"),
    include_str!("sys.table"),
    include_str!("system.table")
);
/// Where those of /sys begin.
const SYS: usize = include_str!("proc.table").len()
    + include_str!("sysctl.table").len()
    + include_str!("zsched.table").len();
/// Where those of /system begin.
const SYSTEM: usize = SYS + include_str!("sys.table").len();

/// Where the files of /proc/0 lie, below /proc.
pub const ZSCHED: &str = "sys/.zsched";

/// The file system that an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tree {
    /// /proc.
    Proc,
    /// /sys.
    Sys,
    /// /system: what lx adds.
    System,
}

impl Tree {
    /// Where it is mounted.
    #[must_use]
    pub fn root(self) -> &'static str {
        match self {
            Self::Proc => "/proc/",
            Self::Sys => "/sys/",
            Self::System => "/system/",
        }
    }

    fn of(at: usize) -> Self {
        match at {
            0..SYS => Self::Proc,
            SYS..SYSTEM => Self::Sys,
            _ => Self::System,
        }
    }
}

/// Where the text of an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A directory.
    Directory,
    /// A socket inode: the brand makes the text when it is read.
    Live,
    /// An ordinary file with this text.
    Fixed(&'static str),
    /// An ordinary file with what the kernel's own entry says in the zone's namespaces when the
    /// zone begins.
    Copy {
        /// The text, without its newline, where the kernel lacks the entry or does not let it be
        /// read; `None` if the zone lacks it then, too.
        otherwise: Option<&'a str>,
    },
    /// As [`Kind::Copy`], and who may write it in the zone asks zsched to.
    Zone,
    /// The kernel's own entry, which speaks of the namespaces of the zone only; no placeholder.
    Own,
    /// A symbolic link that leads there. The wildcards of the path stand in it, too.
    Link(&'a str),
    /// An ordinary file that names processors: those of the zone.
    Processors {
        /// How they are written.
        form: Processors,
        /// Only those that the kernel's own entry names.
        among_hosts: bool,
    },
}

/// An entry of /proc or /sys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Tells it from the others; never 0.
    pub number: u32,
    /// Which file system it is in.
    pub tree: Tree,
    /// The path below /proc or /sys, without a slash at its beginning or end. A component `*`
    /// stands for every name that the kernel has in its place, `#` for every number
    /// ([`Entry::places`]).
    pub path: &'a str,
    /// The permission bits.
    pub mode: u32,
    /// Where the text comes from.
    pub kind: Kind<'a>,
}

impl Entry<'_> {
    /// The nanoseconds of the time of modification that a placeholder of this entry has.
    #[must_use]
    pub fn stamp(&self) -> i64 {
        i64::from(self.number)
    }
}

/// The entries of /proc, a directory before what is in it.
pub fn entries() -> impl Iterator<Item = Entry<'static>> {
    between(0, SYS)
}

/// The entries of /sys, a directory before what is in it.
pub fn sys_entries() -> impl Iterator<Item = Entry<'static>> {
    between(SYS, SYSTEM)
}

/// The entries of /system, a directory before what is in it.
pub fn system_entries() -> impl Iterator<Item = Entry<'static>> {
    between(SYSTEM, TABLE.len())
}

fn between(start: usize, end: usize) -> impl Iterator<Item = Entry<'static>> {
    let mut next = start;
    core::iter::from_fn(move || {
        loop {
            let at = next;
            let line = TABLE.get(at..end)?.split_inclusive('\n').next()?;
            next = at + line.len();
            if let Some(entry) = parse(at, line) {
                return Some(entry);
            }
        }
    })
}

/// The entry that a placeholder with this stamp stands for.
#[must_use]
pub fn stamped(stamp: i64) -> Option<Entry<'static>> {
    let at = usize::try_from(stamp).ok()?.checked_sub(1)?;
    let begins = at == 0 || TABLE.as_bytes().get(at - 1) == Some(&b'\n');
    let line = TABLE.get(at..)?.split_inclusive('\n').next()?;
    if begins { parse(at, line) } else { None }
}

/// Whether the zone's /proc lists `name` at its root. What the kernel has there besides is covered
/// by empty placeholders.
#[must_use]
pub fn lists(name: &[u8]) -> bool {
    /// Links, and the entries of the directory itself.
    const ALWAYS: [&[u8]; 6] = [b".", b"..", b"self", b"thread-self", b"mounts", b"net"];
    name.iter().all(u8::is_ascii_digit)
        || ALWAYS.contains(&name)
        || entries()
            .filter(|entry| !entry.path.contains('/'))
            .any(|entry| entry.path.as_bytes() == name)
}

/// Reads one line, which begins at `at`; `None` for a comment.
fn parse(at: usize, line: &'static str) -> Option<Entry<'static>> {
    let mut words = line.splitn(3, ' ');
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let path = words.next()?.trim_end();
    let kind = words.next();
    let (path, kind) = match (path.strip_suffix('/'), kind) {
        (Some(path), None) => (path, Kind::Directory),
        (Some(path), Some(_)) => (path, Kind::Own),
        (None, kind) => (path, Kind::parse(path, kind?)?),
    };
    Some(Entry {
        number: u32::try_from(at + 1).ok()?,
        tree: Tree::of(at),
        path,
        mode,
        kind,
    })
}

impl Kind<'static> {
    /// Reads the end of a line, newline included.
    fn parse(path: &str, text: &'static str) -> Option<Self> {
        let (word, value) = match text.split_once(' ') {
            Some((word, value)) => (word, Some(value)),
            None => (text.trim_end(), None),
        };
        let among_hosts = word != "processors";
        Some(match (word, value.map(str::trim_end)) {
            ("live", None) => Self::Live,
            ("fixed", None) => Self::Fixed(fixed::text(path)?),
            ("text", _) => Self::Fixed(value.unwrap_or_default()),
            ("copy", otherwise) => Self::Copy { otherwise },
            ("zone", None) => Self::Zone,
            ("own", None) => Self::Own,
            ("link", Some(target)) => Self::Link(target),
            ("list", None) | ("processors", Some("list")) => Self::Processors {
                form: Processors::List,
                among_hosts,
            },
            ("mask", None) | ("processors", Some("mask")) => Self::Processors {
                form: Processors::Mask,
                among_hosts,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Entry, Kind, TABLE, Tree, entries, lists, stamped, sys_entries, system_entries};
    use std::collections::BTreeMap;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    fn all() -> impl Iterator<Item = Entry<'static>> {
        entries().chain(sys_entries()).chain(system_entries())
    }

    #[test]
    fn every_line_is_an_entry_or_a_comment() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(all().count(), lines);
    }

    #[test]
    fn directories_come_first_and_names_once() {
        for tree in [
            entries().collect::<std::vec::Vec<_>>(),
            sys_entries().collect(),
            system_entries().collect(),
        ] {
            in_order(&tree);
        }
    }

    fn in_order(tree: &[Entry<'static>]) {
        let mut seen = BTreeMap::from([("", true)]);
        for entry in tree {
            let parent = entry.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            assert_eq!(seen.get(parent), Some(&true), "{}", entry.path);
            let directory = entry.kind == Kind::Directory;
            assert_eq!(seen.insert(entry.path, directory), None, "{}", entry.path);
        }
    }

    #[test]
    fn a_stamp_leads_to_its_entry() {
        for entry in all() {
            assert_eq!(stamped(entry.stamp()), Some(entry));
            assert_eq!(stamped(entry.stamp() + 1), None);
        }
        assert_eq!(
            (stamped(0), stamped(-1), stamped(i64::MAX)),
            (None, None, None)
        );
    }

    #[test]
    fn listed_names() {
        for name in ["self", "1", "stat", "sys", "sysvipc", "net", ".."] {
            assert!(lists(name.as_bytes()), "{name}");
        }
        for name in ["config.gz", "mtrr", "kpagecount", "sys/fs", "acpi"] {
            assert!(!lists(name.as_bytes()), "{name}");
        }
    }

    /// Permissions and types are those of this machine's kernel, where it has the entry.
    #[test]
    fn as_the_kernel_has_them() {
        let mut checked = 0;
        for entry in all().filter(|entry| !entry.path.contains(['*', '#'])) {
            let root = Path::new(entry.tree.root());
            let Ok(status) = root.join(entry.path).symlink_metadata() else {
                continue;
            };
            // The control groups of this machine may be of version 1.
            if entry.path.starts_with("fs/cgroup") || entry.tree == Tree::System {
                continue;
            }
            let directory = entry.kind == Kind::Directory || entry.path == "sysvipc";
            assert_eq!(status.is_dir(), directory, "{}", entry.path);
            let link = matches!(entry.kind, Kind::Link(_));
            assert_eq!(status.is_symlink(), link, "{}", entry.path);
            // In a container that masks entries, and where others are mounted, these are other
            // files. CPUs, keys and memory of another machine may have others, too.
            if status.dev() == root.metadata().expect("it is mounted").dev() {
                let mode = status.mode() & 0o777;
                assert_eq!(mode, entry.mode, "{:?} {}", entry.tree, entry.path);
                checked += 1;
            }
        }
        assert!(checked > 20, "{checked}");
    }

    #[test]
    fn kinds() {
        let find = |path| sys_entries().find(|entry| entry.path == path);
        let kind = |path| find(path).map(|entry| entry.kind);
        assert_eq!(kind("fs/cgroup/memory.max"), Some(Kind::Live));
        assert_eq!(kind("kernel/address_bits"), Some(Kind::Fixed("64\n")));
        assert_eq!(kind("power/state"), Some(Kind::Fixed("")));
        let link = Kind::Link("../../devices/virtual/net/*");
        assert_eq!(kind("class/net/*"), Some(link));
        assert!(sys_entries().all(|entry| entry.tree == Tree::Sys));
        assert!(entries().all(|entry| entry.tree == Tree::Proc));
    }
}

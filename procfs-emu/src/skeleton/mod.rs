//! What the zone's /proc has at its root and in /proc/sys: names, permissions, and where the text
//! comes from. zsched makes a *placeholder* for each entry before the guest starts, and the brand
//! finds by it what to show.
//!
//! The placeholders lie in a small file system of their own, which the guest sees read-only in the
//! places of the kernel's entries. Files whose text never changes are ordinary files. The others
//! are **socket inodes**: open(2) fails with `ENXIO` and has no other effect, so that a guest that
//! gets around the brand reads nothing, and the brand need only look again at opens that fail so.
//! Which entry a placeholder stands for is in the nanoseconds of its time of modification
//! ([`Entry::stamp`]), where no mount, link or new name of the guest's changes it.
//!
//! The tables are text, which needs no relocation: every exec would pay for those.

mod fixed;

/// All entries; [`Entry::number`] counts bytes in it.
const TABLE: &str = concat!(include_str!("proc.table"), include_str!("sysctl.table"));

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
}

/// An entry of /proc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Tells it from the others; never 0.
    pub number: u32,
    /// The path below /proc, without a slash at its beginning or end. A component `*` stands for
    /// every name that the kernel has in its place.
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

/// All entries, a directory before what is in it.
pub fn entries() -> impl Iterator<Item = Entry<'static>> {
    let mut next = 0;
    core::iter::from_fn(move || {
        loop {
            let at = next;
            let line = TABLE.get(at..)?.split_inclusive('\n').next()?;
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
    let line = TABLE.get(at..)?.split('\n').next()?;
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
    let mut words = line.trim_end().splitn(3, ' ');
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let path = words.next()?;
    let kind = words.next();
    let (path, kind) = match (path.strip_suffix('/'), kind) {
        (Some(path), None) => (path, Kind::Directory),
        (Some(path), Some(_)) => (path, Kind::Own),
        (None, kind) => (path, Kind::parse(path, kind?)?),
    };
    Some(Entry {
        number: u32::try_from(at + 1).ok()?,
        path,
        mode,
        kind,
    })
}

impl Kind<'static> {
    fn parse(path: &str, text: &'static str) -> Option<Self> {
        Some(match text.split_once(' ') {
            None => match text {
                "live" => Self::Live,
                "fixed" => Self::Fixed(fixed::text(path)?),
                "copy" => Self::Copy { otherwise: None },
                "zone" => Self::Zone,
                "own" => Self::Own,
                _ => return None,
            },
            Some(("copy", value)) => Self::Copy {
                otherwise: Some(value),
            },
            Some(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Kind, TABLE, entries, lists, stamped};
    use std::collections::BTreeMap;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    #[test]
    fn every_line_is_an_entry_or_a_comment() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(entries().count(), lines);
    }

    #[test]
    fn directories_come_first_and_names_once() {
        let mut seen = BTreeMap::from([("", true)]);
        for entry in entries() {
            let parent = entry.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            assert_eq!(seen.get(parent), Some(&true), "{}", entry.path);
            let directory = entry.kind == Kind::Directory;
            assert_eq!(seen.insert(entry.path, directory), None, "{}", entry.path);
        }
    }

    #[test]
    fn a_stamp_leads_to_its_entry() {
        for entry in entries() {
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
        for entry in entries().filter(|entry| !entry.path.contains('*')) {
            let Ok(status) = Path::new("/proc").join(entry.path).symlink_metadata() else {
                continue;
            };
            let directory = entry.kind == Kind::Directory || entry.path == "sysvipc";
            assert_eq!(status.is_dir(), directory, "{}", entry.path);
            // In a container that masks entries these are other files.
            if status.dev() == Path::new("/proc").metadata().expect("/proc").dev() {
                assert_eq!(status.mode() & 0o777, entry.mode, "{}", entry.path);
                checked += 1;
            }
        }
        assert!(checked > 20, "{checked}");
    }
}

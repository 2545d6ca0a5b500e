//! The links that a thread's paths went through lately, and the files that they led to: pure data.
//!
//! Nothing here is believed: the text of a link is read again before it is followed
//! ([`Links::expand`]), and what a path led to only serves to recognise it ([`Links::seen`]).

use alloc::ffi::CString;
use alloc::vec::Vec;

use super::table::{Head, Ident, Table, below_clean, first_bytes, skip};
use crate::walk::MAX_LINKS;

/// How many links are remembered.
const MOST_LINKS: usize = 24;
/// The longest text of a link that is remembered, in bytes.
pub(super) const LONGEST_TEXT: usize = 255;
/// How many paths are remembered by what they led to: a power of two.
const SEEN: usize = 64;
/// What is added to a path besides what links say: slashes, and usually the target of a mount.
const ROOM: usize = 64;
/// The longest path, with its NUL.
const PATH_MAX: usize = 4096;

/// Where a path without links begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At what the mount with this number shows.
    Mount(usize),
    /// At a directory that the guest has open, or works in.
    Directory(Ident),
}

/// How something was reached: names without links from a start on, with single slashes between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trail {
    /// From where.
    pub(super) start: Start,
    /// By which names; empty for the start itself.
    pub(super) path: Vec<u8>,
}

impl Trail {
    /// The beginning of one.
    #[must_use]
    pub(super) fn new(start: Start) -> Self {
        let path = Vec::new();
        Self { start, path }
    }

    /// Goes on along `path`, which has no `..`.
    #[must_use]
    pub(super) fn along(&self, path: &[u8]) -> Self {
        let mut on = self.clone();
        for name in names(path) {
            if !on.path.is_empty() {
                on.path.push(b'/');
            }
            on.path.extend_from_slice(name);
        }
        on
    }
}

/// The components of a path that lead somewhere.
fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
}

/// A symbolic link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// From where it was reached.
    pub(super) start: Start,
    /// By which names; never empty.
    pub(super) path: CString,
    /// What it says.
    pub(super) text: Vec<u8>,
    head: Head,
}

/// What a path led to.
#[derive(Clone, Copy, Debug, Default)]
struct Sight {
    hash: u64,
    ident: Ident,
    as_spelled: bool,
}

/// What a thread remembers.
#[derive(Debug, Default)]
pub struct Links {
    links: Vec<Link>,
    /// The place of the next one, when there is no room for more.
    next: usize,
    /// By hash, so that one drives out another.
    seen: Vec<Sight>,
}

impl Links {
    /// Nothing remembered.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            links: Vec::new(),
            next: 0,
            seen: Vec::new(),
        }
    }

    /// Remembers a link.
    pub(super) fn learn(&mut self, trail: &Trail, text: &[u8]) {
        if text.is_empty() || text.len() > LONGEST_TEXT || trail.path.is_empty() {
            return;
        }
        let Ok(path) = CString::new(trail.path.clone()) else {
            return;
        };
        let (start, text) = (trail.start, Vec::from(text));
        let head = Head::of(path.as_bytes());
        let link = Link {
            start,
            path,
            text,
            head,
        };
        let known = self
            .links
            .iter_mut()
            .find(|known| known.start == link.start && known.path == link.path);
        if let Some(known) = known {
            *known = link;
        } else if self.links.len() < MOST_LINKS {
            self.links.push(link);
        } else {
            if let Some(oldest) = self.links.get_mut(self.next) {
                *oldest = link;
            }
            self.next = (self.next + 1) % MOST_LINKS;
        }
    }

    /// No link is there any more, or another.
    pub(super) fn forget(&mut self, link: &Link) {
        self.links.retain(|known| known != link);
    }

    /// Whether none is remembered.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Where a path leads that goes through known links: by names that are none. `None` when no
    /// known link is on its way, and when only a walk can tell.
    ///
    /// A relative path begins at `from` none; whatever `asks` answers decides.
    #[must_use]
    pub(super) fn expand(
        &self,
        table: &Table,
        from: Option<usize>,
        path: &[u8],
        follow: bool,
        asks: &dyn Asks,
    ) -> Option<Way> {
        let mut way: Option<Way> = None;
        for _ in 0..MAX_LINKS {
            let (from, path) = way
                .as_ref()
                .map_or((from, path), |way| (way.from, &way.path));
            let Some((link, rest)) = self.on_the_way(from, path, follow, asks) else {
                return way;
            };
            if !asks.is_there(link, from) {
                return None;
            }
            way = Some(followed(table, from, path, link, rest)?);
        }
        None
    }

    /// The first link on the way, and where the rest of the path begins. One at the end counts when
    /// it is to be followed.
    fn on_the_way(
        &self,
        from: Option<usize>,
        path: &[u8],
        follow: bool,
        asks: &dyn Asks,
    ) -> Option<(&Link, usize)> {
        let head = first_bytes(path);
        let found = |link: &Link| {
            if !link.head.may_begin(head) {
                return None;
            }
            // A path that is spelled in a strange way takes a walk.
            let rest = below_clean(path, link.path.as_bytes())?;
            let counts = follow || rest < path.len() || path.last() == Some(&b'/');
            let begins = || match (link.start, from) {
                (Start::Mount(one), Some(other)) => one == other,
                (Start::Directory(ident), None) => asks.begins_at(ident),
                _ => false,
            };
            (counts && begins()).then_some(rest)
        };
        // One may have been found below a name that is a link by now: the outermost comes first.
        self.links
            .iter()
            .filter_map(|link| found(link).map(|rest| (link, rest)))
            .min_by_key(|(link, _)| link.path.as_bytes().len())
    }

    /// What a path with this hash led to, and whether the host finds it as it is spelled.
    #[must_use]
    pub(super) fn seen(&self, hash: u64) -> Option<(Ident, bool)> {
        let sight = self.seen.get(place_of(hash))?;
        (sight.hash == hash).then_some((sight.ident, sight.as_spelled))
    }

    /// Remembers what a path with this hash led to.
    pub(super) fn see(&mut self, hash: u64, ident: Ident, as_spelled: bool) {
        if self.seen.is_empty() {
            self.seen.resize(SEEN, Sight::default());
        }
        if let Some(sight) = self.seen.get_mut(place_of(hash)) {
            *sight = Sight {
                hash,
                ident,
                as_spelled,
            };
        }
    }
}

/// What [`Links::expand`] has to ask of the host.
pub(super) trait Asks {
    /// Whether a relative path begins in this directory.
    fn begins_at(&self, directory: Ident) -> bool;
    /// Whether a link still is there and says what it said.
    fn is_there(&self, link: &Link, from: Option<usize>) -> bool;
}

/// A path, and the mount that it begins in; none for a relative one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The mount.
    pub(super) from: Option<usize>,
    /// From there on.
    pub(super) path: Vec<u8>,
}

/// Replaces a link on a path, behind which `rest` begins, by what it says.
fn followed(
    table: &Table,
    from: Option<usize>,
    path: &[u8],
    link: &Link,
    rest: usize,
) -> Option<Way> {
    let (mut text, rest) = (&link.text[..], path.get(rest..)?);
    let mut joined = Vec::with_capacity(text.len() + 2 * path.len() + ROOM);
    if text.starts_with(b"/") {
        joined.extend_from_slice(text);
    } else {
        if let Some(mount) = from {
            joined.push(b'/');
            joined.extend_from_slice(&table.mounts.get(mount)?.target);
        }
        // Directories of the link's own path are no links, so that `..` takes them away.
        let mut above = directory_of(link.path.as_bytes());
        while let Some(up) = upwards(text) {
            text = up;
            if above.is_empty() && from != Some(0) {
                return None;
            }
            above = directory_of(above);
        }
        for part in [above, text] {
            if !joined.is_empty() && !joined.ends_with(b"/") {
                joined.push(b'/');
            }
            joined.extend_from_slice(part.get(skip(part, 0)..)?);
        }
    }
    if !rest.is_empty() || path.ends_with(b"/") {
        joined.push(b'/');
        joined.extend_from_slice(rest);
    }
    if joined.len() >= PATH_MAX {
        return None;
    }
    if joined.starts_with(b"/") {
        let (mount, offset) = table.lexical(&joined)?;
        drop(joined.drain(..offset));
        return Some(Way {
            from: Some(mount),
            path: joined,
        });
    }
    if joined.is_empty() {
        joined.push(b'.');
    }
    table.stays(&joined).then_some(Way {
        from: None,
        path: joined,
    })
}

/// Names without the last.
fn directory_of(names: &[u8]) -> &[u8] {
    let end = names.iter().rposition(|byte| *byte == b'/');
    names.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// What follows `..` at the beginning of a text.
fn upwards(text: &[u8]) -> Option<&[u8]> {
    let text = text.get(skip(text, 0)..)?;
    let rest = text.strip_prefix(b"..")?;
    matches!(rest.first(), None | Some(b'/')).then_some(rest)
}

/// A number for a path: where it starts, how its end is meant, its bytes.
#[must_use]
pub fn hash(start: i32, follow: bool, path: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let start = u64::from(start.cast_unsigned()) << 1 | u64::from(follow);
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(FACTOR).rotate_left(29);
    let (words, rest) = path.as_chunks::<8>();
    let mut hash = mix(FACTOR, start);
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    for byte in rest {
        hash = mix(hash, u64::from(*byte));
    }
    mix(hash, 0)
}

fn place_of(hash: u64) -> usize {
    usize::try_from(hash >> 32).unwrap_or(0) % SEEN
}

#[cfg(test)]
mod tests {
    use super::{Asks, Link, Links, Start, Trail, hash};
    use crate::bare::table::{Ident, Kind, Mount, Table};
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    const HERE: Ident = Ident { dev: 1, ino: 77 };

    struct Host {
        gone: &'static [u8],
    }

    impl Asks for Host {
        fn begins_at(&self, directory: Ident) -> bool {
            directory == HERE
        }
        fn is_there(&self, link: &Link, _: Option<usize>) -> bool {
            link.path.as_bytes() != self.gone
        }
    }

    fn table() -> Table {
        let mount = |target: &str| Mount {
            target: target.as_bytes().to_vec(),
            kind: Kind::Tree,
            flags: 0,
            here: Ident::default(),
            above: Ident::default(),
        };
        Table::new(vec![mount(""), mount("dev"), mount("srv/data")])
    }

    fn links() -> Links {
        let mut links = Links::new();
        for (mount, path, text) in [
            (0, "lib", "usr/lib"),
            (0, "usr/lib/x/so", "../../share/so.1"),
            (0, "usr/share/so.1", "so.1.2"),
            (0, "devices", "/dev"),
            (0, "top", "../../../etc"),
            (0, "self", "."),
            (0, "data", "srv/data/deep"),
            (0, "loop", "loop"),
            (1, "out", "../etc"),
            (1, "shm", "/srv/data"),
        ] {
            let trail = Trail::new(Start::Mount(mount)).along(path.as_bytes());
            links.learn(&trail, text.as_bytes());
        }
        let trail = Trail::new(Start::Directory(HERE));
        links.learn(&trail.along(b"near"), b"real");
        links.learn(&trail.along(b"a/up"), b"../b");
        links.learn(&trail.along(b"away"), b"../b");
        links.learn(&trail.along(b"far"), b"/dev/x");
        links
    }

    fn expanded(from: Option<usize>, path: &str, follow: bool) -> Option<(Option<usize>, String)> {
        let host = Host { gone: b"" };
        let way = links().expand(&table(), from, path.as_bytes(), follow, &host)?;
        Some((way.from, String::from_utf8(way.path).unwrap()))
    }

    #[test]
    fn known_links_are_replaced() {
        let is = |from, path: &str, expected: Option<(Option<usize>, &str)>| {
            let expected = expected.map(|(from, path)| (from, String::from(path)));
            assert_eq!(expanded(from, path, true), expected, "{path}");
        };
        let root = Some(0);
        is(root, "lib/a/b", Some((root, "usr/lib/a/b")));
        is(root, "lib//./a/", Some((root, "usr/lib//./a/")));
        is(root, "lib", Some((root, "usr/lib")));
        is(root, "lib/", Some((root, "usr/lib/")));
        is(root, "library", None);
        is(root, "usr/bin", None);
        is(root, "lib/x/so", Some((root, "usr/share/so.1.2")));
        is(root, "devices/null", Some((Some(1), "null")));
        is(root, "devices", Some((Some(1), "")));
        is(root, "top/passwd", Some((root, "etc/passwd")));
        is(root, "data/x", Some((Some(2), "deep/x")));
        is(root, "loop/x", None);
        is(root, "lib/../x", None);
        is(Some(1), "out/x", None);
        is(Some(1), "shm/x", Some((Some(2), "x")));
        is(Some(1), "lib/x", None);
        is(None, "near/file", Some((None, "real/file")));
        is(None, "a/up/f", Some((None, "b/f")));
        is(None, "./a/up/f", None);
        is(None, "away/f", None);
        is(None, "far/f", Some((Some(1), "x/f")));
        is(None, "lib/x", None);
    }

    #[test]
    fn a_link_at_the_end_may_be_what_is_meant() {
        assert_eq!(expanded(Some(0), "lib", false), None);
        let through = expanded(Some(0), "lib/", false);
        assert_eq!(through, Some((Some(0), "usr/lib/".into())));
        let through = expanded(Some(0), "lib/x/so", false);
        assert_eq!(through, Some((Some(0), "usr/lib/x/so".into())));
    }

    #[test]
    fn what_is_gone_is_not_followed() {
        let host = Host { gone: b"lib" };
        let way = links().expand(&table(), Some(0), b"lib/a", true, &host);
        assert_eq!(way, None);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut links = Links::new();
        for number in 0..100 {
            let name = std::format!("n{number}");
            links.learn(&Trail::new(Start::Mount(0)).along(name.as_bytes()), b"x");
        }
        assert_eq!(links.links.len(), super::MOST_LINKS);
        let known = links.links.clone();
        links.forget(&known[3]);
        assert!(!links.links.contains(&known[3]));
        links.learn(&Trail::new(Start::Mount(0)), b"x");
        links.learn(&Trail::new(Start::Mount(0)).along(b"y"), &[b'x'; 300]);
        assert_eq!(links.links.len(), super::MOST_LINKS - 1);
    }

    #[test]
    fn what_was_seen_is_told_by_hash() {
        let mut links = Links::new();
        let one = hash(-100, true, b"/a/path/of/some/length");
        assert_eq!(links.seen(one), None);
        links.see(one, HERE, true);
        assert_eq!(links.seen(one), Some((HERE, true)));
        let others: Vec<u64> = vec![
            hash(-100, false, b"/a/path/of/some/length"),
            hash(3, true, b"/a/path/of/some/length"),
            hash(-100, true, b"/a/path/of/some/lengti"),
        ];
        assert!(others.iter().all(|other| links.seen(*other).is_none()));
    }
}

//! The mount table of a bare zone, as zsched writes it and the brands read it: pure data.

use alloc::vec::Vec;

use abi::stat::Stat;

use crate::zone::NATIVE;

/// Which file an open descriptor leads to, however it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ident {
    /// `st_dev`.
    pub dev: u64,
    /// `st_ino`.
    pub ino: u64,
}

impl Ident {
    /// What stat(2) says of it.
    #[must_use]
    pub fn of(status: &Stat) -> Self {
        Self {
            dev: status.st_dev,
            ino: status.st_ino,
        }
    }
}

/// What a mount shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory of the host.
    Tree,
    /// A file or device of the host.
    File,
    /// Processes: the host's /proc, of which the zone sees its own processes.
    Proc,
    /// What stands in /proc besides processes. It has no mount point of its own.
    ProcFiles,
    /// Segments of shared memory (shmget(2)). It has no mount point either.
    Segments,
    /// The terminals that the zone's programs make, which the warden knows. What is there on the host
    /// only lists them.
    Terminals,
    /// Directories over each other: the upper one. A [`Kind::Work`] and the [`Kind::Layer`]s, from
    /// the uppermost on, come right behind it.
    Stack,
    /// Where files of the stack before it are made. It has no mount point.
    Work,
    /// A lower layer of the stack before it. It has no mount point.
    Layer,
}

/// The layers of a mount that is a [`Kind::Stack`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The mount.
    pub mount: usize,
    /// How many there are below the upper one.
    lower: usize,
    /// What the host calls them, from the upper one down.
    pub(super) texts: Vec<Vec<u8>>,
}

impl Layers {
    /// Which descriptors are those of the layers, from the upper one down.
    pub fn descriptors(&self) -> impl Iterator<Item = usize> {
        let first = self.mount + 2;
        core::iter::once(self.mount).chain(first..first + self.lower)
    }

    /// Which one is that of the work directory.
    #[must_use]
    pub fn work(&self) -> usize {
        self.mount + 1
    }
}

/// The stacks among mounts.
fn layers(mounts: &[Mount]) -> Vec<Layers> {
    let stack = |(mount, _): (usize, &Mount)| {
        let behind = mounts.iter().skip(mount + 2);
        Layers {
            mount,
            lower: behind.take_while(|mount| mount.kind == Kind::Layer).count(),
            texts: Vec::new(),
        }
    };
    let stacks = mounts.iter().enumerate();
    stacks
        .filter(|(_, mount)| mount.kind == Kind::Stack)
        .map(stack)
        .collect()
}

/// It cannot be written to.
pub const READ_ONLY: u8 = 1;
/// No program can be executed.
pub const NO_EXEC: u8 = 2;
/// Device nodes cannot be opened.
pub const NO_DEV: u8 = 4;

/// One mount. The brand's descriptor of what it shows stands at the place of the mount in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where the zone sees it: names with single slashes between them, none at the ends. The root's
    /// is empty.
    pub target: Vec<u8>,
    /// What it shows.
    pub kind: Kind,
    /// [`READ_ONLY`], [`NO_EXEC`], [`NO_DEV`].
    pub flags: u8,
    /// What it shows, by number.
    pub here: Ident,
    /// The directory that the mount point stands in.
    pub above: Ident,
}

impl Mount {
    /// Whether paths lead to it.
    #[must_use]
    pub const fn has_point(&self) -> bool {
        !matches!(
            self.kind,
            Kind::ProcFiles | Kind::Segments | Kind::Work | Kind::Layer
        )
    }

    /// Whether it shows some of the host's tools.
    #[must_use]
    pub fn is_of_tools(&self) -> bool {
        let native = NATIVE.strip_prefix('/').unwrap_or(NATIVE).as_bytes();
        below_clean(&self.target, native).is_some()
    }

    /// The last component of the target.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        last_name(&self.target).1
    }
}

/// Splits a target before its last component.
fn last_name(target: &[u8]) -> (&[u8], &[u8]) {
    match target.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&target[..slash], &target[slash + 1..]),
        None => (&[], target),
    }
}

/// The mounts of a zone. The first is its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What uname(2) says as the host's name.
    pub hostname: Vec<u8>,
    /// Tells the zone's abstract socket names from those of others.
    pub token: [u8; 4],
    /// The mounts.
    pub mounts: Vec<Mount>,
    /// Which bytes the last components of targets begin with, for a first look: bit n of word
    /// n / 64.
    beginnings: [u64; 4],
    /// Likewise of their first components.
    tops: [u64; 4],
    /// Those that are stacks.
    pub(super) layers: Vec<Layers>,
    /// What the host calls what the others show, where there are stacks.
    pub(super) beside: Vec<Vec<u8>>,
    /// How the targets begin.
    heads: Vec<Head>,
    /// The flags of all mounts.
    flags: u8,
}

/// The first bytes of some names, to tell at once most paths that do not begin with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    bytes: u64,
    mask: u64,
}

impl Head {
    /// That of `names`.
    pub(super) fn of(names: &[u8]) -> Self {
        let bits = 8 * names.len().min(8);
        let mask = u32::try_from(bits)
            .ok()
            .and_then(|bits| u64::MAX.checked_shr(64 - bits));
        Self {
            bytes: first_bytes(names),
            mask: mask.unwrap_or(0),
        }
    }

    /// Whether a path with these [`first_bytes`] may begin with the names.
    #[inline]
    pub(super) fn may_begin(self, path: u64) -> bool {
        path & self.mask == self.bytes
    }
}

/// The first eight bytes of a path, or all and zeroes behind.
#[inline]
pub(super) fn first_bytes(path: &[u8]) -> u64 {
    if let Some(bytes) = path.first_chunk() {
        return u64::from_le_bytes(*bytes);
    }
    let shifted = path.iter().rev();
    shifted.fold(0, |bytes, byte| bytes << 8 | u64::from(*byte))
}

/// Where the part of `path` below `names` begins. The path has no `.`, and one slash at most between
/// names.
#[inline]
pub(super) fn below_clean(path: &[u8], names: &[u8]) -> Option<usize> {
    let rest = path.strip_prefix(names)?;
    match rest.first() {
        None => Some(names.len()),
        Some(b'/') => Some(names.len() + 1),
        Some(_) => None,
    }
}

/// What the host's names of abstract sockets of zones begin with (unix(7)); the table's token
/// follows.
pub const ABSTRACT: &[u8] = b"\0lx";
/// How every encoded table begins.
const MAGIC: &[u8] = b"LXMOUNTS\x01";
/// More mounts than that no zone has: each is a descriptor of every process.
pub const MOST: usize = 100;

impl Table {
    /// A table.
    #[must_use]
    pub fn new(mounts: Vec<Mount>) -> Self {
        let (mut beginnings, mut tops) = ([0; 4], [0; 4]);
        let mut heads = Vec::new();
        let flags = mounts.iter().fold(0, |flags, mount| flags | mount.flags);
        for mount in &mounts {
            heads.push(Head::of(&mount.target));
            for (set, byte) in [
                (&mut beginnings, mount.name().first()),
                (&mut tops, mount.target.first()),
            ] {
                if let Some(byte) = byte {
                    set[usize::from(byte / 64)] |= 1u64 << (byte % 64);
                }
            }
        }
        Self {
            hostname: Vec::new(),
            token: [0; 4],
            layers: layers(&mounts),
            beside: Vec::new(),
            mounts,
            beginnings,
            tops,
            heads,
            flags,
        }
    }

    /// The mount of a kind that there is one of.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> Option<usize> {
        self.mounts.iter().position(|mount| mount.kind == kind)
    }

    /// Whether any mount has this flag.
    #[inline]
    pub(super) fn any(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether a mount point may be called `name`; seldom yes when none is.
    #[inline]
    fn may_be_point(&self, name: &[u8]) -> bool {
        begins(&self.beginnings, name)
    }

    /// Whether a mount point anywhere is called `name`.
    #[must_use]
    pub fn is_point_name(&self, name: &[u8]) -> bool {
        self.may_be_point(name) && self.mounts.iter().any(|mount| mount.name() == name)
    }

    /// The mount whose mount point is `name` in the directory `above`.
    #[must_use]
    pub fn mounted_at(&self, above: Ident, name: &[u8]) -> Option<usize> {
        let found = |mount: &Mount| {
            !mount.target.is_empty() && mount.above == above && mount.name() == name
        };
        // The youngest covers those before it.
        self.mounts.iter().rposition(found)
    }

    /// The mount, other than the root, that shows this directory.
    #[must_use]
    pub fn showing(&self, here: Ident) -> Option<usize> {
        let found = |mount: &Mount| !mount.target.is_empty() && mount.here == here;
        self.mounts.iter().rposition(found)
    }

    /// For a path without links and `..`, from the root on: the mount that it leads into, and where
    /// in `path` its part below that begins. `None` when `path` has `..` in it.
    #[must_use]
    pub fn lexical(&self, path: &[u8]) -> Option<(usize, usize)> {
        let start = skip(path, 0);
        let names = path.get(start..).unwrap_or_default();
        let spelling = Spelling::of(names);
        if spelling == Spelling::Up {
            return None;
        }
        let mut best = (0, start);
        if !begins(&self.tops, names) {
            return Some(best);
        }
        if spelling == Spelling::Clean {
            let head = first_bytes(names);
            for (index, known) in self.heads.iter().enumerate().skip(1) {
                if known.may_begin(head)
                    && let Some(mount) = self.mounts.get(index)
                    && !mount.target.is_empty()
                    && let Some(offset) = below_clean(names, &mount.target)
                    && start + offset >= best.1
                {
                    best = (index, start + offset);
                }
            }
            return Some(best);
        }
        for (index, mount) in self.mounts.iter().enumerate().skip(1) {
            if !mount.target.is_empty()
                && let Some(offset) = below(path, &mount.target)
                && offset >= best.1
            {
                best = (index, offset);
            }
        }
        Some(best)
    }

    /// Whether a relative path, without links on the way, surely stays in the mount that it begins
    /// in, wherever that is.
    #[must_use]
    pub fn stays(&self, path: &[u8]) -> bool {
        path.split(|byte| *byte == b'/')
            .all(|name| name != b".." && !self.is_point_name(name))
    }

    /// The directory that a mount's mount point stands in: the mount that it lies in, and its path
    /// there.
    #[must_use]
    pub fn point_of(&self, mount: usize) -> Option<(usize, &[u8])> {
        let target = &self.mounts.get(mount)?.target;
        let (directory, _) = last_name(target);
        let (index, offset) = self.lexical(directory)?;
        Some((index, directory.get(offset..).unwrap_or_default()))
    }

    /// Writes the table.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::from(MAGIC);
        out.extend_from_slice(&self.token);
        let length = u8::try_from(self.hostname.len()).unwrap_or(0);
        out.push(length);
        out.extend(self.hostname.iter().take(length.into()));
        for mount in &self.mounts {
            out.push(match mount.kind {
                Kind::Tree => 0,
                Kind::File => 1,
                Kind::Proc => 2,
                Kind::ProcFiles => 3,
                Kind::Segments => 4,
                Kind::Terminals => 5,
                Kind::Stack => 6,
                Kind::Work => 7,
                Kind::Layer => 8,
            });
            out.push(mount.flags);
            for number in [
                mount.here.dev,
                mount.here.ino,
                mount.above.dev,
                mount.above.ino,
            ] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            let length = u16::try_from(mount.target.len()).unwrap_or(0);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend(mount.target.iter().take(length.into()));
        }
        out
    }

    /// Reads a table; `None` when it is none, or not whole.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (token, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first()?;
        let (hostname, mut rest) = rest.split_at_checked(usize::from(*length))?;
        let mut mounts = Vec::new();
        while let Some((head, after)) = rest.split_first_chunk::<2>() {
            let (numbers, after) = after.split_first_chunk::<32>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (target, after) = after.split_at_checked(u16::from_le_bytes(*length).into())?;
            let mut words = numbers.chunks_exact(8).map(|word| {
                word.first_chunk()
                    .map_or(0, |word| u64::from_le_bytes(*word))
            });
            let mut ident = || Ident {
                dev: words.next().unwrap_or(0),
                ino: words.next().unwrap_or(0),
            };
            let (here, above) = (ident(), ident());
            mounts.push(Mount {
                target: Vec::from(target),
                kind: match head[0] {
                    0 => Kind::Tree,
                    1 => Kind::File,
                    2 => Kind::Proc,
                    3 => Kind::ProcFiles,
                    4 => Kind::Segments,
                    5 => Kind::Terminals,
                    6 => Kind::Stack,
                    7 => Kind::Work,
                    8 => Kind::Layer,
                    _ => return None,
                },
                flags: head[1],
                here,
                above,
            });
            rest = after;
        }
        let whole = rest.is_empty() && !mounts.is_empty() && mounts.len() <= MOST;
        whole.then(|| Self {
            hostname: Vec::from(hostname),
            token: *token,
            ..Self::new(mounts)
        })
    }
}

/// Whether a name begins with one of these bytes.
#[inline]
fn begins(set: &[u64; 4], name: &[u8]) -> bool {
    name.first()
        .is_some_and(|byte| set[usize::from(byte / 64)] >> (byte % 64) & 1 == 1)
}

/// How a path is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// Names with one slash between them.
    Clean,
    /// With more slashes, or `.`.
    Messy,
    /// A component is `..`.
    Up,
}

impl Spelling {
    #[inline]
    fn of(path: &[u8]) -> Self {
        let mut spelling = Self::Clean;
        let mut rest = path;
        let mut before = b'/';
        while let Some((byte, after)) = rest.split_first() {
            if before == b'/' {
                match (byte, after) {
                    (b'.', [b'.'] | [b'.', b'/', ..]) => return Self::Up,
                    (b'/', _) | (b'.', [] | [b'/', ..]) => spelling = Self::Messy,
                    _ => {}
                }
            }
            before = *byte;
            rest = after;
        }
        spelling
    }
}

/// Where the part of `path` below `target` begins; `None` when it does not lead there.
pub(super) fn below(path: &[u8], target: &[u8]) -> Option<usize> {
    let mut at = skip(path, 0);
    let mut wanted = target;
    while !wanted.is_empty() {
        let length = wanted
            .iter()
            .position(|byte| *byte == b'/')
            .unwrap_or(wanted.len());
        let (name, rest) = wanted.split_at(length);
        let end = at + length;
        if path.get(at..end) != Some(name) || !matches!(path.get(end), None | Some(b'/')) {
            return None;
        }
        at = skip(path, end);
        wanted = rest.strip_prefix(b"/").unwrap_or(rest);
    }
    Some(at)
}

/// Where the next component that is not `.` begins.
pub(super) fn skip(path: &[u8], mut at: usize) -> usize {
    loop {
        match path.get(at..) {
            Some([b'/', ..]) => at += 1,
            Some([b'.', b'/', ..]) => at += 2,
            Some([b'.']) => at += 1,
            _ => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ident, Kind, Mount, READ_ONLY, Table, below};
    use std::vec;
    use std::vec::Vec;

    fn mount(target: &str, number: u64) -> Mount {
        Mount {
            target: target.as_bytes().to_vec(),
            kind: Kind::Tree,
            flags: 0,
            here: Ident {
                dev: 1,
                ino: number,
            },
            above: Ident {
                dev: 1,
                ino: number + 100,
            },
        }
    }

    fn table() -> Table {
        Table::new(vec![
            mount("", 2),
            mount("dev", 3),
            mount("dev/shm", 4),
            mount("srv/a b", 5),
        ])
    }

    #[test]
    fn paths_lead_into_the_innermost_mount() {
        let table = table();
        let at = |path: &'static str| {
            let (index, offset) = table.lexical(path.as_bytes())?;
            Some((index, path.get(offset..)?))
        };
        assert_eq!(at("/etc/passwd"), Some((0, "etc/passwd")));
        assert_eq!(at("//./etc//x/"), Some((0, "etc//x/")));
        assert_eq!(at("/dev"), Some((1, "")));
        assert_eq!(at("/dev/"), Some((1, "")));
        assert_eq!(at("/./dev//./null"), Some((1, "null")));
        assert_eq!(at("/devs"), Some((0, "devs")));
        assert_eq!(at("/de"), Some((0, "de")));
        assert_eq!(at("/dev/shm/x"), Some((2, "x")));
        assert_eq!(at("/dev/shm"), Some((2, "")));
        assert_eq!(at("/dev/shmx"), Some((1, "shmx")));
        assert_eq!(at("/srv/a b/c"), Some((3, "c")));
        assert_eq!(at("/srv"), Some((0, "srv")));
        assert_eq!(at("/"), Some((0, "")));
        assert_eq!(at("/srv/../dev"), None);
        assert_eq!(at("/srv/..a/b.."), Some((0, "srv/..a/b..")));
        assert_eq!(below(b"", b"dev"), None);
    }

    #[test]
    fn relative_paths_that_could_meet_a_mount_point_are_looked_at() {
        let table = table();
        for path in [
            "etc/passwd",
            "x",
            "./devices/y",
            "srv",
            ".",
            "a b/c",
            ".../x",
        ] {
            assert_eq!(table.stays(path.as_bytes()), path != "a b/c", "{path}");
        }
        for path in ["dev", "x/dev/y", "../x", "a/..", "shm/"] {
            assert!(!table.stays(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn mount_points_are_found_from_both_sides() {
        let table = table();
        let above = |ino| Ident { dev: 1, ino };
        assert_eq!(table.mounted_at(above(104), b"shm"), Some(2));
        assert_eq!(table.mounted_at(above(104), b"dev"), None);
        assert_eq!(table.showing(above(5)), Some(3));
        assert_eq!(table.showing(above(2)), None, "the root is no mount point");
        assert_eq!(table.point_of(2), Some((1, &b""[..])));
        assert_eq!(table.point_of(3), Some((0, &b"srv"[..])));
        assert_eq!(table.point_of(1), Some((0, &b""[..])));
        assert_eq!(table.of_kind(Kind::Proc), None);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut mounts = table().mounts;
        mounts[1].flags = READ_ONLY;
        mounts[2].kind = Kind::Proc;
        for kind in [
            Kind::Stack,
            Kind::Work,
            Kind::Layer,
            Kind::Layer,
            Kind::Tree,
        ] {
            mounts.push(Mount {
                kind,
                ..mount("srv/stack", 9)
            });
        }
        let table = Table {
            hostname: b"h.example".to_vec(),
            token: *b"zone",
            ..Table::new(mounts)
        };
        let bytes = table.encode();
        let layers = table.layers_of(4).expect("a stack");
        assert_eq!(layers.descriptors().collect::<Vec<_>>(), [4, 6, 7]);
        assert_eq!((layers.work(), table.layers.len()), (5, 1));
        assert_eq!(Table::decode(&bytes), Some(table));
        for end in 0..bytes.len() {
            let part = Table::decode(&bytes[..end]);
            assert!(part.is_none_or(|part| part.mounts.len() < 9), "{end}");
        }
        assert_eq!(Table::decode(b""), None);
        let many: Vec<Mount> = (0..200).map(|number| mount("x", number)).collect();
        assert_eq!(Table::decode(&Table::new(many).encode()), None);
    }
}

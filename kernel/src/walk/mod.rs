//! From a path to what it names, component by component, where the host's own path walk does not
//! know the way: the mounts of a zone without namespaces are known to its brands only.
//!
//! [`walk`] is the logic (path_resolution(7)); what stands in the directories it asks of a [`Tree`].

use alloc::vec::Vec;

use abi::{Errno, SysResult};

#[cfg(test)]
mod tests;

/// How many symbolic links one walk follows (`MAXSYMLINKS` of the kernel).
pub const MAX_LINKS: usize = 40;
/// The longest path, with its NUL (`PATH_MAX`).
const PATH_MAX: usize = 4096;

/// Directories, and what is in them. Every walk into one crosses mount points, in both directions.
pub trait Tree {
    /// Something that a path can name, held so that renaming it does not matter.
    type Node;

    /// The root directory of the process.
    ///
    /// # Errors
    /// Any.
    fn root(&self) -> SysResult<Self::Node>;

    /// What `name` is in a directory; a link is not followed. `.` is the directory itself.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `EACCES`, `ENAMETOOLONG`, ...
    fn enter(&self, directory: &Self::Node, name: &[u8]) -> SysResult<Entry<Self::Node>>;

    /// What is above a directory; above the root it is the root.
    ///
    /// # Errors
    /// `ENOTDIR`, `EACCES`, ...
    fn above(&self, directory: &Self::Node) -> SysResult<Self::Node>;

    /// The directory that several plain names lead to at once, when there is neither a link nor a
    /// mount point on the way. `None` when it cannot tell.
    ///
    /// # Errors
    /// As [`Tree::enter`].
    fn dive(&self, directory: &Self::Node, path: &[u8]) -> SysResult<Option<Self::Node>>;

    /// What a magic link leads to (proc(5)).
    ///
    /// # Errors
    /// `EACCES`, `ENOENT`, ...
    fn jump(&self, directory: &Self::Node, name: &[u8]) -> SysResult<Self::Node>;

    /// Whether it is a directory.
    fn is_directory(&self, node: &Self::Node) -> bool;

    /// The node where a walk starts once more, good as long as the first one is.
    fn again(&self, start: &Self::Node) -> Self::Node;

    /// Whether two nodes are one directory.
    fn is_same(&self, one: &Self::Node, other: &Self::Node) -> bool;

    /// Whether two nodes lie in different mounts.
    fn crosses(&self, one: &Self::Node, other: &Self::Node) -> bool;
}

/// What was found under a name.
#[derive(Debug)]
pub enum Entry<N> {
    /// Anything but a link.
    Plain(N),
    /// A symbolic link, and its text.
    Link(N, Vec<u8>),
    /// A link that leads somewhere by itself.
    Magic(N),
}

/// What a walk is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// What the path names, through a link at its end.
    Follow,
    /// What the path names; a link at its end is what is meant.
    Keep,
    /// The directory that the last component stands in; whether there is something is not looked
    /// at.
    Parent,
}

/// Limits of a walk (`RESOLVE_*` of openat2(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// No link is followed: `ELOOP`.
    pub no_links: bool,
    /// No magic link is followed: `ELOOP`.
    pub no_magic: bool,
    /// No mount point is crossed, in either direction: `EXDEV`.
    pub one_mount: bool,
    /// Whether it may leave the directory that it starts in.
    pub scope: Scope,
}

/// What the directory means in which a walk starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Nothing.
    #[default]
    Free,
    /// Nothing outside can be named: `EXDEV` (`RESOLVE_BENEATH`).
    Beneath,
    /// It is the root (`RESOLVE_IN_ROOT`).
    Root,
}

/// Where a walk ended.
#[derive(Debug)]
pub enum Found<N> {
    /// At something that exists; with the directory and the name that it was found under, unless the
    /// path ended with `.`, `..` or the root.
    Node(N, Option<(N, Vec<u8>)>),
    /// In a directory that has nothing of this name; a slash behind it is kept. Also the answer to
    /// [`Aim::Parent`].
    Name(N, Vec<u8>),
}

/// Walks `path` from `start`, where relative ones begin.
///
/// # Errors
/// Those of path_resolution(7): `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`.
pub fn walk<T: Tree>(
    tree: &T,
    start: T::Node,
    path: &[u8],
    aim: Aim,
    limits: Limits,
) -> SysResult<Found<T::Node>> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let top = Top {
        tree,
        scope: limits.scope,
        start: tree.again(&start),
    };
    let crosses = |one: &T::Node, other: &T::Node| limits.one_mount && tree.crosses(one, other);
    // Within one mount the kernel compares with the root, which a relative path does not look up
    // before its first `..` (nd_jump_root in fs/namei.c).
    let mut knows_root = path.starts_with(b"/") || limits.scope != Scope::Free;
    let mut at = start;
    let mut rest = Vec::from(path);
    let mut links = 0;
    if path.starts_with(b"/") {
        at = top.root()?;
    }
    loop {
        let step = Step::of(&rest);
        match step {
            Step::End => {
                return match aim {
                    // What ends in the root has no last component.
                    Aim::Parent => Ok(Found::Name(at, Vec::from(b"/"))),
                    _ => Ok(Found::Node(at, None)),
                };
            }
            Step::Last { from } if aim == Aim::Parent => {
                return directory(tree, at)
                    .map(|at| Found::Name(at, Vec::from(rest.get(from..).unwrap_or_default())));
            }
            _ => {}
        }
        // The directories before the last component, if the tree can do it at once.
        if let Step::More { from, last } = step {
            let before = rest.get(from..last).unwrap_or_default();
            if let Some(down) = tree.dive(&at, before)? {
                at = down;
                rest.drain(..last);
                continue;
            }
        }
        let (from, end) = first(&rest);
        let name = rest.get(from..end).unwrap_or_default();
        let is_last = matches!(step, Step::Last { .. });
        let slash = end < rest.len();
        if name == b".." {
            let above = top.above(&at)?;
            knows_root = true;
            if crosses(&at, &above) {
                return Err(Errno::EXDEV);
            }
            at = above;
            rest.drain(..end);
            continue;
        }
        match tree.enter(&at, name) {
            Ok(Entry::Plain(node)) => {
                if crosses(&at, &node) {
                    return Err(Errno::EXDEV);
                }
                if slash && !tree.is_directory(&node) {
                    return Err(Errno::ENOTDIR);
                }
                if is_last && name != b"." {
                    let name = Vec::from(name);
                    return Ok(Found::Node(node, Some((at, name))));
                }
                at = node;
                rest.drain(..end);
            }
            Ok(Entry::Link(node, _) | Entry::Magic(node))
                if is_last && !slash && aim == Aim::Keep =>
            {
                let name = Vec::from(name);
                return Ok(Found::Node(node, Some((at, name))));
            }
            Ok(Entry::Magic(_)) => {
                links += 1;
                if links > MAX_LINKS || limits.no_links || limits.no_magic {
                    return Err(Errno::ELOOP);
                }
                if limits.scope != Scope::Free {
                    return Err(Errno::EXDEV);
                }
                let node = tree.jump(&at, name)?;
                if crosses(&at, &node) {
                    return Err(Errno::EXDEV);
                }
                if slash && !tree.is_directory(&node) {
                    return Err(Errno::ENOTDIR);
                }
                if is_last {
                    let name = Vec::from(name);
                    return Ok(Found::Node(node, Some((at, name))));
                }
                at = node;
                rest.drain(..end);
            }
            Ok(Entry::Link(_, text)) => {
                links += 1;
                if links > MAX_LINKS || limits.no_links {
                    return Err(Errno::ELOOP);
                }
                if text.is_empty() {
                    return Err(Errno::ENOENT);
                }
                if text.starts_with(b"/") {
                    let root = top.root()?;
                    if limits.one_mount && !knows_root || crosses(&at, &root) {
                        return Err(Errno::EXDEV);
                    }
                    at = root;
                }
                if text.len() + rest.len() - end >= 2 * PATH_MAX {
                    return Err(Errno::ENAMETOOLONG);
                }
                drop(rest.splice(..end, text));
            }
            Err(Errno::ENOENT) if is_last => {
                let name = Vec::from(rest.get(from..).unwrap_or_default());
                return Ok(Found::Name(at, name));
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// The directory that a walk starts in, as its end upwards.
struct Top<'a, T: Tree> {
    tree: &'a T,
    scope: Scope,
    start: T::Node,
}

impl<T: Tree> Top<'_, T> {
    fn root(&self) -> SysResult<T::Node> {
        match self.scope {
            Scope::Free => self.tree.root(),
            Scope::Beneath => Err(Errno::EXDEV),
            Scope::Root => directory(self.tree, self.tree.again(&self.start)),
        }
    }

    fn above(&self, at: &T::Node) -> SysResult<T::Node> {
        if self.scope != Scope::Free && self.tree.is_same(at, &self.start) {
            return self.root();
        }
        self.tree.above(at)
    }
}

fn directory<T: Tree>(tree: &T, node: T::Node) -> SysResult<T::Node> {
    if tree.is_directory(&node) {
        Ok(node)
    } else {
        Err(Errno::ENOTDIR)
    }
}

/// What a path goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing but slashes.
    End,
    /// One component, which begins at `from`.
    Last {
        /// Where.
        from: usize,
    },
    /// More; the last begins at `last`.
    More {
        /// Where the first one begins.
        from: usize,
        /// Where the last one begins.
        last: usize,
    },
}

impl Step {
    fn of(rest: &[u8]) -> Self {
        let is_name = |byte: &u8| *byte != b'/';
        let Some(from) = rest.iter().position(is_name) else {
            return Self::End;
        };
        let end = rest.iter().rposition(is_name).map_or(from, |end| end + 1);
        let names = rest.get(from..end).unwrap_or_default();
        match names.iter().rposition(|byte| *byte == b'/') {
            None => Self::Last { from },
            Some(slash) => Self::More {
                from,
                last: from + slash + 1,
            },
        }
    }
}

/// Where the first component begins and ends.
fn first(rest: &[u8]) -> (usize, usize) {
    let from = rest.iter().take_while(|byte| **byte == b'/').count();
    let names = rest.get(from..).unwrap_or_default();
    let length = names.iter().take_while(|byte| **byte != b'/').count();
    (from, from + length)
}

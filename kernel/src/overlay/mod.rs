//! Several directories seen as one, as overlayfs shows them
//! (`Documentation/filesystems/overlayfs.rst` of the kernel), for zones whose host does not mount
//! one: what is in an upper layer hides what is below, directories are merged, and changes are
//! made in the uppermost layer only, which files are copied up to before.
//!
//! What overlayfs with the option `userxattr` writes to its upper layer is written here, too, and
//! read from all layers: a device node 0:0 hides a name, `user.overlay.opaque` ends a merge,
//! `user.overlay.whiteout` marks the other form of hidden names. So an upper layer can be mounted
//! by either. Directories that have something below are not renamed (`EXDEV`), and hard links of
//! lower files are separate files once they are copied up: overlayfs without `redirect_dir` and
//! `index`.
//!
//! Nothing is remembered: everything is a function of what the layers hold, so all processes of a
//! zone see the same. The logic works on paths without links, and asks a [`Disk`] for the rest.

mod change;
mod disk;
mod find;
mod host;
mod list;
mod mark;
mod numbers;
mod raise;
mod rename;

pub use disk::{Content, Disk, Listed, Made, Spot};
pub use find::Found;
pub use host::{FRESH, HostDisk, WHITEOUT};
pub use list::{Shown, after, in_order};
pub use mark::{escaped, unescaped};
pub use numbers::Numbers;
pub use rename::{EXCHANGE, NOREPLACE};

/// The layer that takes all changes.
pub const UPPER: usize = 0;

/// Layers over each other.
#[derive(Debug)]
pub struct Stack<D> {
    /// What they hold.
    pub disk: D,
    /// How their files are numbered.
    pub numbers: Numbers,
}

/// Splits a path before its last name.
#[must_use]
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (
            path.get(..slash).unwrap_or_default(),
            path.get(slash + 1..).unwrap_or_default(),
        ),
        None => (&[], path),
    }
}

/// The path of a name in a directory.
#[must_use]
pub fn join(directory: &[u8], name: &[u8]) -> alloc::vec::Vec<u8> {
    if directory.is_empty() {
        name.into()
    } else if name.is_empty() {
        directory.into()
    } else {
        [directory, b"/", name].concat()
    }
}

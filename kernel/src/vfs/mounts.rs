//! Which file system serves a path.

use super::FileSystem;

/// The file systems of a guest: the emulated ones, asked in order, over the root.
#[derive(Clone, Copy)]
pub struct MountTable {
    overlays: &'static [&'static dyn FileSystem],
    root: &'static dyn FileSystem,
}

impl MountTable {
    /// A table; `brand` builds its one as a `static`.
    #[must_use]
    pub const fn new(
        overlays: &'static [&'static dyn FileSystem],
        root: &'static dyn FileSystem,
    ) -> Self {
        Self { overlays, root }
    }

    /// The file system that serves `path` (without its NUL).
    #[must_use]
    pub fn serving(&self, path: &[u8]) -> &'static dyn FileSystem {
        self.overlay(path).unwrap_or(self.root)
    }

    /// The emulated file system that `path` may lead to; `None`, the common case, when the host
    /// serves it as it is.
    #[must_use]
    pub fn overlay(&self, path: &[u8]) -> Option<&'static dyn FileSystem> {
        self.overlays.iter().copied().find(|fs| fs.claims(path))
    }

    /// All emulated file systems, for calls that name a descriptor instead of a path.
    #[must_use]
    pub fn overlays(&self) -> &'static [&'static dyn FileSystem] {
        self.overlays
    }

    /// The emulated file system whose placeholders lie on a device, if there is one.
    #[must_use]
    pub fn describing(&self, device: u64) -> Option<&'static dyn FileSystem> {
        self.overlays
            .iter()
            .copied()
            .find(|fs| fs.describes(device))
    }

    /// The root file system.
    #[must_use]
    pub fn root(&self) -> &'static dyn FileSystem {
        self.root
    }
}

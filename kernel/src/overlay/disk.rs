//! What the logic asks of the layers.

use alloc::vec::Vec;
use core::ffi::CStr;

use abi::SysResult;
use abi::stat::Stat;

/// A name in an open directory.
#[derive(Debug)]
pub struct Spot<'a, F> {
    /// The directory.
    pub directory: &'a F,
    /// The name.
    pub name: &'a [u8],
}

impl<F> Clone for Spot<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Spot<'_, F> {}

/// An entry of a directory in one layer; never `.` and `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: Vec<u8>,
    /// Its number in its file system.
    pub number: u64,
    /// Its type (`d_type`, readdir(3)); 0 when the file system does not say.
    pub kind: u8,
}

/// Whether a file is copied up with what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// It is.
    Whole,
    /// It is about to be cut to length 0.
    Nothing,
}

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A directory.
    Directory,
    /// Anything else.
    File,
}

/// Layers, numbered from the upper one, 0, down. Paths are names with single slashes between them;
/// the empty path is the layer itself. Paths with a link on the way are refused with `ELOOP`.
pub trait Disk {
    /// Something open, no matter how its path changes.
    type File;
    /// While this lives, no other process changes what takes more than one step.
    type Held;

    /// How many layers there are.
    fn layers(&self) -> usize;

    /// What stands at a path; a link itself.
    ///
    /// # Errors
    /// Those of open(2).
    fn open(&self, layer: usize, path: &[u8]) -> SysResult<Self::File>;

    /// What stands under a name.
    ///
    /// # Errors
    /// Those of open(2).
    fn open_at(&self, at: Spot<'_, Self::File>) -> SysResult<Self::File>;

    /// As stat(2) describes it.
    ///
    /// # Errors
    /// Those of fstat(2).
    fn status(&self, file: &Self::File) -> SysResult<Stat>;

    /// The text of a link.
    ///
    /// # Errors
    /// Those of readlink(2).
    fn text(&self, link: &Self::File) -> SysResult<Vec<u8>>;

    /// An extended attribute, of at most 64 bytes; `None` where there is none.
    ///
    /// # Errors
    /// Those of getxattr(2), but for what says that there is none.
    fn attribute(&self, file: &Self::File, name: &CStr) -> SysResult<Option<Vec<u8>>>;

    /// Sets an extended attribute.
    ///
    /// # Errors
    /// Those of setxattr(2).
    fn set_attribute(&self, file: &Self::File, name: &CStr, value: &[u8]) -> SysResult<()>;

    /// What a directory holds.
    ///
    /// # Errors
    /// Those of getdents(2).
    fn list(&self, directory: &Self::File) -> SysResult<Vec<Listed>>;

    /// Whether the caller may do to it what the bits of access(2) say; a file system that is
    /// read-only does not matter.
    ///
    /// # Errors
    /// `EACCES`.
    fn permit(&self, file: &Self::File, mode: u32) -> SysResult<()>;

    /// Whether the caller is this user, or may do what only the owner of a file may.
    fn acts_as(&self, uid: u32) -> bool;

    /// A directory beside the upper layer, on the same file system, where things are made before
    /// they are put in place.
    fn work(&self) -> &Self::File;

    /// A name that nothing in [`Disk::work`] has.
    fn fresh_name(&self) -> Vec<u8>;

    /// Keeps others from changing.
    ///
    /// # Errors
    /// Those of fcntl(2).
    fn hold(&self) -> SysResult<Self::Held>;

    /// Makes something of the type of `status`, empty and for its owner only; a link with the text
    /// of `from`.
    ///
    /// # Errors
    /// Those of mkdir(2), mknod(2), symlink(2).
    fn make(&self, at: Spot<'_, Self::File>, status: &Stat, from: &Self::File) -> SysResult<()>;

    /// Makes a directory for its owner only.
    ///
    /// # Errors
    /// Those of mkdir(2).
    fn make_directory(&self, at: Spot<'_, Self::File>) -> SysResult<()>;

    /// Makes what hides a name.
    ///
    /// # Errors
    /// Those of link(2).
    fn make_whiteout(&self, at: Spot<'_, Self::File>) -> SysResult<()>;

    /// unlink(2), or rmdir(2) for a directory.
    ///
    /// # Errors
    /// Theirs.
    fn remove(&self, at: Spot<'_, Self::File>, made: Made) -> SysResult<()>;

    /// renameat2(2).
    ///
    /// # Errors
    /// Those of renameat2(2).
    fn rename(
        &self,
        from: Spot<'_, Self::File>,
        to: Spot<'_, Self::File>,
        flags: u32,
    ) -> SysResult<()>;

    /// Gives an open file another name.
    ///
    /// # Errors
    /// Those of linkat(2).
    fn link(&self, file: &Self::File, at: Spot<'_, Self::File>) -> SysResult<()>;

    /// Copies what a regular file holds, holes as holes.
    ///
    /// # Errors
    /// Those of read(2) and write(2).
    fn copy_content(&self, from: &Self::File, to: &Self::File, size: i64) -> SysResult<()>;

    /// Copies the extended attributes but those whose name `keeps` does not want.
    ///
    /// # Errors
    /// Those of setxattr(2), but for attributes that the file system does not have.
    fn copy_attributes(
        &self,
        from: &Self::File,
        to: &Self::File,
        keeps: fn(&[u8]) -> bool,
    ) -> SysResult<()>;

    /// Gives it owner, permissions and times, as far as the caller may.
    ///
    /// # Errors
    /// Those of chmod(2) and utimensat(2).
    fn settle(&self, file: &Self::File, status: &Stat) -> SysResult<()>;

    /// Gives it the group of a directory, as if it were made in it, and if it is a directory, the
    /// bit that passes this on.
    ///
    /// # Errors
    /// Those of chown(2) and chmod(2).
    fn inherit(&self, file: &Self::File, directory: &Stat) -> SysResult<()>;

    /// Sets times of access and change of content.
    ///
    /// # Errors
    /// Those of utimensat(2).
    fn set_times(&self, file: &Self::File, status: &Stat) -> SysResult<()>;
}

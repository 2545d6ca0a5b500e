//! The file systems that a guest's paths lead to.
//!
//! Guest descriptors are host descriptors, so most calls never come here: a file system is
//! asked only when a call names a *path*, and only to say where on the host the thing lies
//! ([`FileSystem::locate`]), to open it, or to read it as a link. [`MountTable`] picks the file
//! system by the spelling of the path alone, in a few nanoseconds; a file system that claims a
//! path must then find out whether the thing really is one of its own and otherwise behave as
//! the host does.

mod mounts;
mod native;
mod open;
mod view;

use core::ffi::CStr;

use abi::SysResult;
use abi::stat::Stat;
use alloc::ffi::CString;
use alloc::vec::Vec;

pub use mounts::MountTable;
pub use native::beneath_native;
pub use open::{OpenHow, open_on_host};
pub use view::{CredentialView, Layout, ProcView, SignalView};

/// `AT_FDCWD`: the path is relative to the working directory.
pub const AT_FDCWD: i32 = -100;

/// What a call names: a path, and the directory that it is relative to unless it is absolute.
/// The path is the brand's own copy of the guest's bytes, so that what was checked is what the
/// host then gets.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The directory's descriptor, or [`AT_FDCWD`].
    pub dirfd: i32,
    /// The path.
    pub path: &'a CStr,
}

impl<'a> At<'a> {
    /// A path relative to the working directory.
    #[must_use]
    pub const fn cwd(path: &'a CStr) -> Self {
        Self {
            dirfd: AT_FDCWD,
            path,
        }
    }
}

/// What is done with a symbolic link in the last component of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// The call works on what the link leads to.
    Follow,
    /// The call works on the link itself.
    Keep,
}

/// Where the host has what a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Under the very same name.
    Same,
    /// Under another, absolute name.
    Elsewhere(CString),
    /// Under the same name, but it is a directory of descriptors whose size (`st_size` is their
    /// number since Linux 6.2) counts that many which the guest does not have.
    Descriptors {
        /// How many are hidden.
        hidden: u64,
    },
}

/// A file system: what is behind some of the paths that a guest can name.
pub trait FileSystem: Sync {
    /// Whether a path with this spelling can lead here. Called for every path of every call, so
    /// it must cost a few nanoseconds; it may say yes too often, never too seldom.
    fn claims(&self, path: &[u8]) -> bool;

    /// Where the host has what `at` names.
    ///
    /// # Errors
    /// What the kernel would say when the path does not lead to anything (`ENOENT`, ...).
    fn locate(&self, view: &dyn ProcView, at: At<'_>, links: Links) -> SysResult<Place>;

    /// open(2): the new descriptor.
    ///
    /// # Errors
    /// Those of openat2(2), `ERESTARTSYS` among them where the call can block.
    fn open(&self, view: &dyn ProcView, at: At<'_>, how: &OpenHow) -> SysResult;

    /// readlinkat(2) into a buffer of the brand: how many bytes were stored. `None` when the
    /// host's own answer is the right one.
    ///
    /// # Errors
    /// Those of readlinkat(2).
    fn readlink(
        &self,
        view: &dyn ProcView,
        at: At<'_>,
        into: &mut [u8],
    ) -> SysResult<Option<usize>>;

    /// An open directory of this file system whose listing differs from the host's; `None` for
    /// every other descriptor. `fd` is one that the guest may use.
    fn directory(&self, view: &dyn ProcView, fd: i32) -> Option<&dyn File>;

    /// Opens what `at` names if the host has a placeholder there: asked when the host's own answer
    /// to open(2) is one that a placeholder gives. `None` when it is none.
    fn open_placeholder(
        &self,
        view: &dyn ProcView,
        at: At<'_>,
        how: &OpenHow,
    ) -> Option<SysResult> {
        let _ = (view, at, how);
        None
    }

    /// The path that may take the place of an absolute one, and whether it does so even if something is
    /// there: asked where the brand looks up paths itself.
    fn substitute(&self, path: &[u8]) -> Option<(CString, bool)> {
        let _ = path;
        None
    }

    /// The path to try, in a zone, where the host has nothing at `path`.
    fn instead(&self, path: &[u8]) -> Option<CString> {
        let _ = path;
        None
    }

    /// Whether what was found at such a path is what the guest means; else it is nothing.
    fn is_instead(&self, status: &Stat) -> bool {
        let _ = status;
        false
    }

    /// The host opened something with `O_PATH` as `fd`.
    fn opened_path(&self, fd: i32) {
        let _ = fd;
    }

    /// Whether files of a device (`st_dev`) may be other than the host says.
    fn describes(&self, device: u64) -> bool {
        let _ = device;
        false
    }

    /// Whether a file with this status is a placeholder, by more than its device.
    fn is_placeholder(&self, status: &Stat) -> bool {
        let _ = status;
        false
    }

    /// Puts right what the host says of a file of such a device.
    fn describe(&self, status: &mut Stat) {
        let _ = status;
    }

    /// The magic number of the file system (statfs(2)) that a file of such a device belongs to for
    /// the guest; `None` when the host's is right.
    fn magic(&self, status: &Stat) -> Option<u64> {
        let _ = status;
        None
    }

    /// The guest reads from `fd`, at `offset` or from its position on: `put` is given the text from
    /// there to the end, and says how many bytes of it fit. `None` when the host is to serve the
    /// call.
    ///
    /// # Errors
    /// Those of read(2), and of `put`.
    fn read(
        &self,
        view: &dyn ProcView,
        fd: i32,
        offset: Option<i64>,
        put: &mut dyn FnMut(&[u8]) -> SysResult,
    ) -> Option<SysResult> {
        let _ = (view, fd, offset, put);
        None
    }

    /// Whether only [`FileSystem::read`] gives the text of `fd` as the guest is to see it.
    fn is_rewritten(&self, fd: i32) -> bool {
        let _ = fd;
        false
    }

    /// The guest writes `length` bytes to `fd`, at `offset` or from its position on: `gather` fetches
    /// as many of the first of them as it is asked for. `None` when the host is to serve the call.
    ///
    /// # Errors
    /// Those of write(2), and of `gather`.
    fn write(
        &self,
        view: &dyn ProcView,
        fd: i32,
        offset: Option<i64>,
        length: usize,
        gather: &mut dyn FnMut(usize) -> SysResult<Vec<u8>>,
    ) -> Option<SysResult> {
        let _ = (view, fd, offset, length, gather);
        None
    }

    /// The guest is about to close those of `first..=last` that are open.
    fn before_close(&self, first: u32, last: u32) {
        let _ = (first, last);
    }

    /// The guest is about to ask for the position of `fd`.
    fn before_seek(&self, fd: i32) {
        let _ = fd;
    }

    /// The guest made `new` a copy of `old` (dup(2)).
    fn copied(&self, old: i32, new: i32) {
        let _ = (old, new);
    }

    /// What the brand must know of open files when the process executes another program, as text
    /// without NUL; with `borrowed`, it leaves memory to its parent that goes on to live.
    fn over_exec(&self, view: &dyn ProcView, borrowed: bool) -> Vec<u8> {
        let _ = (view, borrowed);
        Vec::new()
    }

    /// What [`FileSystem::over_exec`] of the brand before this one said.
    fn take_over(&self, view: &dyn ProcView, known: &[u8]) {
        let _ = (view, known);
    }
}

/// An open file whose content is not quite the host's.
pub trait File {
    /// Whether the guest sees the entry `name` of this directory, which is open as `dir`.
    fn shows(&self, view: &dyn ProcView, dir: i32, name: &[u8]) -> bool;

    /// The name, of one character, of a directory that the guest sees before all that the host
    /// lists.
    fn first(&self) -> Option<u8> {
        None
    }

    /// What the guest calls the entry `name`, if that is another name, of one character.
    fn renamed(&self, name: &[u8]) -> Option<u8> {
        let _ = name;
        None
    }

    /// The type (`d_type`, readdir(3)) of an entry for which the host says `kind`.
    fn kind(&self, kind: u8) -> u8 {
        kind
    }
}

//! What paths lead to: descriptors, which a call then acts on.

use core::cell::{Cell, OnceCell};
use core::ffi::CStr;

use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;

use super::layers::Place;
use super::links::Trail;
use super::table::Ident;
use crate::handle::Handle;
use crate::vfs::AT_FDCWD;

pub(super) const S_IFMT: u32 = 0o170_000;
pub(crate) const S_IFDIR: u32 = 0o040_000;
pub(super) const S_IFLNK: u32 = 0o120_000;
const AT_EMPTY_PATH: usize = 0x1000;
/// The longest name of a file with its NUL.
const NAME_ROOM: usize = 256;

/// What was found: a descriptor (`O_PATH` suffices), and what it leads to.
#[derive(Debug)]
pub struct Node {
    handle: Handle,
    pub(super) status: Cell<Option<(u32, Ident)>>,
    /// It lies surely not in the host's /proc.
    pub(super) outside_proc: bool,
    /// Where in a stack of layers it lies, once somebody asked.
    pub(super) place: OnceCell<Option<Place>>,
    /// Only the warden can open it.
    pub(super) by_warden: bool,
    /// How it was reached, if without links.
    pub(super) trail: Option<Trail>,
    /// The mount that it lies in, once that is known.
    pub(super) mount: Cell<Option<usize>>,
}

impl Node {
    pub(super) fn new(handle: Handle) -> Self {
        Self {
            handle,
            status: Cell::new(None),
            outside_proc: false,
            place: OnceCell::new(),
            by_warden: false,
            trail: None,
            mount: Cell::new(None),
        }
    }

    /// Somebody else's descriptor, most often the guest's, or `AT_FDCWD`.
    #[must_use]
    pub fn of_guest(fd: i32) -> Self {
        Self::new(Handle::borrowed(fd))
    }

    /// What is known of it already.
    pub(super) fn set_status(&self, stat: &Stat) {
        self.status.set(Some((stat.st_mode, Ident::of(stat))));
    }

    /// The descriptor; `AT_FDCWD` for the working directory.
    #[must_use]
    pub fn fd(&self) -> i32 {
        self.handle.raw()
    }

    /// Whether the warden must open it.
    #[must_use]
    pub fn is_by_warden(&self) -> bool {
        self.by_warden
    }

    /// The register that passes it.
    #[must_use]
    pub fn register(&self) -> usize {
        self.handle.register()
    }

    fn status(&self) -> SysResult<(u32, Ident)> {
        if let Some(status) = self.status.get() {
            return Ok(status);
        }
        let mut stat = Stat::default();
        let to = (&raw mut stat).expose_provenance();
        if self.fd() == AT_FDCWD {
            let empty = c"".as_ptr().expose_provenance();
            host_call!(nr::NEWFSTATAT, self.register(), empty, to, AT_EMPTY_PATH)?;
        } else {
            host_call!(nr::FSTAT, self.register(), to)?;
        }
        let ident = Ident {
            dev: stat.st_dev,
            ino: stat.st_ino,
        };
        self.status.set(Some((stat.st_mode, ident)));
        Ok((stat.st_mode, ident))
    }

    /// Which file it is.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn ident(&self) -> SysResult<Ident> {
        self.status().map(|(_, ident)| ident)
    }

    /// Its type, as in `st_mode`.
    ///
    /// # Errors
    /// Those of fstat(2).
    pub fn kind(&self) -> SysResult<u32> {
        self.status().map(|(mode, _)| mode & S_IFMT)
    }
}

/// A path in the host's /proc that leads to what a descriptor names, whatever that is called.
pub struct HostPath([u8; 40]);

/// The path of a descriptor.
#[must_use]
pub fn host_path(fd: i32) -> HostPath {
    let mut text = HostPath([0; 40]);
    let mut at = 0;
    for byte in b"/proc/thread-self/fd/" {
        text.0[at] = *byte;
        at += 1;
    }
    let mut digits = [0; 10];
    let mut number = fd.max(0).cast_unsigned();
    let mut count = 0;
    loop {
        digits[count] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        count += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    for digit in digits[..count].iter().rev() {
        text.0[at] = *digit;
        at += 1;
    }
    text
}

impl HostPath {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }

    /// The register that passes it.
    #[must_use]
    pub fn register(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

/// A name with its NUL, on the stack.
pub(super) struct Name([u8; NAME_ROOM]);

impl Name {
    pub(super) fn new(name: &[u8]) -> SysResult<Self> {
        let mut text = [0; NAME_ROOM];
        let room = text.get_mut(..name.len()).ok_or(Errno::ENAMETOOLONG)?;
        room.copy_from_slice(name);
        if name.len() == NAME_ROOM {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(Self(text))
    }

    pub(super) fn register(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

/// What the host calls the thing that a descriptor leads to.
///
/// # Errors
/// Those of readlink(2).
pub fn link_text(fd: i32, room: &mut [u8]) -> SysResult<&[u8]> {
    let path = host_path(fd);
    let link = match fd {
        AT_FDCWD => c"/proc/thread-self/cwd",
        _ => path.text(),
    };
    let to = room.as_mut_ptr().expose_provenance();
    let (cwd, link) = (int(AT_FDCWD), link.as_ptr().expose_provenance());
    let length = host_call!(nr::READLINKAT, cwd, link, to, room.len())?;
    Ok(room.get(..length).unwrap_or_default())
}

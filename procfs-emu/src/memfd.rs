//! An emulated file, open: a sealed memfd under the descriptor that the host's own file had.

use abi::arg::OpenFlags;
use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::ProcView;

use crate::io::{Owned, link_of, open};

/// `MFD_CLOEXEC | MFD_ALLOW_SEALING`.
const MEMFD_FLAGS: usize = 3;
/// `F_ADD_SEALS`.
const ADD_SEALS: usize = 1033;
/// `F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE`.
const SEALS: usize = 15;

/// Flags of the guest's open(2) that stay with the open file.
const KEPT: OpenFlags = OpenFlags::WRONLY
    .union(OpenFlags::RDWR)
    .union(OpenFlags::APPEND)
    .union(OpenFlags::NONBLOCK)
    .union(OpenFlags::NOATIME)
    .union(OpenFlags::CLOEXEC);

/// An empty file.
pub(crate) fn create() -> SysResult<Owned> {
    let name = c"proc".as_ptr().expose_provenance();
    host_call!(nr::MEMFD_CREATE, name, MEMFD_FLAGS).map(Owned::new)
}

/// Puts `text`, at its beginning and open as `flags` say, where `fd` is. The number stays, so the
/// guest gets the lowest one that was free.
pub(crate) fn install(
    view: &dyn ProcView,
    text: &Owned,
    fd: i32,
    flags: OpenFlags,
) -> SysResult<()> {
    host_call!(nr::FCNTL, int(text.raw()), ADD_SEALS, SEALS)?;
    let opened = open(
        view.proc_fd(),
        &link_of(text.raw()),
        flags & KEPT | OpenFlags::CLOEXEC,
    )?;
    let close_on_exec = flags & OpenFlags::CLOEXEC;
    host_call!(nr::DUP3, int(opened.raw()), int(fd), close_on_exec.raw())?;
    Ok(())
}

//! Memory files that are read from the beginning again: they get the text of now.

use alloc::ffi::CString;

use abi::arg::OpenFlags;
use abi::{Errno, SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::vfs::ProcView;

use crate::io::{self, NAME_MAX, Owned, name_of};
use crate::live::{Content, Open};
use crate::skeleton::stamped;
use crate::{memfd, placeholder, render, sysctl};

/// Puts a file with the text of now in the place of `open`, if it is read from the beginning.
/// Whether that was done.
pub(crate) fn from_start(view: &dyn ProcView, open: &Open, offset: Option<i64>) -> SysResult<bool> {
    const SEEK_SET: usize = 0;
    const SEEK_CUR: usize = 1;
    let fd = int(open.fd);
    let position = host_call!(nr::LSEEK, fd, 0, SEEK_CUR)?;
    if !offset.map_or(position == 0, |offset| offset == 0) {
        return Ok(false);
    }
    let flags = flags(open.fd)?;
    let mut link = [0; NAME_MAX];
    let link = name_of(view, open.fd, &mut link)?;
    let name = memfd::entry_name(link).unwrap_or_default();
    let Some((text, permissions)) = text(view, open.content, name)? else {
        return Ok(false);
    };
    memfd::install(view, &text, open.fd, permissions, flags)?;
    if position != 0 {
        host_call!(nr::LSEEK, fd, position, SEEK_SET)?;
    }
    Ok(true)
}

/// A file with the text, and its permission bits; `None` where it stays as it was.
fn text(view: &dyn ProcView, content: Content, name: &[u8]) -> SysResult<Option<(Owned, usize)>> {
    match content {
        Content::Placeholder(stamp) => {
            let entry = stamped(stamp).ok_or(Errno::ENOENT)?;
            let text = placeholder::render(view, &entry, name)?;
            Ok(Some((text, placeholder::mode(&entry))))
        }
        // A child knows less of its parent's memory than the parent did.
        Content::Process { entry, opener } if opener == view.pid() => {
            let parts = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let path = CString::new([entry.directory().to_bytes(), b"/", parts].concat());
            let path = path.map_err(|_| Errno::ENOENT)?;
            let host = io::open(view.proc_fd(), &path, OpenFlags::CLOEXEC)?;
            let text = render::text(view, entry, name, host.raw())?;
            Ok(text.map(|text| (text, entry.kind.permissions())))
        }
        Content::Written => Ok(Some((sysctl::text(name)?, 0o644))),
        Content::Process { .. } | Content::Kept | Content::Host(_) => Ok(None),
    }
}

/// How `fd` is open, as open(2) would be told.
pub(crate) fn flags(fd: i32) -> SysResult<OpenFlags> {
    const GET_FLAGS: usize = 3;
    let [a, b, c, d, ..] = host_call!(nr::FCNTL, int(fd), GET_FLAGS)?.to_le_bytes();
    let mut flags = OpenFlags::from_bits_retain(u32::from_le_bytes([a, b, c, d]));
    if closes_on_exec(fd)? {
        flags |= OpenFlags::CLOEXEC;
    }
    Ok(flags)
}

/// Whether exec closes `fd`.
pub(crate) fn closes_on_exec(fd: i32) -> SysResult<bool> {
    const GET_DESCRIPTOR_FLAGS: usize = 1;
    Ok(host_call!(nr::FCNTL, int(fd), GET_DESCRIPTOR_FLAGS)? & 1 == 1)
}

//! Owner, permissions, times and extended attributes. In a zone it is the warden who changes them
//! (`crate::bare::warden`).

use core::ffi::CStr;

use abi::stat::{DIRECTORY, Stat, TYPE};
use abi::{SysResult, nr};
use host::host_call;

use super::open::{CWD, address, status};
use super::{AT_EMPTY_PATH, LINK};
use crate::bare::warden::{self, Request};
use crate::bare::{Handle, host_path};

const SETGID: u32 = 0o2000;
/// Owner or group stay as they are (chown(2)).
const SAME: u32 = u32::MAX;

/// Gives a copy owner, permissions and times of what it is a copy of.
pub(super) fn as_it_was(file: &Handle, status: &Stat) -> SysResult<()> {
    let (uid, gid) = (status.st_uid, status.st_gid);
    if !owns(file, uid, gid)? {
        // What the caller may not give away stays its own.
        let _ = set_owner(file, uid, gid).or_else(|_| set_owner(file, SAME, gid));
    }
    if status.st_mode & TYPE != LINK {
        set_mode(file, status.st_mode)?;
    }
    times(file, status)
}

/// Gives a new file what it has from the directory that it is to be in.
pub(super) fn inherited(file: &Handle, directory: &Stat) -> SysResult<()> {
    let made = status(file)?;
    if made.st_gid != directory.st_gid {
        set_owner(file, SAME, directory.st_gid)?;
    }
    if made.st_mode & TYPE == DIRECTORY {
        set_mode(file, made.st_mode | SETGID)?;
    }
    Ok(())
}

/// Sets the times of access and change of content.
pub(super) fn times(file: &Handle, status: &Stat) -> SysResult<()> {
    let [a, b, c, d, ..] = status.st_times;
    let times = [a, b, c, d];
    if warden::is_there() {
        return warden::ask_about(Request::Times(times), file.raw()).map(drop);
    }
    let at = times.as_ptr().expose_provenance();
    let path = host_path(file.raw());
    host_call!(nr::UTIMENSAT, CWD, path.register(), at, 0).map(drop)
}

/// Sets an extended attribute.
pub(super) fn set_attribute(file: &Handle, name: &CStr, value: &[u8]) -> SysResult<()> {
    if warden::is_there() {
        let request = Request::SetAttribute {
            flags: 0,
            name: name.to_bytes(),
            value,
        };
        return warden::ask_about(request, file.raw()).map(drop);
    }
    let path = host_path(file.raw());
    let (name, from) = (address(name), value.as_ptr().expose_provenance());
    host_call!(nr::SETXATTR, path.register(), name, from, value.len(), 0).map(drop)
}

/// Whether it belongs to them.
fn owns(file: &Handle, uid: u32, gid: u32) -> SysResult<bool> {
    let status = status(file)?;
    Ok((status.st_uid, status.st_gid) == (uid, gid))
}

fn set_owner(file: &Handle, uid: u32, gid: u32) -> SysResult<()> {
    if warden::is_there() {
        return warden::ask_about(Request::Owner([uid, gid]), file.raw()).map(drop);
    }
    let register = |id: u32| usize::try_from(id).unwrap_or(0);
    let (fd, empty) = (file.register(), address(c""));
    let (uid, gid) = (register(uid), register(gid));
    host_call!(nr::FCHOWNAT, fd, empty, uid, gid, AT_EMPTY_PATH).map(drop)
}

fn set_mode(file: &Handle, mode: u32) -> SysResult<()> {
    let mode = mode & 0o7777;
    if warden::is_there() {
        return warden::ask_about(Request::Mode(mode), file.raw()).map(drop);
    }
    let path = host_path(file.raw());
    let mode = usize::try_from(mode).unwrap_or(0);
    host_call!(nr::FCHMODAT, CWD, path.register(), mode).map(drop)
}

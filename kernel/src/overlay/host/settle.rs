//! Owner, permissions and times.

use abi::stat::{DIRECTORY, Stat, TYPE};
use abi::{SysResult, nr};
use host::host_call;

use super::open::{CWD, address, status};
use super::{AT_EMPTY_PATH, LINK};
use crate::bare::{Handle, host_path};

const SETGID: u32 = 0o2000;

/// Gives a copy owner, permissions and times of what it is a copy of.
pub(super) fn as_it_was(file: &Handle, status: &Stat) -> SysResult<()> {
    let (uid, gid) = (status.st_uid, status.st_gid);
    if !owns(file, uid, gid)? {
        let empty = address(c"");
        let register = |id: u32| usize::try_from(id).unwrap_or(0);
        for owner in [register(uid), usize::MAX] {
            let chown = host_call!(
                nr::FCHOWNAT,
                file.register(),
                empty,
                owner,
                register(gid),
                AT_EMPTY_PATH
            );
            if chown.is_ok() {
                break;
            }
        }
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
        let gid = usize::try_from(directory.st_gid).unwrap_or(0);
        let empty = address(c"");
        host_call!(
            nr::FCHOWNAT,
            file.register(),
            empty,
            usize::MAX,
            gid,
            AT_EMPTY_PATH
        )?;
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
    let at = times.as_ptr().expose_provenance();
    let path = host_path(file.raw());
    host_call!(nr::UTIMENSAT, CWD, path.register(), at, 0).map(drop)
}

/// Whether it belongs to them.
fn owns(file: &Handle, uid: u32, gid: u32) -> SysResult<bool> {
    let status = status(file)?;
    Ok((status.st_uid, status.st_gid) == (uid, gid))
}

fn set_mode(file: &Handle, mode: u32) -> SysResult<()> {
    let path = host_path(file.raw());
    let mode = usize::try_from(mode & 0o7777).unwrap_or(0);
    host_call!(nr::FCHMODAT, CWD, path.register(), mode).map(drop)
}

//! What the caller may do, where the host's answer is about a file system that is read-only.

use alloc::vec;

use abi::stat::Stat;
use abi::{Errno, SysResult, nr};
use host::host_call;

/// Whether bits of access(2) are among those that a status gives the caller.
pub(super) fn permitted(status: &Stat, mode: usize) -> SysResult<()> {
    let number = |call| host_call!(call).ok().and_then(|id| u32::try_from(id).ok());
    let (uid, gid) = (number(nr::GETEUID), number(nr::GETEGID));
    if uid == Some(0) {
        return Ok(());
    }
    let shift = if uid == Some(status.st_uid) {
        6
    } else if gid == Some(status.st_gid) || is_member(status.st_gid) {
        3
    } else {
        0
    };
    let bits = usize::try_from(status.st_mode >> shift & 7).unwrap_or(0);
    if bits & mode == mode {
        Ok(())
    } else {
        Err(Errno::EACCES)
    }
}

fn is_member(gid: u32) -> bool {
    let count = host_call!(nr::GETGROUPS, 0, 0).unwrap_or(0);
    let mut groups = vec![0u32; count];
    let to = groups.as_mut_ptr().expose_provenance();
    host_call!(nr::GETGROUPS, count, to).is_ok() && groups.contains(&gid)
}

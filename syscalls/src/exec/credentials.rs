//! Set-id bits (`bprm_fill_uid`). The host executes the brand's image, which has none, so they are
//! carried out before it does. That needs CAP_SETUID: for a guest without it the bits have no
//! effect, as on a mount with `nosuid`.

use abi::{SysResult, nr};
use host::host_call;

use super::files::Opened;

const S_ISUID: u32 = 0o4000;
const S_ISGID: u32 = 0o2000;
const S_IXGRP: u32 = 0o10;
const PR_GET_NO_NEW_PRIVS: usize = 39;
const UNCHANGED: usize = u32::MAX as usize;

/// Identities that were changed, to be changed back when the exec fails.
pub(super) struct Changed {
    uid: Option<[u32; 3]>,
    gid: Option<[u32; 3]>,
}

fn ids(nr: usize) -> SysResult<[u32; 3]> {
    let mut ids = [0u32; 3];
    let [real, effective, saved] = &mut ids;
    let at = |id: &mut u32| core::ptr::from_mut(id).expose_provenance();
    host_call!(nr, at(real), at(effective), at(saved))?;
    Ok(ids)
}

fn wide(id: u32) -> usize {
    usize::try_from(id).unwrap_or(UNCHANGED)
}

/// Takes on the identity that the file asks for.
pub(super) fn take_on(file: &Opened) -> Changed {
    let mut changed = Changed {
        uid: None,
        gid: None,
    };
    let set_uid = file.mode & S_ISUID != 0;
    let set_gid = file.mode & (S_ISGID | S_IXGRP) == S_ISGID | S_IXGRP;
    if !(set_uid || set_gid)
        || !file.honours_set_id()
        || host_call!(nr::PRCTL, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == Ok(1)
    {
        return changed;
    }
    if set_gid
        && let Ok(old) = ids(nr::GETRESGID)
        && old[1] != file.gid
        && host_call!(nr::SETRESGID, UNCHANGED, wide(file.gid), wide(file.gid)).is_ok()
    {
        changed.gid = Some(old);
    }
    if set_uid
        && let Ok(old) = ids(nr::GETRESUID)
        && old[1] != file.uid
        && host_call!(nr::SETRESUID, UNCHANGED, wide(file.uid), wide(file.uid)).is_ok()
    {
        changed.uid = Some(old);
    }
    changed
}

impl Changed {
    /// The exec failed: as it was before.
    pub(super) fn undo(&self) {
        if let Some([real, effective, saved]) = self.uid {
            let _ = host_call!(nr::SETRESUID, wide(real), wide(effective), wide(saved));
        }
        if let Some([real, effective, saved]) = self.gid {
            let _ = host_call!(nr::SETRESGID, wide(real), wide(effective), wide(saved));
        }
    }
}

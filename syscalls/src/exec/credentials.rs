//! Set-id bits (`bprm_fill_uid`) and file capabilities. The host executes the brand's image, which
//! has none.
//!
//! - In a zone zsched has copies of the image that have them (`kernel::zone::rights`).
//! - Elsewhere set-id bits are carried out before the exec. That needs CAP_SETUID: for a guest
//!   without it they have no effect, as on a mount with `nosuid`.

use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::zone::{self, rights};

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

/// Whether the file's user is to be taken on, and its group.
fn wanted(file: &Opened) -> (bool, bool) {
    let set_gid = file.mode & (S_ISGID | S_IXGRP) == S_ISGID | S_IXGRP;
    (file.mode & S_ISUID != 0, set_gid)
}

fn gains_nothing() -> bool {
    host_call!(nr::PRCTL, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == Ok(1)
}

/// Whether in this zone the file's bits or capabilities would change what this process may do.
pub(super) fn has_rights(file: &Opened) -> bool {
    if zone::copies() == 0 {
        return false;
    }
    let (set_uid, set_gid) = wanted(file);
    let other = |nr, id| ids(nr).is_ok_and(|[_, effective, _]| effective != id);
    let has = set_uid && other(nr::GETRESUID, file.uid)
        || set_gid && other(nr::GETRESGID, file.gid)
        || has_capabilities(file);
    has && !gains_nothing()
}

fn has_capabilities(file: &Opened) -> bool {
    capabilities(file).is_some()
}

/// The first bytes of the file's capabilities (`struct vfs_cap_data`).
fn capabilities(file: &Opened) -> Option<u8> {
    let name = c"security.capability".as_ptr().expose_provenance();
    let mut data = [0u8; 24];
    let to = data.as_mut_ptr().expose_provenance();
    let length = host_call!(nr::FGETXATTR, int(file.fd()), name, to, data.len());
    length.is_ok_and(|length| length > 0).then_some(data[0])
}

/// Whether the program runs with `AT_SECURE` although it gets no rights: the kernel looks whether
/// the file's capabilities are to be effective before it looks whether they may be had
/// (`cap_bprm_creds_from_file`).
pub(super) fn is_secure(file: &Opened) -> bool {
    /// `VFS_CAP_FLAGS_EFFECTIVE`.
    const EFFECTIVE: u8 = 1;
    zone::copies() != 0
        && capabilities(file).is_some_and(|flags| flags & EFFECTIVE != 0)
        && file.honours_set_id()
        && ids(nr::GETRESUID).is_ok_and(|[real, ..]| real != 0)
}

/// What the host is to execute instead of the image, so that this process gets the file's rights.
///
/// # Errors
/// Those of asking zsched.
pub(super) fn copy_of(file: &Opened) -> SysResult<Option<rights::Copy>> {
    if has_rights(file) {
        rights::copy_of(file.fd())
    } else {
        Ok(None)
    }
}

/// Takes on the identity that the file asks for.
pub(super) fn take_on(file: &Opened) -> Changed {
    let mut changed = Changed {
        uid: None,
        gid: None,
    };
    let (set_uid, set_gid) = wanted(file);
    if !(set_uid || set_gid) || zone::attached() || !file.honours_set_id() || gains_nothing() {
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

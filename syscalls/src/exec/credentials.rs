//! Set-id bits (`bprm_fill_uid`) and file capabilities. The host executes the brand's image, which
//! has none.
//!
//! - In a zone zsched has copies of the image that have them (`kernel::zone::rights`).
//! - Elsewhere set-id bits are carried out before the exec. That needs CAP_SETUID: for a guest
//!   without it they have no effect, as on a mount with `nosuid`.

use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use kernel::handle::Handle;
use kernel::zone::{self, rights};

use super::files::Opened;

const S_ISUID: u32 = 0o4000;
const S_ISGID: u32 = 0o2000;
const S_IXGRP: u32 = 0o10;
const PR_GET_NO_NEW_PRIVS: usize = 39;
/// `VFS_CAP_FLAGS_EFFECTIVE`.
const EFFECTIVE: u8 = 1;
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

/// What becomes of a program's rights in a zone.
pub(super) enum Rights {
    /// It has none that count.
    None,
    /// It gets none, but runs with `AT_SECURE`: the kernel looks whether a file's capabilities are to
    /// be effective before it looks whether they may be had (`cap_bprm_creds_from_file`).
    Secure,
    /// The host is to execute this instead of the image.
    Copy(Handle),
}

/// Whether in this zone the file's bits or capabilities would change what this process may do.
pub(super) fn has_rights(file: &Opened) -> bool {
    zone::copies() != 0 && (has_bits(file) || capabilities(file).is_some()) && !gains_nothing()
}

/// How the file is to be executed in this zone.
///
/// # Errors
/// Those of asking zsched.
pub(super) fn rights(file: &Opened) -> SysResult<Rights> {
    if zone::copies() == 0 {
        return Ok(Rights::None);
    }
    let capabilities = capabilities(file);
    if capabilities.is_none() && !has_bits(file) {
        return Ok(Rights::None);
    }
    if gains_nothing() {
        let real_root = || ids(nr::GETRESUID).is_ok_and(|[real, ..]| real == 0);
        let effective = capabilities.is_some_and(|flags| flags & EFFECTIVE != 0);
        let secure = effective && file.honours_set_id() && !real_root();
        return Ok(if secure { Rights::Secure } else { Rights::None });
    }
    let copy = rights::copy_of(file.fd())?;
    Ok(copy.map_or(Rights::None, Rights::Copy))
}

fn has_bits(file: &Opened) -> bool {
    let (set_uid, set_gid) = wanted(file);
    let other = |nr, id| ids(nr).is_ok_and(|[_, effective, _]| effective != id);
    set_uid && other(nr::GETRESUID, file.uid) || set_gid && other(nr::GETRESGID, file.gid)
}

/// The first byte of the file's capabilities (`struct vfs_cap_data`).
fn capabilities(file: &Opened) -> Option<u8> {
    let name = c"security.capability".as_ptr().expose_provenance();
    let mut data = [0u8; 24];
    let to = data.as_mut_ptr().expose_provenance();
    let length = host_call!(nr::FGETXATTR, int(file.fd()), name, to, data.len());
    length.is_ok_and(|length| length > 0).then_some(data[0])
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

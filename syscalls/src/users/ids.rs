//! getuid(2), setuid(2) and their kin.

use alloc::vec::Vec;

use abi::{Errno, RawArg, SysResult, nr};
use host::call::as_int;
use host::{host_call, user};
use kernel::Task;
use kernel::users::{Capability, Credentials, Ids, set_dumpable};
use kernel::vfs::ProcView;

use super::users;
use crate::bare::pointer;

/// How many groups a thread may be in. The hand-over of exec has room for no more.
const MOST_GROUPS: usize = 256;

fn low(register: usize) -> u32 {
    RawArg(register).low_u32()
}

fn wide(id: u32) -> SysResult {
    usize::try_from(id).map_err(|_| Errno::EINVAL)
}

/// Writes calls that tell one id.
macro_rules! told {
    ($($name:ident = $kind:ident.$id:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub(super) fn $name(t: &mut Task, _: &[usize; 6]) -> SysResult {
            wide(users(t)?.now.$kind.$id)
        }
    )*};
}

told! {
    getuid = user.real, "getuid(2).";
    geteuid = user.effective, "geteuid(2).";
    getgid = group.real, "getgid(2).";
    getegid = group.effective, "getegid(2).";
}

fn three(ids: Ids, a: &[usize; 6]) -> SysResult {
    for (at, id) in a.iter().zip([ids.real, ids.effective, ids.saved]) {
        user::write(pointer(*at), &id)?;
    }
    Ok(0)
}

/// getresuid(2).
pub(super) fn getresuid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    three(users(t)?.now.user, a)
}

/// getresgid(2).
pub(super) fn getresgid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    three(users(t)?.now.group, a)
}

/// getgroups(2).
pub(super) fn getgroups(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let groups = &users(t)?.now.groups;
    let room = usize::try_from(as_int(a[0])).map_err(|_| Errno::EINVAL)?;
    if room == 0 {
        return Ok(groups.len());
    }
    if room < groups.len() {
        return Err(Errno::EINVAL);
    }
    let bytes: Vec<u8> = groups
        .iter()
        .flat_map(|group| group.to_le_bytes())
        .collect();
    user::write_bytes(a[1], &bytes)?;
    Ok(groups.len())
}

/// setgroups(2).
pub(super) fn setgroups(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if !users(t)?.now.has(Capability::Setgid) {
        return Err(Errno::EPERM);
    }
    let count = usize::try_from(as_int(a[0])).map_err(|_| Errno::EINVAL)?;
    if count > MOST_GROUPS {
        return Err(Errno::EINVAL);
    }
    let mut bytes = alloc::vec![0u8; count * 4];
    user::read_bytes(a[1], &mut bytes)?;
    let mut groups: Vec<u32> = bytes
        .chunks_exact(4)
        .map(|id| u32::from_le_bytes(id.try_into().unwrap_or_default()))
        .collect();
    groups.sort_unstable();
    change(t, |now| {
        now.groups = groups;
        Ok(())
    })
}

/// Changes who the thread is, and tells the zone.
fn change(t: &mut Task, change: impl FnOnce(&mut Credentials) -> SysResult<()>) -> SysResult {
    const PR_SET_PDEATHSIG: usize = 1;
    let tid = t.tid();
    let users = t.users.as_mut().ok_or(Errno::ENOSYS)?;
    let old = users.now.clone();
    change(&mut users.now)?;
    if users.now.leaves(&old) {
        set_dumpable(false);
        host_call!(nr::PRCTL, PR_SET_PDEATHSIG, 0)?;
    }
    users.publish(tid);
    Ok(0)
}

/// setuid(2).
pub(super) fn setuid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setuid);
    change(t, |now| {
        now.change_user(|ids| ids.set(low(a[0]), privileged))
    })
}

/// setreuid(2).
pub(super) fn setreuid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setuid);
    change(t, |now| {
        now.change_user(|ids| ids.set_two(low(a[0]), low(a[1]), privileged))
    })
}

/// setresuid(2).
pub(super) fn setresuid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setuid);
    let new = [low(a[0]), low(a[1]), low(a[2])];
    change(t, |now| {
        now.change_user(|ids| ids.set_three(new, privileged))
    })
}

/// setgid(2).
pub(super) fn setgid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setgid);
    change(t, |now| now.group.set(low(a[0]), privileged))
}

/// setregid(2).
pub(super) fn setregid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setgid);
    change(t, |now| now.group.set_two(low(a[0]), low(a[1]), privileged))
}

/// setresgid(2).
pub(super) fn setresgid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setgid);
    let new = [low(a[0]), low(a[1]), low(a[2])];
    change(t, |now| now.group.set_three(new, privileged))
}

/// setfsuid(2).
pub(super) fn setfsuid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setuid);
    let mut old = 0;
    change(t, |now| {
        old = now.user.set_fs(low(a[0]), privileged);
        now.capabilities.follow_fs(old, now.user.fs, now.secure);
        Ok(())
    })?;
    wide(old)
}

/// setfsgid(2).
pub(super) fn setfsgid(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let privileged = users(t)?.now.has(Capability::Setgid);
    let mut old = 0;
    change(t, |now| {
        old = now.group.set_fs(low(a[0]), privileged);
        Ok(())
    })?;
    wide(old)
}

//! Users over exec: set-id programs, and what the program is told of them.

use abi::SysResult;
use alloc::vec::Vec;
use kernel::users::{Credentials, SetId, Users};

use crate::exec::Opened;

const S_ISUID: u32 = 0o4000;
const S_ISGID: u32 = 0o2000;
const S_IXGRP: u32 = 0o10;

/// Who the program is to be, for the hand-over, and whether it is to run with `AT_SECURE`; nothing
/// where the zone does not keep its users itself.
///
/// # Errors
/// Those of fstat(2).
pub fn after_exec(users: Option<&Users>, program: &Opened) -> SysResult<(Vec<u8>, bool)> {
    let Some(users) = users else {
        return Ok((Vec::new(), false));
    };
    let status = users.status(program.fd())?;
    let owner = status.owner;
    let mut set = SetId::default();
    // What the host's user does not own it cannot have given these bits.
    if status.ours && !users.now.no_new_privs {
        set.user = (status.mode & S_ISUID != 0).then_some(owner.uid);
        let group = status.mode & (S_ISGID | S_IXGRP) == S_ISGID | S_IXGRP;
        set.group = group.then_some(owner.gid);
    }
    let (new, secure) = users.now.after_exec(set);
    Ok((new.encode(), secure))
}

/// Puts who the program is into its auxiliary vector: pairs of words.
pub fn describe(now: &Credentials, auxv: &mut [usize]) {
    const AT_UID: usize = 11;
    const AT_EUID: usize = 12;
    const AT_GID: usize = 13;
    const AT_EGID: usize = 14;
    for pair in auxv.chunks_exact_mut(2) {
        let id = match pair.first() {
            Some(&AT_UID) => now.user.real,
            Some(&AT_EUID) => now.user.effective,
            Some(&AT_GID) => now.group.real,
            Some(&AT_EGID) => now.group.effective,
            _ => continue,
        };
        if let (Some(value), Ok(id)) = (pair.get_mut(1), usize::try_from(id)) {
            *value = id;
        }
    }
}

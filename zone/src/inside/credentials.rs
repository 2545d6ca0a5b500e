//! The user that the guest begins as.

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use crate::error::{Context, Result};
use crate::passwd::User;

/// Gives this process the ids of `user`.
pub(super) fn become_user(user: &User, may_set_groups: bool) -> Result<()> {
    if may_set_groups {
        let groups: Vec<Gid> = user.groups.iter().map(|&gid| Gid::from_raw(gid)).collect();
        setgroups(&groups).about("cannot set the groups")?;
    }
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    setresgid(gid, gid, gid).about(format_args!("cannot become group {gid}"))?;
    setresuid(uid, uid, uid).about(format_args!("cannot become user {uid}"))
}

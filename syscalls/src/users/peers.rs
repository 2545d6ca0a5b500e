//! Other processes: who may signal them, and who they are to those that they talk to.

use abi::nr as guest;
use abi::{Errno, SysResult, nr};
use host::call::as_int;
use host::{host_call, user};
use kernel::users::{Capability, Credentials, Ids, published};
use kernel::vfs::ProcView;
use kernel::{Task, numbers};

use super::{beneath, users};
use crate::bare::{pointer, senders};

/// Whether the thread may signal a process that the zone calls `number` (`kill_ok_by_cred`).
fn may_signal(t: &Task, number: i32, signal: usize) -> SysResult<()> {
    const SIGCONT: i32 = 18;
    let now = &users(t)?.now;
    let host = u32::try_from(number).ok().filter(|number| *number > 0);
    let Some(host) = host.and_then(numbers::outer) else {
        return Ok(());
    };
    if now.has(Capability::Kill) || host == t.pid() || host == t.tid() {
        return Ok(());
    }
    // The reaper says nothing: it is root.
    let theirs = published(host).map_or(Ids::all(0), |they| they.user);
    let Ids { real, saved, .. } = theirs;
    let mine = [now.user.real, now.user.effective];
    let session = |process| host_call!(nr::GETSID, process);
    let own = usize::try_from(host)
        .map(session)
        .is_ok_and(|theirs| theirs == session(0));
    match mine.iter().any(|id| *id == real || *id == saved) || as_int(signal) == SIGCONT && own {
        true => Ok(()),
        false => Err(Errno::EPERM),
    }
}

/// kill(2).
pub(super) fn kill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if may_signal(t, as_int(a[0]), a[1]).is_err() {
        // Whether it is there comes first.
        beneath(t, guest::KILL, &[a[0], 0, 0, 0, 0, 0])?;
        return Err(Errno::EPERM);
    }
    beneath(t, guest::KILL, a)
}

/// tkill(2).
pub(super) fn tkill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_signal(t, as_int(a[0]), a[1])?;
    beneath(t, guest::TKILL, a)
}

/// tgkill(2).
pub(super) fn tgkill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_signal(t, as_int(a[0]), a[2])?;
    beneath(t, guest::TGKILL, a)
}

/// rt_sigqueueinfo(2).
pub(super) fn rt_sigqueueinfo(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_signal(t, as_int(a[0]), a[1])?;
    beneath(t, guest::RT_SIGQUEUEINFO, a)
}

/// rt_tgsigqueueinfo(2).
pub(super) fn rt_tgsigqueueinfo(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_signal(t, as_int(a[0]), a[2])?;
    beneath(t, guest::RT_TGSIGQUEUEINFO, a)
}

/// Who a process says that it is when it sends a message: to the host, all are its user's.
///
/// # Errors
/// `EPERM` for who it is not.
pub(crate) fn send_as(t: &Task, ids: [u32; 2]) -> SysResult<[u32; 2]> {
    let Some(users) = &t.users else {
        return Ok(ids);
    };
    let is = |own: &Ids, id| [own.real, own.effective, own.saved].contains(&id);
    let now = &users.now;
    let user = is(&now.user, ids[0]) || now.has(Capability::Setuid);
    let group = is(&now.group, ids[1]) || now.has(Capability::Setgid);
    match user && group {
        true => Ok([users.host.uid, users.host.gid]),
        false => Err(Errno::EPERM),
    }
}

/// Puts user and group into `struct ucred` whose process is put right already.
fn put_right(at: usize, ids: fn(&Credentials) -> [u32; 2]) -> SysResult<()> {
    let number: u32 = user::read(pointer(at))?;
    if let Some(they) = numbers::outer(number).and_then(published) {
        user::write(pointer(at.wrapping_add(4)), &ids(&they))?;
    }
    Ok(())
}

/// getsockopt(2).
pub(super) fn getsockopt(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const SOL_SOCKET: i32 = 1;
    const SO_PEERCRED: i32 = 17;
    const UCRED: u32 = 12;
    let answer = beneath(t, guest::GETSOCKOPT, a)?;
    if (as_int(a[1]), as_int(a[2])) == (SOL_SOCKET, SO_PEERCRED)
        && user::read::<u32>(pointer(a[4]))? >= UCRED
    {
        put_right(a[3], |they| [they.user.effective, they.group.effective])?;
    }
    Ok(answer)
}

/// recvmsg(2).
pub(super) fn recvmsg(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let answer = beneath(t, guest::RECVMSG, a)?;
    let [_, _, _, _, control, length, _]: [usize; 7] = user::read(pointer(a[1]))?;
    for at in senders(control, length) {
        put_right(at, |they| [they.user.real, they.group.real])?;
    }
    Ok(answer)
}

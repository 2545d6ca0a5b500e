//! Other processes: who may signal them, and who they are to those that they talk to.

use abi::nr as guest;
use abi::{Errno, SysResult};
use host::call::as_int;
use host::user;
use kernel::users::{Capability, Ids, Record};
use kernel::vfs::ProcView;
use kernel::{Task, numbers};

use super::{beneath, users};
use crate::bare::{pointer, senders};

/// Whether the thread may signal a process that the zone calls `number` (`kill_ok_by_cred`).
fn may_signal(t: &Task, number: i32) -> SysResult<()> {
    let now = &users(t)?.now;
    let host = u32::try_from(number).ok().filter(|number| *number > 0);
    let Some(host) = host.and_then(numbers::outer) else {
        return Ok(());
    };
    if now.has(Capability::Kill) || host == t.pid() || host == t.tid() {
        return Ok(());
    }
    // A thread other than the first is not known; who it is its process knows.
    let theirs = Record::read(host).map_or(now.user, |record| record.user);
    let Ids { real, saved, .. } = theirs;
    let mine = [now.user.real, now.user.effective];
    match mine.iter().any(|id| *id == real || *id == saved) {
        true => Ok(()),
        false => Err(Errno::EPERM),
    }
}

/// kill(2).
pub(super) fn kill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    if may_signal(t, as_int(a[0])).is_err() {
        // Whether it is there comes first.
        beneath(t, guest::KILL, &[a[0], 0, 0, 0, 0, 0])?;
        return Err(Errno::EPERM);
    }
    beneath(t, guest::KILL, a)
}

/// tkill(2).
pub(super) fn tkill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_signal(t, as_int(a[0]))?;
    beneath(t, guest::TKILL, a)
}

/// tgkill(2).
pub(super) fn tgkill(t: &mut Task, a: &[usize; 6]) -> SysResult {
    may_signal(t, as_int(a[0]))?;
    beneath(t, guest::TGKILL, a)
}

/// Puts user and group into `struct ucred` whose process is put right already.
fn put_right(at: usize) -> SysResult<()> {
    let number: u32 = user::read(pointer(at))?;
    if let Some(record) = numbers::outer(number).and_then(Record::read) {
        let ids = [record.user.effective, record.group[1]];
        user::write(pointer(at.wrapping_add(4)), &ids)?;
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
        put_right(a[3])?;
    }
    Ok(answer)
}

/// recvmsg(2).
pub(super) fn recvmsg(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let answer = beneath(t, guest::RECVMSG, a)?;
    let [_, _, _, _, control, length, _]: [usize; 7] = user::read(pointer(a[1]))?;
    for at in senders(control, length) {
        put_right(at)?;
    }
    Ok(answer)
}

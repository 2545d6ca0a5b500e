//! Capabilities: capget(2), capset(2), prctl(2).

use abi::nr as guest;
use abi::{Errno, RawArg, SysResult};
use host::call::as_int;
use host::user;
use kernel::users::{Capability, Credentials, SecureBits, is_dumpable, published, set_dumpable};
use kernel::vfs::ProcView;
use kernel::{Task, numbers};

use super::{beneath, users};
use crate::bare::pointer;

/// Versions of `struct __user_cap_header_struct`: sets of 32 bits, and twice of 64.
const VERSION_1: u32 = 0x1998_0330;
const VERSION_2: u32 = 0x2007_1026;
const VERSION_3: u32 = 0x2008_0522;
/// Bits of capabilities that there are.
const LAST: usize = 40;

fn halves(set: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = set.to_le_bytes();
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ]
}

/// How many words a set has, and which process is meant.
fn header(at: usize) -> SysResult<(usize, i32)> {
    let [version, pid]: [u32; 2] = user::read(pointer(at))?;
    let words = match version {
        VERSION_1 => 1,
        VERSION_2 | VERSION_3 => 2,
        _ => {
            user::write(pointer(at), &VERSION_3)?;
            return Err(Errno::EINVAL);
        }
    };
    Ok((words, pid.cast_signed()))
}

/// capget(2).
pub(super) fn capget(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let (words, pid) = match header(a[0]) {
        Err(Errno::EINVAL) if a[1] == 0 => return Ok(0),
        read => read?,
    };
    let pid = u32::try_from(pid).map_err(|_| Errno::EINVAL)?;
    let host = numbers::outer(pid);
    let sets = if pid == 0 || host == Some(t.pid()) || host == Some(t.tid()) {
        users(t)?.now.capabilities
    } else {
        let they = host.and_then(published).ok_or(Errno::ESRCH)?;
        they.capabilities
    };
    let sets = [sets.effective, sets.permitted, sets.inheritable].map(halves);
    let mut data = [0u32; 6];
    for (to, (word, set)) in data
        .iter_mut()
        .zip((0..words).flat_map(|word| (0..sets.len()).map(move |set| (word, set))))
    {
        *to = sets[set][word];
    }
    for (index, word) in data.iter().take(3 * words).enumerate() {
        user::write(pointer(a[1].wrapping_add(4 * index)), word)?;
    }
    Ok(0)
}

/// capset(2): of the thread itself only.
pub(super) fn capset(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let (words, pid) = header(a[0])?;
    let host = u32::try_from(pid).ok().and_then(numbers::outer);
    if pid != 0 && host != Some(t.tid()) {
        return Err(Errno::EPERM);
    }
    let mut data = [[0u32; 3]; 2];
    for (index, half) in data.iter_mut().take(words).enumerate() {
        *half = user::read(pointer(a[1].wrapping_add(12 * index)))?;
    }
    let set = |which: usize| u64::from(data[1][which]) << 32 | u64::from(data[0][which]);
    let tid = t.tid();
    let users = t.users.as_mut().ok_or(Errno::ENOSYS)?;
    if !users.now.capabilities.set(set(0), set(1), set(2)) {
        return Err(Errno::EPERM);
    }
    users.publish(tid);
    Ok(0)
}

/// prctl(2): what it says of capabilities.
pub(super) fn prctl(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const PR_GET_DUMPABLE: i32 = 3;
    const PR_SET_DUMPABLE: i32 = 4;
    const PR_GET_KEEPCAPS: i32 = 7;
    const PR_SET_KEEPCAPS: i32 = 8;
    const PR_SET_NO_NEW_PRIVS: i32 = 38;
    const PR_GET_NO_NEW_PRIVS: i32 = 39;
    const PR_CAPBSET_READ: i32 = 23;
    const PR_CAPBSET_DROP: i32 = 24;
    const PR_GET_SECUREBITS: i32 = 27;
    const PR_SET_SECUREBITS: i32 = 28;
    const PR_CAP_AMBIENT: i32 = 47;
    let tid = t.tid();
    let users = t.users.as_mut().ok_or(Errno::ENOSYS)?;
    let now = &mut users.now;
    let setpcap = now.has(Capability::Setpcap);
    match as_int(a[0]) {
        PR_GET_DUMPABLE => Ok(is_dumpable().into()),
        PR_SET_DUMPABLE if a[1] > 1 => Err(Errno::EINVAL),
        PR_SET_DUMPABLE => {
            set_dumpable(a[1] == 1);
            Ok(0)
        }
        PR_GET_NO_NEW_PRIVS if a[1..5] != [0; 4] => Err(Errno::EINVAL),
        PR_GET_NO_NEW_PRIVS => Ok(now.no_new_privs.into()),
        PR_SET_NO_NEW_PRIVS if a[1] != 1 || a[2..5] != [0; 3] => Err(Errno::EINVAL),
        PR_SET_NO_NEW_PRIVS => {
            now.no_new_privs = true;
            users.publish(tid);
            Ok(0)
        }
        PR_GET_KEEPCAPS => Ok(now.secure.has(SecureBits::KEEP_CAPS).into()),
        PR_SET_KEEPCAPS if a[1] > 1 => Err(Errno::EINVAL),
        PR_SET_KEEPCAPS if now.secure.is_locked(SecureBits::KEEP_CAPS) => Err(Errno::EPERM),
        PR_SET_KEEPCAPS => {
            now.secure.0 &= !SecureBits::KEEP_CAPS;
            if a[1] == 1 {
                now.secure.0 |= SecureBits::KEEP_CAPS;
            }
            Ok(0)
        }
        PR_CAPBSET_READ | PR_CAPBSET_DROP if a[1] > LAST => Err(Errno::EINVAL),
        PR_CAPBSET_READ => Ok(usize::from(now.capabilities.bounding >> a[1] & 1 != 0)),
        PR_CAPBSET_DROP if !setpcap => Err(Errno::EPERM),
        PR_CAPBSET_DROP => {
            now.capabilities.bounding &= !(1 << a[1]);
            users.publish(tid);
            Ok(0)
        }
        PR_GET_SECUREBITS => usize::try_from(now.secure.0).map_err(|_| Errno::EINVAL),
        PR_SET_SECUREBITS => match u32::try_from(a[1]) {
            Ok(bits) if setpcap && now.secure.allows(bits) => {
                now.secure.0 = bits;
                Ok(0)
            }
            _ => Err(Errno::EPERM),
        },
        PR_CAP_AMBIENT => {
            let answer = ambient(now, RawArg(a[1]).low_u32(), a[2]);
            users.publish(tid);
            answer
        }
        _ => beneath(t, guest::PRCTL, a),
    }
}

fn ambient(now: &mut Credentials, operation: u32, capability: usize) -> SysResult {
    const IS_SET: u32 = 1;
    const RAISE: u32 = 2;
    const LOWER: u32 = 3;
    const CLEAR_ALL: u32 = 4;
    if operation == CLEAR_ALL {
        now.capabilities.ambient = 0;
        return Ok(0);
    }
    if capability > LAST {
        return Err(Errno::EINVAL);
    }
    let bit = 1 << capability;
    let fixed = now.secure.has(SecureBits::NO_AMBIENT_RAISE);
    let sets = &mut now.capabilities;
    match operation {
        IS_SET => Ok(usize::from(sets.ambient & bit != 0)),
        RAISE if fixed || sets.permitted & sets.inheritable & bit == 0 => Err(Errno::EPERM),
        RAISE => {
            sets.ambient |= bit;
            Ok(0)
        }
        LOWER => {
            sets.ambient &= !bit;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

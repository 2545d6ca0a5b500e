//! Numbers in what calls read and write besides registers: owners of descriptors and terminals, of
//! timers, clocks, capabilities and messages.

use abi::{Errno, RawArg, SysResult, nr};
use host::call::{as_int, int};
use host::host_call;
use host::user;
use kernel::Task;

use super::arguments::{ask, pointer, space};
use super::numbers::{group_number, process_number, told_number};
use super::terminals;

/// A number that is a group's where it is negative.
fn owner(t: &Task, number: i32) -> SysResult<i32> {
    match number.checked_neg() {
        Some(group) if number < 0 => group_number(group).map(|group| -group),
        _ => process_number(t, number),
    }
}

/// fcntl(2).
pub(super) fn fcntl(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const F_GETLK: i32 = 5;
    const F_SETOWN: i32 = 8;
    const F_GETOWN: i32 = 9;
    const F_SETOWN_EX: i32 = 15;
    const F_GETOWN_EX: i32 = 16;
    const F_OFD_GETLK: i32 = 36;
    const F_OWNER_PGRP: i32 = 2;
    /// Where `struct flock` has the process.
    const FLOCK_PID: usize = 24;
    match as_int(a[1]) {
        F_SETOWN => ask(nr::FCNTL, &[a[0], a[1], int(owner(t, as_int(a[2]))?)]),
        F_GETOWN => {
            let [kind, number] = owner_of(a[0])?;
            let number = told_number(number);
            // A group's number, negative, is what an error looks like.
            let answer = if kind == F_OWNER_PGRP {
                -number
            } else {
                number
            };
            Errno::decode(int(answer))
        }
        F_SETOWN_EX => {
            let [kind, number]: [i32; 2] = user::read(pointer(a[2]))?;
            let number = match kind {
                F_OWNER_PGRP => group_number(number)?,
                _ => process_number(t, number)?,
            };
            let owner = [kind, number];
            ask(nr::FCNTL, &[a[0], a[1], owner.as_ptr().expose_provenance()])
        }
        F_GETOWN_EX => {
            let [kind, number] = owner_of(a[0])?;
            user::write(pointer(a[2]), &[kind, told_number(number)])?;
            Ok(0)
        }
        F_GETLK | F_OFD_GETLK => {
            let answer = ask(nr::FCNTL, &[a[0], a[1], a[2]])?;
            let holder = a[2].wrapping_add(FLOCK_PID);
            let number: i32 = user::read(pointer(holder))?;
            if number > 0 {
                user::write(pointer(holder), &told_number(number))?;
            }
            Ok(answer)
        }
        _ => {
            use abi::arg::{Fd, Uint, Ulong};
            let (fd, op) = (Fd::from(RawArg(a[0])), Uint::from(RawArg(a[1])));
            crate::fs::fcntl(t, fd, op, Ulong(a[2]))
        }
    }
}

/// The kind and number of a descriptor's owner.
fn owner_of(fd: usize) -> SysResult<[i32; 2]> {
    const F_GETOWN_EX: i32 = 16;
    let mut owner = [0i32; 2];
    let to = owner.as_mut_ptr().expose_provenance();
    host_call!(nr::FCNTL, fd, int(F_GETOWN_EX), to)?;
    Ok(owner)
}

/// ioctl(2).
pub(super) fn ioctl(t: &mut Task, a: &[usize; 6]) -> SysResult {
    const TIOCGPGRP: u32 = 0x540f;
    const TIOCSPGRP: u32 = 0x5410;
    const TIOCGSID: u32 = 0x5429;
    const FIOSETOWN: u32 = 0x8901;
    const SIOCSPGRP: u32 = 0x8902;
    const FIOGETOWN: u32 = 0x8903;
    const SIOCGPGRP: u32 = 0x8904;
    const TIOCGPTPEER: u32 = 0x5441;
    let all = [a[0], a[1], a[2]];
    match RawArg(a[1]).low_u32() {
        TIOCGPGRP | TIOCGSID | FIOGETOWN | SIOCGPGRP => {
            let answer = ask(nr::IOCTL, &all)?;
            let number: i32 = user::read(pointer(a[2]))?;
            let told = match number.checked_neg() {
                Some(group) if number < 0 => -told_number(group),
                _ => told_number(number),
            };
            user::write(pointer(a[2]), &told)?;
            Ok(answer)
        }
        request @ (TIOCSPGRP | FIOSETOWN | SIOCSPGRP) => {
            let Ok(number) = user::read::<i32>(pointer(a[2])) else {
                return ask(nr::IOCTL, &all);
            };
            let number = if request == TIOCSPGRP {
                group_number(number)?
            } else {
                owner(t, number)?
            };
            let number = [number];
            ask(
                nr::IOCTL,
                &[a[0], a[1], number.as_ptr().expose_provenance()],
            )
        }
        TIOCGPTPEER if space(t)?.has_terminals() => terminals::peer(t, a[0], a[2]),
        _ => ask(nr::IOCTL, &all),
    }
}

/// prctl(2).
pub(super) fn prctl(t: &mut Task, a: &[usize; 6]) -> SysResult {
    use abi::arg::{Int, Ulong};
    const PR_SET_PTRACER: i32 = 0x5961_6d61;
    let mut argument = a[1];
    if as_int(a[0]) == PR_SET_PTRACER && as_int(a[1]) > 0 {
        let process = process_number(t, as_int(a[1])).map_err(|_| Errno::EINVAL)?;
        argument = int(process);
    }
    let [b, c, d] = [a[2], a[3], a[4]].map(Ulong);
    crate::process::prctl(t, Int::from(RawArg(a[0])), Ulong(argument), b, c, d)
}

/// capget(2).
pub(super) fn capget(t: &mut Task, a: &[usize; 6]) -> SysResult {
    capabilities(t, nr::CAPGET, a)
}

/// capset(2).
pub(super) fn capset(t: &mut Task, a: &[usize; 6]) -> SysResult {
    capabilities(t, nr::CAPSET, a)
}

/// The header is a version, which the kernel may put right, and a process.
fn capabilities(t: &Task, number: usize, a: &[usize; 6]) -> SysResult {
    let Ok([version, process]) = user::read::<[i32; 2]>(pointer(a[0])) else {
        return ask(number, &[a[0], a[1]]);
    };
    let mut header = [version, process_number(t, process)?];
    let to = header.as_mut_ptr().expose_provenance();
    let answer = ask(number, &[to, a[1]]);
    if header[0] != version {
        user::write(pointer(a[0]), &header[0])?;
    }
    answer
}

/// `timer_create(2)`.
pub(super) fn timer_create(t: &mut Task, a: &[usize; 6]) -> SysResult {
    /// `struct sigevent`: a value, the signal, how it is told, then the thread.
    const WORDS: usize = 8;
    const SIGEV_THREAD_ID: u32 = 4;
    let clock = clock(t, a[0])?;
    let Ok(mut event) = user::read::<[u64; WORDS]>(pointer(a[1])) else {
        return ask(nr::TIMER_CREATE, &[clock, a[1], a[2]]);
    };
    let [_, _, _, _, how @ ..] = event[1].to_le_bytes();
    if a[1] == 0 || u32::from_le_bytes(how) & SIGEV_THREAD_ID == 0 {
        return ask(nr::TIMER_CREATE, &[clock, a[1], a[2]]);
    }
    let [a0, b0, c0, d0, rest @ ..] = event[2].to_le_bytes();
    let thread = i32::from_le_bytes([a0, b0, c0, d0]);
    let thread = process_number(t, thread).map_err(|_| Errno::EINVAL)?;
    let [a1, b1, c1, d1] = thread.to_le_bytes();
    let [e, f, g, h] = rest;
    event[2] = u64::from_le_bytes([a1, b1, c1, d1, e, f, g, h]);
    ask(
        nr::TIMER_CREATE,
        &[clock, event.as_ptr().expose_provenance(), a[2]],
    )
}

/// A clock: those of processes and threads have their numbers, inverted, above three bits
/// (`include/linux/posix-timers_types.h` of the kernel).
fn clock(t: &Task, register: usize) -> SysResult {
    const KIND: i32 = 7;
    const OF_DEVICE: i32 = 3;
    let clock = as_int(register);
    if clock >= 0 || clock & KIND == OF_DEVICE {
        return Ok(register);
    }
    let number = process_number(t, !(clock >> 3)).map_err(|_| Errno::EINVAL)?;
    Ok(int(!number << 3 | clock & KIND))
}

/// `clock_gettime(2)`.
pub(super) fn clock_gettime(t: &mut Task, a: &[usize; 6]) -> SysResult {
    let clock = abi::arg::Clock::from(RawArg(clock(t, a[0])?));
    crate::time::clock_gettime(t, clock, pointer(a[1]))
}

/// `clock_getres(2)`.
pub(super) fn clock_getres(t: &mut Task, a: &[usize; 6]) -> SysResult {
    ask(nr::CLOCK_GETRES, &[clock(t, a[0])?, a[1]])
}

/// `clock_nanosleep(2)`.
pub(super) fn clock_nanosleep(t: &mut Task, a: &[usize; 6]) -> SysResult {
    ask(nr::CLOCK_NANOSLEEP, &[clock(t, a[0])?, a[1], a[2], a[3]])
}

/// getsockopt(2).
pub(super) fn getsockopt(_: &mut Task, a: &[usize; 6]) -> SysResult {
    const SOL_SOCKET: i32 = 1;
    const SO_PEERCRED: i32 = 17;
    let answer = ask(nr::GETSOCKOPT, &[a[0], a[1], a[2], a[3], a[4]])?;
    if (as_int(a[1]), as_int(a[2])) == (SOL_SOCKET, SO_PEERCRED) {
        let length: i32 = user::read(pointer(a[4]))?;
        if length >= 4 {
            let number: i32 = user::read(pointer(a[3]))?;
            user::write(pointer(a[3]), &told_number(number))?;
        }
    }
    Ok(answer)
}

const SOL_SOCKET: u32 = 1;
const SCM_CREDENTIALS: u32 = 2;
/// `struct cmsghdr { size_t len; int level; int type; }`.
const HEADER: usize = 16;

/// Where the messages of `length` bytes at `control` have a sender's number.
pub(crate) fn senders(control: usize, length: usize) -> alloc::vec::Vec<usize> {
    let mut found = alloc::vec::Vec::new();
    let mut offset = 0;
    while length.saturating_sub(offset) >= HEADER {
        let at = control.wrapping_add(offset);
        let Ok([size, kind]) = user::read::<[usize; 2]>(pointer(at)) else {
            break;
        };
        if size < HEADER || size > length - offset {
            break;
        }
        let [a, b, c, d, e, f, g, h] = kind.to_le_bytes();
        let kind = (
            u32::from_le_bytes([a, b, c, d]),
            u32::from_le_bytes([e, f, g, h]),
        );
        if kind == (SOL_SOCKET, SCM_CREDENTIALS) && size >= HEADER + 4 {
            found.push(at.wrapping_add(HEADER));
        }
        offset += size.next_multiple_of(size_of::<usize>());
    }
    found
}

/// Puts right who sent a message that was received: `struct msghdr` is at `message`.
pub(super) fn received_from(message: usize) -> SysResult<()> {
    let [_, _, _, _, control, length, _]: [usize; 7] = user::read(pointer(message))?;
    for at in senders(control, length) {
        let number: i32 = user::read(pointer(at))?;
        user::write(pointer(at), &told_number(number))?;
    }
    Ok(())
}

/// The control messages of `length` bytes at `control` with the host's numbers, if they carry any.
pub(super) fn sent_by(
    t: &Task,
    control: usize,
    length: usize,
) -> SysResult<Option<alloc::vec::Vec<u8>>> {
    /// More than the kernel takes (`net.core.optmem_max`).
    const LONGEST: usize = 1 << 20;
    if control == 0 || length > LONGEST {
        return Ok(None);
    }
    let senders = senders(control, length);
    if senders.is_empty() {
        return Ok(None);
    }
    let mut copy = alloc::vec![0; length];
    user::read_bytes(control, &mut copy)?;
    for at in senders {
        let [number, uid, gid]: [u32; 3] = user::read(pointer(at))?;
        let number = process_number(t, number.cast_signed())?;
        let [uid, gid] = crate::users::send_as(t, [uid, gid])?;
        let who = [number.cast_unsigned(), uid, gid].map(u32::to_le_bytes);
        let from = at.wrapping_sub(control);
        for (to, byte) in copy.iter_mut().skip(from).zip(who.as_flattened()) {
            *to = *byte;
        }
    }
    Ok(Some(copy))
}

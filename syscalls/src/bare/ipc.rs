//! System V semaphores and message queues (sysvipc(7)), which the warden has.

use alloc::vec;
use alloc::vec::Vec;

use abi::{Errno, RawArg, SysResult, nr};
use host::call::{as_int, int};
use host::user;
use kernel::Task;
use kernel::bare::warden::Request;
use kernel::exchange::exchange_late;

use super::arguments::pointer;
use super::numbers::told_number;

/// Commands of semctl(2) and msgctl(2).
mod command {
    pub(super) const IPC_SET: i32 = 1;
    pub(super) const IPC_STAT: i32 = 2;
    pub(super) const IPC_INFO: i32 = 3;
    pub(super) const GETPID: i32 = 11;
    pub(super) const MSG_STAT: i32 = 11;
    pub(super) const MSG_INFO: i32 = 12;
    pub(super) const GETALL: i32 = 13;
    pub(super) const MSG_STAT_ANY: i32 = 13;
    pub(super) const SETVAL: i32 = 16;
    pub(super) const SETALL: i32 = 17;
    pub(super) const SEM_STAT: i32 = 18;
    pub(super) const SEM_INFO: i32 = 19;
    pub(super) const SEM_STAT_ANY: i32 = 20;
}

/// `struct semid64_ds`, `struct msqid64_ds`, and what is longer than either of the kinds of limits.
const SEMID_DS: usize = 104;
const MSQID_DS: usize = 120;

/// Asks for one of the calls. What was returned, and how much `data` came with it.
fn ask(
    number: usize,
    arguments: [u64; 3],
    given: &[u8],
    data: &mut [u8],
    time: Option<[i64; 2]>,
) -> SysResult<(usize, usize)> {
    let number = u32::try_from(number).map_err(|_| Errno::ENOSYS)?;
    let message = Request::Ipc(number, arguments, given).encode()?;
    exchange_late(&message, data, time)
}

/// The lower half of a register.
fn low(register: usize) -> u64 {
    RawArg(register).low_u32().into()
}

/// semget(2).
pub(super) fn semget(_: &mut Task, a: &[usize; 6]) -> SysResult {
    let arguments = [low(a[0]), low(a[1]), low(a[2])];
    ask(nr::SEMGET, arguments, &[], &mut [], None).map(|(id, _)| id)
}

/// semop(2).
pub(super) fn semop(t: &mut Task, a: &[usize; 6]) -> SysResult {
    semtimedop(t, &[a[0], a[1], a[2], 0, 0, 0])
}

/// semtimedop(2).
pub(super) fn semtimedop(_: &mut Task, a: &[usize; 6]) -> SysResult {
    const MOST: u32 = 500;
    const OPERATION: usize = 6;
    const SECOND: i64 = 1_000_000_000;
    let time: Option<[i64; 2]> = match a[3] {
        0 => None,
        time => Some(user::read(pointer(time))?),
    };
    let count = RawArg(a[2]).low_u32();
    if count > MOST {
        return Err(Errno::E2BIG);
    }
    if count == 0 {
        return Err(Errno::EINVAL);
    }
    let mut operations = vec![0; usize::try_from(count).unwrap_or(0) * OPERATION];
    user::read_bytes(a[1], &mut operations)?;
    if time.is_some_and(|[seconds, rest]| seconds < 0 || !(0..SECOND).contains(&rest)) {
        return Err(Errno::EINVAL);
    }
    let arguments = [low(a[0]), 0, 0];
    ask(nr::SEMTIMEDOP, arguments, &operations, &mut [], time).map(|_| 0)
}

/// semctl(2).
pub(super) fn semctl(_: &mut Task, a: &[usize; 6]) -> SysResult {
    let arguments = [low(a[0]), low(a[1]), low(a[2])];
    let command = as_int(a[2]);
    let control = |given: &[u8], data: &mut [u8]| ask(nr::SEMCTL, arguments, given, data, None);
    match command {
        command::SETVAL => {
            let value = RawArg(a[3]).low_u32().to_le_bytes();
            control(&value, &mut []).map(|_| 0)
        }
        command::SETALL => {
            // Who may not, or changes what is not there, is told so before anything is read.
            let status = [
                arguments[0],
                0,
                u64::from(command::IPC_STAT.cast_unsigned()),
            ];
            let mut about = vec![0; SEMID_DS];
            let count = match ask(nr::SEMCTL, status, &[], &mut about, None) {
                Err(Errno::EACCES) => 0,
                answer => answer.map(|_| count_in(&about))?,
            };
            let mut values = vec![0; count * size_of::<u16>()];
            user::read_bytes(a[3], &mut values)?;
            control(&values, &mut []).map(|_| 0)
        }
        command::GETALL => {
            /// Of as many semaphores as a set can have.
            const ROOM: usize = 64000;
            let mut values = vec![0; ROOM];
            let (_, length) = control(&[], &mut values)?;
            user::write_bytes(a[3], values.get(..length).unwrap_or_default())?;
            Ok(0)
        }
        command::IPC_SET => control(&structure::<SEMID_DS>(a[3])?, &mut []).map(|_| 0),
        command::IPC_STAT
        | command::SEM_STAT
        | command::SEM_STAT_ANY
        | command::IPC_INFO
        | command::SEM_INFO => {
            let mut data = [0; SEMID_DS];
            let (value, length) = control(&[], &mut data)?;
            user::write_bytes(a[3], data.get(..length).unwrap_or_default())?;
            Ok(value)
        }
        command::GETPID => {
            let (process, _) = control(&[], &mut [])?;
            Ok(int(told_number(as_int(process))))
        }
        _ => control(&[], &mut []).map(|(value, _)| value),
    }
}

/// How many semaphores a `struct semid64_ds` says that there are.
fn count_in(status: &[u8]) -> usize {
    const NSEMS: usize = 80;
    let count = status.get(NSEMS..).and_then(|rest| rest.first_chunk());
    count.map_or(0, |count| usize::from_le_bytes(*count))
}

/// A structure that the call reads.
fn structure<const N: usize>(from: usize) -> SysResult<[u8; N]> {
    let mut bytes = [0; N];
    user::read_bytes(from, &mut bytes)?;
    Ok(bytes)
}

/// msgget(2).
pub(super) fn msgget(_: &mut Task, a: &[usize; 6]) -> SysResult {
    let arguments = [low(a[0]), low(a[1]), 0];
    ask(nr::MSGGET, arguments, &[], &mut [], None).map(|(id, _)| id)
}

/// What stands before the text of a message: its type.
const TYPE: usize = size_of::<i64>();

/// msgsnd(2).
pub(super) fn msgsnd(_: &mut Task, a: &[usize; 6]) -> SysResult {
    const LONGEST: usize = 8192;
    let kind: i64 = user::read(pointer(a[1]))?;
    if a[2] > LONGEST || as_int(a[0]) < 0 || kind < 1 {
        return Err(Errno::EINVAL);
    }
    let mut message: Vec<u8> = Vec::from(kind.to_le_bytes());
    message.resize(TYPE + a[2], 0);
    let text = message.get_mut(TYPE..).unwrap_or_default();
    user::read_bytes(a[1].wrapping_add(TYPE), text)?;
    let arguments = [low(a[0]), low(a[3]), 0];
    ask(nr::MSGSND, arguments, &message, &mut [], None).map(|_| 0)
}

/// msgrcv(2).
pub(super) fn msgrcv(_: &mut Task, a: &[usize; 6]) -> SysResult {
    const LONGEST: usize = 8192;
    let most = u64::try_from(a[2]).unwrap_or(u64::MAX);
    let arguments = [low(a[0]), most, low(a[4])];
    let mut data = vec![0; TYPE + a[2].min(LONGEST)];
    let kind = a[3].to_le_bytes();
    let (length, came) = ask(nr::MSGRCV, arguments, &kind, &mut data, None)?;
    user::write_bytes(a[1], data.get(..came).unwrap_or_default())?;
    Ok(length)
}

/// msgctl(2).
pub(super) fn msgctl(_: &mut Task, a: &[usize; 6]) -> SysResult {
    /// Where the structure says who sent and received last.
    const PROCESSES: [usize; 2] = [96, 100];
    let arguments = [low(a[0]), low(a[1]), 0];
    let control = |given: &[u8], data: &mut [u8]| ask(nr::MSGCTL, arguments, given, data, None);
    match as_int(a[1]) {
        command::IPC_SET => control(&structure::<MSQID_DS>(a[2])?, &mut []).map(|_| 0),
        command::IPC_STAT
        | command::MSG_STAT
        | command::MSG_STAT_ANY
        | command::IPC_INFO
        | command::MSG_INFO => {
            let mut data = [0; MSQID_DS];
            let (value, length) = control(&[], &mut data)?;
            if length == MSQID_DS {
                for at in PROCESSES {
                    let process = data.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
                    if let Some(process) = process {
                        *process = told_number(i32::from_le_bytes(*process)).to_le_bytes();
                    }
                }
            }
            user::write_bytes(a[2], data.get(..length).unwrap_or_default())?;
            Ok(value)
        }
        _ => control(&[], &mut []).map(|(value, _)| value),
    }
}

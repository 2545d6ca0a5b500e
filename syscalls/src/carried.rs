//! Calls whose structures carry descriptors: sendmsg(2), sendmmsg(2), io_submit(2), waitid(2). One
//! of the brand's is EBADF there too. Whatever else may be wrong with a structure, the host says.

use abi::arg::{Fd, Flags, Int, Long, Pid, Ptr, Uint, Ulong};
use abi::{Errno, SysResult, UserPtr, nr};
use host::call::forward_blocking;
use host::user;
use kernel::Task;

const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
/// `SCM_MAX_FD`: more in one message is EINVAL.
const SCM_MAX_FD: usize = 253;
/// `struct cmsghdr { size_t len; int level; int type; }`.
const CMSG_HEADER: usize = 16;
/// `struct mmsghdr` is a `struct msghdr` of seven words, and a length.
const MMSGHDR: usize = 64;
/// What one call takes at most (`UIO_MAXIOV`).
const MAX_MESSAGES: u32 = 1024;
const IOCB_FLAG_RESFD: u32 = 1;
const P_PIDFD: i32 = 3;

/// sendmsg(2).
pub fn sendmsg(t: &mut Task, sockfd: Fd, msg: Ptr, flags: Flags) -> SysResult {
    if carries_reserved(t, msg.0) {
        return Err(Errno::EBADF);
    }
    forward_blocking(nr::SENDMSG, &[sockfd.raw(), msg.0, flags.raw(), 0, 0, 0])
}

/// sendmmsg(2): what comes before a message that is refused is sent.
pub fn sendmmsg(t: &mut Task, sockfd: Fd, msgvec: Ptr, vlen: Uint, flags: Flags) -> SysResult {
    let all = vlen.0.min(MAX_MESSAGES);
    let message = |index: usize| msgvec.0.wrapping_add(index * MMSGHDR);
    let good = Uint(before(all, |index| carries_reserved(t, message(index)))?);
    forward_blocking(
        nr::SENDMMSG,
        &[sockfd.raw(), msgvec.0, good.raw(), flags.raw(), 0, 0],
    )
}

/// io_submit(2): the requests before one that is refused are submitted.
pub fn io_submit(t: &mut Task, ctx_id: Ulong, nr: Long, iocbpp: Ptr) -> SysResult {
    // The kernel takes no more than the context has room for, which is below this.
    let all = u32::try_from(nr.raw().min(1 << 20)).unwrap_or(0);
    let iocbs = UserPtr::<usize>::new(iocbpp.0);
    let good = before(all, |index| {
        user::read(iocbs.element(index)).is_ok_and(|iocb| names_reserved(t, iocb))
    })?;
    let count = if good == all {
        nr.raw()
    } else {
        Uint(good).raw()
    };
    forward_blocking(nr::IO_SUBMIT, &[ctx_id.raw(), count, iocbpp.0, 0, 0, 0])
}

/// waitid(2).
pub fn waitid(
    t: &mut Task,
    idtype: Int,
    id: Pid,
    infop: Ptr,
    options: Int,
    rusage: Ptr,
) -> SysResult {
    if idtype.0 == P_PIDFD {
        t.check_fd(id.0)?;
    }
    forward_blocking(
        nr::WAITID,
        &[idtype.raw(), id.raw(), infop.0, options.raw(), rusage.0, 0],
    )
}

/// How many of `all` come before the first that is refused; `EBADF` when it is the very first.
fn before(all: u32, refused: impl Fn(usize) -> bool) -> SysResult<u32> {
    let index = |count| usize::try_from(count).unwrap_or(usize::MAX);
    match (0..all).find(|&count| refused(index(count))) {
        Some(0) => Err(Errno::EBADF),
        Some(count) => Ok(count),
        None => Ok(all),
    }
}

/// Whether the `struct msghdr` at `msg` carries one of the brand's descriptors.
pub(crate) fn carries_reserved(t: &Task, msg: usize) -> bool {
    // struct msghdr { name, namelen, iov, iovlen, control, controllen, flags }
    let Ok([_, _, _, _, control, length, _]) = user::read(UserPtr::<[usize; 7]>::new(msg)) else {
        return false;
    };
    if i32::try_from(length).is_err() {
        return false; // ENOBUFS
    }
    let mut offset = 0;
    while length.saturating_sub(offset) >= CMSG_HEADER {
        let at = control.wrapping_add(offset);
        let Ok([size, kind]) = user::read(UserPtr::<[usize; 2]>::new(at)) else {
            return false;
        };
        if size < CMSG_HEADER || size > length - offset {
            return false;
        }
        let kind = kind.to_le_bytes();
        let word = |from: usize| {
            let bytes = kind.get(from..from + 4).and_then(<[u8]>::first_chunk);
            bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
        };
        if (word(0), word(4)) == (SOL_SOCKET, SCM_RIGHTS) {
            let descriptors = UserPtr::<i32>::new(at.wrapping_add(CMSG_HEADER));
            let count = ((size - CMSG_HEADER) / size_of::<i32>()).min(SCM_MAX_FD);
            let reserved = |index| {
                user::read(descriptors.element(index)).is_ok_and(|fd| t.check_fd(fd).is_err())
            };
            if (0..count).any(reserved) {
                return true;
            }
        }
        offset += size.next_multiple_of(size_of::<usize>());
    }
    false
}

/// Whether the `struct iocb` at `iocb` names one of the brand's descriptors.
fn names_reserved(t: &Task, iocb: usize) -> bool {
    // struct iocb: ..., u32 aio_fildes at 20, ..., u32 aio_flags at 56, u32 aio_resfd at 60.
    let word = |offset| user::read(UserPtr::<u32>::new(iocb.wrapping_add(offset))).unwrap_or(0);
    let reserved = |fd: u32| t.check_fd(fd.cast_signed()).is_err();
    reserved(word(20)) || (word(56) & IOCB_FLAG_RESFD != 0 && reserved(word(60)))
}

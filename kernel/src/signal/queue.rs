//! What the host has pending, by queue: a thread's own signals are delivered before those of its
//! process (signal(7)), and only procfs tells them apart.

use abi::arg::OpenFlags;
use abi::signal::{SigInfo, SigSet};
use abi::{SysResult, nr};
use host::call::int;
use host::host_call;
use host::intercept::proc_fd;

use crate::proc;

/// Longer than `/proc/PID/status` is up to the line about pending signals, groups of the most
/// generous user included.
const ROOM: usize = 4096;

/// Takes a signal out of the queue of this thread, if one of `wanted` is there.
pub(crate) fn take_for_thread(wanted: SigSet) -> Option<SigInfo> {
    let mut pending = SigSet::EMPTY;
    let to = core::ptr::from_mut(&mut pending).expose_provenance();
    host_call!(nr::RT_SIGPENDING, to, size_of::<SigSet>()).ok()?;
    if pending.intersection(wanted).is_empty() {
        return None;
    }
    let wanted = for_thread().ok()?.intersection(wanted);
    if wanted.is_empty() {
        return None;
    }
    let mut info = SigInfo::ZERO;
    let now = [0usize; 2];
    let (set, to, timeout) = (
        core::ptr::from_ref(&wanted).expose_provenance(),
        core::ptr::from_mut(&mut info).expose_provenance(),
        now.as_ptr().expose_provenance(),
    );
    host_call!(nr::RT_SIGTIMEDWAIT, set, to, timeout, size_of::<SigSet>()).ok()?;
    Some(info)
}

/// Gives a signal back to the host: since it was taken, it has been blocked.
pub(crate) fn give_back(info: &SigInfo) {
    let at = core::ptr::from_ref(info).expose_provenance();
    let pid = host_call!(nr::GETPID).unwrap_or(0);
    let signal = usize::from(info.signal());
    let _ = if info.is_for_thread() {
        let tid = host_call!(nr::GETTID).unwrap_or(0);
        host_call!(nr::RT_TGSIGQUEUEINFO, pid, tid, signal, at)
    } else {
        host_call!(nr::RT_SIGQUEUEINFO, pid, signal, at)
    };
}

/// The signals that are pending for this thread alone.
fn for_thread() -> SysResult<SigSet> {
    let fd = int(proc::open(
        proc_fd(),
        c"thread-self/status",
        OpenFlags::CLOEXEC,
    )?);
    let mut text = [0u8; ROOM];
    let read = host_call!(
        nr::PREAD64,
        fd,
        text.as_mut_ptr().expose_provenance(),
        ROOM,
        0
    );
    let _ = host_call!(nr::CLOSE, fd);
    Ok(pending_in(text.get(..read?).unwrap_or_default()))
}

/// The set in the line `SigPnd:` of `/proc/PID/status`.
fn pending_in(status: &[u8]) -> SigSet {
    let line = status
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"SigPnd:\t"));
    let set = line
        .and_then(|digits| core::str::from_utf8(digits).ok())
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    SigSet(set.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::pending_in;
    use abi::signal::SigSet;

    #[test]
    fn the_set_of_the_thread_is_found() {
        let status = b"Name:\tsh\nThreads:\t1\nSigQ:\t3/96000\nSigPnd:\t0000000000000400\nShdPnd:\t0000000000000001\n";
        assert_eq!(pending_in(status), SigSet(0x400));
        assert_eq!(pending_in(b"Name:\tsh\n"), SigSet(0));
        assert_eq!(pending_in(b"SigPnd:\tx\n"), SigSet(0));
    }
}

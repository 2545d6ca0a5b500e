//! `--init`: the zone's first process, which reaps orphans and passes signals on to its child, the
//! program. The kernel gives a pid namespace's first process no default actions of signals, and
//! makes it the parent of all orphans; most programs expect neither.

use abi::nr;
use abi::signal::SigSet;
use host::call::{as_int, int};
use host::host_call;
use host::signal::{block_all, set_mask};
use host::start::fatal;

const SIGCHLD: usize = 17;
const WNOHANG: usize = 1;
const TIOCSPGRP: usize = 0x5410;

/// Splits this process. Comes back in the child, which goes on as the guest.
pub(crate) fn split() {
    let mask = block_all();
    match host_call!(nr::CLONE, SIGCHLD, 0, 0, 0, 0) {
        Ok(0) => {
            // A group of its own: what the terminal sends must come once.
            let _ = host_call!(nr::SETPGID, 0, 0);
            let group = host_call!(nr::GETPID).map_or(0, as_int);
            let at = core::ptr::from_ref(&group).expose_provenance();
            let _ = host_call!(nr::IOCTL, 0, TIOCSPGRP, at);
            set_mask(mask);
        }
        Ok(child) => {
            crate::boot::set_name(b"init");
            reap(child)
        }
        Err(errno) => fatal(format_args!("cannot start the program under init: {errno}")),
    }
}

/// Waits for signals, until `child` has ended.
fn reap(child: usize) -> ! {
    let all = SigSet(!0);
    let at = core::ptr::from_ref(&all).expose_provenance();
    loop {
        match host_call!(nr::RT_SIGTIMEDWAIT, at, 0, 0, size_of::<SigSet>()) {
            Ok(SIGCHLD) => {
                if let Some(status) = ended(child) {
                    host::process::exit_group(status);
                }
            }
            Ok(signal) => {
                let _ = host_call!(nr::KILL, child, signal);
            }
            Err(_) => {}
        }
    }
}

/// Takes all that have ended; the exit status of `child` when it is among them, as a shell gives it.
fn ended(child: usize) -> Option<usize> {
    let mut found = None;
    loop {
        let mut status = 0u32;
        let at = core::ptr::from_mut(&mut status).expose_provenance();
        match host_call!(nr::WAIT4, int(-1), at, WNOHANG, 0) {
            Ok(pid) if pid == child => found = Some(exit_status(status)),
            Ok(1..) => {}
            _ => return found,
        }
    }
}

/// Bits 0 to 6 name a signal that killed it, else bits 8 to 15 are its status (wait(2)).
fn exit_status(status: u32) -> usize {
    let [low, high, ..] = status.to_le_bytes();
    match low & 0x7f {
        0 => usize::from(high),
        signal => 128 + usize::from(signal),
    }
}

#[cfg(test)]
mod tests {
    use super::exit_status;

    #[test]
    fn statuses_are_those_of_a_shell() {
        assert_eq!(exit_status(0x0300), 3);
        assert_eq!(exit_status(0x0009), 137);
        assert_eq!(exit_status(0x008b), 139);
    }
}

//! The beginning of a program with rights of its own (`kernel::zone::rights`): whoever started it
//! may have none of them, and want all. Its arguments and environment are what they are; of what
//! else was handed over nothing is believed that the record does not say, too.

use alloc::ffi::CString;

use abi::{Errno, SysResult};
use host::intercept;
use host::start::report;
use kernel::zone::rights::Record;
use loader::handover::{Handover, Intercept, Start};
use syscalls::exec::{Opened, Prepared};

const SIGKILL: u8 = 9;

/// What is left of a hand-over. What was ignored and blocked, and how the program is called, was
/// always up to who starts it.
pub(crate) fn believed<'a>(handover: Handover<'a>, record: &'a Record) -> Handover<'a> {
    let Some(program) = handover.program_fd else {
        refuse(Errno::EBADF)
    };
    // No copy catches calls by a filter: then no calls would be caught.
    if handover.intercept == Intercept::Trap {
        refuse(Errno::EINVAL);
    }
    if let Err(errno) = record.check(handover.image_fd, program) {
        refuse(errno);
    }
    // Whoever observes the starter does not see what it may not see.
    if handover.observed.is_some() {
        intercept::set_reserved_fd(handover.image_fd);
        intercept::close_book();
    }
    Handover {
        observed: None,
        interpreter_fd: None,
        kernel_version: record.version(),
        start: Start::Loaded,
        zone: true,
        mounts: 0,
        init: false,
        filters_fd: None,
        files: None,
        ..handover
    }
}

/// The program, whose descriptor has been checked.
pub(crate) fn prepared(handover: &Handover<'_>) -> Prepared {
    prepare(handover).unwrap_or_else(|errno| refuse(errno))
}

fn prepare(handover: &Handover<'_>) -> SysResult<Prepared> {
    let program = Opened::take(handover.program_fd.ok_or(Errno::EBADF)?);
    // By this, the mounts are chosen, and others see which program runs.
    if program.canonical(None).to_bytes() != handover.exe {
        return Err(Errno::ENOENT);
    }
    let execfn = CString::new(handover.execfn).map_err(|_| Errno::EINVAL)?;
    Prepared::anew(program, execfn)
}

/// There is no process to go back to.
fn refuse(errno: Errno) -> ! {
    report(format_args!(
        "a program with rights of its own was not started as it should be: {errno}"
    ));
    host::process::die_of(SIGKILL)
}

//! From a number to its row: the one place where calls are told apart, and results encoded.

use core::sync::atomic::{AtomicU64, Ordering};

use abi::{Errno, SysResult};
use host::thread::KIND_INT80;
use kernel::Task;

use crate::table::{self, Action};
use crate::{bare, compat32, process, users};

/// Calls whose number has no row.
static UNKNOWN: AtomicU64 = AtomicU64::new(0);

/// How many calls had a number without a row.
#[must_use]
pub fn unknown_calls() -> u64 {
    UNKNOWN.load(Ordering::Relaxed)
}

/// Serves the call in the guest's registers, and leaves the result there.
pub fn dispatch(t: &mut Task) {
    let int80 = t.thread.record().kind == KIND_INT80;
    let regs = &t.thread.frame().regs;
    // The kernel looks at eax only.
    let number = regs.rax & 0xffff_ffff;
    let result = if int80 {
        let args = [regs.rbx, regs.rcx, regs.rdx, regs.rsi, regs.rdi, regs.rbp];
        interrupt(t, number, args)
    } else {
        let args = regs.args();
        serve(t, number, &args, false)
    };
    match result {
        Err(Errno::ERESTARTSYS) => t.thread.restart(),
        result => t.thread.frame_mut().regs.rax = Errno::encode(result),
    }
}

/// `int 0x80`: a call of the 32-bit ABI, which keeps rcx and r11.
fn interrupt(t: &mut Task, number: usize, mut args: [usize; 6]) -> SysResult {
    let [rcx, r11] = t.thread.int80_saved();
    let regs = &mut t.thread.frame_mut().regs;
    regs.rcx = rcx;
    regs.r11 = r11;
    args[1] = rcx;
    let mut args = args.map(|arg| arg & 0xffff_ffff);
    if number == compat32::LSEEK {
        args[1] = host::call::int(host::call::as_int(args[1]));
    }
    match u32::try_from(number).ok().and_then(compat32::translate) {
        Some(native) => serve(t, native, &args, true),
        None => process::judged(t, number, &args, true).unwrap_or(Err(Errno::ENOSYS)),
    }
}

fn serve(t: &mut Task, number: usize, args: &[usize; 6], int80: bool) -> SysResult {
    if let Some(result) = process::judged(t, number, args, int80) {
        return result;
    }
    let entry = table::entry(number);
    if entry.since.is_after(t.kernel_version()) {
        return Err(Errno::ENOSYS);
    }
    check_descriptors(t, entry.descriptors, args)?;
    if t.users.is_some()
        && let Some(handler) = users::handler(number)
    {
        return handler(t, args);
    }
    if let Some(table) = t.program.bare
        && let Some(handler) = bare::serving(table, number)
    {
        return handler(t, args);
    }
    match entry.action {
        Action::Unknown => {
            UNKNOWN.fetch_add(1, Ordering::Relaxed);
            Err(Errno::ENOSYS)
        }
        action => action.serve(t, number, args),
    }
}

/// The brand's own descriptors are not open as far as the guest knows. Bit n of `mask` stands for
/// argument n.
fn check_descriptors(t: &Task, mut mask: u8, args: &[usize; 6]) -> SysResult<()> {
    for arg in args {
        if mask & 1 != 0 {
            t.check_fd(host::call::as_int(*arg))?;
        }
        mask >>= 1;
        if mask == 0 {
            break;
        }
    }
    Ok(())
}

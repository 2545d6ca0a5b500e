//! seccomp(2): the guest's own filters, which the brand interprets before it serves a call.

use alloc::vec::Vec;

use abi::arg::{Ptr, Uint};
use abi::signal::{SIGKILL, SIGSYS, SigInfo, si};
use abi::{Errno, SysResult, UserPtr, nr};
use host::{host_call, intercept, user};
use kernel::Task;
use kernel::seccomp::{
    ARCH_I386, ARCH_X86_64, FilterFlags, Insn, MAX_INSNS, Mode, NOTIF_SIZES, Operation, Program,
    SeccompData, Verdict, action_is_available,
};

use super::capability;

const PR_GET_NO_NEW_PRIVS: usize = 39;
const SECCOMP_MODE_STRICT: usize = 1;
const SECCOMP_MODE_FILTER: usize = 2;

/// seccomp(2).
pub fn seccomp(t: &mut Task, operation: Uint, flags: Uint, arguments: Ptr) -> SysResult {
    match Operation::decode(operation.0, flags.0, arguments.0 == 0)? {
        Operation::SetModeStrict => strict(t),
        Operation::SetModeFilter(flags) => install(t, arguments, flags),
        Operation::GetActionAvail => {
            let action = user::read(UserPtr::<u32>::new(arguments.0))?;
            if action_is_available(action) {
                Ok(0)
            } else {
                Err(Errno::EOPNOTSUPP)
            }
        }
        Operation::GetNotifSizes => {
            user::write(UserPtr::new(arguments.0), &NOTIF_SIZES)?;
            Ok(0)
        }
    }
}

/// `PR_SET_SECCOMP`.
pub(super) fn by_prctl(t: &mut Task, mode: usize, arguments: Ptr) -> SysResult {
    match mode {
        SECCOMP_MODE_STRICT => strict(t),
        SECCOMP_MODE_FILTER => install(t, arguments, FilterFlags::default()),
        _ => Err(Errno::EINVAL),
    }
}

/// `PR_GET_SECCOMP`.
pub(super) fn mode(t: &Task) -> usize {
    match t.seccomp.mode() {
        Mode::Disabled => 0,
        Mode::Strict => 1,
        Mode::Filter => 2,
    }
}

fn strict(t: &mut Task) -> SysResult {
    let judged = t.seccomp.made_strict()?;
    // Strict mode needs no privilege, which the host's filter does: without it the vsyscall page
    // stays open, whose three calls only tell the time and the processor.
    let _ = intercept::catch_vsyscalls(false);
    t.seccomp = judged;
    t.patches.watch_all();
    Ok(0)
}

fn install(t: &mut Task, arguments: Ptr, flags: FilterFlags) -> SysResult {
    // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
    let [len, filter] = user::read(UserPtr::<[usize; 2]>::new(arguments.0))?;
    let len = len & 0xffff;
    if len == 0 || len > MAX_INSNS {
        return Err(Errno::EINVAL);
    }
    if host_call!(nr::PRCTL, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != Ok(1)
        && !capability::is_effective(capability::SYS_ADMIN)
    {
        return Err(Errno::EACCES);
    }
    let insns: SysResult<Vec<Insn>> = (0..len)
        .map(|index| user::read(UserPtr::<Insn>::new(filter).element(index)))
        .collect();
    let program = Program::check(insns?)?;
    let judged = t.seccomp.with_filter(program, flags)?;
    if t.seccomp.mode() == Mode::Disabled || flags.tsync {
        intercept::catch_vsyscalls(flags.tsync)?;
    }
    t.seccomp = judged;
    if flags.tsync {
        t.synchronise_filters();
    }
    t.patches.watch_all();
    Ok(0)
}

/// What the guest's filters say of a call: `None` to serve it, else what it returns.
pub(crate) fn judged(t: &mut Task, nr: usize, args: &[usize; 6], int80: bool) -> Option<SysResult> {
    t.take_filters();
    if t.seccomp.mode() == Mode::Disabled {
        return None;
    }
    let arch = if int80 { ARCH_I386 } else { ARCH_X86_64 };
    let ip = t.thread.frame().regs.rip;
    let number = host::call::as_int(nr);
    let wide = |value: usize| u64::from_le_bytes(value.to_le_bytes());
    let data = SeccompData {
        nr: number,
        arch,
        instruction_pointer: wide(ip),
        args: args.map(wide),
    };
    match t.seccomp.judge(&data) {
        Verdict::Allow | Verdict::Log => None,
        Verdict::Errno(number) => Some(Errno::from_raw(number).map_or(Ok(0), Err)),
        Verdict::Trap(reason) => {
            let call = u64::from(number.cast_unsigned()) | u64::from(arch) << 32;
            let mut info = SigInfo {
                signo: i32::from(SIGSYS),
                errno: i32::from(reason),
                code: si::SYS_SECCOMP,
                ..SigInfo::ZERO
            };
            info.fields[0] = wide(ip);
            info.fields[1] = call;
            t.force(&info);
            // Registers are as before the call.
            Some(Ok(nr))
        }
        Verdict::KillThread if !is_alone() => {
            host::signal::block_all();
            t.thread.exit(nr::EXIT, usize::from(SIGSYS))
        }
        Verdict::KillThread | Verdict::KillProcess => host::process::die_of(SIGSYS),
        Verdict::KillStrict => host::process::die_of(SIGKILL),
    }
}

/// Whether this is the only thread of the process.
fn is_alone() -> bool {
    // A thread group of one has as many tasks as unshare(CLONE_THREAD) tolerates: it succeeds,
    // and does nothing, for a single thread only (unshare(2)).
    const CLONE_THREAD: usize = 0x1_0000;
    host_call!(nr::UNSHARE, CLONE_THREAD).is_ok()
}

//! The brand's beginning in a process: it reads what `lx run` or the brand before it left in the
//! last environment string, and loads the program.

use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::signal::{SIG_IGN, SIGRTMAX, SigSet};
use abi::{Errno, KernelVersion, SysResult, nr};
use host::call::int;
use host::start::{Boot, fatal, report};
use host::{Thread, host_call, intercept, vdso};
use kernel::bare::{Space, Table};
use kernel::program::Intercept;
use kernel::seccomp::Seccomp;
use kernel::signal::Sighand;
use kernel::users::{Credentials, Users, set_dumpable};
use kernel::zone::rights;
use kernel::{Program, Task};
use loader::handover::{self, Handover, Start};
use syscalls::exec::{Departure, Inherited, Opened, Prepared, Strings, prepare};
use syscalls::users::{after_exec, describe as describe_user};

use crate::init;
use crate::load::{self, Loaded};
use crate::own;
use crate::patcher::PATCHER;

const AT_SYSINFO_EHDR: usize = 33;
const AT_FDCWD: i32 = -100;
/// Exit statuses of a shell: found but not executable, not found.
const NOT_EXECUTABLE: usize = 126;
const NOT_FOUND: usize = 127;
/// `getpid` and `gettid` in the table of what entry.S answers.
const ANSWERED: [(usize, u8); 2] = [
    (nr::GETPID, host::rows::FAST_GETPID),
    (nr::GETTID, host::rows::FAST_GETTID),
];

/// Loads the program, and leaves its first registers in the thread's frame.
pub(crate) fn boot(mut boot: Boot, mut thread: Thread) -> Task {
    let Some(&last) = boot.envp().last() else {
        fatal(format_args!("this is the brand of lx; `lx run` starts it"));
    };
    let text = boot.string(last).to_bytes();
    let Some(handover) = Handover::decode(text) else {
        fatal(format_args!("this is the brand of lx; `lx run` starts it"));
    };
    let record = rights::record();
    let handover = match &record {
        Some(record) => own::believed(handover, record),
        None => handover,
    };
    if handover.init {
        init::split();
    }
    let bare = configure(&boot, &handover);
    let prepared = match handover.start {
        Start::Loaded if record.is_some() => own::prepared(&handover),
        Start::Loaded => reopened(&handover),
        Start::Resolve => resolved(&boot, &handover, bare),
    };
    let execfn_at = last + text.len() - handover.execfn.len();
    let mut loaded =
        load::load(&boot, &prepared, execfn_at, handover.secure).unwrap_or_else(|_| {
            // Past the point of no return.
            host::process::die_of(abi::signal::SIGSEGV)
        });
    let users = handover.users.and_then(Credentials::decode).map(Users::new);
    if let Some(users) = &users {
        describe_user(&users.now, &mut loaded.auxv);
        set_dumpable(users.now.begins_dumpable());
        users.publish(u32::try_from(host_call!(nr::GETPID).unwrap_or(0)).unwrap_or(0));
    }
    let program = describe(&boot, &handover, bare, &prepared, &loaded, last);
    boot.finish(&loaded.auxv);
    // The program's descriptors are closed here, before the guest can see them.
    drop(prepared);

    let frame = thread.frame_mut();
    frame.regs.rip = loaded.entry;
    frame.resume = loaded.entry;
    frame.regs.rsp = boot.stack();
    let ignored = match handover.start {
        Start::Loaded => SigSet(handover.ignored_signals),
        Start::Resolve => ignored_by_host(),
    };
    let sighand = Arc::new(Sighand::new(ignored));
    let mask = SigSet(host::signal::mask().0 | handover.blocked_signals);
    let mounts = crate::mounts(program.exe.to_bytes());
    let mut task = Task::new(thread, Arc::new(program), sighand, mask, &PATCHER, mounts);
    task.users = users.map(Box::new);
    if let Some(fd) = handover.filters_fd {
        task.seccomp = filters(fd).unwrap_or_else(|errno| {
            fatal(format_args!(
                "cannot read the seccomp filters handed over: {errno}"
            ))
        });
        kernel::Patches::watch_all(&PATCHER);
    }
    if let Some(place) = handover.observed {
        crate::observe::begin(&mut task, place, &boot, handover.execfn);
    }
    if let Some(files) = handover.files {
        for fs in task.mounts.overlays() {
            fs.take_over(&task, files);
        }
    }
    task
}

/// What holds for the whole process; the mounts of a zone without namespaces.
fn configure(boot: &Boot, handover: &Handover<'_>) -> Option<&'static Table> {
    let mut rows = syscalls::table::FAST;
    for (call, flag) in ANSWERED {
        if let Some(row) = rows.get_mut(call) {
            *row = flag;
        }
    }
    intercept::set_reserved_fd(handover.image_fd);
    let mut bare = None;
    if handover.zone {
        kernel::zone::attach();
        kernel::zone::set_contract(handover.contract);
    }
    if handover.mounts > 0 {
        let table = kernel::bare::attach(handover.mounts);
        bare = Some(table.unwrap_or_else(|errno| {
            fatal(format_args!("cannot read the zone's mounts: {errno}"));
        }));
        if handover.users.is_some() {
            intercept::reserve_users();
        }
        for (call, row) in rows.iter_mut().enumerate() {
            let users = handover.users.is_some() && syscalls::users::handler(call).is_some();
            let bare = bare.is_some_and(|table| syscalls::bare::serving(table, call).is_some());
            if users || bare {
                *row = 0;
            }
        }
    }
    host::rows::set_fast_rows(&rows);
    if handover.observed.is_some() {
        intercept::reserve_book();
        crate::observe::ask();
    }
    vdso::set_image(boot.auxiliary(AT_SYSINFO_EHDR).unwrap_or(0));
    if handover.intercept == handover::Intercept::Trap {
        let first = handover.start == Start::Resolve;
        if let Err(errno) = intercept::use_filter(first) {
            fatal(format_args!("cannot install the seccomp filter: {errno}"));
        }
    }
    let rewrites = handover.intercept != handover::Intercept::Sud;
    if rewrites {
        intercept::expect_sync();
    }
    PATCHER.configure(rewrites);
    bare
}

/// The program that the brand before this one opened and checked.
fn reopened(handover: &Handover<'_>) -> Prepared {
    let program = Opened::take(handover.program_fd.unwrap_or(-1));
    let interpreter = handover.interpreter_fd.map(Opened::take);
    let execfn = CString::new(handover.execfn).unwrap_or_default();
    Prepared::again(program, interpreter, execfn)
        .unwrap_or_else(|_| host::process::die_of(abi::signal::SIGSEGV))
}

/// The program that `lx run` names. A script makes the brand start once more, so that the kernel
/// lays out the changed arguments; so does a program with rights of its own, to get them.
fn resolved(boot: &Boot, handover: &Handover<'_>, bare: Option<&'static Table>) -> Prepared {
    let path = CString::new(handover.execfn).unwrap_or_default();
    let users = handover.users.and_then(Credentials::decode).map(Users::new);
    let space = bare.map(|table| Space::new(table).seen_by(users.as_ref()));
    let prepared =
        prepare(space, AT_FDCWD, &path, 0).unwrap_or_else(|errno| refuse(handover, errno));
    let who = after_exec(users.as_ref(), &prepared.program)
        .unwrap_or_else(|errno| refuse(handover, errno));
    let changes = who.0 != handover.users.unwrap_or_default();
    if prepared.script.is_some() || prepared.has_rights() || changes {
        let argv = Strings::from_addresses(boot.argv());
        let kept = boot.envp().split_last().map_or(&[][..], |(_, rest)| rest);
        let envp = Strings::from_addresses(kept);
        let program = settings(handover, bare);
        let inherited = Inherited {
            ignored: ignored_by_host(),
            blocked: SigSet::EMPTY,
            filters: None,
            users: who,
            files: Vec::new(),
            observed: handover.observed,
        };
        let departure = Departure::new(&program, prepared, argv, envp, inherited);
        let failed = departure.and_then(Departure::first);
        refuse(handover, failed.err().unwrap_or(Errno::ENOEXEC));
    }
    prepared
}

/// Says why `lx run` cannot run the program, and exits as a shell would.
fn refuse(handover: &Handover<'_>, errno: Errno) -> ! {
    let path = alloc::string::String::from_utf8_lossy(handover.execfn);
    report(format_args!("{path}: {errno}"));
    let missing = matches!(errno, Errno::ENOENT | Errno::ENOTDIR);
    host::process::exit_group(if missing { NOT_FOUND } else { NOT_EXECUTABLE })
}

/// What is handed on from one brand to the next.
fn settings(handover: &Handover<'_>, bare: Option<&'static Table>) -> Program {
    let release = handover
        .kernel_version
        .and_then(|text| CString::new(text).ok());
    let version = handover
        .kernel_version
        .and_then(|text| KernelVersion::parse(core::str::from_utf8(text).ok()?))
        .unwrap_or(KernelVersion::NEWEST);
    Program {
        intercept: match handover.intercept {
            handover::Intercept::Rewrite => Intercept::Rewrite,
            handover::Intercept::Sud => Intercept::Sud,
            handover::Intercept::Trap => Intercept::Trap,
        },
        zone: handover.zone,
        bare,
        exe: CString::default(),
        auxv: Vec::new(),
        layout: kernel::vfs::Layout::default(),
        release,
        version,
        brk: None,
    }
}

fn describe(
    boot: &Boot,
    handover: &Handover<'_>,
    bare: Option<&'static Table>,
    prepared: &Prepared,
    loaded: &Loaded,
    hidden: usize,
) -> Program {
    let mut program = settings(handover, bare);
    program.exe = match handover.start {
        Start::Loaded => CString::new(handover.exe).unwrap_or_default(),
        Start::Resolve => prepared.program.canonical(bare.map(Space::new)),
    };
    program.auxv = loaded
        .auxv
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let mut layout = loaded.layout;
    let wide = |address: usize| u64::try_from(address).unwrap_or(0);
    let env_start = boot.envp().first().copied().unwrap_or(hidden);
    layout.arg_start = wide(boot.argv().first().copied().unwrap_or(env_start));
    layout.arg_end = wide(env_start);
    layout.env_start = wide(env_start);
    layout.env_end = wide(hidden);
    let end = hidden + boot.string(hidden).to_bytes_with_nul().len();
    program.brk = load::tell_host(&layout, wide(end), &loaded.auxv);
    program.layout = layout;
    let name = prepared.execfn.to_bytes();
    let name = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
    set_name(
        handover
            .comm
            .or(prepared.comm.as_deref().map(CStr::to_bytes))
            .unwrap_or(name),
    );
    program
}

/// The thread's name (`comm`).
pub(crate) fn set_name(name: &[u8]) {
    const PR_SET_NAME: usize = 15;
    let mut comm = [0u8; 16];
    for (to, from) in comm.iter_mut().take(15).zip(name) {
        *to = *from;
    }
    let _ = host_call!(
        nr::PRCTL,
        PR_SET_NAME,
        comm.as_ptr().expose_provenance(),
        0,
        0,
        0
    );
}

/// The signals that this process was started with as ignored.
fn ignored_by_host() -> SigSet {
    let set = (1..=SIGRTMAX).filter(|&signal| {
        !SigSet::PROTECTED.contains(signal) && host::signal::host_handler(signal) == Ok(SIG_IGN)
    });
    set.fold(SigSet::EMPTY, |set, signal| {
        set.union(SigSet::of(&[signal]))
    })
}

/// The guest's seccomp filters, from the file that the brand before this one made.
fn filters(fd: i32) -> SysResult<Seccomp> {
    const SEEK_END: usize = 2;
    let size = host_call!(nr::LSEEK, int(fd), 0, SEEK_END)?;
    let mut bytes = alloc::vec![0u8; size];
    let to = bytes.as_mut_ptr().expose_provenance();
    let read = host_call!(nr::PREAD64, int(fd), to, size, 0)?;
    let _ = host_call!(nr::CLOSE, int(fd));
    if read != size {
        return Err(Errno::EIO);
    }
    Seccomp::from_bytes(&bytes)
}

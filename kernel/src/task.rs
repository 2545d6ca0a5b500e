//! One guest thread and what it shares with others.

use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ffi::CStr;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::signal::{SIG_IGN, SigInfo, SigSet, SignalNumber};
use abi::{Errno, KernelVersion, SysResult, nr};
use host::call::int;
use host::sync::Lock;
use host::thread::BLOCK_ALL;
use host::{Thread, host_call, intercept};

use crate::bare::{Links, Names, Shown, Space};
use crate::numbers;
use crate::program::Program;
use crate::seccomp::{Mode, Seccomp};
use crate::signal::{AltStack, Kept, Sighand, is_function};
use crate::users::Users;
use crate::vfs::{AT_FDCWD, At, CredentialView, Layout, MountTable, ProcView, SignalView};
use crate::walk::Aim;

/// What the threads of one process share.
pub struct ThreadGroup {
    /// The filters of the last `SECCOMP_FILTER_FLAG_TSYNC`, and how many there have been.
    filters: Lock<Seccomp>,
    synchronised: AtomicU32,
}

impl ThreadGroup {
    /// A process whose first thread is to come.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            filters: Lock::new(Seccomp::new()),
            synchronised: AtomicU32::new(0),
        }
    }
}

impl Default for ThreadGroup {
    fn default() -> Self {
        Self::new()
    }
}

/// One guest thread. It lives in the thread's area and is touched by that thread only.
pub struct Task {
    /// The running thread: its registers.
    pub thread: Thread,
    /// What exec set up.
    pub program: Arc<Program>,
    /// The signal actions.
    pub sighand: Arc<Sighand>,
    /// The guest's mask.
    pub blocked: SigSet,
    /// The mask to restore when a call that set one for its time ends in a handler.
    pub saved_mask: Option<SigSet>,
    /// The guest's alternate stack.
    pub altstack: AltStack,
    /// Protected signals that the guest blocks.
    pub kept: Kept,
    /// The guest's own seccomp filters.
    pub seccomp: Seccomp,
    /// What it shares with the other threads.
    pub group: Arc<ThreadGroup>,
    /// Which of the group's filters it has.
    pub synchronised: u32,
    /// A signal that is about to kill the process: it stays unblocked.
    pub dying: Option<SignalNumber>,
    /// This process runs in memory that its parent lent it (vfork).
    pub borrows_memory: bool,
    /// Which code of the guest's is rewritten.
    pub patches: &'static dyn Patches,
    /// What its paths lead to.
    pub mounts: &'static MountTable,
    /// Who it is, in a zone that keeps its users itself.
    pub users: Option<Box<Users>>,
    /// The host dropped the brand's handlers when it made this process (CLONE_CLEAR_SIGHAND).
    pub protect_again: bool,
    /// What it remembers of links, in a zone without namespaces.
    pub links: RefCell<Links>,
    /// What the host reads while it executes another program in memory that is only lent.
    pub departing: Option<([Vec<usize>; 2], Vec<CString>)>,
}

/// The rewritten code, as the calls that change memory see it.
pub trait Patches: Sync {
    /// The bytes in `start..start + len` are about to vanish, or to be replaced.
    fn forget(&self, start: usize, len: usize);
    /// They are about to become writable or shared: they must be the guest's own again.
    fn restore(&self, start: usize, len: usize);
    /// From now on every call must pass through [`crate::Task`]: none is forwarded by assembly.
    fn watch_all(&self);
}

impl Task {
    /// The first thread of a program.
    #[must_use]
    pub fn new(
        thread: Thread,
        program: Arc<Program>,
        sighand: Arc<Sighand>,
        mask: SigSet,
        patches: &'static dyn Patches,
        mounts: &'static MountTable,
    ) -> Self {
        Self {
            thread,
            program,
            sighand,
            blocked: mask,
            saved_mask: None,
            altstack: AltStack::NONE,
            kept: Kept::EMPTY,
            seccomp: Seccomp::new(),
            group: Arc::new(ThreadGroup::new()),
            synchronised: 0,
            dying: None,
            borrows_memory: false,
            patches,
            mounts,
            users: None,
            protect_again: false,
            links: RefCell::new(Links::new()),
            departing: None,
        }
    }

    /// Whether a descriptor is one of the brand's own, which the guest must not see.
    #[must_use]
    pub fn is_reserved_fd(&self, fd: i32) -> bool {
        intercept::is_reserved_fd(fd)
    }

    /// The brand's descriptors.
    #[must_use]
    pub fn reserved_fds(&self) -> Range<u32> {
        let first = intercept::reserved_fd().cast_unsigned();
        let count = u32::try_from(intercept::reserved_count()).unwrap_or(0);
        first..first.saturating_add(count)
    }

    /// Calls younger than this do not exist for the guest.
    #[must_use]
    pub fn kernel_version(&self) -> KernelVersion {
        self.program.version
    }

    /// What uname(2) says instead of the host's release.
    #[must_use]
    pub fn release(&self) -> Option<&CStr> {
        self.program.release()
    }

    /// The stack pointer of the guest at its call.
    #[must_use]
    pub fn stack_pointer(&self) -> usize {
        self.thread.frame().regs.rsp
    }

    /// Changes the guest's mask, here and on the host.
    ///
    /// # Errors
    /// `ERESTARTSYS` when a signal came first: it is to be delivered under the old mask.
    pub fn set_blocked(&mut self, new: SigSet) -> SysResult<()> {
        let new = new.without(SigSet::UNBLOCKABLE);
        if new == self.blocked {
            return Ok(());
        }
        let due = self.kept.set().without(new);
        // The kernel delivers what faults raise before all else: while one is due, the host holds
        // the others back.
        let mask = if due.is_empty() {
            crate::signal::host_mask(new)
        } else {
            BLOCK_ALL
        };
        let at = core::ptr::from_ref(&mask).expose_provenance();
        host::call::forward_blocking(nr::RT_SIGPROCMASK, &[2, at, 0, 8, 0, 0])?;
        self.blocked = new;
        if !due.is_empty() && due.without(self.kept.for_process()).is_empty() {
            // What the host has for this thread comes before what is kept for the process.
            let caught = self.sighand.those(crate::signal::is_function);
            let wanted = crate::signal::host_mask(caught.without(new));
            if let Some(info) = crate::signal::take_for_thread(wanted) {
                self.thread.hold(&info);
            }
        }
        while let Some(info) = self.take_kept() {
            self.thread.hold(&info);
            self.thread.mask_changed();
        }
        Ok(())
    }

    /// Makes a signal of the kernel's arrive whatever the guest says: blocked or ignored, it
    /// takes its default action (`force_sig_info`).
    pub fn force(&mut self, info: &SigInfo) {
        let signal = info.signal();
        let own = SigSet::of(&[signal]);
        if self.blocked.contains(signal) || self.sighand.action(signal).handler == SIG_IGN {
            self.sighand.reset(signal);
            self.blocked = self.blocked.without(own);
        }
        self.thread.hold(info);
    }

    /// Gives this thread's filters to all threads of the process (`SECCOMP_FILTER_FLAG_TSYNC`):
    /// each takes them before it makes its next call.
    pub fn synchronise_filters(&mut self) {
        *self.group.filters.lock() = self.seccomp.clone();
        self.synchronised = self.group.synchronised.fetch_add(1, Ordering::AcqRel) + 1;
    }

    /// Takes the filters that another thread gave to all.
    pub fn take_filters(&mut self) {
        let current = self.group.synchronised.load(Ordering::Acquire);
        if current != self.synchronised {
            self.synchronised = current;
            let given = self.group.filters.lock().clone();
            if self.seccomp.may_follow(&given) {
                self.seccomp = given;
            }
        }
    }

    /// A kept signal that the guest does not block any more.
    pub fn take_kept(&mut self) -> Option<SigInfo> {
        self.kept.take(SigSet(!self.blocked.0))
    }

    /// The number of the process, from the host.
    #[must_use]
    pub fn host_pid(&self) -> u32 {
        u32::try_from(host_call!(nr::GETPID).unwrap_or(0)).unwrap_or(0)
    }

    /// The number of the thread, from the host.
    #[must_use]
    pub fn host_tid(&self) -> u32 {
        u32::try_from(host_call!(nr::GETTID).unwrap_or(0)).unwrap_or(0)
    }

    /// Refuses a descriptor of the brand's.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn check_fd(&self, fd: i32) -> SysResult<()> {
        if self.is_reserved_fd(fd) {
            Err(Errno::EBADF)
        } else {
            Ok(())
        }
    }
}

impl ProcView for Task {
    fn pid(&self) -> u32 {
        match self.thread.ids() {
            (0, _) => self.host_pid(),
            (pid, _) => numbers::outer(pid).unwrap_or(pid),
        }
    }

    fn tid(&self) -> u32 {
        match self.thread.ids() {
            (_, 0) => self.host_tid(),
            (_, tid) => numbers::outer(tid).unwrap_or(tid),
        }
    }

    fn exe_path(&self) -> &CStr {
        &self.program.exe
    }

    fn exe_fd(&self) -> Option<i32> {
        None
    }

    fn proc_fd(&self) -> i32 {
        intercept::proc_fd()
    }

    fn auxv(&self, visit: &mut dyn FnMut(&[u8])) {
        visit(&self.program.auxv);
    }

    fn layout(&self) -> Layout {
        self.program.layout
    }

    fn program_break(&self) -> u64 {
        let now = match &self.program.brk {
            Some(brk) => Ok(brk.lock().now),
            None => host_call!(nr::BRK, 0),
        };
        let now = now.ok().and_then(|now| u64::try_from(now).ok());
        now.unwrap_or(self.program.layout.start_brk)
    }

    fn brand_ranges(&self, visit: &mut dyn FnMut(Range<u64>)) {
        for (start, end) in host::memory::ranges() {
            if let (Ok(start), Ok(end)) = (u64::try_from(start), u64::try_from(end)) {
                visit(start..end);
            }
        }
    }

    fn signals(&self) -> SignalView {
        SignalView {
            blocked: self.blocked.0,
            ignored: self.sighand.those(|handler| handler == SIG_IGN).0,
            caught: self.sighand.those(is_function).0,
        }
    }

    fn credentials(&self) -> CredentialView {
        let no_new_privs = host_call!(nr::PRCTL, 39, 0, 0, 0, 0) == Ok(1);
        CredentialView {
            no_new_privs,
            seccomp_mode: match self.seccomp.mode() {
                Mode::Disabled => 0,
                Mode::Strict => 1,
                Mode::Filter => 2,
            },
            seccomp_filters: self.seccomp.filter_count(),
        }
    }

    fn release(&self) -> Option<&CStr> {
        self.program.release()
    }

    fn exists(&self, path: &CStr) -> bool {
        let found = match self.program.bare {
            None => {
                let at = path.as_ptr().expose_provenance();
                host_call!(nr::FACCESSAT, int(AT_FDCWD), at, 0).map(drop)
            }
            Some(table) => {
                let found = Space::new(table).object(At::cwd(path), Aim::Follow);
                found.map(drop)
            }
        };
        found != Err(Errno::ENOENT)
    }

    fn holds_placeholders(&self, fd: i32) -> bool {
        let table = self.program.bare;
        table.is_none_or(|table| Space::new(table).holds_placeholders(fd))
    }

    fn shows_in_proc(&self, name: &[u8]) -> bool {
        let table = self.program.bare;
        table.is_none_or(|table| Space::new(table).shows_in_proc(name))
    }

    fn hostname(&self) -> Option<&[u8]> {
        self.program.bare.map(|table| table.hostname.as_slice())
    }

    fn names(&self) -> Option<Names> {
        self.program.bare.map(|table| Space::new(table).names())
    }

    fn mounts(&self) -> Option<Vec<Shown>> {
        self.program.bare.map(|table| Space::new(table).mounts())
    }

    fn hides_fd(&self, fd: u32) -> bool {
        self.is_reserved_fd(fd.cast_signed())
    }
}

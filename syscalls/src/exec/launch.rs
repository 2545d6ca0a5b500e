//! execve(2), execveat(2): the last steps before the brand's image is executed again.

use alloc::ffi::CString;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::arg::{DirFd, Uint};
use abi::signal::{SIG_IGN, SigSet};
use abi::{Errno, SysResult, UserCStr, UserPtr, nr};
use host::call::{forward_blocking, int};
use host::user::PathBuffer;
use host::{host_call, intercept};
use kernel::bare::Space;
use kernel::handle::Handle;
use kernel::program::Intercept;
use kernel::vfs::{At, Links, Place};
use kernel::{Program, Task};
use loader::handover::{self, Handover, Start};

use super::arguments::Strings;
use super::credentials::{self, Rights};
use super::files::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, Opened};
use super::prepare::{Prepared, name, prepare, prepare_as};

/// execve(2).
pub fn execve(
    t: &mut Task,
    path: UserCStr,
    argv: UserPtr<usize>,
    envp: UserPtr<usize>,
) -> SysResult {
    execveat(t, DirFd(AT_FDCWD), path, argv, envp, Uint(0))
}

/// execveat(2).
pub fn execveat(
    t: &mut Task,
    dirfd: DirFd,
    path: UserCStr,
    argv: UserPtr<usize>,
    envp: UserPtr<usize>,
    flags: Uint,
) -> SysResult {
    match departure(t, dirfd, path, argv, envp, flags)? {
        Some(departure) => departure.of(t),
        None => Ok(0),
    }
}

/// Checks everything; nothing is to be done if that was all that was asked for.
fn departure(
    t: &Task,
    dirfd: DirFd,
    path: UserCStr,
    argv: UserPtr<usize>,
    envp: UserPtr<usize>,
    flags: Uint,
) -> SysResult<Option<Departure>> {
    const AT_EXECVE_CHECK: u32 = 0x1_0000;
    let mut buffer = PathBuffer::new();
    let path = buffer.read(path)?;
    if path.is_empty() && flags.0 & AT_EMPTY_PATH == 0 {
        return Err(Errno::ENOENT);
    }
    if flags.0 & !(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_EXECVE_CHECK) != 0 {
        return Err(Errno::EINVAL);
    }
    let bare = crate::bare::space(t).ok();
    let overlay = t.mounts.overlay(path.to_bytes());
    let place = match overlay.filter(|_| bare.is_none()) {
        None if overlay.is_some() => {
            let links = flags.0 & AT_SYMLINK_NOFOLLOW == 0;
            crate::bare::place(
                t,
                At {
                    dirfd: dirfd.0,
                    path,
                },
                links,
            )?
        }
        Some(fs) => {
            let links = if flags.0 & AT_SYMLINK_NOFOLLOW == 0 {
                Links::Follow
            } else {
                Links::Keep
            };
            fs.locate(
                t,
                At {
                    dirfd: dirfd.0,
                    path,
                },
                links,
            )?
        }
        None => Place::Same,
    };
    let prepared = match &place {
        Place::Elsewhere(other) => {
            // `/proc/self/exe` stays the name, of which the thread's is `exe`.
            let called = name(dirfd.0, path)?;
            prepare_as(bare, called, AT_FDCWD, other, flags.0 & AT_SYMLINK_NOFOLLOW)
        }
        _ => prepare(bare, dirfd.0, path, flags.0),
    }?;
    let (argv, envp) = (Strings::read(argv)?, Strings::read(envp)?);
    if flags.0 & AT_EXECVE_CHECK != 0 {
        return Ok(None);
    }
    let users = crate::users::after_exec(t.users.as_deref(), &prepared.program)?;
    let ignored = t.sighand.those(|handler| handler == SIG_IGN);
    let filters = filters(t)?;
    let blocked = t.blocked.intersection(SigSet::PROTECTED);
    let inherited = Inherited {
        ignored,
        blocked,
        filters,
        users,
        files: open_files(t),
        observed: (host::observe::is_on() && intercept::book_fd().is_some())
            .then(|| t.thread.slot().unwrap_or(0)),
    };
    Departure::new(&t.program, prepared, argv, envp, inherited).map(Some)
}

/// What the guest's exec keeps, but the host's would lose.
pub struct Inherited {
    /// Signals that are ignored.
    pub ignored: SigSet,
    /// Protected signals that are blocked.
    pub blocked: SigSet,
    /// A file with the seccomp filters.
    pub filters: Option<Kept>,
    /// Who the program is, in a zone that keeps its users itself, and whether that makes it run
    /// with `AT_SECURE`.
    pub users: (Vec<u8>, bool),
    /// What the file systems say of open files (`FileSystem::over_exec`).
    pub files: Vec<u8>,
    /// The place of the thread in the book of those who observe it.
    pub observed: Option<usize>,
}

/// All that it takes to execute the brand's image for a program.
pub struct Departure {
    program: Opened,
    /// What the host executes instead of the image.
    copy: Option<Handle>,
    /// Descriptors that the next image finds.
    _kept: [Option<Kept>; 3],
    /// What the host reads.
    strings: Strings,
    environment: Strings,
    texts: Vec<CString>,
}

impl Departure {
    /// For `prepared`.
    ///
    /// # Errors
    /// Those of execve(2).
    pub fn new(
        current: &Program,
        prepared: Prepared,
        mut argv: Strings,
        mut envp: Strings,
        inherited: Inherited,
    ) -> SysResult<Self> {
        if let Some(words) = &prepared.script {
            argv.replace_first(words);
        }
        let program_fd = Kept(prepared.program.keep_over_exec()?);
        let rights = credentials::rights(&prepared.program)?;
        let secure = matches!(rights, Rights::Secure);
        let copy = match rights {
            Rights::Copy(copy) => Some(copy),
            Rights::None | Rights::Secure => None,
        };
        let interpreter_fd = match &prepared.interpreter {
            // A copy does not believe what it is handed.
            Some((file, _)) if copy.is_none() => Some(Kept(file.keep_over_exec()?)),
            _ => None,
        };
        let exe = prepared.program.canonical(current.bare.map(Space::new));
        let text = Handover {
            image_fd: intercept::image_fd(),
            proc_fd: intercept::proc_fd(),
            program_fd: Some(program_fd.0),
            interpreter_fd: interpreter_fd.as_ref().map(|kept| kept.0),
            intercept: match current.intercept {
                Intercept::Rewrite => handover::Intercept::Rewrite,
                Intercept::Sud => handover::Intercept::Sud,
                Intercept::Trap => handover::Intercept::Trap,
            },
            kernel_version: current.release().map(CStr::to_bytes),
            ignored_signals: inherited.ignored.0,
            blocked_signals: inherited.blocked.0,
            start: Start::Loaded,
            zone: current.zone,
            mounts: current.bare.map_or(0, |table| table.mounts.len()),
            contract: kernel::zone::contract(),
            init: false,
            secure: inherited.users.1 || secure,
            filters_fd: inherited.filters.as_ref().map(|kept| kept.0),
            users: Some(&inherited.users.0)
                .filter(|users| !users.is_empty())
                .map(Vec::as_slice),
            files: Some(&inherited.files)
                .filter(|files| !files.is_empty())
                .map(Vec::as_slice),
            observed: inherited.observed,
            comm: prepared.comm.as_deref().map(CStr::to_bytes),
            exe: exe.to_bytes(),
            execfn: prepared.execfn.to_bytes(),
        };
        let mut bytes = vec![0u8; handover::MAX_LEN];
        let len = text.encode(&mut bytes).ok_or(Errno::ENAMETOOLONG)?;
        bytes.truncate(len - 1);
        let last = CString::new(bytes).map_err(|_| Errno::EINVAL)?;
        envp.push(&last);

        let mut texts = prepared.script.unwrap_or_default();
        texts.push(last);
        Ok(Self {
            program: prepared.program,
            copy,
            _kept: [Some(program_fd), interpreter_fd, inherited.filters],
            strings: argv,
            environment: envp,
            texts,
        })
    }

    /// Executes the image in a thread of the guest's. Returns only on failure.
    ///
    /// # Errors
    /// Those of execve(2); `ERESTARTSYS` when a signal came first.
    fn of(mut self, t: &mut Task) -> SysResult {
        let args = self.args();
        if t.borrows_memory {
            // Nothing here is dropped when the host succeeds, but the memory is the parent's.
            let arrays = [self.strings.take(), self.environment.take()];
            t.departing = Some((arrays, core::mem::take(&mut self.texts)));
            t.thread.leave(true);
        }
        let result = self.execute(&args);
        t.thread.leave(false);
        t.departing = None;
        result
    }

    /// Executes the image where there is no guest yet. Returns only on failure.
    ///
    /// # Errors
    /// Those of execve(2).
    pub fn first(self) -> SysResult {
        self.execute(&self.args())
    }

    fn args(&self) -> [usize; 6] {
        let empty = c"".as_ptr().expose_provenance();
        let flags = usize::try_from(AT_EMPTY_PATH).unwrap_or(0);
        let image = self.copy.as_ref().map(Handle::raw);
        let image = int(image.unwrap_or_else(intercept::image_fd));
        [
            image,
            empty,
            self.strings.address(),
            self.environment.address(),
            flags,
            0,
        ]
    }

    fn execute(&self, args: &[usize; 6]) -> SysResult {
        let identity = credentials::take_on(&self.program);
        let result = forward_blocking(nr::EXECVEAT, args);
        identity.undo();
        result
    }
}

/// What the file systems say of open files.
fn open_files(t: &Task) -> Vec<u8> {
    if !host::rows::file_rows_held() {
        return Vec::new();
    }
    let overlays = t.mounts.overlays().iter();
    let mut known = overlays.map(|fs| fs.over_exec(t, t.borrows_memory));
    known.find(|known| !known.is_empty()).unwrap_or_default()
}

/// A descriptor that survives exec, and is closed when that fails.
pub struct Kept(i32);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = host_call!(nr::CLOSE, int(self.0));
    }
}

/// A file with the guest's seccomp filters, which survive exec.
fn filters(t: &Task) -> SysResult<Option<Kept>> {
    if t.seccomp.mode() == kernel::seccomp::Mode::Disabled {
        return Ok(None);
    }
    let bytes = t.seccomp.to_bytes();
    let name = c"lx-filters".as_ptr().expose_provenance();
    let fd = host_call!(nr::MEMFD_CREATE, name, 0)?;
    let file = Kept(host::call::as_int(fd));
    let from = bytes.as_ptr().expose_provenance();
    match host_call!(nr::PWRITE64, fd, from, bytes.len(), 0) {
        Ok(written) if written == bytes.len() => Ok(Some(file)),
        _ => Err(Errno::ENOMEM),
    }
}

//! How the guest's calls are caught, and how its code is rewritten.
//!
//! - Syscall User Dispatch (`Documentation/admin-guide/syscall-user-dispatch.rst`): every
//!   `syscall` outside the brand's text raises SIGSYS. It is armed for each thread.
//! - A seccomp filter that answers `RET_TRAP` to every call from outside the brand's text, for
//!   hosts without SUD. It outlives exec, so the image lies at a fixed address then.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use abi::{Errno, SysResult, nr};

use crate::arch;
use crate::call::{as_int, int};
use crate::host_call;
use crate::start;
use crate::thread::RESERVED_FDS;

const PR_SET_NO_NEW_PRIVS: usize = 38;
const PR_SET_SYSCALL_USER_DISPATCH: usize = 59;
const PR_SYS_DISPATCH_ON: usize = 1;
const SECCOMP_SET_MODE_FILTER: usize = 1;
const SECCOMP_FILTER_FLAG_TSYNC: usize = 1;
const RET_ALLOW: u32 = 0x7fff_0000;
const RET_TRAP: u32 = 0x0003_0000;
const F_DUPFD: usize = 0;
const MEMBARRIER_SYNC_CORE: usize = 1 << 5;
const MEMBARRIER_REGISTER_SYNC_CORE: usize = 1 << 6;

/// The first of the descriptors in a row that are the brand's.
#[unsafe(no_mangle)]
static lx_reserved_fd: AtomicU32 = AtomicU32::new(0x7fff_ff00);

/// How many they are.
#[unsafe(no_mangle)]
static lx_reserved_count: AtomicU32 = AtomicU32::new(BASE);

/// Whether the last of them is [`book_fd`].
static HAS_BOOK: AtomicBool = AtomicBool::new(false);

/// [`RESERVED_FDS`].
const BASE: u32 = 4;
const _: () = assert!(RESERVED_FDS == BASE as usize);

/// The process-wide way to catch calls: false for SUD, true for the filter.
static BY_FILTER: AtomicBool = AtomicBool::new(false);

/// How far behind the first of the brand's descriptors [`users_fd`] is; 0 where there is none.
static USERS: AtomicU32 = AtomicU32::new(0);

/// Sets the first of the brand's descriptors.
pub fn set_reserved_fd(first: i32) {
    lx_reserved_fd.store(first.cast_unsigned(), Ordering::Relaxed);
}

/// The first of the brand's descriptors.
#[must_use]
pub fn reserved_fd() -> i32 {
    lx_reserved_fd.load(Ordering::Relaxed).cast_signed()
}

/// How many descriptors in a row are the brand's.
#[must_use]
pub fn reserved_count() -> usize {
    usize::try_from(lx_reserved_count.load(Ordering::Relaxed)).unwrap_or(RESERVED_FDS)
}

/// There are `more` than [`RESERVED_FDS`]: in a zone without namespaces, [`table_fd`] and, from
/// [`mounts_fd`] on, what its mounts show.
pub fn set_more_reserved(more: usize) {
    let more = u32::try_from(more).unwrap_or(0);
    lx_reserved_count.store(BASE.saturating_add(more), Ordering::Relaxed);
}

/// Behind the mounts of a zone that keeps its users itself there is one more: [`users_fd`].
pub fn reserve_users() {
    let place = lx_reserved_count.fetch_add(1, Ordering::Relaxed);
    USERS.store(place, Ordering::Relaxed);
}

/// Behind all others there is one more: [`book_fd`].
pub fn reserve_book() {
    HAS_BOOK.store(true, Ordering::Relaxed);
    lx_reserved_count.fetch_add(1, Ordering::Relaxed);
}

/// Closes that descriptor: nobody is to observe this process.
pub fn close_book() {
    let _ = host_call!(nr::CLOSE, int(reserved_fd() + BASE.cast_signed()));
}

/// The descriptor of the book of those who observe the guest, if there is one. Copies of it keep its
/// place: always the last of the brand's.
#[must_use]
pub fn book_fd() -> Option<i32> {
    let last = reserved_fd() + as_int(reserved_count()) - 1;
    HAS_BOOK.load(Ordering::Relaxed).then_some(last)
}

/// Takes `fd` for [`book_fd`], and closes it. Calls must not meet.
///
/// # Errors
/// Those of fcntl(2): `EMFILE` or `EINVAL` when there is no room below the limit.
pub fn adopt_book(fd: usize) -> SysResult<()> {
    let (first, count) = (int(reserved_fd()), reserved_count());
    let behind = first + count;
    match host_call!(nr::FCNTL, fd, F_DUPFD, behind) {
        Ok(copy) if copy == behind => {}
        other => {
            // In use, or above the limit: they all move.
            if let Ok(copy) = other {
                close_row(copy, 1);
            }
            let source = |index| if index < count { first + index } else { fd };
            let new = copy_row(source, count + 1, behind)
                .or_else(|_| copy_row(source, count + 1, 256))
                .inspect_err(|_| close_row(fd, 1))?;
            set_reserved_fd(as_int(new));
            close_row(first, count);
        }
    }
    close_row(fd, 1);
    reserve_book();
    Ok(())
}

/// Whether a descriptor is one of the brand's.
#[must_use]
pub fn is_reserved_fd(fd: i32) -> bool {
    let distance = fd
        .cast_unsigned()
        .wrapping_sub(lx_reserved_fd.load(Ordering::Relaxed));
    distance < lx_reserved_count.load(Ordering::Relaxed)
}

/// The descriptor of the brand's image.
#[must_use]
pub fn image_fd() -> i32 {
    reserved_fd()
}

/// The descriptor of the host's /proc.
#[must_use]
pub fn proc_fd() -> i32 {
    reserved_fd() + 1
}

/// The descriptor of what zsched tells the brands of a zone (`kernel::zone::Facts`); outside a zone
/// a copy of [`proc_fd`].
#[must_use]
pub fn facts_fd() -> i32 {
    reserved_fd() + 2
}

/// The descriptor of the socket to zsched; outside a zone a copy of [`proc_fd`].
#[must_use]
pub fn zsched_fd() -> i32 {
    reserved_fd() + 3
}

/// The descriptor of who the threads of a zone are that keeps its users itself (`kernel::users`).
#[must_use]
pub fn users_fd() -> Option<i32> {
    match USERS.load(Ordering::Relaxed) {
        0 => None,
        place => Some(reserved_fd() + place.cast_signed()),
    }
}

/// The descriptor of the mount table of a zone without namespaces.
#[must_use]
pub fn table_fd() -> i32 {
    reserved_fd() + 4
}

/// The first descriptor of what is mounted in such a zone: its root.
#[must_use]
pub fn mounts_fd() -> i32 {
    reserved_fd() + 5
}

/// Gives the brand's descriptors other numbers, so that the guest can have theirs.
///
/// # Errors
/// Those of fcntl(2): `EMFILE` or `EINVAL` when there is no room below the limit.
pub fn move_reserved_fds() -> SysResult<()> {
    let old = int(reserved_fd());
    let count = reserved_count();
    // Above, else below.
    let new = copy_row(|index| old + index, count, old + count).or_else(|errno| match old {
        257.. => copy_row(|index| old + index, count, 256),
        _ => Err(errno),
    })?;
    set_reserved_fd(as_int(new));
    close_row(old, count);
    Ok(())
}

/// Copies `count` descriptors to the first free numbers in a row from `from` on; returns the first.
fn copy_row(source: impl Fn(usize) -> usize, count: usize, mut from: usize) -> SysResult {
    loop {
        let first = host_call!(nr::FCNTL, source(0), F_DUPFD, from)?;
        from = first;
        let mut made = 1;
        while made < count {
            match host_call!(nr::FCNTL, source(made), F_DUPFD, first + made) {
                Ok(copy) if copy == first + made => made += 1,
                Ok(beyond) => {
                    // A number in between is in use: go on behind it.
                    close_row(beyond, 1);
                    from = beyond;
                    break;
                }
                Err(errno) => {
                    close_row(first, made);
                    return Err(errno);
                }
            }
        }
        if made == count {
            return Ok(first);
        }
        close_row(first, made);
    }
}

fn close_row(first: usize, count: usize) {
    for fd in first..first + count {
        let _ = host_call!(nr::CLOSE, fd);
    }
}

/// Catches calls by a seccomp filter instead of SUD. With `install` the filter is set; without,
/// an image that ran in this process before has set it.
///
/// # Errors
/// Those of seccomp(2).
pub fn use_filter(install: bool) -> SysResult<()> {
    BY_FILTER.store(true, Ordering::Relaxed);
    if !install {
        return Ok(());
    }
    let (start, end) = start::text();
    let (low, high) = (low_half(start), low_half(end));
    let top = high_half(start);
    if top != high_half(end) {
        return Err(Errno::EINVAL);
    }
    // struct sock_filter { u16 code; u8 jt, jf; u32 k; }: is instruction_pointer in the text?
    let load = |offset: u32| filter(0x20, 0, 0, offset);
    let program = [
        load(12),
        filter(0x15, 0, 4, top),
        load(8),
        filter(0x35, 0, 2, low),
        filter(0x25, 1, 0, high),
        filter(0x06, 0, 0, RET_ALLOW),
        filter(0x06, 0, 0, RET_TRAP),
    ];
    if install_filter(&program, 0).is_err() {
        host_call!(nr::PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)?;
        install_filter(&program, 0)?;
    }
    Ok(())
}

/// Makes the calls of the vsyscall page reach the brand of this thread: the kernel emulates them
/// itself (`arch/x86/entry/vsyscall/vsyscall_64.c`), out of sight of SUD, but asks seccomp. Only a
/// guest with filters of its own can tell the difference. With `all`, for every thread.
///
/// # Errors
/// Those of seccomp(2); `EACCES` without `no_new_privs` and CAP_SYS_ADMIN.
pub fn catch_vsyscalls(all: bool) -> SysResult<()> {
    if BY_FILTER.load(Ordering::Relaxed) {
        return Ok(());
    }
    let number = |nr: usize, skip: u8| filter(0x15, skip, 0, low_half(nr));
    // The numbers come first: the kernel remembers that it may let all others pass.
    let program = [
        filter(0x20, 0, 0, 0),
        number(nr::GETTIMEOFDAY, 3),
        number(nr::TIME, 2),
        number(nr::GETCPU, 1),
        filter(0x06, 0, 0, RET_ALLOW),
        filter(0x20, 0, 0, 12),
        filter(0x15, 0, 1, u32::MAX), // the highest 4 GiB: no code of a program's
        filter(0x06, 0, 0, RET_TRAP),
        filter(0x06, 0, 0, RET_ALLOW),
    ];
    if all && install_filter(&program, SECCOMP_FILTER_FLAG_TSYNC).is_ok() {
        return Ok(());
    }
    // Threads that have filters which this one lacks keep it from giving them its own.
    install_filter(&program, 0)
}

fn install_filter(program: &[[u8; 8]], flags: usize) -> SysResult<()> {
    // struct sock_fprog { u16 len; filter *; }
    let descriptor = [program.len(), program.as_ptr().expose_provenance()];
    let at = descriptor.as_ptr().expose_provenance();
    match host_call!(nr::SECCOMP, SECCOMP_SET_MODE_FILTER, flags, at)? {
        0 => Ok(()),
        _thread_in_the_way => Err(Errno::ESRCH),
    }
}

fn filter(code: u16, jt: u8, jf: u8, k: u32) -> [u8; 8] {
    let ([c0, c1], [k0, k1, k2, k3]) = (code.to_le_bytes(), k.to_le_bytes());
    [c0, c1, jt, jf, k0, k1, k2, k3]
}

fn low_half(address: usize) -> u32 {
    let [a, b, c, d, ..] = address.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn high_half(address: usize) -> u32 {
    low_half(address >> 32)
}

/// Catches the calls of this thread from now on, those of the brand's text excepted.
///
/// # Errors
/// Those of prctl(2): `EINVAL` where the host lacks SUD.
pub fn arm() -> SysResult<()> {
    if BY_FILTER.load(Ordering::Relaxed) {
        return Ok(());
    }
    let (start, end) = start::text();
    host_call!(
        nr::PRCTL,
        PR_SET_SYSCALL_USER_DISPATCH,
        PR_SYS_DISPATCH_ON,
        start,
        end - start,
        0
    )?;
    Ok(())
}

/// Tells the kernel that [`sync_cores`] will be called: cheap while the process has one thread,
/// later the kernel waits for all processors (`synchronize_rcu`).
pub fn expect_sync() {
    let _ = host_call!(nr::MEMBARRIER, MEMBARRIER_REGISTER_SYNC_CORE, 0, 0);
}

/// Makes every core see changed code before it goes on (membarrier(2)).
///
/// # Errors
/// Those of membarrier(2).
pub fn sync_cores() -> SysResult<()> {
    if host_call!(nr::MEMBARRIER, MEMBARRIER_SYNC_CORE, 0, 0).is_err() {
        host_call!(nr::MEMBARRIER, MEMBARRIER_REGISTER_SYNC_CORE, 0, 0)?;
        host_call!(nr::MEMBARRIER, MEMBARRIER_SYNC_CORE, 0, 0)?;
    }
    Ok(())
}

/// Writes to memory that is mapped without PROT_WRITE, through /proc/self/mem: private pages are
/// copied first, so that nothing reaches a file, and no page is ever writable and executable.
pub struct CodeWriter {
    fd: usize,
}

impl CodeWriter {
    /// One for the descriptor of that file, open for writing.
    #[must_use]
    pub fn new(fd: i32) -> Self {
        Self { fd: int(fd) }
    }

    /// Writes `bytes` at `address`.
    ///
    /// # Errors
    /// Those of pwrite(2); `EIO` when less was written.
    pub fn write(&self, address: usize, bytes: &[u8]) -> SysResult<()> {
        let from = bytes.as_ptr().expose_provenance();
        let done = host_call!(nr::PWRITE64, self.fd, from, bytes.len(), address)?;
        if done == bytes.len() {
            Ok(())
        } else {
            Err(Errno::EIO)
        }
    }

    /// The descriptor, for tests of what it is.
    #[must_use]
    pub fn fd(&self) -> i32 {
        as_int(self.fd)
    }
}

impl Drop for CodeWriter {
    fn drop(&mut self) {
        let _ = host_call!(nr::CLOSE, self.fd);
    }
}

/// A number that is this image's own, in the low 31 bits; never 0.
static TOKEN: AtomicU32 = AtomicU32::new(1);

/// Makes the token from `seed`, any random number, and the place of the image.
pub(crate) fn make_token(seed: u64) {
    let place = u64::try_from(arch::lx_entry.address()).unwrap_or(0);
    let mixed = (seed ^ place.rotate_left(20)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    TOKEN.store(u32::try_from(mixed).unwrap_or(0) | 1, Ordering::Relaxed);
}

/// The image's token.
pub(crate) fn token() -> u32 {
    TOKEN.load(Ordering::Relaxed)
}

/// The code that every chunk of trampolines begins with: it goes on at the brand's entry.
#[must_use]
pub fn check_stub(into: &mut [u8]) -> Option<usize> {
    let code = {
        let start = arch::lx_check_stub.address();
        let len = arch::lx_check_stub_end.address() - start;
        // SAFETY: the bytes between the two labels are in the image's read-only data.
        unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance::<u8>(start), len) }
    };
    let len = code.len() + 8;
    into.get_mut(..code.len())?.copy_from_slice(code);
    let displacement = arch::lx_check_token.address() - arch::lx_check_stub.address() - 4;
    let subtracted = token().wrapping_neg().to_le_bytes();
    into.get_mut(displacement..displacement + 4)?
        .copy_from_slice(&subtracted);
    into.get_mut(code.len()..len)?
        .copy_from_slice(&arch::lx_entry.address().to_le_bytes());
    Some(len)
}

//! What the process was like when it was started, before Rust's runtime changed it.
//!
//! Before `main`, std ignores SIGPIPE and opens `/dev/null` on each of descriptors 0 to 2 that is
//! closed (`library/std/src/sys/pal/unix/mod.rs`). A program that turns itself into another one
//! must hand on what it inherited, so a constructor, which runs before std, notes it.

use std::ffi::{CStr, CString, c_char, c_int};
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// The descriptors that std makes sure are open.
const STANDARD: [RawFd; 3] = [0, 1, 2];

static SIGPIPE_IGNORED: AtomicBool = AtomicBool::new(false);
static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];
static ENVIRONMENT: AtomicPtr<*const c_char> = AtomicPtr::new(ptr::null_mut());

/// The type of glibc's constructors: they get the arguments of `main`.
type Constructor = extern "C" fn(c_int, *const *const c_char, *mut *const c_char);

// SAFETY: `.init_array` holds pointers to functions of this type; `record` is one, and uses
// nothing of std that is not initialised yet: atomics and two system calls.
#[used]
#[unsafe(link_section = ".init_array")]
static RECORD: Constructor = record;

extern "C" fn record(_: c_int, _: *const *const c_char, environment: *mut *const c_char) {
    ENVIRONMENT.store(environment, Ordering::Relaxed);
    for (closed, fd) in WAS_CLOSED.iter().zip(STANDARD) {
        // SAFETY: F_GETFD takes no pointer; it only tells whether the descriptor is open.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        closed.store(flags == -1, Ordering::Relaxed);
    }
    // SAFETY: an all-zero sigaction is a valid value of that C structure.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: with a null new action the call only writes to `action`, which lives throughout.
    let result = unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), &raw mut action) };
    let ignored = result == 0 && action.sa_sigaction == libc::SIG_IGN;
    SIGPIPE_IGNORED.store(ignored, Ordering::Relaxed);
}

/// Whether the parent process had SIGPIPE ignored.
#[must_use]
pub fn sigpipe_was_ignored() -> bool {
    SIGPIPE_IGNORED.load(Ordering::Relaxed)
}

/// Those of descriptors 0, 1 and 2 that the parent process had closed.
pub fn closed_descriptors() -> impl Iterator<Item = RawFd> {
    STANDARD
        .into_iter()
        .zip(&WAS_CLOSED)
        .filter(|(_, closed)| closed.load(Ordering::Relaxed))
        .map(|(fd, _)| fd)
}

/// The strings of the environment as the kernel passed them, in their order, those without `=`
/// included (`std::env::vars_os` leaves them out).
#[must_use]
pub fn environment() -> Vec<CString> {
    let mut entry = ENVIRONMENT.load(Ordering::Relaxed).cast_const();
    let mut strings = Vec::new();
    if entry.is_null() {
        return strings;
    }
    loop {
        // SAFETY: the array that the kernel made on the initial stack ends with a null pointer,
        // and `entry` has not passed it. Nothing in this program writes to the array: std lets
        // only `unsafe` code change the environment, and there is no such code.
        let string = unsafe { *entry };
        if string.is_null() {
            return strings;
        }
        // SAFETY: each pointer of the array points to a string that ends with a null byte.
        strings.push(unsafe { CStr::from_ptr(string) }.to_owned());
        // SAFETY: this was not the terminator, so the next element exists.
        entry = unsafe { entry.add(1) };
    }
}

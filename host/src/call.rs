//! Host calls: system calls that the brand makes on the host (syscall(2) conventions).
//!
//! They are offered as safe functions although a call like munmap(2) can pull the ground from
//! under anything. What upholds safety is the dispatch table: only rows that are `direct` pass a
//! guest's arguments on, and what changes the address space goes through `syscalls::memory`,
//! which keeps the guest off the brand's ranges.

use abi::{Errno, SysResult};

use crate::arch::{lx_host_call, lx_host_call_blocking};

/// Makes a host call that does not wait for anything.
///
/// # Errors
/// What the host says.
#[inline]
pub fn forward(nr: usize, args: &[usize; 6]) -> SysResult {
    // SAFETY: see the module's description.
    Errno::decode(unsafe { lx_host_call(nr, args) })
}

/// Makes a host call that may wait. When a signal for the guest is pending already, or comes
/// before the host has begun the call, or the host would restart the call, the call is not made.
///
/// # Errors
/// What the host says; `ERESTARTSYS` when the guest is to make its call again after the signal.
#[inline]
pub fn forward_blocking(nr: usize, args: &[usize; 6]) -> SysResult {
    // SAFETY: see the module's description.
    Errno::decode(unsafe { lx_host_call_blocking(nr, args) })
}

/// A host call with up to six arguments: `host_call!(nr, a, b)`.
#[macro_export]
macro_rules! host_call {
    ($nr:expr $(, $arg:expr)* $(,)?) => {
        $crate::call::call($nr, &[$($arg),*])
    };
}

/// Makes a host call that does not wait, with up to six arguments.
///
/// # Errors
/// What the host says.
#[inline]
pub fn call<const N: usize>(nr: usize, args: &[usize; N]) -> SysResult {
    let mut all = [0; 6];
    for (to, from) in all.iter_mut().zip(args) {
        *to = *from;
    }
    forward(nr, &all)
}

/// The register that passes `value` as an `int`.
#[must_use]
pub const fn int(value: i32) -> usize {
    usize::from_le_bytes((value as i64).to_le_bytes())
}

/// The `int` that a call returned.
#[must_use]
pub const fn as_int(value: usize) -> i32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

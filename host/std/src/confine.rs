//! Calls by which a process gives up what it could do, and which neither std nor nix has.

use std::io;
use std::os::fd::RawFd;

/// `SECCOMP_SET_MODE_FILTER` (seccomp(2)).
const SECCOMP_SET_MODE_FILTER: libc::c_uint = 1;
/// `SECCOMP_FILTER_FLAG_SPEC_ALLOW` (Linux 4.17).
const SPEC_ALLOW: libc::c_uint = 1 << 2;

/// `struct sock_filter`: one instruction of a seccomp filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// The operation.
    pub code: u16,
    /// How many instructions are skipped when a comparison holds.
    pub jt: u8,
    /// And when it does not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

/// Puts this thread, and all that it starts, under a seccomp filter. The processor may go on to
/// speculate past stores as it does for other programs: before Linux 5.16 a filter turned that off
/// unasked, at a price that everything a zone runs would pay.
///
/// # Errors
/// `EACCES` without CAP_SYS_ADMIN and `no_new_privs`; `EINVAL` for a program that is none.
pub fn install_filter(program: &[Instruction]) -> io::Result<()> {
    let len = libc::c_ushort::try_from(program.len()).map_err(io::Error::other)?;
    let descriptor = libc::sock_fprog {
        len,
        // The kernel only reads it; `Instruction` is `struct sock_filter`.
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    let install = |flags: libc::c_uint| {
        // SAFETY: the descriptor and the program it points to outlive the call, which reads them.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const descriptor,
            )
        };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    match install(SPEC_ALLOW) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => install(0),
        result => result,
    }
}

/// Closes the open descriptors from `first` to `last`, both included. Nothing of this program may
/// use them afterwards: it is for the last steps before an exec.
///
/// # Errors
/// Those of close_range(2).
pub fn close_range(first: RawFd, last: RawFd) -> io::Result<()> {
    let number = |fd: RawFd| libc::c_uint::try_from(fd).map_err(io::Error::other);
    // SAFETY: the caller is done with the descriptors, as documented.
    let result = unsafe { libc::syscall(libc::SYS_close_range, number(first)?, number(last)?, 0) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes a capability, by its number, out of the bounding set of this thread (capabilities(7)).
/// Whether the kernel has a capability of that number.
///
/// # Errors
/// `EPERM` without CAP_SETPCAP.
pub fn drop_from_bounding_set(capability: u32) -> io::Result<bool> {
    let zero: libc::c_ulong = 0;
    let number = libc::c_ulong::from(capability);
    // SAFETY: these options take numbers only.
    let had = unsafe { libc::prctl(libc::PR_CAPBSET_READ, number, zero, zero, zero) };
    if had <= 0 {
        return Ok(had == 0);
    }
    // SAFETY: as above.
    let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, zero, zero, zero) };
    if result == 0 {
        Ok(true)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Empties the ambient set of this thread.
///
/// # Errors
/// `EINVAL` before Linux 4.3.
pub fn clear_ambient_set() -> io::Result<()> {
    ambient(libc::PR_CAP_AMBIENT_CLEAR_ALL, 0)
}

/// Adds a capability, by its number, to it.
///
/// # Errors
/// `EPERM` for one that is not permitted and inheritable.
pub fn add_to_ambient_set(capability: u32) -> io::Result<()> {
    ambient(libc::PR_CAP_AMBIENT_RAISE, capability)
}

fn ambient(what: libc::c_int, capability: u32) -> io::Result<()> {
    let zero: libc::c_ulong = 0;
    let what = libc::c_ulong::try_from(what).map_err(io::Error::other)?;
    let number = libc::c_ulong::from(capability);
    // SAFETY: the option takes numbers only.
    let result = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, what, number, zero, zero) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// `_LINUX_CAPABILITY_VERSION_3` (capget(2)).
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// Narrows the effective and permitted sets of this thread to those of the mask (bit n for
/// capability n), and empties the inheritable set (capset(2)).
///
/// # Errors
/// What capget(2) and capset(2) refuse.
pub fn narrow_capabilities(mask: u64) -> io::Result<()> {
    set_capabilities(mask, mask, 0)
}

/// Makes these masks the effective, permitted and inheritable set of this thread, as far as they are
/// permitted now (capset(2)).
///
/// # Errors
/// What capget(2) and capset(2) refuse.
pub fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> io::Result<()> {
    // struct __user_cap_header_struct { version, pid }, and twice __user_cap_data_struct
    // { effective, permitted, inheritable }: of capabilities 0 to 31, and 32 to 63.
    let mut header = [CAPABILITY_VERSION, 0];
    let mut sets = [0u32; 6];
    // SAFETY: the arrays have the layout of these structures and outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let [_, low, _, _, high, _] = sets;
    let within = |mask: u64| {
        let [a, b, c, d, e, f, g, h] = mask.to_le_bytes();
        let (of_low, of_high) = ([a, b, c, d], [e, f, g, h]);
        (
            u32::from_le_bytes(of_low) & low,
            u32::from_le_bytes(of_high) & high,
        )
    };
    let permitted = within(permitted);
    let (effective, inheritable) = (within(effective), within(inheritable));
    let sets = [
        effective.0 & permitted.0,
        permitted.0,
        inheritable.0,
        effective.1 & permitted.1,
        permitted.1,
        inheritable.1,
    ];
    // SAFETY: the arrays have the layout of these structures and outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::{Instruction, drop_from_bounding_set, install_filter};

    #[test]
    fn there_are_not_64_capabilities() {
        assert!(!drop_from_bounding_set(63).expect("it only asks"));
    }

    #[test]
    fn instructions_have_the_kernels_layout() {
        assert_eq!(size_of::<Instruction>(), size_of::<libc::sock_filter>());
        assert_eq!(align_of::<Instruction>(), align_of::<libc::sock_filter>());
    }

    #[test]
    fn a_program_that_is_none_is_refused() {
        assert!(install_filter(&[]).is_err());
    }
}

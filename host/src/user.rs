//! The guest's memory, read and written with the faults that may come with it. This is the only
//! place where the brand touches an address that the guest gave.

use core::ffi::CStr;
use core::mem::MaybeUninit;

use abi::{Errno, SysResult, UserCStr, UserPtr};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::arch::{lx_copy, lx_copy_string};

/// Longest path, with its NUL (`PATH_MAX`).
pub const PATH_MAX: usize = 4096;

/// Reads one `T`.
///
/// # Errors
/// `EFAULT`.
pub fn read<T: FromBytes + IntoBytes>(from: UserPtr<T>) -> SysResult<T> {
    let mut value = T::new_zeroed();
    read_bytes(from.address(), value.as_mut_bytes())?;
    Ok(value)
}

/// Writes one `T`.
///
/// # Errors
/// `EFAULT`.
pub fn write<T: IntoBytes + Immutable>(to: UserPtr<T>, value: &T) -> SysResult<()> {
    write_bytes(to.address(), value.as_bytes())
}

/// Fills `to` from the guest's memory at `from`.
///
/// # Errors
/// `EFAULT`; `to` may be filled in part.
pub fn read_bytes(from: usize, to: &mut [u8]) -> SysResult<()> {
    // SAFETY: `to` is valid for its length; a fault at `from` ends the copy.
    let left = unsafe {
        lx_copy(
            to.as_mut_ptr(),
            core::ptr::with_exposed_provenance(from),
            to.len(),
        )
    };
    if left == 0 {
        Ok(())
    } else {
        Err(Errno::EFAULT)
    }
}

/// Copies `from` to the guest's memory at `to`.
///
/// # Errors
/// `EFAULT`; a part may have been written.
pub fn write_bytes(to: usize, from: &[u8]) -> SysResult<()> {
    // SAFETY: `from` is valid for its length; a fault at `to` ends the copy. That `to` is not the
    // brand's own memory is not checked: a guest can write there without our help, since both
    // share one address space; what confines the guest is the host kernel.
    let left = unsafe {
        lx_copy(
            core::ptr::with_exposed_provenance_mut(to),
            from.as_ptr(),
            from.len(),
        )
    };
    if left == 0 {
        Ok(())
    } else {
        Err(Errno::EFAULT)
    }
}

/// Reads a string into `to`: the part with its NUL.
///
/// # Errors
/// `EFAULT`; `ENAMETOOLONG` when there is no NUL within `to`.
pub fn read_cstr(from: UserCStr, to: &mut [u8]) -> SysResult<&CStr> {
    // SAFETY: `to` is valid for its length; a fault at `from` ends the copy.
    let length = unsafe {
        lx_copy_string(
            to.as_mut_ptr(),
            core::ptr::with_exposed_provenance(from.0),
            to.len(),
        )
    };
    let length = usize::try_from(length).map_err(|_| Errno::EFAULT)?;
    let text = to.get(..=length).ok_or(Errno::ENAMETOOLONG)?;
    // SAFETY: lx_copy_string stopped at the first NUL, which is the last byte of `text`.
    Ok(unsafe { CStr::from_bytes_with_nul_unchecked(text) })
}

/// Room for a path on the brand's stack, not cleared first.
pub struct PathBuffer(MaybeUninit<[u8; PATH_MAX]>);

impl PathBuffer {
    /// The empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self(MaybeUninit::uninit())
    }

    /// Reads a path of the guest's, once.
    ///
    /// # Errors
    /// `EFAULT`, `ENAMETOOLONG`.
    pub fn read(&mut self, from: UserCStr) -> SysResult<&CStr> {
        let to = self.0.as_mut_ptr().cast::<u8>();
        // SAFETY: the buffer has PATH_MAX bytes; a fault at `from` ends the copy.
        let length =
            unsafe { lx_copy_string(to, core::ptr::with_exposed_provenance(from.0), PATH_MAX) };
        let length = usize::try_from(length).map_err(|_| Errno::EFAULT)?;
        if length >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        // SAFETY: bytes 0..=length were written, and the first NUL among them is the last.
        Ok(unsafe {
            CStr::from_bytes_with_nul_unchecked(core::slice::from_raw_parts(to, length + 1))
        })
    }
}

impl Default for PathBuffer {
    fn default() -> Self {
        Self::new()
    }
}

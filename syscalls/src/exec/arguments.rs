//! The arrays of arguments and environment. The strings stay where the guest has them: the host
//! copies them itself, and says what is too long or not there.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::{Errno, SysResult, UserPtr};
use host::user;

/// Far more than any host accepts: a quarter of an 8 GiB stack.
const MOST: usize = 1 << 28;

/// Addresses of strings, with the zero behind them.
pub struct Strings(Vec<usize>);

impl Strings {
    /// Reads an array of the guest's; NULL stands for an empty one.
    ///
    /// # Errors
    /// `EFAULT`, `E2BIG`, `ENOMEM`.
    pub fn read(at: UserPtr<usize>) -> SysResult<Self> {
        let mut addresses = Vec::new();
        if !at.is_null() {
            loop {
                let address = user::read(at.element(addresses.len()))?;
                if address == 0 {
                    break;
                }
                if addresses.len() == MOST {
                    return Err(Errno::E2BIG);
                }
                addresses.try_reserve(2).map_err(|_| Errno::ENOMEM)?;
                addresses.push(address);
            }
        }
        addresses.push(0);
        Ok(Self(addresses))
    }

    /// Those that the kernel left on the stack.
    #[must_use]
    pub fn from_addresses(addresses: &[usize]) -> Self {
        let mut all = addresses.to_vec();
        all.push(0);
        Self(all)
    }

    /// Puts `words` in the place of the first string (`load_script`).
    pub fn replace_first(&mut self, words: &[CString]) {
        let present = usize::from(self.0.first().is_some_and(|&first| first != 0));
        let addresses = words.iter().map(|word| address(word));
        drop(self.0.splice(0..present, addresses));
    }

    /// Adds a string at the end.
    pub fn push(&mut self, text: &CStr) {
        let end = self.0.len() - 1;
        self.0.insert(end, address(text));
    }

    /// The array, which stays where it is.
    #[must_use]
    pub fn take(&mut self) -> Vec<usize> {
        core::mem::take(&mut self.0)
    }

    /// Where the array is.
    #[must_use]
    pub fn address(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

fn address(text: &CStr) -> usize {
    text.as_ptr().expose_provenance()
}

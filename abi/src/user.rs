//! Typed guest pointers: an address that the guest passed and what it says lies there. Holding
//! one proves nothing; only `host::user` reads and writes through it.

use core::marker::PhantomData;

/// One raw argument register of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawArg(pub usize);

/// A guest address at which one `T` is said to lie.
pub struct UserPtr<T> {
    address: usize,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for UserPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for UserPtr<T> {}

impl<T> UserPtr<T> {
    /// The pointer with that address.
    #[must_use]
    pub const fn new(address: usize) -> Self {
        Self {
            address,
            of: PhantomData,
        }
    }

    /// The address in the guest's (and so this) address space.
    #[must_use]
    pub const fn address(self) -> usize {
        self.address
    }

    /// Whether this is NULL.
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.address == 0
    }

    /// The address of element `index` of an array of `T` that starts here; wraps.
    #[must_use]
    pub const fn element(self, index: usize) -> Self {
        Self::new(
            self.address
                .wrapping_add(index.wrapping_mul(size_of::<T>())),
        )
    }
}

impl<T> From<RawArg> for UserPtr<T> {
    fn from(raw: RawArg) -> Self {
        Self::new(raw.0)
    }
}

/// A guest address at which a NUL-terminated string is said to lie.
#[derive(Clone, Copy, Debug)]
pub struct UserCStr(pub usize);

impl From<RawArg> for UserCStr {
    fn from(raw: RawArg) -> Self {
        Self(raw.0)
    }
}

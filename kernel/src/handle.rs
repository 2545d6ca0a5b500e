//! Descriptors that the brand opens for the time of one call, or borrows.

use abi::nr;
use host::call::int;
use host::host_call;

/// A descriptor.
#[derive(Debug)]
pub struct Handle {
    fd: i32,
    owned: bool,
}

impl Handle {
    /// Closed when dropped.
    #[must_use]
    pub fn owned(fd: i32) -> Self {
        Self { fd, owned: true }
    }

    /// Somebody else's: the guest's, or one of the reserved.
    #[must_use]
    pub fn borrowed(fd: i32) -> Self {
        Self { fd, owned: false }
    }

    /// Its number.
    #[must_use]
    pub fn raw(&self) -> i32 {
        self.fd
    }

    /// Its number, which stays open.
    #[must_use]
    pub fn release(mut self) -> i32 {
        self.owned = false;
        self.fd
    }

    /// The register that passes it.
    #[must_use]
    pub fn register(&self) -> usize {
        int(self.fd)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.owned {
            let _ = host_call!(nr::CLOSE, int(self.fd));
        }
    }
}

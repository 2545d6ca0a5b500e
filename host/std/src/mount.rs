//! mount_setattr(2), which the crates for system calls lack.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// `MOUNT_ATTR_RDONLY` and the like (mount_setattr(2)).
pub mod attribute {
    /// Read-only.
    pub const RDONLY: u64 = 0x1;
    /// Set-id bits have no effect.
    pub const NOSUID: u64 = 0x2;
    /// Device nodes cannot be opened.
    pub const NODEV: u64 = 0x4;
    /// No program can be executed.
    pub const NOEXEC: u64 = 0x8;
}

/// How mounts and unmounts spread (mount_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Not at all.
    Private,
    /// From the original to this one.
    Slave,
    /// Both ways.
    Shared,
}

impl Spread {
    fn bits(self) -> u64 {
        match self {
            Self::Private => libc::MS_PRIVATE,
            Self::Slave => libc::MS_SLAVE,
            Self::Shared => libc::MS_SHARED,
        }
    }
}

/// Changes the mount that `mount` is the root of: sets and clears attributes and, if asked, how it
/// spreads. With `recursive`, all mounts below it too.
///
/// # Errors
/// What mount_setattr(2) refuses: `ENOSYS` before Linux 5.12.
pub fn set_attributes(
    mount: impl AsFd,
    set: u64,
    clear: u64,
    spread: Option<Spread>,
    recursive: bool,
) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: set,
        attr_clr: clear,
        propagation: spread.map_or(0, Spread::bits),
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    let fd = mount.as_fd().as_raw_fd();
    let size = size_of::<libc::mount_attr>();
    // SAFETY: the path is an empty string, and the structure outlives the call, which reads it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            fd,
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::{attribute, set_attributes};

    #[test]
    fn what_is_no_mount_is_refused() {
        let file = std::fs::File::open("/proc/self/status").expect("it opens");
        assert!(set_attributes(file, attribute::RDONLY, 0, None, false).is_err());
    }
}

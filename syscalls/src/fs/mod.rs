//! Calls on paths and on directories of descriptors. What is not here works on guest descriptors
//! or host paths as they are, and is forwarded.

mod access;
mod change;
mod describe;
mod descriptors;
mod directory;
mod link;
mod live;
mod open;
mod path;
mod put;
mod splice;
mod statfs;
mod status;

pub use access::{access, faccessat, faccessat2};
pub use change::{
    chdir, chmod, chown, fchmodat, fchmodat2, fchownat, futimesat, getxattr, lgetxattr, listxattr,
    llistxattr, removexattr, setxattr, truncate, utime, utimensat, utimes,
};
pub(crate) use describe::described;
pub use descriptors::{close_range, dup2, dup3};
pub use directory::{getdents, getdents64};
pub use link::{readlink, readlinkat};
pub use live::{close, dup, fcntl, fstat, lseek, pread64, preadv, preadv2, read, readv};
pub(crate) use open::{check as check_how, read_how};
pub use open::{creat, open, openat, openat2};
pub use put::{pwrite64, pwritev, pwritev2, write, writev};
pub use splice::{sendfile, splice};
pub use statfs::{fstatfs, statfs};
pub use status::{lstat, newfstatat, stat, statx};

//! Rows 0 to 39: files, memory, signals.

use super::row::rows;
use abi::arg::{Fd, Int, Offset, Ptr, Size, Ulong};

rows! {
    0 read(fd: Fd, buf: Ptr, count: Size) direct, since V1_0, "guest descriptors are host descriptors; the kernel checks buf";
    1 write(fd: Fd, buf: Ptr, count: Size) direct, since V1_0, "guest descriptors are host descriptors; the kernel checks buf";
    7 poll(fds: Ptr, nfds: Ulong, timeout: Int) direct, since V2_2, "only reports readiness of descriptors the process holds";
    8 lseek(fd: Fd, offset: Offset, whence: Int) direct, since V1_0, "moves the guest's own file position";
}

//! Rows 0 to 39: files, memory, signals, timers.

use super::row::rows;
use abi::arg::{Fd, Int, Offset, Ptr, Size, Uint, Ulong};

rows! {
    0 read(fd: Fd, buf: Ptr, count: Size) direct, since V1_0, "guest descriptors are host descriptors; the kernel checks buf";
    1 write(fd: Fd, buf: Ptr, count: Size) direct, since V1_0, "guest descriptors are host descriptors; the kernel checks buf";
    3 close(fd: Fd) direct, since V1_0, "closes the guest's own descriptor; the brand's are EBADF";
    5 fstat(fd: Fd, statbuf: Ptr) direct, since V1_0, "describes a file that the guest already holds";
    7 poll(fds: Ptr, nfds: Uint, timeout: Int) direct, since V2_2, "reports readiness only, of descriptors of this process";
    8 lseek(fd: Fd, offset: Offset, whence: Uint) direct, since V1_0, "moves the position of a file that the guest holds";
    16 ioctl(fd: Fd, request: Uint, argp: Ulong) direct, since V1_0, "acts on a device or file that the guest could open; the driver checks the rest";
    17 pread64(fd: Fd, buf: Ptr, count: Size, offset: Offset) direct, since V2_2, "guest descriptors are host descriptors; the kernel checks buf";
    18 pwrite64(fd: Fd, buf: Ptr, count: Size, offset: Offset) direct, since V2_2, "guest descriptors are host descriptors; the kernel checks buf";
    19 readv(fd: Fd, iov: Ptr, iovcnt: Ulong) direct, since V2_0, "guest descriptors are host descriptors; the kernel checks the vector";
    20 writev(fd: Fd, iov: Ptr, iovcnt: Ulong) direct, since V2_0, "guest descriptors are host descriptors; the kernel checks the vector";
    22 pipe(pipefd: Ptr) direct, since V1_0, "makes two descriptors that belong to the guest";
    23 select(nfds: Int, readfds: Ptr, writefds: Ptr, exceptfds: Ptr, timeout: Ptr) direct, since V2_0, "reports readiness only, of descriptors of this process";
    24 sched_yield() direct, since V2_0, "concerns the calling thread only, which is a host thread";
    29 shmget(key: Int, size: Size, shmflg: Int) direct, since V2_0, "System V keys belong to the IPC namespace that the zone runs in";
    31 shmctl(shmid: Int, cmd: Int, buf: Ptr) direct, since V2_0, "System V segments belong to the IPC namespace; the kernel checks ownership";
    32 dup(oldfd: Fd) direct, since V1_0, "takes the lowest free number, which the brand's descriptors never are";
    34 pause() direct, since V1_0, "waits in the interruptible window, so a signal ends it as on a bare kernel";
    35 nanosleep(duration: Ptr, rem: Ptr) direct, since V2_0, "waits in the interruptible window; the kernel writes the rest to rem";
    36 getitimer(which: Int, curr_value: Ptr) direct, since V1_0, "the brand uses no interval timer, so all are the guest's";
    37 alarm(seconds: Uint) direct, since V1_0, "the brand uses no interval timer, so all are the guest's";
    38 setitimer(which: Int, new_value: Ptr, old_value: Ptr) direct, since V1_0, "the brand uses no interval timer, so all are the guest's";
}

//! Rows 0 to 39: files, memory, signals, timers.

use super::row::rows;
use crate::signal::PollFd;
use abi::UserPtr;
use abi::arg::{
    Fd, Int, MapFlags, Mode, NewFd, Offset, OpenFlags, Path, Prot, Ptr, Signal, Size, Uint, Ulong,
};
use abi::signal::{SigAction, SigSet};
use abi::stat::Stat;

rows! {
    0 read(fd: Fd, buf: Ptr, count: Size) direct crate::fs::read, since V1_0, "guest descriptors are host descriptors; the kernel checks buf";
    1 write(fd: Fd, buf: Ptr, count: Size) direct crate::fs::write, since V1_0, "guest descriptors are host descriptors; the kernel checks buf";
    2 open(path: Path, flags: OpenFlags, mode: Mode) translated crate::fs::open via [OPENAT], since V1_0, "reads the path once; paths into /proc go to its emulation";
    3 close(fd: Fd) direct crate::fs::close, since V1_0, "closes the guest's own descriptor; the brand's are EBADF";
    4 stat(path: Path, statbuf: UserPtr<Stat>) translated crate::fs::stat via [NEWFSTATAT], since V1_0, "reads the path once; /proc/self/exe is the guest's program";
    5 fstat(fd: Fd, statbuf: UserPtr<Stat>) direct crate::fs::fstat, since V1_0, "describes a file that the guest already holds";
    6 lstat(path: Path, statbuf: UserPtr<Stat>) translated crate::fs::lstat via [NEWFSTATAT], since V1_0, "reads the path once; paths into /proc go to its emulation";
    7 poll(fds: UserPtr<PollFd>, nfds: Uint, timeout: Int) translated crate::signal::poll via [POLL], since V2_2, "the host polls; the brand's descriptors are not open to the guest";
    8 lseek(fd: Fd, offset: Offset, whence: Uint) direct crate::fs::lseek, since V1_0, "moves the position of a file that the guest holds";
    9 mmap(addr: Ptr, length: Size, prot: Prot, flags: MapFlags, fd: Int, offset: Ulong) translated crate::memory::mmap via [MMAP], since V1_0, "never over the brand; replaced code loses its patches";
    10 mprotect(addr: Ptr, len: Size, prot: Prot) translated crate::memory::mprotect via [MPROTECT], since V1_0, "never the brand; code that becomes writable gets its own bytes back";
    11 munmap(addr: Ptr, len: Size) translated crate::memory::munmap via [MUNMAP], since V1_0, "steps around the brand; code that goes loses its patches";
    12 brk(addr: Ptr) translated crate::memory::brk via [BRK MMAP MUNMAP], since V1_0, "the guest's break, wherever the host keeps its own";
    13 rt_sigaction(signum: Signal, act: UserPtr<SigAction>, oldact: UserPtr<SigAction>, sigsetsize: Size) translated crate::signal::rt_sigaction via [RT_SIGACTION], since V2_2, "the host's handlers are the brand's, which run the guest's";
    14 rt_sigprocmask(how: Int, set: UserPtr<SigSet>, oldset: UserPtr<SigSet>, sigsetsize: Size) translated crate::signal::rt_sigprocmask via [RT_SIGPROCMASK], since V2_2, "the host never blocks the signals that the brand needs; it keeps those for the guest";
    15 rt_sigreturn() translated crate::signal::rt_sigreturn via [RT_SIGRETURN], since V2_2, "takes down the frame that the brand built, with the full extended state";
    16 ioctl(fd: Fd, request: Uint, argp: Ulong) direct, since V1_0, "acts on a device or file that the guest could open; the driver checks the rest";
    17 pread64(fd: Fd, buf: Ptr, count: Size, offset: Offset) direct crate::fs::pread64, since V2_2, "guest descriptors are host descriptors; the kernel checks buf";
    18 pwrite64(fd: Fd, buf: Ptr, count: Size, offset: Offset) direct crate::fs::pwrite64, since V2_2, "guest descriptors are host descriptors; the kernel checks buf";
    19 readv(fd: Fd, iov: Ptr, iovcnt: Ulong) direct crate::fs::readv, since V2_0, "guest descriptors are host descriptors; the kernel checks the vector";
    20 writev(fd: Fd, iov: Ptr, iovcnt: Ulong) direct crate::fs::writev, since V2_0, "guest descriptors are host descriptors; the kernel checks the vector";
    21 access(path: Path, mode: Int) translated crate::fs::access via [FACCESSAT], since V1_0, "reads the path once; /proc/self/exe is the guest's program";
    22 pipe(pipefd: Ptr) translated crate::fold::pipe via [PIPE2], since V1_0, "makes two descriptors that belong to the guest";
    23 select(nfds: Int, readfds: Ptr, writefds: Ptr, exceptfds: Ptr, timeout: Ptr) translated crate::signal::select via [SELECT POLL], since V2_0, "the host waits; the brand's descriptors are not open to the guest";
    24 sched_yield() direct, since V2_0, "concerns the calling thread only, which is a host thread";
    25 mremap(old_address: Ptr, old_size: Size, new_size: Size, flags: Ulong, new_address: Ptr) translated crate::memory::mremap via [MREMAP], since V2_0, "neither from nor over the brand; code that moves loses its patches";
    26 msync(addr: Ptr, length: Size, flags: Int) translated crate::memory::msync via [MSYNC], since V2_0, "the brand's ranges look unmapped";
    27 mincore(addr: Ptr, length: Size, vec: Ptr) translated crate::memory::mincore via [MINCORE], since V2_4, "the brand's ranges look unmapped";
    28 madvise(addr: Ptr, length: Size, advice: Int) translated crate::memory::madvise via [MADVISE], since V2_4, "the brand's ranges look unmapped; dropped code loses its patches";
    29 shmget(key: Int, size: Size, shmflg: Int) direct, since V2_0, "System V keys belong to the IPC namespace that the zone runs in";
    30 shmat(shmid: Int, shmaddr: Ptr, shmflg: Int) translated crate::memory::shmat via [SHMCTL SHMAT], since V2_0, "never over the brand";
    31 shmctl(shmid: Int, cmd: Int, buf: Ptr) direct, since V2_0, "System V segments belong to the IPC namespace; the kernel checks ownership";
    32 dup(oldfd: Fd) direct crate::fs::dup, since V1_0, "takes the lowest free number, which the brand's descriptors never are";
    33 dup2(oldfd: Fd, newfd: NewFd) translated crate::fs::dup2 via [PRLIMIT64 FCNTL DUP3], since V1_0, "the brand's descriptors make room when the guest asks for their numbers";
    34 pause() translated crate::fold::pause via [PPOLL], since V1_0, "waits in the interruptible window, so a signal ends it as on a bare kernel";
    35 nanosleep(duration: Ptr, rem: Ptr) translated crate::fold::nanosleep via [CLOCK_NANOSLEEP], since V2_0, "waits in the interruptible window; the kernel writes the rest to rem";
    36 getitimer(which: Int, curr_value: Ptr) direct, since V1_0, "the brand uses no interval timer, so all are the guest's";
    37 alarm(seconds: Uint) translated crate::fold::alarm via [SETITIMER], since V1_0, "the brand uses no interval timer, so all are the guest's";
    38 setitimer(which: Int, new_value: Ptr, old_value: Ptr) direct, since V1_0, "the brand uses no interval timer, so all are the guest's";
    39 getpid() served crate::process::getpid via [GETPID GETTID], since V1_0, "the brand knows the number until the next fork";
}

//! Rows 240 to 299: message queues, keys, inotify, the `at` calls, event descriptors.

use super::row::rows;
use crate::signal::PollFd;
use abi::UserPtr;
use abi::arg::{
    AtFlags, Clock, DirFd, Fd, Flags, Gid, Int, Mode, NewFd, Offset, OpenFlags, Path, Pid, Ptr,
    Signal, Size, Str, Uid, Uint, Ulong,
};
use abi::signal::SigSet;
use abi::stat::Stat;

rows! {
    240 mq_open(name: Str, oflag: Int, mode: Mode, attr: Ptr) direct, since V2_6_6, "POSIX queues belong to the IPC namespace; the kernel checks permission";
    241 mq_unlink(name: Str) direct, since V2_6_6, "POSIX queues belong to the IPC namespace; the kernel checks permission";
    242 mq_timedsend(mqdes: Fd, msg_ptr: Ptr, msg_len: Size, msg_prio: Uint, abs_timeout: Ptr) direct, since V2_6_6, "acts on a queue that the guest holds; waits in the interruptible window";
    243 mq_timedreceive(mqdes: Fd, msg_ptr: Ptr, msg_len: Size, msg_prio: Ptr, abs_timeout: Ptr) direct, since V2_6_6, "acts on a queue that the guest holds; waits in the interruptible window";
    244 mq_notify(mqdes: Fd, sevp: Ptr) direct, since V2_6_6, "acts on a queue that the guest holds; its signal passes the brand's handlers";
    245 mq_getsetattr(mqdes: Fd, newattr: Ptr, oldattr: Ptr) direct, since V2_6_6, "acts on a queue that the guest holds";
    246 kexec_load(entry: Ulong, nr_segments: Ulong, segments: Ptr, flags: Ulong) refused EPERM, since V2_6_13, "a guest never replaces the host's kernel; this is what a process without CAP_SYS_BOOT sees";
    247 waitid(idtype: Int, id: Pid, infop: Ptr, options: Int, rusage: Ptr) translated crate::carried::waitid via [WAITID], since V2_6_10, "checks a pidfd; guest processes are host processes with the same parent and exit status";
    248 add_key(r#type: Str, description: Str, payload: Ptr, plen: Size, keyring: Int) direct, since V2_6_10, "a process outside of zones has the keyrings of its user; the kernel checks permission";
    249 request_key(r#type: Str, description: Str, callout_info: Str, dest_keyring: Int) direct, since V2_6_10, "a process outside of zones has the keyrings of its user; the kernel checks permission";
    250 keyctl(op: Int, arg2: Ulong, arg3: Ulong, arg4: Ulong, arg5: Ulong) direct, since V2_6_10, "a process outside of zones has the keyrings of its user; the kernel checks permission";
    251 ioprio_set(which: Int, who: Int, ioprio: Int) direct, since V2_6_13, "guest processes are host processes; the kernel checks privilege";
    252 ioprio_get(which: Int, who: Int) direct, since V2_6_13, "guest processes are host processes";
    253 inotify_init() translated crate::fold::inotify_init via [INOTIFY_INIT1], since V2_6_13, "makes a descriptor that belongs to the guest";
    254 inotify_add_watch(fd: Fd, pathname: Path, mask: Flags) direct, since V2_6_13, "the kernel demands read permission";
    255 inotify_rm_watch(fd: Fd, wd: Int) direct, since V2_6_13, "acts on an instance that the guest holds";
    256 migrate_pages(pid: Pid, maxnode: Ulong, old_nodes: Ptr, new_nodes: Ptr) direct, since V2_6_16, "moves pages between memory nodes; the kernel checks permission";
    257 openat(dirfd: DirFd, pathname: Path, flags: OpenFlags, mode: Mode) translated crate::fs::openat via [OPENAT], since V2_6_16, "reads the path once; paths into /proc go to its emulation";
    258 mkdirat(dirfd: DirFd, pathname: Path, mode: Mode) direct, since V2_6_16, "the kernel checks permission";
    259 mknodat(dirfd: DirFd, pathname: Path, mode: Mode, dev: Uint) translated crate::refusals::mknodat via [MKNODAT], since V2_6_16, "the kernel demands CAP_MKNOD for devices";
    260 fchownat(dirfd: DirFd, pathname: Path, owner: Uid, group: Gid, flags: AtFlags) translated crate::fs::fchownat via [FCHOWNAT], since V2_6_16, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    261 futimesat(dirfd: DirFd, pathname: Path, times: Ptr) translated crate::fs::futimesat via [FUTIMESAT], since V2_6_16, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    262 newfstatat(dirfd: DirFd, pathname: Path, statbuf: UserPtr<Stat>, flags: AtFlags) translated crate::fs::newfstatat via [NEWFSTATAT], since V2_6_16, "reads the path once; /proc/self/exe is the guest's program";
    263 unlinkat(dirfd: DirFd, pathname: Path, flags: AtFlags) direct, since V2_6_16, "the kernel checks permission";
    264 renameat(olddirfd: DirFd, oldpath: Path, newdirfd: DirFd, newpath: Path) direct, since V2_6_16, "both descriptors are checked";
    265 linkat(olddirfd: DirFd, oldpath: Path, newdirfd: DirFd, newpath: Path, flags: AtFlags) direct, since V2_6_16, "both descriptors are checked";
    266 symlinkat(target: Path, newdirfd: DirFd, linkpath: Path) direct, since V2_6_16, "the kernel checks permission";
    267 readlinkat(dirfd: DirFd, pathname: Path, buf: UserPtr<u8>, bufsiz: Int) translated crate::fs::readlinkat via [READLINKAT], since V2_6_16, "/proc/self/exe names the guest's program";
    268 fchmodat(dirfd: DirFd, pathname: Path, mode: Mode) translated crate::fs::fchmodat via [FCHMODAT], since V2_6_16, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    269 faccessat(dirfd: DirFd, pathname: Path, mode: Int) translated crate::fs::faccessat via [FACCESSAT], since V2_6_16, "reads the path once; /proc/self/exe is the guest's program";
    270 pselect6(nfds: Int, readfds: Ptr, writefds: Ptr, exceptfds: Ptr, timeout: Ptr, sigmask: UserPtr<[usize; 2]>) translated crate::signal::pselect6 via [PSELECT6], since V2_6_16, "the host waits under the guest's mask without the signals that the brand needs";
    271 ppoll(fds: UserPtr<PollFd>, nfds: Uint, tmo_p: Ptr, sigmask: UserPtr<SigSet>, sigsetsize: Size) translated crate::signal::ppoll via [PPOLL], since V2_6_16, "the host waits under the guest's mask without the signals that the brand needs";
    272 unshare(flags: Int) translated crate::refusals::unshare via [UNSHARE], since V2_6_16, "the kernel checks privilege; a new PID namespace begins with the next child, which asks for its number anew";
    273 set_robust_list(head: Ptr, len: Size) direct, since V2_6_17, "the kernel walks guest memory when the thread ends; guest threads are host threads";
    274 get_robust_list(pid: Pid, head_ptr: Ptr, len_ptr: Ptr) direct, since V2_6_17, "guest threads are host threads; the kernel demands ptrace access to others";
    275 splice(fd_in: Fd, off_in: Ptr, fd_out: Fd, off_out: Ptr, len: Size, flags: Flags) direct crate::fs::splice, since V2_6_17, "copies between files that the guest holds; both descriptors are checked";
    276 tee(fd_in: Fd, fd_out: Fd, len: Size, flags: Flags) direct, since V2_6_17, "copies between pipes that the guest holds; both descriptors are checked";
    277 sync_file_range(fd: Fd, offset: Offset, nbytes: Offset, flags: Flags) direct, since V2_6_17, "acts on a file that the guest holds";
    278 vmsplice(fd: Fd, iov: Ptr, nr_segs: Ulong, flags: Flags) direct, since V2_6_17, "moves guest memory through a pipe that the guest holds";
    279 move_pages(pid: Pid, count: Ulong, pages: Ptr, nodes: Ptr, status: Ptr, flags: Int) direct, since V2_6_18, "moves pages between memory nodes; the kernel demands ptrace access to others";
    280 utimensat(dirfd: DirFd, pathname: Path, times: Ptr, flags: AtFlags) translated crate::fs::utimensat via [UTIMENSAT], since V2_6_22, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    281 epoll_pwait(epfd: Fd, events: Ptr, maxevents: Int, timeout: Int, sigmask: UserPtr<SigSet>, sigsetsize: Size) translated crate::signal::epoll_pwait via [EPOLL_PWAIT], since V2_6_19, "the host waits under the guest's mask without the signals that the brand needs";
    282 signalfd(fd: Int, mask: Ptr, sizemask: Size) translated crate::signal::signalfd via [SIGNALFD4], since V2_6_22, "checks the descriptor unless a new one is asked for (-1)";
    283 timerfd_create(clockid: Clock, flags: Flags) direct, since V2_6_25, "makes a descriptor that belongs to the guest";
    284 eventfd(initval: Uint) translated crate::fold::eventfd via [EVENTFD2], since V2_6_22, "makes a descriptor that belongs to the guest";
    285 fallocate(fd: Fd, mode: Int, offset: Offset, len: Offset) direct, since V2_6_23, "acts on a file that the guest holds";
    286 timerfd_settime(fd: Fd, flags: Flags, new_value: Ptr, old_value: Ptr) direct, since V2_6_25, "acts on a timer that the guest holds";
    287 timerfd_gettime(fd: Fd, curr_value: Ptr) direct, since V2_6_25, "describes a timer that the guest holds";
    288 accept4(sockfd: Fd, addr: Ptr, addrlen: Ptr, flags: Flags) direct, since V2_6_28, "acts on a socket that the guest holds";
    289 signalfd4(fd: Int, mask: Ptr, sizemask: Size, flags: Int) translated crate::signal::signalfd4 via [SIGNALFD4], since V2_6_27, "checks the descriptor unless a new one is asked for (-1)";
    290 eventfd2(initval: Uint, flags: Flags) direct, since V2_6_27, "makes a descriptor that belongs to the guest";
    291 epoll_create1(flags: Flags) direct, since V2_6_27, "makes a descriptor that belongs to the guest";
    292 dup3(oldfd: Fd, newfd: NewFd, flags: Int) translated crate::fs::dup3 via [PRLIMIT64 DUP3], since V2_6_27, "the brand's descriptors make room when the guest asks for their numbers";
    293 pipe2(pipefd: Ptr, flags: Flags) direct, since V2_6_27, "makes two descriptors that belong to the guest";
    294 inotify_init1(flags: Flags) direct, since V2_6_27, "makes a descriptor that belongs to the guest";
    295 preadv(fd: Fd, iov: Ptr, iovcnt: Ulong, pos_l: Ulong, pos_h: Ulong) direct crate::fs::preadv, since V2_6_30, "guest descriptors are host descriptors; the kernel checks the vector";
    296 pwritev(fd: Fd, iov: Ptr, iovcnt: Ulong, pos_l: Ulong, pos_h: Ulong) direct crate::fs::pwritev, since V2_6_30, "guest descriptors are host descriptors; the kernel checks the vector";
    297 rt_tgsigqueueinfo(tgid: Pid, tid: Pid, sig: Signal, info: Ptr) direct, since V2_6_31, "guest threads are host threads; the kernel checks permission and info";
    298 perf_event_open(attr: Ptr, pid: Pid, cpu: Int, group_fd: Int, flags: Ulong) refused EACCES, since V2_6_31, "samples would show the brand and the host; this is what kernel.perf_event_paranoid=3 answers";
    299 recvmmsg(sockfd: Fd, msgvec: Ptr, vlen: Uint, flags: Flags, timeout: Ptr) direct, since V2_6_33, "acts on a socket that the guest holds";
}

//! Rows 187 to 239: extended attributes, futexes, timers, asynchronous I/O, epoll.

use super::row::rows;
use abi::UserPtr;
use abi::arg::{
    Clock, Fd, Flags, Int, Long, MapFlags, Offset, Path, Pid, Prot, Ptr, Signal, Size, Str, Uint,
    Ulong,
};

rows! {
    187 readahead(fd: Fd, offset: Offset, count: Size) direct, since V2_4, "fills the page cache from a file that the guest holds";
    188 setxattr(path: Path, name: Str, value: Ptr, size: Size, flags: Flags) translated crate::fs::setxattr via [SETXATTR], since V2_4, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    189 lsetxattr(path: Path, name: Str, value: Ptr, size: Size, flags: Flags) direct, since V2_4, "the kernel checks permission";
    190 fsetxattr(fd: Fd, name: Str, value: Ptr, size: Size, flags: Flags) direct, since V2_4, "acts on a file that the guest holds; the kernel checks permission";
    191 getxattr(path: Path, name: Str, value: Ptr, size: Size) translated crate::fs::getxattr via [GETXATTR], since V2_4, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    192 lgetxattr(path: Path, name: Str, value: Ptr, size: Size) translated crate::fs::lgetxattr via [LGETXATTR], since V2_4, "reads the path once; emulated files in /proc lie elsewhere";
    193 fgetxattr(fd: Fd, name: Str, value: Ptr, size: Size) direct, since V2_4, "describes a file that the guest holds";
    194 listxattr(path: Path, list: Ptr, size: Size) translated crate::fs::listxattr via [LISTXATTR], since V2_4, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    195 llistxattr(path: Path, list: Ptr, size: Size) translated crate::fs::llistxattr via [LLISTXATTR], since V2_4, "reads the path once; emulated files in /proc lie elsewhere";
    196 flistxattr(fd: Fd, list: Ptr, size: Size) direct, since V2_4, "describes a file that the guest holds";
    197 removexattr(path: Path, name: Str) translated crate::fs::removexattr via [REMOVEXATTR], since V2_4, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    198 lremovexattr(path: Path, name: Str) direct, since V2_4, "the kernel checks permission";
    199 fremovexattr(fd: Fd, name: Str) direct, since V2_4, "acts on a file that the guest holds; the kernel checks permission";
    200 tkill(tid: Pid, sig: Signal) direct, since V2_4, "guest threads are host threads; the kernel checks permission";
    201 time(tloc: UserPtr<i64>) served crate::time::time via [TIME], since V1_0, "the host's vDSO knows";
    202 futex(uaddr: Ptr, futex_op: Int, val: Uint, timeout: Ptr, uaddr2: Ptr, val3: Uint) direct, since V2_6, "works on guest memory by address; waits in the interruptible window";
    203 sched_setaffinity(pid: Pid, cpusetsize: Uint, mask: Ptr) direct, since V2_6, "guest threads are host threads; the kernel checks permission";
    204 sched_getaffinity(pid: Pid, cpusetsize: Uint, mask: Ptr) direct, since V2_6, "guest threads are host threads";
    205 set_thread_area(u_info: Ptr) refused ENOSYS, since V2_6, "64-bit kernels answer so to 64-bit callers; arch_prctl sets the bases";
    206 io_setup(nr_events: Uint, ctx_idp: Ptr) direct, since V2_6, "the ring lies in guest memory where the kernel finds room";
    207 io_destroy(ctx_id: Ulong) direct, since V2_6, "ends a context of this address space";
    208 io_getevents(ctx_id: Ulong, min_nr: Long, nr: Long, events: Ptr, timeout: Ptr) direct, since V2_6, "reads a context of this address space; waits in the interruptible window";
    209 io_submit(ctx_id: Ulong, nr: Long, iocbpp: Ptr) translated crate::carried::io_submit via [IO_SUBMIT], since V2_6, "requests that name the brand's descriptors are refused; the kernel checks the rest";
    210 io_cancel(ctx_id: Ulong, iocb: Ptr, result: Ptr) direct, since V2_6, "ends a request of this address space";
    211 get_thread_area(u_info: Ptr) refused ENOSYS, since V2_6, "64-bit kernels answer so to 64-bit callers; arch_prctl reads the bases";
    212 lookup_dcookie(cookie: Ulong, buffer: Ptr, len: Size) refused ENOSYS, since V2_6, "served the OProfile driver; Linux 6.7 took it away";
    213 epoll_create(size: Int) translated crate::fold::epoll_create via [EPOLL_CREATE1], since V2_6, "makes a descriptor that belongs to the guest";
    214 epoll_ctl_old() refused ENOSYS, since V2_6, "an interface of a development kernel; no release had it";
    215 epoll_wait_old() refused ENOSYS, since V2_6, "an interface of a development kernel; no release had it";
    216 remap_file_pages(addr: Ptr, size: Size, prot: Prot, pgoff: Ulong, flags: MapFlags) translated crate::memory::remap_file_pages via [REMAP_FILE_PAGES], since V2_6, "never the brand; replaced code loses its patches";
    217 getdents64(fd: Fd, dirp: UserPtr<u8>, count: Uint) translated crate::fs::getdents64 via [GETDENTS64 LSEEK], since V2_4, "the brand's descriptors are not listed in /proc";
    218 set_tid_address(tidptr: Ptr) direct, since V2_6, "the kernel clears guest memory when the thread ends; guest threads are host threads";
    219 restart_syscall() direct, since V2_6, "the kernel resumes an interrupted wait by it; called out of turn it is EINTR";
    220 semtimedop(semid: Int, sops: Ptr, nsops: Uint, timeout: Ptr) direct, since V2_6, "waits in the interruptible window; the kernel checks permission";
    221 fadvise64(fd: Fd, offset: Offset, len: Size, advice: Int) direct, since V2_6, "a hint on a file that the guest holds";
    222 timer_create(clockid: Clock, sevp: Ptr, timerid: Ptr) direct, since V2_6, "the brand uses no timer, so all are the guest's; their signals pass the brand's handlers";
    223 timer_settime(timerid: Int, flags: Int, new_value: Ptr, old_value: Ptr) direct, since V2_6, "the brand uses no timer, so all are the guest's";
    224 timer_gettime(timerid: Int, curr_value: Ptr) direct, since V2_6, "the brand uses no timer, so all are the guest's";
    225 timer_getoverrun(timerid: Int) direct, since V2_6, "the brand uses no timer, so all are the guest's";
    226 timer_delete(timerid: Int) direct, since V2_6, "the brand uses no timer, so all are the guest's";
    227 clock_settime(clockid: Clock, tp: Ptr) translated crate::refusals::clock_settime via [CLOCK_SETTIME], since V2_6, "the kernel demands CAP_SYS_TIME";
    228 clock_gettime(clockid: Clock, tp: UserPtr<[i64; 2]>) served crate::time::clock_gettime via [CLOCK_GETTIME], since V2_6, "the host's vDSO knows; clocks that it lacks go to the host";
    229 clock_getres(clockid: Clock, res: Ptr) direct, since V2_6, "a constant of the kernel";
    230 clock_nanosleep(clockid: Clock, flags: Int, t: Ptr, remain: Ptr) direct, since V2_6, "waits in the interruptible window; the kernel writes the rest to remain";
    231 exit_group(status: Int) translated crate::process::exit_group via [EXIT_GROUP], since V2_6, "the host process ends with the guest's status";
    232 epoll_wait(epfd: Fd, events: Ptr, maxevents: Int, timeout: Int) direct, since V2_6, "waits in the interruptible window for files that the guest registered";
    233 epoll_ctl(epfd: Fd, op: Int, fd: Fd, event: Ptr) direct, since V2_6, "registers a file that the guest holds; both descriptors are checked";
    234 tgkill(tgid: Pid, tid: Pid, sig: Signal) direct, since V2_6, "guest threads are host threads; the kernel checks permission";
    235 utimes(filename: Path, times: Ptr) translated crate::fs::utimes via [UTIMES], since V2_6, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    236 vserver() refused ENOSYS, since V2_6, "a number set aside for Linux-VServer; Linux never had the call";
    237 mbind(addr: Ptr, len: Ulong, mode: Ulong, nodemask: Ptr, maxnode: Ulong, flags: Flags) translated crate::memory::mbind via [MBIND], since V2_6_7, "the brand's ranges look unmapped";
    238 set_mempolicy(mode: Int, nodemask: Ptr, maxnode: Ulong) direct, since V2_6_7, "where the host thread's new pages come from";
    239 get_mempolicy(mode: Ptr, nodemask: Ptr, maxnode: Ulong, addr: Ptr, flags: Ulong) direct, since V2_6_7, "shows where pages of this address space lie";
}

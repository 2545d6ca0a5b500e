//! Rows 424 to 469: the numbers that all architectures share, Linux 5.1 to 6.18.

use super::row::rows;
use abi::UserPtr;
use abi::arg::{
    AtFlags, Clock, DirFd, Fd, Flags, Int, Mode, Path, Pid, Ptr, Signal, Size, Str, Uint, Ulong,
};
use abi::signal::SigSet;

rows! {
    424 pidfd_send_signal(pidfd: Fd, sig: Signal, info: Ptr, flags: Flags) direct, since V5_1, "acts on a process that the guest holds; the kernel checks permission and info";
    425 io_uring_setup(entries: Uint, p: Ptr) refused ENOSYS, since V5_1, "the kernel would run calls out of the ring that the table never saw";
    426 io_uring_enter(fd: Fd, to_submit: Uint, min_complete: Uint, flags: Flags, arg: Ptr, argsz: Size) refused ENOSYS, since V5_1, "the kernel would run calls out of the ring that the table never saw";
    427 io_uring_register(fd: Fd, op: Uint, arg: Ptr, nr_args: Uint) refused ENOSYS, since V5_1, "the kernel would run calls out of the ring that the table never saw";
    428 open_tree(dirfd: DirFd, path: Path, flags: Flags) direct, since V5_2, "the kernel demands CAP_SYS_ADMIN over the mount namespace for clones";
    429 move_mount(from_dirfd: DirFd, from_path: Path, to_dirfd: DirFd, to_path: Path, flags: Flags) direct, since V5_2, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    430 fsopen(fsname: Str, flags: Flags) direct, since V5_2, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    431 fsconfig(fd: Fd, cmd: Uint, key: Str, value: Ptr, aux: Int) direct, since V5_2, "acts on a mount context that the guest holds";
    432 fsmount(fsfd: Fd, flags: Flags, attr_flags: Flags) direct, since V5_2, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    433 fspick(dirfd: DirFd, path: Path, flags: Flags) direct, since V5_2, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    434 pidfd_open(pid: Pid, flags: Flags) direct, since V5_3, "process numbers are the host's in this version";
    435 clone3(cl_args: Ptr, size: Size) translated crate::process::clone3 via [CLONE CLONE3], since V5_3, "the guest's flags; the child arms its interception before its first instruction";
    436 close_range(first: Uint, last: Uint, flags: Flags) translated crate::fs::close_range via [CLOSE_RANGE], since V5_9, "steps over the brand's descriptors";
    437 openat2(dirfd: DirFd, pathname: Path, how: UserPtr<[u64; 3]>, size: Size) translated crate::fs::openat2 via [OPENAT2 OPENAT], since V5_6, "reads path and structure once; an older host serves it by openat where RESOLVE_* is 0";
    438 pidfd_getfd(pidfd: Fd, targetfd: Fd, flags: Flags) direct, since V5_6, "the kernel demands ptrace access; the brand's descriptors have the same numbers everywhere and are EBADF";
    439 faccessat2(dirfd: DirFd, pathname: Path, mode: Int, flags: AtFlags) translated crate::fs::faccessat2 via [FACCESSAT2 FACCESSAT], since V5_8, "reads the path once; an older host serves it by faccessat where flags are 0";
    440 process_madvise(pidfd: Fd, iovec: UserPtr<[usize; 2]>, vlen: Size, advice: Int, flags: Flags) translated crate::memory::process_madvise via [PROCESS_MADVISE], since V5_10, "the brand's ranges look unmapped";
    441 epoll_pwait2(epfd: Fd, events: Ptr, maxevents: Int, timeout: Ptr, sigmask: UserPtr<SigSet>, sigsetsize: Size) translated crate::signal::epoll_pwait2 via [EPOLL_PWAIT2], since V5_11, "the host waits under the guest's mask without the signals that the brand needs";
    442 mount_setattr(dirfd: DirFd, path: Path, flags: Flags, attr: Ptr, size: Size) direct, since V5_12, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    443 quotactl_fd(fd: Fd, op: Uint, id: Int, addr: Ptr) direct, since V5_14, "the kernel demands CAP_SYS_ADMIN beyond a user's own quota";
    444 landlock_create_ruleset(attr: Ptr, size: Size, flags: Flags) direct, since V5_13, "makes a descriptor that belongs to the guest";
    445 landlock_add_rule(ruleset_fd: Fd, rule_type: Int, rule_attr: Ptr, flags: Flags) direct, since V5_13, "acts on a rule set that the guest holds";
    446 landlock_restrict_self(ruleset_fd: Fd, flags: Flags) direct, since V5_13, "can only take access away; the brand's image lies on no file system that rules cover";
    447 memfd_secret(flags: Flags) direct, since V5_14, "makes a descriptor that belongs to the guest";
    448 process_mrelease(pidfd: Fd, flags: Flags) direct, since V5_15, "frees memory of a process that is already dying; the kernel checks permission";
    449 futex_waitv(waiters: Ptr, nr_futexes: Uint, flags: Flags, timeout: Ptr, clockid: Clock) direct, since V5_16, "works on guest memory by address; waits in the interruptible window";
    450 set_mempolicy_home_node(start: Ptr, len: Ulong, home_node: Ulong, flags: Ulong) translated crate::memory::set_mempolicy_home_node via [SET_MEMPOLICY_HOME_NODE], since V5_17, "the brand's ranges look unmapped";
    451 cachestat(fd: Fd, cstat_range: Ptr, cstat: Ptr, flags: Flags) direct, since V6_5, "describes the page cache of a file that the guest holds";
    452 fchmodat2(dirfd: DirFd, pathname: Path, mode: Mode, flags: AtFlags) translated crate::fs::fchmodat2 via [FCHMODAT2 FCHMODAT], since V6_6, "reads the path once; an older host serves it by fchmodat where flags are 0";
    453 map_shadow_stack(addr: Ptr, size: Size, flags: Int) translated crate::memory::map_shadow_stack via [], since V6_6, "what a kernel without user shadow stacks answers, since the brand keeps none";
    454 futex_wake(uaddr: Ptr, mask: Ulong, nr: Int, flags: Flags) direct, since V6_7, "works on guest memory by address";
    455 futex_wait(uaddr: Ptr, val: Ulong, mask: Ulong, flags: Flags, timeout: Ptr, clockid: Clock) direct, since V6_7, "works on guest memory by address; waits in the interruptible window";
    456 futex_requeue(waiters: Ptr, flags: Flags, nr_wake: Int, nr_requeue: Int) direct, since V6_7, "works on guest memory by address";
    457 statmount(req: Ptr, buf: Ptr, bufsize: Size, flags: Flags) direct, since V6_8, "describes mounts of the mount namespace that the guest runs in";
    458 listmount(req: Ptr, mnt_ids: Ptr, nr_mnt_ids: Size, flags: Flags) direct, since V6_8, "lists mounts of the mount namespace that the guest runs in";
    459 lsm_get_self_attr(attr: Uint, ctx: Ptr, size: Ptr, flags: Flags) direct, since V6_8, "security labels are the host thread's own";
    460 lsm_set_self_attr(attr: Uint, ctx: Ptr, size: Uint, flags: Flags) direct, since V6_8, "security labels are the host thread's own; the security module checks the change";
    461 lsm_list_modules(ids: Ptr, size: Ptr, flags: Flags) direct, since V6_8, "a constant of the kernel";
    462 mseal(start: Ptr, len: Size, flags: Ulong) translated crate::memory::mseal via [MSEAL], since V6_10, "the brand's ranges look unmapped";
    463 setxattrat(dirfd: DirFd, path: Path, at_flags: AtFlags, name: Str, args: Ptr, size: Size) direct, since V6_13, "the kernel checks permission";
    464 getxattrat(dirfd: DirFd, path: Path, at_flags: AtFlags, name: Str, args: Ptr, size: Size) direct, since V6_13, "the kernel checks permission";
    465 listxattrat(dirfd: DirFd, path: Path, at_flags: AtFlags, list: Ptr, size: Size) direct, since V6_13, "the kernel checks permission";
    466 removexattrat(dirfd: DirFd, path: Path, at_flags: AtFlags, name: Str) direct, since V6_13, "the kernel checks permission";
    467 open_tree_attr(dirfd: DirFd, path: Path, flags: Flags, attr: Ptr, size: Size) direct, since V6_15, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    468 file_getattr(dirfd: DirFd, path: Path, attr: Ptr, size: Size, at_flags: AtFlags) direct, since V6_17, "the guest's root is the host's in this version";
    469 file_setattr(dirfd: DirFd, path: Path, attr: Ptr, size: Size, at_flags: AtFlags) direct, since V6_17, "the kernel checks ownership";
}

//! Rows 300 to 336: the calls of Linux 2.6.36 to 6.18 that continued the first numbering.

use super::row::rows;
use abi::UserPtr;
use abi::arg::{
    AtFlags, Clock, DirFd, Fd, Flags, Int, Long, LongFlags, Path, Pid, Prot, Ptr, Size, Str, Uint,
    Ulong,
};
use abi::stat::Statx;

rows! {
    300 fanotify_init(flags: Flags, event_f_flags: Flags) direct, since V2_6_37, "the kernel demands CAP_SYS_ADMIN beyond the guest's own files";
    301 fanotify_mark(fanotify_fd: Fd, flags: Flags, mask: LongFlags, dirfd: DirFd, pathname: Path) direct, since V2_6_37, "acts on a group that the guest holds; both descriptors are checked";
    302 prlimit64(pid: Pid, resource: Uint, new_limit: Ptr, old_limit: Ptr) direct, since V2_6_36, "limits are host processes' own; the kernel checks privilege";
    303 name_to_handle_at(dirfd: DirFd, pathname: Path, handle: Ptr, mount_id: Ptr, flags: AtFlags) direct, since V2_6_39, "the guest's root is the host's in this version";
    304 open_by_handle_at(mount_fd: DirFd, handle: Ptr, flags: Int) direct, since V2_6_39, "the kernel demands CAP_DAC_READ_SEARCH in the first user namespace";
    305 clock_adjtime(clockid: Clock, buf: Ptr) direct, since V2_6_39, "reading is harmless; the kernel demands CAP_SYS_TIME for changes";
    306 syncfs(fd: Fd) direct, since V2_6_39, "writes back what is dirty, nothing more";
    307 sendmmsg(sockfd: Fd, msgvec: Ptr, vlen: Uint, flags: Flags) translated crate::carried::sendmmsg via [SENDMMSG], since V3_0, "the brand's descriptors are refused in what it carries";
    308 setns(fd: Fd, nstype: Int) translated crate::refusals::setns via [SETNS IOCTL FSTATFS], since V3_0, "the kernel demands privilege over the namespace; a PID namespace begins with the next child";
    309 getcpu(cpu: Ptr, node: Ptr, tcache: Ptr) direct, since V2_6_19, "guest threads are host threads";
    310 process_vm_readv(pid: Pid, local_iov: Ptr, liovcnt: Ulong, remote_iov: Ptr, riovcnt: Ulong, flags: Ulong) direct, since V3_2, "guest addresses are host addresses; the kernel demands ptrace access";
    311 process_vm_writev(pid: Pid, local_iov: Ptr, liovcnt: Ulong, remote_iov: Ptr, riovcnt: Ulong, flags: Ulong) direct, since V3_2, "guest addresses are host addresses; the kernel demands ptrace access";
    312 kcmp(pid1: Pid, pid2: Pid, r#type: Int, idx1: Ulong, idx2: Ulong) direct, since V3_5, "compares only; the kernel demands ptrace access";
    313 finit_module(fd: Fd, param_values: Str, flags: Flags) refused EPERM, since V3_8, "a guest never changes the host's kernel; this is what a process without CAP_SYS_MODULE sees";
    314 sched_setattr(pid: Pid, attr: Ptr, flags: Flags) direct, since V3_14, "guest threads are host threads; the kernel checks privilege";
    315 sched_getattr(pid: Pid, attr: Ptr, size: Uint, flags: Flags) direct, since V3_14, "guest threads are host threads";
    316 renameat2(olddirfd: DirFd, oldpath: Path, newdirfd: DirFd, newpath: Path, flags: Flags) direct, since V3_15, "both descriptors are checked";
    317 seccomp(operation: Uint, flags: Uint, args: Ptr) translated crate::process::seccomp via [SECCOMP PRCTL CAPGET UNSHARE], since V3_17, "the brand runs the guest's filters, on the guest's calls";
    318 getrandom(buf: Ptr, buflen: Size, flags: Flags) direct, since V3_17, "fills guest memory with random bytes";
    319 memfd_create(name: Str, flags: Flags) direct, since V3_17, "makes a descriptor that belongs to the guest";
    320 kexec_file_load(kernel_fd: Fd, initrd_fd: Fd, cmdline_len: Ulong, cmdline: Str, flags: Ulong) refused EPERM, since V3_17, "a guest never replaces the host's kernel; this is what a process without CAP_SYS_BOOT sees";
    321 bpf(cmd: Int, attr: Ptr, size: Uint) refused EPERM, since V3_18, "programs would run in the host's kernel; this is what kernel.unprivileged_bpf_disabled answers";
    322 execveat(dirfd: DirFd, pathname: Path, argv: UserPtr<usize>, envp: UserPtr<usize>, flags: Uint) translated crate::exec::execveat via [OPENAT FCNTL NEWFSTATAT FSTATFS FACCESSAT2 FGETXATTR PREAD64 READLINKAT MEMFD_CREATE PWRITE64 PRCTL GETRESGID GETRESUID SETRESGID SETRESUID CLOSE EXECVEAT], since V3_19, "checks the program as the kernel would, then starts the brand's image on it";
    323 userfaultfd(flags: Flags) direct, since V4_3, "a fault that the brand meets while it copies guest memory waits as it would in the kernel";
    324 membarrier(cmd: Int, flags: Flags, cpu_id: Int) translated crate::system::membarrier via [MEMBARRIER], since V4_3, "the host's, but for the registration that the brand itself needs";
    325 mlock2(addr: Ptr, len: Size, flags: Int) translated crate::memory::mlock2 via [MLOCK2], since V4_4, "the brand's ranges look unmapped";
    326 copy_file_range(fd_in: Fd, off_in: Ptr, fd_out: Fd, off_out: Ptr, len: Size, flags: Flags) direct, since V4_5, "copies between files that the guest holds; both descriptors are checked";
    327 preadv2(fd: Fd, iov: Ptr, iovcnt: Ulong, pos_l: Ulong, pos_h: Ulong, flags: Flags) direct crate::fs::preadv2, since V4_6, "guest descriptors are host descriptors; the kernel checks the vector";
    328 pwritev2(fd: Fd, iov: Ptr, iovcnt: Ulong, pos_l: Ulong, pos_h: Ulong, flags: Flags) direct crate::fs::pwritev2, since V4_6, "guest descriptors are host descriptors; the kernel checks the vector";
    329 pkey_mprotect(addr: Ptr, len: Size, prot: Prot, pkey: Int) translated crate::memory::pkey_mprotect via [PKEY_MPROTECT], since V4_9, "never the brand; code that becomes writable gets its own bytes back";
    330 pkey_alloc(flags: Flags, access_rights: Flags) direct, since V4_9, "protection keys are the host thread's own";
    331 pkey_free(pkey: Int) direct, since V4_9, "protection keys are the host thread's own";
    332 statx(dirfd: DirFd, pathname: Path, flags: AtFlags, mask: Flags, statxbuf: UserPtr<Statx>) translated crate::fs::statx via [STATX], since V4_11, "reads the path once; /proc/self/exe is the guest's program";
    333 io_pgetevents(ctx_id: Ptr, min_nr: Long, nr: Long, events: Ptr, timeout: Ptr, usig: UserPtr<[usize; 2]>) translated crate::signal::io_pgetevents via [IO_PGETEVENTS], since V4_18, "the host waits under the guest's mask without the signals that the brand needs";
    334 rseq(rseq: Ptr, rseq_len: Uint, flags: Flags, sig: Uint) direct, since V4_18, "the brand registers no area, and the kernel aborts guest sections by guest address";
    335 uretprobe() refused ENOSYS, since V6_11, "only the kernel's own return trampoline may call it";
    336 uprobe() refused ENXIO, since V6_18, "only the kernel's own trampoline may call it; others get this error";
}

//! Rows 40 to 79: sockets, processes, System V IPC, open files.

use super::row::rows;
use abi::UserPtr;
use abi::arg::{Fd, Flags, Int, Long, Offset, Path, Pid, Ptr, Signal, Size, Uint, Ulong};
use abi::stat::UtsName;

rows! {
    40 sendfile(out_fd: Fd, in_fd: Fd, offset: Ptr, count: Size) direct crate::fs::sendfile, since V2_2, "copies between files that the guest holds";
    41 socket(domain: Int, r#type: Int, protocol: Int) translated crate::refusals::socket via [SOCKET], since V2_0, "the network namespace and the confinement bound what it reaches";
    42 connect(sockfd: Fd, addr: Ptr, addrlen: Int) direct, since V2_0, "the network namespace and file permissions bound what it reaches";
    43 accept(sockfd: Fd, addr: Ptr, addrlen: Ptr) translated crate::fold::accept via [ACCEPT4], since V2_0, "acts on a socket that the guest holds";
    44 sendto(sockfd: Fd, buf: Ptr, len: Size, flags: Flags, dest_addr: Ptr, addrlen: Int) direct, since V2_0, "acts on a socket that the guest holds";
    45 recvfrom(sockfd: Fd, buf: Ptr, len: Size, flags: Flags, src_addr: Ptr, addrlen: Ptr) direct, since V2_0, "acts on a socket that the guest holds";
    46 sendmsg(sockfd: Fd, msg: Ptr, flags: Flags) translated crate::carried::sendmsg via [SENDMSG], since V2_0, "the brand's descriptors are refused in what it carries";
    47 recvmsg(sockfd: Fd, msg: Ptr, flags: Flags) direct, since V2_0, "acts on a socket that the guest holds; received descriptors take free numbers";
    48 shutdown(sockfd: Fd, how: Int) direct, since V2_0, "acts on a socket that the guest holds";
    49 bind(sockfd: Fd, addr: Ptr, addrlen: Int) direct, since V2_0, "the network namespace and file permissions bound what it may name";
    50 listen(sockfd: Fd, backlog: Int) direct, since V2_0, "acts on a socket that the guest holds";
    51 getsockname(sockfd: Fd, addr: Ptr, addrlen: Ptr) direct, since V2_0, "describes a socket that the guest holds";
    52 getpeername(sockfd: Fd, addr: Ptr, addrlen: Ptr) direct, since V2_0, "describes a socket that the guest holds";
    53 socketpair(domain: Int, r#type: Int, protocol: Int, sv: Ptr) translated crate::refusals::socketpair via [SOCKETPAIR], since V2_0, "makes two descriptors that belong to the guest";
    54 setsockopt(sockfd: Fd, level: Int, optname: Int, optval: Ptr, optlen: Int) direct, since V2_0, "acts on a socket that the guest holds; the kernel checks privileged options";
    55 getsockopt(sockfd: Fd, level: Int, optname: Int, optval: Ptr, optlen: Ptr) direct, since V2_0, "describes a socket that the guest holds";
    56 clone(flags: Ulong, stack: Ptr, parent_tid: Ptr, child_tid: Ptr, tls: Ptr) translated crate::process::clone via [CLONE], since V1_0, "the guest's flags; the child arms its interception before its first instruction";
    57 fork() translated crate::process::fork via [CLONE], since V1_0, "the child arms its interception before its first instruction";
    58 vfork() translated crate::process::vfork via [CLONE], since V2_2, "the child borrows memory, not the brand's stack, and arms its interception first";
    59 execve(pathname: Path, argv: UserPtr<usize>, envp: UserPtr<usize>) translated crate::exec::execve via [OPENAT FCNTL NEWFSTATAT FSTATFS FACCESSAT2 FGETXATTR PREAD64 READLINKAT MEMFD_CREATE PWRITE64 PRCTL GETRESGID GETRESUID SETRESGID SETRESUID CLOSE EXECVEAT], since V1_0, "checks the program as the kernel would, then starts the brand's image on it";
    60 exit(status: Int) translated crate::process::exit via [EXIT], since V1_0, "gives the thread's area back first";
    61 wait4(pid: Pid, wstatus: Ptr, options: Int, rusage: Ptr) direct, since V1_0, "guest processes are host processes with the same parent and exit status";
    62 kill(pid: Pid, sig: Signal) direct, since V1_0, "process numbers are the host's in this version; the kernel checks permission";
    63 uname(buf: UserPtr<UtsName>) translated crate::system::uname via [UNAME], since V1_0, "the release is that of --kernel-version where given";
    64 semget(key: Int, nsems: Int, semflg: Int) direct, since V2_0, "System V keys belong to the IPC namespace that the zone runs in";
    65 semop(semid: Int, sops: Ptr, nsops: Uint) translated crate::fold::semop via [SEMTIMEDOP], since V2_0, "waits in the interruptible window; the kernel checks permission";
    66 semctl(semid: Int, semnum: Int, cmd: Int, arg: Ulong) direct, since V2_0, "System V semaphores belong to the IPC namespace; the kernel checks ownership";
    67 shmdt(shmaddr: Ptr) direct, since V2_0, "only where a segment starts, which the brand never is";
    68 msgget(key: Int, msgflg: Int) direct, since V2_0, "System V keys belong to the IPC namespace that the zone runs in";
    69 msgsnd(msqid: Int, msgp: Ptr, msgsz: Size, msgflg: Int) direct, since V2_0, "waits in the interruptible window; the kernel checks permission";
    70 msgrcv(msqid: Int, msgp: Ptr, msgsz: Size, msgtyp: Long, msgflg: Int) direct, since V2_0, "waits in the interruptible window; the kernel checks permission";
    71 msgctl(msqid: Int, cmd: Int, buf: Ptr) direct, since V2_0, "System V queues belong to the IPC namespace; the kernel checks ownership";
    72 fcntl(fd: Fd, op: Uint, arg: Ulong) direct crate::fs::fcntl, since V1_0, "F_DUPFD takes a free number, which the brand's descriptors never are; the rest acts on the guest's file";
    73 flock(fd: Fd, op: Int) direct, since V2_0, "locks a file that the guest holds";
    74 fsync(fd: Fd) direct, since V1_0, "acts on a file that the guest holds";
    75 fdatasync(fd: Fd) direct, since V2_0, "acts on a file that the guest holds";
    76 truncate(path: Path, length: Offset) translated crate::fs::truncate via [TRUNCATE], since V1_0, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    77 ftruncate(fd: Fd, length: Offset) direct, since V1_0, "acts on a file that the guest holds";
    78 getdents(fd: Fd, dirp: UserPtr<u8>, count: Uint) translated crate::fs::getdents via [GETDENTS LSEEK], since V1_0, "the brand's descriptors are not listed in /proc";
    79 getcwd(buf: Ptr, size: Ulong) direct, since V2_2, "the working directory is the host process's own";
}

//! Rows 80 to 126: names in the file system, identity, limits.

use super::row::rows;
use abi::UserPtr;
use abi::arg::{Fd, Gid, Int, Mode, Path, Pid, Ptr, Uid, Uint};
use abi::stat::SysInfo;

rows! {
    80 chdir(path: Path) translated crate::fs::chdir via [CHDIR], since V1_0, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    81 fchdir(fd: Fd) direct, since V1_0, "the working directory is the host process's own";
    82 rename(oldpath: Path, newpath: Path) translated crate::fold::rename via [RENAMEAT], since V1_0, "the kernel checks permission";
    83 mkdir(path: Path, mode: Mode) translated crate::fold::mkdir via [MKDIRAT], since V1_0, "the kernel checks permission";
    84 rmdir(path: Path) translated crate::fold::rmdir via [UNLINKAT], since V1_0, "the kernel checks permission";
    85 creat(path: Path, mode: Mode) translated crate::fs::creat via [OPENAT], since V1_0, "reads the path once; paths into /proc go to its emulation";
    86 link(oldpath: Path, newpath: Path) translated crate::fold::link via [LINKAT], since V1_0, "the kernel checks permission";
    87 unlink(path: Path) translated crate::fold::unlink via [UNLINKAT], since V1_0, "the kernel checks permission";
    88 symlink(target: Path, linkpath: Path) translated crate::fold::symlink via [SYMLINKAT], since V1_0, "the kernel checks permission";
    89 readlink(path: Path, buf: UserPtr<u8>, bufsiz: Int) translated crate::fs::readlink via [READLINKAT], since V1_0, "/proc/self/exe names the guest's program";
    90 chmod(path: Path, mode: Mode) translated crate::fs::chmod via [FCHMODAT], since V1_0, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    91 fchmod(fd: Fd, mode: Mode) direct, since V1_0, "acts on a file that the guest holds; the kernel checks ownership";
    92 chown(path: Path, owner: Uid, group: Gid) translated crate::fs::chown via [FCHOWNAT], since V1_0, "reads the path once; links in /proc lead where the guest's descriptors and program are";
    93 fchown(fd: Fd, owner: Uid, group: Gid) direct, since V1_0, "acts on a file that the guest holds; the kernel checks privilege";
    94 lchown(path: Path, owner: Uid, group: Gid) translated crate::fold::lchown via [FCHOWNAT], since V1_0, "the kernel checks privilege";
    95 umask(mask: Mode) direct, since V1_0, "the brand makes no file by name, so the mask is the guest's alone";
    96 gettimeofday(tv: UserPtr<[i64; 2]>, tz: Ptr) served crate::time::gettimeofday via [GETTIMEOFDAY], since V1_0, "the host's vDSO knows";
    97 getrlimit(resource: Uint, rlim: Ptr) translated crate::fold::getrlimit via [PRLIMIT64], since V1_0, "limits are the host process's own";
    98 getrusage(who: Int, usage: Ptr) direct, since V1_0, "use is that of the host process, the brand's small share included";
    99 sysinfo(info: UserPtr<SysInfo>) translated crate::system::sysinfo via [SYSINFO], since V1_0, "in a zone, the zone's memory, load and uptime";
    100 times(buf: Ptr) direct, since V1_0, "use is that of the host process, the brand's small share included";
    101 ptrace(op: Int, pid: Pid, addr: Ptr, data: Ptr) refused ENOSYS, since V1_0, "a tracer would see the brand's host calls and signal frames instead of the guest's";
    102 getuid() direct, since V1_0, "identity is the host process's own";
    103 syslog(r#type: Int, buf: Ptr, len: Int) direct, since V1_0, "the kernel demands CAP_SYSLOG where its log is restricted";
    104 getgid() direct, since V1_0, "identity is the host process's own";
    105 setuid(uid: Uid) direct, since V1_0, "identity is the host thread's own; the kernel checks privilege";
    106 setgid(gid: Gid) direct, since V1_0, "identity is the host thread's own; the kernel checks privilege";
    107 geteuid() direct, since V1_0, "identity is the host process's own";
    108 getegid() direct, since V1_0, "identity is the host process's own";
    109 setpgid(pid: Pid, pgid: Pid) direct, since V1_0, "guest process groups are host process groups";
    110 getppid() direct, since V1_0, "the parent may change at any time, so only the host knows it";
    111 getpgrp() translated crate::fold::getpgrp via [GETPGID], since V1_0, "guest process groups are host process groups";
    112 setsid() direct, since V1_0, "guest sessions are host sessions";
    113 setreuid(ruid: Uid, euid: Uid) direct, since V1_0, "identity is the host thread's own; the kernel checks privilege";
    114 setregid(rgid: Gid, egid: Gid) direct, since V1_0, "identity is the host thread's own; the kernel checks privilege";
    115 getgroups(size: Int, list: Ptr) direct, since V1_0, "identity is the host process's own";
    116 setgroups(size: Int, list: Ptr) direct, since V1_0, "identity is the host thread's own; the kernel checks privilege";
    117 setresuid(ruid: Uid, euid: Uid, suid: Uid) direct, since V2_2, "identity is the host thread's own; the kernel checks privilege";
    118 getresuid(ruid: Ptr, euid: Ptr, suid: Ptr) direct, since V2_2, "identity is the host process's own";
    119 setresgid(rgid: Gid, egid: Gid, sgid: Gid) direct, since V2_2, "identity is the host thread's own; the kernel checks privilege";
    120 getresgid(rgid: Ptr, egid: Ptr, sgid: Ptr) direct, since V2_2, "identity is the host process's own";
    121 getpgid(pid: Pid) direct, since V1_0, "guest process groups are host process groups";
    122 setfsuid(fsuid: Uid) direct, since V2_0, "identity is the host thread's own; the kernel checks privilege";
    123 setfsgid(fsgid: Gid) direct, since V2_0, "identity is the host thread's own; the kernel checks privilege";
    124 getsid(pid: Pid) direct, since V2_0, "guest sessions are host sessions";
    125 capget(hdrp: Ptr, datap: Ptr) direct, since V2_2, "capabilities are the host thread's own";
    126 capset(hdrp: Ptr, datap: Ptr) direct, since V2_2, "can only take capabilities away; lx run grants none";
}

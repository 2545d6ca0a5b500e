//! Rows 127 to 186: scheduling, administration of the system, calls that Linux itself gave up.

use super::row::rows;
use abi::arg::{Fd, Flags, Int, Mode, Path, Pid, Ptr, Signal, Size, Str, Uint, Ulong};

rows! {
    129 rt_sigqueueinfo(pid: Pid, sig: Signal, info: Ptr) direct, since V2_2, "process numbers are the host's in this version; the kernel checks permission and info";
    132 utime(filename: Path, times: Ptr) direct, since V1_0, "the guest's root is the host's in this version; the kernel checks ownership";
    133 mknod(path: Path, mode: Mode, dev: Uint) direct, since V1_0, "the kernel demands CAP_MKNOD for devices";
    134 uselib(library: Path) refused ENOSYS, since V1_0, "loads a.out libraries; kernels are built without it (CONFIG_USELIB)";
    136 ustat(dev: Uint, ubuf: Ptr) direct, since V1_0, "shows free space only";
    137 statfs(path: Path, buf: Ptr) direct, since V1_0, "the guest's root is the host's in this version";
    138 fstatfs(fd: Fd, buf: Ptr) direct, since V1_0, "describes a file system that the guest holds a file of";
    139 sysfs(option: Int, arg1: Ulong, arg2: Ulong) direct, since V1_0, "lists file system types only";
    140 getpriority(which: Int, who: Int) direct, since V1_0, "guest processes are host processes";
    141 setpriority(which: Int, who: Int, prio: Int) direct, since V1_0, "guest processes are host processes; the kernel checks privilege";
    142 sched_setparam(pid: Pid, param: Ptr) direct, since V2_0, "guest threads are host threads; the kernel checks privilege";
    143 sched_getparam(pid: Pid, param: Ptr) direct, since V2_0, "guest threads are host threads";
    144 sched_setscheduler(pid: Pid, policy: Int, param: Ptr) direct, since V2_0, "guest threads are host threads; the kernel checks privilege";
    145 sched_getscheduler(pid: Pid) direct, since V2_0, "guest threads are host threads";
    146 sched_get_priority_max(policy: Int) direct, since V2_0, "a constant of the kernel";
    147 sched_get_priority_min(policy: Int) direct, since V2_0, "a constant of the kernel";
    148 sched_rr_get_interval(pid: Pid, tp: Ptr) direct, since V2_0, "guest threads are host threads";
    151 mlockall(flags: Int) direct, since V2_0, "locks the brand's few pages along with the guest's; the kernel checks the limit";
    152 munlockall() direct, since V2_0, "the brand needs none of its pages locked";
    153 vhangup() direct, since V1_0, "the kernel demands CAP_SYS_TTY_CONFIG";
    154 modify_ldt(func: Int, ptr: Ptr, bytecount: Ulong) direct, since V1_0, "segments reach no further than this address space, and calls from them are caught";
    155 pivot_root(new_root: Path, put_old: Path) direct, since V2_4, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    156 _sysctl(args: Ptr) refused ENOSYS, since V1_0, "Linux 5.5 took it away; /proc/sys serves";
    159 adjtimex(buf: Ptr) direct, since V1_0, "reading is harmless; the kernel demands CAP_SYS_TIME for changes";
    160 setrlimit(resource: Uint, rlim: Ptr) direct, since V1_0, "limits are the host process's own; descriptors above a lowered limit stay open";
    161 chroot(path: Path) direct, since V1_0, "the kernel demands CAP_SYS_CHROOT; the brand holds its own image by descriptor";
    162 sync() direct, since V1_0, "writes back what is dirty, nothing more";
    163 acct(filename: Path) direct, since V1_0, "the kernel demands CAP_SYS_PACCT";
    164 settimeofday(tv: Ptr, tz: Ptr) direct, since V1_0, "the kernel demands CAP_SYS_TIME";
    165 mount(source: Path, target: Path, filesystemtype: Str, mountflags: Ulong, data: Ptr) direct, since V1_0, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    166 umount2(target: Path, flags: Int) direct, since V2_2, "the kernel demands CAP_SYS_ADMIN over the mount namespace";
    167 swapon(path: Path, swapflags: Int) direct, since V1_0, "the kernel demands CAP_SYS_ADMIN in the first user namespace";
    168 swapoff(path: Path) direct, since V1_0, "the kernel demands CAP_SYS_ADMIN in the first user namespace";
    169 reboot(magic: Int, magic2: Int, op: Uint, arg: Ptr) refused EPERM, since V1_0, "a guest never restarts the host; this is what a process without CAP_SYS_BOOT sees";
    170 sethostname(name: Str, len: Int) direct, since V1_0, "the kernel demands CAP_SYS_ADMIN over the UTS namespace";
    171 setdomainname(name: Str, len: Int) direct, since V1_0, "the kernel demands CAP_SYS_ADMIN over the UTS namespace";
    172 iopl(level: Uint) direct, since V1_0, "the kernel demands CAP_SYS_RAWIO";
    173 ioperm(from: Ulong, num: Ulong, turn_on: Int) direct, since V1_0, "the kernel demands CAP_SYS_RAWIO";
    174 create_module(name: Str, size: Size) refused ENOSYS, since V1_0, "Linux 2.6 took it away";
    175 init_module(module_image: Ptr, len: Ulong, param_values: Str) refused EPERM, since V1_0, "a guest never changes the host's kernel; this is what a process without CAP_SYS_MODULE sees";
    176 delete_module(name: Str, flags: Flags) refused EPERM, since V1_0, "a guest never changes the host's kernel; this is what a process without CAP_SYS_MODULE sees";
    177 get_kernel_syms(table: Ptr) refused ENOSYS, since V1_0, "Linux 2.6 took it away";
    178 query_module(name: Str, which: Int, buf: Ptr, bufsize: Size, ret: Ptr) refused ENOSYS, since V2_2, "Linux 2.6 took it away";
    179 quotactl(op: Uint, special: Path, id: Int, addr: Ptr) direct, since V1_0, "the kernel demands CAP_SYS_ADMIN beyond a user's own quota";
    180 nfsservctl(cmd: Int, argp: Ptr, resp: Ptr) refused ENOSYS, since V2_2, "Linux 3.1 took it away";
    181 getpmsg() refused ENOSYS, since V2_0, "a number set aside for STREAMS; Linux never had the call";
    182 putpmsg() refused ENOSYS, since V2_0, "a number set aside for STREAMS; Linux never had the call";
    183 afs_syscall() refused ENOSYS, since V2_0, "a number set aside for AFS; Linux never had the call";
    184 tuxcall() refused ENOSYS, since V2_4, "a number set aside for the TUX web server; Linux never had the call";
    185 security() refused ENOSYS, since V2_6, "a number set aside for security modules; Linux never had the call";
}

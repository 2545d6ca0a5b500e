//! System call numbers of Linux 6.18 for x86-64 (`arch/x86/entry/syscalls/syscall_64.tbl`).

/// One past the highest number that a row can have.
pub const LIMIT: usize = 512;

/// `read(2)`.
pub const READ: usize = 0;
/// `write(2)`.
pub const WRITE: usize = 1;
/// `open(2)`.
pub const OPEN: usize = 2;
/// `close(2)`.
pub const CLOSE: usize = 3;
/// `stat(2)`.
pub const STAT: usize = 4;
/// `fstat(2)`.
pub const FSTAT: usize = 5;
/// `lstat(2)`.
pub const LSTAT: usize = 6;
/// `poll(2)`.
pub const POLL: usize = 7;
/// `lseek(2)`.
pub const LSEEK: usize = 8;
/// `mmap(2)`.
pub const MMAP: usize = 9;
/// `mprotect(2)`.
pub const MPROTECT: usize = 10;
/// `munmap(2)`.
pub const MUNMAP: usize = 11;
/// `brk(2)`.
pub const BRK: usize = 12;
/// `rt_sigaction(2)`.
pub const RT_SIGACTION: usize = 13;
/// `rt_sigprocmask(2)`.
pub const RT_SIGPROCMASK: usize = 14;
/// `rt_sigreturn(2)`.
pub const RT_SIGRETURN: usize = 15;
/// `ioctl(2)`.
pub const IOCTL: usize = 16;
/// `pread64(2)`.
pub const PREAD64: usize = 17;
/// `pwrite64(2)`.
pub const PWRITE64: usize = 18;
/// `readv(2)`.
pub const READV: usize = 19;
/// `writev(2)`.
pub const WRITEV: usize = 20;
/// `access(2)`.
pub const ACCESS: usize = 21;
/// `pipe(2)`.
pub const PIPE: usize = 22;
/// `select(2)`.
pub const SELECT: usize = 23;
/// `sched_yield(2)`.
pub const SCHED_YIELD: usize = 24;
/// `mremap(2)`.
pub const MREMAP: usize = 25;
/// `msync(2)`.
pub const MSYNC: usize = 26;
/// `mincore(2)`.
pub const MINCORE: usize = 27;
/// `madvise(2)`.
pub const MADVISE: usize = 28;
/// `shmget(2)`.
pub const SHMGET: usize = 29;
/// `shmat(2)`.
pub const SHMAT: usize = 30;
/// `shmctl(2)`.
pub const SHMCTL: usize = 31;
/// `dup(2)`.
pub const DUP: usize = 32;
/// `dup2(2)`.
pub const DUP2: usize = 33;
/// `pause(2)`.
pub const PAUSE: usize = 34;
/// `nanosleep(2)`.
pub const NANOSLEEP: usize = 35;
/// `getitimer(2)`.
pub const GETITIMER: usize = 36;
/// `alarm(2)`.
pub const ALARM: usize = 37;
/// `setitimer(2)`.
pub const SETITIMER: usize = 38;
/// `getpid(2)`.
pub const GETPID: usize = 39;
/// `sendfile(2)`.
pub const SENDFILE: usize = 40;
/// `socket(2)`.
pub const SOCKET: usize = 41;
/// `connect(2)`.
pub const CONNECT: usize = 42;
/// `accept(2)`.
pub const ACCEPT: usize = 43;
/// `sendto(2)`.
pub const SENDTO: usize = 44;
/// `recvfrom(2)`.
pub const RECVFROM: usize = 45;
/// `sendmsg(2)`.
pub const SENDMSG: usize = 46;
/// `recvmsg(2)`.
pub const RECVMSG: usize = 47;
/// `shutdown(2)`.
pub const SHUTDOWN: usize = 48;
/// `bind(2)`.
pub const BIND: usize = 49;
/// `listen(2)`.
pub const LISTEN: usize = 50;
/// `getsockname(2)`.
pub const GETSOCKNAME: usize = 51;
/// `getpeername(2)`.
pub const GETPEERNAME: usize = 52;
/// `socketpair(2)`.
pub const SOCKETPAIR: usize = 53;
/// `setsockopt(2)`.
pub const SETSOCKOPT: usize = 54;
/// `getsockopt(2)`.
pub const GETSOCKOPT: usize = 55;
/// `clone(2)`.
pub const CLONE: usize = 56;
/// `fork(2)`.
pub const FORK: usize = 57;
/// `vfork(2)`.
pub const VFORK: usize = 58;
/// `execve(2)`.
pub const EXECVE: usize = 59;
/// `exit(2)`.
pub const EXIT: usize = 60;
/// `wait4(2)`.
pub const WAIT4: usize = 61;
/// `kill(2)`.
pub const KILL: usize = 62;
/// `uname(2)`.
pub const UNAME: usize = 63;
/// `semget(2)`.
pub const SEMGET: usize = 64;
/// `semop(2)`.
pub const SEMOP: usize = 65;
/// `semctl(2)`.
pub const SEMCTL: usize = 66;
/// `shmdt(2)`.
pub const SHMDT: usize = 67;
/// `msgget(2)`.
pub const MSGGET: usize = 68;
/// `msgsnd(2)`.
pub const MSGSND: usize = 69;
/// `msgrcv(2)`.
pub const MSGRCV: usize = 70;
/// `msgctl(2)`.
pub const MSGCTL: usize = 71;
/// `fcntl(2)`.
pub const FCNTL: usize = 72;
/// `flock(2)`.
pub const FLOCK: usize = 73;
/// `fsync(2)`.
pub const FSYNC: usize = 74;
/// `fdatasync(2)`.
pub const FDATASYNC: usize = 75;
/// `truncate(2)`.
pub const TRUNCATE: usize = 76;
/// `ftruncate(2)`.
pub const FTRUNCATE: usize = 77;
/// `getdents(2)`.
pub const GETDENTS: usize = 78;
/// `getcwd(2)`.
pub const GETCWD: usize = 79;
/// `chdir(2)`.
pub const CHDIR: usize = 80;
/// `fchdir(2)`.
pub const FCHDIR: usize = 81;
/// `rename(2)`.
pub const RENAME: usize = 82;
/// `mkdir(2)`.
pub const MKDIR: usize = 83;
/// `rmdir(2)`.
pub const RMDIR: usize = 84;
/// `creat(2)`.
pub const CREAT: usize = 85;
/// `link(2)`.
pub const LINK: usize = 86;
/// `unlink(2)`.
pub const UNLINK: usize = 87;
/// `symlink(2)`.
pub const SYMLINK: usize = 88;
/// `readlink(2)`.
pub const READLINK: usize = 89;
/// `chmod(2)`.
pub const CHMOD: usize = 90;
/// `fchmod(2)`.
pub const FCHMOD: usize = 91;
/// `chown(2)`.
pub const CHOWN: usize = 92;
/// `fchown(2)`.
pub const FCHOWN: usize = 93;
/// `lchown(2)`.
pub const LCHOWN: usize = 94;
/// `umask(2)`.
pub const UMASK: usize = 95;
/// `gettimeofday(2)`.
pub const GETTIMEOFDAY: usize = 96;
/// `getrlimit(2)`.
pub const GETRLIMIT: usize = 97;
/// `getrusage(2)`.
pub const GETRUSAGE: usize = 98;
/// `sysinfo(2)`.
pub const SYSINFO: usize = 99;
/// `times(2)`.
pub const TIMES: usize = 100;
/// `ptrace(2)`.
pub const PTRACE: usize = 101;
/// `getuid(2)`.
pub const GETUID: usize = 102;
/// `syslog(2)`.
pub const SYSLOG: usize = 103;
/// `getgid(2)`.
pub const GETGID: usize = 104;
/// `setuid(2)`.
pub const SETUID: usize = 105;
/// `setgid(2)`.
pub const SETGID: usize = 106;
/// `geteuid(2)`.
pub const GETEUID: usize = 107;
/// `getegid(2)`.
pub const GETEGID: usize = 108;
/// `setpgid(2)`.
pub const SETPGID: usize = 109;
/// `getppid(2)`.
pub const GETPPID: usize = 110;
/// `getpgrp(2)`.
pub const GETPGRP: usize = 111;
/// `setsid(2)`.
pub const SETSID: usize = 112;
/// `setreuid(2)`.
pub const SETREUID: usize = 113;
/// `setregid(2)`.
pub const SETREGID: usize = 114;
/// `getgroups(2)`.
pub const GETGROUPS: usize = 115;
/// `setgroups(2)`.
pub const SETGROUPS: usize = 116;
/// `setresuid(2)`.
pub const SETRESUID: usize = 117;
/// `getresuid(2)`.
pub const GETRESUID: usize = 118;
/// `setresgid(2)`.
pub const SETRESGID: usize = 119;
/// `getresgid(2)`.
pub const GETRESGID: usize = 120;
/// `getpgid(2)`.
pub const GETPGID: usize = 121;
/// `setfsuid(2)`.
pub const SETFSUID: usize = 122;
/// `setfsgid(2)`.
pub const SETFSGID: usize = 123;
/// `getsid(2)`.
pub const GETSID: usize = 124;
/// `capget(2)`.
pub const CAPGET: usize = 125;
/// `capset(2)`.
pub const CAPSET: usize = 126;
/// `rt_sigpending(2)`.
pub const RT_SIGPENDING: usize = 127;
/// `rt_sigtimedwait(2)`.
pub const RT_SIGTIMEDWAIT: usize = 128;
/// `rt_sigqueueinfo(2)`.
pub const RT_SIGQUEUEINFO: usize = 129;
/// `rt_sigsuspend(2)`.
pub const RT_SIGSUSPEND: usize = 130;
/// `sigaltstack(2)`.
pub const SIGALTSTACK: usize = 131;
/// `utime(2)`.
pub const UTIME: usize = 132;
/// `mknod(2)`.
pub const MKNOD: usize = 133;
/// `uselib(2)`.
pub const USELIB: usize = 134;
/// `personality(2)`.
pub const PERSONALITY: usize = 135;
/// `ustat(2)`.
pub const USTAT: usize = 136;
/// `statfs(2)`.
pub const STATFS: usize = 137;
/// `fstatfs(2)`.
pub const FSTATFS: usize = 138;
/// `sysfs(2)`.
pub const SYSFS: usize = 139;
/// `getpriority(2)`.
pub const GETPRIORITY: usize = 140;
/// `setpriority(2)`.
pub const SETPRIORITY: usize = 141;
/// `sched_setparam(2)`.
pub const SCHED_SETPARAM: usize = 142;
/// `sched_getparam(2)`.
pub const SCHED_GETPARAM: usize = 143;
/// `sched_setscheduler(2)`.
pub const SCHED_SETSCHEDULER: usize = 144;
/// `sched_getscheduler(2)`.
pub const SCHED_GETSCHEDULER: usize = 145;
/// `sched_get_priority_max(2)`.
pub const SCHED_GET_PRIORITY_MAX: usize = 146;
/// `sched_get_priority_min(2)`.
pub const SCHED_GET_PRIORITY_MIN: usize = 147;
/// `sched_rr_get_interval(2)`.
pub const SCHED_RR_GET_INTERVAL: usize = 148;
/// `mlock(2)`.
pub const MLOCK: usize = 149;
/// `munlock(2)`.
pub const MUNLOCK: usize = 150;
/// `mlockall(2)`.
pub const MLOCKALL: usize = 151;
/// `munlockall(2)`.
pub const MUNLOCKALL: usize = 152;
/// `vhangup(2)`.
pub const VHANGUP: usize = 153;
/// `modify_ldt(2)`.
pub const MODIFY_LDT: usize = 154;
/// `pivot_root(2)`.
pub const PIVOT_ROOT: usize = 155;
/// `_sysctl(2)`.
pub const _SYSCTL: usize = 156;
/// `prctl(2)`.
pub const PRCTL: usize = 157;
/// `arch_prctl(2)`.
pub const ARCH_PRCTL: usize = 158;
/// `adjtimex(2)`.
pub const ADJTIMEX: usize = 159;
/// `setrlimit(2)`.
pub const SETRLIMIT: usize = 160;
/// `chroot(2)`.
pub const CHROOT: usize = 161;
/// `sync(2)`.
pub const SYNC: usize = 162;
/// `acct(2)`.
pub const ACCT: usize = 163;
/// `settimeofday(2)`.
pub const SETTIMEOFDAY: usize = 164;
/// `mount(2)`.
pub const MOUNT: usize = 165;
/// `umount2(2)`.
pub const UMOUNT2: usize = 166;
/// `swapon(2)`.
pub const SWAPON: usize = 167;
/// `swapoff(2)`.
pub const SWAPOFF: usize = 168;
/// `reboot(2)`.
pub const REBOOT: usize = 169;
/// `sethostname(2)`.
pub const SETHOSTNAME: usize = 170;
/// `setdomainname(2)`.
pub const SETDOMAINNAME: usize = 171;
/// `iopl(2)`.
pub const IOPL: usize = 172;
/// `ioperm(2)`.
pub const IOPERM: usize = 173;
/// `create_module(2)`.
pub const CREATE_MODULE: usize = 174;
/// `init_module(2)`.
pub const INIT_MODULE: usize = 175;
/// `delete_module(2)`.
pub const DELETE_MODULE: usize = 176;
/// `get_kernel_syms(2)`.
pub const GET_KERNEL_SYMS: usize = 177;
/// `query_module(2)`.
pub const QUERY_MODULE: usize = 178;
/// `quotactl(2)`.
pub const QUOTACTL: usize = 179;
/// `nfsservctl(2)`.
pub const NFSSERVCTL: usize = 180;
/// `getpmsg(2)`.
pub const GETPMSG: usize = 181;
/// `putpmsg(2)`.
pub const PUTPMSG: usize = 182;
/// `afs_syscall(2)`.
pub const AFS_SYSCALL: usize = 183;
/// `tuxcall(2)`.
pub const TUXCALL: usize = 184;
/// `security(2)`.
pub const SECURITY: usize = 185;
/// `gettid(2)`.
pub const GETTID: usize = 186;
/// `readahead(2)`.
pub const READAHEAD: usize = 187;
/// `setxattr(2)`.
pub const SETXATTR: usize = 188;
/// `lsetxattr(2)`.
pub const LSETXATTR: usize = 189;
/// `fsetxattr(2)`.
pub const FSETXATTR: usize = 190;
/// `getxattr(2)`.
pub const GETXATTR: usize = 191;
/// `lgetxattr(2)`.
pub const LGETXATTR: usize = 192;
/// `fgetxattr(2)`.
pub const FGETXATTR: usize = 193;
/// `listxattr(2)`.
pub const LISTXATTR: usize = 194;
/// `llistxattr(2)`.
pub const LLISTXATTR: usize = 195;
/// `flistxattr(2)`.
pub const FLISTXATTR: usize = 196;
/// `removexattr(2)`.
pub const REMOVEXATTR: usize = 197;
/// `lremovexattr(2)`.
pub const LREMOVEXATTR: usize = 198;
/// `fremovexattr(2)`.
pub const FREMOVEXATTR: usize = 199;
/// `tkill(2)`.
pub const TKILL: usize = 200;
/// `time(2)`.
pub const TIME: usize = 201;
/// `futex(2)`.
pub const FUTEX: usize = 202;
/// `sched_setaffinity(2)`.
pub const SCHED_SETAFFINITY: usize = 203;
/// `sched_getaffinity(2)`.
pub const SCHED_GETAFFINITY: usize = 204;
/// `set_thread_area(2)`.
pub const SET_THREAD_AREA: usize = 205;
/// `io_setup(2)`.
pub const IO_SETUP: usize = 206;
/// `io_destroy(2)`.
pub const IO_DESTROY: usize = 207;
/// `io_getevents(2)`.
pub const IO_GETEVENTS: usize = 208;
/// `io_submit(2)`.
pub const IO_SUBMIT: usize = 209;
/// `io_cancel(2)`.
pub const IO_CANCEL: usize = 210;
/// `get_thread_area(2)`.
pub const GET_THREAD_AREA: usize = 211;
/// `lookup_dcookie(2)`.
pub const LOOKUP_DCOOKIE: usize = 212;
/// `epoll_create(2)`.
pub const EPOLL_CREATE: usize = 213;
/// `epoll_ctl_old(2)`.
pub const EPOLL_CTL_OLD: usize = 214;
/// `epoll_wait_old(2)`.
pub const EPOLL_WAIT_OLD: usize = 215;
/// `remap_file_pages(2)`.
pub const REMAP_FILE_PAGES: usize = 216;
/// `getdents64(2)`.
pub const GETDENTS64: usize = 217;
/// `set_tid_address(2)`.
pub const SET_TID_ADDRESS: usize = 218;
/// `restart_syscall(2)`.
pub const RESTART_SYSCALL: usize = 219;
/// `semtimedop(2)`.
pub const SEMTIMEDOP: usize = 220;
/// `fadvise64(2)`.
pub const FADVISE64: usize = 221;
/// `timer_create(2)`.
pub const TIMER_CREATE: usize = 222;
/// `timer_settime(2)`.
pub const TIMER_SETTIME: usize = 223;
/// `timer_gettime(2)`.
pub const TIMER_GETTIME: usize = 224;
/// `timer_getoverrun(2)`.
pub const TIMER_GETOVERRUN: usize = 225;
/// `timer_delete(2)`.
pub const TIMER_DELETE: usize = 226;
/// `clock_settime(2)`.
pub const CLOCK_SETTIME: usize = 227;
/// `clock_gettime(2)`.
pub const CLOCK_GETTIME: usize = 228;
/// `clock_getres(2)`.
pub const CLOCK_GETRES: usize = 229;
/// `clock_nanosleep(2)`.
pub const CLOCK_NANOSLEEP: usize = 230;
/// `exit_group(2)`.
pub const EXIT_GROUP: usize = 231;
/// `epoll_wait(2)`.
pub const EPOLL_WAIT: usize = 232;
/// `epoll_ctl(2)`.
pub const EPOLL_CTL: usize = 233;
/// `tgkill(2)`.
pub const TGKILL: usize = 234;
/// `utimes(2)`.
pub const UTIMES: usize = 235;
/// `vserver(2)`.
pub const VSERVER: usize = 236;
/// `mbind(2)`.
pub const MBIND: usize = 237;
/// `set_mempolicy(2)`.
pub const SET_MEMPOLICY: usize = 238;
/// `get_mempolicy(2)`.
pub const GET_MEMPOLICY: usize = 239;
/// `mq_open(2)`.
pub const MQ_OPEN: usize = 240;
/// `mq_unlink(2)`.
pub const MQ_UNLINK: usize = 241;
/// `mq_timedsend(2)`.
pub const MQ_TIMEDSEND: usize = 242;
/// `mq_timedreceive(2)`.
pub const MQ_TIMEDRECEIVE: usize = 243;
/// `mq_notify(2)`.
pub const MQ_NOTIFY: usize = 244;
/// `mq_getsetattr(2)`.
pub const MQ_GETSETATTR: usize = 245;
/// `kexec_load(2)`.
pub const KEXEC_LOAD: usize = 246;
/// `waitid(2)`.
pub const WAITID: usize = 247;
/// `add_key(2)`.
pub const ADD_KEY: usize = 248;
/// `request_key(2)`.
pub const REQUEST_KEY: usize = 249;
/// `keyctl(2)`.
pub const KEYCTL: usize = 250;
/// `ioprio_set(2)`.
pub const IOPRIO_SET: usize = 251;
/// `ioprio_get(2)`.
pub const IOPRIO_GET: usize = 252;
/// `inotify_init(2)`.
pub const INOTIFY_INIT: usize = 253;
/// `inotify_add_watch(2)`.
pub const INOTIFY_ADD_WATCH: usize = 254;
/// `inotify_rm_watch(2)`.
pub const INOTIFY_RM_WATCH: usize = 255;
/// `migrate_pages(2)`.
pub const MIGRATE_PAGES: usize = 256;
/// `openat(2)`.
pub const OPENAT: usize = 257;
/// `mkdirat(2)`.
pub const MKDIRAT: usize = 258;
/// `mknodat(2)`.
pub const MKNODAT: usize = 259;
/// `fchownat(2)`.
pub const FCHOWNAT: usize = 260;
/// `futimesat(2)`.
pub const FUTIMESAT: usize = 261;
/// `newfstatat(2)`.
pub const NEWFSTATAT: usize = 262;
/// `unlinkat(2)`.
pub const UNLINKAT: usize = 263;
/// `renameat(2)`.
pub const RENAMEAT: usize = 264;
/// `linkat(2)`.
pub const LINKAT: usize = 265;
/// `symlinkat(2)`.
pub const SYMLINKAT: usize = 266;
/// `readlinkat(2)`.
pub const READLINKAT: usize = 267;
/// `fchmodat(2)`.
pub const FCHMODAT: usize = 268;
/// `faccessat(2)`.
pub const FACCESSAT: usize = 269;
/// `pselect6(2)`.
pub const PSELECT6: usize = 270;
/// `ppoll(2)`.
pub const PPOLL: usize = 271;
/// `unshare(2)`.
pub const UNSHARE: usize = 272;
/// `set_robust_list(2)`.
pub const SET_ROBUST_LIST: usize = 273;
/// `get_robust_list(2)`.
pub const GET_ROBUST_LIST: usize = 274;
/// `splice(2)`.
pub const SPLICE: usize = 275;
/// `tee(2)`.
pub const TEE: usize = 276;
/// `sync_file_range(2)`.
pub const SYNC_FILE_RANGE: usize = 277;
/// `vmsplice(2)`.
pub const VMSPLICE: usize = 278;
/// `move_pages(2)`.
pub const MOVE_PAGES: usize = 279;
/// `utimensat(2)`.
pub const UTIMENSAT: usize = 280;
/// `epoll_pwait(2)`.
pub const EPOLL_PWAIT: usize = 281;
/// `signalfd(2)`.
pub const SIGNALFD: usize = 282;
/// `timerfd_create(2)`.
pub const TIMERFD_CREATE: usize = 283;
/// `eventfd(2)`.
pub const EVENTFD: usize = 284;
/// `fallocate(2)`.
pub const FALLOCATE: usize = 285;
/// `timerfd_settime(2)`.
pub const TIMERFD_SETTIME: usize = 286;
/// `timerfd_gettime(2)`.
pub const TIMERFD_GETTIME: usize = 287;
/// `accept4(2)`.
pub const ACCEPT4: usize = 288;
/// `signalfd4(2)`.
pub const SIGNALFD4: usize = 289;
/// `eventfd2(2)`.
pub const EVENTFD2: usize = 290;
/// `epoll_create1(2)`.
pub const EPOLL_CREATE1: usize = 291;
/// `dup3(2)`.
pub const DUP3: usize = 292;
/// `pipe2(2)`.
pub const PIPE2: usize = 293;
/// `inotify_init1(2)`.
pub const INOTIFY_INIT1: usize = 294;
/// `preadv(2)`.
pub const PREADV: usize = 295;
/// `pwritev(2)`.
pub const PWRITEV: usize = 296;
/// `rt_tgsigqueueinfo(2)`.
pub const RT_TGSIGQUEUEINFO: usize = 297;
/// `perf_event_open(2)`.
pub const PERF_EVENT_OPEN: usize = 298;
/// `recvmmsg(2)`.
pub const RECVMMSG: usize = 299;
/// `fanotify_init(2)`.
pub const FANOTIFY_INIT: usize = 300;
/// `fanotify_mark(2)`.
pub const FANOTIFY_MARK: usize = 301;
/// `prlimit64(2)`.
pub const PRLIMIT64: usize = 302;
/// `name_to_handle_at(2)`.
pub const NAME_TO_HANDLE_AT: usize = 303;
/// `open_by_handle_at(2)`.
pub const OPEN_BY_HANDLE_AT: usize = 304;
/// `clock_adjtime(2)`.
pub const CLOCK_ADJTIME: usize = 305;
/// `syncfs(2)`.
pub const SYNCFS: usize = 306;
/// `sendmmsg(2)`.
pub const SENDMMSG: usize = 307;
/// `setns(2)`.
pub const SETNS: usize = 308;
/// `getcpu(2)`.
pub const GETCPU: usize = 309;
/// `process_vm_readv(2)`.
pub const PROCESS_VM_READV: usize = 310;
/// `process_vm_writev(2)`.
pub const PROCESS_VM_WRITEV: usize = 311;
/// `kcmp(2)`.
pub const KCMP: usize = 312;
/// `finit_module(2)`.
pub const FINIT_MODULE: usize = 313;
/// `sched_setattr(2)`.
pub const SCHED_SETATTR: usize = 314;
/// `sched_getattr(2)`.
pub const SCHED_GETATTR: usize = 315;
/// `renameat2(2)`.
pub const RENAMEAT2: usize = 316;
/// `seccomp(2)`.
pub const SECCOMP: usize = 317;
/// `getrandom(2)`.
pub const GETRANDOM: usize = 318;
/// `memfd_create(2)`.
pub const MEMFD_CREATE: usize = 319;
/// `kexec_file_load(2)`.
pub const KEXEC_FILE_LOAD: usize = 320;
/// `bpf(2)`.
pub const BPF: usize = 321;
/// `execveat(2)`.
pub const EXECVEAT: usize = 322;
/// `userfaultfd(2)`.
pub const USERFAULTFD: usize = 323;
/// `membarrier(2)`.
pub const MEMBARRIER: usize = 324;
/// `mlock2(2)`.
pub const MLOCK2: usize = 325;
/// `copy_file_range(2)`.
pub const COPY_FILE_RANGE: usize = 326;
/// `preadv2(2)`.
pub const PREADV2: usize = 327;
/// `pwritev2(2)`.
pub const PWRITEV2: usize = 328;
/// `pkey_mprotect(2)`.
pub const PKEY_MPROTECT: usize = 329;
/// `pkey_alloc(2)`.
pub const PKEY_ALLOC: usize = 330;
/// `pkey_free(2)`.
pub const PKEY_FREE: usize = 331;
/// `statx(2)`.
pub const STATX: usize = 332;
/// `io_pgetevents(2)`.
pub const IO_PGETEVENTS: usize = 333;
/// `rseq(2)`.
pub const RSEQ: usize = 334;
/// `uretprobe(2)`.
pub const URETPROBE: usize = 335;
/// `uprobe(2)`.
pub const UPROBE: usize = 336;
/// `pidfd_send_signal(2)`.
pub const PIDFD_SEND_SIGNAL: usize = 424;
/// `io_uring_setup(2)`.
pub const IO_URING_SETUP: usize = 425;
/// `io_uring_enter(2)`.
pub const IO_URING_ENTER: usize = 426;
/// `io_uring_register(2)`.
pub const IO_URING_REGISTER: usize = 427;
/// `open_tree(2)`.
pub const OPEN_TREE: usize = 428;
/// `move_mount(2)`.
pub const MOVE_MOUNT: usize = 429;
/// `fsopen(2)`.
pub const FSOPEN: usize = 430;
/// `fsconfig(2)`.
pub const FSCONFIG: usize = 431;
/// `fsmount(2)`.
pub const FSMOUNT: usize = 432;
/// `fspick(2)`.
pub const FSPICK: usize = 433;
/// `pidfd_open(2)`.
pub const PIDFD_OPEN: usize = 434;
/// `clone3(2)`.
pub const CLONE3: usize = 435;
/// `close_range(2)`.
pub const CLOSE_RANGE: usize = 436;
/// `openat2(2)`.
pub const OPENAT2: usize = 437;
/// `pidfd_getfd(2)`.
pub const PIDFD_GETFD: usize = 438;
/// `faccessat2(2)`.
pub const FACCESSAT2: usize = 439;
/// `process_madvise(2)`.
pub const PROCESS_MADVISE: usize = 440;
/// `epoll_pwait2(2)`.
pub const EPOLL_PWAIT2: usize = 441;
/// `mount_setattr(2)`.
pub const MOUNT_SETATTR: usize = 442;
/// `quotactl_fd(2)`.
pub const QUOTACTL_FD: usize = 443;
/// `landlock_create_ruleset(2)`.
pub const LANDLOCK_CREATE_RULESET: usize = 444;
/// `landlock_add_rule(2)`.
pub const LANDLOCK_ADD_RULE: usize = 445;
/// `landlock_restrict_self(2)`.
pub const LANDLOCK_RESTRICT_SELF: usize = 446;
/// `memfd_secret(2)`.
pub const MEMFD_SECRET: usize = 447;
/// `process_mrelease(2)`.
pub const PROCESS_MRELEASE: usize = 448;
/// `futex_waitv(2)`.
pub const FUTEX_WAITV: usize = 449;
/// `set_mempolicy_home_node(2)`.
pub const SET_MEMPOLICY_HOME_NODE: usize = 450;
/// `cachestat(2)`.
pub const CACHESTAT: usize = 451;
/// `fchmodat2(2)`.
pub const FCHMODAT2: usize = 452;
/// `map_shadow_stack(2)`.
pub const MAP_SHADOW_STACK: usize = 453;
/// `futex_wake(2)`.
pub const FUTEX_WAKE: usize = 454;
/// `futex_wait(2)`.
pub const FUTEX_WAIT: usize = 455;
/// `futex_requeue(2)`.
pub const FUTEX_REQUEUE: usize = 456;
/// `statmount(2)`.
pub const STATMOUNT: usize = 457;
/// `listmount(2)`.
pub const LISTMOUNT: usize = 458;
/// `lsm_get_self_attr(2)`.
pub const LSM_GET_SELF_ATTR: usize = 459;
/// `lsm_set_self_attr(2)`.
pub const LSM_SET_SELF_ATTR: usize = 460;
/// `lsm_list_modules(2)`.
pub const LSM_LIST_MODULES: usize = 461;
/// `mseal(2)`.
pub const MSEAL: usize = 462;
/// `setxattrat(2)`.
pub const SETXATTRAT: usize = 463;
/// `getxattrat(2)`.
pub const GETXATTRAT: usize = 464;
/// `listxattrat(2)`.
pub const LISTXATTRAT: usize = 465;
/// `removexattrat(2)`.
pub const REMOVEXATTRAT: usize = 466;
/// `open_tree_attr(2)`.
pub const OPEN_TREE_ATTR: usize = 467;
/// `file_getattr(2)`.
pub const FILE_GETATTR: usize = 468;
/// `file_setattr(2)`.
pub const FILE_SETATTR: usize = 469;

//! What the arguments of calls look like: enough to know which of the guest's memory belongs to a
//! record, and how it is printed. The dispatch table says the kind of each argument; here stands, by
//! call and argument, what more there is to know.

use abi::arg::ArgKind;
use abi::nr::{self, LIMIT};
use syscalls::table::TABLE;

/// A set of names for values or flags; the printer has them.
#[allow(
    missing_docs,
    reason = "each says by its name which call or structure it belongs to"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    AccessMode,
    AccessFlags,
    AddressFamily,
    ArchPrctl,
    CloneFlags,
    CloseRange,
    EpollCreate,
    EpollOp,
    EventFd,
    Fadvise,
    Fallocate,
    Fcntl,
    FdFlags,
    Flock,
    FutexOp,
    GetRandom,
    InotifyInit,
    InotifyMask,
    Itimer,
    Ioctl,
    Madvise,
    MemfdCreate,
    Mlockall,
    Mremap,
    Msg,
    Msync,
    OpenResolve,
    Pipe,
    Prctl,
    Priority,
    Rename,
    Resource,
    RtSigHow,
    RusageWho,
    Scheduler,
    SendFlags,
    Shutdown,
    SigaltFlags,
    SignalFd,
    SocketLevel,
    SocketOption,
    SocketType,
    SpliceFlags,
    StatxFlags,
    StatxMask,
    SyncFileRange,
    TimerFdCreate,
    TimerSetTime,
    Umount,
    Unlink,
    WaitOptions,
    Whence,
    XattrFlags,
    Accept,
    MountFlags,
    WaitIdType,
    Shmget,
    Seccomp,
    Membarrier,
    KcmpType,
    Personality,
    PidfdOpen,
}

/// A structure of the kernel's interface; the printer knows its fields.
#[allow(missing_docs, reason = "each is called as its structure is in C")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Int,
    Uint,
    Long,
    Word,
    Offset,
    IntPair,
    Stat,
    Statx,
    Statfs,
    Utsname,
    Timespec,
    TimespecPair,
    Timeval,
    TimevalPair,
    Timezone,
    Itimerval,
    Itimerspec,
    Rlimit,
    Rusage,
    Sysinfo,
    SigSet,
    SigAction,
    SigInfo,
    StackT,
    PollFd,
    EpollEvent,
    Flock,
    CloneArgs,
    OpenHow,
    WaitStatus,
    Tms,
    SchedParam,
    Utimbuf,
    FdSet,
    CpuSet,
    Pointer,
    Gid,
    Sembuf,
    CapHeader,
    CapData,
}

impl Form {
    /// Its size in bytes.
    #[must_use]
    pub const fn size(self) -> u16 {
        match self {
            Self::Int | Self::Uint | Self::WaitStatus | Self::SchedParam | Self::Gid => 4,
            Self::Long
            | Self::Word
            | Self::Offset
            | Self::IntPair
            | Self::SigSet
            | Self::PollFd
            | Self::Pointer
            | Self::Timezone
            | Self::CapHeader => 8,
            Self::EpollEvent => 12,
            Self::Sembuf => 6,
            Self::Timespec | Self::Timeval | Self::Rlimit | Self::Utimbuf => 16,
            Self::StackT | Self::OpenHow | Self::CapData => 24,
            Self::TimespecPair
            | Self::TimevalPair
            | Self::Itimerval
            | Self::Itimerspec
            | Self::SigAction
            | Self::Flock
            | Self::Tms => 32,
            Self::SigInfo => 48,
            Self::CloneArgs => 88,
            Self::Sysinfo => 112,
            Self::Statfs => 120,
            Self::FdSet | Self::CpuSet => 128,
            Self::Stat | Self::Rusage => 144,
            Self::Statx => 256,
            Self::Utsname => 390,
        }
    }
}

/// When the guest's memory is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Before the call.
    In,
    /// After it, when it succeeded.
    Out,
    /// Both.
    Both,
}

/// What an argument looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// What the dispatch table says.
    Kind(ArgKind),
    /// It means nothing, and is not printed.
    Hidden,
    /// An address, or another number in hexadecimal.
    Hex,
    /// A number in octal.
    Octal,
    /// A decimal number of 64 bits with a sign.
    Signed,
    /// Permissions, printed where the flags in that argument make a file.
    ModeWith(u8),
    /// A bit set.
    Flags(Names),
    /// One of several values.
    Value(Names),
    /// A protocol of the address family in argument 0.
    Protocol,
    /// A device's number.
    Device,
    /// Bytes, as many as that argument says.
    Bytes(u8),
    /// Bytes, as many as the result says.
    Filled,
    /// Likewise, of no text at all.
    Random,
    /// A path that the call writes, as long as the result says.
    FilledPath,
    /// A path that the call writes, and that ends with a null byte.
    Written,
    /// Entries of a directory.
    Entries,
    /// A structure.
    Struct(Form, Way),
    /// As many structures as that argument says.
    Array(Form, u8, Way),
    /// As many structures as the result says.
    Results(Form),
    /// Strings, to a null pointer.
    Strings,
    /// Likewise; only their number is printed.
    Variables,
    /// An iovec, as long as that argument says, of bytes that the call reads.
    Gather(u8),
    /// Likewise, of bytes that it writes.
    Scatter(u8),
    /// A message and its parts, sent.
    Sent,
    /// A message and its parts, received.
    Received,
    /// A socket address as long as that argument says.
    Address(u8),
    /// A socket address, with its length where that argument leads to.
    AddressOut(u8),
    /// The argument of fcntl(2).
    FcntlArgument,
    /// That of ioctl(2).
    IoctlArgument,
    /// That of prctl(2).
    PrctlArgument,
    /// The value of a socket option, of a length in argument 4.
    OptionValue(Way),
    /// The timeout of futex(2), or its other number.
    FutexTimeout,
    /// Not printed unless the operation of futex(2) takes it.
    FutexRest,
    /// The thread's number that clone(2) writes.
    CloneWord(u32),
}

use ArgKind as K;
use Form as F;
use Names as N;
use Shape::{
    Address, AddressOut, Array, Bytes, Device, Entries, FcntlArgument, Filled, FilledPath, Flags,
    FutexRest, FutexTimeout, Gather, Hex, Hidden, IoctlArgument, Kind, ModeWith, Octal,
    OptionValue, PrctlArgument, Random, Received, Results, Scatter, Sent, Signed, Strings, Struct,
    Value, Variables, Written,
};
use Way::{Both, In, Out};

/// What the table does not say: call, argument, shape.
const MORE: &[(usize, usize, Shape)] = &[
    (nr::READ, 1, Filled),
    (nr::WRITE, 1, Bytes(2)),
    (nr::OPEN, 2, ModeWith(1)),
    (nr::STAT, 1, Struct(F::Stat, Out)),
    (nr::FSTAT, 1, Struct(F::Stat, Out)),
    (nr::LSTAT, 1, Struct(F::Stat, Out)),
    (nr::POLL, 0, Array(F::PollFd, 1, Both)),
    (nr::LSEEK, 2, Value(N::Whence)),
    (nr::MMAP, 4, Kind(K::Fd)),
    (nr::MMAP, 5, Hex),
    (nr::BRK, 0, Kind(K::Ptr)),
    (nr::RT_SIGACTION, 1, Struct(F::SigAction, In)),
    (nr::RT_SIGACTION, 2, Struct(F::SigAction, Out)),
    (nr::RT_SIGPROCMASK, 0, Value(N::RtSigHow)),
    (nr::RT_SIGPROCMASK, 1, Struct(F::SigSet, In)),
    (nr::RT_SIGPROCMASK, 2, Struct(F::SigSet, Out)),
    (nr::IOCTL, 1, Value(N::Ioctl)),
    (nr::IOCTL, 2, IoctlArgument),
    (nr::PREAD64, 1, Filled),
    (nr::PWRITE64, 1, Bytes(2)),
    (nr::READV, 1, Scatter(2)),
    (nr::WRITEV, 1, Gather(2)),
    (nr::PREADV, 1, Scatter(2)),
    (nr::PREADV, 4, Hidden),
    (nr::PWRITEV, 1, Gather(2)),
    (nr::PWRITEV, 4, Hidden),
    (nr::ACCESS, 1, Flags(N::AccessMode)),
    (nr::PIPE, 0, Struct(F::IntPair, Out)),
    (nr::SELECT, 1, Struct(F::FdSet, Both)),
    (nr::SELECT, 2, Struct(F::FdSet, Both)),
    (nr::SELECT, 3, Struct(F::FdSet, Both)),
    (nr::SELECT, 4, Struct(F::Timeval, In)),
    (nr::MREMAP, 3, Flags(N::Mremap)),
    (nr::MREMAP, 4, Hex),
    (nr::MSYNC, 2, Flags(N::Msync)),
    (nr::MADVISE, 2, Value(N::Madvise)),
    (nr::SHMGET, 2, Flags(N::Shmget)),
    (nr::NANOSLEEP, 0, Struct(F::Timespec, In)),
    (nr::NANOSLEEP, 1, Hex),
    (nr::GETITIMER, 0, Value(N::Itimer)),
    (nr::GETITIMER, 1, Struct(F::Itimerval, Out)),
    (nr::SETITIMER, 0, Value(N::Itimer)),
    (nr::SETITIMER, 1, Struct(F::Itimerval, In)),
    (nr::SETITIMER, 2, Struct(F::Itimerval, Out)),
    (nr::SENDFILE, 2, Struct(F::Offset, In)),
    (nr::SOCKET, 0, Value(N::AddressFamily)),
    (nr::SOCKET, 1, Value(N::SocketType)),
    (nr::SOCKET, 2, Shape::Protocol),
    (nr::CONNECT, 1, Address(2)),
    (nr::ACCEPT, 1, AddressOut(2)),
    (nr::ACCEPT, 2, Struct(F::Int, Out)),
    (nr::SENDTO, 1, Bytes(2)),
    (nr::SENDTO, 3, Flags(N::Msg)),
    (nr::SENDTO, 4, Address(5)),
    (nr::RECVFROM, 1, Filled),
    (nr::RECVFROM, 3, Flags(N::Msg)),
    (nr::RECVFROM, 4, AddressOut(5)),
    (nr::RECVFROM, 5, Struct(F::Int, Both)),
    (nr::SENDMSG, 1, Sent),
    (nr::SENDMSG, 2, Flags(N::Msg)),
    (nr::RECVMSG, 1, Received),
    (nr::RECVMSG, 2, Flags(N::Msg)),
    (nr::SHUTDOWN, 1, Value(N::Shutdown)),
    (nr::BIND, 1, Address(2)),
    (nr::GETSOCKNAME, 1, AddressOut(2)),
    (nr::GETSOCKNAME, 2, Struct(F::Int, Both)),
    (nr::GETPEERNAME, 1, AddressOut(2)),
    (nr::GETPEERNAME, 2, Struct(F::Int, Both)),
    (nr::SOCKETPAIR, 0, Value(N::AddressFamily)),
    (nr::SOCKETPAIR, 1, Value(N::SocketType)),
    (nr::SOCKETPAIR, 2, Shape::Protocol),
    (nr::SOCKETPAIR, 3, Struct(F::IntPair, Out)),
    (nr::SETSOCKOPT, 1, Value(N::SocketLevel)),
    (nr::SETSOCKOPT, 2, Value(N::SocketOption)),
    (nr::SETSOCKOPT, 3, OptionValue(In)),
    (nr::GETSOCKOPT, 1, Value(N::SocketLevel)),
    (nr::GETSOCKOPT, 2, Value(N::SocketOption)),
    (nr::GETSOCKOPT, 3, OptionValue(Out)),
    (nr::GETSOCKOPT, 4, Struct(F::Int, Out)),
    (nr::EXECVE, 1, Strings),
    (nr::EXECVE, 2, Variables),
    (nr::EXECVEAT, 2, Strings),
    (nr::EXECVEAT, 3, Variables),
    (nr::WAIT4, 1, Struct(F::WaitStatus, Out)),
    (nr::WAIT4, 2, Flags(N::WaitOptions)),
    (nr::WAIT4, 3, Struct(F::Rusage, Out)),
    (nr::WAITID, 0, Value(N::WaitIdType)),
    (nr::WAITID, 2, Struct(F::SigInfo, Out)),
    (nr::WAITID, 3, Flags(N::WaitOptions)),
    (nr::WAITID, 4, Struct(F::Rusage, Out)),
    (nr::UNAME, 0, Struct(F::Utsname, Out)),
    (nr::FCNTL, 1, Value(N::Fcntl)),
    (nr::FCNTL, 2, FcntlArgument),
    (nr::FLOCK, 1, Flags(N::Flock)),
    (nr::GETDENTS, 1, Entries),
    (nr::GETDENTS64, 1, Entries),
    (nr::GETCWD, 0, Written),
    (nr::READLINK, 1, FilledPath),
    (nr::READLINKAT, 2, FilledPath),
    (nr::UMASK, 0, Octal),
    (nr::GETTIMEOFDAY, 0, Struct(F::Timeval, Out)),
    (nr::GETTIMEOFDAY, 1, Struct(F::Timezone, Out)),
    (nr::GETRLIMIT, 0, Value(N::Resource)),
    (nr::GETRLIMIT, 1, Struct(F::Rlimit, Out)),
    (nr::SETRLIMIT, 0, Value(N::Resource)),
    (nr::SETRLIMIT, 1, Struct(F::Rlimit, In)),
    (nr::PRLIMIT64, 1, Value(N::Resource)),
    (nr::PRLIMIT64, 2, Struct(F::Rlimit, In)),
    (nr::PRLIMIT64, 3, Struct(F::Rlimit, Out)),
    (nr::GETRUSAGE, 0, Value(N::RusageWho)),
    (nr::GETRUSAGE, 1, Struct(F::Rusage, Out)),
    (nr::SYSINFO, 0, Struct(F::Sysinfo, Out)),
    (nr::TIMES, 0, Struct(F::Tms, Out)),
    (nr::GETGROUPS, 1, Results(F::Gid)),
    (nr::SETGROUPS, 1, Array(F::Gid, 0, In)),
    (nr::GETRESUID, 0, Struct(F::Int, Out)),
    (nr::GETRESUID, 1, Struct(F::Int, Out)),
    (nr::GETRESUID, 2, Struct(F::Int, Out)),
    (nr::GETRESGID, 0, Struct(F::Int, Out)),
    (nr::GETRESGID, 1, Struct(F::Int, Out)),
    (nr::GETRESGID, 2, Struct(F::Int, Out)),
    (nr::RT_SIGPENDING, 0, Struct(F::SigSet, Out)),
    (nr::RT_SIGTIMEDWAIT, 0, Struct(F::SigSet, In)),
    (nr::RT_SIGTIMEDWAIT, 1, Struct(F::SigInfo, Out)),
    (nr::RT_SIGTIMEDWAIT, 2, Struct(F::Timespec, In)),
    (nr::RT_SIGSUSPEND, 0, Struct(F::SigSet, In)),
    (nr::SIGALTSTACK, 0, Struct(F::StackT, In)),
    (nr::SIGALTSTACK, 1, Struct(F::StackT, Out)),
    (nr::UTIME, 1, Struct(F::Utimbuf, In)),
    (nr::MKNOD, 2, Device),
    (nr::MKNODAT, 3, Device),
    (nr::STATFS, 1, Struct(F::Statfs, Out)),
    (nr::FSTATFS, 1, Struct(F::Statfs, Out)),
    (nr::GETPRIORITY, 0, Value(N::Priority)),
    (nr::SETPRIORITY, 0, Value(N::Priority)),
    (nr::SCHED_GETPARAM, 1, Struct(F::SchedParam, Out)),
    (nr::SCHED_SETSCHEDULER, 1, Value(N::Scheduler)),
    (nr::SCHED_SETSCHEDULER, 2, Struct(F::SchedParam, In)),
    (nr::SCHED_GET_PRIORITY_MAX, 0, Value(N::Scheduler)),
    (nr::SCHED_GET_PRIORITY_MIN, 0, Value(N::Scheduler)),
    (nr::MLOCKALL, 0, Flags(N::Mlockall)),
    (nr::PRCTL, 0, Value(N::Prctl)),
    (nr::PRCTL, 1, PrctlArgument),
    (nr::PRCTL, 2, PrctlArgument),
    (nr::PRCTL, 3, PrctlArgument),
    (nr::PRCTL, 4, PrctlArgument),
    (nr::ARCH_PRCTL, 0, Value(N::ArchPrctl)),
    (nr::ARCH_PRCTL, 1, Hex),
    (nr::PERSONALITY, 0, Value(N::Personality)),
    (nr::MOUNT, 0, Kind(K::Path)),
    (nr::MOUNT, 2, Kind(K::Path)),
    (nr::MOUNT, 3, Flags(N::MountFlags)),
    (nr::UMOUNT2, 1, Flags(N::Umount)),
    (nr::TIME, 0, Struct(F::Long, Out)),
    (nr::FUTEX, 1, Value(N::FutexOp)),
    (nr::FUTEX, 2, Kind(K::Int)),
    (nr::FUTEX, 3, FutexTimeout),
    (nr::FUTEX, 4, FutexRest),
    (nr::FUTEX, 5, FutexRest),
    (nr::SCHED_SETAFFINITY, 2, Struct(F::CpuSet, In)),
    (nr::SCHED_GETAFFINITY, 2, Results(F::CpuSet)),
    (nr::EPOLL_WAIT, 1, Results(F::EpollEvent)),
    (nr::EPOLL_PWAIT, 1, Results(F::EpollEvent)),
    (nr::EPOLL_PWAIT, 4, Struct(F::SigSet, In)),
    (nr::EPOLL_CTL, 1, Value(N::EpollOp)),
    (nr::EPOLL_CTL, 3, Struct(F::EpollEvent, In)),
    (nr::EPOLL_CREATE1, 0, Flags(N::EpollCreate)),
    (nr::FADVISE64, 3, Value(N::Fadvise)),
    (nr::TIMER_SETTIME, 1, Flags(N::TimerSetTime)),
    (nr::TIMER_SETTIME, 2, Struct(F::Itimerspec, In)),
    (nr::TIMER_SETTIME, 3, Struct(F::Itimerspec, Out)),
    (nr::TIMER_GETTIME, 1, Struct(F::Itimerspec, Out)),
    (nr::CLOCK_SETTIME, 1, Struct(F::Timespec, In)),
    (nr::CLOCK_GETTIME, 1, Struct(F::Timespec, Out)),
    (nr::CLOCK_GETRES, 1, Struct(F::Timespec, Out)),
    (nr::CLOCK_NANOSLEEP, 1, Flags(N::TimerSetTime)),
    (nr::CLOCK_NANOSLEEP, 2, Struct(F::Timespec, In)),
    (nr::CLOCK_NANOSLEEP, 3, Hex),
    (nr::UTIMES, 1, Struct(F::TimevalPair, In)),
    (nr::FUTIMESAT, 2, Struct(F::TimevalPair, In)),
    (nr::UTIMENSAT, 2, Struct(F::TimespecPair, In)),
    (nr::INOTIFY_ADD_WATCH, 2, Flags(N::InotifyMask)),
    (nr::INOTIFY_INIT1, 0, Flags(N::InotifyInit)),
    (nr::OPENAT, 3, ModeWith(2)),
    (nr::NEWFSTATAT, 2, Struct(F::Stat, Out)),
    (nr::UNLINKAT, 2, Flags(N::Unlink)),
    (nr::FACCESSAT, 2, Flags(N::AccessMode)),
    (nr::FACCESSAT2, 2, Flags(N::AccessMode)),
    (nr::FACCESSAT2, 3, Flags(N::AccessFlags)),
    (nr::PSELECT6, 1, Struct(F::FdSet, Both)),
    (nr::PSELECT6, 2, Struct(F::FdSet, Both)),
    (nr::PSELECT6, 3, Struct(F::FdSet, Both)),
    (nr::PSELECT6, 4, Struct(F::Timespec, In)),
    (nr::PPOLL, 0, Array(F::PollFd, 1, Both)),
    (nr::PPOLL, 2, Struct(F::Timespec, In)),
    (nr::PPOLL, 3, Struct(F::SigSet, In)),
    (nr::SPLICE, 1, Struct(F::Offset, In)),
    (nr::SPLICE, 3, Struct(F::Offset, In)),
    (nr::SPLICE, 5, Flags(N::SpliceFlags)),
    (nr::TEE, 3, Flags(N::SpliceFlags)),
    (nr::SYNC_FILE_RANGE, 3, Flags(N::SyncFileRange)),
    (nr::VMSPLICE, 1, Gather(2)),
    (nr::VMSPLICE, 3, Flags(N::SpliceFlags)),
    (nr::SIGNALFD, 1, Struct(F::SigSet, In)),
    (nr::SIGNALFD4, 1, Struct(F::SigSet, In)),
    (nr::SIGNALFD4, 3, Flags(N::SignalFd)),
    (nr::TIMERFD_CREATE, 1, Flags(N::TimerFdCreate)),
    (nr::EVENTFD2, 1, Flags(N::EventFd)),
    (nr::FALLOCATE, 1, Flags(N::Fallocate)),
    (nr::TIMERFD_SETTIME, 1, Flags(N::TimerSetTime)),
    (nr::TIMERFD_SETTIME, 2, Struct(F::Itimerspec, In)),
    (nr::TIMERFD_SETTIME, 3, Struct(F::Itimerspec, Out)),
    (nr::TIMERFD_GETTIME, 1, Struct(F::Itimerspec, Out)),
    (nr::ACCEPT4, 1, AddressOut(2)),
    (nr::ACCEPT4, 2, Struct(F::Int, Both)),
    (nr::ACCEPT4, 3, Flags(N::Accept)),
    (nr::DUP3, 2, Flags(N::FdFlags)),
    (nr::PIPE2, 0, Struct(F::IntPair, Out)),
    (nr::PIPE2, 1, Flags(N::Pipe)),
    (nr::RENAMEAT2, 4, Flags(N::Rename)),
    (nr::SECCOMP, 0, Value(N::Seccomp)),
    (nr::GETRANDOM, 0, Random),
    (nr::GETRANDOM, 2, Flags(N::GetRandom)),
    (nr::MEMFD_CREATE, 1, Flags(N::MemfdCreate)),
    (nr::MEMBARRIER, 0, Value(N::Membarrier)),
    (nr::MEMBARRIER, 1, Hex),
    (nr::COPY_FILE_RANGE, 1, Struct(F::Offset, In)),
    (nr::COPY_FILE_RANGE, 3, Struct(F::Offset, In)),
    (nr::STATX, 2, Flags(N::StatxFlags)),
    (nr::STATX, 3, Flags(N::StatxMask)),
    (nr::STATX, 4, Struct(F::Statx, Out)),
    (nr::RSEQ, 1, Hex),
    (nr::RSEQ, 3, Hex),
    (nr::CLONE3, 0, Struct(F::CloneArgs, In)),
    (nr::CLOSE_RANGE, 2, Flags(N::CloseRange)),
    (nr::OPENAT2, 2, Struct(F::OpenHow, In)),
    (nr::PIDFD_OPEN, 1, Flags(N::PidfdOpen)),
    (nr::SETXATTR, 2, Bytes(3)),
    (nr::SETXATTR, 4, Flags(N::XattrFlags)),
    (nr::LSETXATTR, 2, Bytes(3)),
    (nr::LSETXATTR, 4, Flags(N::XattrFlags)),
    (nr::FSETXATTR, 2, Bytes(3)),
    (nr::FSETXATTR, 4, Flags(N::XattrFlags)),
    (nr::GETXATTR, 2, Filled),
    (nr::LGETXATTR, 2, Filled),
    (nr::FGETXATTR, 2, Filled),
    (nr::LISTXATTR, 1, Filled),
    (nr::LLISTXATTR, 1, Filled),
    (nr::FLISTXATTR, 1, Filled),
    (nr::MMAP, 0, Kind(K::Ptr)),
    (nr::CLONE, 0, Flags(N::CloneFlags)),
    (nr::SCHED_SETSCHEDULER, 0, Signed),
];

/// How many arguments each call has, and what they look like.
static SHAPES: [[Shape; 6]; LIMIT] = {
    let mut shapes = [[Hidden; 6]; LIMIT];
    let mut call = 0;
    while call < LIMIT {
        if let Some(row) = &TABLE[call] {
            let mut index = 0;
            while index < row.args.len() {
                shapes[call][index] = Kind(row.args[index].kind);
                index += 1;
            }
        }
        call += 1;
    }
    let mut index = 0;
    while index < MORE.len() {
        let (call, argument, shape) = MORE[index];
        shapes[call][argument] = shape;
        index += 1;
    }
    shapes
};

/// What the arguments of call `nr` look like.
#[must_use]
pub fn shapes(nr: usize) -> Option<&'static [Shape]> {
    let row = TABLE.get(nr)?.as_ref()?;
    SHAPES.get(nr)?.get(..row.args.len())
}

/// What of the guest's memory belongs to an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// Nothing.
    Nothing,
    /// A string: a path, whole.
    Path,
    /// A string, as much as is wanted of strings.
    Text,
    /// So many bytes.
    Fixed(u16, Way),
    /// As many bytes as that argument says, as much as is wanted of strings.
    Bytes(u8),
    /// As many bytes as the result says, as much as is wanted of strings.
    Filled,
    /// As many bytes as the result says, to [`MOST`].
    Result(u16),
    /// A string that was written.
    Written,
    /// So many elements of that size as that argument says, to [`MOST`] bytes.
    Elements(u16, u8, Way),
    /// As many bytes as that argument says, to [`MOST`].
    Sized(u8),
    /// As many bytes as the word says where that argument leads to.
    SizedOut(u8),
    /// Strings.
    Strings,
    /// Their number.
    Variables,
    /// An iovec, as long as that argument says, with what it leads to before the call, or after it.
    Vector(u8, Way),
    /// A message.
    Message(Way),
    /// Depends on the operation in argument 1.
    Fcntl,
    /// Depends on the request in argument 1.
    Ioctl,
    /// Depends on the operation in argument 0.
    Prctl,
    /// A word after the call.
    Option(Way),
    /// A time, if the operation in argument 1 waits.
    Futex,
    /// A descriptor, whose path may be wanted.
    Descriptor,
}

/// The longest piece, in bytes, strings and paths excepted.
pub const MOST: usize = 1024;

impl Capture {
    const fn of(shape: Shape) -> Self {
        match shape {
            Shape::Kind(ArgKind::Path) => Self::Path,
            Shape::Kind(ArgKind::Str) => Self::Text,
            Shape::Kind(ArgKind::Fd | ArgKind::DirFd) => Self::Descriptor,
            Shape::Bytes(length) => Self::Bytes(length),
            Shape::Filled | Shape::Random | Shape::FilledPath => Self::Filled,
            Shape::Written => Self::Written,
            Shape::Entries => Self::Result(1),
            Shape::Struct(form, way) => Self::Fixed(form.size(), way),
            Shape::Array(form, count, way) => Self::Elements(form.size(), count, way),
            Shape::Results(Form::CpuSet) => Self::Result(1),
            Shape::Results(form) => Self::Result(form.size()),
            Shape::Strings => Self::Strings,
            Shape::Variables => Self::Variables,
            Shape::Gather(count) => Self::Vector(count, In),
            Shape::Scatter(count) => Self::Vector(count, Out),
            Shape::Sent => Self::Message(In),
            Shape::Received => Self::Message(Out),
            Shape::Address(length) => Self::Sized(length),
            Shape::AddressOut(length) => Self::SizedOut(length),
            Shape::FcntlArgument => Self::Fcntl,
            Shape::IoctlArgument => Self::Ioctl,
            Shape::PrctlArgument => Self::Prctl,
            Shape::OptionValue(way) => Self::Option(way),
            Shape::FutexTimeout => Self::Futex,
            Shape::CloneWord(_)
            | Shape::Kind(_)
            | Shape::Hidden
            | Shape::Hex
            | Shape::Octal
            | Shape::Signed
            | Shape::ModeWith(_)
            | Shape::Flags(_)
            | Shape::Value(_)
            | Shape::Device
            | Shape::Protocol
            | Shape::FutexRest => Self::Nothing,
        }
    }
}

/// What is captured of each call: all that the brand's image has of the shapes.
static CAPTURES: [[Capture; 6]; LIMIT] = {
    let mut captures = [[Capture::Nothing; 6]; LIMIT];
    let mut call = 0;
    while call < LIMIT {
        let mut index = 0;
        while index < 6 {
            captures[call][index] = Capture::of(SHAPES[call][index]);
            index += 1;
        }
        call += 1;
    }
    captures
};

/// What of the guest's memory belongs to call `nr`.
#[inline]
#[must_use]
pub fn captures(nr: usize) -> &'static [Capture; 6] {
    static NOTHING: [Capture; 6] = [Capture::Nothing; 6];
    CAPTURES.get(nr).unwrap_or(&NOTHING)
}

#[cfg(test)]
mod tests {
    use super::{Capture, MORE, Shape, captures, shapes};
    use abi::nr;
    use std::collections::BTreeSet;
    use syscalls::table::row;

    #[test]
    fn what_is_said_is_about_arguments_that_there_are() {
        let mut seen = BTreeSet::new();
        for &(call, argument, shape) in MORE {
            let row = row(call).expect("there is a row");
            assert!(argument < row.args.len(), "{} {argument}", row.name);
            assert!(
                seen.insert((call, argument)),
                "{} {argument}: twice",
                row.name
            );
            if let Shape::Bytes(other)
            | Shape::Gather(other)
            | Shape::Scatter(other)
            | Shape::Array(_, other, _)
            | Shape::Address(other)
            | Shape::AddressOut(other)
            | Shape::ModeWith(other) = shape
            {
                assert!(usize::from(other) < row.args.len(), "{}", row.name);
                assert_ne!(usize::from(other), argument, "{}", row.name);
            }
        }
    }

    #[test]
    fn the_rest_is_what_the_table_says() {
        assert_eq!(shapes(nr::OPENAT).map(<[Shape]>::len), Some(4));
        assert_eq!(captures(nr::OPENAT)[1], Capture::Path);
        assert_eq!(captures(nr::WRITE)[1], Capture::Bytes(2));
        assert_eq!(captures(usize::MAX), &[Capture::Nothing; 6]);
        assert!(shapes(usize::MAX).is_none());
    }
}

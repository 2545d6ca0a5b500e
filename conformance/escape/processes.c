/* Processes outside: the host's target, zsched, and whoever else has a number. */
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static enum outcome open_of_process(const char *which, const char *name, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/%s", text(which), name);
    return told(MAKE(SYS_openat, AT_FDCWD, path, flags));
}

static enum outcome environment_of_process(void)
{
    return open_of_process("host.pid", "environ", O_RDONLY);
}

static enum outcome memory_of_process(void)
{
    return open_of_process("host.pid", "mem", O_RDWR);
}

static enum outcome root_of_process(void)
{
    return open_of_process("host.pid", "root", O_RDONLY | O_DIRECTORY);
}

static enum outcome process_by_hidden_proc(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/status", text("host.pid"));
    return told(MAKE(SYS_openat, reserved(PROC), path, O_RDONLY));
}

static enum outcome sysctl(const char *path)
{
    return told(MAKE(SYS_openat, AT_FDCWD, path, O_WRONLY));
}

static enum outcome core_pattern(void)
{
    return sysctl("/proc/sys/kernel/core_pattern");
}

static enum outcome sysrq(void)
{
    return sysctl("/proc/sysrq-trigger");
}

static enum outcome kernel_core(void)
{
    return told(MAKE(SYS_openat, AT_FDCWD, "/proc/kcore", O_RDONLY));
}

static enum outcome sysctl_by_hidden_proc(void)
{
    return told(MAKE(SYS_openat, reserved(PROC), "sys/kernel/core_pattern", O_RDONLY));
}

static enum outcome write_sys(void)
{
    return sysctl("/sys/kernel/mm/transparent_hugepage/enabled");
}

/* ---- Signals. */

static enum outcome kill_process(void)
{
    return told(MAKE(SYS_kill, number("host.pid"), SIGUSR1));
}

static enum outcome kill_group(void)
{
    return told(MAKE(SYS_kill, -number("host.pid"), SIGUSR1));
}

static enum outcome kill_all(void)
{
    signal(SIGUSR2, SIG_IGN);
    return seen_outside(MAKE(SYS_kill, -1, SIGUSR2));
}

static enum outcome kill_thread(void)
{
    return told(MAKE(SYS_tgkill, number("host.pid"), number("host.pid"), SIGUSR1));
}

static enum outcome queue_signal(void)
{
    siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
    return told(MAKE(SYS_rt_sigqueueinfo, number("host.pid"), SIGUSR1, &info));
}

static enum outcome signal_by_pidfd(void)
{
    long fd = STEP(MAKE(SYS_pidfd_open, number("host.pid"), 0));
    return told(MAKE(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
}

static enum outcome signal_by_owner(void)
{
    int ends[2];
    pipe(ends);
    long result = MAKE(SYS_fcntl, ends[0], F_SETOWN, number("host.pid"));
    if (!number("bare"))
        return told(result);
    /* It can be the owner, but no signal may reach it. */
    fcntl(ends[0], F_SETFL, O_ASYNC);
    write(ends[1], "x", 1);
    return seen_outside(result);
}

/* The socket knows zsched's process. */
static long pidfd_of_zsched(void)
{
    int fd = -1;
    socklen_t length = sizeof fd;
    long result = MAKE(SYS_getsockopt, reserved(ZSCHED), SOL_SOCKET, SO_PEERPIDFD, &fd, &length);
    return result < 0 ? result : fd;
}

static enum outcome signal_zsched(void)
{
    long fd = STEP(pidfd_of_zsched());
    return told(MAKE(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0));
}

static enum outcome descriptor_of_zsched(void)
{
    long fd = STEP(pidfd_of_zsched());
    return told(MAKE(SYS_pidfd_getfd, fd, 0, 0));
}

static enum outcome namespace_of_zsched(void)
{
    long fd = STEP(pidfd_of_zsched());
    /* PIDFD_GET_MNT_NAMESPACE */
    return told(MAKE(SYS_ioctl, fd, 0xff03, 0));
}

static enum outcome enter_zsched(void)
{
    long fd = STEP(pidfd_of_zsched());
    return told(MAKE(SYS_setns, fd, CLONE_NEWNS));
}

/* ---- What else takes the number of a process. */

static enum outcome trace_process(void)
{
    return told(MAKE(SYS_ptrace, PTRACE_SEIZE, number("host.pid"), 0, 0));
}

/* Its memory cannot be protected from tracing where tracing is open at all. */
static enum outcome trace_self(void)
{
    return told(MAKE(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
}

static enum outcome read_memory(void)
{
    long word = 0;
    struct iovec local = {&word, sizeof word};
    struct iovec remote = {(void *)number("host.address"), sizeof word};
    return told(MAKE(SYS_process_vm_readv, number("host.pid"), &local, 1, &remote, 1, 0));
}

static enum outcome write_memory(void)
{
    long word = 1;
    struct iovec local = {&word, sizeof word};
    struct iovec remote = {(void *)number("host.address"), sizeof word};
    return told(MAKE(SYS_process_vm_writev, number("host.pid"), &local, 1, &remote, 1, 0));
}

static enum outcome limits_of_process(void)
{
    struct rlimit limit;
    return told(MAKE(SYS_prlimit64, number("host.pid"), RLIMIT_CORE, NULL, &limit));
}

static enum outcome priority_of_process(void)
{
    return told(MAKE(SYS_setpriority, PRIO_PROCESS, number("host.pid"), 5));
}

static enum outcome priority_of_user(void)
{
    return seen_outside(MAKE(SYS_setpriority, PRIO_USER, getuid(), 6));
}

static enum outcome processors_of_process(void)
{
    unsigned long all = ~0UL;
    return told(MAKE(SYS_sched_setaffinity, number("host.pid"), sizeof all, &all));
}

static enum outcome pages_of_process(void)
{
    void *page = (void *)(number("host.address") & ~0xfffL);
    int status = 0;
    return told(MAKE(SYS_move_pages, number("host.pid"), 1, &page, NULL, &status, 0));
}

static enum outcome advise_process(void)
{
    long fd = STEP(MAKE(SYS_pidfd_open, number("host.pid"), 0));
    struct iovec range = {(void *)(number("host.address") & ~0xfffL), 4096};
    return told(MAKE(SYS_process_madvise, fd, &range, 1, MADV_COLD, 0));
}

static enum outcome compare_process(void)
{
    return told(MAKE(SYS_kcmp, number("host.pid"), getpid(), 1 /* KCMP_VM */, 0, 0));
}

static const struct attempt PROCESSES[] = {
    {"read the environment of a host process", "pid namespace", environment_of_process, 0, NULL},
    {"open the memory of a host process", "pid namespace", memory_of_process, 0, NULL},
    {"open the root of a host process", "pid namespace", root_of_process, 0, NULL},
    {"see a host process in the brand's /proc", "pid namespace", process_by_hidden_proc, 0, NULL},
    {"open core_pattern for writing", "read-only placeholder", core_pattern, 0, NULL},
    {"open sysrq-trigger for writing", "placeholder", sysrq, 0, "not every kernel has it"},
    {"read the kernel's memory by /proc/kcore", "placeholder", kernel_core, 0,
     "not every kernel has it"},
    {"reach sysctls by the brand's /proc", "procfs of processes only", sysctl_by_hidden_proc, 0,
     NULL},
    {"write to /sys", "a /sys of its own", write_sys, 0, "not every kernel has the entry"},
    {"signal a host process", "pid namespace", kill_process, 0, NULL},
    {"signal a host process group", "pid namespace", kill_group, 0, NULL},
    {"signal all processes", "pid namespace", kill_all, ZONE_ONLY,
     "it would signal the whole host"},
    {"signal a host thread", "pid namespace", kill_thread, 0, NULL},
    {"queue a signal to a host process", "pid namespace", queue_signal, 0, NULL},
    {"signal a host process by pidfd", "pid namespace", signal_by_pidfd, 0, NULL},
    {"make a host process the owner of a descriptor", "pid namespace", signal_by_owner, 0, NULL},
    {"signal zsched by its socket's pidfd", "pid namespace", signal_zsched, ZONE_ONLY,
     "the namespaces forbid it always"},
    {"take a descriptor of zsched", "credentials", descriptor_of_zsched, ZONE_ONLY, NULL},
    {"take a namespace of zsched", "credentials", namespace_of_zsched, ZONE_ONLY, NULL},
    {"enter the namespaces of zsched", "filter", enter_zsched, ZONE_ONLY, NULL},
    {"trace a host process", "filter and pid namespace", trace_process, 0, NULL},
    {"be traced past the brand", "filter", trace_self, 0, NULL},
    {"read the memory of a host process", "pid namespace", read_memory, 0, NULL},
    {"write the memory of a host process", "pid namespace", write_memory, 0, NULL},
    {"read the limits of a host process", "pid namespace", limits_of_process, 0, NULL},
    {"change the priority of a host process", "pid namespace", priority_of_process, 0, NULL},
    {"change the priority of the user's processes", "pid namespace", priority_of_user, ZONE_ONLY,
     "it would slow the whole host"},
    {"choose the processors of a host process", "pid namespace", processors_of_process, 0, NULL},
    {"find the pages of a host process", "pid namespace", pages_of_process, 0, NULL},
    {"push out the pages of a host process", "pid namespace", advise_process, 0, NULL},
    {"compare with a host process", "pid namespace", compare_process, 0, NULL},
};

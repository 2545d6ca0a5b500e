/* The kernel itself: its parts that a zone does not need, namespaces, and the brand's own means. */
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/kexec.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

/* Some calls are made so that they change nothing even where they are permitted: this error comes
 * after the check of who may. */
static enum outcome told_by(long result, int error)
{
    return result == -error ? REACHED : told(result);
}

/* ---- Parts of the kernel. */

static enum outcome add_key(void)
{
    return told(MAKE(SYS_add_key, "user", "lx-escape", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}

static enum outcome request_key(void)
{
    return told_by(MAKE(SYS_request_key, "user", "lx-escape", NULL, 0), ENOKEY);
}

static enum outcome user_keyring(void)
{
    return told(MAKE(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1));
}

static enum outcome bpf_map(void)
{
    union bpf_attr attributes = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
    return told(MAKE(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

static enum outcome io_ring(void)
{
    unsigned char parameters[256] = {0};
    return told(MAKE(SYS_io_uring_setup, 4, parameters));
}

static enum outcome fault_handler(void)
{
    return told(MAKE(SYS_userfaultfd, O_CLOEXEC | 1));
}

static enum outcome measure_processor(void)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_CPU_CLOCK};
    return told(MAKE(SYS_perf_event_open, &attributes, -1, 0, -1, 0));
}

static enum outcome load_kernel(void)
{
    return told_by(MAKE(SYS_kexec_load, 0, 17, NULL, KEXEC_ARCH_DEFAULT), EINVAL);
}

static enum outcome load_kernel_file(void)
{
    return told_by(MAKE(SYS_kexec_file_load, -1, -1, 0, NULL, 0), EBADF);
}

static enum outcome load_module(void)
{
    return told_by(MAKE(SYS_init_module, "no module", 9, ""), ENOEXEC);
}

static enum outcome load_module_file(void)
{
    return told_by(MAKE(SYS_finit_module, -1, "", 0), EBADF);
}

static enum outcome remove_module(void)
{
    return told_by(MAKE(SYS_delete_module, "lx_escape", O_NONBLOCK), ENOENT);
}

static enum outcome reboot_host(void)
{
    return told_by(MAKE(SYS_reboot, 0, 0, LINUX_REBOOT_CMD_CAD_OFF, NULL), EINVAL);
}

static enum outcome set_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return told(MAKE(SYS_clock_settime, CLOCK_REALTIME, &now));
}

static enum outcome set_time_of_day(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return told(MAKE(SYS_settimeofday, &now, NULL));
}

static enum outcome adjust_clock(void)
{
    struct timex none = {.modes = ADJ_SETOFFSET};
    return told(MAKE(SYS_adjtimex, &none));
}

static enum outcome adjust_one_clock(void)
{
    struct timex none = {.modes = ADJ_SETOFFSET};
    return told(MAKE(SYS_clock_adjtime, CLOCK_REALTIME, &none));
}

static enum outcome set_host_name(void)
{
    char name[64] = "";
    gethostname(name, sizeof name);
    return told(MAKE(SYS_sethostname, name, strlen(name)));
}

static enum outcome kernel_log(void)
{
    char buffer[64];
    return told(MAKE(SYS_syslog, 3, buffer, sizeof buffer));
}

static enum outcome ports_all(void)
{
    return told(MAKE(SYS_iopl, 3));
}

static enum outcome ports_some(void)
{
    return told(MAKE(SYS_ioperm, 0x80, 1, 1));
}

static enum outcome accounting(void)
{
    return told_by(MAKE(SYS_acct, "/no/such/file"), ENOENT);
}

static enum outcome swap(void)
{
    return told_by(MAKE(SYS_swapon, "/no/such/file", 0), ENOENT);
}

static enum outcome watch_file_system(void)
{
    return told(MAKE(SYS_fanotify_init, 0, O_RDONLY));
}

static enum outcome other_personality(void)
{
    return told(MAKE(SYS_personality, 6 /* PER_BSD */));
}

/* ---- Namespaces and privileges. */

static enum outcome new_users(void)
{
    return told(MAKE(SYS_unshare, CLONE_NEWUSER));
}

static enum outcome new_mounts(void)
{
    return told(MAKE(SYS_unshare, CLONE_NEWNS));
}

static enum outcome cloned(long pid)
{
    if (pid == 0)
        for (;;)
            MAKE(SYS_exit_group, 0);
    return told(pid);
}

static enum outcome clone_users(void)
{
    return cloned(MAKE(SYS_clone, CLONE_NEWUSER | SIGCHLD));
}

static enum outcome clone3_users(void)
{
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    return cloned(MAKE(SYS_clone3, &arguments, sizeof arguments));
}

static enum outcome enter_namespace(void)
{
    int fd = open("/proc/self/ns/uts", O_RDONLY);
    return told(MAKE(SYS_setns, fd, CLONE_NEWUTS));
}

static enum outcome parent_namespace(void)
{
    int fd = open("/proc/self/ns/pid", O_RDONLY);
    return told(MAKE(SYS_ioctl, fd, 0xb702 /* NS_GET_PARENT */));
}

static enum outcome next_mount_namespace(void)
{
    int fd = open("/proc/self/ns/mnt", O_RDONLY);
    long previous = MAKE(SYS_ioctl, fd, 0x8010b70cL /* NS_MNT_GET_PREV */, 0);
    return told(previous >= 0 ? previous : MAKE(SYS_ioctl, fd, 0x8010b70bL /* _NEXT */, 0));
}

static enum outcome all_capabilities(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{~0U, ~0U, 0}, {0x1ff, 0x1ff, 0}};
    data[0].permitted = data[0].effective = ~(1U << CAP_SYS_RESOURCE);
    return told(MAKE(SYS_capset, &head, data));
}

static enum outcome inherit_administration(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    MAKE(SYS_capget, &head, data);
    data[0].inheritable |= 1U << CAP_SYS_ADMIN;
    STEP(MAKE(SYS_capset, &head, data));
    return told(MAKE(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
}

static enum outcome bounding_set(void)
{
    /* An ordinary user can take nothing out of it (capabilities(7)), and gains nothing by it. */
    if (number("bare"))
        return stopped(-EPERM);
    long has = MAKE(SYS_prctl, PR_CAPBSET_READ, CAP_SYS_ADMIN);
    return has == 1 ? REACHED : stopped(-EPERM);
}

static enum outcome core_dumps(void)
{
    struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit now;
    STEP(MAKE(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &now));
    // Cores are then files of the zone's.
    if (now.rlim_max == RLIM_INFINITY)
        return stopped(-EALREADY);
    return told(MAKE(SYS_prlimit64, 0, RLIMIT_CORE, &most, NULL));
}

static enum outcome listener(void)
{
    struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    struct sock_fprog program = {1, &allow};
    MAKE(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return told(MAKE(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                     &program));
}

/* ---- The brand's means to catch calls, gone. Each of these then reads a file outside as a program
 * on the bare kernel would. */

static enum outcome secret_plainly(long nr)
{
    char buffer[64] = "";
    long fd = plain(nr, AT_FDCWD, (long)outside("host.out", "secret"), O_RDONLY, 0, 0, 0);
    if (fd < 0)
        return stopped(fd);
    plain(SYS_read, fd, (long)buffer, sizeof buffer - 1, 0, 0, 0);
    return strcmp(buffer, text("secret")) == 0 ? REACHED : stopped(-ENODATA);
}

static long disarm(void)
{
    return MAKE(SYS_prctl, 59 /* PR_SET_SYSCALL_USER_DISPATCH */, 0, 0, 0, 0);
}

static enum outcome disarm_and_read(void)
{
    disarm();
    return secret_plainly(SYS_openat);
}

static enum outcome disarm_and_mount(void)
{
    disarm();
    return told(plain(SYS_fsopen, (long)"tmpfs", 0, 0, 0, 0, 0));
}

static enum outcome x32_call(void)
{
    disarm();
    return secret_plainly(SYS_openat | 0x40000000);
}

static enum outcome compat_call(void)
{
    char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
                     -1, 0);
    strcpy(low, outside("host.out", "secret"));
    disarm();
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(5 /* open */), "b"(low), "c"(O_RDONLY), "d"(0)
                     : "memory", "r8", "r9", "r10", "r11");
    return told((int)result);
}

/* A process that the brand did not make has nothing that catches its calls. */
static enum outcome fork_past_the_brand(void)
{
    static volatile enum outcome *outcome;
    static volatile int *error;
    void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    outcome = shared;
    error = (int *)shared + 1;
    long pid = STEP(MAKE(SYS_clone, SIGCHLD));
    if (pid == 0) {
        *outcome = secret_plainly(SYS_openat);
        *error = why;
        for (;;)
            plain(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    }
    int status;
    wait4(pid, &status, 0, NULL);
    why = *error;
    return *outcome;
}

/* Nor has a program that the brand did not start. It leaves with its error, or with 200. */
static enum outcome exec_past_the_brand(void)
{
    char *arguments[] = {"escape", "read", (char *)outside("host.out", "secret"),
                         (char *)text("secret"), NULL};
    char *environment[] = {NULL};
    pid_t pid = fork();
    if (pid == 0) {
        _exit((int)-MAKE(SYS_execveat, AT_FDCWD, text("program"), arguments, environment, 0));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 200)
        return REACHED;
    if (WIFSIGNALED(status))
        raise(WTERMSIG(status));
    return stopped(-WEXITSTATUS(status));
}

static const struct attempt KERNEL[] = {
    {"add a key", "filter", add_key, 0, NULL},
    {"request a key", "filter", request_key, 0, NULL},
    {"find the user's keyring", "filter", user_keyring, 0, NULL},
    {"make a bpf map", "filter", bpf_map, 0, NULL},
    {"set up an io_uring", "filter", io_ring, 0, NULL},
    {"handle page faults", "filter", fault_handler, 0, NULL},
    {"measure a processor", "filter", measure_processor, 0, NULL},
    {"load a kernel", "filter", load_kernel, 0, "not every kernel has the call"},
    {"load a kernel's file", "filter", load_kernel_file, 0, "not every kernel has the call"},
    {"load a module", "filter", load_module, 0, "not every kernel has the call"},
    {"load a module's file", "filter", load_module_file, 0, "not every kernel has the call"},
    {"remove a module", "filter", remove_module, 0, "not every kernel has the call"},
    {"reboot", "filter", reboot_host, 0, NULL},
    {"set the clock", "filter", set_clock, 0, NULL},
    {"set the time of day", "filter", set_time_of_day, 0, NULL},
    {"adjust the clock", "capability", adjust_clock, 0, NULL},
    {"adjust one clock", "capability", adjust_one_clock, 0, NULL},
    {"set the host's name", "filter", set_host_name, 0, NULL},
    {"read the kernel's log", "filter", kernel_log, 0, NULL},
    {"open all I/O ports", "filter", ports_all, 0, "not every kernel has the call"},
    {"open one I/O port", "filter", ports_some, 0, "not every kernel has the call"},
    {"switch accounting", "filter", accounting, 0, "not every kernel has the call"},
    {"add swap space", "filter", swap, 0, "not every kernel has the call"},
    {"watch whole file systems", "filter", watch_file_system, 0, NULL},
    {"take on another system's personality", "filter", other_personality, 0, NULL},
    {"make a user namespace", "filter", new_users, 0, NULL},
    {"make a mount namespace", "filter", new_mounts, 0, NULL},
    {"clone into a user namespace", "filter", clone_users, 0, NULL},
    {"clone3 into a user namespace", "filter", clone3_users, 0, NULL},
    {"enter a namespace", "filter", enter_namespace, 0, NULL},
    {"find the parent of the pid namespace", "pid namespace", parent_namespace, 0,
     "the host's has none, and no zone sees it"},
    {"find another mount namespace", "capability and pid namespace", next_mount_namespace, 0, NULL},
    {"take all capabilities", "capability", all_capabilities, 0, NULL},
    {"hand on CAP_SYS_ADMIN", "capability", inherit_administration, 0, NULL},
    {"keep CAP_SYS_ADMIN in the bounding set", "capability", bounding_set, 0, NULL},
    {"raise the limit of core dumps", "capability", core_dumps, 0, "there is no limit where cores are files"},
    {"decide calls by a seccomp listener", "filter", listener, 0, NULL},
    {"disarm the dispatch and read a file", "mount namespace", disarm_and_read, 0, NULL},
    {"disarm the dispatch and begin a file system", "filter", disarm_and_mount, 0, NULL},
    {"read a file by an x32 call", "filter and mount namespace", x32_call, 0, "not every kernel has the calls"},
    {"read a file by a 32-bit call", "filter and mount namespace", compat_call, 0, NULL},
    {"fork past the brand and read a file", "mount namespace", fork_past_the_brand, 0, NULL},
    {"exec past the brand and read a file", "mount namespace", exec_past_the_brand, 0, NULL},
};

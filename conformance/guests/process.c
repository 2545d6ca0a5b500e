//! fork, vfork, clone, clone3 with their flags, threads, waiting, groups and sessions.
//! variants: pie static
#include "guest.h"
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <spawn.h>
#include <sys/personality.h>

extern char **environ;
static long raw_clone(unsigned long flags, void *stack, int *ptid, int *ctid, unsigned long tls) {
    return syscall(SYS_clone, flags, stack, ptid, ctid, tls);
}
static long clone3(struct clone_args *args) { return syscall(SYS_clone3, args, sizeof *args); }
static int shared_value = 1;

CASE(fork_basic) {
    int before = getpid();
    IN_CHILD("child", {
        check(getppid() == before && getpid() != before && gettid() == getpid(), "identity");
        shared_value = 2;
        _exit(shared_value);
    });
    show("value %d", shared_value);
    for (int i = 0; i < 200; i++) {
        pid_t child = must(fork());
        if (!child) _exit(i & 127);
        int status = reap(child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != (i & 127)) show_status("wrong", status);
    }
    pid_t many[100];
    int sum = 0;
    for (int i = 0; i < 100; i++)
        if (!(many[i] = must(fork()))) _exit(i);
    for (int i = 0; i < 100; i++) sum += WEXITSTATUS(reap(many[i]));
    show("sum %d", sum);
    // A chain of forks.
    int depth = 0;
    while (depth < 30) {
        pid_t child = must(fork());
        if (child) {
            int status = reap(child);
            if (depth) _exit(WEXITSTATUS(status) + 1);
            show_status("chain", status);
            break;
        }
        depth++;
    }
    if (depth == 30) _exit(1);
}
CASE(vfork) {
    volatile int value = 1;
    for (int i = 0; i < 100; i++) {
        pid_t child = vfork();
        if (child == 0) {
            value++;
            _exit(5);
        }
        reap(child);
    }
    show("value %d", value); // memory is shared with a vfork child
    int64_t begin = now_us();
    pid_t child = vfork();
    if (!child) {
        struct timespec t = {0, 50000000};
        nanosleep(&t, 0);
        execl("/bin/true", "true", (char *)0);
        _exit(9);
    }
    check(now_us() - begin > 45000, "the parent waits until exec");
    show_status("exec", reap(child));
    child = vfork();
    if (!child) {
        execl("/none/such", "none", (char *)0);
        _exit(errno);
    }
    show_status("failed exec", reap(child));
}
static void *no_work(void *arg) { return arg; }
static long most_memory(void) {
    struct rusage usage;
    must(getrusage(RUSAGE_SELF, &usage));
    return usage.ru_maxrss;
}
CASE(many_children) {
    // What a child in borrowed memory leaves behind must not add up, nor what threads do.
    long before = 0;
    for (int i = 0; i < 1600; i++) {
        if (i == 400) before = most_memory();
        pid_t child = vfork();
        if (!child) {
            if (i % 3 == 0) execl("/bin/true", "true", "some", "arguments", (char *)0);
            if (i % 3 == 1) execl("/none/such", "none", (char *)0);
            _exit(0);
        }
        must(child);
        int status = reap(child);
        if (status) show_status("a child", status);
        pthread_t thread;
        must(pthread_create(&thread, 0, no_work, 0));
        pthread_join(thread, 0);
    }
    long more = most_memory() - before;
    if (more >= 700) show("%ld KiB more", more);
}
static int child_body(void *arg) {
    shared_value = 77;
    close(5);
    chdir("/");
    return 3;
}
static char stack[65536] __attribute__((aligned(16)));
CASE(clone_shares) {
    static const unsigned long flags[] = {0, CLONE_VM, CLONE_FILES, CLONE_FS, CLONE_VM | CLONE_FILES | CLONE_FS,
                                          CLONE_VM | CLONE_SIGHAND, CLONE_VM | CLONE_VFORK, CLONE_VFORK, CLONE_SYSVSEM,
                                          CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM, CLONE_IO};
    char cwd[200], first[200];
    getcwd(first, 200);
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        dup2(1, 5);
        shared_value = 1;
        must(chdir(first));
        pid_t child = must(clone(child_body, stack + sizeof stack, flags[i] | SIGCHLD, 0));
        int status = reap(child);
        getcwd(cwd, 200);
        show("%lx: value %d descriptor %d cwd %s status %x", flags[i], shared_value, fcntl(5, F_GETFD),
             strcmp(cwd, "/") ? "kept" : "/", status);
    }
}
// A hot site is shared memory too: calls by a child with CLONE_VM that is not a thread.
static volatile long calls_done;
static int calling_child(void *arg) {
    for (int i = 0; i < 2000; i++) {
        calls_done += syscall(SYS_getuid) == OWN_UID;
        close(-1);
    }
    return 0;
}
CASE(clone_vm_calls) {
    static char stacks[8][65536] __attribute__((aligned(16)));
    pid_t child[8];
    for (int i = 0; i < 8; i++) child[i] = must(clone(calling_child, stacks[i] + 65536, CLONE_VM | SIGCHLD, 0));
    for (int i = 0; i < 2000; i++) close(-1);
    int bad = 0;
    for (int i = 0; i < 8; i++) bad += reap(child[i]) != 0;
    show("bad %d", bad);
}
static int tid_child(void *word) { return *(int *)word == gettid() ? 1 : 2; }
CASE(clone_tids) {
    int ptid = 0, ctid = 0;
    long child = raw_clone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &ptid, &ctid, 0);
    if (!child) _exit(ctid == getpid() && ptid == getpid() ? 1 : 2);
    check(ptid == child && ctid == 0, "set in the parent only");
    show_status("child", reap(child));
    // With shared memory the clearing is seen.
    int *word = must(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    *word = 5;
    child = must(clone(tid_child, stack + sizeof stack, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_VM | CLONE_VFORK | SIGCHLD,
                       word, 0, 0, word));
    show_status("child", reap(child));
    show("word %d", *word);
    R(syscall(SYS_set_tid_address, word) == gettid());
}
CASE(clone_pidfd) {
    int fd = -1;
    long child = raw_clone(CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
    if (!child) _exit(33);
    check(fd > 2, "descriptor");
    show("flags %d", fcntl(fd, F_GETFD));
    struct pollfd p = {fd, POLLIN};
    R(poll(&p, 1, 5000));
    siginfo_t info;
    R(waitid(P_PIDFD, fd, &info, WEXITED));
    show("status %d", info.si_status);
    R(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0));
    int self_fd = must(syscall(SYS_pidfd_open, getpid(), 0));
    R(syscall(SYS_pidfd_send_signal, self_fd, 0, 0, 0));
    R(syscall(SYS_pidfd_open, 0, 0));
    R(syscall(SYS_pidfd_open, getpid(), 0xffff));
    R(syscall(SYS_pidfd_getfd, self_fd, 999, 0));
    check(syscall(SYS_pidfd_getfd, self_fd, 1, 0) > 2, "pidfd_getfd");
}
CASE(clone_exit_signal) {
    static const int signals[] = {0, SIGUSR1, SIGCHLD, 40};
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    for (int i = 0; i < 4; i++) {
        long child = raw_clone(signals[i], 0, 0, 0, 0);
        if (!child) _exit(4);
        int status = 0;
        siginfo_t info = {0};
        struct timespec zero = {0, 0};
        if (signals[i] != SIGCHLD) R(waitpid(child, &status, 0));
        R(waitpid(child, &status, __WALL) > 0);
        int number = sigtimedwait(&all, &info, &zero);
        show("signal %d code %d status %x", number, number > 0 ? info.si_code : 0, status);
        if (signals[i] == 0) {
            child = raw_clone(0, 0, 0, 0, 0);
            if (!child) _exit(4);
            R(waitpid(child, &status, __WCLONE) == child);
        }
    }
}
CASE(clone_errors) {
    R(raw_clone(CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
    R(raw_clone(CLONE_THREAD | SIGCHLD, 0, 0, 0, 0));
    R(raw_clone(CLONE_THREAD | CLONE_VM | SIGCHLD, 0, 0, 0, 0));
    R(raw_clone(CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
    R(raw_clone(CLONE_NEWUSER | CLONE_FS | SIGCHLD, 0, 0, 0, 0));
    R(raw_clone(CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0));
    R(raw_clone(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, (int *)8, 0, 0));
    R(raw_clone(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, 0, 0, 0, 0));
    R(raw_clone(CLONE_PIDFD | SIGCHLD, 0, (int *)8, 0, 0));
    struct clone_args a = {0};
    R(syscall(SYS_clone3, &a, 0));
    R(syscall(SYS_clone3, &a, 63));
    R(syscall(SYS_clone3, &a, 5000));
    a.exit_signal = 65;
    R(clone3(&a));
    a.exit_signal = 1 << 20;
    R(clone3(&a));
    a = (struct clone_args){.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD};
    R(clone3(&a));
    a = (struct clone_args){.flags = 1ull << 40, .exit_signal = SIGCHLD};
    R(clone3(&a));
    a = (struct clone_args){.flags = CLONE_DETACHED, .exit_signal = SIGCHLD};
    R(clone3(&a));
    a = (struct clone_args){.exit_signal = SIGCHLD, .stack = 4096};
    R(clone3(&a));
    a = (struct clone_args){.exit_signal = SIGCHLD, .stack_size = 4096};
    R(clone3(&a));
    a = (struct clone_args){.exit_signal = SIGCHLD, .set_tid = 0, .set_tid_size = 1};
    R(clone3(&a));
    a = (struct clone_args){.exit_signal = SIGCHLD, .set_tid = (uint64_t)&a, .set_tid_size = 99};
    R(clone3(&a));
    a = (struct clone_args){.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = 999};
    R(clone3(&a));
    a = (struct clone_args){.flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD};
    R(clone3(&a));
    struct { struct clone_args a; uint64_t more; } big = {{.exit_signal = SIGCHLD}, 1};
    R(syscall(SYS_clone3, &big, sizeof big));
    big.more = 0;
    long child = syscall(SYS_clone3, &big, sizeof big);
    if (!child) _exit(6);
    show_status("zeros beyond the end are fine", reap(child));
}
CASE(clone3_forks) {
    int pidfd = -1, ptid = 0, ctid = 0;
    struct clone_args a = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, .pidfd = (uint64_t)&pidfd,
                           .parent_tid = (uint64_t)&ptid, .child_tid = (uint64_t)&ctid, .exit_signal = SIGCHLD};
    long child = clone3(&a);
    if (!child) _exit(ctid == getpid() ? 1 : 2);
    check(pidfd > 2 && ptid == child, "results");
    show_status("child", reap(child));
    // A chosen process id.
    pid_t wanted = child;
    a = (struct clone_args){.exit_signal = SIGCHLD, .set_tid = (uint64_t)&wanted, .set_tid_size = 1};
    child = clone3(&a);
    if (!child) _exit(getpid() == wanted ? 1 : 2);
    if (child < 0) show("set_tid %s", errname(errno));
    else {
        check(child == wanted, "chosen id");
        show_status("child", reap(child));
    }
    wanted = 1;
    R(clone3(&a));
    void handler(int n) {}
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    a = (struct clone_args){.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    child = clone3(&a);
    if (!child) {
        struct sigaction one, two;
        sigaction(SIGUSR1, 0, &one);
        sigaction(SIGUSR2, 0, &two);
        _exit((one.sa_handler == SIG_DFL) * 10 + (two.sa_handler == SIG_IGN));
    }
    show_status("cleared handlers", reap(child));
    // On a stack of its own, with memory shared.
    a = (struct clone_args){.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD, .stack = (uint64_t)stack, .stack_size = sizeof stack};
    register long rax asm("rax") = SYS_clone3;
    asm volatile("syscall\n test %%rax,%%rax\n jnz 1f\n mov %%rsp,%%rdi\n sub %[s],%%rdi\n shr $16,%%rdi\n mov $231,%%eax\n syscall\n1:"
                 : "+r"(rax) : "D"(&a), "S"(sizeof a), [s] "r"(stack) : "rcx", "r11", "memory");
    show_status("stack top is one past its end", reap(rax));
}
CASE(threads) {
    void *body(void *arg) {
        long bad = 0;
        for (int i = 0; i < 50; i++) bad += syscall(SYS_getpid) != *(pid_t *)arg || close(-1) != -1 || gettid() == getpid();
        return (void *)bad;
    }
    pid_t me = getpid();
    long bad = 0;
    for (int round = 0; round < 20; round++) {
        pthread_t t[16];
        for (int i = 0; i < 16; i++) must(-pthread_create(&t[i], 0, body, &me));
        for (int i = 0; i < 16; i++) {
            void *r;
            pthread_join(t[i], &r);
            bad += (long)r;
        }
    }
    for (int i = 0; i < 300; i++) {
        pthread_t t;
        must(-pthread_create(&t, 0, body, &me));
        pthread_join(t, 0);
    }
    check(!bad, "%ld wrong", bad);
}
CASE(fork_in_threads) {
    void *body(void *arg) {
        long bad = 0;
        for (int i = 0; i < 15; i++) {
            pid_t child = fork();
            if (!child) {
                // The forking thread is the only one, and its thread id is the process id.
                _exit(gettid() == getpid() && close(-1) == -1 ? 7 : 8);
            }
            int status = reap(child);
            bad += !WIFEXITED(status) || WEXITSTATUS(status) != 7;
        }
        return (void *)bad;
    }
    pthread_t t[8];
    long bad = 0;
    for (int i = 0; i < 8; i++) must(-pthread_create(&t[i], 0, body, 0));
    for (int i = 0; i < 8; i++) {
        void *r;
        pthread_join(t[i], &r);
        bad += (long)r;
    }
    check(!bad, "%ld wrong", bad);
}
CASE(spawn) {
    char *argv[] = {"sh", "-c", "echo spawned $X; exit 5", 0}, *env[] = {"X=1", 0};
    pid_t child;
    int r = posix_spawn(&child, "/bin/sh", 0, 0, argv, env);
    show_status("sh", reap(child));
    show("%d", r);
    R(posix_spawn(&child, "/none", 0, 0, argv, env));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    R(posix_spawnp(&child, "sh", &actions, 0, argv, env));
    show_status("sh", reap(child));
    char text[50] = "";
    int fd = must(open("out", O_RDONLY));
    read(fd, text, 49);
    show("%s", text);
    posix_spawnattr_t attr;
    posix_spawnattr_init(&attr);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    posix_spawnattr_setsigmask(&attr, &mask);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    char *argv2[] = {"sh", "-c", "grep SigBlk /proc/self/status", 0};
    r = posix_spawn(&child, "/bin/sh", 0, &attr, argv2, environ);
    show_status("sh", reap(child));
    show("%d", r);
    int bad = 0;
    char *argv3[] = {"true", 0};
    for (int i = 0; i < 30; i++) bad += posix_spawn(&child, "/bin/true", 0, 0, argv3, environ) != 0 || reap(child) != 0;
    show("bad %d", bad);
}
CASE(waits) {
    siginfo_t info;
    int status;
    R(wait(&status));
    R(waitpid(99999999, &status, 0));
    R(waitpid(-99999, &status, 0));
    R(waitpid(-1, &status, 0xff00));
    R(waitid(P_PID, 99999999, &info, WEXITED));
    R(waitid(P_ALL, 0, &info, 0));
    R(waitid(99, 0, &info, WEXITED));
    pid_t child = must(fork());
    if (!child) for (;;) pause();
    memset(&info, 1, sizeof info);
    R(waitid(P_PID, child, &info, WEXITED | WNOHANG));
    show("pid %d signo %d", info.si_pid, info.si_signo);
    R(waitpid(child, &status, WNOHANG));
    kill(child, SIGSTOP);
    R(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT));
    show("code %d status %d", info.si_code, info.si_status);
    R(waitid(P_PID, child, &info, WSTOPPED));
    R(waitid(P_PID, child, &info, WSTOPPED | WNOHANG));
    kill(child, SIGCONT);
    R(waitid(P_PID, child, &info, WCONTINUED));
    show("code %d status %d", info.si_code, info.si_status);
    kill(child, SIGKILL);
    R(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    show("code %d status %d", info.si_code, info.si_status);
    R(kill(child, 0));
    struct rusage usage;
    R(wait4(child, &status, 0, &usage) == child);
    show_status("child", status);
    R(kill(child, 0));
    // Groups.
    pid_t one = must(fork());
    if (!one) {
        setpgid(0, 0);
        _exit(1);
    }
    setpgid(one, one);
    R(waitpid(0, &status, 0));
    R(waitpid(-one, &status, 0) == one);
    // A child's child is not ours unless we ask to be its reaper.
    R(prctl(PR_SET_CHILD_SUBREAPER, 1));
    one = must(fork());
    if (!one) {
        if (!fork()) {
            sleep_us(20000);
            _exit(12);
        }
        _exit(11);
    }
    show_status("child", reap(one));
    R(wait(&status) > 0);
    show_status("grandchild", status);
    // A thread's child can be waited for by another thread, or not with __WNOTHREAD.
    static volatile pid_t made;
    void *f(void *a) {
        made = fork();
        if (!made) _exit(13);
        sleep_us(20000);
        return 0;
    }
    pthread_t t;
    pthread_create(&t, 0, f, 0);
    while (!made) sleep_us(200);
    R(waitpid(made, &status, __WNOTHREAD));
    R(waitpid(made, &status, 0) == made);
    pthread_join(t, 0);
}
CASE(groups) {
    IN_CHILD("leader", {
        check(setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid(), "setsid");
        R(setsid());
        R(setpgid(0, 0));
        R(getpgid(99999999));
        R(getsid(99999999));
        R(setpgid(99999999, 0));
        R(setpgid(0, -1));
        pid_t child = must(fork());
        if (!child) {
            R(setpgid(0, 99999998));
            R(setpgid(0, 0));
            check(getpgid(0) == getpid() && getsid(0) == getppid(), "own group");
            _exit(0);
        }
        show_status("member", reap(child));
        pid_t two[2];
        for (int i = 0; i < 2; i++)
            if (!(two[i] = must(fork()))) {
                setpgid(0, i ? two[0] : 0);
                for (;;) pause();
            } else setpgid(two[i], two[0]);
        R(kill(-two[0], SIGTERM));
        show_status("first", reap(two[0]));
        show_status("second", reap(two[1]));
    });
}
CASE(prctls) {
    char name[17] = "";
    R(prctl(PR_SET_NAME, "abcdefghijklmnopqrstuvwxyz"));
    R(prctl(PR_GET_NAME, name));
    show("%s", name);
    char text[40] = "";
    int fd = must(open("/proc/self/comm", O_RDWR));
    R(read(fd, text, 39));
    show("%s", text);
    R(write(fd, "new name", 8));
    R(prctl(PR_GET_NAME, name));
    show("%s", name);
    R(prctl(PR_GET_DUMPABLE));
    R(prctl(PR_SET_DUMPABLE, 0));
    R(prctl(PR_GET_DUMPABLE));
    R(prctl(PR_SET_DUMPABLE, 2));
    R(prctl(PR_SET_DUMPABLE, 1));
    int sig = -1;
    R(prctl(PR_SET_PDEATHSIG, 99));
    R(prctl(PR_GET_PDEATHSIG, &sig));
    show("%d", sig);
    R(prctl(PR_GET_KEEPCAPS));
    R(prctl(PR_SET_KEEPCAPS, 1));
    R(prctl(PR_GET_KEEPCAPS));
    R(prctl(PR_SET_KEEPCAPS, 2));
    R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    R(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    R(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    R(prctl(PR_GET_CHILD_SUBREAPER, &sig));
    show("%d", sig);
    R(prctl(PR_GET_TIMERSLACK));
    R(prctl(PR_SET_TIMERSLACK, 1234));
    R(prctl(PR_GET_TIMERSLACK));
    R(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    R(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    R(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    R(prctl(PR_GET_TSC, &sig));
    show("%d", sig);
    R(prctl(PR_CAPBSET_READ, 0));
    R(prctl(PR_CAPBSET_READ, 999));
    R(prctl(PR_GET_SECUREBITS));
    R(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0));
    R(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
    R(prctl(PR_GET_FPEMU, &sig));
    R(prctl(PR_GET_UNALIGN, &sig));
    R(prctl(9999));
    R(prctl(PR_SET_NAME, 8));
    R(prctl(PR_SET_MM, 1, 0, 0, 0));
    R(prctl(PR_GET_TID_ADDRESS, &name));
    R(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0, 0, "x"));
}
HELPER(personality) {
    char line[300];
    FILE *f = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, f))
        if (strstr(line, "[stack]")) break;
    show("%x %.12s", personality(-1), line);
    return 0;
}
CASE(personality) {
    show("%x", personality(-1));
    must(personality(ADDR_NO_RANDOMIZE));
    show("%x", personality(-1));
    char *argv[] = {(char *)self, "@personality", 0};
    for (int i = 0; i < 2; i++) {
        pid_t child = must(fork());
        if (!child) {
            dup2(must(open("p", O_WRONLY | O_CREAT | O_APPEND, 0600)), 1);
            execv(self, argv);
        }
        reap(child);
    }
    char text[200] = "";
    read(must(open("p", O_RDONLY)), text, 199);
    char *second = strchr(text, '\n');
    check(second && !strncmp(text, second + 1, second - text), "the stack is at the same place twice");
    must(personality(0xff));
    show("%x", personality(-1));
    personality(0);
}
// Robust futexes are marked when their owner dies; clear_child_tid wakes.
CASE(robust) {
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_t *m = must(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pthread_mutex_init(m, &attr);
    for (int how = 0; how < 3; how++) {
        IN_CHILD("owner", {
            pthread_mutex_lock(m);
            if (how == 0) _exit(0);
            if (how == 1) raise(SIGKILL);
            execl("/bin/true", "true", (char *)0);
        });
        show("lock %s", errname(pthread_mutex_lock(m)));
        show("consistent %d", pthread_mutex_consistent(m));
        pthread_mutex_unlock(m);
    }
    void *f(void *a) { pthread_mutex_lock(a); return 0; }
    pthread_t t;
    pthread_create(&t, 0, f, m);
    pthread_join(t, 0);
    show("after a thread %s", errname(pthread_mutex_lock(m)));
    void *head = 0;
    size_t size = 0;
    R(syscall(SYS_get_robust_list, 0, &head, &size));
    check(head && size == 24, "list");
    R(syscall(SYS_set_robust_list, head, 23));
}
CASE(rseq) {
    // glibc registers its area: its cpu number is right whenever it is looked at.
    extern const ptrdiff_t __rseq_offset;
    extern const unsigned __rseq_size;
    if (!__rseq_size) skip("no rseq area");
    struct rs { uint32_t start, id; uint64_t cs; uint32_t flags; } *rs = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
    int bad = 0;
    for (int cpu = 0; cpu < 2; cpu++) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set)) continue;
        for (int i = 0; i < 100; i++) {
            getppid();
            bad += rs->id != (uint32_t)cpu;
        }
    }
    check(!bad, "cpu number");
    R(syscall(SYS_rseq, (long)rs + 4, 32, 0, 0x53053053));
    R(syscall(SYS_rseq, rs, 32, 0, 1));
    void *f(void *a) { return (void *)(long)(((struct rs *)((char *)__builtin_thread_pointer() + __rseq_offset))->id < 4096); }
    pthread_t t;
    void *r;
    pthread_create(&t, 0, f, 0);
    pthread_join(t, &r);
    show("thread %ld", (long)r);
    IN_CHILD("fork", { getppid(); _exit(rs->id < 4096); });
}
CASE(membarrier) {
    check((syscall(SYS_membarrier, 0, 0, 0) & 1) == 1, "query");
    R(syscall(SYS_membarrier, 8, 0, 0));  // private expedited, not registered
    R(syscall(SYS_membarrier, 16, 0, 0)); // register
    R(syscall(SYS_membarrier, 8, 0, 0));
    R(syscall(SYS_membarrier, 1, 0, 0));
    R(syscall(SYS_membarrier, 1 << 20, 0, 0));
    R(syscall(SYS_membarrier, 0, 9, 0));
    // The core-serialising form is the guest's to register: not registered at start.
    R(syscall(SYS_membarrier, 32, 0, 0));
    R(syscall(SYS_membarrier, 64, 0, 0));
    R(syscall(SYS_membarrier, 32, 0, 0));
}
CASE(storm) {
    // Forks, threads and execs together.
    void *body(void *arg) {
        long bad = 0;
        for (int i = 0; i < 12; i++) {
            pid_t child = i % 3 == 0 ? vfork() : fork();
            if (!child) {
                if (i & 1) {
                    execl("/bin/true", "true", (char *)0);
                    _exit(1);
                }
                _exit(0);
            }
            bad += reap(child) != 0;
        }
        return (void *)bad;
    }
    pthread_t t[6];
    long bad = 0;
    for (int i = 0; i < 6; i++) must(-pthread_create(&t[i], 0, body, 0));
    for (int i = 0; i < 6; i++) {
        void *r;
        pthread_join(t[i], &r);
        bad += (long)r;
    }
    check(!bad, "%ld wrong", bad);
}
CASE(limits) {
    struct rlimit l = {100, 200}, got;
    R(setrlimit(RLIMIT_NOFILE, &l));
    R(getrlimit(RLIMIT_NOFILE, &got));
    show("%ld %ld", got.rlim_cur, got.rlim_max);
    int fd, count = 0;
    while ((fd = dup(0)) >= 0) count++;
    show("%s, highest reached %d", errname(errno), count + 3 >= 100);
    show("count %d", count);
    R(fcntl(0, F_DUPFD, 100));
    R(fcntl(0, F_DUPFD, 99));
    R(dup2(0, 100));
    R(dup2(0, 99));
    IN_CHILD("child", { getrlimit(RLIMIT_NOFILE, &got); show("%ld", got.rlim_cur); });
    for (int i = 3; i < 110; i++) close(i);
    pid_t child = must(fork());
    if (!child) {
        execl("/bin/sh", "sh", "-c", "ulimit -n; ulimit -Hn; /bin/true; echo $?", (char *)0);
        _exit(99);
    }
    show_status("sh under a limit of 100", reap(child));
    l.rlim_cur = l.rlim_max = 8;
    must(setrlimit(RLIMIT_NOFILE, &l));
    child = must(fork());
    if (!child) {
        execl("/bin/sh", "sh", "-c", "ulimit -n; /bin/true; echo $?", (char *)0);
        _exit(99);
    }
    show_status("sh under a limit of 8", reap(child));
    l.rlim_cur = l.rlim_max = 1;
    R(setrlimit(RLIMIT_CPU, &l));
    IN_CHILD("cpu time", for (;;) {});
}

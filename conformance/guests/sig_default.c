//! Default actions, and how an end by a signal looks to the parent: number, core flag.
#include "guest.h"

static void cores(long limit) {
    struct rlimit l = {limit, limit};
    setrlimit(RLIMIT_CORE, &l);
}
static int fatal(int number) {
    return !(number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT ||
             number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU ||
             number == 32 || number == 33);
}
CASE(kill_self) {
    cores(0);
    for (int s = 1; s < 65; s++) {
        if (s == SIGSTOP || s == SIGTSTP || s == SIGTTIN || s == SIGTTOU) continue;
        pid_t child = must(fork());
        if (!child) {
            syscall(SYS_kill, getpid(), s);
            for (int i = 0; i < 5; i++) getppid();
            _exit(100);
        }
        char label[20];
        snprintf(label, sizeof label, "%d", s);
        show_status(label, reap(child));
    }
}
CASE(kill_from_outside) {
    cores(0);
    for (int s = 1; s < 65; s++) {
        if (!fatal(s)) continue;
        pid_t child = must(fork());
        if (!child) for (;;) pause();
        until_asleep(child, 0);
        kill(child, s);
        char label[20];
        snprintf(label, sizeof label, "%d", s);
        show_status(label, reap(child));
    }
}
// In code, not in a call.
CASE(kill_busy) {
    cores(0);
    static const int numbers[] = {SIGTERM, SIGKILL, SIGUSR1, SIGSYS, SIGSEGV, SIGILL, 40};
    for (int i = 0; i < 7; i++) {
        pid_t child = must(fork());
        if (!child) for (;;) {}
        sleep_us(3000);
        kill(child, numbers[i]);
        show_status("busy", reap(child));
        child = must(fork());
        if (!child) for (;;) getppid();
        sleep_us(3000);
        kill(child, numbers[i]);
        show_status("calling", reap(child));
    }
}
CASE(core_flag) {
    // The kernel sets the flag when a dump was made: a limit above zero and a plain pattern.
    char pattern[200] = "";
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY);
    if (fd < 0 || read(fd, pattern, 199) <= 0 || pattern[0] == '|' || pattern[0] == '/') skip("cores go elsewhere");
    static const int numbers[] = {SIGABRT, SIGTERM, SIGSYS, SIGTRAP, SIGQUIT, SIGXCPU, SIGUSR1, SIGILL};
    for (int i = 0; i < 8; i++)
        IN_CHILD("with a limit", { cores(1 << 28); raise(numbers[i]); });
    IN_CHILD("segv", { cores(1 << 28); *(volatile int *)8 = 1; });
    IN_CHILD("ill", { cores(1 << 28); asm volatile("ud2"); });
    IN_CHILD("not dumpable", { cores(1 << 28); prctl(PR_SET_DUMPABLE, 0); abort(); });
    IN_CHILD("no limit", { cores(0); abort(); });
    IN_CHILD("limit of one", { cores(1); abort(); });
    IN_CHILD("other thread", {
        cores(1 << 28);
        void *crash(void *a) { *(volatile int *)8 = 1; return 0; }
        pthread_t t;
        pthread_create(&t, 0, crash, 0);
        pthread_join(t, 0);
    });
}
// Ignored or blocked, a fault kills all the same.
CASE(fault_blocked) {
    cores(0);
    static const int numbers[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS};
    int fd = must(open("empty", O_RDWR | O_CREAT, 0600));
    for (int how = 0; how < 3; how++)
        for (int i = 0; i < 5; i++) {
            pid_t child = must(fork());
            if (!child) {
                void never(int n) { _exit(50); }
                if (how == 0) signal(numbers[i], SIG_IGN);
                if (how >= 1) {
                    sigset_t block;
                    sigemptyset(&block);
                    sigaddset(&block, numbers[i]);
                    if (how == 2) signal(numbers[i], never);
                    sigprocmask(SIG_BLOCK, &block, 0);
                }
                if (i == 0) *(volatile int *)8 = 1;
                if (i == 1) asm volatile("ud2");
                if (i == 2) asm volatile("xor %%ecx,%%ecx\n xor %%edx,%%edx\n div %%ecx" : : : "rax", "rcx", "rdx");
                if (i == 3) asm volatile("int3");
                if (i == 4) *(volatile char *)mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);
                _exit(60);
            }
            char label[40];
            snprintf(label, sizeof label, "%s %d", how == 0 ? "ignored" : how == 1 ? "blocked" : "blocked with handler", numbers[i]);
            show_status(label, reap(child));
        }
}
// A fault inside the handler of the same signal kills; of another one is handled.
CASE(fault_in_handler) {
    cores(0);
    IN_CHILD("same", {
        void f(int n) { *(volatile int *)8 = 1; }
        signal(SIGSEGV, f);
        *(volatile int *)16 = 1;
    });
    IN_CHILD("other", {
        void g(int n) { _exit(n); }
        void f(int n) { asm volatile("ud2"); }
        signal(SIGSEGV, f);
        signal(SIGILL, g);
        *(volatile int *)16 = 1;
    });
}
// Faults in kernel copies are EFAULT and never a signal.
CASE(efault) {
    int p[2];
    must(pipe(p));
    char *edge = must(mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    must(mprotect(edge + 4096, 4096, PROT_NONE));
    char *ro = must(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    R(write(p[1], (void *)8, 1));
    R(write(p[1], edge + 4090, 100));
    must(write(p[1], "xyz", 3));
    R(read(p[0], (void *)8, 1));
    R(write(p[1], "abc", 3));
    R(read(p[0], ro, 3));
    R(pipe((int *)8));
    R(pipe((int *)ro));
    R(open((char *)8, O_RDONLY));
    memset(edge, 'a', 4096);
    R(open(edge + 4090, O_RDONLY));
    R(stat("/", (struct stat *)8));
    R(syscall(SYS_stat, "/", ro));
    R(syscall(SYS_fstat, 0, ro));
    R(syscall(SYS_nanosleep, 8, 0));
    R(syscall(SYS_gettimeofday, 8, 0));
    R(syscall(SYS_uname, 8));
    R(syscall(SYS_getcwd, ro, 4096));
    R(syscall(SYS_poll, 8, 1, 0));
    R(syscall(SYS_select, 1, 8, 0, 0, 0));
    R(syscall(SYS_futex, 8, 0, 0, 0, 0, 0));
    R(syscall(SYS_futex, (long)edge + 1, 0, 0, 0, 0, 0));
    R(syscall(SYS_wait4, -1, 8, WNOHANG, 0));
    R(syscall(SYS_getrlimit, 0, 8));
    R(syscall(SYS_prlimit64, 0, 0, 8, 0));
    R(syscall(SYS_execve, 8, 0, 0));
    R(syscall(SYS_execve, "/bin/true", 8, 0));
    R(syscall(SYS_execve, "/bin/true", 0, 8));
    R(syscall(SYS_clone3, 8, 88));
    R(syscall(SYS_rt_sigaction, 10, edge + 4090, 0, 8));
    R(syscall(SYS_readv, p[0], 8, 1));
    R(syscall(SYS_socketpair, 1, 1, 0, 8));
    R(syscall(SYS_getdents64, 0, 8, 100));
    R(syscall(SYS_ioctl, 1, 0x5401, 8) == -1);
    R(syscall(SYS_set_robust_list, 8, 24));
    R(syscall(SYS_getrandom, 8, 10, 0));
    R(syscall(SYS_statx, AT_FDCWD, "/", 0, 0xfff, 8));
    R(syscall(SYS_readlink, "/proc/self/exe", 8, 100));
    R(syscall(SYS_epoll_ctl, 0, 1, 0, 8));
    R(syscall(SYS_mincore, edge, 4096, 8));
    R(syscall(SYS_times, 8));
    R(syscall(SYS_sysinfo, 8));
    R(syscall(SYS_sched_setaffinity, 0, 8, 8));
    R(syscall(SYS_time, 8));
    R(syscall(SYS_process_vm_readv, getpid(), 8, 1, 8, 1, 0));
}
// Stop and continue, seen by the parent.
CASE(stops) {
    static const int numbers[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
    for (int i = 0; i < 4; i++) {
        // Job control stops need a group that is not orphaned: the parent is in another
        // group of the same session.
        pid_t child = must(fork());
        if (!child) {
            setpgid(0, 0);
            raise(numbers[i]);
            sleep_us(30000);
            _exit(20 + i);
        }
        setpgid(child, child);
        int status;
        must(waitpid(child, &status, WUNTRACED));
        show_status("first", status);
        if (WIFSTOPPED(status)) {
            kill(child, SIGCONT);
            must(waitpid(child, &status, WCONTINUED));
            show_status("second", status);
            if (WIFCONTINUED(status)) show_status("third", reap(child));
        }
    }
    // An orphaned group is not stopped by terminal signals.
    IN_CHILD("orphaned", { setsid(); raise(SIGTSTP); _exit(31); });
    // A stopped process is killed by SIGKILL only, others wait for SIGCONT.
    pid_t child = must(fork());
    if (!child) for (;;) pause();
    kill(child, SIGSTOP);
    int status;
    must(waitpid(child, &status, WUNTRACED));
    kill(child, SIGTERM);
    sleep_us(3000);
    R(waitpid(child, &status, WNOHANG));
    kill(child, SIGCONT);
    show_status("after SIGCONT", reap(child));
}
CASE(exits) {
    IN_CHILD("exit 256+7", _exit(263));
    IN_CHILD("exit -1", _exit(-1));
    IN_CHILD("abort", abort());
    IN_CHILD("last thread", {
        void *late(void *a) { sleep_us(20000); syscall(SYS_exit, 5); return 0; }
        pthread_t t;
        pthread_create(&t, 0, late, 0);
        syscall(SYS_exit, 3); // the main thread only
    });
    IN_CHILD("group exit from a thread", {
        void *f(void *a) { syscall(SYS_exit_group, 44); return 0; }
        pthread_t t;
        pthread_create(&t, 0, f, 0);
        for (;;) pause();
    });
    IN_CHILD("killed with many threads", {
        void *f(void *a) { for (;;) getppid(); return 0; }
        pthread_t t;
        for (int i = 0; i < 10; i++) pthread_create(&t, 0, f, 0);
        sleep_us(3000);
        kill(getpid(), SIGTERM);
        for (;;) {}
    });
    IN_CHILD("pthread_exit", {
        void *f(void *a) { sleep_us(5000); return 0; }
        pthread_t t;
        pthread_create(&t, 0, f, 0);
        pthread_exit(0);
    });
}
CASE(pdeathsig) {
    int p[2];
    must(pipe(p));
    pid_t middle = must(fork());
    if (!middle) {
        pid_t grand = fork();
        if (!grand) {
            void f(int n) { write(p[1], "signalled", 9); _exit(0); }
            signal(SIGUSR1, f);
            prctl(PR_SET_PDEATHSIG, SIGUSR1);
            int sig;
            prctl(PR_GET_PDEATHSIG, &sig);
            write(p[1], sig == SIGUSR1 ? "a" : "b", 1);
            for (;;) pause();
        }
        char c[4];
        read(p[0], c, 1);
        until_asleep(grand, 0);
        _exit(c[0]);
    }
    show_status("middle", reap(middle));
    char text[20] = "";
    close(p[1]);
    R(read(p[0], text, 19));
    show("%s", text);
}

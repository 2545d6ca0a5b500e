//! The guest's own seccomp filters: each action, their stacking, threads and exec.
#include "guest.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define JEQ(value, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, t, f)
#define RET(value) BPF_STMT(BPF_RET | BPF_K, value)

static int install_n(struct sock_filter *code, int count, unsigned flags) {
    struct sock_fprog program = {count, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
#define INSTALL(flags, ...)                                                    \
    ({                                                                         \
        struct sock_filter code_[] = {__VA_ARGS__};                            \
        install_n(code_, sizeof code_ / sizeof *code_, flags);                 \
    })
// The call 444 (landlock_create_ruleset) and getpgrp stand for what is filtered.
enum { CALL = SYS_getpgrp };
#define ON_CALL(action) LOAD(nr), JEQ(CALL, 0, 1), RET(action), RET(SECCOMP_RET_ALLOW)

CASE(errno_action) {
    R(INSTALL(0, ON_CALL(SECCOMP_RET_ERRNO | 77)));
    for (int i = 0; i < 3; i++) R(syscall(CALL));
    int bad = 0;
    for (int i = 0; i < 300; i++) bad += syscall(CALL) != -1 || errno != 77;
    show("bad %d", bad);
    check(getppid() > 0, "others are allowed");
    show("mode %d", prctl(PR_GET_SECCOMP));
}
CASE(errno_values) {
    R(INSTALL(0, ON_CALL(SECCOMP_RET_ERRNO | 0)));
    R(syscall(CALL));
    R(INSTALL(0, ON_CALL(SECCOMP_RET_ERRNO | 0xffff)));
    errno = 0;
    long r = syscall(CALL);
    show("%ld %d", r, errno);
}
static volatile siginfo_t last;
static volatile int count;
static void trapped(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    memcpy((void *)&last, info, sizeof *info);
    if (!count++) show("rax in frame %lld", u->uc_mcontext.gregs[REG_RAX]);
    u->uc_mcontext.gregs[REG_RAX] = 1000 + count;
}
CASE(trap) {
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, 0);
    R(INSTALL(0, ON_CALL(SECCOMP_RET_TRAP | 99)));
    R(syscall(CALL));
    show("signo %d code %d errno %d nr %d arch %x", last.si_signo, last.si_code, last.si_errno, last.si_syscall, last.si_arch);
    check(last.si_call_addr != 0, "address");
    long sum = 0;
    for (int i = 0; i < 300; i++) sum += syscall(CALL);
    show("sum %ld count %d", sum, count);
    long r;
    void *after;
    asm volatile("syscall\n 1: lea 1b(%%rip),%1" : "=a"(r), "=&r"(after) : "a"(CALL) : "rcx", "r11", "memory");
    check(last.si_call_addr == after, "address is after the call");
}
CASE(trap_unhandled) {
    IN_CHILD("default", { INSTALL(0, ON_CALL(SECCOMP_RET_TRAP)); syscall(CALL); });
    IN_CHILD("blocked", {
        struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
        sigaction(SIGSYS, &action, 0);
        sigset_t block;
        sigemptyset(&block);
        sigaddset(&block, SIGSYS);
        sigprocmask(SIG_BLOCK, &block, 0);
        INSTALL(0, ON_CALL(SECCOMP_RET_TRAP));
        syscall(CALL);
    });
    IN_CHILD("ignored", { signal(SIGSYS, SIG_IGN); INSTALL(0, ON_CALL(SECCOMP_RET_TRAP)); syscall(CALL); });
}
CASE(kill) {
    IN_CHILD("process", { INSTALL(0, ON_CALL(SECCOMP_RET_KILL_PROCESS)); syscall(CALL); });
    IN_CHILD("thread", { INSTALL(0, ON_CALL(SECCOMP_RET_KILL_THREAD)); syscall(CALL); });
    IN_CHILD("one thread of two", {
        INSTALL(0, ON_CALL(SECCOMP_RET_KILL_THREAD));
        void *f(void *a) { syscall(CALL); return 0; }
        pthread_t t;
        pthread_create(&t, 0, f, 0);
        pthread_join(t, 0);
        _exit(21);
    });
    IN_CHILD("process by a thread", {
        INSTALL(0, ON_CALL(SECCOMP_RET_KILL_PROCESS));
        void *f(void *a) { syscall(CALL); return 0; }
        pthread_t t;
        pthread_create(&t, 0, f, 0);
        for (;;) pause();
    });
    IN_CHILD("handler does not help", {
        void f(int n) { _exit(1); }
        signal(SIGSYS, f);
        INSTALL(0, ON_CALL(SECCOMP_RET_KILL_PROCESS));
        syscall(CALL);
    });
    IN_CHILD("unknown action kills", { INSTALL(0, ON_CALL(0x12340000)); syscall(CALL); });
}
CASE(log_and_allow) {
    R(INSTALL(0, ON_CALL(SECCOMP_RET_LOG)));
    check(syscall(CALL) > 0, "logged and made");
    R(INSTALL(0, RET(SECCOMP_RET_ALLOW)));
    check(syscall(CALL) > 0, "allowed");
}
CASE(trace_without_tracer) {
    R(INSTALL(0, ON_CALL(SECCOMP_RET_TRACE | 5)));
    R(syscall(CALL));
}
// The first action in the order of precedence wins, whatever was installed last.
CASE(stacked) {
    R(INSTALL(0, ON_CALL(SECCOMP_RET_ERRNO | 11)));
    R(INSTALL(0, ON_CALL(SECCOMP_RET_ERRNO | 22)));
    R(syscall(CALL));
    R(INSTALL(0, RET(SECCOMP_RET_ALLOW)));
    R(syscall(CALL));
    IN_CHILD("trap wins", { INSTALL(0, ON_CALL(SECCOMP_RET_TRAP)); syscall(CALL); });
    IN_CHILD("inherited", { R(syscall(CALL)); });
}
// The vsyscall page is emulated by the kernel, and its calls are judged like all others.
CASE(vsyscall) {
    time_t (*vsyscall_time)(time_t *) = (void *)0xffffffffff600400;
    R(INSTALL(0, LOAD(nr), JEQ(SYS_time, 0, 1), RET(SECCOMP_RET_ERRNO | 61), RET(SECCOMP_RET_ALLOW)));
    show("time %ld", (long)vsyscall_time(0));
    struct timeval now = {0, 0};
    show("gettimeofday %ld", ((long (*)(struct timeval *, void *))0xffffffffff600000)(&now, 0));
    check(labs(time(0) - now.tv_sec) <= 1, "the time");
}
CASE(arguments) {
    // lseek with a chosen offset only: both halves are looked at.
    R(INSTALL(0, LOAD(nr), JEQ(SYS_lseek, 0, 5), LOAD(args[1]), JEQ(0x55667788, 0, 3),
              BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]) + 4),
              JEQ(0x11223344, 0, 1), RET(SECCOMP_RET_ERRNO | 33), RET(SECCOMP_RET_ALLOW)));
    R(syscall(SYS_lseek, -1, 0x1122334455667788, 0) == -1 ? errno : 0);
    R(syscall(SYS_lseek, -1, 0x1122334555667788, 0) == -1 ? errno : 0);
    R(syscall(SYS_lseek, -1, 0x55667788, 0) == -1 ? errno : 0);
}
CASE(arch_and_address) {
    R(INSTALL(0, LOAD(nr), JEQ(CALL, 0, 3), LOAD(arch), JEQ(AUDIT_ARCH_X86_64, 0, 1), RET(SECCOMP_RET_ERRNO | 44),
              RET(SECCOMP_RET_ALLOW)));
    R(syscall(CALL));
    // The address of the call is the guest's: after its syscall instruction.
    extern char here[];
    uint64_t at = 0;
    asm volatile("lea here(%%rip),%0" : "=r"(at));
    IN_CHILD("by address", {
        R(INSTALL(0, LOAD(instruction_pointer), JEQ((uint32_t)at, 0, 3),
                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
                  JEQ((uint32_t)(at >> 32), 0, 1), RET(SECCOMP_RET_ERRNO | 55), RET(SECCOMP_RET_ALLOW)));
        long r;
        for (int i = 0; i < 100; i++)
            asm volatile("syscall\n.globl here\nhere:" : "=a"(r) : "a"(SYS_getppid) : "rcx", "r11", "memory");
        show("%ld", r);
    });
}
CASE(bad_numbers) {
    R(INSTALL(0, LOAD(nr), JEQ(9999, 0, 1), RET(SECCOMP_RET_ERRNO | 66), JEQ(0xffffffff, 0, 1),
              RET(SECCOMP_RET_ERRNO | 67), RET(SECCOMP_RET_ALLOW)));
    R(syscall(9999));
    R(syscall(-1));
    R(syscall(9998));
}
CASE(computed) {
    // All kinds of instructions: result is a function of the first argument of CALL.
    R(INSTALL(0, LOAD(nr), JEQ(CALL, 1, 0), RET(SECCOMP_RET_ALLOW), LOAD(args[0]), BPF_STMT(BPF_MISC | BPF_TAX, 0),
              BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 10), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 3),
              BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 2),
              BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 1), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 5),
              BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1), BPF_STMT(BPF_LDX | BPF_MEM, 3),
              BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),
              BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2000, 0, 1), RET(SECCOMP_RET_ERRNO | 1),
              BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0)));
    for (int i = 0; i < 40; i++) {
        errno = 0;
        long r = syscall(CALL, i * 37);
        show("%d: %ld %d", i * 37, r, errno);
    }
}
CASE(install_errors) {
    struct sock_filter none[1] = {RET(SECCOMP_RET_ALLOW)};
    struct sock_fprog empty = {0, none}, bad = {1, (void *)8};
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    R(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &empty));
    R(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &bad));
    R(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 0));
    R(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1 << 20, &bad));
    R(syscall(SYS_seccomp, 99, 0, 0));
    R(INSTALL(0, LOAD(nr)));                                            // no return
    R(INSTALL(0, JEQ(1, 5, 5), RET(SECCOMP_RET_ALLOW)));                // jump too far
    R(INSTALL(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RET(0)));      // beyond the data
    R(INSTALL(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), RET(0)));       // not aligned
    R(INSTALL(0, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RET(0)));       // a byte load
    R(INSTALL(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET(0)));      // division by zero
    R(INSTALL(0, BPF_STMT(BPF_ST, 16), RET(0)));                        // no such cell
    unsigned action = SECCOMP_RET_ERRNO;
    R(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
    action = 0x12345;
    R(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
    R(prctl(PR_SET_SECCOMP, 9, 0));
    show("mode %d", prctl(PR_GET_SECCOMP));
}
CASE(strict) {
    IN_CHILD("getpid", { R(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)); syscall(SYS_getppid); });
    IN_CHILD("allowed", {
        syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
        write(1, "write\n", 6);
        syscall(SYS_exit, 9);
    });
    IN_CHILD("exit_group", { prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); syscall(SYS_exit_group, 9); });
}
HELPER(exec) {
    R(syscall(CALL));
    show("mode %d nnp %d", prctl(PR_GET_SECCOMP), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    return 0;
}
CASE(over_exec) {
    R(INSTALL(0, ON_CALL(SECCOMP_RET_ERRNO | 88)));
    char *argv[] = {(char *)self, "@exec", 0};
    execv(self, argv);
}
static atomic_int go;
static void *other_thread(void *arg) {
    while (!go) sleep_us(200);
    errno = 0;
    long r = syscall(CALL);
    return (void *)(long)(r == -1 ? errno : 0);
}
CASE(threads) {
    pthread_t t;
    pthread_create(&t, 0, other_thread, 0);
    R(INSTALL(0, ON_CALL(SECCOMP_RET_ERRNO | 12)));
    go = 1;
    void *r;
    pthread_join(t, &r);
    show("older thread %ld", (long)r);
    pthread_create(&t, 0, other_thread, 0);
    pthread_join(t, &r);
    show("younger thread %ld", (long)r);
    go = 0;
    pthread_create(&t, 0, other_thread, 0);
    R(INSTALL(SECCOMP_FILTER_FLAG_TSYNC, ON_CALL(SECCOMP_RET_ERRNO | 10)));
    go = 1;
    pthread_join(t, &r);
    show("synchronised thread %ld", (long)r);
}

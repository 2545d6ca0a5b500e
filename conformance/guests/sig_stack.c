//! Alternate stacks, small stacks, masks and flags of handlers, their nesting and order, and
//! leaving them by other ways than a return.
//! variants: pie static
#include "guest.h"
#include <setjmp.h>

static char stack_a[65536] __attribute__((aligned(64))), stack_b[65536] __attribute__((aligned(64)));
static volatile int count, on_alt, depth, deepest;
static char trail[4096];
static volatile int trail_size;
static void note(const char *what) {
    int size = strlen(what);
    if (trail_size + size < (int)sizeof trail - 1) {
        memcpy(trail + trail_size, what, size);
        trail_size += size;
    }
}
static void show_trail(void) {
    trail[trail_size] = 0;
    show("trail: %s", trail);
    trail_size = 0;
}
static int within(const void *at, const char *area, size_t size) {
    return (const char *)at >= area && (const char *)at < area + size;
}
static void set(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    must(sigaction(number, &action, 0));
}
static void show_stack(const char *what) {
    stack_t now;
    must(sigaltstack(0, &now));
    show("%s: flags %x size %zu at %s", what, now.ss_flags, now.ss_size,
         now.ss_sp == stack_a ? "a" : now.ss_sp == stack_b ? "b" : now.ss_sp ? "?" : "0");
}
static void where(int number) {
    char here;
    count++;
    on_alt = within(&here, stack_a, sizeof stack_a) ? 1 : within(&here, stack_b, sizeof stack_b) ? 2 : 0;
    show_stack("in handler");
}
CASE(altstack) {
    stack_t a = {stack_a, 0, sizeof stack_a}, b = {stack_b, 0, sizeof stack_b}, old;
    show_stack("at start");
    R(sigaltstack(&a, &old));
    show("old flags %x", old.ss_flags);
    show_stack("set");
    set(SIGUSR1, where, SA_ONSTACK);
    set(SIGUSR2, where, 0);
    raise(SIGUSR1);
    show("on %d", on_alt);
    raise(SIGUSR2);
    show("on %d", on_alt);
    R(sigaltstack(&b, &old));
    show("old was a %d", old.ss_sp == stack_a);
    raise(SIGUSR1);
    show("on %d", on_alt);
    stack_t off = {stack_a, SS_DISABLE, 5};
    R(sigaltstack(&off, 0));
    show_stack("disabled");
    raise(SIGUSR1);
    show("on %d", on_alt);
}
CASE(altstack_errors) {
    stack_t s = {stack_a, 0, 2047};
    R(sigaltstack(&s, 0));
    s.ss_size = 0;
    R(sigaltstack(&s, 0));
    s.ss_size = 2048;
    R(sigaltstack(&s, 0));
    s = (stack_t){stack_a, 99, 65536};
    R(sigaltstack(&s, 0));
    s.ss_flags = SS_ONSTACK;
    R(sigaltstack(&s, 0));
    s.ss_flags = 1u << 31;
    R(sigaltstack(&s, 0));
    show_stack("autodisarm");
    s.ss_flags = 1u << 31 | SS_DISABLE;
    R(sigaltstack(&s, 0));
    show_stack("disarmed");
    R(syscall(SYS_sigaltstack, 8, 0));
    R(syscall(SYS_sigaltstack, 0, 8));
    s = (stack_t){(void *)-4096, 0, 65536};
    R(sigaltstack(&s, 0));
    s = (stack_t){0, 0, 65536};
    R(sigaltstack(&s, 0));
}
static void change_inside(int number) {
    stack_t b = {stack_b, 0, sizeof stack_b}, a = {stack_a, 0, sizeof stack_a};
    R(sigaltstack(&b, 0));
    R(sigaltstack(&a, 0));
    show_stack("in handler");
}
CASE(change_while_on_it) {
    stack_t a = {stack_a, 0, sizeof stack_a};
    must(sigaltstack(&a, 0));
    set(SIGUSR1, change_inside, SA_ONSTACK);
    raise(SIGUSR1);
    show_stack("after");
}
static void disarmed_handler(int number) {
    char here;
    note(within(&here, stack_a, sizeof stack_a) ? "a" : "-");
    show_stack("in handler");
    // The stack is not armed, so that a nested signal comes on the same stack as now.
    if (depth++ < 1) raise(SIGUSR1);
    stack_t b = {stack_b, 0, sizeof stack_b};
    R(sigaltstack(&b, 0));
}
CASE(autodisarm) {
    stack_t a = {stack_a, 1u << 31, sizeof stack_a};
    must(sigaltstack(&a, 0));
    set(SIGUSR1, disarmed_handler, SA_ONSTACK | SA_NODEFER);
    raise(SIGUSR1);
    show_stack("after");
    show_trail();
}
// Nested on one alternate stack: the second frame lies below the first, not at the top.
static char *first_frame;
static void nest(int number) {
    char here;
    if (!first_frame) {
        first_frame = &here;
        raise(SIGUSR2);
    } else show("second below first %d, on the stack %d", &here < first_frame, within(&here, stack_a, sizeof stack_a));
}
CASE(nested_on_altstack) {
    stack_t a = {stack_a, 0, sizeof stack_a};
    must(sigaltstack(&a, 0));
    set(SIGUSR1, nest, SA_ONSTACK);
    set(SIGUSR2, nest, SA_ONSTACK);
    raise(SIGUSR1);
    // One without the flag, while on it, goes on there too.
    first_frame = 0;
    set(SIGUSR2, nest, 0);
    raise(SIGUSR1);
}
// The alternate stack is not large enough for a frame: SIGSEGV kills.
CASE(altstack_too_small) {
    long need = sysconf(_SC_MINSIGSTKSZ);
    check(need >= 2048, "the least size");
    IN_CHILD("too small", {
        stack_t s = {stack_a + 4096, 0, 2048};
        if (need <= 2100) _exit(11);
        if (sigaltstack(&s, 0) < 0) {
            show("refused");
            _exit(11);
        }
        set(SIGUSR1, where, SA_ONSTACK);
        raise(SIGUSR1);
        show("came back");
    });
    IN_CHILD("large enough", {
        stack_t s = {stack_a + 4096, 0, need + 4096};
        if (sigaltstack(&s, 0) < 0) _exit(5);
        set(SIGUSR1, where, SA_ONSTACK);
        raise(SIGUSR1);
        _exit(count == 1 ? 3 : 4);
    });
}
static sigjmp_buf back;
static void overflowed(int number, siginfo_t *info, void *context) {
    char here;
    on_alt = within(&here, stack_a, sizeof stack_a);
    siglongjmp(back, info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR ? 1 : 2);
}
static int recurse(int n) {
    volatile char room[16384];
    room[0] = n;
    return n > 1000000 ? 0 : recurse(n + 1) + room[0];
}
CASE(stack_overflow) {
    stack_t a = {stack_a, 0, sizeof stack_a};
    must(sigaltstack(&a, 0));
    struct sigaction action = {.sa_sigaction = overflowed, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    sigaction(SIGSEGV, &action, 0);
    for (volatile int i = 0; i < 3; i++) {
        int r = sigsetjmp(back, 1);
        if (!r) recurse(0);
        show("caught %d on the alternate stack %d", r, on_alt);
    }
    IN_CHILD("without one", {
        stack_t off = {.ss_flags = SS_DISABLE};
        sigaltstack(&off, 0);
        recurse(0);
    });
}
// A 2 KiB stack with live data right below its top, as goroutines have: only the alternate
// stack may be touched, and calls made on it must find room.
static int on_small_stack(int (*f)(void), char *top) {
    int r;
    asm volatile("mov %%rsp,%%rbx\n mov %2,%%rsp\n call *%1\n mov %%rbx,%%rsp"
                 : "=a"(r) : "r"(f), "r"(top)
                 : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
    return r;
}
static volatile int ticks;
static void tick(int number) { ticks++; }
static __attribute__((noinline)) int small_work(void) {
    int bad = 0;
    long r;
    for (int i = 0; i < 20000; i++) {
        asm volatile("mov $39,%%eax\n syscall" : "=a"(r) : : "rcx", "r11", "memory");
        bad += r <= 0;
        asm volatile("syscall\n cmp $-4095,%%rax" : "=a"(r) : "a"(3), "D"(-1L) : "rcx", "r11", "memory", "cc");
        bad += r != -EBADF;
        if (ticks > 60) break;
    }
    return bad;
}
CASE(small_stack) {
    // The stack lies between two pages that may not be touched.
    char *area = must(mmap(0, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    must(mprotect(area + 4096, 4096, PROT_READ | PROT_WRITE));
    // 600 bytes are left below the stack pointer at most.
    char *top = area + 4096 + 640;
    stack_t a = {stack_a, 0, sizeof stack_a};
    must(sigaltstack(&a, 0));
    set(SIGALRM, tick, SA_ONSTACK | SA_RESTART);
    struct itimerval often = {{0, 500}, {0, 500}}, off = {{0, 0}, {0, 0}};
    int bad = 0;
    must(setitimer(ITIMER_REAL, &often, 0));
    for (int i = 0; i < 5; i++) {
        ticks = 0;
        bad += on_small_stack(small_work, top);
    }
    must(setitimer(ITIMER_REAL, &off, 0));
    check(!bad, "%d wrong on a stack of 640 bytes", bad);
}
// No stack at all: with rsp at nothing a call still works, since the kernel needs none.
CASE(no_stack) {
    long bad = 0;
    for (int i = 0; i < 300; i++) {
        long r, s;
        asm volatile("mov %%rsp,%%rbx\n mov $16,%%esp\n mov $39,%%eax\n syscall\n"
                     "mov %%rax,%0\n mov $3,%%eax\n mov $-1,%%rdi\n syscall\n mov %%rbx,%%rsp\n"
                     : "=&r"(r), "=a"(s) : : "rbx", "rcx", "r11", "rdi", "memory", "cc");
        bad += r <= 0 || s != -EBADF;
    }
    check(!bad, "calls with no stack");
    for (int i = 0; i < 300; i++) {
        long r;
        asm volatile("mov %%rsp,%%rbx\n mov $0x8000000000000001,%%rsp\n mov $102,%%eax\n syscall\n"
                     "mov %%rbx,%%rsp\n" : "=a"(r) : : "rbx", "rcx", "r11", "memory", "cc");
        bad += r != OWN_UID;
    }
    check(!bad, "calls with a stack pointer that is no address");
}
// No room for the frame on the normal stack: SIGSEGV, here fatal.
CASE(no_room_for_frame) {
    IN_CHILD("no room", {
        set(SIGUSR1, tick, 0);
        asm volatile("mov $16,%%rsp\n mov $62,%%eax\n mov %0,%%edi\n mov $10,%%esi\n syscall\n"
                     "mov $231,%%eax\n mov $3,%%edi\n syscall" : : "r"(getpid()) : "rax", "rdi", "rsi", "memory");
    });
    IN_CHILD("SIGSEGV handler on the alternate stack", {
        stack_t a = {stack_a, 0, sizeof stack_a};
        sigaltstack(&a, 0);
        void leave(int n) { _exit(40 + n); }
        set(SIGSEGV, leave, SA_ONSTACK);
        set(SIGUSR1, tick, 0);
        asm volatile("mov $16,%%rsp\n mov $62,%%eax\n mov %0,%%edi\n mov $10,%%esi\n syscall\n"
                     "mov $231,%%eax\n mov $3,%%edi\n syscall" : : "r"(getpid()) : "rax", "rdi", "rsi", "memory");
    });
}
// --- masks and flags ---
static void show_mask(const char *what) {
    sigset_t now;
    char text[300] = "";
    sigprocmask(SIG_BLOCK, 0, &now);
    for (int i = 1; i < 65; i++)
        if (sigismember(&now, i) == 1) snprintf(text + strlen(text), sizeof text - strlen(text), " %d", i);
    show("%s:%s", what, text);
}
static void mask_handler(int number) { show_mask("inside"); }
CASE(sa_mask) {
    struct sigaction action = {.sa_handler = mask_handler};
    sigfillset(&action.sa_mask);
    must(sigaction(SIGUSR1, &action, 0));
    raise(SIGUSR1);
    show_mask("after");
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaddset(&action.sa_mask, 40);
    must(sigaction(SIGUSR1, &action, 0));
    raise(SIGUSR1);
    action.sa_flags = SA_NODEFER;
    must(sigaction(SIGUSR1, &action, 0));
    raise(SIGUSR1);
    show_mask("after");
    struct sigaction got;
    sigaction(SIGUSR1, 0, &got);
    show("flags %x handler %d mask TERM %d KILL %d", got.sa_flags & ~0x04000000, got.sa_handler == mask_handler,
         sigismember(&got.sa_mask, SIGTERM), sigismember(&got.sa_mask, SIGKILL));
}
static void nodefer(int number) {
    depth++;
    if (depth > deepest) deepest = depth;
    if (count++ < 5) raise(number);
    depth--;
}
CASE(nodefer) {
    set(SIGUSR1, nodefer, SA_NODEFER);
    raise(SIGUSR1);
    show("count %d deepest %d", count, deepest);
    count = deepest = 0;
    set(SIGUSR1, nodefer, 0);
    raise(SIGUSR1);
    show("count %d deepest %d", count, deepest);
}
CASE(resethand) {
    set(SIGUSR1, tick, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction got;
    sigaction(SIGUSR1, 0, &got);
    show("handled %d default %d flags %x", ticks, got.sa_handler == SIG_DFL, got.sa_flags & ~0x04000000);
    IN_CHILD("second", raise(SIGUSR1));
    void inside(int n) {
        struct sigaction in;
        sigaction(n, 0, &in);
        show("inside: default %d", in.sa_handler == SIG_DFL);
    }
    set(SIGUSR1, inside, SA_RESETHAND | SA_NODEFER);
    raise(SIGUSR1);
}
// All pending when unblocked: built up lowest number first, run in the reverse order.
static void order(int number) {
    char text[16];
    snprintf(text, sizeof text, "%d ", number);
    note(text);
}
static void order_nodefer(int number) { order(number); }
CASE(order) {
    static const int numbers[] = {SIGUSR2, 40, SIGTERM, SIGUSR1, 35, SIGHUP, SIGURG, 64, SIGSEGV, SIGCHLD};
    sigset_t all, old;
    sigfillset(&all);
    for (int pass = 0; pass < 2; pass++) {
        sigprocmask(SIG_SETMASK, &all, &old);
        for (int i = 0; i < 10; i++) {
            struct sigaction action = {.sa_handler = pass ? order_nodefer : order};
            if (pass) sigfillset(&action.sa_mask);
            must(sigaction(numbers[i], &action, 0));
            must(kill(getpid(), numbers[i]));
        }
        sigprocmask(SIG_SETMASK, &old, 0);
        show_trail();
    }
    // Thread-directed ones before process-directed ones.
    sigprocmask(SIG_SETMASK, &all, &old);
    must(kill(getpid(), SIGHUP));
    must(syscall(SYS_tgkill, getpid(), gettid(), SIGTERM));
    must(kill(getpid(), SIGUSR1));
    must(syscall(SYS_tgkill, getpid(), gettid(), 40));
    sigprocmask(SIG_SETMASK, &old, 0);
    show_trail();
}
CASE(pending) {
    sigset_t set, now;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, 40);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR1);
    kill(getpid(), 40);
    kill(getpid(), 40);
    sigpending(&now);
    for (int i = 1; i < 65; i++)
        if (sigismember(&now, i) == 1) show("pending %d", i);
    struct timespec zero = {0, 0};
    siginfo_t info;
    for (int i = 0; i < 5; i++) R(sigtimedwait(&set, &info, &zero));
    // Setting a signal to be ignored throws the pending one away.
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    sigpending(&now);
    show("after ignore %d", sigismember(&now, SIGUSR1));
    // Default-ignored ones stay pending while blocked... unless discarded by a new action.
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, 0);
    kill(getpid(), SIGCHLD);
    sigpending(&now);
    show("SIGCHLD %d", sigismember(&now, SIGCHLD));
    signal(SIGCHLD, SIG_DFL);
    sigpending(&now);
    show("SIGCHLD %d", sigismember(&now, SIGCHLD));
}
static volatile int jumps;
static void jumper(int number) {
    jumps++;
    siglongjmp(back, jumps);
}
CASE(longjmp_out) {
    set(SIGUSR1, jumper, 0);
    int alt = 0;
    for (; alt < 2; alt++) {
        if (alt) {
            stack_t a = {stack_a, 0, sizeof stack_a};
            sigaltstack(&a, 0);
            set(SIGUSR1, jumper, SA_ONSTACK);
        }
        jumps = 0;
        volatile int rounds = 0;
        while (rounds++ < 200)
            if (!sigsetjmp(back, 1)) {
                // In a call, or in the code between.
                if (rounds & 1) raise(SIGUSR1);
                else kill(getpid(), SIGUSR1);
                show("not reached");
            }
        show("jumps %d", jumps);
        show_stack("after");
        show_mask("mask");
    }
    // Out of a sleeping call: a thousand short alarms.
    set(SIGALRM, jumper, SA_ONSTACK);
    jumps = 0;
    volatile int p[2];
    must(pipe((int *)p));
    while (jumps < 50) {
        struct itimerval once = {{0, 0}, {0, 1000}};
        char c;
        if (!sigsetjmp(back, 1)) {
            setitimer(ITIMER_REAL, &once, 0);
            read(p[0], &c, 1);
        }
    }
    show("out of read %d", jumps);
    // Without restoring the mask the signal stays blocked.
    if (!sigsetjmp(back, 0)) raise(SIGUSR1);
    show_mask("mask kept");
}
CASE(action_errors) {
    struct sigaction action = {.sa_handler = SIG_IGN};
    R(syscall(SYS_rt_sigaction, SIGKILL, &action, 0, 8));
    R(syscall(SYS_rt_sigaction, SIGSTOP, &action, 0, 8));
    R(syscall(SYS_rt_sigaction, SIGKILL, 0, &action, 8));
    R(syscall(SYS_rt_sigaction, 0, &action, 0, 8));
    R(syscall(SYS_rt_sigaction, 65, &action, 0, 8));
    R(syscall(SYS_rt_sigaction, -1, &action, 0, 8));
    R(syscall(SYS_rt_sigaction, SIGUSR1, 0, 0, 8));
    R(syscall(SYS_rt_sigaction, SIGUSR1, 0, 0, 4));
    R(syscall(SYS_rt_sigaction, SIGUSR1, 8, 0, 8));
    R(syscall(SYS_rt_sigaction, SIGUSR1, 0, 8, 8));
    R(syscall(SYS_rt_sigprocmask, 7, &action, 0, 8));
    R(syscall(SYS_rt_sigprocmask, 7, 0, &action, 8));
    R(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, 0, 8));
    R(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, 8, 8));
    R(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, 0, 16));
    R(syscall(SYS_rt_sigpending, &action, 16));
    R(syscall(SYS_rt_sigpending, &action, 4));
    R(syscall(SYS_rt_sigpending, 8, 8));
    R(syscall(SYS_rt_sigsuspend, &action, 7));
    R(syscall(SYS_rt_sigsuspend, 8, 8));
    R(syscall(SYS_rt_sigtimedwait, &action, 0, 0, 7));
    R(syscall(SYS_kill, getpid(), 65));
    R(syscall(SYS_kill, getpid(), -1));
    R(syscall(SYS_kill, getpid(), 0));
    R(syscall(SYS_kill, 99999999, 0));
    R(syscall(SYS_tgkill, getpid(), gettid(), 65));
    R(syscall(SYS_tgkill, -1, gettid(), 0));
    R(syscall(SYS_tgkill, getpid(), 1, 0));
    R(syscall(SYS_tkill, 0, 0));
    R(syscall(SYS_tkill, gettid(), 0));
    R(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, 8));
    // KILL and STOP cannot be blocked.
    sigset_t all, now;
    memset(&all, 255, sizeof all);
    R(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8));
    R(syscall(SYS_rt_sigprocmask, SIG_SETMASK, 0, &now, 8));
    show("mask %lx", *(long *)&now);
}
// Signals to one thread and to the process.
static __thread int mine;
static atomic_int main_got, thread_got, other_ready;
static pthread_t main_thread;
static void to_whom(int number) {
    mine++;
    if (pthread_equal(pthread_self(), main_thread)) main_got++;
    else thread_got++;
}
static atomic_int thread_tid;
static void *receiver(void *arg) {
    thread_tid = gettid();
    other_ready = 1;
    while (other_ready != 2) sleep_us(1000);
    return (void *)(long)mine;
}
CASE(threads) {
    main_thread = pthread_self();
    set(SIGUSR1, to_whom, SA_RESTART);
    set(40, to_whom, SA_RESTART);
    pthread_t t;
    pthread_create(&t, 0, receiver, 0);
    while (!other_ready) sleep_us(200);
    for (int i = 0; i < 100; i++) {
        syscall(SYS_tgkill, getpid(), thread_tid, 40);
        while (thread_got != i + 1) sleep_us(100);
    }
    show("main %d thread %d", main_got, thread_got);
    // The main thread blocks it: the other one gets what is sent to the process.
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &block, 0);
    kill(getpid(), SIGUSR1);
    while (thread_got != 101) sleep_us(100);
    show("main %d thread %d", main_got, thread_got);
    other_ready = 2;
    void *result;
    pthread_join(t, &result);
    show("in the thread %ld", (long)result);
    // New threads inherit the mask.
    void *mask_of(void *arg) {
        show_mask("thread");
        show_stack("thread has no alternate stack");
        return 0;
    }
    stack_t a = {stack_a, 0, sizeof stack_a};
    must(sigaltstack(&a, 0));
    pthread_create(&t, 0, mask_of, 0);
    pthread_join(t, 0);
    IN_CHILD("forked", { show_mask("child"); show_stack("child keeps it"); });
}
HELPER(after_exec) {
    show_mask("mask after exec");
    for (int i = 1; i < 65; i++) {
        struct sigaction got;
        if (syscall(SYS_rt_sigaction, i, 0, &got, 8)) continue;
        if (got.sa_handler == SIG_IGN) show("ignored %d", i);
        else if (got.sa_handler != SIG_DFL) show("handled %d?", i);
    }
    show_stack("after exec");
    sigset_t now;
    sigpending(&now);
    show("pending USR2 %d", sigismember(&now, SIGUSR2));
    return 0;
}
CASE(over_exec) {
    set(SIGUSR1, tick, SA_ONSTACK | SA_RESTART);
    set(SIGSYS, tick, 0);
    set(SIGTERM, SIG_IGN, 0);
    set(SIGSEGV, SIG_IGN, 0);
    set(SIGPIPE, SIG_IGN, 0);
    set(50, SIG_IGN, 0);
    sigset_t block;
    sigemptyset(&block);
    for (int i = 0; i < 5; i++) sigaddset(&block, (int[]){SIGUSR2, SIGHUP, SIGSYS, SIGSEGV, 60}[i]);
    sigprocmask(SIG_BLOCK, &block, 0);
    raise(SIGUSR2);
    stack_t a = {stack_a, 0, sizeof stack_a};
    must(sigaltstack(&a, 0));
    char *argv[] = {(char *)self, "@after_exec", 0};
    execv(self, argv);
}
// SIGSYS in masks is the guest's as any other.
CASE(sigsys_mask) {
    sigset_t block, now;
    sigemptyset(&block);
    sigaddset(&block, SIGSYS);
    set(SIGSYS, tick, 0);
    sigprocmask(SIG_BLOCK, &block, 0);
    for (int i = 0; i < 300; i++) getppid();
    show_mask("blocked");
    raise(SIGSYS);
    sigpending(&now);
    show("pending %d handled %d", sigismember(&now, SIGSYS), ticks);
    sigprocmask(SIG_UNBLOCK, &block, 0);
    show("handled %d", ticks);
    kill(getpid(), SIGSYS);
    show("handled %d", ticks);
    set(SIGSYS, SIG_IGN, 0);
    kill(getpid(), SIGSYS);
    for (int i = 0; i < 300; i++) getppid();
    set(SIGSYS, SIG_DFL, 0);
    IN_CHILD("default", kill(getpid(), SIGSYS));
    for (int i = 0; i < 300; i++) getppid();
}

//! What a handler sees in its ucontext and siginfo, and what a return from it makes of changes.
//! variants: pie static
//! flags: -mno-red-zone
//! covers: rt_sigreturn=sigaction
#include "guest.h"
#include <cpuid.h>
#include <setjmp.h>

static void set3(int number, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    must(sigaction(number, &action, 0));
}
static volatile int count;
// --- siginfo ---
static volatile siginfo_t last;
static sigjmp_buf back;
static void keep(int number, siginfo_t *info, void *context) {
    memcpy((void *)&last, info, sizeof *info);
    count++;
}
static void keep_jump(int number, siginfo_t *info, void *context) {
    keep(number, info, context);
    siglongjmp(back, 1);
}
static void show_info(const char *what) {
    siginfo_t i;
    memcpy(&i, (void *)&last, sizeof i);
    show("%s: signo %d code %d errno %d", what, i.si_signo, i.si_code, i.si_errno);
}
CASE(info_kill) {
    set3(SIGUSR1, keep, 0);
    set3(40, keep, 0);
    kill(getpid(), SIGUSR1);
    show_info("kill");
    check(last.si_pid == getpid() && last.si_uid == getuid(), "sender");
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
    show_info("tgkill");
    check(last.si_pid == getpid(), "sender");
    syscall(SYS_tkill, gettid(), SIGUSR1);
    show_info("tkill");
    sigqueue(getpid(), 40, (union sigval){.sival_int = 4711});
    show_info("sigqueue");
    check(last.si_pid == getpid() && last.si_value.sival_int == 4711, "sender and value");
    siginfo_t own = {.si_signo = 40, .si_code = -77};
    own.si_value.sival_ptr = (void *)0x1122334455667788;
    own.si_pid = 5;
    R(syscall(SYS_rt_sigqueueinfo, getpid(), 40, &own));
    show_info("rt_sigqueueinfo");
    show("pid %d value %p", last.si_pid, last.si_value.sival_ptr);
    R(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), 40, &own));
    show_info("rt_tgsigqueueinfo");
    own.si_code = 5;
    R(syscall(SYS_rt_sigqueueinfo, getpid(), 40, &own)); // allowed to oneself
    R(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &own));
    show_info("positive code");
    pid_t child = must(fork());
    if (!child) {
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    reap(child);
    show_info("kill by a child");
    check(last.si_pid == child, "sender");
}
CASE(info_timer) {
    set3(SIGALRM, keep, 0);
    set3(SIGUSR2, keep, 0);
    struct itimerval once = {{0, 0}, {0, 2000}};
    setitimer(ITIMER_REAL, &once, 0);
    while (!count) pause();
    show_info("setitimer");
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    event.sigev_value.sival_int = 99;
    must(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec spec = {{0, 0}, {0, 2000000}};
    count = 0;
    must(timer_settime(timer, 0, &spec, 0));
    while (!count) pause();
    show_info("timer_create");
    show("value %d overrun %d", last.si_value.sival_int, last.si_overrun);
    // Overruns while blocked are counted.
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR2);
    sigprocmask(SIG_BLOCK, &block, 0);
    spec.it_interval.tv_nsec = 1000000;
    must(timer_settime(timer, 0, &spec, 0));
    sleep_us(40000);
    count = 0;
    sigprocmask(SIG_UNBLOCK, &block, 0);
    check(count == 1 && last.si_overrun > 10 && timer_getoverrun(timer) >= last.si_overrun, "overruns");
    must(timer_delete(timer));
    // To one thread.
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = gettid();
    must(timer_create(CLOCK_REALTIME, &event, &timer));
    spec.it_interval.tv_nsec = 0;
    count = 0;
    must(timer_settime(timer, 0, &spec, 0));
    while (!count) pause();
    show_info("timer to a thread");
    alarm(1);
    check(alarm(0) == 1, "alarm");
}
CASE(info_child) {
    set3(SIGCHLD, keep, SA_RESTART);
    int go[2];
    char c;
    must(pipe(go));
    pid_t child = must(fork());
    if (!child) {
        kill(getpid(), SIGSTOP);
        read(go[0], &c, 1);
        _exit(17);
    }
    int status;
    must(waitpid(child, &status, WUNTRACED));
    show_info("stopped");
    show("status %d", last.si_status);
    kill(child, SIGCONT);
    must(waitpid(child, &status, WCONTINUED));
    for (int i = 0; i < 2000 && last.si_code != CLD_CONTINUED; i++) sleep_us(500);
    show_info("continued");
    show("status %d", last.si_status);
    sleep_us(3000);
    write(go[1], "x", 1);
    reap(child);
    for (int i = 0; i < 2000 && last.si_code != CLD_EXITED; i++) sleep_us(500);
    show_info("exited");
    show("status %d", last.si_status);
    check(last.si_pid == child && last.si_uid == OWN_UID, "who");
    child = must(fork());
    if (!child) {
        kill(getpid(), SIGKILL);
    }
    reap(child);
    show_info("killed");
    show("status %d", last.si_status);
    child = must(fork());
    if (!child) for (;;) pause();
    set3(SIGCHLD, keep, SA_RESTART | SA_NOCLDSTOP);
    count = 0;
    kill(child, SIGSTOP);
    must(waitpid(child, &status, WUNTRACED));
    show("with SA_NOCLDSTOP %d", count);
    kill(child, SIGKILL);
    reap(child);
    show("then %d", count);
    set3(SIGCHLD, keep, SA_RESTART | SA_NOCLDWAIT);
    count = 0;
    child = must(fork());
    if (!child) _exit(3);
    R(waitpid(child, &status, 0));
    show("with SA_NOCLDWAIT %d", count);
    signal(SIGCHLD, SIG_IGN);
    child = must(fork());
    if (!child) _exit(3);
    R(wait(&status));
}
static char *protected_page;
CASE(info_fault) {
    for (int s = 4; s < 12; s++)
        if (s != SIGKILL && s != SIGABRT) set3(s, keep_jump, 0);
    protected_page = must(mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (!sigsetjmp(back, 1)) *(volatile int *)16 = 1;
    show_info("null write");
    show("addr %p", last.si_addr);
    if (!sigsetjmp(back, 1)) protected_page[5] = 1;
    show_info("read-only write");
    show("addr right %d", last.si_addr == protected_page + 5);
    munmap(protected_page + 4096, 4096);
    if (!sigsetjmp(back, 1)) *(volatile char *)(protected_page + 4100);
    show_info("unmapped read");
    show("addr right %d", last.si_addr == protected_page + 4100);
    if (!sigsetjmp(back, 1)) *(volatile int *)0x8000000000000000 = 1;
    show_info("not canonical");
    show("addr %p", last.si_addr);
    if (!sigsetjmp(back, 1)) asm volatile("hlt");
    show_info("hlt");
    show("addr %p", last.si_addr);
    if (!sigsetjmp(back, 1)) asm volatile("xor %%eax,%%eax\n xor %%edx,%%edx\n xor %%ecx,%%ecx\n div %%ecx" : : : "rax", "rcx", "rdx");
    show_info("division");
    if (!sigsetjmp(back, 1)) asm volatile("ud2");
    show_info("ud2");
    check(last.si_addr != 0, "addr");
    for (int i = 0; i < 5; i++) {
        static const uint8_t bytes[5] = {0x06, 0x17, 0x60, 0xd5, 0xea};
        uint8_t *code = must(mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        memset(code, bytes[i], 16);
        if (!sigsetjmp(back, 1)) ((void (*)(void))code)();
        show_info("invalid byte");
        show("%x addr right %d", bytes[i], last.si_addr == code);
    }
    if (!sigsetjmp(back, 1)) asm volatile("int3");
    show_info("int3");
    show("addr %p", last.si_addr);
    if (!sigsetjmp(back, 1)) asm volatile("int1");
    show_info("int1");
    if (!sigsetjmp(back, 1)) asm volatile("int $5");
    show_info("int 5");
    if (!sigsetjmp(back, 1)) asm volatile("pushfq\n orl $0x100,(%rsp)\n popfq\n nop\n nop");
    show_info("single step");
    int fd = must(open("short", O_RDWR | O_CREAT, 0600));
    must(ftruncate(fd, 100));
    char *m = must(mmap(0, 8192, PROT_READ, MAP_SHARED, fd, 0));
    if (!sigsetjmp(back, 1)) *(volatile char *)(m + 4096);
    show_info("beyond the file");
    show("addr right %d", last.si_addr == m + 4096);
    if (!sigsetjmp(back, 1))
        asm volatile("pushfq\n orl $0x40000,(%%rsp)\n popfq\n mov %%rsp,%%rcx\n inc %%rcx\n mov (%%rcx),%%rax\n" : : : "rax", "rcx");
    asm volatile("pushfq\n andl $~0x40000,(%rsp)\n popfq");
    show_info("alignment");
    if (!sigsetjmp(back, 1)) ((void (*)(void))16)();
    show_info("jump to nothing");
    show("addr %p", last.si_addr);
    void (*volatile data)(void) = (void (*)(void))protected_page;
    if (!sigsetjmp(back, 1)) data();
    show_info("jump to data");
    show("addr right %d", last.si_addr == protected_page);
    // Floating point, unmasked.
    unsigned mxcsr = 0x1f80 & ~0x200;
    if (!sigsetjmp(back, 1)) {
        asm volatile("ldmxcsr %0" : : "m"(mxcsr));
        volatile double one = 1, zero = 0;
        volatile double r = one / zero;
        (void)r;
    }
    mxcsr = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(mxcsr));
    show_info("SSE division");
    if (!sigsetjmp(back, 1)) asm volatile("cli");
    show_info("cli");
    if (!sigsetjmp(back, 1)) asm volatile("int $0x99");
    show_info("int 0x99");
}
// --- registers in the frame ---
static ucontext_t seen;
static void edit(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    seen = *u;
    count++;
    u->uc_mcontext.gregs[REG_RBX] = 0xb0b0b0b0b0b0b0b0;
    u->uc_mcontext.gregs[REG_R15] = 0xf0f0f0f0f0f0f0f0;
    u->uc_mcontext.gregs[REG_RAX] = 4242;
    u->uc_mcontext.gregs[REG_EFL] |= 1;
    sigaddset(&u->uc_sigmask, SIGTERM);
}
CASE(edited_after_call) {
    set3(SIGUSR1, edit, 0);
    int bad = 0;
    for (int i = 0; i < 300; i++) {
        uint64_t rbx = 0x1234, r15 = 0x5678, rax = SYS_kill, flags;
        register uint64_t r14 asm("r14") = 0x9999;
        asm volatile("mov %[b],%%rbx\n mov %[f],%%r15\n clc\n syscall\n pushfq\n pop %[fl]\n"
                     "mov %%rbx,%[b]\n mov %%r15,%[f]"
                     : "+a"(rax), [b] "+m"(rbx), [f] "+m"(r15), [fl] "=&r"(flags), "+r"(r14)
                     : "D"((long)getpid()), "S"((long)SIGUSR1)
                     : "rbx", "rcx", "r11", "r15", "memory", "cc");
        bad += rax != 4242 || rbx != 0xb0b0b0b0b0b0b0b0 || r15 != 0xf0f0f0f0f0f0f0f0 || !(flags & 1) || r14 != 0x9999;
        bad += seen.uc_mcontext.gregs[REG_RAX] != 0 || seen.uc_mcontext.gregs[REG_RBX] != 0x1234 ||
               seen.uc_mcontext.gregs[REG_R15] != 0x5678 || seen.uc_mcontext.gregs[REG_R14] != 0x9999 ||
               seen.uc_mcontext.gregs[REG_RDI] != getpid() || seen.uc_mcontext.gregs[REG_RSI] != SIGUSR1;
        // In the frame too: rcx is the address after the call, r11 the flags.
        bad += seen.uc_mcontext.gregs[REG_RCX] != seen.uc_mcontext.gregs[REG_RIP];
        bad += (seen.uc_mcontext.gregs[REG_R11] & 0xed5) != (seen.uc_mcontext.gregs[REG_EFL] & 0xed5);
    }
    check(!bad, "%d wrong", bad);
    sigset_t now;
    sigprocmask(SIG_BLOCK, 0, &now);
    show("TERM blocked %d", sigismember(&now, SIGTERM));
    uint16_t cs = seen.uc_mcontext.gregs[REG_CSGSFS] & 0xffff;
    show("cs %x ss %lx flags %lx", cs, (seen.uc_mcontext.gregs[REG_CSGSFS] >> 48) & 0xffff, seen.uc_flags);
    show("trapno %lld err %lld oldmask %llx", seen.uc_mcontext.gregs[REG_TRAPNO], seen.uc_mcontext.gregs[REG_ERR],
         seen.uc_mcontext.gregs[REG_OLDMASK]);
}
static void skip_insn(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    seen = *u;
    count++;
    u->uc_mcontext.gregs[REG_RIP] += number == SIGTRAP ? 0 : number == SIGILL ? 2 : 3;
    u->uc_mcontext.gregs[REG_RDX] = 777;
}
// A handler that steps over the faulting instruction, as JIT compilers do.
CASE(edited_rip) {
    set3(SIGSEGV, skip_insn, 0);
    set3(SIGILL, skip_insn, 0);
    set3(SIGTRAP, skip_insn, 0);
    long sum = 0;
    for (int i = 0; i < 300; i++) {
        long r;
        asm volatile("xor %%ecx,%%ecx\n mov $5,%%edx\n mov (%%rcx),%%rax" : "=d"(r) : : "rax", "rcx");
        sum += r;
        asm volatile("ud2" : "=d"(r));
        sum += r;
        asm volatile("int3" : "=d"(r));
        sum += r;
    }
    show("count %d sum %ld", count, sum);
    for (int s = 0; s < 2; s++) {
        if (s) *(volatile char *)seen.uc_mcontext.gregs[REG_RIP];
        show("trapno %lld err %lld cr2 %llx", seen.uc_mcontext.gregs[REG_TRAPNO], seen.uc_mcontext.gregs[REG_ERR],
             seen.uc_mcontext.gregs[REG_CR2]);
        long r;
        asm volatile("mov $64,%%ecx\n mov %%rax,(%%rcx)" : "=d"(r) : : "rax", "rcx");
    }
}
// The handler moves the thread to another function altogether.
static volatile int elsewhere_ran;
static void elsewhere(void) {
    elsewhere_ran++;
    siglongjmp(back, 5);
}
static char other_stack[65536] __attribute__((aligned(16)));
static void redirect(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    u->uc_mcontext.gregs[REG_RIP] = (greg_t)elsewhere;
    u->uc_mcontext.gregs[REG_RSP] = (greg_t)(other_stack + sizeof other_stack - 8);
}
CASE(redirected) {
    set3(SIGUSR1, redirect, 0);
    set3(SIGSEGV, redirect, 0);
    volatile int rounds = 0;
    while (rounds++ < 100) {
        if (!sigsetjmp(back, 1)) raise(SIGUSR1);
        if (!sigsetjmp(back, 1)) *(volatile int *)8 = 1;
    }
    show("ran %d", elsewhere_ran);
}
// getcontext/setcontext-like: a frame kept from one handler is used by a later one.
static ucontext_t kept;
static char kept_fp[16384] __attribute__((aligned(64)));
static volatile int stage;
static void keeper(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    if (stage++ == 0) {
        kept = *u;
        memcpy(kept_fp, u->uc_mcontext.fpregs, 512);
    } else {
        greg_t *to = u->uc_mcontext.gregs;
        for (int i = 0; i <= REG_EFL; i++) to[i] = kept.uc_mcontext.gregs[i];
    }
}
CASE(reused_frame) {
    set3(SIGUSR1, keeper, 0);
    volatile int passes = 0;
    raise(SIGUSR1);
    passes++;
    show("pass %d", passes);
    if (passes < 5) raise(SIGUSR1);
    show("stage %d", stage);
}
// --- vector state in the frame ---
static int has_avx512;
static void vector_edit(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    uint8_t *fp = (void *)u->uc_mcontext.fpregs;
    uint32_t magic = *(uint32_t *)(fp + 464), extended = *(uint32_t *)(fp + 468), size = *(uint32_t *)(fp + 480);
    uint64_t features = *(uint64_t *)(fp + 472);
    if (!count++) {
        show("magic %x features %lx", magic, features & 0xe7);
        check(size >= 832 && extended == size + 4 && *(uint32_t *)(fp + size) == 0x46505845, "sizes and end mark");
        show("fcw %x mxcsr %x", *(uint16_t *)fp, *(uint32_t *)(fp + 24));
        show("xmm0 %lx xmm5 %lx", *(uint64_t *)(fp + 160), *(uint64_t *)(fp + 160 + 80));
        unsigned a, b, c, d;
        __cpuid_count(0xd, 2, a, b, c, d);
        show("ymm5 high %lx", *(uint64_t *)(fp + b + 80));
        if (has_avx512) {
            __cpuid_count(0xd, 7, a, b, c, d);
            show("zmm20 %lx", *(uint64_t *)(fp + b + 4 * 64));
            __cpuid_count(0xd, 5, a, b, c, d);
            show("k3 %lx", *(uint64_t *)(fp + b + 24));
        }
        show("xstate_bv %lx", *(uint64_t *)(fp + 512) & 0x7);
    }
    *(uint64_t *)(fp + 160) = 0xeeeeeeee00000000 + count;
    *(uint32_t *)(fp + 24) = 0x3f80;
    unsigned a, b, c, d;
    __cpuid_count(0xd, 2, a, b, c, d);
    *(uint64_t *)(fp + b + 80) = 0xdddddddd00000000 + count;
    // The live registers are spoilt; the frame's must come back.
    asm volatile("vpcmpeqd %%ymm0,%%ymm0,%%ymm0\n vmovdqa %%ymm0,%%ymm5\n vmovdqa %%ymm0,%%ymm7\n vzeroupper" : : : "memory");
}
static void vectors(int number, long (*how)(long, long)) {
    static uint64_t in[8] __attribute__((aligned(64))) = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7777, 0x8888};
    int bad = 0;
    set3(number, vector_edit, 0);
    for (int i = 0; i < 200; i++) {
        uint64_t out0[4] __attribute__((aligned(32))), out5[4] __attribute__((aligned(32))), out7[4] __attribute__((aligned(32)));
        uint32_t mxcsr, plain = 0x1f80, odd = 0x5f80;
        uint64_t zmm20 = 0x1111, k3 = 0;
        if (has_avx512)
            asm volatile("vmovdqa64 %0,%%zmm20\n mov $0x5a5a,%%eax\n kmovd %%eax,%%k3" : : "m"(in) : "rax");
        asm volatile("ldmxcsr %[odd]\n vmovdqa %[in],%%ymm0\n vmovdqa %[in],%%ymm5\n vmovdqa %[in],%%ymm7\n"
                     "syscall\n"
                     "vmovdqa %%ymm0,%[o0]\n vmovdqa %%ymm5,%[o5]\n vmovdqa %%ymm7,%[o7]\n stmxcsr %[m]\n ldmxcsr %[plain]\n"
                     : [o0] "=m"(out0), [o5] "=m"(out5), [o7] "=m"(out7), [m] "=m"(mxcsr)
                     : [in] "m"(in), [odd] "m"(odd), [plain] "m"(plain), "a"(SYS_tgkill), "D"((long)getpid()),
                       "S"((long)gettid()), "d"((long)number)
                     : "rcx", "r11", "memory");
        if (has_avx512) {
            uint64_t z[8] __attribute__((aligned(64)));
            asm volatile("vmovdqa64 %%zmm20,%0\n kmovd %%k3,%%eax\n mov %%rax,%1\n vzeroupper" : "=m"(z), "=m"(k3) : : "rax");
            zmm20 = z[0];
            bad += k3 != 0x5a5a || z[7] != 0x8888;
        }
        asm volatile("vzeroupper");
        bad += out0[0] != 0xeeeeeeee00000000 + count || out0[1] != 0x2222 || out0[2] != 0x3333;
        bad += out5[0] != 0x1111 || out5[2] != 0xdddddddd00000000 + count || out7[3] != 0x4444;
        bad += mxcsr != 0x3f80 || zmm20 != 0x1111;
    }
    check(!bad, "%d wrong", bad);
}
CASE(edited_vectors) {
    unsigned a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    has_avx512 = b >> 16 & 1;
    vectors(SIGUSR1, 0);
}
// A frame without the extended part's mark, or with none at all, is taken as the kernel does.
static void strip(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    uint8_t *fp = (void *)u->uc_mcontext.fpregs;
    count++;
    if (count == 1) *(uint32_t *)(fp + 464) = 0;      // no mark: legacy state only
    if (count == 2) u->uc_mcontext.fpregs = 0;        // no state: initial
    if (count == 3) *(uint64_t *)(fp + 512) = 0;      // nothing in use: initial
}
CASE(stripped_vectors) {
    set3(SIGUSR1, strip, 0);
    static uint64_t in[4] __attribute__((aligned(32))) = {1, 2, 3, 4};
    for (int i = 0; i < 4; i++) {
        uint64_t out[4] __attribute__((aligned(32)));
        asm volatile("vmovdqa %[in],%%ymm3\n syscall\n vmovdqa %%ymm3,%[out]\n vzeroupper"
                     : [out] "=m"(out) : [in] "m"(in), "a"(SYS_tkill), "D"((long)gettid()), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory");
        show("%lx %lx %lx %lx", out[0], out[1], out[2], out[3]);
    }
}
// What sigreturn refuses: a bad frame is SIGSEGV.
CASE(bad_sigreturn) {
    IN_CHILD("no frame", {
        asm volatile("mov $64,%%esp\n mov $15,%%eax\n syscall\n ud2" : : : "memory");
    });
    IN_CHILD("bad fpregs pointer", {
        void f(int n, siginfo_t *i, void *c) { ((ucontext_t *)c)->uc_mcontext.fpregs = (void *)64; }
        set3(SIGUSR1, f, 0);
        raise(SIGUSR1);
    });
    IN_CHILD("bad mxcsr", {
        void f(int n, siginfo_t *i, void *c) { ((uint32_t *)((ucontext_t *)c)->uc_mcontext.fpregs)[6] = 0xffffffff; }
        set3(SIGUSR1, f, 0);
        raise(SIGUSR1);
        show("came back");
    });
    IN_CHILD("not canonical rip", {
        void f(int n, siginfo_t *i, void *c) { ((ucontext_t *)c)->uc_mcontext.gregs[REG_RIP] = 0x8000000000000000; }
        set3(SIGUSR1, f, 0);
        raise(SIGUSR1);
    });
    IN_CHILD("rip in kernel", {
        void f(int n, siginfo_t *i, void *c) { ((ucontext_t *)c)->uc_mcontext.gregs[REG_RIP] = 0xffffffff81000000; }
        set3(SIGUSR1, f, 0);
        raise(SIGUSR1);
    });
    IN_CHILD("without a restorer", {
        struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } raw = {(void *)keep, 0, 0, 0};
        syscall(SYS_rt_sigaction, SIGUSR1, &raw, 0, 8);
        raise(SIGUSR1);
        show("came back");
    });
}
// The frame's place: 16-byte alignment, below the red zone.
static volatile uintptr_t frame_sp, frame_at;
static volatile int sum_right;
static void place(int number, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    frame_sp = u->uc_mcontext.gregs[REG_RSP];
    frame_at = (uintptr_t)__builtin_frame_address(0) + 8;
    sum_right += (frame_at & 15) == 8 && frame_at < frame_sp - 128 && (uintptr_t)context < frame_sp && (uintptr_t)info < frame_sp;
}
CASE(frame_place) {
    set3(SIGUSR1, place, 0);
    int red = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t r = SYS_tkill;
        // Values in the red zone survive the handler.
        asm volatile("movq $0x123,-8(%%rsp)\n movq $0x456,-128(%%rsp)\n syscall\n"
                     "mov -8(%%rsp),%%rax\n add -128(%%rsp),%%rax" : "+a"(r) : "D"((long)gettid()), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory");
        red += r == 0x579;
    }
    show("right %d red zone kept %d", sum_right, red);
}
// Registers at the entry of a handler.
asm(".globl entry_handler\nentry_handler:\n"
    "mov %rax,entry_regs(%rip)\nmov %rdi,entry_regs+8(%rip)\nmov %rsi,entry_regs+16(%rip)\n"
    "mov %rdx,entry_regs+24(%rip)\npushfq\npopq entry_regs+32(%rip)\nmov %rsp,entry_regs+40(%rip)\n"
    "mov %r12,entry_regs+48(%rip)\nret\n"
    ".bss\n.globl entry_regs\nentry_regs: .space 64\n.text");
extern void entry_handler(int, siginfo_t *, void *);
extern uint64_t entry_regs[8];
CASE(handler_entry) {
    set3(SIGUSR1, entry_handler, 0);
    register uint64_t r12 asm("r12") = 0xabcdef;
    uint64_t r = SYS_tkill;
    asm volatile("std\n stc\n syscall\n cld" : "+a"(r), "+r"(r12) : "D"((long)gettid()), "S"((long)SIGUSR1) : "rcx", "r11", "memory");
    show("rax %lx rdi %lx flags %lx r12 %lx", entry_regs[0], entry_regs[1], entry_regs[4] & 0x501, entry_regs[6]);
    check(entry_regs[2] > entry_regs[5] && entry_regs[3] == entry_regs[5] + 8, "siginfo and ucontext above the stack pointer");
}

//! State beside the general registers: x87, mxcsr, xmm, ymm, zmm, opmask, PKRU, AMX tiles, FS
//! and GS bases, kept over calls, signals, threads and forks.
//! flags: -mno-red-zone
#include "guest.h"
#include <cpuid.h>
#include <immintrin.h>
#include <linux/futex.h>
#include <sys/eventfd.h>

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

static uint8_t image[16384] __attribute__((aligned(64)));
static uint8_t after[16384] __attribute__((aligned(64)));
static struct { int bit; const char *name; unsigned offset, size; } parts[] = {
    {0, "x87", 0, 0}, {1, "sse", 160, 256}, {2, "avx", 0, 0}, {5, "opmask", 0, 0},
    {6, "zmm_hi256", 0, 0}, {7, "hi16_zmm", 0, 0}, {9, "pkru", 0, 0},
};
static uint64_t mask;

static uint64_t xcr0(void) {
    uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

// An image with a pattern in every part.
static void prepare(unsigned salt) {
    unsigned a, b, c, d;
    mask = xcr0() & 0xe7;
    memset(image, 0, sizeof image);
    *(uint16_t *)image = 0x0b7f;       // fcw: round up, all masked
    *(uint16_t *)(image + 2) = 0x3800; // fsw: top = 7
    image[4] = 0x80;                   // ftw: one register in use
    *(uint32_t *)(image + 24) = 0x5fa0; // mxcsr: round down, flags
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 10; j++) image[32 + 16 * i + j] = j == 9 ? 0x40 : 0x80 | (i * 16 + j + salt);
    for (int i = 0; i < 256; i++) image[160 + i] = i * 7 + salt;
    for (unsigned p = 2; p < sizeof parts / sizeof *parts; p++) {
        if (!(mask >> parts[p].bit & 1)) continue;
        __cpuid_count(0xd, parts[p].bit, a, b, c, d);
        parts[p].size = a;
        parts[p].offset = b;
        if (parts[p].bit == 9) continue;
        for (unsigned i = 0; i < a; i++) image[b + i] = i * 13 + parts[p].bit + salt;
    }
    *(uint64_t *)(image + 512) = mask;
}

static int compare(const char *what) {
    int bad = 0;
    if (memcmp(image, after, 6) || memcmp(image + 32, after + 32, 128)) {
        show("%s: x87 changed", what);
        bad = 1;
    }
    if (memcmp(image + 24, after + 24, 4)) {
        show("%s: mxcsr changed to %x", what, *(uint32_t *)(after + 24));
        bad = 1;
    }
    for (unsigned p = 1; p < sizeof parts / sizeof *parts; p++)
        if (mask >> parts[p].bit & 1 &&
            memcmp(image + parts[p].offset, after + parts[p].offset, parts[p].size)) {
            show("%s: %s changed", what, parts[p].name);
            bad = 1;
        }
    return bad;
}

// One call with the image loaded just before and stored just after it.
#define VCALL(shape, number, a1, a2, a3, a4, a5, a6)                               \
    ({                                                                             \
        long r_;                                                                   \
        register long r10_ asm("r10") = (long)(a4);                                \
        register long r8_ asm("r8") = (long)(a5);                                  \
        register long r9_ asm("r9") = (long)(a6);                                  \
        asm volatile("push %%rdx\n push %%rax\n mov %[m],%%eax\n xor %%edx,%%edx\n" \
                     "xrstor64 %[in]\n pop %%rax\n pop %%rdx\n" shape "\n"         \
                     "push %%rax\n mov %[m],%%eax\n xor %%edx,%%edx\n"             \
                     "xsave64 %[out]\n pop %%rax\n fninit\n"                       \
                     : "=a"(r_), [out] "=m"(after)                                 \
                     : "a"((long)(number)), "D"((long)(a1)), "S"((long)(a2)),      \
                       "d"((long)(a3)), "r"(r10_), "r"(r8_), "r"(r9_),             \
                       [m] "m"(mask32), [in] "m"(image)                            \
                     : "rcx", "r11", "memory", "cc");                              \
        reset();                                                                   \
        r_;                                                                        \
    })
static uint32_t mask32;
static void reset(void) {
    uint32_t plain = 0x1f80;
    asm volatile("ldmxcsr %0\n" : : "m"(plain));
    if (mask & 4) asm volatile("vzeroupper");
}

static void *nothing(void *arg) { return arg; }
static void on_signal(int number) {
    // The handler uses all vector registers itself.
    static uint8_t junk[16384] __attribute__((aligned(64)));
    memset(junk, 0x5a, 512);
    *(uint16_t *)junk = 0x037f;
    *(uint32_t *)(junk + 24) = 0x1f80;
    for (unsigned p = 2; p < 6; p++)
        if (mask >> parts[p].bit & 1) memset(junk + parts[p].offset, 0xa5, parts[p].size);
    memset(junk + 512, 0, 64);
    *(uint64_t *)(junk + 512) = mask;
    asm volatile("xrstor64 %0" : : "m"(junk), "a"(mask32), "d"(0));
    reset();
}

// The red zone is not used here: the asm pushes, so this file is built without it.
CASE(calls) {
    prepare(3);
    mask32 = mask;
    int p[2], bad = 0;
    char buffer[4096];
    struct timespec brief = {0, 1000};
    struct stat st;
    sigset_t set;
    struct sigaction action;
    sigemptyset(&set);
    must(pipe(p));
    int file = must(open("v", O_RDWR | O_CREAT, 0600));
    int event = must(eventfd(0, EFD_NONBLOCK));
    for (int round = 0; round < 120; round++) {
#define V(label, ...)                                                          \
    do {                                                                       \
        VCALL("syscall", __VA_ARGS__);                                         \
        bad += compare(label);                                                 \
        VCALL("syscall\n cmp $-4095,%%rax", __VA_ARGS__);                      \
        bad += compare(label " cmp");                                          \
    } while (0)
        V("getpid", SYS_getpid, 0, 0, 0, 0, 0, 0);
        V("gettid", SYS_gettid, 0, 0, 0, 0, 0, 0);
        V("getuid", SYS_getuid, 0, 0, 0, 0, 0, 0);
        V("write", SYS_write, p[1], buffer, 16, 0, 0, 0);
        V("read", SYS_read, p[0], buffer, 16, 0, 0, 0);
        V("openat bad", SYS_openat, AT_FDCWD, "none/such", O_RDONLY, 0, 0, 0);
        V("fstat", SYS_fstat, file, &st, 0, 0, 0, 0);
        V("newfstatat", SYS_newfstatat, AT_FDCWD, "v", &st, 0, 0, 0);
        V("lseek", SYS_lseek, file, 0, SEEK_SET, 0, 0, 0);
        V("pwrite", SYS_pwrite64, file, buffer, 4096, 0, 0, 0);
        V("brk", SYS_brk, 0, 0, 0, 0, 0, 0);
        V("sigprocmask", SYS_rt_sigprocmask, SIG_BLOCK, 0, &set, 8, 0, 0);
        V("sigaction", SYS_rt_sigaction, SIGUSR2, 0, &action, 8, 0, 0);
        V("nanosleep", SYS_nanosleep, &brief, 0, 0, 0, 0, 0);
        V("futex", SYS_futex, &bad, FUTEX_WAKE, 1, 0, 0, 0);
        V("eventfd", SYS_read, event, buffer, 8, 0, 0, 0);
        V("dup", SYS_dup2, p[0], 700, 0, 0, 0, 0);
        V("fcntl", SYS_fcntl, 0, F_GETFD, 0, 0, 0, 0);
        V("getcwd", SYS_getcwd, buffer, 4096, 0, 0, 0, 0);
        V("readlink", SYS_readlink, "/proc/self/exe", buffer, 4096, 0, 0, 0);
        V("uname", SYS_uname, buffer, 0, 0, 0, 0, 0);
        V("wait4", SYS_wait4, -1, 0, WNOHANG, 0, 0, 0);
        V("kill", SYS_kill, getpid(), 0, 0, 0, 0, 0);
        V("clock_gettime", SYS_clock_gettime, 0, buffer, 0, 0, 0, 0);
        V("bad number", 9999, 0, 0, 0, 0, 0, 0);
        void *m = (void *)VCALL("syscall", SYS_mmap, 0, 65536, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        bad += compare("mmap");
        VCALL("syscall", SYS_mprotect, m, 4096, PROT_READ, 0, 0, 0);
        bad += compare("mprotect");
        VCALL("syscall", SYS_munmap, m, 65536, 0, 0, 0, 0);
        bad += compare("munmap");
        if (bad > 20) break;
    }
    check(bad == 0, "%d changes over calls", bad);
}

CASE(mov_form) {
    prepare(9);
    mask32 = mask;
    int bad = 0;
    for (int round = 0; round < 500 && bad < 9; round++) {
        VCALL("mov $39,%%eax\n syscall", 0, 0, 0, 0, 0, 0, 0);
        bad += compare("mov getpid");
        VCALL("mov $102,%%eax\n syscall", 0, 0, 0, 0, 0, 0, 0);
        bad += compare("mov getuid");
        VCALL("mov $257,%%eax\n syscall", 0, AT_FDCWD, "/none", 0, 0, 0, 0);
        bad += compare("mov openat");
    }
    check(bad == 0, "%d changes", bad);
}

// A signal that the call itself raises is delivered before the call returns.
CASE(signal_in_call) {
    prepare(4);
    mask32 = mask;
    signal(SIGUSR1, on_signal);
    int bad = 0;
    pid_t me = getpid();
    for (int round = 0; round < 300 && bad < 9; round++) {
        VCALL("syscall", SYS_kill, me, SIGUSR1, 0, 0, 0, 0);
        bad += compare("kill self");
        VCALL("mov $200,%%eax\n syscall", 0, me, SIGUSR1, 0, 0, 0, 0);
        bad += compare("tkill self");
    }
    check(bad == 0, "%d changes", bad);
}

// A timer's signals hit code that holds live values.
CASE(signal_in_code) {
    prepare(5);
    mask32 = mask;
    signal(SIGALRM, on_signal);
    struct itimerval often = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
    must(setitimer(ITIMER_REAL, &often, 0));
    int bad = 0;
    for (int64_t end = now_us() + 400000; now_us() < end && bad < 9;) {
        VCALL("mov $20000,%%ecx\n7: dec %%ecx\n jnz 7b\n mov $39,%%eax\n syscall", 0, 0, 0, 0, 0, 0, 0);
        bad += compare("code");
    }
    must(setitimer(ITIMER_REAL, &off, 0));
    check(bad == 0, "%d changes", bad);
}

// The child of fork has the parent's state.
CASE(fork_state) {
    prepare(6);
    mask32 = mask;
    int bad = 0;
    for (int round = 0; round < 20; round++) {
        long child = VCALL("syscall", SYS_fork, 0, 0, 0, 0, 0, 0);
        int changed = compare(child ? "parent" : "child");
        if (child == 0) _exit(changed);
        bad += changed + !!reap(child);
    }
    for (int round = 0; round < 20; round++) {
        long child = VCALL("syscall", SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
        int changed = compare(child ? "clone parent" : "clone child");
        if (child == 0) _exit(changed);
        bad += changed + !!reap(child);
    }
    check(bad == 0, "%d changes", bad);
}

// exec starts with the initial state whatever it was before.
HELPER(initial) {
    prepare(1);
    asm volatile("xsave64 %0" : "=m"(after) : "a"((uint32_t)mask), "d"(0));
    show("fcw %x mxcsr %x", *(uint16_t *)after, *(uint32_t *)(after + 24));
    return 0;
}
CASE(exec_state) {
    prepare(7);
    char *argv[] = {(char *)self, "@initial", 0};
    uint32_t odd = 0x5f80;
    uint16_t cw = 0x0b7f;
    asm volatile("ldmxcsr %0\n fldcw %1" : : "m"(odd), "m"(cw));
    execv(self, argv);
}

// PKRU as a thread sets it.
CASE(pkru) {
    unsigned a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    if (!(c >> 4 & 1)) skip("no protection keys");
    int key = pkey_alloc(0, PKEY_DISABLE_WRITE);
    if (key < 0) skip("no protection key to be had");
    uint32_t before, now, bad = 0;
    asm volatile("rdpkru" : "=a"(before) : "c"(0) : "edx");
    for (int i = 0; i < 300; i++) {
        syscall(SYS_getpid);
        close(-1);
        asm volatile("rdpkru" : "=a"(now) : "c"(0) : "edx");
        bad += now != before;
    }
    check(!bad, "pkru");
}

// AMX: the tiles and their configuration, over calls and signals, once permitted.
static uint8_t tile[1024] __attribute__((aligned(64))), tile_after[1024] __attribute__((aligned(64)));
static uint8_t config[64] __attribute__((aligned(64))), config_after[64] __attribute__((aligned(64)));
static int handled;
static void plain_handler(int number) { handled++; }
CASE(amx) {
    if (syscall(SYS_arch_prctl, 0x1023, 18)) skip("no AMX");
    config[0] = 1;
    for (int i = 0; i < 8; i++) {
        config[48 + i] = 16;
        config[16 + 2 * i] = 64;
    }
    for (int i = 0; i < 1024; i++) tile[i] = i * 3 + 1;
    signal(SIGUSR1, plain_handler);
    int bad = 0, bad_config = 0;
    pid_t me = getpid();
    for (int round = 0; round < 200; round++) {
        long result;
        asm volatile("ldtilecfg %0" : : "m"(config));
        asm volatile("tileloadd (%0,%1,1),%%tmm3" : : "r"(tile), "r"(64L) : "memory");
        asm volatile("syscall" : "=a"(result) : "a"(SYS_getuid) : "rcx", "r11", "memory");
        asm volatile("syscall" : "=a"(result) : "a"(SYS_kill), "D"((long)me), "S"((long)SIGUSR1)
                     : "rcx", "r11", "memory");
        asm volatile("syscall" : "=a"(result) : "a"(SYS_openat), "D"(-100L), "S"("/none"), "d"(0L)
                     : "rcx", "r11", "memory");
        asm volatile("tilestored %%tmm3,(%0,%1,1)" : : "r"(tile_after), "r"(64L) : "memory");
        asm volatile("sttilecfg %0" : "=m"(config_after));
        asm volatile("tilerelease");
        bad += !!memcmp(tile, tile_after, 1024);
        bad_config += !!memcmp(config, config_after, 64);
    }
    check(!bad && !bad_config, "tiles changed %d, configuration %d", bad, bad_config);
    show("handled %d", handled);
}

// GS base by arch_prctl and by instruction: the guest's own, over calls, signals, threads, fork.
static uint64_t gs_area[8] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555};
static inline uint64_t gs_word(void) {
    uint64_t v;
    asm volatile("mov %%gs:8,%0" : "=r"(v));
    return v;
}
static uint64_t gs_base(void) {
    uint64_t base = 0;
    must(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
    return base;
}
static __thread volatile uint64_t gs_in_handler;
static void gs_handler(int number) { gs_in_handler = gs_word(); }

static int gs_calls(void) {
    int bad = 0;
    pid_t me = getpid();
    for (int i = 0; i < 300; i++) {
        bad += syscall(SYS_getuid) != OWN_UID;
        bad += gs_word() != 0x2222;
        bad += close(-1) != -1;
        bad += gs_word() != 0x2222;
        void *m = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        bad += gs_word() != 0x2222;
        munmap(m, 4096);
        if (i % 50 == 0) {
            gs_in_handler = 0;
            syscall(SYS_tgkill, me, gettid(), SIGUSR1);
            bad += gs_in_handler != 0x2222;
        }
        bad += gs_word() != 0x2222;
    }
    return bad;
}

CASE(gs_prctl) {
    signal(SIGUSR1, gs_handler);
    show("at start %lx", gs_base());
    R(syscall(SYS_arch_prctl, ARCH_SET_GS, gs_area));
    check(gs_base() == (uint64_t)gs_area, "as set");
    check(gs_calls() == 0, "kept");
    R(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000));
    R(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
    show("base %lx", gs_base());
    R(syscall(SYS_arch_prctl, ARCH_GET_GS, 8));
    R(syscall(SYS_arch_prctl, 0x9999, 8));
    R(syscall(SYS_arch_prctl, ARCH_GET_FS, 0));
}

__attribute__((target("fsgsbase"))) CASE(gs_instruction) {
    signal(SIGUSR1, gs_handler);
    // Made hot first, so that the sites are rewritten before GS is taken.
    for (int i = 0; i < 300; i++) syscall(SYS_getuid);
    close(-1);
    _writegsbase_u64((uint64_t)gs_area);
    check(gs_base() == (uint64_t)gs_area, "as written");
    check(gs_calls() == 0, "kept");
    check(_readgsbase_u64() == (uint64_t)gs_area, "read back");
    pid_t child = must(fork());
    if (child == 0) _exit(gs_word() == 0x2222 && gs_calls() == 0 ? 0 : 1);
    show_status("forked child", reap(child));
    _writegsbase_u64(0);
    check(syscall(SYS_getuid) == OWN_UID && _readgsbase_u64() == 0, "zero again");
}

__attribute__((target("fsgsbase"))) static void *gs_thread(void *arg) {
    uint64_t inherited = _readgsbase_u64();
    int bad = 0;
    // clone gives the new thread its parent's GS base.
    if (arg) bad += inherited != (uint64_t)gs_area;
    _writegsbase_u64((uint64_t)gs_area);
    bad += gs_calls();
    return (void *)(long)bad;
}
CASE(gs_threads) {
    signal(SIGUSR1, gs_handler);
    R(syscall(SYS_arch_prctl, ARCH_SET_GS, gs_area));
    pthread_t threads[4];
    long bad = 0;
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, gs_thread, (void *)1);
    bad += gs_calls();
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        bad += (long)result;
    }
    check(!bad, "kept in %d threads: %ld", 5, bad);
    pthread_t plain;
    pthread_create(&plain, 0, nothing, 0);
    pthread_join(plain, 0);
}

// A selector load into GS makes its base zero.
CASE(gs_selector) {
    R(syscall(SYS_arch_prctl, ARCH_SET_GS, gs_area));
    for (int i = 0; i < 100; i++) getppid();
    asm volatile("mov %0,%%gs" : : "r"((short)0));
    // Which base a null selector leaves depends on the processor.
    int bad = 0;
    for (int i = 0; i < 300; i++) bad += syscall(SYS_getuid) != OWN_UID || close(-1) != -1;
    check(!bad, "calls after a selector load");
    short selector;
    asm volatile("mov %%gs,%0" : "=r"(selector));
    show("selector %x", selector);
}

// arch_prctl's FS base, set and read back while no library code runs.
CASE(fs_prctl) {
    uint64_t old = 0, now = 0, word = 0, area[16] = {[2] = 0x77};
    must(syscall(SYS_arch_prctl, ARCH_GET_FS, &old));
    long a, b, c = 0;
    asm volatile("syscall" : "=a"(a) : "a"(SYS_arch_prctl), "D"(ARCH_SET_FS), "S"(area) : "rcx", "r11", "memory");
    for (int i = 0; i < 300; i++) {
        long r;
        asm volatile("mov $102,%%eax\n syscall" : "=a"(r) : : "rcx", "r11", "memory");
        c += r;
        asm volatile("syscall\n cmp $-4095,%%rax" : "=a"(r) : "a"(SYS_close), "D"(-1L) : "rcx", "r11", "memory");
        c += r + EBADF;
    }
    asm volatile("mov %%fs:16,%0" : "=r"(word));
    asm volatile("syscall" : "=a"(b) : "a"(SYS_arch_prctl), "D"(ARCH_GET_FS), "S"(&now) : "rcx", "r11", "memory");
    asm volatile("syscall" : "=a"(b) : "a"(SYS_arch_prctl), "D"(ARCH_SET_FS), "S"(old) : "rcx", "r11", "memory");
    show("set %ld read %ld calls %ld word %lx same %d", a, b, c, word, now == (uint64_t)area);
}

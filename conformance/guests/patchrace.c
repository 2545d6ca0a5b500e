//! Sites that become hot while many threads run through them at once.
//! serial
#include "guest.h"

static atomic_int wrong, stop, starts;
static uint8_t *_Atomic current;
static _Atomic long rounds;
static pid_t me;
enum { THREADS = 64, SITES = 64, STEP = 48 };

// Three shapes in turn: with the number before it, followed by a long instruction, and one
// that is entered in the middle.
static void fill(uint8_t *p) {
    for (int i = 0; i < SITES; i++) {
        uint8_t *at = p + i * STEP + i % 7;
        static const uint8_t movform[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
        static const uint8_t cmpform[] = {0x6a, 39, 0x58, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0xc3};
        static const uint8_t movcmp[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 1, 0xf0, 0xff, 0xff, 0xc3};
        if (i % 3 == 0) memcpy(at, movform, sizeof movform);
        if (i % 3 == 1) memcpy(at, cmpform, sizeof cmpform);
        if (i % 3 == 2) memcpy(at, movcmp, sizeof movcmp);
    }
}
static long enter(uint8_t *at, long rax) {
    long r;
    asm volatile("lea -128(%%rsp),%%rsp\n call *%1\n lea 128(%%rsp),%%rsp"
                 : "=a"(r) : "r"(at), "a"(rax) : "rcx", "r11", "memory", "cc");
    return r;
}
static void *hammer(void *arg) {
    unsigned seed = (unsigned)(long)arg;
    atomic_fetch_add(&starts, 1);
    while (!atomic_load(&stop)) {
        uint8_t *p = atomic_load(&current);
        for (int k = 0; k < SITES; k++) {
            seed = seed * 1103515245 + 12345;
            int i = (seed >> 16) % SITES;
            uint8_t *at = p + i * STEP + i % 7;
            int middle = i % 3 == 1 ? 3 : 5;
            long r = seed >> 28 < 5 ? enter(at + middle, 39) : enter(at, 0);
            if (r != me) atomic_fetch_add(&wrong, 1);
        }
        atomic_fetch_add(&rounds, 1);
    }
    return 0;
}

static void race(int fresh_count, int threads, int file_backed, int64_t for_us) {
    me = getpid();
    wrong = stop = starts = 0;
    rounds = 0;
    size_t size = (SITES * STEP + 4096) & ~4095;
    int fd = -1;
    uint8_t *block = calloc(1, size);
    fill(block);
    if (file_backed) {
        char name[32];
        snprintf(name, sizeof name, "code%d", me);
        fd = must(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600));
        must(write(fd, block, size));
    }
    uint8_t *p[1000];
    int made = 0;
    pthread_t thread[THREADS];
    int64_t end = now_us() + for_us;
    while (made < fresh_count && now_us() < end) {
        uint8_t *fresh;
        if (file_backed) fresh = must(mmap(0, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
        else {
            fresh = must(mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
            fill(fresh);
            must(mprotect(fresh, size, PROT_READ | PROT_EXEC));
        }
        atomic_store(&current, fresh);
        if (!made)
            for (long i = 0; i < threads; i++) must(-pthread_create(&thread[i], 0, hammer, (void *)i));
        p[made++] = fresh;
        while (atomic_load(&starts) < threads) sleep_us(100);
        long before = rounds;
        while (rounds < before + threads / 4 && now_us() < end) sleep_us(100);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < threads; i++) pthread_join(thread[i], 0);
    check(wrong == 0, "%d wrong results", wrong);
    for (int i = 0; file_backed && i < made; i++) munmap(p[i], size);
    if (file_backed) {
        uint8_t *now = malloc(size);
        must(pread(fd, now, size, 0));
        check(!memcmp(now, block, size), "the file is unchanged");
    }
}
CASE(file_backed) { race(200, THREADS, 1, 1200000); }
CASE(anonymous) { race(200, THREADS, 0, 1200000); }
CASE(two_threads) { race(400, 2, 1, 800000); }

// The same page is run by threads of several processes that share it by fork.
CASE(forks) {
    for (int i = 0; i < 3; i++)
        if (!must(fork())) {
            // Three at once would print in any order.
            dup2(must(open("/dev/null", O_WRONLY)), 1);
            race(60, 8, 1, 600000);
            _exit(guest_bad);
        }
    int status, bad = 0;
    while (wait(&status) > 0) bad += status != 0;
    check(!bad, "%d children failed", bad);
}

// Signals hit threads within sites that are becoming hot.
static _Atomic long handled;
static void count(int number) { atomic_fetch_add(&handled, 1); }
CASE(with_signals) {
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, 0);
    struct itimerval often = {{0, 500}, {0, 500}}, off = {{0, 0}, {0, 0}};
    must(setitimer(ITIMER_REAL, &often, 0));
    race(200, 8, 1, 1200000);
    must(setitimer(ITIMER_REAL, &off, 0));
    check(handled > 50, "handlers ran");
}

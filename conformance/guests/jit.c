//! Code that comes and goes: calls from pages made, rewritten, moved, shared and replaced at
//! run time must be caught and answered each time, whatever was at that address before.
#include "guest.h"
#include <dlfcn.h>
#include <setjmp.h>

// mov $number,%eax; syscall; ret — and the form without the mov, followed by a long nop.
static size_t emit_mov(uint8_t *at, uint32_t number) {
    static const uint8_t tail[] = {0x0f, 0x05, 0xc3};
    at[0] = 0xb8;
    memcpy(at + 1, &number, 4);
    memcpy(at + 5, tail, 3);
    return 8;
}
static size_t emit_bare(uint8_t *at, uint32_t number) {
    // push imm32; pop rax; syscall; cmp $-4095,%rax; ret
    static const uint8_t tail[] = {0x58, 0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0xc3};
    at[0] = 0x68;
    memcpy(at + 1, &number, 4);
    memcpy(at + 5, tail, sizeof tail);
    return 5 + sizeof tail;
}
typedef size_t emit_fn(uint8_t *, uint32_t);
static emit_fn *const emits[] = {emit_mov, emit_bare};
typedef long call_fn(long, long, long);
static inline long go(void *at, long a, long b, long c) { return ((call_fn *)at)(a, b, c); }
// geteuid 107; getpid; close(-1) = -EBADF
static pid_t me;
static int right(void *at, uint32_t number) {
    long r = go(at, -1, 0, 0);
    switch (number) {
    case SYS_getpid: return r == me;
    case SYS_close: return r == -EBADF;
    case SYS_geteuid: return r == OWN_UID;
    case 9999: return r == -ENOSYS;
    default: return 0;
    }
}
static const uint32_t numbers[] = {SYS_getpid, SYS_close, SYS_geteuid, 9999};

static uint8_t *page(int protection, size_t size) {
    return must(mmap(0, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
enum { RW = PROT_READ | PROT_WRITE, RX = PROT_READ | PROT_EXEC, RWX = RW | PROT_EXEC };

CASE(rwx) {
    me = getpid();
    int bad = 0;
    uint8_t *p = page(RWX, 4096);
    for (int e = 0; e < 2; e++) {
        emits[e](p, SYS_getpid);
        for (int i = 0; i < 300; i++) bad += !right(p, SYS_getpid);
    }
    check(!bad, "calls from a writable page");
}
// The bytes of a writable page read back as they were written, hot or not.
CASE(rwx_bytes) {
    me = getpid();
    uint8_t *p = page(RWX, 4096), want[64];
    int bad = 0;
    for (int e = 0; e < 2; e++) {
        size_t size = emits[e](p, SYS_getpid);
        emits[e](want, SYS_getpid);
        for (int i = 0; i < 300; i++) bad += !right(p, SYS_getpid);
        check(!memcmp(p, want, size), "bytes of form %d are as written", e);
    }
    check(!bad, "calls");
}
// The code is rewritten in place between calls, with no hint but the store.
CASE(rewritten) {
    me = getpid();
    uint8_t *p = page(RWX, 4096);
    int bad = 0;
    for (int round = 0; round < 400; round++) {
        uint32_t number = numbers[round % 4];
        emits[round / 4 % 2](p, number);
        for (int i = 0; i < round % 7 + 1; i++) bad += !right(p, number);
    }
    for (int round = 0; round < 40; round++) {
        uint32_t number = numbers[round % 4];
        emits[round / 4 % 2](p, number);
        for (int i = 0; i < 100; i++) bad += !right(p, number);
    }
    check(!bad, "%d wrong", bad);
}
// Only the number is rewritten.
CASE(immediate) {
    me = getpid();
    uint8_t *p = page(RWX, 4096);
    int bad = 0;
    emit_mov(p, SYS_getpid);
    for (int i = 0; i < 200; i++) bad += !right(p, SYS_getpid);
    for (int round = 0; round < 100; round++) {
        uint32_t number = numbers[round % 4];
        memcpy(p + 1, &number, 4);
        for (int i = 0; i < 20; i++) bad += !right(p, number);
    }
    check(!bad, "%d wrong", bad);
}
// The call instruction itself becomes something else, and a call again.
CASE(call_removed) {
    me = getpid();
    uint8_t *p = page(RWX, 4096);
    int bad = 0;
    for (int round = 0; round < 10; round++) {
        emit_mov(p, SYS_getpid);
        for (int i = 0; i < 100; i++) bad += !right(p, SYS_getpid);
        // mov $SYS_getpid,%eax; xor %eax,%eax; ret
        emit_mov(p, SYS_getpid);
        p[5] = 0x31;
        p[6] = 0xc0;
        for (int i = 0; i < 100; i++) bad += go(p, 0, 0, 0) != 0;
    }
    check(!bad, "%d wrong", bad);
}
CASE(flip_protection) {
    me = getpid();
    uint8_t *p = page(RW, 4096);
    int bad = 0;
    for (int round = 0; round < 60; round++) {
        uint32_t number = numbers[round % 4];
        must(mprotect(p, 4096, RW));
        emits[round & 1](p, number);
        must(mprotect(p, 4096, RX));
        for (int i = 0; i < 80; i++) bad += !right(p, number);
    }
    check(!bad, "%d wrong", bad);
}
// Read-only and executable pages keep their bytes and stay unwritable.
static sigjmp_buf jump;
static void fault(int number) { siglongjmp(jump, number); }
CASE(rx_stays_unwritable) {
    me = getpid();
    uint8_t *p = page(RW, 4096), want[64];
    size_t size = emit_mov(p, SYS_getpid);
    memcpy(want, p, size);
    must(mprotect(p, 4096, RX));
    int bad = 0;
    for (int i = 0; i < 300; i++) bad += !right(p, SYS_getpid);
    check(!bad, "calls");
    signal(SIGSEGV, fault);
    int number = sigsetjmp(jump, 1);
    if (!number) *(volatile uint8_t *)p = 1;
    show("store: signal %d", number);
    must(mprotect(p, 4096, PROT_NONE));
    number = sigsetjmp(jump, 1);
    if (!number) right(p, SYS_getpid);
    show("run without rights: signal %d", number);
    must(mprotect(p, 4096, PROT_READ));
    number = sigsetjmp(jump, 1);
    if (!number) right(p, SYS_getpid);
    show("run without exec: signal %d", number);
    must(mprotect(p, 4096, RX));
    check(right(p, SYS_getpid), "runs again");
}
// One memory file mapped twice: written here, run there.
CASE(dual_mapped) {
    me = getpid();
    int fd = must(memfd_create("code", 0));
    must(ftruncate(fd, 8192));
    uint8_t *w = must(mmap(0, 8192, RW, MAP_SHARED, fd, 0));
    uint8_t *x = must(mmap(0, 8192, RX, MAP_SHARED, fd, 0));
    int bad = 0, changed = 0;
    for (int round = 0; round < 60; round++) {
        uint32_t number = numbers[round % 4];
        uint8_t want[64];
        size_t at = round % 3 * 1000, size = emits[round & 1](w + at, number);
        emits[round & 1](want, number);
        for (int i = 0; i < 60; i++) bad += !right(x + at, number);
        changed += !!memcmp(w + at, want, size);
        uint8_t read_back[64];
        must(pread(fd, read_back, size, at));
        changed += !!memcmp(read_back, want, size);
    }
    check(!bad, "%d wrong", bad);
    check(!changed, "shared bytes changed %d times", changed);
}
// Hot sites go away and others come at the same address.
CASE(unmap_remap) {
    me = getpid();
    uint8_t *p = page(RW, 16384);
    int bad = 0;
    for (int round = 0; round < 100; round++) {
        uint32_t number = numbers[round % 4];
        must(munmap(p, 16384));
        uint8_t *q = must(mmap(p, 16384, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
        bad += q != p;
        // A different offset each time, so that a stale entry would be in the middle of it.
        size_t at = 100 + round % 11;
        emits[round % 3 & 1](p + at, number);
        must(mprotect(p, 16384, RX));
        for (int i = 0; i < 40; i++) bad += !right(p + at, number);
    }
    check(!bad, "%d wrong", bad);
}
CASE(map_fixed_over) {
    me = getpid();
    int fd = must(open("code", O_RDWR | O_CREAT, 0600));
    uint8_t block[4 * 4096] = {0};
    for (int i = 0; i < 4; i++) emits[i & 1](block + 4096 * i + 200, numbers[i]);
    must(pwrite(fd, block, sizeof block, 0));
    uint8_t *p = page(RX, 4096);
    int bad = 0;
    for (int round = 0; round < 100; round++) {
        must(mmap(p, 4096, RX, MAP_PRIVATE | MAP_FIXED, fd, round % 4 * 4096));
        for (int i = 0; i < 40; i++) bad += !right(p + 200, numbers[round % 4]);
    }
    check(!bad, "%d wrong", bad);
    uint8_t now[sizeof block];
    must(pread(fd, now, sizeof now, 0));
    check(!memcmp(now, block, sizeof block), "the file is unchanged");
}
// A shared mapping of a file is never written by anybody but the guest.
CASE(shared_file) {
    me = getpid();
    int fd = must(open("code", O_RDWR | O_CREAT, 0600));
    uint8_t block[4096] = {0}, now[4096];
    emit_mov(block + 64, SYS_getpid);
    emit_bare(block + 128, SYS_close);
    must(pwrite(fd, block, sizeof block, 0));
    uint8_t *p = must(mmap(0, 4096, RX, MAP_SHARED, fd, 0));
    uint8_t *w = must(mmap(0, 4096, RWX, MAP_SHARED, fd, 0));
    int bad = 0;
    for (int i = 0; i < 300; i++)
        bad += !right(p + 64, SYS_getpid) + !right(p + 128, SYS_close) +
               !right(w + 64, SYS_getpid) + !right(w + 128, SYS_close);
    must(msync(w, 4096, MS_SYNC));
    must(pread(fd, now, sizeof now, 0));
    check(!bad, "%d wrong", bad);
    check(!memcmp(now, block, sizeof block), "the file is unchanged");
}
CASE(moved) {
    me = getpid();
    uint8_t *p = page(RW, 8192), *target = page(PROT_NONE, 16384);
    emit_mov(p + 4090, SYS_getpid); // across the page border
    emit_bare(p + 300, SYS_close);
    must(mprotect(p, 8192, RX));
    int bad = 0;
    for (int i = 0; i < 200; i++) bad += !right(p + 4090, SYS_getpid) + !right(p + 300, SYS_close);
    uint8_t *q = must(mremap(p, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, target + 4096));
    for (int i = 0; i < 200; i++) bad += !right(q + 4090, SYS_getpid) + !right(q + 300, SYS_close);
    q = must(mremap(q, 8192, 16384, MREMAP_MAYMOVE));
    for (int i = 0; i < 200; i++) bad += !right(q + 4090, SYS_getpid) + !right(q + 300, SYS_close);
    check(!bad, "%d wrong", bad);
    must(munmap(q, 4096));
    uint8_t *left = must(mmap(q, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    memset(left, 0x90, 4096);
    emit_mov(left + 300, SYS_geteuid);
    must(mprotect(left, 4096, RX));
    for (int i = 0; i < 200; i++) bad += !right(left + 300, SYS_geteuid);
    check(!bad, "%d wrong after a part was replaced", bad);
}
// Copies of hot code run too: what is read out of a patched page is the guest's own code.
CASE(copied) {
    me = getpid();
    uint8_t *p = page(RW, 4096);
    emit_mov(p, SYS_getpid);
    emit_bare(p + 64, SYS_close);
    must(mprotect(p, 4096, RX));
    int bad = 0;
    for (int i = 0; i < 300; i++) bad += !right(p, SYS_getpid) + !right(p + 64, SYS_close);
    uint8_t *far = must(mmap((void *)0x10000000000, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memcpy(far, p, 4096);
    must(mprotect(far, 4096, RX));
    for (int i = 0; i < 300; i++) bad += !right(far, SYS_getpid) + !right(far + 64, SYS_close);
    check(!bad, "%d wrong", bad);
}
// At every alignment, so that sites lie across cache lines and pages.
CASE(alignments) {
    me = getpid();
    int bad = 0;
    uint8_t *p = page(RW, 8192);
    for (int e = 0; e < 2; e++)
        for (int at = 4096 - 16; at <= 4096 + 2; at++) {
            must(mprotect(p, 8192, RW));
            memset(p, 0xcc, 8192);
            emits[e](p + at, SYS_getpid);
            must(mprotect(p, 8192, RX));
            for (int i = 0; i < 40; i++) bad += !right(p + at, SYS_getpid);
        }
    for (int e = 0; e < 2; e++)
        for (int at = 0; at < 64; at++) {
            must(mprotect(p, 8192, RW));
            emits[e](p + 64 + at, SYS_close);
            must(mprotect(p, 8192, RX));
            for (int i = 0; i < 20; i++) bad += !right(p + 64 + at, SYS_close);
        }
    check(!bad, "%d wrong", bad);
}
// The call is the last instruction before unmapped memory.
static void *fault_at;
static int fault_code;
static void fault_info(int number, siginfo_t *info, void *context) {
    fault_at = info->si_addr;
    fault_code = info->si_code;
    siglongjmp(jump, number);
}
CASE(page_end) {
    me = getpid();
    uint8_t *p = page(RW, 8192);
    emit_mov(p + 4096 - 7, SYS_getpid);
    must(mprotect(p, 4096, RX));
    must(munmap(p + 4096, 4096));
    struct sigaction action = {.sa_sigaction = fault_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, 0);
    int right_place = 0;
    for (volatile int i = 0; i < 200; i++) {
        if (!sigsetjmp(jump, 1)) go(p + 4096 - 7, 0, 0, 0);
        right_place += fault_at == p + 4096 && fault_code == SEGV_MAPERR;
    }
    show("faults after the call %d", right_place);
    // Not even the two bytes are there: the second lies in the unmapped page.
    must(mprotect(p, 4096, RW));
    p[4095] = 0x0f;
    must(mprotect(p, 4096, RX));
    if (!sigsetjmp(jump, 1)) go(p + 4095, 0, 0, 0);
    show("half a call: fault at its second byte %d", fault_at == p + 4096);
}
// Many sites, each hot: no table may overflow.
CASE(many_sites) {
    me = getpid();
    enum { COUNT = 6000 };
    uint8_t *p = page(RW, COUNT * 32 + 4096);
    for (int i = 0; i < COUNT; i++) emits[i & 1](p + 32 * i, numbers[i % 4]);
    must(mprotect(p, COUNT * 32 + 4096, RX));
    int bad = 0;
    for (int round = 0; round < 6; round++)
        for (int i = 0; i < COUNT; i++) bad += !right(p + 32 * i, numbers[i % 4]);
    for (int i = 0; i < 100; i++)
        for (int r = 0; r < 100; r++) bad += !right(p + 32 * 50 * i, numbers[50 * i % 4]);
    check(!bad, "%d wrong of %d sites", bad, COUNT);
}
// Sites far from everything else, so that no 32-bit jump reaches shared trampolines.
CASE(spread_sites) {
    me = getpid();
    int bad = 0;
    for (int i = 0; i < 60; i++) {
        uint8_t *hint = (uint8_t *)(0x100000000ull * (i * 3 + 7) * 4), *p;
        p = must(mmap(hint, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        emits[i & 1](p + i, numbers[i % 4]);
        must(mprotect(p, 4096, RX));
        for (int r = 0; r < 100; r++) bad += !right(p + i, numbers[i % 4]);
        if (i % 3 == 0) must(munmap(p, 4096));
    }
    uint8_t *low = must(mmap((void *)0x10000, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    emit_mov(low, SYS_getpid);
    must(mprotect(low, 4096, RX));
    for (int r = 0; r < 100; r++) bad += !right(low, SYS_getpid);
    check(!bad, "%d wrong", bad);
}
// Neighbours stay free for the guest: memory next to hot code can be mapped.
CASE(neighbours) {
    me = getpid();
    uint8_t *area = page(PROT_NONE, 1 << 20), *p = area + (1 << 19);
    must(mprotect(p, 4096, RW));
    emit_bare(p, SYS_getpid);
    must(mprotect(p, 4096, RX));
    int bad = 0;
    for (int i = 0; i < 200; i++) bad += !right(p, SYS_getpid);
    for (int i = 0; i < 256; i++) {
        uint8_t *at = area + 4096 * i;
        if (at == p) continue;
        uint8_t *got = mmap(at, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        bad += got != at;
        memset(at, 0xcc, 4096);
    }
    for (int i = 0; i < 200; i++) bad += !right(p, SYS_getpid);
    check(!bad, "%d wrong", bad);
}
CASE(dlopen_churn) {
    int bad = 0;
    for (int i = 0; i < 25; i++) {
        void *handle = dlopen("libresolv.so.2", RTLD_NOW);
        if (!handle) skip("no libresolv");
        bad += !dlsym(handle, "ns_name_pton");
        bad += dlclose(handle) != 0;
        bad += getppid() <= 0;
    }
    check(!bad, "%d wrong", bad);
}
// A child has its parent's hot code, and its own changes to it stay its own.
CASE(forked) {
    me = getpid();
    uint8_t *p = page(RWX, 4096);
    emit_mov(p, SYS_close);
    int bad = 0;
    for (int i = 0; i < 200; i++) bad += !right(p, SYS_close);
    for (int round = 0; round < 10; round++) {
        pid_t child = must(fork());
        if (!child) {
            for (int i = 0; i < 100; i++) bad += !right(p, SYS_close);
            emit_mov(p, SYS_geteuid);
            for (int i = 0; i < 100; i++) bad += !right(p, SYS_geteuid);
            emit_bare(p, 9999);
            for (int i = 0; i < 100; i++) bad += !right(p, 9999);
            _exit(!!bad);
        }
        bad += !!reap(child);
        for (int i = 0; i < 20; i++) bad += !right(p, SYS_close);
    }
    check(!bad, "%d wrong", bad);
}
// Code on the stack, in the heap and in an executable's own data.
static uint8_t in_data[4096] __attribute__((aligned(4096)));
CASE(odd_places) {
    me = getpid();
    uint8_t on_stack[8192] __attribute__((aligned(4096)));
    uint8_t *places[] = {in_data, on_stack + 0, aligned_alloc(4096, 4096)};
    int bad = 0;
    for (int i = 0; i < 3; i++) {
        must(mprotect(places[i], 4096, RWX));
        emits[i & 1](places[i] + 10, SYS_getpid);
        for (int r = 0; r < 200; r++) bad += !right(places[i] + 10, SYS_getpid);
    }
    check(!bad, "%d wrong", bad);
}
// MADV_DONTNEED gives a private file page back its file content, hot or not.
CASE(dontneed) {
    me = getpid();
    int fd = must(open("code", O_RDWR | O_CREAT, 0600)), bad = 0;
    uint8_t block[4096] = {0};
    emit_mov(block, SYS_getpid);
    must(pwrite(fd, block, sizeof block, 0));
    uint8_t *p = must(mmap(0, 4096, RX, MAP_PRIVATE, fd, 0));
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 100; i++) bad += !right(p, SYS_getpid);
        must(madvise(p, 4096, MADV_DONTNEED));
    }
    for (int i = 0; i < 100; i++) bad += !right(p, SYS_getpid);
    check(!bad, "%d wrong", bad);
}
// Calls that look at hot code: write(2) of it, and of memory that is not there.
CASE(code_as_data) {
    me = getpid();
    uint8_t *p = page(RW, 4096), want[64], got[64];
    size_t size = emit_mov(p, SYS_getpid);
    memcpy(want, p, size);
    must(mprotect(p, 4096, RX));
    for (int i = 0; i < 300; i++) right(p, SYS_getpid);
    int fd[2];
    must(pipe(fd));
    R(write(fd[1], p, size));
    R(read(fd[0], got, sizeof got));
    show("bytes as written %d", !memcmp(got, want, size));
    R(read(fd[0], p, 0));
    must(write(fd[1], "x", 1));
    R(read(fd[0], p, 1));
}

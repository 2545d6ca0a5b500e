//! The other ways into the kernel: int 0x80, and the vsyscall page.
//! variants: no-pie static
#include "guest.h"
#include <setjmp.h>

static char text[] = "written by int 0x80\n";
static inline long int80(long n, long a, long b, long c) {
    long r;
    asm volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
    return r;
}
static sigjmp_buf back;
static void fault(int number) { siglongjmp(back, number); }

CASE(getpid) {
    pid_t me = getpid();
    int bad = 0;
    for (int i = 0; i < 300; i++) bad += int80(20, 0, 0, 0) != me;
    check(!bad, "int 0x80 getpid, %d wrong", bad);
}
CASE(write) {
    for (int i = 0; i < 3; i++) show("%ld", int80(4, 1, (long)text, sizeof text - 1));
}
CASE(errors) {
    show("close %ld", int80(6, -1, 0, 0));
    show("bad number %ld", int80(9999, 0, 0, 0));
    show("bad number %ld", int80(-1, 0, 0, 0));
    show("getuid32 %ld", int80(199, 0, 0, 0));
    show("lseek %ld", int80(19, -1, 0, 0));
}
// int 0x80 keeps all registers but rax (r8 to r11 since Linux 4.17).
CASE(registers) {
    uint64_t r8 = 0, r9 = 0, r10 = 0, r11 = 0, rsi = 0, rdi = 0, rcx = 0;
    int bad = 0;
    for (int i = 0; i < 100; i++) {
        asm volatile("mov $0x1122334455667788,%%r8\n mov %%r8,%%r9\n mov %%r8,%%r10\n"
                     "mov %%r8,%%r11\n mov $77,%%esi\n mov $78,%%edi\n mov $79,%%ecx\n mov $20,%%eax\n int $0x80\n"
                     "mov %%r8,%0\n mov %%r9,%1\n mov %%r10,%2\n mov %%r11,%3\n mov %%rsi,%4\n"
                     "mov %%rdi,%5\n mov %%rcx,%6"
                     : "=m"(r8), "=m"(r9), "=m"(r10), "=m"(r11), "=m"(rsi), "=m"(rdi), "=m"(rcx)
                     :
                     : "rax", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
        bad += r8 != 0x1122334455667788 || r9 != r8 || r10 != r8 || r11 != r8 || rsi != 77 ||
               rdi != 78 || rcx != 79;
    }
    show("r8 %lx r9 %lx r10 %lx r11 %lx", r8, r9, r10, r11);
    check(!bad, "registers kept");
}
CASE(exit) { int80(1, 42, 0, 0); }
CASE(exit_group) { int80(252, 43, 0, 0); }

// gettimeofday, time and getcpu in the vsyscall page (emulated by the kernel on a fault).
CASE(vsyscall) {
    struct timeval a, b;
    for (int s = 4; s < 12; s += 7) signal(s, fault);
    int number = sigsetjmp(back, 1);
    if (number) {
        show("the page faults with signal %d", number);
        return;
    }
    int bad = 0;
    for (int i = 0; i < 100; i++) {
        long r = ((long (*)(struct timeval *, void *))0xffffffffff600000)(&a, 0);
        gettimeofday(&b, 0);
        bad += r != 0 || b.tv_sec - a.tv_sec > 1 || b.tv_sec < a.tv_sec;
        time_t t = ((time_t(*)(time_t *))0xffffffffff600400)(0);
        bad += t < a.tv_sec - 1 || t > b.tv_sec + 1;
        unsigned cpu = 999;
        bad += ((long (*)(unsigned *, void *, void *))0xffffffffff600800)(&cpu, 0, 0) != 0 || cpu > 4096;
    }
    check(!bad, "vsyscall, %d wrong", bad);
}
CASE(vsyscall_read) {
    signal(SIGSEGV, fault);
    if (sigsetjmp(back, 1)) show("not readable");
    else show("readable %d", *(volatile char *)0xffffffffff600000 != 0);
}
// A bad pointer makes it fault in the caller.
CASE(vsyscall_fault) {
    signal(SIGSEGV, fault);
    if (sigsetjmp(back, 1)) show("SIGSEGV");
    else show("returns %ld", ((long (*)(void *, void *))0xffffffffff600000)((void *)8, 0));
}

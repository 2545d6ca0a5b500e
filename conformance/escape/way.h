/* How an attempt makes its calls: as a guest, which the brand serves, or past the brand. */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum way { CALL, JUMP };
static enum way way;

/* The brand's own `syscall; ret`. */
static const unsigned char *instruction;

/* A call as any program makes it. */
static long plain(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* The same registers, but the instruction is the brand's. */
static long jump(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;
    /* The call's return address must not lie in the red zone. */
    __asm__ volatile("lea -128(%%rsp), %%rsp; call *%[to]; lea 128(%%rsp), %%rsp"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9),
                       [to] "b"(instruction)
                     : "rcx", "r11", "memory");
    return result;
}

static long made(long nr, long a, long b, long c, long d, long e, long f)
{
    return way == JUMP ? jump(nr, a, b, c, d, e, f) : plain(nr, a, b, c, d, e, f);
}

/* The answer is that of the kernel: an error is a negative number. */
#define MAKE(...) MAKE_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define MAKE_(nr, a, b, c, d, e, f, ...)                                                           \
    made(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* ---- Where that instruction is. The guest finds it in its own address space: its gs base leads to
 * the brand's data of this thread, and what looks like a pointer there leads to the brand's text. */

static sigjmp_buf faulted;

static void on_fault(int signal)
{
    (void)signal;
    siglongjmp(faulted, 1);
}

static int is_readable(uintptr_t page)
{
    if (page < 0x10000 || page > 0x7fffffffe000)
        return 0;
    if (sigsetjmp(faulted, 1))
        return 0;
    (void)*(volatile unsigned char *)page;
    return 1;
}

/* Whether it makes calls, which it does not when it is a program's own or data. */
static int works(const unsigned char *candidate)
{
    const unsigned char *before = instruction;
    long most = -1;
    if (sigsetjmp(faulted, 1) == 0) {
        instruction = candidate;
        most = jump(SYS_sched_get_priority_max, SCHED_FIFO, 0, 0, 0, 0, 0);
    }
    instruction = before;
    return most == 99;
}

/* Whether an address is one of this program's, whose calls the brand catches. */
static int is_own(uintptr_t address)
{
    extern char __executable_start, end;
    return address >= (uintptr_t)&__executable_start && address < (uintptr_t)&end;
}

/* Searches the readable memory around an address. */
static const unsigned char *search_around(uintptr_t address)
{
    uintptr_t page = address & ~0xfffUL, first = page, last = page;
    const uintptr_t most = 4UL << 20;
    while (page - first < most && is_readable(first - 0x1000))
        first -= 0x1000;
    while (last - page < most && is_readable(last + 0x1000))
        last += 0x1000;
    for (uintptr_t at = first; at + 3 <= last + 0x1000; at++)
        if (!is_own(at) && memcmp((void *)at, "\x0f\x05\xc3", 3) == 0 && works((void *)at))
            return (void *)at;
    return NULL;
}

static const unsigned char *find_instruction(void)
{
    uintptr_t base, here = (uintptr_t)&base;
    __asm__ volatile("rdgsbase %0" : "=r"(base));
    if (base == 0)
        return NULL;
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL};
    struct sigaction action = {.sa_handler = on_fault};
    for (int i = 0; i < 3; i++)
        sigaction(faults[i], &action, NULL);
    const unsigned char *found = search_around(base);
    for (int word = 0; found == NULL && word < 512; word++) {
        uintptr_t value = 0;
        if (is_readable((base & ~7UL) + 8 * word))
            value = *(uintptr_t *)((base & ~7UL) + 8 * word);
        int is_near = is_own(value) || (value ^ here) >> 24 == 0;
        if (!is_near && is_readable(value & ~0xfffUL))
            found = search_around(value);
    }
    for (int i = 0; i < 3; i++)
        signal(faults[i], SIG_DFL);
    return found;
}

/* ---- What an attempt comes to. */

enum outcome { STOPPED, REACHED, OUTSIDE };

/* The error of the step that failed. */
static int why;

static enum outcome stopped(long result)
{
    why = result < 0 && result > -4096 ? (int)-result : 0;
    return STOPPED;
}

/* An attempt whose success the answer tells. */
static enum outcome told(long result)
{
    return result < 0 ? stopped(result) : REACHED;
}

/* An attempt that comes to something only outside, where the driver looks. */
static enum outcome seen_outside(long result)
{
    return result < 0 ? stopped(result) : OUTSIDE;
}

/* A step on the way; the attempt ends where it fails. */
#define STEP(result)                                                                               \
    ({                                                                                             \
        long step_ = (result);                                                                     \
        if (step_ < 0)                                                                             \
            return stopped(step_);                                                                 \
        step_;                                                                                     \
    })

/* ---- What the driver told, as `key=value` arguments. */

static char **told_arguments;

static const char *text(const char *key)
{
    size_t length = strlen(key);
    for (char **argument = told_arguments; *argument; argument++)
        if (strncmp(*argument, key, length) == 0 && (*argument)[length] == '=')
            return *argument + length + 1;
    return "";
}

static long number(const char *key)
{
    return strtol(text(key), NULL, 0);
}

/* A path below the folder outside, of the host's target or of the other zone's. */
static const char *outside(const char *which, const char *name)
{
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", text(which), name);
    return path;
}

/* A name of the attempt's own, in the guest's folder. */
static const char *mine(const char *name)
{
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s-%s", text("here"), name, way == JUMP ? "jump" : "call");
    return path;
}

/* The lowest of the brand's descriptors: image, /proc, facts, zsched. */
static int reserved(int which)
{
    static int first;
    int in_a_row = 0;
    for (int fd = 64; first == 0 && fd < 5000; fd++) {
        in_a_row = jump(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0) >= 0 ? in_a_row + 1 : 0;
        if (in_a_row == 4)
            first = fd - 3;
    }
    return first == 0 ? -1 : first + which;
}

enum { IMAGE, PROC, FACTS, ZSCHED };

/* What a file says, compared with what only the folder outside holds. */
static enum outcome is_secret(long fd)
{
    char buffer[64] = "";
    long length = fd < 0 ? fd : MAKE(SYS_read, fd, buffer, sizeof buffer - 1);
    if (length < 0)
        return stopped(length);
    return strcmp(buffer, text("secret")) == 0 ? REACHED : stopped(-ENODATA);
}

static enum outcome secret_at(int folder, const char *path)
{
    return is_secret(MAKE(SYS_openat, folder, path, O_RDONLY | O_NONBLOCK));
}

/* One attempt. */
struct attempt {
    const char *name;
    /* What is to stop it past the brand. */
    const char *stopper;
    enum outcome (*run)(void);
    unsigned flags;
    /* Why it succeeds nowhere, even without confinement or without a zone. */
    const char *unshown;
};

enum {
    ZONE_ONLY = 1,  /* outside a zone it would harm the host */
    OWN_NET = 2,    /* means something only where the network is not the host's */
    HOST_NET = 4,   /* means something only where it is */
};

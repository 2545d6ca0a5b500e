// What every guest program of the suite shares: cases by name, output lines that are one
// write each (so that forked children never print a line twice), and short ways to show a
// call's result.
#ifndef GUEST_H
#define GUEST_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

struct guest_case {
    const char *name;
    void (*body)(void);
    int (*helper)(int argc, char **argv);
};
static struct guest_case guest_cases[256];
static int guest_count;
static int guest_bad;
static const char *self; // the program's own path, absolute

// What getuid(2) and geteuid(2) have to say, known without a call.
#define OWN_UID ((long)getauxval(AT_UID))

// A case: listed by --list, run when its name is the first argument.
#define CASE(name)                                                             \
    static void case_##name(void);                                            \
    __attribute__((constructor)) static void add_##name(void) {               \
        guest_cases[guest_count++] = (struct guest_case){#name, case_##name, 0}; \
    }                                                                          \
    static void case_##name(void)

// A program that a case starts by exec of itself with `@name` as first argument.
#define HELPER(name)                                                           \
    static int helper_##name(int argc, char **argv);                          \
    __attribute__((constructor)) static void addh_##name(void) {              \
        guest_cases[guest_count++] =                                          \
            (struct guest_case){"@" #name, 0, helper_##name};                 \
    }                                                                          \
    static int helper_##name(int argc, char **argv)

__attribute__((format(printf, 1, 2), unused)) static void show(const char *format, ...) {
    char line[4096];
    va_list list;
    int kept = errno;
    va_start(list, format);
    int size = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    if (size > (int)sizeof line - 2) size = sizeof line - 2;
    line[size++] = '\n';
    for (int done = 0; done < size;) {
        ssize_t put = write(1, line + done, size - done);
        if (put < 0 && errno != EINTR) _exit(99);
        if (put > 0) done += put;
    }
    errno = kept;
}

// A check of something whose value may differ between two runs.
#define check(condition, ...)                                                  \
    do {                                                                       \
        char text_[512];                                                       \
        int kept_ = errno, good_ = !!(condition);                              \
        snprintf(text_, sizeof text_, __VA_ARGS__);                            \
        if (!good_) guest_bad = 1;                                             \
        show("%s %s%s%s", good_ ? "ok" : "BAD", text_, good_ ? "" : " errno ", \
             good_ ? "" : (strerrorname_np(kept_) ?: "0"));                    \
    } while (0)

__attribute__((unused)) static const char *errname(int number) {
    const char *name = strerrorname_np(number);
    return name ? name : "?";
}

// Shows an expression's value, and errno where it is -1.
#define R(expression)                                                          \
    ({                                                                         \
        errno = 0;                                                             \
        long value_ = (long)(expression);                                      \
        if (value_ == -1) show("%s = -1 %s", #expression, errname(errno));     \
        else show("%s = %ld", #expression, value_);                            \
        value_;                                                                \
    })

// The same for values that differ between runs: only whether it succeeded, and errno.
#define E(expression)                                                          \
    ({                                                                         \
        errno = 0;                                                             \
        long value_ = (long)(expression);                                      \
        if (value_ == -1) show("%s = -1 %s", #expression, errname(errno));     \
        else show("%s succeeds", #expression);                                 \
        value_;                                                                \
    })

// A preparation that must succeed for the case to mean anything.
#define must(expression)                                                       \
    ({                                                                         \
        errno = 0;                                                             \
        __typeof__(expression) value_ = (expression);                          \
        if ((long)value_ == -1) {                                              \
            show("BAD %s:%d %s: %s", __FILE_NAME__, __LINE__, #expression,     \
                 errname(errno));                                              \
            _exit(98);                                                         \
        }                                                                      \
        value_;                                                                \
    })

__attribute__((unused, noreturn)) static void skip(const char *why) {
    show("SKIP %s", why);
    _exit(77);
}

__attribute__((unused)) static void show_status(const char *what, int status) {
    if (WIFEXITED(status)) show("%s: exit %d", what, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        show("%s: signal %d%s", what, WTERMSIG(status), WCOREDUMP(status) ? " core" : "");
    else if (WIFSTOPPED(status)) show("%s: stopped %d", what, WSTOPSIG(status));
    else if (WIFCONTINUED(status)) show("%s: continued", what);
    else show("%s: status %x", what, status);
}

__attribute__((unused)) static int reap(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return status;
}

// Runs the block in a child and shows how the child ended.
#define IN_CHILD(label, ...)                                                   \
    do {                                                                       \
        pid_t child_ = must(fork());                                           \
        if (child_ == 0) {                                                     \
            __VA_ARGS__;                                                       \
            _exit(guest_bad);                                                  \
        }                                                                      \
        show_status(label, reap(child_));                                      \
    } while (0)

__attribute__((unused)) static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

__attribute__((unused)) static void sleep_us(long us) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&t, &t) < 0 && errno == EINTR) {}
}

// Waits until a thread of this process (0: the process `pid`) sleeps in the kernel.
__attribute__((unused)) static void until_asleep(pid_t pid, pid_t tid) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid ? tid : pid);
    for (int i = 0; i < 4000; i++) {
        int fd = open(path, O_RDONLY);
        ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        if (fd >= 0) close(fd);
        if (got > 0) {
            text[got] = 0;
            char *end = strrchr(text, ')');
            if (end && end[2] == 'S') return;
        }
        sleep_us(500);
    }
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc > 1 && !strcmp(argv[1], "--list")) {
        for (int i = 0; i < guest_count; i++)
            if (guest_cases[i].body) show("%s", guest_cases[i].name);
        return 0;
    }
    for (int i = 0; argc > 1 && i < guest_count; i++) {
        // A helper's name may be followed by a blank: a script's argument is one word.
        size_t size = strlen(guest_cases[i].name);
        if (strncmp(argv[1], guest_cases[i].name, size)) continue;
        if (argv[1][size] && !(guest_cases[i].helper && argv[1][size] == ' ')) continue;
        if (guest_cases[i].helper) return guest_cases[i].helper(argc, argv);
        guest_cases[i].body();
        return guest_bad;
    }
    show("BAD no such case");
    return 97;
}
#endif

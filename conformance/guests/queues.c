//! Asynchronous files, message queues, the futex calls of Linux 6.7, and what restarts.
#include "guest.h"
#include <linux/aio_abi.h>
#include <mqueue.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#ifndef SYS_futex_wake
#define SYS_futex_wake 454
#define SYS_futex_wait 455
#define SYS_futex_requeue 456
#endif
#define U32 2
#define PRIVATE 128

CASE(aio) {
    aio_context_t context = 0;
    char text[8] = "later";
    struct iocb block = {0}, *list[1] = {&block};
    struct io_event event = {0};
    struct timespec none = {0}, second = {5, 0};
    int fd = must(open("f", O_RDWR | O_CREAT, 0600));
    R(syscall(SYS_io_setup, 0, &context));
    R(syscall(SYS_io_setup, 4, &context));
    R(syscall(SYS_io_setup, 4, &context));
    block.aio_fildes = fd;
    block.aio_lio_opcode = IOCB_CMD_PWRITE;
    block.aio_buf = (uintptr_t)text;
    block.aio_nbytes = 5;
    block.aio_data = 42;
    R(syscall(SYS_io_submit, context, 1, list));
    R(syscall(SYS_io_pgetevents, context, 1, 1, &event, &second, 0));
    show("%ld %ld", (long)event.data, (long)event.res);
    R(syscall(SYS_io_pgetevents, context, 0, 1, &event, &none, 0));
    sigset_t set;
    sigfillset(&set);
    struct { void *set; size_t size; } mask = {&set, 8}, wrong = {&set, 4};
    R(syscall(SYS_io_pgetevents, context, 0, 1, &event, &none, &mask));
    R(syscall(SYS_io_pgetevents, context, 0, 1, &event, &none, &wrong));
    R(syscall(SYS_io_pgetevents, 0, 0, 1, &event, &none, 0));
    R(syscall(SYS_io_getevents, context, 0, 1, &event, &none));
    R(syscall(SYS_io_cancel, context, &block, &event));
    R(syscall(SYS_io_cancel, 0, &block, &event));
    block.aio_lio_opcode = 77;
    R(syscall(SYS_io_submit, context, 1, list));
    R(syscall(SYS_io_destroy, context));
    R(syscall(SYS_io_destroy, context));
    char got[8] = {0};
    must(pread(fd, got, 7, 0));
    show("%s", got);
}
CASE(messages) {
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16}, got;
    char name[64], text[16];
    snprintf(name, sizeof name, "lx-%d-%ld", getpid(), (long)now_us());
    int queue = R(syscall(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attr)) >= 0
        ? must(syscall(SYS_mq_open, name, O_RDWR | O_NONBLOCK, 0, 0)) : -1;
    R(syscall(SYS_mq_getsetattr, queue, 0, &got));
    show("%ld %ld %ld", got.mq_maxmsg, got.mq_msgsize, got.mq_curmsgs);
    got.mq_flags = 0;
    R(syscall(SYS_mq_getsetattr, queue, &got, &attr));
    got.mq_flags = 77;
    R(syscall(SYS_mq_getsetattr, queue, &got, 0));
    R(syscall(SYS_mq_getsetattr, 0, 0, &got));
    R(syscall(SYS_mq_timedsend, queue, "hi", 2, 3, 0));
    R(syscall(SYS_mq_timedsend, queue, "too long to be sent", 19, 3, 0));
    unsigned priority = 0;
    R(syscall(SYS_mq_timedreceive, queue, text, sizeof text, &priority, 0));
    show("%u", priority);
    struct sigevent wish = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    R(syscall(SYS_mq_notify, queue, 0));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, 0);
    R(syscall(SYS_mq_notify, queue, &wish));
    R(syscall(SYS_mq_notify, queue, &wish));
    must(syscall(SYS_mq_timedsend, queue, "x", 1, 0, 0));
    siginfo_t info;
    R(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_MESGQ);
    wish.sigev_signo = 1000;
    R(syscall(SYS_mq_notify, queue, &wish));
    R(syscall(SYS_mq_notify, 0, &wish));
    R(syscall(SYS_mq_unlink, name));
    R(syscall(SYS_mq_unlink, name));
}
static uint32_t word, other;
static void *waiter(void *unused) {
    return (void *)syscall(SYS_futex_wait, &word, 0UL, 0xffffffffUL, U32 | PRIVATE, 0UL, 0);
}
CASE(futexes) {
    struct timespec past = {0, 1};
    if (R(syscall(SYS_futex_wake, &word, 0xffffffffUL, 1, U32 | PRIVATE)) < 0 && errno == ENOSYS)
        skip("an older kernel");
    R(syscall(SYS_futex_wake, &word, 0UL, 1, U32 | PRIVATE));
    R(syscall(SYS_futex_wake, &word, 0xffffffffUL, 1, 0x77));
    R(syscall(SYS_futex_wake, (char *)&word + 1, 0xffffffffUL, 1, U32 | PRIVATE));
    R(syscall(SYS_futex_wait, &word, 5UL, 0xffffffffUL, U32 | PRIVATE, 0UL, 0));
    R(syscall(SYS_futex_wait, &word, 0UL, 0xffffffffUL, U32 | PRIVATE, &past, CLOCK_MONOTONIC));
    R(syscall(SYS_futex_wait, &word, 0UL, 0xffffffffUL, U32 | PRIVATE, &past, 77));
    R(syscall(SYS_futex_wait, (void *)8, 0UL, 0xffffffffUL, U32 | PRIVATE, 0UL, 0));
    pthread_t t;
    must(-pthread_create(&t, 0, waiter, 0));
    struct { uint64_t value, address; uint32_t flags, rest; } pair[2] = {
        {0, (uintptr_t)&word, U32 | PRIVATE, 0},
        {0, (uintptr_t)&other, U32 | PRIVATE, 0},
    };
    while (syscall(SYS_futex_requeue, pair, 0, 0, 1) != 1) sleep_us(1000);
    R(syscall(SYS_futex_wake, &word, 0xffffffffUL, 1, U32 | PRIVATE));
    R(syscall(SYS_futex_wake, &other, 0xffffffffUL, 1, U32 | PRIVATE));
    void *result;
    pthread_join(t, &result);
    show("%ld", (long)result);
    pair[0].value = 5;
    R(syscall(SYS_futex_requeue, pair, 0, 1, 1));
    R(syscall(SYS_futex_requeue, pair, 1, 1, 1));
    R(syscall(SYS_futex_requeue, (void *)8, 0, 1, 1));
}
static void nothing(int number) {}
// No call was interrupted that could go on.
CASE(restarts) {
    R(syscall(SYS_restart_syscall));
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGALRM, &action, 0);
    struct itimerval soon = {{0, 0}, {0, 20000}};
    setitimer(ITIMER_REAL, &soon, 0);
    struct timespec long_time = {5, 0};
    R(nanosleep(&long_time, 0));
    int fd = R(syscall(SYS_signalfd4, -1, (uint64_t[]){1 << (SIGUSR2 - 1)}, 8, SFD_CLOEXEC)) < 0;
    R(syscall(SYS_signalfd4, -1, (uint64_t[]){0}, 4, 0));
    R(syscall(SYS_eventfd2, 3, EFD_SEMAPHORE) > fd);
    R(syscall(SYS_eventfd2, 3, 77));
}
CASE(parameters) {
    struct sched_param p = {0};
    R(syscall(SYS_sched_setparam, 0, &p));
    p.sched_priority = 5;
    R(syscall(SYS_sched_setparam, 0, &p));
    R(syscall(SYS_sched_setparam, 0, 0));
    R(syscall(SYS_sched_setparam, -1, &p));
    p.sched_priority = 0;
    R(syscall(SYS_sched_setparam, 4000000, &p));
    struct { unsigned modes; long rest[40]; } t = {0};
    R(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t) >= 0);
    R(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t));
    R(syscall(SYS_clock_adjtime, 77, &t));
    R(syscall(SYS_clock_adjtime, CLOCK_REALTIME, (void *)8));
}

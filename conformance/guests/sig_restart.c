//! Every call that can sleep, interrupted by a handler with and without SA_RESTART: which
//! come back with EINTR, which go on, and what is left of their time.
//! flags: -lrt
#include "guest.h"
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

// A shared page tells the interrupter what has happened.
static struct shared {
    atomic_int returned, handled;
} *shared;
static volatile int handled;
static void (*in_handler)(void);
static void handler(int number) {
    handled++;
    if (shared) shared->handled++;
    if (in_handler) in_handler();
}

// The interrupter: a child that waits until this thread sleeps, signals it, and, where the
// call restarts, gives it afterwards what it waits for (by `then`).
static void install(int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    must(sigaction(SIGUSR1, &action, 0));
}
// The child signals, and when the call goes on sleeping after the handler, satisfies it with
// `then`.
static int asleep(pid_t pid) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (got <= 0) return 0;
    text[got] = 0;
    char *end = strrchr(text, ')');
    return end && end[2] == 'S';
}

static pid_t interrupt(void (*then)(void)) {
    if (!shared) shared = must(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    shared->returned = shared->handled = 0;
    pid_t parent = getpid(), child = must(fork());
    if (child) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    until_asleep(parent, 0);
    sleep_us(3000);
    kill(parent, SIGUSR1);
    // A call that failed returns soon; one that is restarted sleeps for good.
    for (int quiet = 0, i = 0; i < 5000 && quiet < 12 && !shared->returned; i++) {
        sleep_us(1000);
        quiet = shared->handled && asleep(parent) ? quiet + 1 : 0;
    }
    if (!shared->returned && then) then();
    _exit(0);
}

// Runs a call both ways and shows its results.
#define BOTH(prepare, then, call)                                              \
    for (int restart = 0; restart < 2; restart++) {                            \
        install(restart ? SA_RESTART : 0);                                     \
        handled = 0;                                                           \
        prepare;                                                               \
        pid_t child = interrupt(then);                                         \
        errno = 0;                                                             \
        long r = (long)(call);                                                 \
        int e = errno;                                                         \
        shared->returned = 1;                                                  \
        reap(child);                                                           \
        show("%s %s: %s%ld %s handled %d", restart ? "SA_RESTART" : "plain",   \
             #call, r < 0 ? "" : "", r, r < 0 ? errname(e) : "", handled);     \
    }

static int pair[2];
static char byte = 'x', buffer[65536];
static void put(void) { must(write(pair[1], &byte, 1)); }
static void drain(void) {
    char junk[65536];
    // Enough room for a pipe or a socket to take more.
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    while (read(pair[0], junk, sizeof junk) > 0) {}
    fcntl(pair[0], F_SETFL, 0);
}
static void fill_up(int fd) {
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, buffer, sizeof buffer) > 0) {}
    while (write(fd, buffer, 1) > 0) {}
    fcntl(fd, F_SETFL, flags);
}
static void nothing(void) {}

CASE(read_pipe) { BOTH(must(pipe(pair)), put, read(pair[0], buffer, 1)); }
CASE(readv_pipe) {
    struct iovec { void *base; size_t size; } v = {buffer, 4};
    BOTH(must(pipe(pair)), put, syscall(SYS_readv, pair[0], &v, 1));
}
CASE(write_pipe) { BOTH(must(pipe(pair)); fill_up(pair[1]), drain, write(pair[1], buffer, 1)); }
// Bytes already written count: a partial write is no error.
CASE(write_partial) {
    BOTH(must(pipe(pair)), drain, write(pair[1], buffer, 65536 + 4096) == 65536);
}
CASE(read_tty) {
    char name[100];
    BOTH(must(openpty(&pair[1], &pair[0], name, 0, 0)); byte = '\n', put, read(pair[0], buffer, 10));
}
CASE(read_socket) { BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), put, read(pair[0], buffer, 1)); }
CASE(write_socket) {
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)); fill_up(pair[1]), drain, write(pair[1], buffer, 1));
}
CASE(recv) { BOTH(must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)), put, recv(pair[0], buffer, 1, 0)); }
CASE(recvfrom) {
    struct sockaddr_un a;
    socklen_t size = sizeof a;
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), put,
         recvfrom(pair[0], buffer, 1, 0, (struct sockaddr *)&a, &size));
}
CASE(recvmsg) {
    struct iovec v = {buffer, 4};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), put, recvmsg(pair[0], &m, 0));
}
CASE(recvmmsg) {
    struct iovec v = {buffer, 4};
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &v, .msg_iovlen = 1}};
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), put, recvmmsg(pair[0], &m, 1, 0, 0));
}
// A receive time limit makes the call fail in spite of SA_RESTART.
CASE(recv_timeout) {
    struct timeval limit = {5, 0};
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
         must(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit)),
         put, recv(pair[0], buffer, 1, 0));
}
CASE(send) {
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)); fill_up(pair[1]), drain, send(pair[1], buffer, 1, 0));
}
CASE(sendto) {
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)); fill_up(pair[1]), drain,
         sendto(pair[1], buffer, 1, MSG_NOSIGNAL, 0, 0));
}
CASE(sendmsg) {
    struct iovec v = {buffer, 4};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    BOTH(must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)); fill_up(pair[1]), drain, sendmsg(pair[1], &m, 0));
}
static struct sockaddr_un where = {AF_UNIX, "sock"};
static int listener;
static void listen_on(int backlog) {
    unlink("sock");
    listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
    must(bind(listener, (struct sockaddr *)&where, sizeof where));
    must(listen(listener, backlog));
}
static void connect_to(void) {
    int s = must(socket(AF_UNIX, SOCK_STREAM, 0));
    must(connect(s, (struct sockaddr *)&where, sizeof where));
    sleep_us(20000);
}
CASE(accept) { BOTH(listen_on(4), connect_to, accept(listener, 0, 0) > 0 ? 1 : -1); }
CASE(accept4) { BOTH(listen_on(4), connect_to, accept4(listener, 0, 0, SOCK_CLOEXEC) > 0 ? 1 : -1); }
static void accept_two(void) {
    must(accept(listener, 0, 0));
    must(accept(listener, 0, 0));
}
// A unix listener with a full queue makes connect sleep.
CASE(connect) {
    int s = 0;
    BOTH(listen_on(0); connect_to(); s = must(socket(AF_UNIX, SOCK_STREAM, 0)), accept_two,
         connect(s, (struct sockaddr *)&where, sizeof where));
}
CASE(poll) {
    struct pollfd p = {0, POLLIN};
    BOTH(must(pipe(pair)); p.fd = pair[0], put, poll(&p, 1, -1));
    BOTH(must(pipe(pair)); p.fd = pair[0], put, poll(&p, 1, 9000));
    BOTH(nothing(), nothing, poll(0, 0, 120));
}
CASE(ppoll) {
    struct pollfd p = {0, POLLIN};
    struct timespec t = {0, 0};
    BOTH(must(pipe(pair)); p.fd = pair[0], put, ppoll(&p, 1, 0, 0));
    BOTH(t.tv_sec = 5; t.tv_nsec = 0, nothing, syscall(SYS_ppoll, 0, 0, &t, 0, 8));
    check(t.tv_sec == 4 && t.tv_nsec > 500000000, "the time left is written");
}
CASE(select) {
    fd_set set;
    struct timeval t;
    BOTH(must(pipe(pair)); FD_ZERO(&set); FD_SET(pair[0], &set), put, select(pair[0] + 1, &set, 0, 0, 0));
    BOTH(must(pipe(pair)); FD_ZERO(&set); FD_SET(pair[0], &set); t.tv_sec = 5; t.tv_usec = 0, put,
         syscall(SYS_select, pair[0] + 1, &set, 0, 0, &t));
    check(t.tv_sec == 4 && t.tv_usec > 500000, "the time left is written");
}
CASE(pselect) {
    fd_set set;
    struct timespec t;
    BOTH(must(pipe(pair)); FD_ZERO(&set); FD_SET(pair[0], &set); t.tv_sec = 5; t.tv_nsec = 0, put,
         syscall(SYS_pselect6, pair[0] + 1, &set, 0, 0, &t, 0));
    check(t.tv_sec == 4 && t.tv_nsec > 500000000, "the time left is written");
}
static int epoll_of(int fd) {
    int e = must(epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN};
    must(epoll_ctl(e, EPOLL_CTL_ADD, fd, &event));
    return e;
}
CASE(epoll) {
    struct epoll_event out;
    struct timespec t = {5, 0};
    int e;
    BOTH(must(pipe(pair)); e = epoll_of(pair[0]), put, syscall(SYS_epoll_wait, e, &out, 1, -1));
    BOTH(must(pipe(pair)); e = epoll_of(pair[0]), put, epoll_wait(e, &out, 1, 9000));
    BOTH(must(pipe(pair)); e = epoll_of(pair[0]), put, epoll_pwait(e, &out, 1, -1, 0));
    BOTH(must(pipe(pair)); e = epoll_of(pair[0]), put, syscall(SYS_epoll_pwait2, e, &out, 1, &t, 0, 8));
}
// The temporary mask lets the signal in that was blocked before.
CASE(masks) {
    sigset_t block, none, now;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, 0);
    struct epoll_event out;
    struct timespec t = {9, 0};
    int e;
    BOTH(nothing(), nothing, ppoll(0, 0, 0, &none));
    BOTH(nothing(), nothing, pselect(0, 0, 0, 0, 0, &none));
    BOTH(must(pipe(pair)); e = epoll_of(pair[0]), put, epoll_pwait(e, &out, 1, -1, &none));
    BOTH(must(pipe(pair)); e = epoll_of(pair[0]), put, syscall(SYS_epoll_pwait2, e, &out, 1, &t, &none, 8));
    BOTH(nothing(), nothing, sigsuspend(&none));
    sigprocmask(SIG_BLOCK, 0, &now);
    show("still blocked after: %d", sigismember(&now, SIGUSR1));
    // Already pending at the time of the call.
    raise(SIGUSR1);
    handled = 0;
    R(ppoll(0, 0, &t, &none));
    show("handled %d", handled);
    raise(SIGUSR1);
    R(sigsuspend(&none));
    raise(SIGUSR1);
    R(epoll_pwait(epoll_of(0 + dup(pair[0])), &out, 1, 9000, &none));
    show("handled %d", handled);
}
CASE(nanosleep) {
    struct timespec t = {0, 300000000}, left;
    for (int restart = 0; restart < 2; restart++) {
        BOTH(left.tv_nsec = -7, nothing, nanosleep(&t, &left));
        check(left.tv_sec == 0 && left.tv_nsec > 20000000 && left.tv_nsec < 299000000, "the time left");
        break;
    }
    BOTH(nothing(), nothing, nanosleep(&t, 0));
    BOTH(nothing(), nothing, clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &left));
    BOTH(nothing(), nothing, clock_nanosleep(CLOCK_REALTIME, 0, &t, 0));
    struct timespec until;
    BOTH(clock_gettime(CLOCK_MONOTONIC, &until); until.tv_sec += 1; left.tv_sec = left.tv_nsec = 7, nothing,
         clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &left));
    show("left untouched %ld %ld", left.tv_sec, left.tv_nsec);
}
CASE(sleep_total) {
    // Many interruptions neither lengthen nor shorten the whole of a sleep that is taken up again.
    install(0);
    struct itimerval often = {{0, 3000}, {0, 3000}}, off = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGALRM, &action, 0);
    int64_t begin = now_us();
    setitimer(ITIMER_REAL, &often, 0);
    struct timespec t = {0, 200000000};
    int interruptions = 0;
    while (nanosleep(&t, &t) < 0) interruptions++;
    setitimer(ITIMER_REAL, &off, 0);
    int64_t took = now_us() - begin;
    check(took >= 199000 && took < 900000 && interruptions > 5, "a sleep in parts");
}
static int word;
static void wake(void) { syscall(SYS_futex, shared + 1, FUTEX_WAKE, 1, 0, 0, 0); }
CASE(futex) {
    struct timespec t = {9, 0}, until;
    install(0);
    reap(interrupt(0));
    int *w = (int *)(shared + 1);
    BOTH(nothing(), wake, syscall(SYS_futex, w, FUTEX_WAIT, 0, 0, 0, 0));
    BOTH(nothing(), wake, syscall(SYS_futex, w, FUTEX_WAIT, 0, &t, 0, 0));
    BOTH(clock_gettime(CLOCK_MONOTONIC, &until); until.tv_sec += 9, wake,
         syscall(SYS_futex, w, FUTEX_WAIT_BITSET, 0, &until, 0, -1));
    struct timespec brief = {0, 400000000};
    BOTH(nothing(), nothing, syscall(SYS_futex, w, FUTEX_WAIT, 0, &brief, 0, 0));
    struct { uint64_t val, uaddr; uint32_t flags, reserved; } v = {0, (uint64_t)w, 2, 0};
    BOTH(nothing(), wake, syscall(SYS_futex_waitv, &v, 1, 0, 0, 0));
    (void)word;
}
static pid_t sleeper;
static void kill_sleeper(void) { kill(sleeper, SIGKILL); }
static pid_t start_sleeper(void) {
    pid_t child = must(fork());
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    return child;
}
CASE(wait) {
    int status;
    siginfo_t info;
    BOTH(sleeper = start_sleeper(), kill_sleeper, waitpid(sleeper, &status, 0) > 0 ? 1 : -1);
    BOTH(sleeper = start_sleeper(), kill_sleeper, waitid(P_PID, sleeper, &info, WEXITED));
    BOTH(sleeper = start_sleeper(), kill_sleeper, syscall(SYS_wait4, sleeper, &status, __WALL, 0) > 0 ? 1 : -1);
}
CASE(pause) { BOTH(nothing(), nothing, pause()); }
CASE(sigtimedwait) {
    sigset_t other;
    sigemptyset(&other);
    sigaddset(&other, SIGUSR2);
    struct timespec t = {5, 0};
    BOTH(nothing(), nothing, sigtimedwait(&other, 0, &t));
    BOTH(nothing(), nothing, sigwaitinfo(&other, 0));
}
static int queue;
static void send_message(void) {
    struct { long type; char text[4]; } m = {1, "abc"};
    must(msgsnd(queue, &m, 4, 0));
}
CASE(msgrcv) {
    struct { long type; char text[8]; } m;
    queue = must(msgget(IPC_PRIVATE, 0600));
    BOTH(nothing(), send_message, msgrcv(queue, &m, 8, 0, 0));
    msgctl(queue, IPC_RMID, 0);
}
CASE(msgsnd) {
    struct { long type; char text[8000]; } m = {1, ""};
    queue = must(msgget(IPC_PRIVATE, 0600));
    while (msgsnd(queue, &m, 8000, IPC_NOWAIT) == 0) {}
    BOTH(nothing(), nothing, restart ? -1 : msgsnd(queue, &m, 8000, 0));
    msgctl(queue, IPC_RMID, 0);
}
static int semaphore;
static void post(void) {
    struct sembuf up = {0, 1, 0};
    must(semop(semaphore, &up, 1));
}
CASE(semop) {
    struct sembuf down = {0, -1, 0};
    struct timespec t = {5, 0};
    semaphore = must(semget(IPC_PRIVATE, 1, 0600));
    BOTH(nothing(), post, semop(semaphore, &down, 1));
    BOTH(nothing(), post, semtimedop(semaphore, &down, 1, &t));
    semctl(semaphore, 0, IPC_RMID);
}
static int locked;
static void unlock(void) { kill_sleeper(); }
static pid_t hold(int how) {
    if (sleeper) {
        kill_sleeper();
        reap(sleeper);
    }
    int ready[2];
    must(pipe(ready));
    pid_t child = must(fork());
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = must(open("lock", O_RDWR));
        if (how) must(flock(fd, LOCK_EX));
        else {
            struct flock l = {.l_type = F_WRLCK};
            must(fcntl(fd, F_SETLK, &l));
        }
        write(ready[1], "r", 1);
        for (;;) pause();
    }
    char c;
    read(ready[0], &c, 1);
    return child;
}
CASE(locks) {
    struct flock l = {.l_type = F_WRLCK};
    locked = must(open("lock", O_RDWR | O_CREAT, 0600));
    BOTH(flock(locked, LOCK_UN); sleeper = hold(1), unlock, flock(locked, LOCK_EX));
    flock(locked, LOCK_UN);
    kill_sleeper();
    BOTH(sleeper = hold(0), unlock, fcntl(locked, F_SETLKW, &l));
    kill_sleeper();
}
static void open_writer(void) {
    close(must(open("fifo", O_WRONLY)));
}
CASE(open_fifo) {
    must(mkfifo("fifo", 0600));
    BOTH(nothing(), open_writer, open("fifo", O_RDONLY) > 0 ? 1 : -1);
}
static mqd_t mq;
static void mq_post(void) { must(mq_send(mq, "m", 1, 0)); }
CASE(mq) {
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 16};
    char name[40];
    snprintf(name, sizeof name, "/lx-conf-%d", getpid());
    mq = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    if (mq < 0) skip("no message queues");
    mq_unlink(name);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 9;
    BOTH(nothing(), mq_post, mq_receive(mq, buffer, 16, 0));
    BOTH(nothing(), mq_post, mq_timedreceive(mq, buffer, 16, 0, &until));
    mq_post();
    BOTH(nothing(), nothing, restart ? -1 : mq_send(mq, "n", 1, 0));
}
CASE(io_getevents) {
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, 4, &context)) skip("no io_setup");
    struct io_event event;
    struct timespec t = {2, 0};
    BOTH(nothing(), nothing, syscall(SYS_io_getevents, context, 1, 1, &event, restart ? &t : 0));
}
static int target;
static void raise_two(void) { kill(target, SIGUSR2); }
CASE(read_signalfd) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, 0);
    target = getpid();
    int fd = must(signalfd(-1, &set, 0));
    BOTH(nothing(), raise_two, read(fd, buffer, 1000));
}
CASE(read_timerfd) {
    int fd;
    struct itimerspec once = {.it_value = {0, 200000000}};
    BOTH(fd = must(timerfd_create(CLOCK_MONOTONIC, 0)); must(timerfd_settime(fd, 0, &once, 0)), nothing,
         read(fd, buffer, 8));
}
CASE(read_eventfd) {
    BOTH(pair[0] = pair[1] = must(eventfd(0, 0)), ({ void f(void) { eventfd_write(pair[1], 1); } f; }),
         read(pair[0], buffer, 8));
}
CASE(read_inotify) {
    mkdir("watched", 0700);
    BOTH(pair[0] = must(inotify_init()); must(inotify_add_watch(pair[0], "watched", IN_CREATE)); unlink("watched/a"),
         ({ void f(void) { close(open("watched/a", O_CREAT | O_WRONLY, 0600)); } f; }),
         read(pair[0], buffer, 4096) > 0 ? 1 : -1);
}
CASE(splice) {
    int other[2];
    must(pipe(other));
    BOTH(must(pipe(pair)), put, splice(pair[0], 0, other[1], 0, 1, 0));
    BOTH(must(pipe(pair)), put, tee(pair[0], other[1], 1, 0));
    int file = must(open("f", O_RDWR | O_CREAT, 0600));
    BOTH(must(pipe(pair)), put, splice(pair[0], 0, file, 0, 1, 0));
}
CASE(tcp_accept) {
    struct sockaddr_in a = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof a;
    int l = must(socket(AF_INET, SOCK_STREAM, 0));
    must(bind(l, (struct sockaddr *)&a, sizeof a));
    must(listen(l, 4));
    must(getsockname(l, (struct sockaddr *)&a, &size));
    static struct sockaddr_in to;
    to = a;
    BOTH(nothing(), ({ void f(void) { int s = must(socket(AF_INET, SOCK_STREAM, 0)); connect(s, (struct sockaddr *)&to, sizeof to); sleep_us(20000); } f; }),
         accept(l, 0, 0) > 0 ? 1 : -1);
}
CASE(thread_join) {
    // The handler interrupts the futex wait inside the library, which goes on by itself.
    pthread_t t;
    BOTH(pthread_create(&t, 0, ({ void *f(void *a) { sleep_us(150000); return a; } f; }), 0), nothing,
         pthread_join(t, 0));
}
// Two handlers at once: the flags of the one that is delivered first decide.
CASE(mixed) {
    struct sigaction plain = {.sa_handler = handler}, again = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR2, &again, 0);
    for (int swap = 0; swap < 2; swap++) {
        must(pipe(pair));
        sigaction(SIGUSR1, swap ? &again : &plain, 0);
        sigaction(SIGUSR2, swap ? &plain : &again, 0);
        pid_t me = getpid(), child = must(fork());
        if (!child) {
            until_asleep(me, 0);
            // Stopped while both arrive, so that they are delivered together.
            kill(me, SIGSTOP);
            sleep_us(5000);
            kill(me, SIGUSR1);
            kill(me, SIGUSR2);
            kill(me, SIGCONT);
            sleep_us(60000);
            write(pair[1], "x", 1);
            _exit(0);
        }
        handled = 0;
        R(read(pair[0], buffer, 1));
        show("handled %d", handled);
        reap(child);
    }
}
// No handler at all: stop and continue, and ignored signals, go unnoticed by most calls.
CASE(stop_continue) {
    must(pipe(pair));
    struct timespec t = {0, 100000000};
    for (int which = 0; which < 6; which++) {
        pid_t me = getpid(), child = must(fork());
        if (!child) {
            until_asleep(me, 0);
            kill(me, SIGSTOP);
            sleep_us(10000);
            kill(me, SIGCONT);
            sleep_us(30000);
            write(pair[1], "x", 1);
            _exit(0);
        }
        struct pollfd p = {pair[0], POLLIN};
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        struct epoll_event out;
        if (which == 0) R(read(pair[0], buffer, 1));
        if (which == 1) R(poll(&p, 1, -1));
        if (which == 2) R(nanosleep(&t, 0));
        if (which == 3) R(epoll_wait(epoll_of(dup(pair[0])), &out, 1, 3000));
        if (which == 4) R(sigtimedwait(&set, 0, &t));
        if (which == 5) R(ppoll(0, 0, &t, 0));
        reap(child);
        if (which) read(pair[0], buffer, 1);
    }
}
// A handler that runs in the middle of a call makes calls of its own.
static void nested(void) {
    int p[2];
    if (pipe(p) || write(p[1], "n", 1) != 1 || read(p[0], buffer + 100, 1) != 1) handled += 1000;
    close(p[0]);
    close(p[1]);
    struct timespec t = {0, 1000};
    nanosleep(&t, 0);
    errno = 123;
}
CASE(handler_calls) {
    in_handler = nested;
    BOTH(must(pipe(pair)), put, read(pair[0], buffer, 1));
    struct timespec t = {0, 100000000};
    BOTH(nothing(), nothing, nanosleep(&t, 0));
    struct pollfd p = {0, POLLIN};
    BOTH(must(pipe(pair)); p.fd = pair[0], put, poll(&p, 1, 9000));
}

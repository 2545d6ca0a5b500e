//! Runs a program of calls, one per line (`name` and up to five numbers), read from the file
//! that its argument names, in the folder it is started in, and shows each result. What differs
//! between two runs by nature (numbers of processes, inodes, times, addresses) is not shown.
//! variants: pie static
//! limit: 10
//! alone
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 12, MEMS = 6, LINES = 4000, PAGE = 4096 };
static int fds[SLOTS];
static struct { char *at; size_t size; } mems[MEMS];
static int current;
static char buffer[1 << 17];
static const char *const paths[] = {"a", "b", "c", "d/a", "d/b", "d", "e", "e/f", "link", "dangling", "a/x", "none/x", "", ".", "..", "fifo"};
enum { PATHS = sizeof paths / sizeof *paths };
static const int open_flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_CREAT | O_TRUNC,
                                 O_WRONLY | O_APPEND | O_CREAT, O_RDONLY | O_DIRECTORY, O_RDONLY | O_NOFOLLOW, O_PATH, O_PATH | O_NOFOLLOW,
                                 O_RDWR | O_CLOEXEC, O_RDWR | O_CREAT | O_SYNC, O_TMPFILE | O_RDWR, O_WRONLY | O_DIRECTORY, O_RDWR | O_TRUNC};
static const int signals[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGHUP, SIGCHLD, SIGURG, SIGWINCH, 40, 41, 64, SIGSYS, SIGPIPE};
enum { SIGNALS = sizeof signals / sizeof *signals };

static void show(const char *format, ...) {
    char line[1024];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    line[size++] = '\n';
    for (int done = 0; done < size;) {
        ssize_t put = syscall(SYS_write, 999, line + done, size - done);
        if (put < 0) _exit(99);
        done += put;
    }
}
static sigjmp_buf back;
static volatile int guarded;
static void handler(int number, siginfo_t *info, void *context) {
    if ((number == SIGSEGV || number == SIGBUS) && guarded) siglongjmp(back, number);
    show("%d: handler %d code %d value %d", current, number, info->si_code, info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}
static long result(const char *name, long r) {
    if (r == -1) show("%d %s = -1 %s", current, name, strerrorname_np(errno) ?: "?");
    else show("%d %s = %ld", current, name, r);
    return r;
}
// A result of which only success is shown.
static long success(const char *name, long r) {
    if (r == -1) show("%d %s = -1 %s", current, name, strerrorname_np(errno) ?: "?");
    else show("%d %s", current, name);
    return r;
}
static void show_stat(const char *name, int r, const struct stat *s) {
    if (r) result(name, r);
    else show("%d %s mode %o links %ld size %ld blocks %d", current, name, s->st_mode, S_ISDIR(s->st_mode) ? 0 : (long)s->st_nlink,
              S_ISDIR(s->st_mode) ? 0 : (long)s->st_size, s->st_blocks > 0);
}
static int FD(long n) { return fds[n % SLOTS]; }
static void keep(long n, int fd) {
    if (fd < 0) return;
    if (fds[n % SLOTS] > 2) close(fds[n % SLOTS]);
    // Nothing may block.
    fds[n % SLOTS] = fd;
}
static unsigned sum(const char *p, long size) {
    unsigned s = 7;
    for (long i = 0; i < size; i++) s = s * 31 + (unsigned char)p[i];
    return s;
}
// Where memory is mapped: what lies beside it must not depend on where the kernel puts other things.
enum { ROOM = 1 << 24 };
static char *place(int slot) { return (char *)0x200000000 + (size_t)slot * ROOM; }
static const char *P(long n) { return paths[n % PATHS]; }
static int S(long n) { return signals[n % SIGNALS]; }
static struct { char name[20]; long v[5]; } lines[LINES];
static int line_count;
static void run(int from, int to);

static int is(const char *a, const char *b) { return !strcmp(a, b); }
static void one(int i) {
    const char *n = lines[i].name;
    long a = lines[i].v[0], b = lines[i].v[1], c = lines[i].v[2], d = lines[i].v[3], e = lines[i].v[4], r;
    struct stat st;
    current = i;
    errno = 0;
    if (is(n, "open")) {
        r = openat(AT_FDCWD, P(b), open_flags[c % 16] | O_NONBLOCK, (int)d & 0777);
        success(n, r);
        keep(a, r);
    } else if (is(n, "openat")) {
        r = openat(FD(e), P(b), open_flags[c % 16] | O_NONBLOCK, (int)d & 0777);
        success(n, r);
        keep(a, r);
    } else if (is(n, "close")) {
        int fd = FD(a);
        if (fd > 2) {
            result(n, close(fd));
            fds[a % SLOTS] = -1;
        }
    } else if (is(n, "dup")) {
        r = dup(FD(a));
        success(n, r);
        keep(b, r);
    } else if (is(n, "dup2")) {
        r = dup2(FD(a), 100 + b % 50);
        result(n, r);
        if (r >= 0) close(r);
    } else if (is(n, "dup3")) result(n, dup3(FD(a), FD(b), c & O_CLOEXEC) == FD(b));
    else if (is(n, "pipe")) {
        int p[2];
        r = result(n, pipe2(p, O_NONBLOCK | (c & 1 ? O_CLOEXEC : 0) | (c & 2 ? O_DIRECT : 0)));
        if (!r) {
            keep(a, p[0]);
            keep(b, p[1]);
        }
    } else if (is(n, "read")) {
        memset(buffer, 0, b % 70000);
        r = result(n, read(FD(a), buffer, b % 70000));
        if (r > 0) show("%d   sum %u", current, sum(buffer, r));
    } else if (is(n, "write")) {
        memset(buffer, 'a' + c % 26, b % 70000);
        result(n, write(FD(a), buffer, b % 70000));
    } else if (is(n, "pread")) {
        r = result(n, pread(FD(a), buffer, b % 70000, c));
        if (r > 0) show("%d   sum %u", current, sum(buffer, r));
    } else if (is(n, "pwrite")) {
        memset(buffer, 'A' + d % 26, b % 70000);
        result(n, pwrite(FD(a), buffer, b % 70000, c));
    } else if (is(n, "readv") || is(n, "writev")) {
        struct iovec v[4] = {{buffer, b % 100}, {buffer + 1000, c % 5000}, {0, 0}, {buffer + 9000, d % 100}};
        memset(buffer, 'q', 10000);
        r = result(n, n[0] == 'r' ? readv(FD(a), v, e % 5) : writev(FD(a), v, e % 5));
        if (r > 0) show("%d   sum %u", current, sum(buffer, 10000));
    } else if (is(n, "lseek")) result(n, lseek(FD(a), b, c % 6));
    else if (is(n, "ftruncate")) result(n, ftruncate(FD(a), b % 200000 - 5));
    else if (is(n, "truncate")) result(n, truncate(P(a), b % 200000));
    else if (is(n, "fallocate")) result(n, fallocate(FD(a), b % 4, c % 9000, d % 9000));
    else if (is(n, "fstat")) show_stat(n, fstat(FD(a), &st), &st);
    else if (is(n, "stat")) show_stat(n, stat(P(a), &st), &st);
    else if (is(n, "lstat")) show_stat(n, lstat(P(a), &st), &st);
    else if (is(n, "fstatat")) show_stat(n, fstatat(FD(a), P(b), &st, (c & 1 ? AT_SYMLINK_NOFOLLOW : 0) | (c & 2 ? AT_EMPTY_PATH : 0)), &st);
    else if (is(n, "statx")) {
        struct statx x;
        memset(&x, 0, sizeof x);
        r = result(n, statx(c & 1 ? FD(a) : AT_FDCWD, P(b), c & 2 ? AT_EMPTY_PATH : 0, STATX_BASIC_STATS, &x));
        if (!r) show("%d   mode %o", current, x.stx_mode);
    } else if (is(n, "access")) result(n, faccessat(AT_FDCWD, P(a), b % 8, 0));
    else if (is(n, "faccessat2")) result(n, syscall(SYS_faccessat2, AT_FDCWD, P(a), b % 9, c & 1 ? AT_EACCESS : c & 2 ? AT_SYMLINK_NOFOLLOW : 0));
    else if (is(n, "unlink")) result(n, unlinkat(AT_FDCWD, P(a), b & 1 ? AT_REMOVEDIR : 0));
    else if (is(n, "mkdir")) result(n, mkdir(P(a), b & 0777));
    else if (is(n, "rmdir")) result(n, rmdir(P(a)));
    else if (is(n, "rename")) result(n, renameat2(AT_FDCWD, P(a), AT_FDCWD, P(b), c % 4));
    else if (is(n, "link")) result(n, linkat(AT_FDCWD, P(a), AT_FDCWD, P(b), c & 1 ? AT_SYMLINK_FOLLOW : 0));
    else if (is(n, "symlink")) result(n, symlink(P(a), P(b)));
    else if (is(n, "readlink")) {
        r = result(n, readlink(P(a), buffer, b % 20));
        if (r > 0) show("%d   %.*s", current, (int)r, buffer);
    } else if (is(n, "mkfifo")) result(n, mknod("fifo", S_IFIFO | 0600, 0));
    else if (is(n, "chmod")) result(n, chmod(P(a), b & 0777));
    else if (is(n, "fchmod")) result(n, fchmod(FD(a), b & 0777));
    else if (is(n, "chown")) result(n, lchown(P(a), 0, 0));
    else if (is(n, "utimens")) {
        struct timespec t[2] = {{b % 1000, 0}, {c, d % 2 ? UTIME_OMIT : 5}};
        result(n, utimensat(AT_FDCWD, P(a), t, 0));
    } else if (is(n, "umask")) result(n, umask(a & 0777));
    else if (is(n, "getdents")) {
        int fd = openat(FD(a), ".", O_RDONLY | O_DIRECTORY);
        if (fd < 0) {
            result(n, fd);
            return;
        }
        DIR *dir = fdopendir(fd);
        int count = 0;
        unsigned s = 0;
        for (struct dirent *x; (x = readdir(dir)); count++) s += sum(x->d_name, strlen(x->d_name)) + x->d_type;
        closedir(dir);
        show("%d getdents %d names %u", current, count, s);
    } else if (is(n, "xattr")) {
        if (a % 3 == 0) result("setxattr", setxattr(P(b), "user.x", "value", c % 6, d % 3));
        if (a % 3 == 1) result("getxattr", getxattr(P(b), "user.x", buffer, c % 9));
        if (a % 3 == 2) result("removexattr", removexattr(P(b), "user.x"));
    } else if (is(n, "fcntl")) {
        if (b % 4 == 0) result("F_GETFL", fcntl(FD(a), F_GETFL));
        if (b % 4 == 1) result("F_SETFL", fcntl(FD(a), F_SETFL, O_NONBLOCK | (c & 1 ? O_APPEND : 0)));
        if (b % 4 == 2) result("F_GETFD", fcntl(FD(a), F_GETFD));
        if (b % 4 == 3) result("F_SETFD", fcntl(FD(a), F_SETFD, c % 3));
    } else if (is(n, "dupfd")) {
        r = success(n, fcntl(FD(a), c & 1 ? F_DUPFD_CLOEXEC : F_DUPFD, b % 300));
        keep(d, r);
    } else if (is(n, "lock")) {
        struct flock l = {.l_type = b % 3, .l_start = c % 100, .l_len = d % 100};
        result(n, fcntl(FD(a), e & 1 ? F_OFD_SETLK : F_SETLK, &l));
    } else if (is(n, "flock")) result(n, flock(FD(a), (1 << b % 4) | LOCK_NB));
    else if (is(n, "fionread")) {
        int x = -5;
        r = ioctl(FD(a), FIONREAD, &x);
        result(n, r);
        if (!r) show("%d   %d", current, x);
    } else if (is(n, "ioctl")) result(n, ioctl(FD(a), (unsigned long[]){TCGETS, TIOCGWINSZ, FIOCLEX, FIONCLEX, 0x12345, TIOCGPGRP}[b % 6], buffer));
    else if (is(n, "fsync")) result(n, b & 1 ? fsync(FD(a)) : fdatasync(FD(a)));
    else if (is(n, "sendfile")) {
        off_t at = c % 1000;
        result(n, sendfile(FD(a), FD(b), d & 1 ? &at : 0, d % 5000));
    } else if (is(n, "copy_range")) result(n, copy_file_range(FD(a), 0, FD(b), 0, c % 5000, 0));
    else if (is(n, "splice")) result(n, splice(FD(a), 0, FD(b), 0, c % 5000, SPLICE_F_NONBLOCK));
    else if (is(n, "tee")) result(n, tee(FD(a), FD(b), c % 5000, SPLICE_F_NONBLOCK));
    else if (is(n, "socketpair")) {
        int s[2];
        r = result(n, socketpair(AF_UNIX, (int[]){SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, 99}[c % 4] | SOCK_NONBLOCK, 0, s));
        if (!r) {
            keep(a, s[0]);
            keep(b, s[1]);
        }
    } else if (is(n, "socket")) {
        r = success(n, socket((int[]){AF_UNIX, AF_INET, AF_INET6, 77}[b % 4], (int[]){SOCK_STREAM, SOCK_DGRAM, 99}[c % 3] | SOCK_NONBLOCK, 0));
        keep(a, r);
    } else if (is(n, "bind")) {
        struct sockaddr_un u = {AF_UNIX, "sock"};
        result(n, bind(FD(a), (void *)&u, b % 2 ? sizeof u : b % 20));
    } else if (is(n, "listen")) result(n, listen(FD(a), 3));
    else if (is(n, "connect")) {
        struct sockaddr_un u = {AF_UNIX, "sock"};
        result(n, connect(FD(a), (void *)&u, sizeof u));
    } else if (is(n, "accept")) {
        r = success(n, accept4(FD(a), 0, 0, SOCK_NONBLOCK));
        keep(b, r);
    } else if (is(n, "send")) {
        memset(buffer, 's', b % 70000);
        result(n, send(FD(a), buffer, b % 70000, MSG_DONTWAIT | (c & 1 ? MSG_NOSIGNAL : 0)));
    } else if (is(n, "recv")) {
        r = result(n, recv(FD(a), buffer, b % 70000, MSG_DONTWAIT | (c & 1 ? MSG_PEEK : 0) | (c & 2 ? MSG_TRUNC : 0)));
        if (r > 0 && r <= b % 70000) show("%d   sum %u", current, sum(buffer, r));
    } else if (is(n, "sendfd")) {
        int fd = FD(b);
        struct iovec v = {"f", 1};
        union { char c[CMSG_SPACE(sizeof(int))]; struct cmsghdr h; } u = {{0}};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = u.c, .msg_controllen = sizeof u.c};
        u.h = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&u.h), &fd, sizeof fd);
        result(n, sendmsg(FD(a), &m, MSG_DONTWAIT | MSG_NOSIGNAL));
    } else if (is(n, "recvfd")) {
        struct iovec v = {buffer, 100};
        union { char c[CMSG_SPACE(sizeof(int))]; struct cmsghdr h; } u = {{0}};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = u.c, .msg_controllen = sizeof u.c};
        r = result(n, recvmsg(FD(a), &m, MSG_DONTWAIT | (c & 1 ? MSG_CMSG_CLOEXEC : 0)));
        if (r >= 0) show("%d   control %zu flags %x", current, m.msg_controllen, m.msg_flags);
        if (r > 0 && m.msg_controllen >= CMSG_LEN(sizeof(int)) && u.h.cmsg_type == SCM_RIGHTS) {
            int fd;
            memcpy(&fd, CMSG_DATA(&u.h), sizeof fd);
            keep(b, fd);
        }
    } else if (is(n, "shutdown")) result(n, shutdown(FD(a), b % 4));
    else if (is(n, "sockopt")) {
        int x = 0;
        socklen_t size = 4;
        r = result(n, getsockopt(FD(a), SOL_SOCKET, (int[]){SO_TYPE, SO_ERROR, SO_ACCEPTCONN, SO_DOMAIN, SO_PASSCRED, 9999}[b % 6], &x, &size));
        if (!r) show("%d   %d %u", current, x, size);
    } else if (is(n, "epoll")) {
        r = success(n, epoll_create1(b & 1 ? EPOLL_CLOEXEC : 0));
        keep(a, r);
    } else if (is(n, "epoll_ctl")) {
        struct epoll_event v = {.events = (c & 1 ? EPOLLIN : 0) | (c & 2 ? EPOLLOUT : 0) | (c & 4 ? EPOLLET : 0) | (c & 8 ? EPOLLONESHOT : 0), .data.u32 = b % SLOTS};
        result(n, epoll_ctl(FD(a), 1 + d % 4, FD(b), &v));
    } else if (is(n, "epoll_wait")) {
        struct epoll_event v[8];
        r = result(n, epoll_wait(FD(a), v, b % 9, 0));
        unsigned s = 0;
        for (int k = 0; k < r; k++) s += v[k].events * 131 + v[k].data.u32;
        if (r > 0) show("%d   events %u", current, s);
    } else if (is(n, "poll")) {
        struct pollfd p[SLOTS];
        for (int k = 0; k < SLOTS; k++) p[k] = (struct pollfd){fds[k], a & 1 << k ? POLLIN | POLLPRI : POLLOUT, 0};
        r = result(n, poll(p, 1 + b % SLOTS, 0));
        unsigned s = 0;
        for (int k = 0; k < 1 + b % SLOTS; k++) s = s * 31 + p[k].revents;
        show("%d   events %u", current, s);
    } else if (is(n, "select")) {
        fd_set in, out;
        FD_ZERO(&in);
        FD_ZERO(&out);
        if (FD(a) >= 0 && FD(a) < 900) FD_SET(FD(a), &in);
        if (FD(b) >= 0 && FD(b) < 900) FD_SET(FD(b), &out);
        struct timeval t = {0, 0};
        result(n, select(900, &in, &out, 0, &t));
    } else if (is(n, "eventfd")) {
        r = success(n, eventfd(b % 5, EFD_NONBLOCK | (c & 1 ? EFD_SEMAPHORE : 0)));
        keep(a, r);
    } else if (is(n, "timerfd")) {
        r = success(n, timerfd_create(b & 1 ? CLOCK_REALTIME : CLOCK_MONOTONIC, TFD_NONBLOCK));
        keep(a, r);
    } else if (is(n, "timer_set")) {
        struct itimerspec t = {.it_value = {b % 2 * 1000, 0}}, old;
        result(n, timerfd_settime(FD(a), 0, &t, &old));
    } else if (is(n, "signalfd")) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, S(b));
        r = success(n, signalfd(c & 1 ? FD(a) : -1, &set, SFD_NONBLOCK));
        if (!(c & 1)) keep(a, r);
    } else if (is(n, "inotify")) {
        r = success(n, inotify_init1(IN_NONBLOCK));
        keep(a, r);
    } else if (is(n, "watch")) result(n, inotify_add_watch(FD(a), P(b), IN_CREATE | IN_DELETE | IN_MODIFY));
    else if (is(n, "memfd")) {
        r = success(n, memfd_create("m", b % 4));
        keep(a, r);
    } else if (is(n, "seals")) result(n, b & 1 ? fcntl(FD(a), F_GET_SEALS) : fcntl(FD(a), F_ADD_SEALS, c % 32));
    else if (is(n, "mmap")) {
        int k = a % MEMS;
        size_t size = (1 + b % 8) * PAGE;
        int fd = d & 1 ? FD(e) : -1;
        munmap(place(k), ROOM);
        char *p = mmap(place(k), size, c % 8, MAP_FIXED | (d & 2 ? MAP_SHARED : MAP_PRIVATE) | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
        success(n, (long)p);
        mems[k].at = p == MAP_FAILED ? 0 : p;
        mems[k].size = size;
    } else if (is(n, "munmap") || is(n, "mprotect") || is(n, "madvise") || is(n, "mincore") || is(n, "msync") || is(n, "touch") || is(n, "mremap") || is(n, "mlock")) {
        int k = a % MEMS;
        if (!mems[k].at) return;
        size_t at = b % (mems[k].size / PAGE) * PAGE, size = (1 + c % 8) * PAGE;
        if (at + size > mems[k].size) size = mems[k].size - at;
        char *p = mems[k].at + at;
        if (is(n, "munmap")) result(n, munmap(p, size));
        if (is(n, "mprotect")) result(n, mprotect(p, size, d % 8));
        if (is(n, "madvise")) result(n, madvise(p, size, (int[]){MADV_NORMAL, MADV_DONTNEED, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK, 999}[d % 6]));
        if (is(n, "mincore")) result(n, mincore(p, size, (void *)buffer));
        if (is(n, "msync")) result(n, msync(p, size, d % 8));
        if (is(n, "mlock")) result(n, d & 1 ? mlock(p, size) : munlock(p, size));
        if (is(n, "mremap")) {
            // It may stay, grow, or move to the next slot.
            int next = (k + 1) % MEMS, moves = e % 4 == 3;
            if (moves) munmap(place(next), ROOM);
            char *q = mremap(p, size, (1 + d % 8) * PAGE, moves ? MREMAP_MAYMOVE | MREMAP_FIXED : e % 2, place(next));
            success(n, (long)q);
            if (moves) mems[next].at = q == MAP_FAILED ? 0 : q, mems[next].size = (1 + d % 8) * PAGE;
            else if (q == p && at == 0) mems[k].size = (1 + d % 8) * PAGE;
        }
        if (is(n, "touch")) {
            guarded = 1;
            int s = sigsetjmp(back, 1);
            if (!s) {
                if (d & 1) *(volatile char *)(p + e % PAGE) = d;
                show("%d touch %d", current, *(volatile char *)(p + e % PAGE));
            } else show("%d touch signal %d", current, s);
            guarded = 0;
        }
    } else if (is(n, "brk")) {
        char *p = sbrk(0);
        long want = (long)p + a % 20000;
        result(n, syscall(SYS_brk, want) - (long)p);
        syscall(SYS_brk, p);
    } else if (is(n, "sigaction")) {
        struct sigaction x = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}, old;
        if (b % 4 == 1) x.sa_handler = SIG_IGN;
        if (b % 4 == 2 && (S(a) == SIGCHLD || S(a) == SIGURG || S(a) == SIGWINCH)) x.sa_handler = SIG_DFL;
        if (c & 1) x.sa_flags |= SA_RESTART;
        if (c & 2) x.sa_flags |= SA_NODEFER;
        if (c & 4) x.sa_flags |= SA_ONSTACK;
        sigemptyset(&x.sa_mask);
        if (d & 1) sigaddset(&x.sa_mask, S(d));
        result(n, sigaction(S(a), &x, &old));
        show("%d   old flags %x", current, old.sa_flags & ~0x04000000);
    } else if (is(n, "sigprocmask")) {
        sigset_t x, old;
        sigemptyset(&x);
        sigaddset(&x, S(a));
        sigaddset(&x, S(b));
        result(n, sigprocmask(c % 4, &x, &old));
        if (c % 4 < 3) show("%d   old %lx", current, *(long *)&old);
    } else if (is(n, "kill")) result(n, kill(getpid(), S(a)));
    else if (is(n, "tgkill")) result(n, syscall(SYS_tgkill, getpid(), gettid(), S(a)));
    else if (is(n, "sigqueue")) result(n, sigqueue(getpid(), S(a), (union sigval){.sival_int = b}));
    else if (is(n, "sigpending")) {
        sigset_t x;
        sigpending(&x);
        show("%d sigpending %lx", current, *(long *)&x);
    } else if (is(n, "sigtimedwait")) {
        sigset_t x;
        siginfo_t info;
        struct timespec zero = {0, 0};
        sigemptyset(&x);
        sigaddset(&x, S(a));
        sigaddset(&x, S(b));
        r = result(n, sigtimedwait(&x, &info, &zero));
        if (r > 0) show("%d   code %d", current, info.si_code);
    } else if (is(n, "sigaltstack")) {
        static char room[2][65536];
        stack_t x = {room[a & 1], b % 3 == 2 ? SS_DISABLE : 0, b % 3 == 1 ? 1000 : 65536}, old;
        if (!result(n, sigaltstack(&x, &old)))
            show("%d   old flags %x size %zu", current, old.ss_flags, old.ss_flags & SS_DISABLE ? 0 : old.ss_size);
    } else if (is(n, "fork")) {
        // The child runs the next lines, then ends; the parent waits or goes on past them.
        int count = a % 8, end = i + 1 + count > line_count ? line_count : i + 1 + count;
        pid_t child = b % 4 == 3 && count == 0 ? vfork() : fork();
        if (child == 0) {
            if (count == 0) _exit(c & 63);
            run(i + 1, end);
            _exit(c & 63);
        }
        int status = 0;
        if (child < 0) result(n, child);
        else if (waitpid(child, &status, 0) == child) show("%d fork: status %x", i, status);
        else show("%d fork: no child %s", i, strerrorname_np(errno));
    } else if (is(n, "forkkill")) {
        pid_t child = fork();
        if (!child) for (;;) pause();
        int status = 0;
        kill(child, SIGKILL);
        r = waitpid(child, &status, 0);
        show("%d forkkill %d %x", current, r == child, r == child ? status : 0);
    } else if (is(n, "spawn")) {
        pid_t child = fork();
        if (!child) {
            char *argv[] = {a & 1 ? "true" : "false", 0}, *env[] = {0};
            execve(a & 2 ? "/none" : a & 1 ? "/bin/true" : "/bin/false", argv, env);
            _exit(errno & 127);
        }
        int status = 0;
        r = waitpid(child, &status, 0);
        show("%d spawn %d %x", current, r == child, r == child ? status : 0);
    } else if (is(n, "wait")) {
        int status = 0;
        r = waitpid(-1, &status, WNOHANG | (a & 1 ? WUNTRACED : 0));
        result(n, r > 0 ? 1 : r);
    } else if (is(n, "prctl")) {
        char name[17] = "";
        if (a % 4 == 0) result(n, prctl(PR_SET_NAME, P(b)));
        if (a % 4 == 1) {
            prctl(PR_GET_NAME, name);
            show("%d name %s", current, strncmp(name, "interpre", 8) ? name : "own");
        }
        if (a % 4 == 2) result(n, prctl(PR_SET_KEEPCAPS, b % 3));
        if (a % 4 == 3) result(n, prctl((int[]){PR_GET_KEEPCAPS, PR_GET_DUMPABLE, PR_GET_SECCOMP, 7777}[b % 4]));
    } else if (is(n, "nofile")) {
        struct rlimit l;
        result(n, getrlimit(a % 20, &l));
    } else if (is(n, "chdir")) {
        // One step down and back, so that the names keep their meaning.
        int here = open(".", O_PATH | O_DIRECTORY);
        result(n, chdir(P(a)));
        fchdir(here);
        close(here);
    } else if (is(n, "fchdir")) {
        int here = open(".", O_PATH | O_DIRECTORY);
        result(n, fchdir(FD(a)));
        fchdir(here);
        close(here);
    } else if (is(n, "nanosleep")) {
        struct timespec t = {0, a % 2000000000};
        if (t.tv_nsec < 1000000000) t.tv_nsec %= 100000;
        result(n, nanosleep(&t, 0));
    } else if (is(n, "getrandom")) result(n, getrandom(buffer, a % 300, b % 8));
    else if (is(n, "priority")) result(n, getpriority(a % 4, 0) > -100);
    else if (is(n, "affinity")) result(n, syscall(SYS_sched_getaffinity, 0, a % 200, buffer) > 0);
    else if (is(n, "scheduler")) result(n, sched_getscheduler(0));
    else if (is(n, "futex")) result(n, syscall(SYS_futex, buffer + (a & 3), b % 16, c % 2, 0, 0, 0) == -1 ? errno : 0);
    else if (is(n, "raw")) {
        // Any listed call with arguments that are wrong more often than right.
        static const short calls[] = {0, 1, 3, 5, 8, 10, 11, 16, 17, 18, 19, 20, 21, 25, 26, 27, 28, 32, 33, 40, 45, 46, 47, 48, 49, 50, 51, 52,
                                      53, 54, 55, 63, 72, 73, 74, 75, 77, 78, 79, 81, 91, 97, 98, 100, 104, 107, 111, 117, 118, 119, 121, 124, 138, 140, 143,
                                      144, 145, 146, 147, 148, 187, 191, 193, 196, 202, 203, 204, 206, 217, 221, 228, 228, 229, 230, 233, 234, 247, 253,
                                      254, 255, 257, 258, 262, 263, 265, 266, 267, 268, 269, 275, 276, 277, 280, 283, 284, 285, 286, 287, 288, 289, 291,
                                      292, 293, 294, 295, 296, 299, 302, 303, 306, 307, 309, 312, 314, 315, 316, 318, 319, 324, 325, 326, 327, 328, 332, 334,
                                      424, 434, 436, 437, 438, 439, 441, 449, 451, 452};
        static const long values[] = {0, -1, 1, 8, 999, 4096, 0x7fffffffffff, -4096, 2, 3, 1 << 30, 0x80000000, 64};
        int number = calls[a % (sizeof calls / sizeof *calls)];
        long v[4] = {values[b % 13], values[c % 13], values[d % 13], values[e % 13]};
        // Without a right descriptor, address or size nothing can happen to this process.
        if (number == 0 || number == 1 || number == 3 || (number >= 16 && number <= 20) || number == 33 || number == 292 || number == 436 || number == 434 || number == 77 || number == 91)
            v[0] = v[0] >= 0 && v[0] < 900 ? -1 : v[0];
        if (number == 10 || number == 11 || number == 25 || number == 26 || number == 27 || number == 28) v[0] = v[0] > 4096 || v[0] < 0 ? 4095 : v[0] | 1;
        if (number == 47 || number == 45 || number == 46 || number == 299 || number == 288 || number == 43) v[0] = -1;
        if (number == 424 || number == 234 || number == 200) v[0] = -1;
        if (number == 230 || number == 202 || number == 449) v[1] = 99;
        if (number == 436) v[0] = v[0] == -1 ? 0xffff0000 : 10, v[1] = 5, v[2] = 0;
        if (number == 293 || number == 53 || number == 288) v[2] = 99, v[1] = 99;
        if (number == 247) v[3] = 0;
        if (number == 203) v[1] = 0;
        if (number == 269 || number == 439 || number == 21) v[1] = number == 21 ? v[1] : 8;
        r = syscall(number, v[0], v[1], v[2], v[3], 0, 0);
        int zero = r != -1;
        // Results that are descriptors or identities are not compared.
        show("%d raw %d(%lx, %lx, %lx, %lx) = %s", current, number, v[0], v[1], v[2], v[3], zero ? "done" : strerrorname_np(errno) ?: "?");
        if (zero && (number == 32 || number == 72 || number == 291 || number == 253 || number == 294 || number == 284 || number == 290 || number == 283 || number == 319 || number == 41 || number == 257 || number == 437 || number == 289)) close(r);
    } else show("%d no such call %s", current, n);
}
static void run(int from, int to) {
    for (int i = from; i < to; i++) {
        one(i);
        // The lines of a child are not run by its parent too.
        if (is(lines[i].name, "fork")) {
            int count = lines[i].v[0] % 8;
            i = i + count < to ? i + count : to;
        }
    }
}
int main(int argc, char **argv) {
    if (argc < 2) return 2;
    FILE *f = fopen(argv[1], "re");
    if (!f) return 3;
    char line[200];
    while (line_count < LINES && fgets(line, sizeof line, f)) {
        long *v = lines[line_count].v;
        if (line[0] == '#' || sscanf(line, "%19s %ld %ld %ld %ld %ld", lines[line_count].name, v, v + 1, v + 2, v + 3, v + 4) < 1) continue;
        line_count++;
    }
    fclose(f);
    dup2(1, 999);
    fcntl(999, F_SETFD, FD_CLOEXEC);
    for (int i = 0; i < SLOTS; i++) fds[i] = -1;
    alarm(9);
    umask(022);
    struct sigaction x = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &x, 0);
    sigaction(SIGSEGV, &x, 0);
    sigaction(SIGBUS, &x, 0);
    mkdir("d", 0755);
    symlink("a", "link");
    symlink("none", "dangling");
    run(0, line_count);
    show("end");
    return 0;
}

//! Descriptors: the guest sees its own and no others, at every number, by every call.
//! variants: pie static
#include "guest.h"
#include <dirent.h>
#include <linux/close_range.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

static int limit(void) {
    struct rlimit l;
    getrlimit(RLIMIT_NOFILE, &l);
    return l.rlim_cur > 70000 ? 70000 : l.rlim_cur;
}
static void list(const char *what) {
    char line[3000] = "";
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    struct dirent *e;
    if (!d) {
        show("%s: no list", what);
        return;
    }
    int own = dirfd(d), seen[4096];
    while ((e = readdir(d)))
        if (e->d_name[0] != '.' && atoi(e->d_name) != own && count < 4096) seen[count++] = atoi(e->d_name);
    closedir(d);
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++)
            if (seen[j] < seen[i]) {
                int t = seen[i];
                seen[i] = seen[j];
                seen[j] = t;
            }
    for (int i = 0; i < count && i < 200; i++) snprintf(line + strlen(line), sizeof line - strlen(line), " %d", seen[i]);
    show("%s:%s", what, line);
}
CASE(listed) {
    list("at start");
    int a = dup(0), b = fcntl(0, F_DUPFD, 500);
    list("two more");
    close(a);
    close(b);
    list("gone");
    show("lowest free %d", dup(0));
    IN_CHILD("child", list("child"));
    void *f(void *x) { list("thread"); return 0; }
    pthread_t t;
    pthread_create(&t, 0, f, 0);
    pthread_join(t, 0);
}
HELPER(list) {
    list("after exec");
    show("lowest free %d", dup(0));
    return 0;
}
CASE(over_exec) {
    must(dup2(0, 7));
    must(dup3(0, 9, O_CLOEXEC));
    must(dup2(0, 400));
    IN_CHILD("exec", execl(self, self, "@list", (char *)0));
    IN_CHILD("sh", execl("/bin/sh", "sh", "-c", "ls /proc/self/fd; ls /proc/$$/fd", (char *)0));
}
// No number but the guest's own can be passed on inside a structure.
CASE(carried) {
    int top = limit(), odd = 0, pair[2];
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    struct iocb {
        uint64_t data;
        uint32_t key, rw;
        uint16_t opcode;
        int16_t priority;
        uint32_t fd;
        uint64_t buffer, count;
        int64_t offset;
        uint64_t reserved;
        uint32_t flags, event_fd;
    } request = {.opcode = 0, .buffer = (uint64_t)&top, .count = 0}, *requests[] = {&request};
    unsigned long context = 0;
    must(syscall(SYS_io_setup, 4, &context));
    for (int fd = pair[1] + 1; fd < top; fd++) {
        char byte = 'x', control[CMSG_SPACE(2 * sizeof(int))] = {0};
        struct iovec iov = {&byte, 1};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct mmsghdr many[2] = {{.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}}, {.msg_hdr = m}};
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        *c = (struct cmsghdr){CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        int both[] = {0, fd};
        memcpy(CMSG_DATA(c), both, sizeof both);
        odd += sendmsg(pair[0], &m, MSG_DONTWAIT) != -1 || errno != EBADF;
        odd += sendmmsg(pair[0], many, 2, MSG_DONTWAIT) != 1 || recv(pair[1], &byte, 1, MSG_DONTWAIT) != 1;
        request.fd = fd;
        odd += syscall(SYS_io_submit, context, 1, requests) != -1 || errno != EBADF;
        siginfo_t info;
        odd += waitid(3 /* P_PIDFD */, fd, &info, WEXITED | WNOHANG) != -1 || errno != EBADF;
    }
    show("odd %d", odd);
}
// Every number is free or the guest's own, by every call that takes a descriptor.
CASE(every_number) {
    int top = limit(), open_count = 0, odd = 0;
    char buffer[64];
    struct stat st;
    struct pollfd p;
    for (int fd = 3; fd < top; fd++) {
        int how = 0;
        if (fcntl(fd, F_GETFD) != -1) how |= 1;
        if (fd < 1200 || fd > top - 1200) {
            if (fcntl(fd, F_GETFL) != -1) how |= 2;
            if (fstat(fd, &st) != -1) how |= 4;
            if (dup(fd) != -1) how |= 8;
            if (lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF) how |= 16;
            if (read(fd, buffer, 0) != -1 || errno != EBADF) how |= 32;
            if (syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) != -1 || errno != EBADF) how |= 64;
            p = (struct pollfd){fd, POLLIN};
            if (poll(&p, 1, 0) != 1 || p.revents != POLLNVAL) how |= 128;
            if (openat(fd, "x", O_RDONLY) != -1 || errno != EBADF) how |= 256;
            if (mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED || errno != EBADF) how |= 512;
            if (fchdir(fd) != -1 || errno != EBADF) how |= 1024;
            char name[64];
            snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
            if (readlink(name, buffer, 64) != -1 || errno != ENOENT) how |= 2048;
            if (close(fd) != -1 || errno != EBADF) how |= 4096;
        }
        if (how) {
            if (odd++ < 5) show("descriptor %d: %x", fd, how);
            open_count++;
        }
    }
    show("open %d", open_count);
}
// The guest may use every number that its limit allows.
CASE(dup2_everywhere) {
    int top = limit(), bad = 0;
    int p[2];
    must(pipe(p));
    dup2(p[0], 3);
    dup2(p[1], 4);
    for (int fd = 5; fd < top; fd++) {
        if (dup2(4, fd) != fd) bad++;
        else if (fd % 97 == 0 || fd > top - 300) {
            char c = 0;
            if (write(fd, "z", 1) != 1 || read(3, &c, 1) != 1 || c != 'z') bad++;
        }
    }
    show("bad %d", bad);
    // All taken: the next is refused, and calls go on working.
    R(dup(0));
    R(open("/dev/null", O_RDONLY));
    R(socket(AF_UNIX, SOCK_STREAM, 0));
    R(pipe(p));
    R(getppid() > 0);
    pid_t child = must(fork());
    if (!child) {
        execl("/bin/true", "true", (char *)0);
        _exit(errno);
    }
    show_status("exec with all descriptors in use", reap(child));
    void *f(void *a) { return (void *)(long)(close(-1) == -1); }
    pthread_t t;
    void *r = 0;
    if (pthread_create(&t, 0, f, 0) == 0) pthread_join(t, &r);
    show("thread %ld", (long)r);
    R(close_range(5, ~0u, 0));
    R(dup(0));
}
CASE(close_range) {
    R(close_range(3, ~0u, 0));
    list("after");
    for (int i = 0; i < 300; i++) getppid();
    check(getppid() > 0, "still works");
    IN_CHILD("exec", execl(self, self, "@list", (char *)0));
    must(dup2(0, 100));
    must(dup2(0, 200));
    R(close_range(100, 150, CLOSE_RANGE_CLOEXEC));
    show("flags %d %d", fcntl(100, F_GETFD), fcntl(200, F_GETFD));
    R(close_range(10, 5, 0));
    R(close_range(10, 20, 99));
    R(close_range(3, ~0u, CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE));
    show("flags %d", fcntl(200, F_GETFD));
    IN_CHILD("exec", execl(self, self, "@list", (char *)0));
    R(close_range(0x7fffffff, ~0u, 0));
    R(close_range(3, 3, 0));
}
// The old way: a loop over all numbers, as daemons do, then everything still works.
CASE(close_all) {
    int closed = 0, top = limit();
    for (int fd = 3; fd < top; fd++) closed += close(fd) == 0;
    show("closed %d", closed);
    void handler(int n) { show("handled"); }
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    IN_CHILD("fork and exec", execl("/bin/echo", "echo", "fine", (char *)0));
    IN_CHILD("static", execl(self, self, "@list", (char *)0));
    pthread_t t;
    void *f(void *a) { return 0; }
    R(pthread_create(&t, 0, f, 0));
    pthread_join(t, 0);
    close(0);
    close(2);
    show("open %d", open("/dev/null", O_RDWR));
    IN_CHILD("with none", { close(0); close(2); execl(self, self, "@list", (char *)0); });
}
// Descriptors passed to another process, and received at the lowest number.
CASE(passed) {
    int s[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    IN_CHILD("sender", {
        int p[2];
        must(pipe(p));
        write(p[1], "through", 7);
        struct iovec v = {"x", 1};
        char control[CMSG_SPACE(sizeof(int))] = {0};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &p[0], sizeof(int));
        R(sendmsg(s[1], &m, 0));
        int none = 999;
        memcpy(CMSG_DATA(c), &none, sizeof(int));
        R(sendmsg(s[1], &m, 0));
        // The highest numbers are nobody's.
        int bad = 0;
        for (int fd = limit() - 64; fd < limit(); fd++) {
            memcpy(CMSG_DATA(c), &fd, sizeof(int));
            bad += sendmsg(s[1], &m, MSG_DONTWAIT) != -1;
        }
        show("hidden ones sent %d", bad);
    });
    char b, control[100], text[20] = "";
    struct iovec v = {&b, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    R(recvmsg(s[0], &m, 0));
    int fd;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    show("descriptor %d", fd);
    R(read(fd, text, 19));
    show("%s", text);
}
CASE(epoll_numbers) {
    int e = must(epoll_create1(0)), bad = 0;
    for (int fd = e + 1; fd < limit(); fd += fd < 1100 || fd > limit() - 1100 ? 1 : 211) {
        struct epoll_event ev = {.events = EPOLLIN};
        if (epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev) != -1 || errno != EBADF) bad++;
    }
    show("bad %d", bad);
    // select looks at no number beyond the table, which grows with the largest one used.
    must(dup2(0, 1023));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(900, &set);
    struct timeval zero = {0, 0};
    R(select(1000, &set, 0, 0, &zero));
}
CASE(at_paths) {
    // Names in /proc that lead to descriptors lead to the guest's.
    int fd = must(open("f", O_RDWR | O_CREAT, 0600));
    write(fd, "content", 7);
    char name[64], text[20] = "";
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int again = must(open(name, O_RDONLY));
    R(read(again, text, 19));
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    R(open(name, O_RDONLY) > 0);
    snprintf(name, sizeof name, "/proc/%d/fd/%d", getpid(), fd);
    R(open(name, O_RDONLY) > 0);
    snprintf(name, sizeof name, "/proc/thread-self/fd/%d", fd);
    R(open(name, O_RDONLY) > 0);
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
    R(open(name, O_RDONLY) > 0);
    R(open("/proc/self/fd/999", O_RDONLY));
    int bad = 0;
    for (int i = limit() - 64; i < limit(); i++) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", i);
        bad += open(name, O_RDONLY) >= 0 || errno != ENOENT;
        snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", getpid(), i);
        bad += open(name, O_RDONLY) >= 0 || errno != ENOENT;
    }
    show("hidden names %d", bad);
    int dir = must(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
    R(openat(dir, "0", O_RDONLY) > 0);
    int task = must(open("/proc/self/task", O_RDONLY | O_DIRECTORY));
    snprintf(name, sizeof name, "%d/fd/%d", getpid(), fd);
    R(openat(task, name, O_RDONLY) > 0);
}

//! Emulated files of /proc/PID: reading again, in parts and elsewhere, copies of descriptors, and
//! what the other calls say of them.
#include "guest.h"
#include <dirent.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>

extern char **environ;
static char text[1 << 20];

// Reads from the position on to the end.
static long slurp(int fd) {
    long all = 0, got;
    while ((got = read(fd, text + all, sizeof text - 1 - all)) > 0) all += got;
    text[all] = 0;
    return got < 0 ? -1 : all;
}
// A line of `status` by its key, in the text.
static const char *line(const char *key) {
    static char found[200];
    snprintf(found, sizeof found, "\n%s:", key);
    const char *at = strstr(text, found);
    if (!at) return "none";
    snprintf(found, sizeof found, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    return found;
}
static int fields(void) {
    int count = 0;
    for (char *at = strrchr(text, ')'); at && *at; at++) count += *at == ' ';
    return count;
}
static void show_status_file(const char *what) {
    show("%s: %s, %s", what, line("SigCgt"), line("Seccomp"));
    show("%s: %s", what, line("SigBlk"));
}
CASE(again_from_the_start) {
    int fd = must(open("/proc/self/status", O_RDONLY));
    check(slurp(fd) > 500, "it has a text");
    show_status_file("first");
    R(read(fd, text, 100));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, 0);
    R(lseek(fd, 0, SEEK_SET));
    check(slurp(fd) > 500, "it has a text");
    show_status_file("later");
    int maps = must(open("/proc/self/maps", O_RDONLY));
    long before = slurp(maps);
    void *more = must(mmap((void *)0x200000000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    R(lseek(maps, 0, SEEK_SET));
    long after = slurp(maps);
    check(after > before, "a mapping more");
    check(strstr(text, "200000000000-200000001000 r--p"), "it is in the list");
    munmap(more, 4096);
    check(pread(maps, text, 100, 0) > 0, "pread");
    R(lseek(maps, 0, SEEK_CUR) == after);
    for (int i = 0; i < 3; i++) {
        int stat = must(open("/proc/self/stat", O_RDONLY));
        slurp(stat);
        show("fields %d pid %d", fields(), atoi(text) == getpid());
        must(lseek(stat, 0, SEEK_SET));
        slurp(stat);
        show("fields %d pid %d", fields(), atoi(text) == getpid());
        close(stat);
    }
}
CASE(in_parts) {
    int fd = must(open("/proc/self/stat", O_RDONLY));
    long all = 0, got;
    while ((got = read(fd, text + all, 7)) > 0) all += got;
    text[all] = 0;
    show("fields %d pid %d last %d", fields(), atoi(text) == getpid(), text[all - 1]);
    R(lseek(fd, 0, SEEK_CUR) == all);
    R(lseek(fd, 0, SEEK_END));
    R(lseek(fd, -1, SEEK_SET));
    R(lseek(fd, 1, SEEK_SET));
    R(read(fd, text, 3));
    R(lseek(fd, 0, SEEK_CUR));
    char whole[8] = {0}, part[8] = {0};
    R(pread(fd, whole, 7, 0));
    R(pread(fd, part, 4, 3));
    check(!strcmp(whole + 3, part), "the same bytes");
    R(pread(fd, part, 4, 1 << 20));
    R(pread(fd, part, 4, -1));
    R(lseek(fd, 0, SEEK_CUR));
    R(read(fd, text, 0));
    R(read(fd, (void *)8, 10));
    R(pread(fd, (void *)8, 10, 2));
    R(lseek(fd, 0, SEEK_CUR));
    all = slurp(fd);
    R(lseek(fd, 0, SEEK_CUR) == all + 4);
    R(lseek(fd, -all, SEEK_CUR));
    R(slurp(fd) == all);
    must(lseek(fd, 0, SEEK_SET));
    char a[2], b[3], c[2];
    struct iovec v[] = {{a, 2}, {b, 3}, {c, 2}};
    R(readv(fd, v, 3));
    check(!memcmp(a, whole, 2) && !memcmp(b, whole + 2, 3) && !memcmp(c, whole + 5, 2), "in order");
    R(preadv(fd, v, 2, 1));
    check(!memcmp(a, whole + 1, 2) && !memcmp(b, whole + 3, 3), "in order");
    R(preadv(fd, v, 2, -1));
    R(syscall(SYS_preadv2, fd, v, 1, -1, -1, 0));
    R(syscall(SYS_preadv2, fd, v, 1, 0, 0, 8));
    R(lseek(fd, 0, SEEK_CUR));
    R(readv(fd, v, -1));
    R(readv(fd, (void *)8, 2));
    R(readv(fd, v, 0));
}
static void copy(const char *what, int fd, int other) {
    check(other >= 0, "%s", what);
    must(lseek(fd, 0, SEEK_SET));
    char first[8] = {0};
    R(read(fd, first, 7));
    R(lseek(other, 0, SEEK_CUR));
    R(lseek(other, 0, SEEK_SET));
    check(slurp(other) > 500, "it has a text");
    show_status_file(what);
    close(fd);
    must(lseek(other, 0, SEEK_SET));
    check(slurp(other) > 500, "it has a text");
    show_status_file(what);
    close(other);
}
CASE(copies) {
#define OPEN must(open("/proc/self/status", O_RDONLY))
    int fd = OPEN;
    copy("dup", fd, dup(fd));
    fd = OPEN;
    copy("dup2", fd, dup2(fd, 60));
    fd = OPEN;
    copy("dup3", fd, dup3(fd, 61, O_CLOEXEC));
    fd = OPEN;
    copy("F_DUPFD", fd, fcntl(fd, F_DUPFD, 30));
    fd = OPEN;
    int other = OPEN;
    R(dup2(fd, other) == other);
    copy("over another", fd, other);
    fd = OPEN;
    R(dup2(fd, fd) == fd);
    check(slurp(fd) > 500, "it has a text");
    show_status_file("onto itself");
    int file = must(open("plain", O_RDWR | O_CREAT, 0600));
    must(write(file, "plain text", 10));
    R(dup2(file, fd) == fd);
    R(pread(fd, text, 100, 0));
    R(pread(fd, text, 100, 6));
    struct stat s;
    must(fstat(fd, &s));
    R(s.st_size);
    fd = OPEN;
    R(close_range(fd, fd, 0));
    R(read(fd, text, 1));
    int same = must(open("plain", O_RDONLY));
    R(same == fd);
    R(read(same, text, 100));
    fd = OPEN;
    pid_t parent = getpid();
    IN_CHILD("child", {
        check(slurp(fd) > 500, "it has a text");
        check(atoi(line("Pid") + 4) == parent, "the parent's");
        // What it blocks is the host's affair for a moment after fork.
        show("child: %s", line("SigCgt"));
    });
    check(slurp(fd) == 0, "the position is shared");
}
HELPER(holder) {
    int fd = atoi(argv[2]);
    struct stat s;
    struct statfs f;
    must(fstat(fd, &s));
    must(fstatfs(fd, &f));
    show("%s: mode %o size %ld type %lx", argv[3], s.st_mode, (long)s.st_size, (long)f.f_type);
    long size = slurp(fd);
    show("%s: %s", argv[3], size < 0 ? errname(errno) : size ? "text" : "empty");
    if (!strcmp(argv[3], "status")) {
        show_status_file("after exec");
        check(atoi(line("Pid") + 4) == getpid(), "its own");
        must(lseek(fd, 0, SEEK_SET));
        slurp(fd);
        show_status_file("again");
    }
    if (!strcmp(argv[3], "maps") && size) show("%d", !!strstr(text, "[stack]"));
    return guest_bad;
}
static void exec_holder(int fd, const char *name) {
    char number[12];
    snprintf(number, sizeof number, "%d", fd);
    execl(self, self, "@holder", number, name, (char *)0);
    _exit(90);
}
CASE(over_exec) {
    static const char *names[] = {"stat", "status", "maps", "smaps", "environ", "auxv"};
    char path[64];
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "/proc/self/%s", names[i]);
        IN_CHILD(names[i], exec_holder(must(open(path, O_RDONLY)), names[i]));
    }
}
CASE(over_vfork_and_exec) {
    static const char *names[] = {"stat", "status", "maps", "smaps", "environ"};
    char path[64];
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "/proc/self/%s", names[i]);
        pid_t child = vfork();
        if (child == 0) {
            int fd = open(path, O_RDONLY);
            exec_holder(dup2(fd, 0), names[i]);
        }
        show_status(names[i], reap(child));
    }
    int fd = must(open("/proc/self/stat", O_RDONLY));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, 0);
    pid_t child;
    char *args[] = {(char *)self, "@holder", "0", "stat", 0};
    must(posix_spawn(&child, self, &actions, 0, args, environ));
    show_status("spawned", reap(child));
}
CASE(described) {
    static const char *names[] = {"stat", "status", "maps", "smaps", "smaps_rollup", "numa_maps", "environ", "auxv"};
    char path[64];
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "/proc/self/%s", names[i]);
        int fd = open(path, O_RDONLY);
        if (fd < 0) {
            show("%s: %s", path, errname(errno));
            continue;
        }
        struct stat named, opened, empty;
        struct statx more;
        struct statfs f;
        must(stat(path, &named));
        must(fstat(fd, &opened));
        must(fstatat(fd, "", &empty, AT_EMPTY_PATH));
        must(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more));
        check(named.st_ino == opened.st_ino && named.st_dev == opened.st_dev, "the same file");
        check(named.st_ino == empty.st_ino && more.stx_ino == named.st_ino, "the same file");
        show("%s: mode %o size %ld blocks %ld of %ld links %ld", names[i], opened.st_mode,
             (long)opened.st_size, (long)opened.st_blocks, (long)opened.st_blksize, (long)opened.st_nlink);
        must(fstatfs(fd, &f));
        show("%s: type %lx blocks %ld", names[i], (long)f.f_type, (long)f.f_blocks);
        R(fcntl(fd, F_GETFL));
        R(fcntl(fd, F_GETFD));
        R(write(fd, "x", 1));
        char link[100] = {0}, real[100];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        must(readlink(path, link, 99));
        snprintf(real, sizeof real, "/proc/%d/%s", getpid(), names[i]);
        check(!strcmp(link, real), "its name");
        close(fd);
    }
}
CASE(other_ways) {
    int fd = must(open("/proc/self/stat", O_RDONLY));
    int out = must(open("out", O_RDWR | O_CREAT, 0600));
    off_t offset = 0;
    R(sendfile(out, fd, &offset, 100));
    R(copy_file_range(fd, 0, out, 0, 100, 0));
    int pipes[2];
    must(pipe(pipes));
    R(splice(fd, 0, pipes[1], 0, 100, 0));
    R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
    struct pollfd p = {fd, POLLIN | POLLPRI, 0};
    R(poll(&p, 1, 0));
    R(p.revents);
    R(fsync(fd));
    R(ftruncate(fd, 0));
    R(ioctl(fd, FIONREAD, &offset));
    int named = must(open("/proc/self/status", O_PATH));
    R(read(named, text, 10));
}
static void *reader(void *unused) {
    (void)unused;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, 0);
    char path[64];
    int fd = must(open("/proc/thread-self/status", O_RDONLY));
    slurp(fd);
    show_status_file("thread-self");
    check(atoi(line("Pid") + 4) == gettid(), "its number");
    close(fd);
    snprintf(path, sizeof path, "/proc/self/task/%d/status", gettid());
    fd = must(open(path, O_RDONLY));
    slurp(fd);
    show_status_file("task");
    close(fd);
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", gettid());
    fd = must(open(path, O_RDONLY));
    slurp(fd);
    check(atoi(text) == gettid() && fields() == 50, "stat");
    close(fd);
    return 0;
}
CASE(threads) {
    pthread_t thread;
    must(pthread_create(&thread, 0, reader, 0));
    pthread_join(thread, 0);
}
CASE(many) {
    static int fds[200];
    for (int i = 0; i < 200; i++) fds[i] = must(open(i % 2 ? "/proc/self/stat" : "/proc/self/status", O_RDONLY));
    int bad = 0;
    for (int i = 0; i < 200; i++) {
        slurp(fds[i]);
        if (i % 2) bad += fields() != 50;
        else bad += strcmp(line("SigCgt"), "SigCgt:\t0000000000000000") != 0;
    }
    R(bad);
    for (int i = 0; i < 200; i++) close(fds[i]);
    R(read(fds[7], text, 10));
}

//! Files and folders by every call that names or holds one, younger calls included.
#include "guest.h"
#include <dirent.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

static void put(const char *name, const char *text) {
    int fd = must(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    must(write(fd, text, strlen(text)));
    close(fd);
}
static void show_stat(const char *what, const struct stat *s) {
    show("%s: mode %o size %ld links %ld uid %d", what, s->st_mode, (long)s->st_size, (long)s->st_nlink, s->st_uid);
}
CASE(opens) {
    umask(022);
    R(open("none", O_RDONLY));
    R(open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
    R(open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
    R(open("a/b", O_RDONLY));
    R(open("", O_RDONLY));
    R(open("a", O_RDONLY | O_DIRECTORY));
    R(open(".", O_WRONLY));
    R(open(".", O_RDWR | O_CREAT, 0600));
    must(symlink("a", "l"));
    must(symlink("none", "dangling"));
    R(open("l", O_RDONLY | O_NOFOLLOW));
    R(open("l", O_PATH | O_NOFOLLOW));
    R(open("dangling", O_RDONLY));
    R(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600));
    R(open("dangling", O_RDWR | O_CREAT, 0600));
    R(access("none", F_OK));
    R(open("x/", O_RDWR | O_CREAT, 0600));
    R(openat(999, "a", O_RDONLY));
    R(openat(AT_FDCWD, "a", O_RDONLY | 0x40000000));
    R(open("a", 3));
    int p = must(open("a", O_PATH));
    char c;
    R(read(p, &c, 1));
    R(fchmod(p, 0600));
    R(ioctl(p, FIONREAD, &c));
    struct stat s;
    R(fstat(p, &s));
    R(fcntl(p, F_GETFL));
    R(fcntl(must(open("a", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC)), F_GETFL));
    R(creat("made", 0751));
    stat("made", &s);
    show_stat("made", &s);
    R(open(".", O_TMPFILE | O_RDWR, 0600) > 0);
    R(open("/dev/null", O_RDONLY | O_CREAT | O_EXCL, 0600));
    char longname[300];
    memset(longname, 'x', 299);
    longname[299] = 0;
    R(open(longname, O_RDONLY));
    R(open("/proc/self/nothing", O_RDONLY));
    R(open("/dev/tty", O_RDONLY) == -1);
}
CASE(openat2) {
    must(mkdir("d", 0700));
    put("d/in", "inside");
    put("out", "outside");
    must(symlink("../out", "d/up"));
    must(symlink("/d/in", "d/abs"));
    must(symlink("in", "d/plain"));
    int d = must(open("d", O_RDONLY | O_DIRECTORY));
    static const char *names[] = {"in", "up", "abs", "plain", "../out", "/d/in", "..", ".", ""};
    static const uint64_t resolves[] = {0, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV};
    for (int r = 0; r < 6; r++)
        for (int n = 0; n < 9; n++) {
            struct open_how how = {.flags = O_RDONLY, .resolve = resolves[r]};
            errno = 0;
            long fd = syscall(SYS_openat2, d, names[n], &how, sizeof how);
            show("%s resolve %lx: %s", names[n], resolves[r], fd >= 0 ? "opened" : errname(errno));
            if (fd >= 0) close(fd);
        }
    struct open_how how = {.flags = O_RDONLY, .mode = 0600};
    R(syscall(SYS_openat2, d, "in", &how, sizeof how));
    how = (struct open_how){.flags = 1ull << 40};
    R(syscall(SYS_openat2, d, "in", &how, sizeof how));
    how = (struct open_how){.resolve = 1 << 20};
    R(syscall(SYS_openat2, d, "in", &how, sizeof how));
    how = (struct open_how){0};
    R(syscall(SYS_openat2, d, "in", &how, 23));
    R(syscall(SYS_openat2, d, "in", 8, sizeof how));
    struct { struct open_how h; uint64_t more; } big = {{0}, 0};
    R(syscall(SYS_openat2, d, "in", &big, sizeof big) > 0);
    big.more = 1;
    R(syscall(SYS_openat2, d, "in", &big, sizeof big));
}
CASE(reads_and_writes) {
    int fd = must(open("f", O_RDWR | O_CREAT, 0600));
    char t[100];
    R(write(fd, "0123456789", 10));
    R(lseek(fd, 2, SEEK_SET));
    R(read(fd, t, 3));
    R(pread(fd, t, 100, 7));
    R(pread(fd, t, 100, -1));
    R(pread(fd, t, 100, 1000));
    R(pwrite(fd, "zz", 2, 20));
    R(lseek(fd, 0, SEEK_END));
    R(lseek(fd, -100, SEEK_CUR));
    R(lseek(fd, 0, SEEK_DATA));
    R(lseek(fd, 0, SEEK_HOLE));
    R(lseek(fd, 100, SEEK_DATA));
    R(lseek(fd, 0, 77));
    struct iovec v[3] = {{t, 2}, {t + 10, 3}, {t + 20, 100}};
    R(preadv(fd, v, 3, 0));
    R(pwritev(fd, v, 2, 30));
    R(syscall(SYS_preadv2, fd, v, 3, 0, 0, 0));
    R(syscall(SYS_preadv2, fd, v, 3, -1, -1, 0));
    R(syscall(SYS_pwritev2, fd, v, 1, 5, 0, 0x10));
    R(syscall(SYS_pwritev2, fd, v, 1, 5, 0, 0x40000000));
    R(readv(fd, v, -1));
    R(readv(fd, v, 1025));
    v[0].iov_len = -1;
    R(readv(fd, v, 1));
    R(write(fd, t, -1ul) > 0 || errno == EFAULT);
    R(read(fd, t, 0));
    R(write(open("f", O_RDONLY), "x", 1));
    R(read(open("f", O_WRONLY), t, 1));
    R(read(open(".", O_RDONLY), t, 1));
    R(ftruncate(fd, 5));
    R(ftruncate(fd, -1));
    R(truncate("none", 1));
    R(truncate(".", 1));
    struct rlimit l = {1000, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &l);
    signal(SIGXFSZ, SIG_IGN);
    R(pwrite(fd, "x", 1, 1000));
    R(pwrite(fd, "abcd", 4, 998));
    R(ftruncate(fd, 2000));
    IN_CHILD("SIGXFSZ", { signal(SIGXFSZ, SIG_DFL); pwrite(fd, "x", 1, 1000); });
    l.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &l);
    R(fallocate(fd, 0, 0, 4096));
    R(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20));
    R(fallocate(fd, 0, -1, 10));
    R(fallocate(fd, 0, 0, 0));
    R(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
    R(posix_fadvise(fd, 0, 0, 99));
    R(readahead(fd, 0, 100));
    R(fsync(fd));
    R(fdatasync(fd));
    R(syncfs(fd));
    R(sync_file_range(fd, 0, 100, 0));
    R(sync_file_range(fd, 0, 100, 99));
    R(fsync(999));
    struct stat s;
    fstat(fd, &s);
    show("size %ld", (long)s.st_size);
}
CASE(stats) {
    struct stat s;
    put("f", "12345");
    must(chmod("f", 04751));
    must(symlink("f", "l"));
    must(mkdir("d", 01777));
    R(stat("f", &s));
    show_stat("f", &s);
    R(lstat("l", &s));
    show("mode %o size %ld", s.st_mode, (long)s.st_size);
    R(stat("d", &s));
    show("mode %o", s.st_mode);
    R(stat("f/x", &s));
    R(stat("none", &s));
    R(fstatat(AT_FDCWD, "", &s, AT_EMPTY_PATH));
    R(fstatat(AT_FDCWD, "", &s, 0));
    R(fstatat(AT_FDCWD, "f", &s, 0x40000000));
    R(syscall(SYS_newfstatat, 0, 0, &s, AT_EMPTY_PATH));
    struct statx x;
    R(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
    show("mask %x mode %o size %lld", x.stx_mask & STATX_BASIC_STATS, x.stx_mode, x.stx_size);
    R(syscall(SYS_statx, AT_FDCWD, "f", 0x6000, STATX_BASIC_STATS, &x));
    R(syscall(SYS_statx, AT_FDCWD, "f", 0, 1u << 31, &x));
    R(syscall(SYS_statx, AT_FDCWD, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
    R(syscall(SYS_statx, 0, 0, AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
    struct statfs fs;
    R(statfs(".", &fs));
    R(fstatfs(0, &fs));
    R(statfs("none", &fs));
    R(statfs("/proc", &fs));
    show("%lx", (long)fs.f_type);
    R(syscall(SYS_ustat, 0, &fs));
    R(stat("/dev/null", &s));
    show("%o %lx", s.st_mode, (long)s.st_rdev);
}
CASE(names) {
    put("a", "A");
    put("b", "B");
    must(mkdir("d", 0755));
    must(mkdir("d/sub", 0755));
    R(rename("a", "c"));
    R(rename("none", "c"));
    R(rename("c", "d"));
    R(rename("d", "c"));
    R(rename("d", "d/sub/x"));
    R(rename("c", "none/x"));
    R(rename("d/sub", "e"));
    R(rename("e", "d"));
    R(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 1));
    R(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 2));
    R(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 3));
    R(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 64));
    R(link("b", "hard"));
    R(link("b", "hard"));
    R(link("d", "hard2"));
    R(link("none", "x"));
    R(linkat(AT_FDCWD, "b", AT_FDCWD, "y", 0x4000000));
    R(symlink("b", "s"));
    R(symlink("b", "s"));
    R(symlink("", "empty"));
    R(linkat(AT_FDCWD, "s", AT_FDCWD, "s2", 0));
    R(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
    struct stat s;
    lstat("s2", &s);
    show("%o", s.st_mode);
    lstat("s3", &s);
    show("%o links %ld", s.st_mode, (long)s.st_nlink);
    char t[50] = "";
    R(readlink("s", t, 50));
    R(readlink("b", t, 50));
    R(readlink("s", t, 0));
    R(readlinkat(AT_FDCWD, "", t, 50));
    int l = must(open("s", O_PATH | O_NOFOLLOW));
    R(readlinkat(l, "", t, 50));
    R(unlink("none"));
    R(unlink("d"));
    R(rmdir("b"));
    R(rmdir("."));
    R(rmdir("d/."));
    R(rmdir(".."));
    must(mkdir("f", 0755));
    put("f/x", "");
    R(rmdir("f"));
    R(unlinkat(AT_FDCWD, "f/x", AT_REMOVEDIR));
    R(unlinkat(AT_FDCWD, "f", 0));
    R(unlinkat(AT_FDCWD, "f", 99));
    R(unlink("f/x"));
    R(rmdir("f"));
    R(mkdir("f", 0777));
    R(mkdir("f", 0777));
    R(mkdir("n/n", 0777));
    R(mkdir("f/", 0777));
    R(mkdir("g/", 0777));
    R(mknod("fifo", S_IFIFO | 0644, 0));
    R(mknod("sock", S_IFSOCK | 0644, 0));
    R(mknod("reg", S_IFREG | 0644, 0));
    R(mknod("dir", S_IFDIR | 0644, 0));
    R(mknod("bad", 0170000, 0));
    for (int i = 0; i < 45; i++) {
        char from[10], to[10];
        snprintf(from, 10, "z%d", i);
        snprintf(to, 10, "z%d", i + 1);
        must(symlink(to, from));
    }
    put("z45", "end");
    R(open("z6", O_RDONLY) > 0);
    R(open("z5", O_RDONLY) > 0);
    R(open("z4", O_RDONLY));
    // A file without a name lives on while it is open.
    int fd = must(open("b", O_RDONLY));
    unlink("b");
    R(read(fd, t, 10));
    fstat(fd, &s);
    show("links %ld", (long)s.st_nlink);
}
CASE(rights) {
    put("f", "x");
    R(chmod("f", 07777));
    R(chmod("none", 0));
    R(fchmodat(AT_FDCWD, "f", 0600, 0));
    R(syscall(452, AT_FDCWD, "f", 0640, AT_SYMLINK_NOFOLLOW));
    R(syscall(452, AT_FDCWD, "f", 0640, 0x40000));
    R(chown("f", 1000, 1001));
    R(chown("f", -1, -1));
    struct stat s;
    stat("f", &s);
    show("%o %d %d", s.st_mode, s.st_uid, s.st_gid);
    must(symlink("f", "l"));
    R(lchown("l", 5, 5));
    R(fchownat(AT_FDCWD, "l", 6, 6, AT_SYMLINK_NOFOLLOW));
    R(fchownat(AT_FDCWD, "", 6, 6, AT_EMPTY_PATH) == -1);
    R(access("f", R_OK | W_OK));
    R(access("f", X_OK));
    R(access("f", 9));
    R(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
    R(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x4000));
    R(umask(077));
    R(umask(0777777));
    R(umask(022));
    IN_CHILD("nobody", {
        must(chmod(".", 0755));
        must(setgid(65534));
        must(setuid(65534));
        R(open("f", O_RDONLY));
        R(open("new", O_WRONLY | O_CREAT, 0600));
        R(chmod("f", 0777));
        R(chown("f", 65534, 65534));
        R(unlink("f"));
        R(mkdir("x", 0700));
        R(access("f", R_OK));
        R(access(".", W_OK));
        R(truncate("f", 0));
        R(utimensat(AT_FDCWD, "f", 0, 0));
        R(open("/proc/1/mem", O_RDONLY));
        R(mknod("n", S_IFCHR | 0600, 0x103));
    });
    struct timespec t[2] = {{5, 7}, {9, 11}};
    R(utimensat(AT_FDCWD, "f", t, 0));
    stat("f", &s);
    show("%ld.%ld %ld.%ld", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_sec = 20;
    R(utimensat(AT_FDCWD, "f", t, 0));
    t[0].tv_nsec = 2000000000;
    R(utimensat(AT_FDCWD, "f", t, 0));
    stat("f", &s);
    show("%ld %ld", s.st_atim.tv_sec, s.st_mtim.tv_sec);
    R(syscall(SYS_utime, "f", 0));
    R(syscall(SYS_utimes, "f", 8));
    R(syscall(SYS_futimesat, AT_FDCWD, "f", 0));
    R(setxattr("f", "user.a", "value", 5, 0));
    char v[20];
    R(getxattr("f", "user.a", v, 20));
    R(getxattr("f", "user.b", v, 20));
    R(getxattr("f", "user.a", v, 2));
    R(listxattr("f", v, 20));
    R(setxattr("f", "user.a", "v", 1, XATTR_CREATE));
    R(setxattr("f", "user.c", "v", 1, XATTR_REPLACE));
    R(setxattr("f", "bad", "v", 1, 0));
    R(removexattr("f", "user.a"));
    R(removexattr("f", "user.a"));
    R(lsetxattr("l", "user.a", "v", 1, 0));
}
CASE(folders) {
    must(mkdir("d", 0755));
    char name[20];
    for (int i = 0; i < 300; i++) {
        snprintf(name, 20, "d/file%d", i);
        put(name, "");
    }
    DIR *d = opendir("d");
    int count = 0;
    unsigned sum = 0;
    for (struct dirent *e; (e = readdir(d)); count++)
        for (char *c = e->d_name; *c; c++) sum += *c;
    show("count %d sum %u", count, sum);
    rewinddir(d);
    count = 0;
    while (readdir(d)) count++;
    show("again %d", count);
    int fd = dirfd(d);
    char small[16], big[100000];
    lseek(fd, 0, SEEK_SET);
    R(syscall(SYS_getdents64, fd, small, 16));
    R(syscall(SYS_getdents64, fd, big, sizeof big) > 0);
    R(syscall(SYS_getdents64, fd, big, sizeof big));
    lseek(fd, 0, SEEK_SET);
    R(syscall(SYS_getdents, fd, big, sizeof big) > 0);
    R(syscall(SYS_getdents64, 999, big, sizeof big));
    char here[4096], now[4096];
    getcwd(here, 4096);
    R(chdir("d"));
    getcwd(now, 4096);
    show("%s", now + strlen(here));
    R(chdir("file1"));
    R(chdir("none"));
    R(fchdir(fd));
    R(fchdir(0));
    R(syscall(SYS_getcwd, now, 3));
    R(chdir(".."));
    must(mkdir("gone", 0700));
    must(chdir("gone"));
    must(rmdir("../gone"));
    R(syscall(SYS_getcwd, now, 4096));
    R(open("x", O_RDWR | O_CREAT, 0600));
    R(chdir(".") == 0);
    // A root of its own.
    must(chdir(here));
    IN_CHILD("chroot", {
        R(chroot("d"));
        R(chdir("/"));
        R(access("/file1", F_OK));
        R(access("/bin/sh", F_OK));
        R(getcwd(now, 4096) != 0);
        show("%s", now);
        R(chroot("/none"));
        R(execl("/bin/true", "true", (char *)0));
    });
}
CASE(copies) {
    put("a", "some text that is copied");
    int a = must(open("a", O_RDONLY)), b = must(open("b", O_RDWR | O_CREAT, 0600)), p[2];
    must(pipe(p));
    off_t at = 5;
    R(sendfile(b, a, &at, 4));
    show("%ld %ld", (long)at, (long)lseek(a, 0, SEEK_CUR));
    R(sendfile(b, a, 0, 100));
    R(sendfile(b, a, 0, 100));
    R(sendfile(a, b, 0, 1));
    R(sendfile(b, p[0], 0, 1));
    loff_t from = 2, to = 40;
    R(copy_file_range(a, &from, b, &to, 6, 0));
    show("%ld %ld", (long)from, (long)to);
    R(copy_file_range(a, &from, b, &to, 6, 1));
    R(copy_file_range(a, &from, p[1], 0, 6, 0));
    R(splice(a, &at, p[1], 0, 5, 0));
    R(splice(p[0], 0, b, 0, 100, 0));
    R(splice(a, 0, b, 0, 5, 0));
    struct iovec v = {"vm", 2};
    R(vmsplice(p[1], &v, 1, 0));
    int q[2];
    must(pipe(q));
    R(tee(p[0], q[1], 10, 0));
    char t[100];
    R(read(p[0], t, 100));
    R(read(q[0], t, 100));
    lseek(b, 0, SEEK_SET);
    memset(t, 0, 100);
    R(read(b, t, 99));
    show("%s", t);
    uint64_t c[5];
    struct { uint64_t off, len; } range = {0, 4096};
    R(syscall(451, a, &range, c, 0));
    R(syscall(451, a, &range, c, 9));

}

CASE(locks) {
    int fd = must(open("f", O_RDWR | O_CREAT, 0600));
    struct flock l = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
    R(fcntl(fd, F_SETLK, &l));
    IN_CHILD("child", {
        struct flock q = {.l_type = F_RDLCK, .l_start = 15, .l_len = 1};
        R(fcntl(fd, F_GETLK, &q));
        show("type %d start %ld len %ld parent %d", q.l_type, (long)q.l_start, (long)q.l_len, q.l_pid == getppid());
        q = (struct flock){.l_type = F_RDLCK, .l_start = 15, .l_len = 1};
        R(fcntl(fd, F_SETLK, &q));
        q.l_start = 100;
        R(fcntl(fd, F_SETLK, &q));
    });
    l = (struct flock){.l_type = F_WRLCK};
    R(fcntl(fd, F_OFD_SETLK, &l));
    l.l_type = F_UNLCK;
    R(fcntl(fd, F_SETLK, &l));
    l.l_type = 9;
    R(fcntl(fd, F_SETLK, &l));
    int other = must(open("f", O_RDWR));
    R(flock(fd, LOCK_SH));
    R(flock(other, LOCK_EX | LOCK_NB));
    R(flock(other, LOCK_SH | LOCK_NB));
    R(flock(fd, LOCK_UN));
    R(flock(fd, 99));
    R(flock(999, LOCK_SH));
    R(fcntl(fd, F_SETLEASE, F_WRLCK));
    R(fcntl(fd, F_GETLEASE));
    R(fcntl(fd, F_SETOWN, getpid()));
    R(fcntl(fd, F_GETOWN) == getpid());
    R(fcntl(fd, F_SETSIG, SIGUSR1));
    R(fcntl(fd, F_GETSIG));
    R(fcntl(fd, F_GETPIPE_SZ));
    R(fcntl(fd, 7777, 0));
    R(fcntl(999, F_GETFD));
    R(fcntl(fd, F_DUPFD, -1));
    R(dup2(999, 5));
    R(dup2(fd, fd) == fd);
    R(dup3(fd, fd, 0));
    R(dup3(fd, 50, 1));
    R(dup2(fd, -1));
    R(dup2(fd, 1 << 30));
}
CASE(watches) {
    must(mkdir("d", 0700));
    int i = must(inotify_init1(IN_NONBLOCK));
    R(inotify_add_watch(i, "d", IN_ALL_EVENTS));
    R(inotify_add_watch(i, "none", IN_ALL_EVENTS));
    R(inotify_add_watch(0, "d", IN_ALL_EVENTS));
    put("d/f", "text");
    must(rename("d/f", "d/g"));
    must(unlink("d/g"));
    char t[4096] __attribute__((aligned(8)));
    ssize_t n = read(i, t, sizeof t);
    for (char *p = t; p < t + n;) {
        struct inotify_event *e = (void *)p;
        show("event %x %s", e->mask, e->len ? e->name : "");
        p += sizeof *e + e->len;
    }
    R(inotify_rm_watch(i, 1));
    R(inotify_rm_watch(i, 9));
    R(read(i, t, 3));
}
CASE(epolls) {
    int e = must(epoll_create1(EPOLL_CLOEXEC)), p[2];
    must(pipe(p));
    struct epoll_event v = {EPOLLIN, {.u64 = 0x1122334455667788}}, out[4];
    R(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v));
    R(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v));
    R(epoll_ctl(e, EPOLL_CTL_MOD, p[1], &v));
    R(epoll_ctl(e, EPOLL_CTL_DEL, p[1], 0));
    R(epoll_ctl(e, EPOLL_CTL_ADD, e, &v));
    R(epoll_ctl(e, 9, p[0], &v));
    R(epoll_ctl(e, EPOLL_CTL_ADD, must(open("f", O_RDWR | O_CREAT, 0600)), &v));
    R(epoll_wait(e, out, 4, 0));
    write(p[1], "x", 1);
    R(epoll_wait(e, out, 4, -1));
    show("%x %lx", out[0].events, out[0].data.u64);
    R(epoll_wait(e, out, 0, 0));
    R(epoll_wait(e, out, -1, 0));
    R(epoll_wait(0, out, 1, 0));
    R(epoll_wait(e, (void *)8, 1, 0));
    struct timespec t = {0, 1000000}, bad = {0, -1};
    R(syscall(SYS_epoll_pwait2, e, out, 4, &t, 0, 8));
    R(syscall(SYS_epoll_pwait2, e, out, 4, &bad, 0, 8));
    sigset_t set;
    sigemptyset(&set);
    R(syscall(SYS_epoll_pwait, e, out, 4, 0, &set, 4));
    R(epoll_create(0));
    R(epoll_create1(99));
    int ev = must(eventfd(5, EFD_SEMAPHORE | EFD_NONBLOCK));
    uint64_t n;
    R(read(ev, &n, 8));
    show("%lu", n);
    n = -1;
    R(write(ev, &n, 8));
    R(write(ev, &n, 4));
    R(eventfd(0, 99));
    struct pollfd ps[3] = {{p[0], POLLIN}, {p[1], POLLOUT}, {-1, POLLIN, 7}};
    R(poll(ps, 3, 0));
    show("%x %x %x", ps[0].revents, ps[1].revents, ps[2].revents);
    struct rlimit l;
    getrlimit(RLIMIT_NOFILE, &l);
    R(poll(ps, l.rlim_cur + 1, 0));
    close(p[1]);
    R(poll(ps, 1, 0));
    show("%x", ps[0].revents);
    R(select(-1, 0, 0, 0, 0));
    struct timeval neg = {-1, 0};
    R(select(0, 0, 0, 0, &neg));
}
CASE(pipes) {
    int p[2];
    R(pipe2(p, O_CLOEXEC | O_NONBLOCK));
    show("%x %x", fcntl(p[0], F_GETFL), fcntl(p[1], F_GETFD));
    R(pipe2(p, 1));
    char t[70000];
    R(read(p[0], t, 1));
    memset(t, 1, sizeof t);
    R(write(p[1], t, 70000));
    R(write(p[1], t, 1));
    R(fcntl(p[1], F_SETPIPE_SZ, 131072));
    R(fcntl(p[1], F_GETPIPE_SZ));
    R(write(p[1], t, 70000));
    signal(SIGPIPE, SIG_IGN);
    close(p[0]);
    R(write(p[1], t, 1));
    IN_CHILD("SIGPIPE", { signal(SIGPIPE, SIG_DFL); write(p[1], t, 1); });
    must(mkfifo("fifo", 0600));
    R(open("fifo", O_WRONLY | O_NONBLOCK));
    int r = must(open("fifo", O_RDONLY | O_NONBLOCK));
    R(read(r, t, 1));
    R(open("fifo", O_WRONLY | O_NONBLOCK) > 0);
    R(read(r, t, 1));
    R(lseek(r, 0, SEEK_SET));
}

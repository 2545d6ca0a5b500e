//! Extended and file attributes, and the calls that name files beneath a descriptor.
//! covers: newfstatat=fstatat cachestat=451
#include "guest.h"
#include <sys/fsuid.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr 468
#define SYS_file_setattr 469
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int new_file(const char *name) {
    return must(open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));
}

// xattr(7): names of the user's name space can be set on files and directories only.
CASE(attributes) {
    char got[64] = {0};
    int fd = new_file("f");
    must(symlink("f", "link"));
    R(fsetxattr(fd, "user.a", "one", 3, XATTR_CREATE));
    R(fsetxattr(fd, "user.a", "two", 3, XATTR_CREATE));
    R(fsetxattr(fd, "user.b", "two", 3, XATTR_REPLACE));
    R(fsetxattr(fd, "user.a", "two", 3, 77));
    R(fsetxattr(-1, "user.a", "two", 3, 0));
    R(fgetxattr(fd, "user.a", got, sizeof got));
    show("%s", got);
    R(fgetxattr(fd, "user.a", got, 1));
    R(fgetxattr(fd, "user.a", 0, 0));
    R(fgetxattr(fd, "user.none", got, sizeof got));
    R(fgetxattr(fd, (char *)8, got, sizeof got));
    R(setxattr("link", "user.b", "three", 5, 0));
    R(getxattr("f", "user.b", got, sizeof got));
    R(lgetxattr("link", "user.b", got, sizeof got));
    R(lgetxattr("none", "user.b", got, sizeof got));
    R(lsetxattr("link", "user.b", "x", 1, 0));
    E(flistxattr(fd, got, sizeof got));
    R(flistxattr(fd, got, 1));
    R(llistxattr("link", got, sizeof got));
    E(listxattr("link", 0, 0));
    R(lremovexattr("link", "user.b"));
    R(fremovexattr(fd, "user.b"));
    R(fremovexattr(fd, "user.b"));
    R(removexattr("link", "user.a"));
    R(fremovexattr(-1, "user.a"));
    R(fsetxattr(fd, "nospace", "x", 1, 0));
    R(fsetxattr(fd, "user.", "x", 1, 0));
}
// Linux 6.13: the same beneath a descriptor; the value and its flags are in a structure.
CASE(attributes_at) {
    struct { uint64_t value; uint32_t size, flags; } args = {0};
    char value[] = "four", got[64] = {0};
    must(mkdir("d", 0755));
    close(new_file("d/f"));
    int dir = must(open("d", O_RDONLY | O_DIRECTORY));
    if (syscall(SYS_listxattrat, dir, "f", 0, 0, 0) < 0 && errno == ENOSYS) skip("an older kernel");
    args.value = (uintptr_t)value;
    args.size = 4;
    R(syscall(SYS_setxattrat, dir, "f", 0, "user.a", &args, sizeof args));
    R(syscall(SYS_setxattrat, dir, "f", 0, "user.a", &args, 8));
    R(syscall(SYS_setxattrat, dir, "f", 0x8000, "user.a", &args, sizeof args));
    R(syscall(SYS_setxattrat, -1, "f", 0, "user.a", &args, sizeof args));
    args.value = (uintptr_t)got;
    args.size = sizeof got;
    R(syscall(SYS_getxattrat, dir, "f", 0, "user.a", &args, sizeof args));
    show("%s", got);
    R(syscall(SYS_getxattrat, dir, "f", 0, "user.none", &args, sizeof args));
    E(syscall(SYS_listxattrat, dir, "f", 0, got, sizeof got));
    R(syscall(SYS_listxattrat, dir, "none", 0, got, sizeof got));
    R(syscall(SYS_removexattrat, dir, "f", 0, "user.a"));
    R(syscall(SYS_removexattrat, dir, "f", 0, "user.a"));
    int file = must(openat(dir, "f", O_RDWR));
    E(syscall(SYS_listxattrat, file, "", AT_EMPTY_PATH, got, sizeof got));
}
// Linux 6.17: what ioctl(FS_IOC_FSGETXATTR) tells, by name.
CASE(file_attributes) {
    struct { uint64_t xflags; uint32_t extsize, nextents, projid, cowextsize; } a = {0};
    close(new_file("f"));
    if (E(syscall(SYS_file_getattr, AT_FDCWD, "f", &a, sizeof a, 0)) < 0 && errno == ENOSYS)
        skip("an older kernel");
    R(syscall(SYS_file_getattr, AT_FDCWD, "none", &a, sizeof a, 0));
    R(syscall(SYS_file_getattr, AT_FDCWD, "f", &a, 4, 0));
    R(syscall(SYS_file_getattr, AT_FDCWD, "f", &a, sizeof a, 77));
    R(syscall(SYS_file_getattr, AT_FDCWD, "f", (void *)8, sizeof a, 0));
    E(syscall(SYS_file_setattr, AT_FDCWD, "f", &a, sizeof a, 0));
    R(syscall(SYS_file_setattr, AT_FDCWD, "none", &a, sizeof a, 0));
    R(syscall(SYS_file_setattr, AT_FDCWD, "f", &a, 4, 0));
}
CASE(modes) {
    struct stat s;
    close(new_file("f"));
    must(symlink("f", "link"));
    if (R(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0600, 0)) < 0 && errno == ENOSYS)
        skip("an older kernel");
    must(stat("f", &s));
    show("%o", s.st_mode);
    R(syscall(SYS_fchmodat2, AT_FDCWD, "link", 0640, 0));
    must(stat("f", &s));
    show("%o", s.st_mode);
    E(syscall(SYS_fchmodat2, AT_FDCWD, "link", 0640, AT_SYMLINK_NOFOLLOW));
    R(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0600, 77));
    R(syscall(SYS_fchmodat2, AT_FDCWD, "none", 0600, 0));
    int fd = must(open("f", O_RDWR));
    R(syscall(SYS_fchmodat2, fd, "", 0604, AT_EMPTY_PATH));
    R(syscall(SYS_fchmodat2, fd, "", 0604, 0));
    R(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK));
    R(syscall(SYS_faccessat, AT_FDCWD, "none", F_OK));
    R(syscall(SYS_faccessat, AT_FDCWD, "f", 77));
}
CASE(owners) {
    struct stat s;
    int fd = new_file("f");
    R(fchown(fd, -1, -1));
    R(fchown(fd, geteuid(), getegid()));
    R(fchown(-1, 0, 0));
    must(fstat(fd, &s));
    check(s.st_uid == geteuid() && s.st_gid == getegid(), "still the own file");
    IN_CHILD("setregid", {
        R(setregid(-1, -1));
        R(setregid(getgid(), getegid()));
        R(setfsgid(-1) == (int)getegid());
        R(setfsgid(getegid()) == (int)getegid());
    });
}
CASE(beneath) {
    must(mkdir("d", 0755));
    int dir = must(open("d", O_RDONLY | O_DIRECTORY));
    R(mkdirat(dir, "sub", 0700));
    R(mkdirat(dir, "sub", 0700));
    R(mkdirat(-1, "sub", 0700));
    R(mkdirat(dir, "none/sub", 0700));
    R(syscall(SYS_mknodat, dir, "fifo", S_IFIFO | 0600, 0));
    R(syscall(SYS_mknodat, dir, "fifo", S_IFIFO | 0600, 0));
    R(syscall(SYS_mknodat, dir, "plain", 0600, 0));
    R(symlinkat("plain", dir, "link"));
    R(symlinkat("plain", dir, "link"));
    R(symlinkat("", dir, "empty"));
    R(symlinkat("x", -1, "l"));
    R(syscall(SYS_renameat, dir, "plain", dir, "moved"));
    R(syscall(SYS_renameat, dir, "plain", dir, "moved"));
    R(syscall(SYS_renameat, dir, "sub", dir, "moved"));
    R(syscall(SYS_renameat, dir, "moved", dir, "sub"));
    R(syscall(SYS_renameat, dir, "sub", dir, "sub/in"));
    struct stat s;
    R(fstatat(dir, "link", &s, AT_SYMLINK_NOFOLLOW));
    show("%o %ld", s.st_mode & S_IFMT, (long)s.st_size);
    R(fstatat(dir, "link", &s, 0));
}
// open_by_handle_at(2): the size that is needed comes back.
CASE(handles) {
    struct { uint32_t bytes; int32_t type; uint8_t data[128]; } h = {0};
    int mount = -1;
    close(new_file("f"));
    E(syscall(SYS_name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0));
    h.bytes = 0;
    R(syscall(SYS_name_to_handle_at, AT_FDCWD, "none", &h, &mount, 0));
    R(syscall(SYS_name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0x77));
    h.bytes = 4096;
    R(syscall(SYS_name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0));
    h.bytes = sizeof h.data;
    E(syscall(SYS_name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0));
}
CASE(written_out) {
    int fd = new_file("f");
    must(write(fd, "x", 1));
    sync();
    R(syscall(SYS_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED));
    R(syscall(SYS_fadvise64, fd, 0, 0, 77));
    R(syscall(SYS_fadvise64, -1, 0, 0, POSIX_FADV_NORMAL));
    char byte = 0;
    R(syscall(SYS_pread64, fd, &byte, 1, 0));
    show("%c", byte);
    R(syscall(SYS_pread64, fd, &byte, 1, -1));
    struct iovec parts[2] = {{"on", 2}, {"ce", 2}}, bad = {(void *)8, 1};
    R(writev(fd, parts, 2));
    R(writev(fd, parts, 2000));
    R(writev(fd, &bad, 1));
    R(writev(-1, parts, 2));
    struct { uint64_t offset, length; } range = {0, 4096};
    uint64_t out[5];
    E(syscall(451, fd, &range, out, 0)); // cachestat
    R(syscall(451, fd, &range, out, 1));
    R(syscall(451, -1, &range, out, 0));
    R(syscall(451, fd, (void *)8, out, 0));
}

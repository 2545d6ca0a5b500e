//! Who a process is, whose files are, and what follows from both: natively as root, in zones that
//! keep their users themselves.
#include "guest.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

enum { ALICE = 1001, BOB = 1002, TEAM = 2001, OTHERS = 2002 };

// What every zone's superuser has, too.
#define KNOWN                                                                                                          \
    (1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_KILL | 1u << CAP_SETGID |                 \
     1u << CAP_SETUID | 1u << CAP_SETPCAP)

// Where others may go, too; as root, who makes files for others.
static void place(void) {
    if (getuid()) skip("not root");
    must(chmod("..", 0755));
    must(chmod(".", 0755));
    umask(0);
}
static void become(int uid, int gid, int group) {
    gid_t groups[] = {group};
    must(setgroups(1, groups));
    must(setresgid(gid, gid, gid));
    must(setresuid(uid, uid, uid));
}
#define AS(label, uid, gid, group, ...) IN_CHILD(label, { become(uid, gid, group); __VA_ARGS__; })
#define AS_ALICE(label, ...) AS(label, ALICE, ALICE, TEAM, __VA_ARGS__)
#define AS_BOB(label, ...) AS(label, BOB, BOB, TEAM, __VA_ARGS__)

static void sets(const char *what) {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {0};
    must(syscall(SYS_capget, &head, data));
    show("%s: effective %x permitted %x inheritable %x", what, data[0].effective & KNOWN, data[0].permitted & KNOWN,
         data[0].inheritable & KNOWN);
}
static void ids(const char *what) {
    uid_t r, e, s;
    gid_t g, h, i;
    getresuid(&r, &e, &s);
    getresgid(&g, &h, &i);
    show("%s: uid %d %d %d fs %d gid %d %d %d fs %d dumpable %d", what, r, e, s, setfsuid(-1), g, h, i, setfsgid(-1),
         prctl(PR_GET_DUMPABLE));
}
static void make(const char *name, int uid, int gid, int mode) {
    int fd = must(open(name, O_CREAT | O_WRONLY, 0600));
    must(write(fd, "text\n", 5));
    must(fchown(fd, uid, gid));
    must(fchmod(fd, mode));
    close(fd);
}
static void folder(const char *name, int uid, int gid, int mode) {
    must(mkdir(name, 0700));
    must(chown(name, uid, gid));
    must(chmod(name, mode));
}
static void owner(const char *name) {
    struct stat s;
    if (lstat(name, &s)) show("%s: %s", name, errname(errno));
    else show("%s: %d %d %o", name, s.st_uid, s.st_gid, s.st_mode);
}

CASE(user_ids) {
    place();
    ids("root");
    struct { int which; int a, b, c; } steps[] = {
        {0, ALICE, 0, 0}, {1, ALICE, BOB, 0}, {1, -1, ALICE, 0}, {1, 0, ALICE, 0}, {2, ALICE, BOB, 0}, {2, 0, ALICE, ALICE},
        {2, -1, ALICE, -1}, {2, ALICE, ALICE, 0}, {2, ALICE, BOB, ALICE},
    };
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
        IN_CHILD("steps", {
            int a = steps[i].a, b = steps[i].b, c = steps[i].c;
            R(steps[i].which == 0 ? setuid(a) : steps[i].which == 1 ? setreuid(a, b) : setresuid(a, b, c));
            ids("then");
            sets("then");
            R(setuid(ALICE));
            R(setuid(0));
            R(seteuid(0));
            ids("back");
            sets("back");
            R(setreuid(BOB, -1));
            R(setresuid(-1, BOB, -1));
            R(setfsuid(BOB));
            R(setfsuid(-1));
            R(setgid(TEAM));
            R(setgroups(0, 0));
            ids("end");
        });
    IN_CHILD("file system's", {
        R(setfsuid(ALICE));
        ids("fs");
        sets("fs");
        R(setfsuid(0));
        sets("fs back");
        R(syscall(SYS_setuid, -1));
        R(syscall(SYS_setresuid, -1, -1, -1));
    });
}
CASE(group_ids) {
    place();
    IN_CHILD("groups", {
        gid_t many[4] = {9, 3, 7, 3}, got[8];
        R(setgroups(4, many));
        int count = R(getgroups(0, 0));
        R(getgroups(1, got));
        R(getgroups(8, got));
        for (int i = 0; i < count; i++) show("group %d", got[i]);
        R(setgroups(65537, many));
        R(setgroups(-1, many));
        R(setgroups(1, (void *)1));
        R(getgroups(8, (void *)1));
        R(getgroups(-1, got));
        R(setregid(TEAM, OTHERS));
        ids("regid");
        R(setresgid(-1, -1, TEAM));
        ids("resgid");
        R(setfsgid(9));
        ids("fsgid");
        must(setuid(ALICE));
        R(setgid(3));
        R(setgid(TEAM));
        R(setresgid(TEAM, OTHERS, TEAM));
        R(setgroups(0, 0));
        ids("end");
    });
}
static int set_caps(unsigned effective, unsigned permitted, unsigned inheritable) {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{effective, permitted, inheritable}, {0, 0, 0}};
    return syscall(SYS_capset, &head, data);
}
CASE(capability_sets) {
    place();
    sets("root");
    IN_CHILD("dropped", {
        R(set_caps(1u << CAP_CHOWN, 1u << CAP_CHOWN | 1u << CAP_SETUID, 1u << CAP_CHOWN));
        sets("less");
        R(set_caps(1u << CAP_KILL, 1u << CAP_CHOWN | 1u << CAP_SETUID, 0));
        R(set_caps(0, 1u << CAP_KILL, 0));
        R(setuid(ALICE));
        R(set_caps(1u << CAP_SETUID, 1u << CAP_CHOWN | 1u << CAP_SETUID, 0));
        R(setuid(ALICE));
        sets("after setuid");
    });
    IN_CHILD("kept", {
        R(prctl(PR_GET_KEEPCAPS));
        R(prctl(PR_SET_KEEPCAPS, 1));
        R(prctl(PR_SET_KEEPCAPS, 2));
        must(setresuid(ALICE, ALICE, ALICE));
        sets("alice");
        R(set_caps(1u << CAP_CHOWN, 1u << CAP_CHOWN, 1u << CAP_CHOWN));
        R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
        R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
        R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
        R(prctl(PR_CAP_AMBIENT, 99, CAP_CHOWN, 0, 0));
        execl(self, self, "@sets", (char *)0);
    });
    IN_CHILD("bounding", {
        R(prctl(PR_CAPBSET_READ, CAP_CHOWN));
        R(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
        R(prctl(PR_CAPBSET_READ, CAP_CHOWN));
        R(prctl(PR_CAPBSET_READ, 99));
        R(prctl(PR_CAPBSET_DROP, 99));
        sets("still");
        execl(self, self, "@sets", (char *)0);
    });
    IN_CHILD("bits", {
        R(prctl(PR_GET_SECUREBITS));
        R(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS));
        R(prctl(PR_GET_SECUREBITS));
        R(prctl(PR_GET_KEEPCAPS));
        must(setresuid(ALICE, ALICE, ALICE));
        sets("alice");
        R(prctl(PR_SET_SECUREBITS, 1u << 20));
    });
    IN_CHILD("no root", {
        R(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED));
        R(prctl(PR_SET_SECUREBITS, 0));
        execl(self, self, "@sets", (char *)0);
    });
    struct __user_cap_header_struct head = {1, 0};
    struct __user_cap_data_struct data[2];
    R(syscall(SYS_capget, &head, 0));
    show("version %x", head.version);
    head.version = 1;
    R(syscall(SYS_capget, &head, data));
    head.version = _LINUX_CAPABILITY_VERSION_3;
    head.pid = -1;
    R(syscall(SYS_capget, &head, data));
    head.pid = 4194305;
    R(syscall(SYS_capget, &head, data));
    R(syscall(SYS_capset, &head, data));
    R(syscall(SYS_capget, 1, data));
}
HELPER(sets) {
    sets("after exec");
    ids("after exec");
    return 0;
}
CASE(programs) {
    place();
    IN_CHILD("real alone", {
        must(setresuid(ALICE, 0, 0));
        execl(self, self, "@sets", (char *)0);
    });
    IN_CHILD("effective alone", {
        must(setresuid(0, ALICE, 0));
        execl(self, self, "@sets", (char *)0);
    });
    AS_ALICE("an ordinary user", execl(self, self, "@sets", (char *)0));
    folder("closed", 0, 0, 0700);
    make("closed/x", 0, 0, 0755);
    make("plain", ALICE, TEAM, 0644);
    make("groups", 0, TEAM, 0750);
    make("script", 0, 0, 0755);
    int fd = must(open("script", O_WRONLY | O_TRUNC));
    must(write(fd, "#!closed/x\n", 11));
    close(fd);
    char *none[] = {0};
    AS_ALICE("refused", {
        R(execve("closed/x", none, none));
        R(execve("plain", none, none));
        R(execve("script", none, none));
        R(execve("groups", none, none));
    });
    AS("not in the group", BOB, BOB, OTHERS, R(execve("groups", none, none)));
    IN_CHILD("by root", {
        R(execve("plain", none, none));
        R(execve("closed/x", none, none));
    });
}
CASE(owners) {
    place();
    make("f", 0, 0, 06755);
    owner("f");
    R(chown("f", ALICE, TEAM));
    owner("f");
    R(chmod("f", 06755));
    R(chown("f", -1, -1));
    owner("f");
    R(lchown("f", -1, OTHERS));
    owner("f");
    must(symlink("f", "link"));
    R(chown("link", BOB, -1));
    owner("f");
    R(fchownat(AT_FDCWD, "link", 1, 1, AT_SYMLINK_NOFOLLOW));
    owner("f");
    R(fchownat(AT_FDCWD, "f", 1, 1, 0x8000));
    R(chown("none", 1, 1));
    R(fchown(99, 1, 1));
    int fd = must(open("f", O_PATH));
    R(fchown(fd, 1, 1));
    R(syscall(SYS_fchownat, fd, "", 5, 6, AT_EMPTY_PATH));
    owner("f");
    must(mkdir("d", 0755));
    R(chown("d", ALICE, TEAM));
    R(chmod("d", 06770));
    R(chown("d", BOB, TEAM));
    owner("d");
    make("g", ALICE, ALICE, 06755);
    AS_ALICE("of one's own", {
        R(chown("g", ALICE, TEAM));
        owner("g");
        R(chown("g", ALICE, OTHERS));
        R(chown("g", BOB, -1));
        R(chown("g", -1, -1));
        R(chmod("g", 06755));
        owner("g");
        R(chown("f", -1, TEAM));
        R(chmod("f", 0777));
        R(chmod("g", 02644));
        owner("g");
    });
    AS("not in the group", ALICE, ALICE, OTHERS, {
        R(chmod("g", 02755));
        owner("g");
    });
}
CASE(new_files) {
    place();
    folder("open", 0, 0, 0777);
    folder("groups", BOB, TEAM, 02777);
    AS("new", ALICE, OTHERS, TEAM, {
        umask(027);
        close(must(open("open/f", O_CREAT | O_WRONLY, 0666)));
        close(must(open("groups/f", O_CREAT | O_WRONLY, 0666)));
        must(mkdir("open/d", 0777));
        must(mkdir("groups/d", 0777));
        must(mkdir("groups/d/e", 0777));
        must(mknod("open/n", S_IFREG | 0666, 0));
        must(mknod("groups/n", S_IFREG | 0666, 0));
        close(must(open("groups/exec", O_CREAT | O_WRONLY, 02777)));
        int fd = must(open("open", O_TMPFILE | O_WRONLY, 0600));
        struct stat s;
        must(fstat(fd, &s));
        show("nameless %d %d", s.st_uid, s.st_gid);
        must(setfsuid(ALICE));
        R(chmod("groups/exec", 02755));
    });
    const char *names[] = {"open/f", "groups/f", "open/d", "groups/d", "groups/d/e", "open/n", "groups/n", "groups/exec"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) owner(names[i]);
    IN_CHILD("file system's user", {
        must(setfsgid(TEAM));
        must(setfsuid(ALICE));
        close(must(open("open/g", O_CREAT | O_WRONLY, 0600)));
        owner("open/g");
    });
    struct statx x;
    R(statx(AT_FDCWD, "open/g", 0, STATX_BASIC_STATS, &x));
    show("statx %d %d %o", x.stx_uid, x.stx_gid, x.stx_mode);
    int fd = must(open("open/g", O_PATH));
    struct stat s;
    R(fstat(fd, &s));
    show("path %d %d", s.st_uid, s.st_gid);
}
// Every mode for owner, group and others, and what open(2) and access(2) say.
CASE(bits) {
    place();
    struct { int uid, gid, group; } who[] = {{ALICE, ALICE, ALICE}, {BOB, TEAM, BOB}, {BOB, BOB, TEAM}, {BOB, BOB, BOB}};
    make("f", ALICE, TEAM, 0);
    folder("d", ALICE, TEAM, 0);
    make("d/f", BOB, BOB, 0666);
    for (int mode = 0; mode < 8; mode++)
        for (int class = 0; class < 3; class++) {
            must(chmod("f", mode << 3 * class));
            must(chmod("d", mode << 3 * class));
            for (unsigned i = 0; i < 4; i++)
                IN_CHILD("one", {
                    become(who[i].uid, who[i].gid, who[i].group);
                    char text[128] = "";
                    int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC};
                    for (int j = 0; j < 4; j++) {
                        int fd = open("f", flags[j]);
                        strcat(text, fd < 0 ? errname(errno) : "opens");
                        strcat(text, " ");
                        if (fd >= 0) close(fd);
                    }
                    for (int j = 0; j < 8; j++) strcat(text, access("f", j) ? "-" : "a");
                    strcat(text, " ");
                    for (int j = 0; j < 8; j++) strcat(text, access("d", j) ? "-" : "a");
                    strcat(text, open("d", O_RDONLY) < 0 ? " -" : " r");
                    struct stat s;
                    strcat(text, stat("d/f", &s) ? "-" : "x");
                    strcat(text, open("d/f", O_RDONLY) < 0 ? "-" : "x");
                    strcat(text, open("d/new", O_CREAT | O_RDWR, 0600) < 0 ? "-" : "w");
                    strcat(text, unlink("d/new") ? "-" : "w");
                    strcat(text, chdir("d") ? "-" : "x");
                    show("mode %o who %d: %s", mode << 3 * class, i, text);
                });
        }
}
CASE(superuser) {
    place();
    make("f", ALICE, TEAM, 0);
    folder("d", ALICE, TEAM, 0);
    E(open("f", O_RDWR));
    R(access("f", R_OK | W_OK));
    R(access("f", X_OK));
    R(chmod("f", 0001));
    R(access("f", X_OK));
    E(open("d", O_RDONLY | O_DIRECTORY));
    R(mkdir("d/e", 0));
    R(mkdir("d/e/f", 0));
    owner("d/e/f");
    R(truncate("f", 3));
    R(rename("d/e", "d/g"));
    R(rmdir("d/g/f"));
    R(chdir("d/g"));
    R(chdir("../.."));
    IN_CHILD("without the capability", {
        must(set_caps(1u << CAP_SETUID, 1u << CAP_SETUID, 0));
        E(open("f", O_RDWR));
        E(open("d", O_RDONLY | O_DIRECTORY));
        owner("d/g");
        R(chmod("f", 0666));
        R(chown("f", 0, 0));
    });
    IN_CHILD("access is about the real user", {
        make("mine", ALICE, ALICE, 0600);
        must(setresuid(ALICE, 0, 0));
        R(access("f", R_OK));
        R(access("mine", R_OK | W_OK));
        R(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
        must(setresuid(0, ALICE, 0));
        R(access("f", R_OK));
        R(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
    });
}
CASE(folders) {
    place();
    folder("a", ALICE, ALICE, 0755);
    folder("sticky", 0, 0, 01777);
    folder("theirs", BOB, BOB, 01777);
    folder("closed", 0, 0, 0711);
    make("a/f", 0, 0, 0666);
    make("sticky/mine", ALICE, ALICE, 0666);
    make("sticky/bobs", BOB, BOB, 0666);
    make("theirs/mine", ALICE, ALICE, 0666);
    make("closed/f", 0, 0, 0644);
    AS_ALICE("alice", {
        R(unlink("a/f"));
        R(mkdir("a/d", 0755));
        R(rename("a/d", "sticky/d"));
        R(rename("sticky/bobs", "sticky/x"));
        R(rename("sticky/mine", "sticky/bobs"));
        R(rename("sticky/mine", "sticky/x"));
        R(unlink("sticky/bobs"));
        R(unlink("sticky/x"));
        R(rmdir("sticky/d"));
        E(open("closed", O_RDONLY));
        E(open("closed/f", O_RDONLY));
        R(mkdir("closed/d", 0755));
        R(mkdir("closed/f", 0755));
        R(symlink("x", "closed/l"));
        R(mknod("closed/n", S_IFIFO | 0600, 0));
        R(link("a/../closed/f", "a/l"));
        R(rename("closed/f", "a/f"));
        R(unlink("closed/none"));
        R(unlink("closed/f"));
        E(open("closed/n", O_CREAT | O_RDWR, 0600));
        E(open("closed/f", O_CREAT | O_RDONLY, 0600));
        E(open("closed/f", O_CREAT | O_EXCL, 0600));
        E(open("closed", O_TMPFILE | O_RDWR, 0600));
    });
    AS_BOB("bob", {
        R(unlink("theirs/mine"));
        E(open("a/n", O_CREAT | O_RDWR, 0600));
    });
    folder("outer", 0, 0, 0700);
    folder("outer/inner", ALICE, ALICE, 0777);
    make("outer/inner/f", ALICE, ALICE, 0666);
    int inside = must(open("outer/inner", O_RDONLY | O_DIRECTORY));
    must(symlink("../outer/inner/f", "a/link"));
    AS_ALICE("beneath a closed one", {
        struct stat s;
        char text[64];
        R(stat("outer/inner/f", &s));
        R(stat("a/link", &s));
        R(lstat("a/link", &s));
        R(readlink("outer/inner/f", text, sizeof text));
        R(chdir("outer/inner"));
        R(fchdir(inside));
        E(open("f", O_RDWR));
        R(stat("../inner/f", &s));
        E(open("new", O_CREAT | O_RDWR, 0600));
        R(stat("..", &s));
        R(stat("../x", &s));
        E(openat(inside, "f", O_RDONLY));
        E(syscall(SYS_openat, AT_FDCWD, "../inner", O_PATH));
    });
}
CASE(changes) {
    place();
    make("f", ALICE, ALICE, 0600);
    make("w", 0, TEAM, 0660);
    struct timespec times[2] = {{1, 2}, {3, 4}}, now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}}, omit[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
    AS_BOB("bob", {
        R(chmod("f", 0666));
        R(utimensat(AT_FDCWD, "f", times, 0));
        R(utimensat(AT_FDCWD, "f", 0, 0));
        R(utimensat(AT_FDCWD, "w", times, 0));
        R(utimensat(AT_FDCWD, "w", 0, 0));
        R(utimensat(AT_FDCWD, "w", now, 0));
        R(utimensat(AT_FDCWD, "w", omit, 0));
        R(truncate("f", 1));
        R(truncate("w", 1));
        R(setxattr("f", "user.a", "x", 1, 0));
        R(setxattr("w", "user.a", "x", 1, 0));
        R(getxattr("f", "user.a", 0, 0));
        R(getxattr("w", "user.a", 0, 0));
        R(removexattr("f", "user.a"));
        R(setxattr("w", "trusted.a", "x", 1, 0));
        R(setxattr("w", "security.a", "x", 1, 0));
        R(getxattr("w", "user.rootlesscontainers", 0, 0));
        int fd = must(open("w", O_RDONLY));
        R(fsetxattr(fd, "user.b", "x", 1, 0));
        R(fgetxattr(fd, "user.b", 0, 0));
        R(lremovexattr("w", "user.b"));
        char list[256] = "";
        int size = R(listxattr("w", list, sizeof list));
        if (size > 0) show("%s", list);
    });
    AS_ALICE("alice", {
        R(utimensat(AT_FDCWD, "f", times, 0));
        R(setxattr("f", "user.a", "x", 1, 0));
        char list[256] = "";
        int size = R(listxattr("f", list, sizeof list));
        if (size > 0) show("%s", list);
        R(listxattr("f", 0, 0));
        R(chmod("f", 0));
        R(getxattr("f", "user.a", 0, 0));
        R(chmod("f", 0400));
        R(getxattr("f", "user.a", 0, 0));
        R(removexattr("f", "user.a"));
        R(link("w", "l"));
    });
}
static void signal_them(pid_t child) {
    R(kill(child, 0));
    R(kill(child, SIGCONT));
    R(syscall(SYS_tgkill, child, child, 0));
    R(syscall(SYS_tkill, child, 0));
    siginfo_t info = {.si_signo = 0, .si_code = SI_QUEUE};
    R(syscall(SYS_rt_sigqueueinfo, child, 0, &info));
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, child};
    struct __user_cap_data_struct data[2] = {0};
    R(syscall(SYS_capget, &head, data));
    show("its capabilities %x", data[0].effective & KNOWN);
}
CASE(signals) {
    place();
    int pipes[2];
    must(pipe(pipes));
    int child = must(fork());
    if (!child) {
        become(ALICE, ALICE, ALICE);
        must(write(pipes[1], "x", 1));
        for (;;) pause();
    }
    char byte;
    must(read(pipes[0], &byte, 1));
    AS_ALICE("alice", signal_them(child));
    AS_BOB("bob", signal_them(child));
    IN_CHILD("real", {
        must(setresuid(ALICE, BOB, BOB));
        R(kill(child, 0));
        must(setresuid(BOB, -1, -1));
        R(kill(child, 0));
    });
    signal_them(child);
    AS_BOB("bob and init", R(kill(1, 0)));
    AS_BOB("everybody", {
        must(setpgid(0, 0));
        R(kill(0, 0));
        R(kill(-1, 0));
    });
    kill(child, SIGKILL);
    show_status("end", reap(child));
}
static struct sockaddr_un address(const char *name) {
    struct sockaddr_un to = {AF_UNIX, ""};
    strcpy(to.sun_path, name);
    return to;
}
CASE(sockets) {
    place();
    folder("closed", 0, 0, 0700);
    folder("readable", 0, 0, 0755);
    int listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
    struct sockaddr_un to = address("s"), inner = address("closed/s"), there = address("readable/s");
    must(bind(listener, (void *)&to, sizeof to));
    must(listen(listener, 5));
    must(chmod("s", 0777));
    AS_ALICE("alice", {
        int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
        R(bind(fd, (void *)&inner, sizeof inner));
        R(bind(fd, (void *)&there, sizeof there));
        R(connect(fd, (void *)&inner, sizeof inner));
        R(connect(fd, (void *)&to, sizeof to));
        struct ucred peer;
        socklen_t size = sizeof peer;
        R(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size));
        show("peer %d %d", peer.uid, peer.gid);
        int taken = must(accept(listener, 0, 0));
        size = sizeof peer;
        R(getsockopt(taken, SOL_SOCKET, SO_PEERCRED, &peer, &size));
        show("peer %d %d", peer.uid, peer.gid);
    });
    // Whoever connects is who it was then.
    int pipes[2];
    must(pipe(pipes));
    int child = must(fork());
    if (!child) {
        become(BOB, BOB, BOB);
        int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
        must(connect(fd, (void *)&to, sizeof to));
        must(write(pipes[1], "x", 1));
        pause();
    }
    char byte;
    must(read(pipes[0], &byte, 1));
    int taken = must(accept(listener, 0, 0));
    kill(child, SIGKILL);
    reap(child);
    struct ucred peer;
    socklen_t size = sizeof peer;
    R(getsockopt(taken, SOL_SOCKET, SO_PEERCRED, &peer, &size));
    show("peer %d %d", peer.uid, peer.gid);
    must(chmod("s", 0755));
    AS_ALICE("not allowed to write", {
        int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
        R(connect(fd, (void *)&to, sizeof to));
    });
}
CASE(messages) {
    place();
    int pair[2], on = 1;
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    must(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    struct ucred sent = {getpid(), 0, 0};
    for (int with = 0; with < 4; with++)
        AS_ALICE("sends", {
            char text = 'x';
            char room[CMSG_SPACE(sizeof sent)] = "";
            struct iovec part = {&text, 1};
            struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
            sent = (struct ucred){getpid(), with == 3 ? BOB : ALICE, with == 2 ? 0 : ALICE};
            if (with) {
                message.msg_control = room;
                message.msg_controllen = sizeof room;
                struct cmsghdr *c = CMSG_FIRSTHDR(&message);
                *c = (struct cmsghdr){CMSG_LEN(sizeof sent), SOL_SOCKET, SCM_CREDENTIALS};
                memcpy(CMSG_DATA(c), &sent, sizeof sent);
            }
            R(sendmsg(pair[1], &message, 0));
            if (with > 1) write(pair[1], "x", 1);
            message = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
            R(recvmsg(pair[0], &message, 0));
            struct cmsghdr *c = CMSG_FIRSTHDR(&message);
            struct ucred got = {0};
            if (c) memcpy(&got, CMSG_DATA(c), sizeof got);
            show("from %d %d, own number %d", got.uid, got.gid, got.pid == getpid());
        });
}
static void lines(const char *path) {
    char text[8192] = "";
    int fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) < 0) show("%s: %s", path, errname(errno));
    for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
        unsigned long set;
        if (!strncmp(line, "Uid:", 4) || !strncmp(line, "Gid:", 4) || !strncmp(line, "Groups:", 7) || !strncmp(line, "NoNew", 5))
            show("%s", line);
        else if (!strncmp(line, "Cap", 3) && sscanf(line + 8, "%lx", &set) == 1) show("%.6s: %lx", line, set & KNOWN);
    }
    close(fd);
}
static void whose(const char *path) {
    struct stat s;
    if (stat(path, &s)) show("%s: %s", path, errname(errno));
    else show("%d %d", s.st_uid, s.st_gid);
}
CASE(proc) {
    place();
    lines("/proc/self/status");
    AS_ALICE("alice", {
        prctl(PR_SET_DUMPABLE, 1);
        lines("/proc/self/status");
        lines("/proc/thread-self/status");
        whose("/proc/self");
        whose("/proc/self/status");
        whose("/proc/self/fd");
    });
    int pipes[2];
    must(pipe(pipes));
    int child = must(fork());
    if (!child) {
        become(ALICE, BOB, OTHERS);
        prctl(PR_SET_DUMPABLE, 1);
        must(write(pipes[1], "x", 1));
        for (;;) pause();
    }
    char byte, path[64];
    must(read(pipes[0], &byte, 1));
    snprintf(path, sizeof path, "/proc/%d/status", child);
    lines(path);
    *strrchr(path, '/') = 0;
    struct stat s;
    must(stat(path, &s));
    show("%d %d", s.st_uid, s.st_gid);
    kill(child, SIGKILL);
    reap(child);
}
static void *sleeper(void *_) {
    for (;;) pause();
    return 0;
}
static void *changes(void *_) {
    must(syscall(SYS_setresuid, ALICE, ALICE, ALICE));
    ids("this thread");
    return 0;
}
CASE(threads) {
    place();
    IN_CHILD("one thread alone", {
        pthread_t one, two;
        must(pthread_create(&one, 0, sleeper, 0));
        must(pthread_create(&two, 0, changes, 0));
        pthread_join(two, 0);
        ids("the others");
    });
    IN_CHILD("all by the C library", {
        pthread_t one;
        must(pthread_create(&one, 0, sleeper, 0));
        must(setuid(ALICE));
        ids("then");
        lines("/proc/self/status");
    });
}
CASE(no_new_privs) {
    place();
    IN_CHILD("once set", {
        must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
        IN_CHILD("inherited", R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
        lines("/proc/self/status");
        execl(self, self, "@sets", (char *)0);
    });
    R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    R(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    R(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
}

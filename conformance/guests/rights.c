//! Programs with rights of their own: set-id bits and file capabilities.
//! variants: pie static
#include "guest.h"
#include <linux/capability.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <grp.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

extern char **environ;
enum { OWNER = 1001, GROUP = 1002, USER = 1003 };

// What every zone's superuser has, too.
#define KNOWN (1u << CAP_CHOWN | 1u << CAP_SETUID | 1u << CAP_NET_BIND_SERVICE)

HELPER(ids) {
    uid_t r, e, s;
    getresuid(&r, &e, &s);
    gid_t g, h, i;
    getresgid(&g, &h, &i);
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {0};
    syscall(SYS_capget, &head, sets);
    int sig = -1;
    prctl(PR_GET_PDEATHSIG, &sig);
    show("uid %d %d %d gid %d %d %d secure %ld dumpable %d", r, e, s, g, h, i, getauxval(AT_SECURE),
         prctl(PR_GET_DUMPABLE));
    show("effective %x permitted %x inheritable %x pdeathsig %d", sets[0].effective & KNOWN,
         sets[0].permitted & KNOWN, sets[0].inheritable & KNOWN, sig);
    show("auxv %ld %ld %ld %ld", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID), getauxval(AT_EGID));
    return 0;
}
static void copy(const char *name, int uid, int gid, int mode) {
    int in = must(open("/proc/self/exe", O_RDONLY)), out = must(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    struct stat stat;
    must(fstat(in, &stat));
    for (off_t at = 0; at < stat.st_size;) must(sendfile(out, in, &at, stat.st_size));
    must(fchown(out, uid, gid));
    must(fchmod(out, mode));
    close(in);
    close(out);
}
static void set_caps(const char *name, unsigned permitted, unsigned inheritable, int effective) {
    struct vfs_cap_data data = {VFS_CAP_REVISION_2 | (effective ? VFS_CAP_FLAGS_EFFECTIVE : 0),
                                {{permitted, inheritable}, {0, 0}}};
    must(setxattr(name, "security.capability", &data, sizeof data, 0));
}
// Where others may go, too; as root, who makes files for others.
static void place(void) {
    if (getuid()) skip("not root");
    must(chmod("..", 0755));
    must(chmod(".", 0755));
}
static void become(int uid) {
    must(setgroups(0, 0));
    must(setresgid(uid, uid, uid));
    must(setresuid(uid, uid, uid));
}
#define AS_USER(label, ...) IN_CHILD(label, { become(USER); __VA_ARGS__; })
#define RUN(name) execl(name, name, "@ids", (char *)0)

CASE(bits) {
    place();
    int modes[] = {0755, 04755, 02755, 06755, 02745, 06745, 01755, 04555, 04754};
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        char label[32];
        snprintf(label, sizeof label, "mode %o", modes[i]);
        copy("program", OWNER, GROUP, modes[i]);
        AS_USER(label, RUN("./program"); show("%s", errname(errno)));
    }
}
CASE(root) {
    place();
    copy("program", 0, 0, 04755);
    AS_USER("set-user-id root", RUN("./program"));
    copy("program", 0, 0, 06755);
    AS_USER("both", RUN("./program"));
    IN_CHILD("by root", RUN("./program"));
    copy("program", OWNER, 0, 04755);
    IN_CHILD("by root, of another", RUN("./program"));
    IN_CHILD("by root that is another already", {
        must(setresuid(0, OWNER, 0));
        RUN("./program");
    });
    IN_CHILD("real and effective differ", {
        must(setresuid(USER, OWNER, OWNER));
        RUN("./program");
    });
}
CASE(capabilities) {
    place();
    unsigned bind = 1u << CAP_NET_BIND_SERVICE;
    copy("program", 0, 0, 0755);
    set_caps("program", bind, 0, 1);
    AS_USER("effective", RUN("./program"));
    IN_CHILD("by root", RUN("./program"));
    set_caps("program", bind, 0, 0);
    AS_USER("permitted", RUN("./program"));
    set_caps("program", 0, bind, 1);
    AS_USER("inheritable", RUN("./program"));
    copy("program", OWNER, GROUP, 04755);
    set_caps("program", bind, 0, 1);
    AS_USER("with set-user-id", RUN("./program"));
    must(removexattr("program", "security.capability"));
    AS_USER("removed", RUN("./program"));
}
CASE(no_new_privs) {
    place();
    copy("program", OWNER, GROUP, 06755);
    AS_USER("bits", {
        must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        RUN("./program");
    });
    copy("program", 0, 0, 0755);
    set_caps("program", 1u << CAP_CHOWN, 0, 1);
    AS_USER("capabilities", {
        must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        RUN("./program");
    });
}
// Rights go with what the program is at the time.
CASE(changes) {
    place();
    copy("program", OWNER, GROUP, 04755);
    for (int i = 0; i < 6; i++) {
        must(chmod("program", i & 1 ? 0755 : 04755));
        AS_USER("mode", RUN("./program"));
    }
    for (int i = 0; i < 4; i++) {
        must(chown("program", OWNER + i, GROUP));
        must(chmod("program", 04755));
        AS_USER("owner", RUN("./program"));
    }
    copy("program", OWNER, GROUP, 0755);
    AS_USER("written", RUN("./program"));
}
CASE(many) {
    place();
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "./program%d", i);
        copy(name, i % 2 ? OWNER + i : 0, GROUP, 04755);
        AS_USER("one", RUN(name));
    }
    AS_USER("the first again", RUN("./program0"));
}
CASE(descriptors) {
    place();
    copy("program", OWNER, GROUP, 04755);
    char *argv[] = {"program", "@ids", 0};
    int fd = must(open("program", O_RDONLY | O_CLOEXEC));
    AS_USER("open", syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH));
    int path = must(open("program", O_PATH | O_CLOEXEC));
    AS_USER("path", syscall(SYS_execveat, path, "", argv, environ, AT_EMPTY_PATH));
    must(unlink("program"));
    AS_USER("deleted", syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH));
}
CASE(scripts) {
    place();
    copy("interpreter", OWNER, GROUP, 04755);
    char cwd[4000], text[4096];
    must((long)getcwd(cwd, sizeof cwd));
    int fd = must(open("script", O_WRONLY | O_CREAT, 0755));
    must(write(fd, text, snprintf(text, sizeof text, "#!%s/interpreter @ids\n", cwd)));
    close(fd);
    AS_USER("set-id interpreter", execl("./script", "script", (char *)0));
    must(chown("script", 0, 0));
    must(chmod("script", 06755));
    AS_USER("and set-id script", execl("./script", "script", (char *)0));
    must(chmod("interpreter", 0755));
    AS_USER("set-id script alone", execl("./script", "script", (char *)0));
}
static void *run(void *name) {
    RUN((char *)name);
    return 0;
}
static void *sleeper(void *_) {
    for (;;) pause();
    return 0;
}
static int shares(void *_) {
    pause();
    return 0;
}
CASE(threads) {
    place();
    copy("./program", OWNER, GROUP, 04755);
    AS_USER("by a thread", {
        pthread_t threads[3];
        must(pthread_create(threads, 0, sleeper, 0));
        must(pthread_create(threads + 1, 0, sleeper, 0));
        must(pthread_create(threads + 2, 0, run, "./program"));
        pthread_join(threads[2], 0);
    });
    AS_USER("with one that shares the root", {
        static char stack[65536];
        int other = must(clone(shares, stack + sizeof stack, CLONE_FS | SIGCHLD, 0));
        int child = must(syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0));
        if (!child) {
            RUN("./program");
            _exit(1);
        }
        show_status("exec", reap(child));
        kill(other, SIGKILL);
        reap(other);
    });
    AS_USER("spawned", {
        char *argv[] = {"program", "@ids", 0};
        pid_t child;
        int failed = posix_spawn(&child, "./program", 0, 0, argv, environ), status = reap(child);
        show("spawn %d", failed);
        show_status("end", status);
    });
}
HELPER(kept) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, 0, &set);
    struct sigaction action;
    for (int i = 1; i < 32; i++) {
        sigaction(i, 0, &action);
        if (sigismember(&set, i) || action.sa_handler == SIG_IGN)
            show("signal %d blocked %d ignored %d", i, sigismember(&set, i), action.sa_handler == SIG_IGN);
    }
    show("preload %s other %s", getenv("LD_PRELOAD") ?: "-", getenv("OTHER") ?: "-");
    char path[4096] = "", text[64] = "";
    check(readlink("/proc/self/exe", path, sizeof path) > 0 && strstr(path, "/program"), "exe");
    int fd = open("/proc/self/comm", O_RDONLY);
    read(fd, text, sizeof text - 1);
    show("comm %sumask %o fd %d", text, umask(0), fcntl(7, F_GETFD));
    show("execfn %s", (char *)getauxval(AT_EXECFN));
    return 0;
}
CASE(kept) {
    place();
    copy("program", OWNER, GROUP, 04755);
    AS_USER("kept", {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGSEGV);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, 0);
        signal(SIGTRAP, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        prctl(PR_SET_PDEATHSIG, SIGUSR2);
        umask(031);
        dup2(0, 7);
        setenv("LD_PRELOAD", "/lib/none.so", 1);
        setenv("OTHER", "kept", 1);
        execl("./program", "program", "@kept", (char *)0);
    });
    AS_USER("pdeathsig", {
        prctl(PR_SET_PDEATHSIG, SIGUSR2);
        RUN("./program");
    });
}
HELPER(again) {
    show("uid %d %d", getuid(), geteuid());
    if (argc < 3) return 0;
    execv(argv[2], (char *[]){argv[2], "@again", argv[3], argc > 3 ? argv[4] : 0, 0});
    show("%s", errname(errno));
    return 1;
}
// A program with rights executes others, with and without.
CASE(chain) {
    place();
    copy("one", OWNER, GROUP, 04755);
    copy("two", OWNER + 1, GROUP, 06755);
    copy("plain", 0, 0, 0755);
    AS_USER("one, plain", execl("./one", "one", "@again", "./plain", (char *)0));
    AS_USER("one, two", execl("./one", "one", "@again", "./two", (char *)0));
    AS_USER("two, one, plain", execl("./two", "two", "@again", "./one", "./plain", (char *)0));
    AS_USER("plain, two", execl("./plain", "plain", "@again", "./two", (char *)0));
}
HELPER(reach) {
    for (int i = 2; i < argc; i++) {
        int fd = open(argv[i], O_RDWR);
        show("%s: %s", argv[i], fd < 0 ? errname(errno) : "opens");
        close(fd);
    }
    return 0;
}
// What it is all for, and that nobody looks into such a process.
CASE(reach) {
    place();
    copy("program", OWNER, GROUP, 04755);
    int fd = must(open("secret", O_CREAT | O_WRONLY, 0600));
    must(fchown(fd, OWNER, GROUP));
    AS_USER("without", execl("/proc/self/exe", "program", "@reach", "secret", (char *)0));
    AS_USER("with", execl("./program", "program", "@reach", "secret", (char *)0));
    AS_USER("looked into", {
        int pipes[2];
        must(pipe(pipes));
        int child = must(fork());
        if (!child) {
            dup2(pipes[0], 0);
            close(pipes[1]);
            execl("./program", "program", "@wait", (char *)0);
            _exit(1);
        }
        close(pipes[0]);
        until_asleep(child, 0);
        const char *names[] = {"mem", "environ", "maps", "fd", "exe", "cwd", "root"};
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
            char path[64], link[4096];
            snprintf(path, sizeof path, "/proc/%d/%s", child, names[i]);
            int fd = open(path, O_RDONLY);
            show("%s: %s", names[i], fd < 0 ? errname(errno) : "opens");
            close(fd);
            show("link %s", readlink(path, link, sizeof link) < 0 ? errname(errno) : "reads");
        }
        struct stat status;
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/stat", child);
        must(stat(path, &status));
        show("owner %d %d", status.st_uid, status.st_gid);
        R(kill(child, 0));
        close(pipes[1]);
        show_status("end", reap(child));
    });
}
HELPER(wait) {
    char byte;
    return read(0, &byte, 1);
}

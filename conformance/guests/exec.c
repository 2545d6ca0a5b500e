//! exec: what the new program sees, which files it takes, scripts, errors, exec in threads.
//! variants: pie static
#include "guest.h"
#include <elf.h>
#include <sys/auxv.h>

extern char **environ;
static int find(const char *text, const char *part) { return strstr(text, part) != 0; }
static char *slurp(const char *path, size_t *size) {
    static char text[1 << 20];
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        show("%s: %s", path, errname(errno));
        return "";
    }
    size_t done = 0;
    ssize_t got;
    while (done < sizeof text - 1 && (got = read(fd, text + done, sizeof text - 1 - done)) > 0) done += got;
    text[done] = 0;
    close(fd);
    if (size) *size = done;
    return text;
}
static void show_zeros(const char *what, const char *text, size_t size) {
    char line[4000];
    size_t n = 0;
    for (size_t i = 0; i < size && n < sizeof line - 3; i++) {
        if (text[i]) line[n++] = text[i];
        else {
            line[n++] = '\\';
            line[n++] = '0';
        }
    }
    line[n] = 0;
    show("%s: %s", what, line);
}
static const char *base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
HELPER(args) {
    for (int i = 1; i < argc; i++) show("arg %d [%s]", i, argv[i]);
    for (int i = 0; environ[i]; i++) show("env %d [%s]", i, environ[i]);
    return 0;
}
CASE(arguments) {
    char *argv[] = {(char *)self, "@args", "", "two words", "a\nb", "\xff\xfe", "last", 0};
    char *env[] = {"A=1", "EMPTY=", "NOEQUALS", "A=2", "\x01odd", "LX_X=1", 0};
    IN_CHILD("exec", execve(self, argv, env));
    char *none[] = {0};
    IN_CHILD("no environment", execve(self, argv, none));
    IN_CHILD("null environment", execve(self, argv, 0));
    // With no arguments at all the kernel makes one that is empty.
    IN_CHILD("no arguments", { execve("/bin/sh", none, none); });
}
HELPER(proc) {
    size_t size;
    char *text = slurp("/proc/self/cmdline", &size), path[4096] = "";
    text += strlen(argv[0]);
    show_zeros("cmdline after argv[0]", text, size - strlen(argv[0]));
    text = slurp("/proc/self/environ", &size);
    show_zeros("environ", text, size);
    show("comm %s", base(self)[0] ? "" : "?");
    text = slurp("/proc/self/comm", &size);
    check(size > 1 && !strncmp(text, base(self), size - 1 < 15 ? size - 1 : 15), "comm is the file's name");
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    check(n > 0 && !strcmp(path, self), "exe is the program");
    char by_pid[64];
    snprintf(by_pid, sizeof by_pid, "/proc/%d/exe", getpid());
    n = readlink(by_pid, path, sizeof path - 1);
    check(n > 0 && !strcmp(path, self), "exe by number is the program");
    snprintf(by_pid, sizeof by_pid, "/proc/%d/exe", gettid());
    int fd = open("/proc/self/exe", O_RDONLY);
    struct stat a, b;
    fstat(fd, &a);
    stat(self, &b);
    check(a.st_ino == b.st_ino && a.st_dev == b.st_dev, "exe opens the program");
    text = slurp("/proc/self/stat", 0);
    check(strchr(text, '(') && !strncmp(strchr(text, '(') + 1, base(self), 10), "name in stat");
    text = slurp("/proc/self/status", 0);
    check(!strncmp(text, "Name:\t", 6) && !strncmp(text + 6, base(self), 10), "name in status");
    for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n"))
        if (!strncmp(line, "Sig", 3) || !strncmp(line, "Threads", 7) || !strncmp(line, "NoNewPrivs", 10) ||
            !strncmp(line, "Seccomp:", 8) || !strncmp(line, "Umask", 5) || !strncmp(line, "FDSize", 6))
            if (strncmp(line, "SigQ", 4)) show("%s", line);
    text = slurp("/proc/self/auxv", &size);
    check(size % 16 == 0, "auxv");
    uint64_t *v = (uint64_t *)text;
    int same = 1;
    for (size_t i = 0; i < size / 16 && v[2 * i]; i++)
        // The library edits its copy of AT_HWCAP.
        same &= v[2 * i] == AT_HWCAP || getauxval(v[2 * i]) == v[2 * i + 1];
    check(same, "auxv is the one on the stack");
    fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    show("next descriptor %d", fd);
    return 0;
}
CASE(proc_self) {
    char *argv[] = {(char *)self, "@proc", "x y", "", "z", 0};
    char *env[] = {"FIRST=1", "SECOND=two", 0};
    IN_CHILD("exec", execve(self, argv, env));
    // cmdline of a process is readable from outside, too.
    int p[2], q[2];
    must(pipe(p));
    must(pipe(q));
    pid_t child = must(fork());
    if (!child) {
        char in[10], out[10];
        close(p[0]);
        snprintf(in, 10, "%d", q[0]);
        snprintf(out, 10, "%d", p[1]);
        execl(self, "named", "@wait", in, out, "end", (char *)0);
    }
    close(p[1]);
    char c, path[64], text[4096];
    read(p[0], &c, 1);
    snprintf(path, sizeof path, "/proc/%d/cmdline", child);
    size_t size;
    char *t = slurp(path, &size);
    show_zeros("cmdline from outside", t, size);
    snprintf(path, sizeof path, "/proc/%d/exe", child);
    ssize_t n = readlink(path, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    show("exe from outside is the program: %d", !strcmp(text, self));
    write(q[1], "x", 1);
    reap(child);
}
HELPER(wait) {
    char c;
    write(atoi(argv[3]), "x", 1);
    read(atoi(argv[2]), &c, 1);
    return 0;
}
HELPER(auxv) {
    char **p = environ;
    while (*p++) {}
    Elf64_auxv_t *v = (Elf64_auxv_t *)p;
    for (; v->a_type; v++) {
        switch (v->a_type) {
        case AT_PAGESZ: case AT_CLKTCK: case AT_PHENT: case AT_PHNUM: case AT_FLAGS: case AT_UID: case AT_EUID:
        case AT_GID: case AT_EGID: case AT_SECURE: case AT_HWCAP: case AT_HWCAP2: case AT_MINSIGSTKSZ: case 27: case 28:
            show("%ld = %lx", v->a_type, v->a_un.a_val);
            break;
        case AT_PLATFORM: show("platform %s", (char *)v->a_un.a_val); break;
        case AT_EXECFN: show("execfn %s", base((char *)v->a_un.a_val) == (char *)v->a_un.a_val ? "relative" : "path"); break;
        case AT_BASE: show("base %s", v->a_un.a_val ? "set" : "0"); break;
        default: show("%ld", v->a_type);
        }
    }
    Elf64_Ehdr *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
    check(vdso && !memcmp(vdso, ELFMAG, 4), "vdso");
    check(!strcmp((char *)getauxval(AT_EXECFN), argv[2]), "execfn is the path given to exec");
    unsigned char *random = (void *)getauxval(AT_RANDOM);
    int sum = 0;
    for (int i = 0; i < 16; i++) sum += random[i];
    check(sum > 0, "random bytes");
    Elf64_Phdr *ph = (void *)getauxval(AT_PHDR);
    check(ph && getauxval(AT_PHNUM) > 4 && getauxval(AT_PHNUM) < 20, "program headers");
    extern char _start[];
    check(getauxval(AT_ENTRY) == (uint64_t)_start, "entry");
    check(((uintptr_t)environ & 7) == 0 && ((uintptr_t)(argv - 1) & 15) == 0, "alignment");
    check(argv[0] > (char *)v && argv[1] == argv[0] + strlen(argv[0]) + 1, "strings in order");
    return 0;
}
// The kernel puts AT_EXECFN right behind the last string of the environment.
HELPER(execfn) {
    char *end = environ[0] ? environ[0] : argv[argc - 1];
    for (int i = 0; environ[i]; i++) end = environ[i];
    end += strlen(end) + 1;
    check((char *)getauxval(AT_EXECFN) == end, "execfn follows the last string");
    return 0;
}
CASE(execfn_place) {
    IN_CHILD("exec", execve(self, (char *[]){(char *)self, "@execfn", 0}, (char *[]){"E=1", 0}));
}
CASE(auxv) {
    char *env[] = {"E=1", 0};
    char *argv[] = {(char *)self, "@auxv", (char *)self, 0};
    IN_CHILD("exec", execve(self, argv, env));
    char *link[] = {"renamed", "@auxv", "./link", 0};
    must(symlink(self, "link"));
    IN_CHILD("by a link", execve("./link", link, env));
    IN_CHILD("link keeps exe", {
        char *args[] = {"./link", "@proc", 0};
        self = args[0];
        execve("./link", (char *[]){"./link", "@exe", 0}, env);
    });
    char *again[] = {"again", "@called", 0};
    IN_CHILD("by /proc/self/exe", execve("/proc/self/exe", again, env));
    int folder = must(open("/proc/self", O_RDONLY | O_DIRECTORY));
    IN_CHILD("by exe in /proc/self", syscall(SYS_execveat, folder, "../self/exe", again, env, 0));
}
HELPER(called) {
    show("execfn %s", (char *)getauxval(AT_EXECFN));
    show("comm %s", slurp("/proc/self/comm", 0));
    return 0;
}
HELPER(exe) {
    char path[4096] = "";
    readlink("/proc/self/exe", path, sizeof path - 1);
    show("exe does not end in link %d", strcmp(base(path), "link") != 0);
    char *comm = slurp("/proc/self/comm", 0);
    show("comm %s", comm);
    return 0;
}
static void put_file(const char *name, const char *text, int mode) {
    int fd = must(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700));
    write(fd, text, strlen(text));
    must(fchmod(fd, mode));
    close(fd);
}
CASE(scripts) {
    char line[5000];
    snprintf(line, sizeof line, "#!%s @args\n", self);
    put_file("s1", line, 0755);
    char *argv[] = {"zero", "one", "two", 0}, *env[] = {"E=1", 0};
#define TRY(path)                                                              \
    do {                                                                       \
        pid_t child = must(fork());                                            \
        if (!child) {                                                          \
            execve(path, argv, env);                                           \
            show("%s: %s", path, errname(errno));                              \
            _exit(44);                                                         \
        }                                                                      \
        show_status(path, reap(child));                                        \
    } while (0)
    TRY("./s1");
    snprintf(line, sizeof line, "#! \t %s   @args with spaces  \t\nrest", self);
    put_file("s2", line, 0755);
    TRY("./s2");
    put_file("s3", "#!./s1\n", 0755);
    TRY("./s3");
    put_file("s4", "#!./s3 arg\n", 0755);
    TRY("./s4");
    put_file("s5", "#!./s4\n", 0755);
    TRY("./s5");
    put_file("s6", "#!./s5\n", 0755);
    TRY("./s6");
    put_file("s7", "#!./s6\n", 0755);
    TRY("./s7");
    put_file("loop", "#!./loop\n", 0755);
    TRY("./loop");
    put_file("empty", "#!\n", 0755);
    TRY("./empty");
    put_file("blank", "#!   \n", 0755);
    TRY("./blank");
    put_file("missing", "#!/none/such\n", 0755);
    TRY("./missing");
    put_file("dir", "#!/tmp\n", 0755);
    TRY("./dir");
    put_file("text", "echo hello\n", 0755);
    TRY("./text");
    put_file("zero", "", 0755);
    TRY("./zero");
    put_file("cr", "#!/bin/sh\r\necho x\n", 0755);
    TRY("./cr");
    // No newline: the line ends with the file.
    snprintf(line, sizeof line, "#!%s @args", self);
    put_file("open", line, 0755);
    TRY("./open");
    // Longer than the kernel reads: an argument is cut, a path is refused.
    memset(line, 'x', sizeof line);
    int n = snprintf(line, sizeof line, "#!/bin/echo ");
    line[n] = 'y';
    line[400] = '\n';
    line[401] = 0;
    put_file("long", line, 0755);
    TRY("./long");
    memset(line, 'x', sizeof line);
    memcpy(line, "#!/", 3);
    line[400] = '\n';
    line[401] = 0;
    put_file("longpath", line, 0755);
    TRY("./longpath");
    put_file("sh", "#!/bin/sh\necho script $0 $1 $#; exit 9\n", 0755);
    TRY("./sh");
    must(mkdir("sub", 0700));
    must(symlink("../sh", "sub/link"));
    TRY("sub/link");
    put_file("noexec", "#!/bin/sh\n", 0644);
    TRY("./noexec");
    put_file("itself", "#!./noexec\n", 0755);
    TRY("./itself");
}
HELPER(script_proc) {
    size_t size;
    char *text = slurp("/proc/self/cmdline", &size);
    show_zeros("cmdline after the interpreter", text + strlen(argv[0]), size - strlen(argv[0]));
    text = slurp("/proc/self/comm", 0);
    show("comm %s", text);
    show("execfn %s", (char *)getauxval(AT_EXECFN));
    char path[4096] = "";
    readlink("/proc/self/exe", path, sizeof path - 1);
    show("exe is the interpreter %d", !strcmp(path, argv[0]));
    return 0;
}
CASE(script_names) {
    char line[5000];
    snprintf(line, sizeof line, "#!%s @script_proc\n", self);
    put_file("a-script-with-a-long-name", line, 0755);
    char *argv[] = {"zero", "one", 0};
    IN_CHILD("script", execve("./a-script-with-a-long-name", argv, environ));
    int fd = must(open("a-script-with-a-long-name", O_RDONLY));
    IN_CHILD("by descriptor", { syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH); show("%s", errname(errno)); });
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    IN_CHILD("closed on exec", { syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH); show("%s", errname(errno)); });
}
CASE(execveat) {
    char *argv[] = {(char *)self, "@args", "x", 0}, *env[] = {0};
    int fd = must(open(self, O_RDONLY | O_CLOEXEC)), path_fd = must(open(self, O_PATH));
    IN_CHILD("descriptor", syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH));
    IN_CHILD("path descriptor", syscall(SYS_execveat, path_fd, "", argv, env, AT_EMPTY_PATH));
    IN_CHILD("no flag", { R(syscall(SYS_execveat, fd, "", argv, env, 0)); });
    IN_CHILD("bad descriptor", { R(syscall(SYS_execveat, 999, "", argv, env, AT_EMPTY_PATH)); });
    IN_CHILD("bad flags", { R(syscall(SYS_execveat, fd, "", argv, env, 0x10000000)); });
    char folder[4096];
    strcpy(folder, self);
    *strrchr(folder, '/') = 0;
    int dir = must(open(folder, O_RDONLY | O_DIRECTORY));
    IN_CHILD("relative to a folder", syscall(SYS_execveat, dir, base(self), argv, env, 0));
    IN_CHILD("absolute", syscall(SYS_execveat, 999, self, argv, env, 0));
    must(symlink(self, "link"));
    IN_CHILD("link refused", { R(syscall(SYS_execveat, AT_FDCWD, "link", argv, env, AT_SYMLINK_NOFOLLOW)); });
    IN_CHILD("link followed", syscall(SYS_execveat, AT_FDCWD, "link", argv, env, 0));
    IN_CHILD("fexecve", fexecve(fd, argv, env));
    IN_CHILD("through /proc", { char p[40]; snprintf(p, 40, "/proc/self/fd/%d", fd); execve(p, argv, env); });
    IN_CHILD("through /proc/self/exe", execve("/proc/self/exe", argv, env));
    int dirfd = must(open("/tmp", O_RDONLY));
    IN_CHILD("folder", { R(syscall(SYS_execveat, dirfd, "", argv, env, AT_EMPTY_PATH)); });
    // A memory file.
    int m = must(memfd_create("image", MFD_CLOEXEC));
    char block[65536];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0) must(write(m, block, got));
    IN_CHILD("memory file", { R(fexecve(m, argv, env)); });
    char p[64];
    snprintf(p, sizeof p, "/proc/self/fd/%d", m);
    int ro = must(open(p, O_RDONLY | O_CLOEXEC));
    close(m);
    IN_CHILD("memory file, not open for writing", fexecve(ro, argv, env));
}
CASE(errors) {
    char *argv[] = {"x", 0}, *env[] = {0};
    must(mkdir("folder", 0755));
    put_file("plain", "\177ELF", 0644);
    put_file("garbage", "\177ELFgarbage that is longer than a header would be, in order to be read in full, and on", 0755);
    put_file("shorty", "\177ELF", 0755);
    must(symlink("loop2", "loop1"));
    must(symlink("loop1", "loop2"));
    must(mkfifo("fifo", 0755));
    char longname[300], longpath[5000];
    memset(longname, 'n', 299);
    longname[299] = 0;
    memset(longpath, '/', 4999);
    longpath[4999] = 0;
#define ERR(path)                                                              \
    do {                                                                       \
        errno = 0;                                                             \
        execve(path, argv, env);                                               \
        show("%.40s: %s", path, errname(errno));                               \
    } while (0)
    ERR("none");
    ERR("");
    ERR("folder");
    ERR("plain");
    ERR("garbage");
    ERR("shorty");
    ERR("plain/x");
    ERR("none/x");
    ERR("loop1");
    ERR("loop1/x");
    ERR("fifo");
    ERR("/dev/null");
    ERR("/proc/self/mem");
    ERR("/proc/version");
    ERR(longname);
    ERR(longpath);
    ERR("/");
    // Being written to.
    put_file("busy", "#!/bin/true\n", 0755);
    int fd = must(open("busy", O_WRONLY));
    ERR("./busy");
    close(fd);
    // Too much to pass on.
    static char *huge[200002];
    for (int i = 0; i < 200000; i++) huge[i] = "0123456789012345678901234567890123456789";
    errno = 0;
    execve("/bin/true", huge, env);
    show("many arguments: %s", errname(errno));
    char *one = malloc(200000);
    memset(one, 'a', 199999);
    one[199999] = 0;
    char *two[] = {"x", one, 0};
    errno = 0;
    execve("/bin/true", two, env);
    show("a long argument: %s", errname(errno));
    one[131071] = 0;
    IN_CHILD("the longest argument", execve("/bin/true", two, env));
    one[131071] = 'a';
    one[131072] = 0;
    IN_CHILD("one more", { execve("/bin/true", two, env); show("%s", errname(errno)); });
    IN_CHILD("many fit", { huge[20000] = 0; execve("/bin/true", huge, env); });
}
CASE(busy) {
    // A running program's file cannot be written, while it runs.
    char copy[] = "copy", block[65536];
    int in = must(open(self, O_RDONLY)), out = must(open(copy, O_WRONLY | O_CREAT, 0755));
    ssize_t got;
    while ((got = read(in, block, sizeof block)) > 0) must(write(out, block, got));
    char *argv[] = {"x", 0}, *env[] = {0};
    ERR("./copy");
    close(out);
    int p[2], q[2];
    must(pipe(p));
    must(pipe(q));
    pid_t child = must(fork());
    if (!child) {
        char i[10], o[10];
        snprintf(i, 10, "%d", q[0]);
        snprintf(o, 10, "%d", p[1]);
        execl("./copy", "copy", "@wait", i, o, (char *)0);
    }
    char c;
    read(p[0], &c, 1);
    R(open(copy, O_WRONLY));
    R(truncate(copy, 10));
    check(open(copy, O_RDONLY) > 0, "readable");
    write(q[1], "x", 1);
    reap(child);
    check(open(copy, O_WRONLY) > 0, "writable again");
}
CASE(no_permission) {
    if (getuid()) skip("not root");
    put_file("secret", "#!/bin/sh\n", 0600);
    must(mkdir("closed", 0700));
    put_file("closed/x", "#!/bin/sh\n", 0755);
    char here[4096];
    IN_CHILD("as nobody", {
        must(chmod(".", 0755));
        getcwd(here, sizeof here);
        must(setgid(65534));
        must(setuid(65534));
        char *argv[] = {"x", 0}, *env[] = {0};
        ERR("secret");
        ERR("closed/x");
        ERR("/bin/none");
        argv[0] = "true";
        execve("/bin/true", argv, (char *[]){0});
        show("%s", errname(errno));
    });
}
static void copy_self(const char *name, int mode) {
    int in = must(open(self, O_RDONLY)), out = must(open(name, O_WRONLY | O_CREAT, 0700));
    char block[65536];
    ssize_t got;
    while ((got = read(in, block, sizeof block)) > 0) must(write(out, block, got));
    close(in);
    close(out);
    must(chmod(".", 0755));
    must(chmod(name, mode));
}
// Readable by its owner only, executable by all.
CASE(execute_only) {
    if (getuid()) skip("not root");
    copy_self("execonly", 0711);
    IN_CHILD("execute only", {
        must(setgid(65534));
        must(setuid(65534));
        R(open("execonly", O_RDONLY));
        execl("./execonly", "execonly", "@ids", (char *)0);
        show("%s", errname(errno));
    });
}
CASE(set_id) {
    if (getuid()) skip("not root");
    copy_self("execonly", 0755);
    must(chmod("execonly", 04755));
    must(chown("execonly", 65534, 65534));
    must(chmod("execonly", 06755));
    IN_CHILD("set-id", execl("./execonly", "execonly", "@ids", (char *)0));
    IN_CHILD("set-id with no_new_privs", {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        execl("./execonly", "execonly", "@ids", (char *)0);
    });
}
HELPER(ids) {
    uid_t r, e, s;
    getresuid(&r, &e, &s);
    show("uid %d %d %d", r, e, s);
    getresgid(&r, &e, &s);
    show("gid %d %d %d secure %ld", r, e, s, getauxval(AT_SECURE));
    show("dumpable %d", prctl(PR_GET_DUMPABLE));
    return 0;
}
// What stays and what goes.
HELPER(state) {
    int fd = atoi(argv[2]), closed = atoi(argv[3]);
    show("kept %d closed %d", fcntl(fd, F_GETFD), fcntl(closed, F_GETFD));
    show("umask %o", umask(0));
    char cwd[4096];
    check(getcwd(cwd, sizeof cwd) && !strcmp(base(cwd), "sub"), "cwd");
    struct itimerval t;
    getitimer(ITIMER_REAL, &t);
    check(t.it_value.tv_sec > 50, "alarm stays");
    timer_t posix = 0;
    struct itimerspec s;
    R(timer_gettime(posix, &s));
    show("nice %d", getpriority(PRIO_PROCESS, 0));
    char name[17] = "";
    prctl(PR_GET_NAME, name);
    check(!strncmp(name, base(self), 15), "name is new");
    int sig;
    prctl(PR_GET_PDEATHSIG, &sig);
    show("pdeathsig %d keepcaps %d dumpable %d", sig, prctl(PR_GET_KEEPCAPS), prctl(PR_GET_DUMPABLE));
    struct rlimit l;
    getrlimit(RLIMIT_STACK, &l);
    show("stack limit %ld", l.rlim_cur);
    show("clear tid is gone %d", syscall(SYS_set_tid_address, 0) == gettid());
    check(getpid() == atoi(argv[4]), "same process");
    return 0;
}
CASE(state) {
    must(mkdir("sub", 0700));
    must(chdir("sub"));
    int kept = must(dup(0)), closed = must(open("/dev/null", O_RDONLY | O_CLOEXEC));
    umask(027);
    alarm(100);
    timer_t timer;
    must(timer_create(CLOCK_MONOTONIC, 0, &timer));
    nice(3);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    prctl(PR_SET_NAME, "other");
    prctl(PR_SET_KEEPCAPS, 1);
    prctl(PR_SET_DUMPABLE, 0);
    struct rlimit l = {1 << 20, RLIM_INFINITY};
    setrlimit(RLIMIT_STACK, &l);
    char a[12], b[12], c[12];
    snprintf(a, 12, "%d", kept);
    snprintf(b, 12, "%d", closed);
    snprintf(c, 12, "%d", getpid());
    execl(self, self, "@state", a, b, c, (char *)0);
}
// From a thread that is not the first, with others running: all others end, the id stays.
HELPER(after_threads) {
    check(getpid() == atoi(argv[2]) && gettid() == getpid(), "the process's id");
    char *status = slurp("/proc/self/status", 0);
    show("one thread %d", find(status, "Threads:\t1\n"));
    return 21;
}
static void *runner(void *arg) {
    for (;;) {
        getppid();
        close(-1);
    }
    return 0;
}
static char pid_text[12];
static void *executor(void *arg) {
    sleep_us(3000);
    execl(self, self, "@after_threads", pid_text, (char *)0);
    _exit(1);
}
CASE(in_threads) {
    for (int round = 0; round < 4; round++)
        IN_CHILD("exec by a thread", {
            snprintf(pid_text, 12, "%d", getpid());
            pthread_t t;
            for (int i = 0; i < 4; i++) pthread_create(&t, 0, runner, 0);
            pthread_create(&t, 0, executor, 0);
            for (;;) pause();
        });
    IN_CHILD("exec by the first thread", {
        snprintf(pid_text, 12, "%d", getpid());
        pthread_t t;
        for (int i = 0; i < 4; i++) pthread_create(&t, 0, runner, 0);
        executor(0);
    });
    IN_CHILD("two threads at once", {
        snprintf(pid_text, 12, "%d", getpid());
        pthread_t t;
        pthread_create(&t, 0, executor, 0);
        executor(0);
    });
    IN_CHILD("failed exec keeps the threads", {
        pthread_t t;
        atomic_int ticks = 0;
        void *ticker(void *a) { for (;;) { ++*(atomic_int *)a; getppid(); } return 0; }
        pthread_create(&t, 0, ticker, &ticks);
        execl("/none", "none", (char *)0);
        int seen = ticks;
        while (ticks < seen + 100) sleep_us(200);
        _exit(errno == ENOENT ? 5 : 6);
    });
}
CASE(chain) {
    // A program that execs itself many times.
    IN_CHILD("chain", execl(self, self, "@again", "60", (char *)0));
}
HELPER(again) {
    int left = atoi(argv[2]);
    if (!left) return 17;
    char text[12];
    snprintf(text, 12, "%d", left - 1);
    // No descriptor may be left open by an exec.
    int fd = dup(0);
    if (fd > 10) return 99;
    close(fd);
    execl(self, self, "@again", text, (char *)0);
    return 1;
}
CASE(shell) {
    static const char *lines[] = {
        "echo a | cat | tr a b", "exit 3", "kill -TERM $$", "(exit 4) || echo $?", "true && echo yes", "/none/such; echo $?",
        "exec /bin/echo replaced", "x=$(echo sub); echo $x", "cat <<EOF\nhere\nEOF", "echo to stderr >&2; echo $?",
        "trap 'echo trapped' USR1; kill -USR1 $$; echo after", "for i in 1 2 3; do echo $i; done | sort -r | head -2",
        "sleep 0.05 & wait $!; echo $?", "(kill -9 $(sh -c 'echo $PPID')); echo $?", "ulimit -n 64; ls / >/dev/null; echo $?",
        "cd /; pwd; ls -d /tmp", "read x < /proc/self/comm; echo $x", "set -- a b c; echo $# $3",
    };
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        pid_t child = must(fork());
        if (!child) {
            execl("/bin/sh", "sh", "-c", lines[i], (char *)0);
            _exit(99);
        }
        show_status(lines[i], reap(child));
    }
}

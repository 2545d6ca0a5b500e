//! Past the brand: copies of its image that have a program's rights, executed with a forged start.
//! variants: static
//! flags: -Wno-unused-function
//! What comes of it is what comes of it natively, where there is nothing to forge: nothing.
#include "../escape/way.h"
#include "guest.h"
#include <grp.h>
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

enum { OWNER = 1001, USER = 1003 };
// The row of the brand's descriptors, the copy for `program`, and descriptors of both programs.
static int row = -1, copy_fd = -1, program = -1, evil = -1;
static char here[4000];

// In the program that is not to get the rights, the first letter is another.
static volatile char mark[] = "the program with rights";

static void make_evil(const char *name) {
    static char text[4 << 20];
    int fd = must(open(name, O_RDWR));
    ssize_t size = must(read(fd, text, sizeof text));
    // Not the copy of these words in the code.
    char words[sizeof mark];
    for (unsigned i = 0; i < sizeof mark; i++) words[i] = mark[i];
    char *at = memmem(text, size, words, sizeof words);
    if (!at) show("BAD no mark");
    must(pwrite(fd, "T", 1, at - text));
    close(fd);
}
static void make(const char *name, int owner, int mode) {
    int in = must(open("/proc/self/exe", O_RDONLY)), out = must(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    struct stat stat;
    must(fstat(in, &stat));
    for (off_t at = 0; at < stat.st_size;) must(sendfile(out, in, &at, stat.st_size));
    must(fchown(out, owner, owner));
    must(fchmod(out, mode));
    close(in);
    close(out);
}
// Tells whose rights the process has, if it is one that was not to get any.
HELPER(evil) {
    if (mark[0] == 'T' && geteuid() == OWNER) show("BAD it has the owner's rights");
    return 0;
}
HELPER(honest) {
    show("uid %d %d secure %ld arg %s", getuid(), geteuid(), getauxval(AT_SECURE), argv[2]);
    return 0;
}
static long call(long nr, long a, long b, long c, long d, long e) { return jump(nr, a, b, c, d, e, 0); }

static void find_row(void) {
    for (int fd = 3; fd < 4096 && row < 0; fd++) {
        char path[64], link[64] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        long size = call(SYS_readlinkat, AT_FDCWD, (long)path, (long)link, sizeof link - 1, 0);
        if (size > 0 && !strncmp(link, "/memfd:lx", 9)) row = fd;
    }
}
// What a brand asks zsched for.
static int ask(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) return -1;
    char text[40] = {'L', 'X', 'Z', 2, 4}, answer[8];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control = {0};
    struct iovec part = {text, sizeof text};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = CMSG_LEN(2 * sizeof(int))};
    control.head = (struct cmsghdr){CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    int fds[2] = {ends[1], program}, got = -1;
    memcpy(CMSG_DATA(&control.head), fds, sizeof fds);
    if (call(SYS_sendmsg, row + 3, (long)&message, MSG_NOSIGNAL, 0, 0) < 0) return -1;
    close(ends[1]);
    part = (struct iovec){answer, sizeof answer};
    message.msg_controllen = sizeof control;
    if (call(SYS_recvmsg, ends[0], (long)&message, 0, 0, 0) == 8 && message.msg_controllen)
        memcpy(&got, CMSG_DATA(&control.head), sizeof got);
    close(ends[0]);
    return got;
}
static void become(void) {
    must(setgroups(0, 0));
    must(setresgid(USER, USER, USER));
    must(setresuid(USER, USER, USER));
}
struct forgery {
    const char *label, *more, *exe, *fn;
    int first, given;
};
// Executes the copy past the brand.
static void start(const struct forgery *f, const char *helper) {
    char hand_over[9000];
    snprintf(hand_over, sizeof hand_over, "\x01LX1;image=%x;proc=%x;program=%x;%sexe=%zx:%s;fn=%s", f->first,
             f->first + 1, f->given, f->more, strlen(f->exe), f->exe, f->fn);
    char *argv[] = {"program", (char *)helper, "forged", 0}, *env[] = {"A=1", hand_over, 0};
    char *none[] = {"A=1", 0};
    call(SYS_execveat, copy_fd, (long)"", (long)argv, (long)(f->label ? env : none), AT_EMPTY_PATH);
    _exit(1);
}
static void attempt(const struct forgery *f, const char *label) {
    // What it says of itself, and not how it ends, is what counts.
    pid_t child = must(fork());
    if (!child) start(f, "@evil");
    reap(child);
    show("%s", label);
}
// A copy of the brand's descriptors with another one among them.
static int row_with(int place, int fd) {
    static int next = 200;
    int first = next;
    next += 10;
    for (int i = 0; i < 4; i++) call(SYS_dup2, i == place ? fd : row + i, first + i, 0, 0, 0);
    return first;
}
CASE(forged) {
    if (getuid()) skip("not root");
    must(chmod("..", 0755));
    must(chmod(".", 0755));
    must((long)getcwd(here, sizeof here));
    make("program", OWNER, 04755);
    make("evil", USER, 0755);
    make_evil("evil");
    char exe[4100], evil_exe[4100];
    snprintf(exe, sizeof exe, "%s/program", here);
    snprintf(evil_exe, sizeof evil_exe, "%s/evil", here);
    int tell[2];
    must(pipe(tell));
    pid_t child = must(fork());
    if (!child) {
        become();
        program = must(open("program", O_RDONLY));
        evil = must(open("evil", O_RDONLY));
        instruction = find_instruction();
        if (instruction) {
            find_row();
            copy_fd = ask();
            if (row < 0 || copy_fd < 0) show("BAD no copy: row %d", row);
        }
        int forge = instruction != 0, memory = memfd_create("lx", 0), sockets[2];
        must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
        int folder = must(open(".", O_RDONLY)), proc = must(open("/proc", O_RDONLY));
        struct forgery f = {"", "", exe, exe, row, program}, g;
#define ATTEMPT(label, ...)                                                                        \
    do {                                                                                           \
        g = f;                                                                                     \
        if (forge) {                                                                               \
            __VA_ARGS__;                                                                           \
            attempt(&g, label);                                                                    \
        } else show("%s", label);                                                                  \
    } while (0)
        ATTEMPT("no hand-over", g.label = 0);
        ATTEMPT("another program", g.given = evil; g.exe = g.fn = evil_exe);
        ATTEMPT("another program under the name", g.given = evil);
        ATTEMPT("another name", g.exe = "/native/bin/sh");
        ATTEMPT("to be looked up", g.more = "resolve=1;"; g.exe = g.fn = evil_exe; g.given = evil);
        ATTEMPT("to be looked up as well", g.more = "resolve=1;"; g.fn = evil_exe);
        ATTEMPT("another image", g.first = row_with(0, evil));
        ATTEMPT("an image in memory", g.first = row_with(0, memory));
        ATTEMPT("a folder as /proc", g.first = row_with(1, folder));
        ATTEMPT("another /proc", g.first = row_with(1, proc));
        ATTEMPT("other facts", g.first = row_with(2, memory));
        ATTEMPT("another socket", g.first = row_with(3, sockets[0]));
        ATTEMPT("a row at the standard descriptors", {
            for (int i = 0; i < 4; i++) call(SYS_dup2, row + i, 300 + i, 0, 0, 0);
            g.first = -1;
        });
        ATTEMPT("no calls caught", g.more = "mode=2;"; g.given = evil; g.exe = g.fn = evil_exe);
        ATTEMPT("another interpreter", g.more = "interp=c8;"; call(SYS_dup2, evil, 200, 0, 0, 0));
        ATTEMPT("a copy for itself", g.given = copy_fd; g.exe = g.fn = "/dev/memfd:lx-1");
        // By itself it is the program, with its rights, as any exec of it.
        child = must(fork());
        if (!child && forge) start(&f, "@honest");
        if (!child) execl("./program", "program", "@honest", "forged", (char *)0);
        show_status("as it should be", reap(child));
        // Root takes the rights away: what was made of the program before is worth nothing.
        must(write(tell[1], "x", 1));
        close(tell[1]);
        while (access("taken", F_OK)) sleep_us(1000);
        ATTEMPT("rights that it had before", (void)0);
        _exit(0);
    }
    close(tell[1]);
    char byte;
    must(read(tell[0], &byte, 1));
    must(chmod("program", 0755));
    close(must(open("taken", O_CREAT | O_WRONLY, 0644)));
    show_status("end", reap(child));
}

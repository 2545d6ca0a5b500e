//! Terminals: a session on a pty, foreground and background groups, stops, hang-ups, signals
//! from keys.
#include "guest.h"
#include <dirent.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static void set(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(number, &action, 0);
}
// Runs `body` as the leader of a session on a fresh pty and shows how it ends.
#define SESSION(label, ...)                                                    \
    do {                                                                       \
        must(openpty(&master, &slave, 0, 0, 0));                               \
        pid_t leader_ = must(fork());                                          \
        if (!leader_) {                                                        \
            must(setsid());                                                    \
            must(ioctl(slave, TIOCSCTTY, 0));                                  \
            __VA_ARGS__;                                                       \
            _exit(0);                                                          \
        }                                                                      \
        show_status(label, reap(leader_));                                     \
        close(master);                                                         \
        close(slave);                                                          \
    } while (0)
static volatile int got;
static void note(int number) { got = number; }

CASE(attributes) {
    must(openpty(&master, &slave, 0, 0, 0));
    struct termios t;
    R(tcgetattr(slave, &t));
    show("%x %x %x %x", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    cfmakeraw(&t);
    R(tcsetattr(slave, TCSANOW, &t));
    R(tcgetattr(slave, &t));
    show("%x %x %x %x", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    struct winsize w = {24, 80, 1, 2};
    R(ioctl(slave, TIOCSWINSZ, &w));
    memset(&w, 0, sizeof w);
    R(ioctl(master, TIOCGWINSZ, &w));
    show("%d %d %d %d", w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
    R(isatty(slave));
    R(isatty(0));
    R(tcgetattr(0, &t));
    R(write(master, "abc", 3));
    int n = 0;
    // A worker of the kernel carries the bytes over.
    for (int i = 0; i < 2000 && n < 3; i++) {
        ioctl(slave, FIONREAD, &n);
        sleep_us(500);
    }
    show("%d", n);
    R(tcflush(slave, TCIFLUSH));
    R(ioctl(slave, FIONREAD, &n));
    show("%d", n);
    R(ioctl(slave, TIOCGPGRP, &n));
    R(ioctl(slave, 0x12345678, 0));
    R(ioctl(slave, TIOCGWINSZ, 8));
    R(tcsendbreak(slave, 0));
    R(tcdrain(slave));
    char name[100];
    R(ttyname_r(slave, name, 100) == 0 && strncmp(name, "/dev/pts/", 9) == 0);
    show("%d", open("/dev/tty", O_RDWR) < 0);
}
CASE(keys) {
    SESSION("interrupt", {
        set(SIGINT, note);
        set(SIGQUIT, note);
        char c;
        pid_t reader = getpid(), typist = must(fork());
        if (!typist) {
            set(SIGINT, SIG_IGN);
            until_asleep(reader, 0);
            write(master, "\x03", 1);
            _exit(0);
        }
        ssize_t r = read(slave, &c, 1);
        show("read %zd %s got %d", r, errname(errno), got);
        reap(typist);
        write(master, "\x1c", 1);
        while (got != SIGQUIT) sleep_us(200);
        show("got %d", got);
    });
    SESSION("end of file", {
        char c;
        write(master, "ab\x04", 3);
        char t[10] = "";
        R(read(slave, t, 9));
        write(master, "\x04", 1);
        R(read(slave, &c, 1));
    });
    SESSION("killed by a key", {
        write(master, "\x03", 1);
        for (;;) pause();
    });
}
CASE(foreground) {
    SESSION("leader", {
        check(tcgetpgrp(slave) == getpid() && tcgetsid(slave) == getpid(), "own group is in front");
        pid_t child = must(fork());
        if (!child) {
            setpgid(0, 0);
            char c;
            read(slave, &c, 1); // stopped here
            _exit(c);
        }
        setpgid(child, child);
        int status;
        must(waitpid(child, &status, WUNTRACED));
        show_status("background read", status);
        write(master, "x\n", 2);
        R(tcsetpgrp(slave, child));
        kill(child, SIGCONT);
        R(waitpid(child, &status, 0) == child);
        show_status("in front", status);
        // Now this group is in the background.
        set(SIGTTOU, SIG_IGN);
        R(tcsetpgrp(slave, getpid()));
        set(SIGTTOU, SIG_DFL);
        check(tcgetpgrp(slave) == getpid(), "back in front");
        R(tcsetpgrp(slave, 99999999));
        R(tcsetpgrp(0, getpid()));
    });
    SESSION("background write", {
        struct termios t;
        tcgetattr(slave, &t);
        t.c_lflag |= TOSTOP;
        tcsetattr(slave, TCSANOW, &t);
        pid_t child = must(fork());
        if (!child) {
            setpgid(0, 0);
            write(slave, "x", 1);
            _exit(3);
        }
        setpgid(child, child);
        int status;
        must(waitpid(child, &status, WUNTRACED));
        show_status("stopped", status);
        t.c_lflag &= ~TOSTOP;
        tcsetattr(slave, TCSANOW, &t);
        kill(child, SIGCONT);
        show_status("goes on", reap(child));
        // Blocked or ignored, a background read is an error.
        child = must(fork());
        if (!child) {
            setpgid(0, 0);
            set(SIGTTIN, SIG_IGN);
            char c;
            R(read(slave, &c, 1));
            set(SIGTTIN, note);
            R(read(slave, &c, 1));
            show("got %d", got);
            _exit(4);
        }
        setpgid(child, child);
        show_status("ignored", reap(child));
    });
}
CASE(suspend_key) {
    SESSION("leader", {
        int p[2];
        char c;
        must(pipe(p));
        pid_t child = must(fork());
        if (!child) {
            setpgid(0, 0);
            set(SIGCONT, note);
            write(p[1], "r", 1);
            while (!got) {
                struct timespec t = {0, 2000000};
                nanosleep(&t, 0);
            }
            _exit(got);
        }
        setpgid(child, child);
        read(p[0], &c, 1);
        set(SIGTTOU, SIG_IGN);
        R(tcsetpgrp(slave, child));
        int status;
        write(master, "\x1a", 1);
        must(waitpid(child, &status, WUNTRACED));
        show_status("suspended", status);
        kill(-child, SIGCONT);
        show_status("continued", reap(child));
    });
}
CASE(hang_up) {
    int p[2];
    must(pipe(p));
    must(openpty(&master, &slave, 0, 0, 0));
    pid_t leader = must(fork());
    if (!leader) {
        close(master);
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        set(SIGHUP, note);
        write(p[1], "r", 1);
        while (!got) {
            struct timespec t = {0, 2000000};
            nanosleep(&t, 0);
        }
        char c;
        R(read(slave, &c, 1));
        R(write(slave, &c, 1));
        _exit(got);
    }
    close(slave);
    char c;
    read(p[0], &c, 1);
    close(master);
    show_status("leader", reap(leader));
    // The leader's end hangs up its foreground group.
    SESSION("dying leader", {
        pid_t child = must(fork());
        if (!child) {
            set(SIGHUP, note);
            write(p[1], "r", 1);
            while (!got) {
                struct timespec t = {0, 2000000};
                nanosleep(&t, 0);
            }
            c = got;
            write(p[1], &c, 1);
            _exit(0);
        }
        read(p[0], &c, 1);
    });
    read(p[0], &c, 1);
    show("group got %d", c);
}
CASE(window_change) {
    SESSION("leader", {
        set(SIGWINCH, note);
        struct winsize w = {30, 100, 0, 0};
        ioctl(master, TIOCSWINSZ, &w);
        while (!got) sleep_us(200);
        show("got %d", got);
        R(ioctl(slave, TIOCNOTTY, 0));
        R(open("/dev/tty", O_RDWR));
    });
}
static int lists(const char *number) {
    DIR *directory = opendir("/dev/pts");
    int found = 0;
    for (struct dirent *d; directory && (d = readdir(directory));)
        found |= !strcmp(d->d_name, number);
    if (directory) closedir(directory);
    return found;
}
// Whoever knows the name opens a terminal, and never another one by it.
CASE(by_name) {
    char name[64], link[64], got[64] = "";
    master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
    must(ptsname_r(master, name, sizeof name));
    R(open(name, O_RDWR | O_NOCTTY)); // still locked
    R(unlockpt(master));
    struct pollfd p = {master, POLLIN, 0};
    R(poll(&p, 1, 0));
    struct stat made, opened;
    R(stat(name, &made));
    show("%o %d", made.st_mode & S_IFMT, made.st_uid == geteuid());
    R(access(name, R_OK | W_OK));
    check(lists(strrchr(name, '/') + 1), "listed");
    check(lists("ptmx"), "ptmx listed");
    pid_t child = must(fork());
    if (!child) {
        close(master);
        must(setsid());
        must(chdir("/dev/pts"));
        slave = R(open(strrchr(name, '/') + 1, O_RDWR)) < 0 ? -1 : must(open(name, O_RDWR));
        must(fstat(slave, &opened));
        check(opened.st_rdev == made.st_rdev, "the same terminal");
        // It is the controlling one now.
        int own = must(open("/dev/tty", O_RDWR));
        check(tcgetsid(own) == getpid(), "own session");
        R(isatty(own));
        snprintf(link, sizeof link, "/proc/self/fd/%d", slave);
        R(readlink(link, got, sizeof got - 1) == (ssize_t)strlen(name));
        check(!strcmp(got, name), "its name");
        R(fchmod(slave, 0600));
        R(write(own, "out", 3));
        R(open("999999", O_RDWR));
        R(open("00", O_RDWR));
        _exit(0);
    }
    show_status("child", reap(child));
    R(stat(name, &made));
    show("%o", made.st_mode & 0777);
    slave = R(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY)) < 0 ? -1 : slave;
    // Gone with its master, while the other side is still open.
    int file = must(open(name, O_RDWR | O_NOCTTY)), held = must(open(name, O_PATH));
    close(master);
    R(open(name, O_RDWR | O_NOCTTY));
    check(!lists(strrchr(name, '/') + 1), "no longer listed");
    char c;
    R(read(file, &c, 1));
    close(file);
    snprintf(link, sizeof link, "/proc/self/fd/%d", held);
    R(open(link, O_RDWR | O_NOCTTY));
}
CASE(shell) {
    SESSION("job control in a shell", {
        dup2(slave, 0);
        dup2(slave, 2);
        execl("/bin/bash", "bash", "--norc", "-c",
              "set -m; sleep 0.05 & wait; jobs; (kill -STOP $BASHPID; exit 3) & sleep 0.1; jobs -s | wc -l; kill -CONT %1; wait %1; echo $?", (char *)0);
    });
}

/* Operations of one thread: identity, time, files, memory, readiness, signals. */
#define _GNU_SOURCE
#include "lxbench.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, DIR_ENTRIES = 20, MAP_LEN = 65536 };

static int fd = -1, pair[2], ready_fd;
static char buf[BLOCK];
static char path[512];

#define REPEAT for (long i_ = 0; i_ < n; i_++)

static void close_fd(void)
{
	close(fd);
}

static void close_pair(void)
{
	close(pair[0]);
	close(pair[1]);
}

/* A file of one block in the work directory, its name in `path`. */
static void make_file(void)
{
	snprintf(path, sizeof path, "%s", in_dir("file"));
	fd = open(path, O_RDWR | O_CREAT, 0600);
	need(fd >= 0 && write(fd, buf, BLOCK) == BLOCK, "file");
}

static void open_zero(void)
{
	need((fd = open("/dev/zero", O_RDONLY)) >= 0, "/dev/zero");
}

static void open_null(void)
{
	need((fd = open("/dev/null", O_WRONLY)) >= 0, "/dev/null");
}

static void getpid_(long n) { REPEAT syscall(SYS_getpid); }
static void gettid_(long n) { REPEAT syscall(SYS_gettid); }
static void getppid_(long n) { REPEAT syscall(SYS_getppid); }
static void getuid_(long n) { REPEAT syscall(SYS_getuid); }

static void clock_call(long n)
{
	struct timespec t;
	REPEAT syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
}

static void clock_vdso(long n)
{
	struct timespec t;
	REPEAT clock_gettime(CLOCK_MONOTONIC, &t);
}

static void read1_zero(long n) { REPEAT need(read(fd, buf, 1) == 1, "read"); }
static void read4k_zero(long n) { REPEAT need(read(fd, buf, BLOCK) == BLOCK, "read"); }
static void write1_null(long n) { REPEAT need(write(fd, buf, 1) == 1, "write"); }
static void write4k_null(long n) { REPEAT need(write(fd, buf, BLOCK) == BLOCK, "write"); }
static void pread1_file(long n) { REPEAT need(pread(fd, buf, 1, 0) == 1, "pread"); }
static void pread4k_file(long n) { REPEAT need(pread(fd, buf, BLOCK, 0) == BLOCK, "pread"); }
static void pwrite4k_file(long n) { REPEAT need(pwrite(fd, buf, BLOCK, 0) == BLOCK, "pwrite"); }

static void fstat_(long n)
{
	struct stat s;
	REPEAT need(!fstat(fd, &s), "fstat");
}

static void stat_(long n)
{
	struct stat s;
	REPEAT need(!stat(path, &s), "stat");
}

static void open_close(long n)
{
	REPEAT {
		int f = open(path, O_RDONLY | O_CLOEXEC);
		need(f >= 0, "open");
		close(f);
	}
}

/* `real/file`, and two links to `real`: `near` says where it is from its own directory, `far` from
 * the root. */
static void make_links(void)
{
	const char *real = in_dir("real");
	need(mkdir(real, 0700) == 0, "directory");
	need(symlink("real", in_dir("near")) == 0, "link");
	need(symlink(real, in_dir("far")) == 0, "link");
	int f = open(in_dir("real/file"), O_WRONLY | O_CREAT, 0600);
	need(f >= 0, "file");
	close(f);
}

static void remove_links(void)
{
	unlink(in_dir("near"));
	unlink(in_dir("far"));
	unlink(in_dir("real/file"));
	rmdir(in_dir("real"));
}

static void stat_near(long n)
{
	struct stat s;
	const char *name = in_dir("near/file");
	REPEAT need(!stat(name, &s), "stat");
}

static void stat_far(long n)
{
	struct stat s;
	const char *name = in_dir("far/file");
	REPEAT need(!stat(name, &s), "stat");
}

static void stat_nothing(long n)
{
	struct stat s;
	const char *name = in_dir("near/nothing");
	REPEAT need(stat(name, &s) != 0, "stat");
}

static void open_close_near(long n)
{
	const char *name = in_dir("near/file");
	REPEAT {
		int f = open(name, O_RDONLY | O_CLOEXEC);
		need(f >= 0, "open");
		close(f);
	}
}

static void open_close_far(long n)
{
	const char *name = in_dir("far/file");
	REPEAT {
		int f = open(name, O_RDONLY | O_CLOEXEC);
		need(f >= 0, "open");
		close(f);
	}
}

static void make_entries(void)
{
	char name[32];
	for (int i = 0; i < DIR_ENTRIES; i++) {
		snprintf(name, sizeof name, "entry%d", i);
		int f = open(in_dir(name), O_WRONLY | O_CREAT, 0600);
		need(f >= 0, "entry");
		close(f);
	}
	need((fd = open(work_dir, O_RDONLY | O_DIRECTORY)) >= 0, "directory");
}

static void getdents_(long n)
{
	REPEAT {
		need(syscall(SYS_getdents64, fd, buf, sizeof buf) > 0, "getdents64");
		lseek(fd, 0, SEEK_SET);
	}
}

static void mmap_munmap(long n)
{
	REPEAT {
		void *p = mmap(NULL, MAP_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		need(p != MAP_FAILED, "mmap");
		munmap(p, MAP_LEN);
	}
}

static void mmap_touch(long n)
{
	REPEAT {
		char *p = mmap(NULL, MAP_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		need(p != MAP_FAILED, "mmap");
		p[0] = 1;
		munmap(p, MAP_LEN);
	}
}

static void mmap_file(long n)
{
	REPEAT {
		void *p = mmap(NULL, BLOCK, PROT_READ, MAP_PRIVATE, fd, 0);
		need(p != MAP_FAILED, "mmap");
		munmap(p, BLOCK);
	}
}

static void brk_(long n)
{
	long top = syscall(SYS_brk, 0);
	REPEAT {
		syscall(SYS_brk, top + MAP_LEN);
		syscall(SYS_brk, top);
	}
}

static void futex_wake(long n)
{
	static uint32_t word;
	REPEAT syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void make_pipe(void) { need(!pipe(pair), "pipe"); }

static void make_sockets(void)
{
	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
}

/* One byte into the one end and out of the other, by the same thread. */
static void pass_byte(long n)
{
	REPEAT {
		need(write(pair[1], buf, 1) == 1, "write");
		need(read(pair[0], buf, 1) == 1, "read");
	}
}

static void pass_4k(long n)
{
	REPEAT {
		need(write(pair[1], buf, BLOCK) == BLOCK, "write");
		need(read(pair[0], buf, BLOCK) == BLOCK, "read");
	}
}

static void make_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	ready_fd = eventfd(1, 0);
	fd = epoll_create1(0);
	need(ready_fd >= 0 && fd >= 0 && !epoll_ctl(fd, EPOLL_CTL_ADD, ready_fd, &ev), "epoll");
}

static void close_epoll(void)
{
	close(ready_fd);
	close(fd);
}

static void epoll_ready(long n)
{
	struct epoll_event ev;
	REPEAT need(epoll_wait(fd, &ev, 1, -1) == 1, "epoll_wait");
}

static void sigprocmask_(long n)
{
	sigset_t set, old;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	REPEAT {
		sigprocmask(SIG_BLOCK, &set, &old);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled = handled + 1;
}

static void catch_usr1(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	need(!sigaction(SIGUSR1, &sa, NULL), "sigaction");
}

static void ignore_usr1(void) { signal(SIGUSR1, SIG_IGN); }

static void signal_kill(long n)
{
	pid_t self = getpid();
	handled = 0;
	REPEAT kill(self, SIGUSR1);
	need(handled == n, "every signal handled");
}

static void signal_tgkill(long n)
{
	pid_t self = getpid(), thread = gettid();
	handled = 0;
	REPEAT syscall(SYS_tgkill, self, thread, SIGUSR1);
	need(handled == n, "every signal handled");
}

const struct bench call_benches[] = {
	{ "getpid", getpid_, 0, 0 },
	{ "gettid", gettid_, 0, 0 },
	{ "getppid", getppid_, 0, 0 },
	{ "getuid", getuid_, 0, 0 },
	{ "clock_gettime_call", clock_call, 0, 0 },
	{ "clock_gettime_vdso", clock_vdso, 0, 0 },
	{ "read_1_zero", read1_zero, open_zero, close_fd },
	{ "read_4k_zero", read4k_zero, open_zero, close_fd },
	{ "write_1_null", write1_null, open_null, close_fd },
	{ "write_4k_null", write4k_null, open_null, close_fd },
	{ "pread_1_file", pread1_file, make_file, close_fd },
	{ "pread_4k_file", pread4k_file, make_file, close_fd },
	{ "pwrite_4k_file", pwrite4k_file, make_file, close_fd },
	{ "fstat", fstat_, make_file, close_fd },
	{ "stat", stat_, make_file, close_fd },
	{ "open_close", open_close, make_file, close_fd },
	{ "stat_near_link", stat_near, make_links, remove_links },
	{ "stat_far_link", stat_far, make_links, remove_links },
	{ "stat_link_nothing", stat_nothing, make_links, remove_links },
	{ "open_close_near_link", open_close_near, make_links, remove_links },
	{ "open_close_far_link", open_close_far, make_links, remove_links },
	{ "getdents", getdents_, make_entries, close_fd },
	{ "mmap_munmap", mmap_munmap, 0, 0 },
	{ "mmap_touch_munmap", mmap_touch, 0, 0 },
	{ "mmap_file_munmap", mmap_file, make_file, close_fd },
	{ "brk", brk_, 0, 0 },
	{ "futex_wake", futex_wake, 0, 0 },
	{ "pipe_1", pass_byte, make_pipe, close_pair },
	{ "pipe_4k", pass_4k, make_pipe, close_pair },
	{ "socket_1", pass_byte, make_sockets, close_pair },
	{ "socket_4k", pass_4k, make_sockets, close_pair },
	{ "epoll_wait", epoll_ready, make_epoll, close_epoll },
	{ "sigprocmask", sigprocmask_, 0, 0 },
	{ "signal_kill", signal_kill, catch_usr1, ignore_usr1 },
	{ "signal_tgkill", signal_tgkill, catch_usr1, ignore_usr1 },
};
const int call_benches_len = sizeof call_benches / sizeof call_benches[0];

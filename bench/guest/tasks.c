/* Operations of several threads or processes: create, exec, wait, wake one another. */
#define _GNU_SOURCE
#include "lxbench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPEAT for (long i_ = 0; i_ < n; i_++)

extern char **environ;

static void reap(pid_t pid)
{
	int status;
	need(pid > 0, "create a process");
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	need(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child's status");
}

static void *nothing(void *arg)
{
	return arg;
}

static void thread_create_join(long n)
{
	REPEAT {
		pthread_t t;
		need(!pthread_create(&t, NULL, nothing, NULL), "pthread_create");
		pthread_join(t, NULL);
	}
}

static void fork_wait(long n)
{
	REPEAT {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		reap(pid);
	}
}

static void spawn_path(long n, const char *program)
{
	char *argv[] = { "true", NULL };
	REPEAT {
		pid_t pid = -1;
		need(!posix_spawn(&pid, program, NULL, NULL, argv, environ), "posix_spawn");
		reap(pid);
	}
}

static void fork_path(long n, const char *program)
{
	char *argv[] = { "true", NULL };
	REPEAT {
		pid_t pid = fork();
		if (pid == 0) {
			execve(program, argv, environ);
			_exit(127);
		}
		reap(pid);
	}
}

static void vfork_path(long n, const char *program)
{
	char *argv[] = { "true", NULL };
	/* The child runs on the parent's stack: the counter must not live in a register. */
	for (volatile long i = 0; i < n; i = i + 1) {
		pid_t pid = vfork();
		if (pid == 0) {
			execve(program, argv, environ);
			_exit(127);
		}
		reap(pid);
	}
}

static void posix_spawn_(long n) { spawn_path(n, true_dynamic); }
static void posix_spawn_static(long n) { spawn_path(n, true_static); }
static void fork_exec(long n) { fork_path(n, true_dynamic); }
static void fork_exec_static(long n) { fork_path(n, true_static); }
static void vfork_exec(long n) { vfork_path(n, true_dynamic); }
static void vfork_exec_static(long n) { vfork_path(n, true_static); }

/* Ping-pong of two processes: the child sends every byte back until end of file. */
static int to_child, from_child;
static pid_t partner;

static void start_partner(int child_in, int child_out, int parent_out, int parent_in)
{
	partner = fork();
	need(partner >= 0, "fork");
	if (partner == 0) {
		char c;
		close(parent_out);
		if (parent_in != parent_out)
			close(parent_in);
		while (read(child_in, &c, 1) == 1)
			if (write(child_out, &c, 1) != 1)
				break;
		_exit(0);
	}
	close(child_in);
	if (child_out != child_in)
		close(child_out);
	to_child = parent_out;
	from_child = parent_in;
}

static void start_pipes(void)
{
	int down[2], up[2];
	need(!pipe(down) && !pipe(up), "pipe");
	start_partner(down[0], up[1], down[1], up[0]);
}

static void start_sockets(void)
{
	int s[2];
	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
	start_partner(s[1], s[1], s[0], s[0]);
}

static void stop_partner(void)
{
	close(to_child);
	if (from_child != to_child)
		close(from_child);
	reap(partner);
}

static void ping_pong(long n)
{
	char c = 'x';
	REPEAT {
		need(write(to_child, &c, 1) == 1, "write");
		need(read(from_child, &c, 1) == 1, "read");
	}
}

/* Ping-pong of two threads: the word says whose turn it is. */
enum { MAIN, OTHER, STOP };
static _Atomic uint32_t turn;
static pthread_t other;

static void wait_while(uint32_t value)
{
	while (atomic_load(&turn) == value)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void pass_to(uint32_t value)
{
	atomic_store(&turn, value);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *answer(void *arg)
{
	for (;;) {
		wait_while(MAIN);
		if (atomic_load(&turn) == STOP)
			return arg;
		pass_to(MAIN);
	}
}

static void start_thread(void)
{
	atomic_store(&turn, MAIN);
	need(!pthread_create(&other, NULL, answer, NULL), "pthread_create");
}

static void stop_thread(void)
{
	pass_to(STOP);
	pthread_join(other, NULL);
}

static void futex_ping_pong(long n)
{
	REPEAT {
		pass_to(OTHER);
		wait_while(OTHER);
	}
}

const struct bench task_benches[] = {
	{ "thread_create_join", thread_create_join, 0, 0 },
	{ "fork_wait", fork_wait, 0, 0 },
	{ "posix_spawn", posix_spawn_, 0, 0 },
	{ "posix_spawn_static", posix_spawn_static, 0, 0 },
	{ "fork_exec", fork_exec, 0, 0 },
	{ "fork_exec_static", fork_exec_static, 0, 0 },
	{ "vfork_exec", vfork_exec, 0, 0 },
	{ "vfork_exec_static", vfork_exec_static, 0, 0 },
	{ "pingpong_pipe", ping_pong, start_pipes, stop_partner },
	{ "pingpong_socket", ping_pong, start_sockets, stop_partner },
	{ "pingpong_futex", futex_ping_pong, start_thread, stop_thread },
};
const int task_benches_len = sizeof task_benches / sizeof task_benches[0];

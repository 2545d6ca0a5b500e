/*
 * Measures the cost of single operations and prints one line for each:
 *
 *     name <TAB> median ns/op <TAB> least ns/op <TAB> batches <TAB> operations per batch
 *
 * Every operation runs in batches. The size of a batch is found by doubling, which is also the
 * warm-up: whatever the layer under test does at the first passes through a call site is done
 * before the first batch counts.
 */
#define _GNU_SOURCE
#include "lxbench.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BATCHES = 501, SLOTS = 4, PATH_LEN = 512 };

char work_dir[256];
const char *true_dynamic = "/bin/true";
const char *true_static;
static const char *current = "start-up";

void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "lxbench: %s: %s: %s\n", current, what, strerror(errno));
	exit(1);
}

const char *in_dir(const char *name)
{
	static char slots[SLOTS][PATH_LEN];
	static int next;
	char *slot = slots[next++ % SLOTS];
	snprintf(slot, PATH_LEN, "%s/%s", work_dir, name);
	return slot;
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double timed(bench_fn run, long n)
{
	double start = now_ns();
	run(n);
	return now_ns() - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void measure(const struct bench *b, int batches, double batch_ns, int min_warm)
{
	static double per_op[MAX_BATCHES];
	long n = 1;
	int passes = 0;

	current = b->name;
	if (b->setup)
		b->setup();
	/* A site may need several passes until it is rewritten, hence `min_warm`. */
	for (;;) {
		double took = timed(b->run, n);
		passes++;
		if (took >= batch_ns) {
			if (passes >= min_warm)
				break;
			continue;
		}
		n *= 2;
	}
	for (int i = 0; i < batches; i++)
		per_op[i] = timed(b->run, n) / (double)n;
	if (b->teardown)
		b->teardown();
	qsort(per_op, (size_t)batches, sizeof per_op[0], by_value);
	printf("%s\t%.2f\t%.2f\t%d\t%ld\n", b->name, per_op[batches / 2], per_op[0], batches, n);
	fflush(stdout);
}

/* True when the comma-separated `list` is null or holds `name`. */
static int wanted(const char *list, const char *name)
{
	size_t len = strlen(name);
	if (!list)
		return 1;
	for (const char *p = list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, name, len) && (p[len] == ',' || p[len] == '\0'))
			return 1;
	return 0;
}

static void remove_work_dir(void)
{
	DIR *d = opendir(work_dir);
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(work_dir);
}

static const char *skip_reason(const char *name)
{
	if (strstr(name, "_static") && !true_static)
		return "no --true-static given";
	return NULL;
}

static void usage(FILE *to)
{
	fputs("usage: lxbench [--list] [--only NAME,...] [--batches N] [--batch-us N] [--dir DIR]\n"
	      "               [--true PATH] [--true-static PATH] [--sleep]\n", to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "only", required_argument, NULL, 'o' },
		{ "batches", required_argument, NULL, 'b' },
		{ "batch-us", required_argument, NULL, 'u' },
		{ "dir", required_argument, NULL, 'd' },
		{ "true", required_argument, NULL, 't' },
		{ "true-static", required_argument, NULL, 's' },
		{ "sleep", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *only = NULL, *dir = "/dev/shm";
	int batches = 15, list = 0, sleeping = 0, c;
	double batch_ns = 1e6;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l': list = 1; break;
		case 'o': only = optarg; break;
		case 'b': batches = atoi(optarg); break;
		case 'u': batch_ns = atof(optarg) * 1e3; break;
		case 'd': dir = optarg; break;
		case 't': true_dynamic = optarg; break;
		case 's': true_static = optarg; break;
		case 'z': sleeping = 1; break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (batches < 1 || batches > MAX_BATCHES || batch_ns <= 0 || optind != argc) {
		usage(stderr);
		return 2;
	}
	for (int set = 0; list && set < 2; set++) {
		const struct bench *b = set ? task_benches : call_benches;
		for (int i = 0; i < (set ? task_benches_len : call_benches_len); i++)
			puts(b[i].name);
	}
	if (list)
		return 0;

	snprintf(work_dir, sizeof work_dir, "%s/lxbench.XXXXXX", dir);
	need(mkdtemp(work_dir) != NULL, "mkdtemp");
	pid_t owner = getpid();
	for (int set = 0; set < 2; set++) {
		const struct bench *b = set ? task_benches : call_benches;
		for (int i = 0; i < (set ? task_benches_len : call_benches_len); i++) {
			if (!wanted(only, b[i].name))
				continue;
			if (skip_reason(b[i].name))
				continue;
			measure(&b[i], batches, batch_ns, 4);
		}
	}
	if (getpid() == owner)
		remove_work_dir();
	/* Lets the driver look at this process's memory from outside, until it is killed. */
	if (sleeping) {
		puts("ready");
		fflush(stdout);
		pause();
	}
	return 0;
}

/* The measuring guest: what the harness and the measured operations share. */
#ifndef LXBENCH_H
#define LXBENCH_H

/* Runs the operation `n` times. */
typedef void (*bench_fn)(long n);

struct bench {
	const char *name;
	bench_fn run;
	/* Called once before the warm-up and once after the last batch; either may be null. */
	void (*setup)(void);
	void (*teardown)(void);
};

extern const struct bench call_benches[];
extern const struct bench task_benches[];
extern const int call_benches_len;
extern const int task_benches_len;

/* A private directory of this run, without a trailing slash. */
extern char work_dir[];
/* The programs that the exec operations start; the second is null when it was not given. */
extern const char *true_dynamic;
extern const char *true_static;

/* `work_dir/name`, in a static buffer of four slots. */
const char *in_dir(const char *name);
/* Ends the run with a message when `ok` is false; `what` names the failing step. */
void need(int ok, const char *what);

#endif

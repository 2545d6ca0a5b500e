//! Identity, capabilities, scheduling, clocks and timers, limits, futexes, the machine.
#include "guest.h"
#include <linux/capability.h>
#include <linux/futex.h>
#include <sys/fsuid.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <grp.h>

CASE(ids) {
    show("%d %d %d %d", getuid(), geteuid(), getgid(), getegid());
    IN_CHILD("setresuid", {
        R(setresgid(1, 2, 3));
        R(setresuid(1, 2, 3));
        uid_t r, e, s;
        getresuid(&r, &e, &s);
        show("%d %d %d", r, e, s);
        R(setuid(0));
        R(setreuid(-1, 3));
        R(setresuid(0, -1, -1));
        R(setfsuid(-1));
    });
    IN_CHILD("groups", {
        gid_t g[3] = {5, 6, 7};
        gid_t got[10];
        R(setgroups(3, g));
        R(getgroups(10, got));
        R(getgroups(1, got));
        R(getgroups(0, 0));
        show("%d %d %d", got[0], got[1], got[2]);
        R(setgroups(3, (void *)8));
        R(setgroups(-1, g));
    });
    // The library sets the ids of all threads at once.
    IN_CHILD("threads", {
        void *f(void *a) { sleep_us(30000); return (void *)(long)getuid(); }
        pthread_t t;
        pthread_create(&t, 0, f, 0);
        sleep_us(3000);
        R(setuid(77));
        void *r;
        pthread_join(t, &r);
        show("thread's uid %ld", (long)r);
    });
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    R(syscall(SYS_capget, &h, d));
    h.version = 1;
    R(syscall(SYS_capget, &h, d));
    show("%x", h.version);
    IN_CHILD("drop", {
        h.version = _LINUX_CAPABILITY_VERSION_3;
        memset(d, 0, sizeof d);
        R(syscall(SYS_capset, &h, d));
        R(setuid(5));
        R(chown("/", 0, 0));
    });
}
CASE(scheduling) {
    struct sched_param p = {0};
    R(sched_getscheduler(0));
    R(sched_getparam(0, &p));
    R(sched_setscheduler(0, SCHED_BATCH, &p));
    R(sched_getscheduler(0));
    R(sched_setscheduler(0, 77, &p));
    p.sched_priority = 5;
    R(sched_setscheduler(0, SCHED_OTHER, &p));
    R(sched_get_priority_max(SCHED_FIFO));
    R(sched_get_priority_min(77));
    R(getpriority(PRIO_PROCESS, 0));
    R(setpriority(PRIO_PROCESS, 0, 5));
    R(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    R(getpriority(77, 0));
    struct timespec t;
    R(sched_rr_get_interval(0, &t));
    struct { uint32_t size, sched_policy; uint64_t flags; int32_t sched_nice; uint32_t rest[7]; } a = {.size = sizeof a};
    R(syscall(SYS_sched_getattr, 0, &a, sizeof a, 0));
    show("%d %d", a.sched_policy, a.sched_nice);
    R(syscall(SYS_sched_getattr, 0, &a, 3, 0));
    R(syscall(SYS_sched_setattr, 0, &a, 9));
    cpu_set_t set;
    R(sched_getaffinity(0, sizeof set, &set));
    R(syscall(SYS_sched_getaffinity, 0, 3, &set));
    CPU_ZERO(&set);
    R(sched_setaffinity(0, sizeof set, &set));
    R(sched_yield());
    R(syscall(SYS_ioprio_get, 1, 0));
    R(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 4));
    R(syscall(SYS_ioprio_get, 1, 0));
}
CASE(clocks) {
    struct timespec t, u;
    for (int c = -1; c < 13; c++) {
        errno = 0;
        int r = syscall(SYS_clock_gettime, c, &t), e = errno;
        int s = syscall(SYS_clock_getres, c, &u);
        show("clock %d: %d %s %d", c, r, r ? errname(e) : "", s);
    }
    R(clock_settime(CLOCK_MONOTONIC, &t));
    t = (struct timespec){0, 1000000000};
    R(nanosleep(&t, 0));
    t = (struct timespec){-1, 0};
    R(nanosleep(&t, 0));
    t = (struct timespec){0, 0};
    R(clock_nanosleep(99, 0, &t, 0));
    R(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, 0));
    R(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, 0));
    int64_t begin = now_us();
    t.tv_nsec = 20000000;
    R(nanosleep(&t, 0));
    check(now_us() - begin >= 20000, "slept");
    struct timeval tv;
    R(gettimeofday(&tv, 0));
    check(tv.tv_sec > 1600000000 && labs(tv.tv_sec - time(0)) <= 1, "the same time");
    struct tms tms;
    check(times(&tms) > 0 && clock() >= 0, "times");
    struct timex x = {0};
    check(adjtimex(&x) >= 0, "adjtimex");
    clockid_t own;
    R(clock_getcpuclockid(0, &own));
    R(clock_gettime(own, &t));
}
CASE(timers) {
    struct itimerval v = {{0, 0}, {100, 0}}, old;
    R(setitimer(ITIMER_REAL, &v, 0));
    R(getitimer(ITIMER_REAL, &old));
    check(old.it_value.tv_sec >= 99, "left");
    R(setitimer(77, &v, 0));
    v.it_value.tv_usec = 1000000;
    R(setitimer(ITIMER_REAL, &v, 0));
    R(alarm(0) >= 99);
    timer_t t;
    struct sigevent e = {.sigev_notify = SIGEV_NONE};
    R(timer_create(CLOCK_MONOTONIC, &e, &t));
    struct itimerspec s = {{1, 0}, {50, 0}}, got;
    R(timer_settime(t, 0, &s, &got));
    R(timer_gettime(t, &got));
    check(got.it_value.tv_sec >= 49 && got.it_interval.tv_sec == 1, "left");
    R(timer_getoverrun(t));
    R(timer_delete(t));
    R(syscall(SYS_timer_delete, 999));
    R(syscall(SYS_timer_create, 99, 0, &t));
    e = (struct sigevent){.sigev_notify = 77};
    R(syscall(SYS_timer_create, CLOCK_REALTIME, &e, &t));
    IN_CHILD("not inherited", R(syscall(SYS_timer_gettime, 0, &got)));
    int fd = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    uint64_t n;
    R(read(fd, &n, 8));
    s = (struct itimerspec){{0, 1000000}, {0, 1}};
    R(timerfd_settime(fd, 0, &s, 0));
    sleep_us(20000);
    check(read(fd, &n, 8) == 8 && n > 5, "expirations");
    R(timerfd_settime(fd, 99, &s, 0));
    R(timerfd_create(77, 0));
    R(timerfd_gettime(0, &got));
}
CASE(limits) {
    struct rlimit l;
    for (int i = 0; i < 18; i++) {
        errno = 0;
        int r = syscall(SYS_getrlimit, i, &l);
        show("%d: %d %s", i, r, r ? errname(errno) : "");
    }
    l = (struct rlimit){10, 5};
    R(setrlimit(RLIMIT_CORE, &l));
    R(prlimit(getpid(), RLIMIT_CORE, 0, &l));
    R(prlimit(99999999, RLIMIT_CORE, 0, &l));
    struct rusage u;
    R(getrusage(RUSAGE_SELF, &u));
    R(getrusage(RUSAGE_CHILDREN, &u));
    R(getrusage(RUSAGE_THREAD, &u));
    R(getrusage(99, &u));
    check(u.ru_maxrss > 0, "size");
}
CASE(machine) {
    struct utsname u;
    R(uname(&u));
    show("%s %s %s", u.sysname, u.release, u.machine);
    struct sysinfo i;
    R(sysinfo(&i));
    check(i.uptime > 0 && i.totalram > 0, "sysinfo");
    char t[100];
    R(getrandom(t, 100, 0));
    R(getrandom(t, 100, 99));
    R(gethostname(t, 100));
    R(sethostname("x", -1));
    R(syscall(SYS_syslog, 99, 0, 0));
    R(syscall(SYS_personality, 0xffffffff));
    R(sysconf(_SC_NPROCESSORS_ONLN));
    R(syscall(SYS_sysfs, 99, 0));
    R(syscall(SYS_lookup_dcookie, 0, 0, 0));
    R(syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0));
    R(acct("/none/such"));
    R(syscall(SYS_iopl, 9));
    R(syscall(SYS_modify_ldt, 99, 0, 0));
    R(syscall(SYS_arch_prctl, 0x1011, 0));
}
static int *word;
CASE(futexes) {
    word = must(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    struct timespec t = {0, 10000000};
    R(syscall(SYS_futex, word, FUTEX_WAIT, 1, 0, 0, 0));
    R(syscall(SYS_futex, word, FUTEX_WAIT, 0, &t, 0, 0));
    R(syscall(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0));
    R(syscall(SYS_futex, word, FUTEX_WAIT_BITSET, 0, &t, 0, 0));
    R(syscall(SYS_futex, word, 99, 0, 0, 0, 0));
    R(syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 1, 1, word + 1, 5));
    R(syscall(SYS_futex, word, FUTEX_WAKE_OP, 1, 1, word + 1, FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0)));
    show("%d", word[1]);
    R(syscall(SYS_futex, word, FUTEX_LOCK_PI, 0, 0, 0, 0));
    show("%d", (*word & FUTEX_TID_MASK) == gettid());
    R(syscall(SYS_futex, word, FUTEX_LOCK_PI, 0, 0, 0, 0));
    R(syscall(SYS_futex, word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
    R(syscall(SYS_futex, word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
    t.tv_nsec = -1;
    R(syscall(SYS_futex, word, FUTEX_WAIT, 0, &t, 0, 0));
    // Across processes.
    *word = 0;
    pid_t child = must(fork());
    if (!child) {
        while (syscall(SYS_futex, word, FUTEX_WAIT, 0, 0, 0, 0) && errno != EAGAIN) {}
        _exit(*word);
    }
    until_asleep(child, 0);
    *word = 9;
    R(syscall(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0));
    show_status("woken", reap(child));
    struct { uint64_t val, uaddr; uint32_t flags, reserved; } v[2] = {{1, (uint64_t)word, 2, 0}, {5, (uint64_t)(word + 1), 2, 0}};
    R(syscall(SYS_futex_waitv, v, 2, 0, 0, 0));
    R(syscall(SYS_futex_waitv, v, 0, 0, 0, 0));
    R(syscall(SYS_futex_waitv, v, 200, 0, 0, 0));
    R(syscall(SYS_futex_waitv, 8, 1, 0, 0, 0));
    // Younger forms; a host that lacks them says so.
    R(syscall(454, word, 1, -1, 2));
    R(syscall(455, word, 1, -1, 2, 0, 0));
    R(syscall(456, v, 0, 1, 1));
}
// A mutex and a condition passed between threads a hundred thousand times.
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int turn;
static long passes;
static void *player(void *arg) {
    for (int i = 0; i < 10000; i++) {
        pthread_mutex_lock(&m);
        while (turn != (long)arg) pthread_cond_wait(&c, &m);
        turn = !turn;
        passes++;
        pthread_cond_broadcast(&c);
        pthread_mutex_unlock(&m);
    }
    return 0;
}
CASE(ping_pong) {
    pthread_t t[2];
    for (long i = 0; i < 2; i++) pthread_create(&t[i], 0, player, (void *)i);
    for (int i = 0; i < 2; i++) pthread_join(t[i], 0);
    show("%ld", passes);
}
// System V and POSIX queues and semaphores.
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
CASE(ipc) {
    int q = must(msgget(IPC_PRIVATE, 0600));
    struct { long type; char text[20]; } x = {3, "three"}, y;
    R(msgsnd(q, &x, 6, 0));
    x.type = 1;
    R(msgsnd(q, &x, 6, 0));
    R(msgrcv(q, &y, 20, 3, 0));
    R(msgrcv(q, &y, 2, 0, 0));
    R(msgrcv(q, &y, 2, 0, MSG_NOERROR));
    R(msgrcv(q, &y, 20, 0, IPC_NOWAIT));
    x.type = 0;
    R(msgsnd(q, &x, 6, 0));
    struct msqid_ds ds;
    R(msgctl(q, IPC_STAT, &ds));
    R(msgctl(q, IPC_RMID, 0));
    R(msgctl(q, IPC_RMID, 0));
    int s = must(semget(IPC_PRIVATE, 2, 0600));
    struct sembuf ops[2] = {{0, 2, 0}, {1, 1, 0}};
    R(semop(s, ops, 2));
    R(semctl(s, 0, GETVAL));
    ops[0].sem_op = -5;
    ops[0].sem_flg = IPC_NOWAIT;
    R(semop(s, ops, 1));
    IN_CHILD("undo", { struct sembuf u = {0, -1, SEM_UNDO}; semop(s, &u, 1); });
    R(semctl(s, 0, GETVAL));
    R(semctl(s, 0, IPC_RMID));
    R(semget(IPC_PRIVATE, 100000, 0600));
}

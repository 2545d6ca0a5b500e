//! Many signals while calls are made: queued ones are counted exactly and keep their order,
//! and no call's result is disturbed.
#include "guest.h"
#include <sys/syscall.h>

static atomic_long got, sum, disorder;
static __thread long expected_next;
static void queued(int number, siginfo_t *info, void *context) {
    atomic_fetch_add(&got, 1);
    atomic_fetch_add(&sum, info->si_value.sival_int);
}
static long last_of[8];
static void in_order(int number, siginfo_t *info, void *context) {
    int who = info->si_value.sival_int >> 24, serial = info->si_value.sival_int & 0xffffff;
    if (serial != last_of[who] + 1) disorder++;
    last_of[who] = serial;
    got++;
}
static void set3(int number, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO | SA_RESTART};
    sigfillset(&action.sa_mask);
    must(sigaction(number, &action, 0));
}
static void send_value(pid_t to, int number, int value) {
    while (sigqueue(to, number, (union sigval){.sival_int = value}) < 0) {
        if (errno != EAGAIN) _exit(3);
        sleep_us(200);
    }
}
// A mixture of calls whose results are all known.
static int calls(int round) {
    int bad = 0, p[2];
    char buffer[64];
    struct stat st;
    bad += pipe(p) != 0;
    bad += write(p[1], "hello", 5) != 5;
    bad += read(p[0], buffer, 64) != 5;
    bad += fstat(p[0], &st) != 0 || !S_ISFIFO(st.st_mode);
    bad += close(p[0]) != 0 || close(p[1]) != 0;
    bad += close(-1) != -1 || errno != EBADF;
    bad += syscall(SYS_getuid) != OWN_UID;
    bad += lseek(0, 0, 99) != -1;
    int fd = open("/dev/null", O_RDONLY);
    bad += fd < 0 || read(fd, buffer, 1) != 0 || close(fd) != 0;
    void *m = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bad += m == MAP_FAILED;
    *(volatile char *)m = 1;
    bad += munmap(m, 8192) != 0;
    if (round % 64 == 0) {
        pid_t child = fork();
        if (!child) _exit(9);
        int status = reap(child);
        bad += child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 9;
    }
    return bad;
}
static void storm(int senders, int each, void (*handler)(int, siginfo_t *, void *)) {
    set3(SIGRTMIN, handler, 0);
    set3(SIGRTMIN + 1, handler, 0);
    pid_t parent = getpid(), child[8];
    for (int s = 0; s < senders; s++) {
        child[s] = must(fork());
        if (!child[s]) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (int i = 1; i <= each; i++) send_value(parent, SIGRTMIN, s << 24 | i);
            _exit(0);
        }
    }
    long want = (long)senders * each, bad = 0;
    int round = 0;
    while (got < want && round < 2000000) {
        bad += calls(round++);
        if (now_us() % 1000 == 0 && kill(child[0], 0) && got >= want) break;
    }
    for (int s = 0; s < senders; s++) bad += reap(child[s]) != 0;
    show("got %ld of %ld, disorder %ld", got, want, disorder);
    check(!bad, "%ld calls disturbed", bad);
}
CASE(from_one_process) { storm(1, 20000, in_order); }
CASE(from_four_processes) { storm(4, 5000, in_order); }
// 100,000 signals of one number (the kernel searches its whole queue where numbers are mixed),
// each value summed.
CASE(hundred_thousand) {
    storm(2, 50000, queued);
    long want = 0;
    for (int s = 0; s < 2; s++)
        for (int i = 1; i <= 50000; i++) want += s << 24 | i;
    show("sum right %d", sum == want);
}
// To threads of one process, from another thread and from a process.
static atomic_int quit;
static atomic_long thread_got[8], thread_bad;
static __thread int my_index = -1;
static void to_thread(int number, siginfo_t *info, void *context) {
    if (my_index != info->si_value.sival_int) thread_bad++;
    else thread_got[my_index]++;
}
static atomic_int tids[8];
static void *busy(void *arg) {
    my_index = (long)arg;
    tids[my_index] = gettid();
    int round = 1;
    while (!quit) {
        if (round % 64 == 63) round++;
        thread_bad += calls(round++);
    }
    return 0;
}
CASE(threads) {
    set3(SIGRTMIN, to_thread, 0);
    pthread_t t[6];
    for (long i = 0; i < 6; i++) must(-pthread_create(&t[i], 0, busy, (void *)i));
    for (int i = 0; i < 6; i++) while (!tids[i]) sleep_us(200);
    for (int n = 0; n < 3000; n++)
        for (int i = 0; i < 6; i++) {
            siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};
            info.si_value.sival_int = i;
            while (syscall(SYS_rt_tgsigqueueinfo, getpid(), tids[i], SIGRTMIN, &info) < 0)
                if (errno != EAGAIN) { thread_bad++; break; } else sleep_us(200);
        }
    for (int i = 0; i < 6; i++)
        for (int w = 0; w < 4000 && thread_got[i] < 3000; w++) sleep_us(1000);
    quit = 1;
    for (int i = 0; i < 6; i++) pthread_join(t[i], 0);
    for (int i = 0; i < 6; i++) show("thread %d got %ld", i, thread_got[i]);
    check(!thread_bad, "%ld wrong", thread_bad);
}
// Interval timers during hot loops of calls; results and registers stay right.
static atomic_long ticks;
static void tick(int number) { ticks++; }
static void timers(int which, int number) {
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    sigaction(number, &action, 0);
    struct itimerval often = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};
    must(setitimer(which, &often, 0));
    long bad = 0;
    pid_t me = getpid();
    for (int64_t end = now_us() + 600000, last = end + 6000000; now_us() < end || (ticks <= 20 && now_us() < last);)
        for (int i = 0; i < 100; i++) {
            long r;
            uint64_t rbx = 0x1111, r12 = 0x2222;
            asm volatile("mov %[b],%%rbx\n mov %[c],%%r12\n mov $39,%%eax\n syscall\n mov %%rbx,%[b]\n mov %%r12,%[c]"
                         : "=a"(r), [b] "+m"(rbx), [c] "+m"(r12) : : "rbx", "r12", "rcx", "r11", "memory");
            bad += r != me || rbx != 0x1111 || r12 != 0x2222;
            asm volatile("syscall\n cmp $-4095,%%rax" : "=a"(r) : "a"(3), "D"(-1L) : "rcx", "r11", "memory", "cc");
            bad += r != -EBADF;
            bad += calls(1);
        }
    must(setitimer(which, &off, 0));
    check(!bad && ticks > 20, "%ld wrong", bad);
}
CASE(itimer_real) { timers(ITIMER_REAL, SIGALRM); }
CASE(itimer_prof) { timers(ITIMER_PROF, SIGPROF); }
CASE(itimer_virtual) {
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGVTALRM, &action, 0);
    struct itimerval often = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    must(setitimer(ITIMER_VIRTUAL, &often, 0));
    for (int64_t end = now_us() + 6000000; now_us() < end && ticks < 5;) {}
    must(setitimer(ITIMER_VIRTUAL, &off, 0));
    check(ticks > 3, "ticks");
}
// Without SA_RESTART every interrupted sleep is seen as EINTR: as many as handlers ran in it.
CASE(eintr_counted) {
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGUSR1, &action, 0);
    int p[2];
    must(pipe(p));
    pid_t me = getpid(), child = must(fork());
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < 200; i++) {
            until_asleep(me, 0);
            kill(me, SIGUSR1);
            sleep_us(300);
        }
        sleep_us(2000);
        write(p[1], "x", 1);
        _exit(0);
    }
    int interrupted = 0;
    char c;
    while (read(p[0], &c, 1) < 0 && errno == EINTR) interrupted++;
    reap(child);
    check(interrupted == ticks && ticks > 100, "%d interruptions, %ld handlers", interrupted, ticks);
}
// The race between a check and a sleep: a signal just before a blocking call must not be lost
// while blocked, and sigsuspend must always wake.
CASE(no_lost_wakeups) {
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGUSR1, &action, 0);
    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, 0);
    pid_t me = getpid(), child = must(fork());
    int rounds = 3000;
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigset_t pending;
        sigprocmask(SIG_BLOCK, &block, 0);
        for (int i = 0; i < rounds; i++) {
            kill(me, SIGUSR1);
            int number;
            sigwait(&block, &number); // answered
            (void)pending;
        }
        _exit(0);
    }
    for (int i = 0; i < rounds; i++) {
        long before = ticks;
        if (i % 3 == 0) while (ticks == before) sigsuspend(&none);
        if (i % 3 == 1) while (ticks == before) ppoll(0, 0, 0, &none);
        if (i % 3 == 2) while (ticks == before) pselect(0, 0, 0, 0, 0, &none);
        kill(child, SIGUSR1);
    }
    show_status("child", reap(child));
    show("ticks %ld", ticks);
}
// Every read that a signal interrupts either took the byte or did not: none is lost or doubled.
CASE(no_lost_bytes) {
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGALRM, &action, 0);
    int p[2];
    must(pipe(p));
    pid_t child = must(fork());
    if (!child) {
        for (int i = 0; i < 30000; i++) {
            uint16_t v = i;
            if (write(p[1], &v, 2) != 2) _exit(1);
            if (i % 100 == 0) sleep_us(300);
        }
        _exit(0);
    }
    close(p[1]);
    struct itimerval often = {{0, 150}, {0, 150}}, off = {{0, 0}, {0, 0}};
    must(setitimer(ITIMER_REAL, &often, 0));
    uint16_t v;
    int next = 0, wrong = 0;
    for (;;) {
        ssize_t r = read(p[0], &v, 2);
        if (r == 0) break;
        if (r < 0 && errno == EINTR) continue;
        wrong += r != 2 || v != (uint16_t)next++;
    }
    must(setitimer(ITIMER_REAL, &off, 0));
    reap(child);
    show("read %d wrong %d", next, wrong);
    check(ticks > 10, "interrupted");
}
// The same for futexes and for writes.
CASE(no_lost_writes) {
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGALRM, &action, 0);
    int p[2];
    must(pipe(p));
    fcntl(p[1], F_SETPIPE_SZ, 4096);
    pid_t child = must(fork());
    if (!child) {
        close(p[1]);
        char buffer[512];
        long total = 0, wrong = 0;
        ssize_t r;
        while ((r = read(p[0], buffer, sizeof buffer)) > 0) {
            for (int i = 0; i < r; i++) wrong += buffer[i] != (char)((total + i) % 251);
            total += r;
            if (total % 16384 < 512) sleep_us(500);
        }
        show("read %ld wrong %ld", total, wrong);
        _exit(0);
    }
    close(p[0]);
    struct itimerval often = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};
    must(setitimer(ITIMER_REAL, &often, 0));
    long total = 0;
    char buffer[10000];
    while (total < 2000000) {
        long want = 2000000 - total < 10000 ? 2000000 - total : 10000;
        for (int i = 0; i < want; i++) buffer[i] = (total + i) % 251;
        ssize_t r = write(p[1], buffer, want);
        if (r > 0) total += r;
        else if (errno != EINTR) break;
    }
    must(setitimer(ITIMER_REAL, &off, 0));
    close(p[1]);
    reap(child);
    show("written %ld", total);
}

//! Signals that arrive while the time is asked for by call: no call's result is disturbed, and no
//! signal goes astray in the vDSO.
//! limit: 20
#include "guest.h"
#include <sys/syscall.h>

static volatile long ticks;
static void tick(int number) { ticks++; }

CASE(timer_in_clock) {
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, 0);
    struct itimerval often = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};
    must(setitimer(ITIMER_REAL, &often, 0));
    long bad = 0;
    struct timeval last = {0, 0}, now;
    struct timespec spec;
    for (int64_t end = now_us() + 1500000; now_us() < end;)
        for (int i = 0; i < 200; i++) {
            bad += syscall(SYS_gettimeofday, &now, 0) != 0;
            bad += now.tv_sec < last.tv_sec;
            last = now;
            bad += syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &spec) != 0;
            bad += syscall(SYS_time, 0) < last.tv_sec - 1;
        }
    must(setitimer(ITIMER_REAL, &off, 0));
    check(!bad && ticks > 50, "%ld wrong", bad);
}

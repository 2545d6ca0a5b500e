#!/bin/bash
#: needs: gcc ld
#: limit: 120
#: quick
# A C program through all stages: signals with ucontext, threads, setjmp, dlopen, constructors.
cat >p.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
static sigjmp_buf back; static volatile int faults; static __thread int mine = 5;
static void on_fault(int s, siginfo_t *i, void *u) { (void)u; faults++; siglongjmp(back, s == SIGSEGV && i->si_addr ? 2 : 1); }
static void *thread(void *p) { mine += *(int *)p; return (void *)(long)mine; }
static ucontext_t here, there; static char stack[65536];
static void other(void) { puts("other"); swapcontext(&there, &here); puts("again"); }
__attribute__((constructor)) static void first(void) { setvbuf(stdout, 0, _IOLBF, 0); puts("first"); }
__attribute__((destructor)) static void last(void) { puts("last"); }
int main(void) {
    struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &a, 0); sigaction(SIGFPE, &a, 0);
    for (int i = 0; i < 200; i++) { int r = sigsetjmp(back, 1); if (!r) { volatile char *p = (char *)16; *p = 1; } }
    volatile int z = 0; if (!sigsetjmp(back, 1)) printf("%d\n", 1 / z);
    printf("faults %d\n", faults);
    pthread_t t[32]; int n[32]; long sum = 0; void *r;
    for (int i = 0; i < 32; i++) { n[i] = i; pthread_create(&t[i], 0, thread, &n[i]); }
    for (int i = 0; i < 32; i++) { pthread_join(t[i], &r); sum += (long)r; }
    printf("sum %ld %d\n", sum, mine);
    getcontext(&there); there.uc_stack.ss_sp = stack; there.uc_stack.ss_size = sizeof stack; there.uc_link = &here; makecontext(&there, other, 0);
    swapcontext(&here, &there); swapcontext(&here, &there);
    void *h = dlopen("./lib.so", RTLD_NOW); int (*f)(int) = (int (*)(int))dlsym(h, "twice"); printf("%d\n", f(21)); dlclose(h);
    int st; if (!fork()) abort(); wait(&st); printf("%d\n", WTERMSIG(st)); if (!fork()) _exit(300 & 255); wait(&st); printf("%d\n", WEXITSTATUS(st));
    unsigned char *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, "\xb8\x27\0\0\0\x0f\x05\xc3", 8); printf("%d\n", ((int (*)(void))code)() == getpid());
    return 11;
}
C
echo 'int twice(int x) { return x * 2; }' | gcc -shared -fPIC -xc - -o lib.so
gcc -E p.c | wc -l | grep -q . && gcc -O2 -S p.c && gcc -c p.s && gcc p.o -o p -ldl -lpthread && ./p; echo "status $?"
gcc -O2 -flto=2 -g p.c -o q -lpthread && ./q | sha256sum
echo 'int main(void) { return x; }' | LC_ALL=C gcc -xc - -o bad 2>&1 | grep -c error; ldd ./p | grep -c libc
nm p | grep -c ' T main'; objdump -d p | grep -q syscall; echo $?; strip p; ./p | tail -n 1; ar rc l.a p.o; ar t l.a

#!/bin/bash
#: needs: gcc
#: limit: 90
#: quick
# One program linked static, static-pie, no-pie, pie and without any library.
cat >p.c <<'C'
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>
static void *t(void *p) { return p; }
int main(int argc, char **argv, char **envp) {
    if (argc > 1) { printf("%s %s %d\n", argv[0], argv[1], getauxval(AT_SECURE) != 0); return 4; }
    pthread_t th; void *r; pthread_create(&th, 0, t, &th); pthread_join(th, &r);
    printf("%d %d %ld %d\n", r == &th, getauxval(AT_PHDR) != 0, sysconf(_SC_PAGESIZE), *envp != 0); fflush(stdout);
    char *big = malloc(50 << 20); memset(big, 1, 50 << 20); free(big); void *b = sbrk(0); sbrk(8192); printf("%ld\n", (char *)sbrk(0) - (char *)b);
    fflush(stdout); int st; if (!fork()) { execl("/proc/self/exe", "renamed", "arg", (char *)0); _exit(errno); } wait(&st); printf("%d\n", WEXITSTATUS(st));
    char path[4096]; ssize_t n = readlink("/proc/self/exe", path, 4095); path[n] = 0; puts(strrchr(path, '/')); return 9;
}
C
cat >raw.c <<'C'
static long call(long n, long a, long b, long c) { long r; __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory"); return r; }
void start(void) { call(1, 1, (long)"raw\n", 4); call(231, 12, 0, 0); }
__asm__(".globl _start\n_start: and $-16,%rsp\ncall start\n");
C
set -- -static -static-pie -no-pie -pie
for kind; do gcc -O1 "$kind" p.c -o "p$kind" -lpthread && "./p$kind"; echo "status $?"; done
for kind in "-static -no-pie" "-static-pie -fPIE"; do gcc -O1 -nostdlib -ffreestanding -fno-stack-protector $kind raw.c -o raw && ./raw; echo "status $?"; done

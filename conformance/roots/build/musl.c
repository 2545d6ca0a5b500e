// A program linked with musl and, with -DPLUGIN, the library that it loads at run time.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef PLUGIN
int answer(int factor) { return 6 * factor; }
#else
static _Thread_local int own;
static int total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *work(void *number) {
    for (own = 0; own < 1000; own++) {
        pthread_mutex_lock(&lock);
        total++;
        pthread_mutex_unlock(&lock);
    }
    return number;
}

int main(void) {
    pthread_t threads[8];
    for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    printf("counted %d\n", total);
    void *plugin = dlopen("/lib/plugin.so", RTLD_NOW);
    int (*answer)(int) = plugin ? (int (*)(int))dlsym(plugin, "answer") : NULL;
    printf("plugin: %d\n", answer ? answer(7) : -1);
    printf("none: %d\n", dlopen("/lib/none.so", RTLD_NOW) == NULL);
    struct passwd *user = getpwuid(getuid());
    printf("user: %s %s\n", user ? user->pw_name : "?", user ? user->pw_dir : "?");
    char *words[] = {"sh", "-c", "echo spawned; exit 4", NULL}, *none[] = {NULL};
    pid_t child;
    int status = 0, error = posix_spawn(&child, "/bin/sh", NULL, NULL, words, none);
    if (!error) waitpid(child, &status, 0);
    printf("spawn: %d, %d\n", error, WEXITSTATUS(status));
    FILE *pipe = popen("cat /etc/group", "r");
    char line[80] = "";
    while (pipe && fgets(line, sizeof line, pipe)) printf("group: %s", line);
    if (pipe) printf("popen: %d\n", pclose(pipe));
    struct timespec now;
    printf("clock: %d, page: %ld\n", clock_gettime(CLOCK_MONOTONIC, &now), sysconf(_SC_PAGESIZE));
    printf("secure: %lu\n", getauxval(AT_SECURE));
    char *text = strdup("x");
    for (int i = 0; i < 20; i++) text = realloc(text, (size_t)1 << i);
    free(text);
    char path[64];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    printf("exe: %.*s\n", (int)length, path);
    return 9;
}
#endif

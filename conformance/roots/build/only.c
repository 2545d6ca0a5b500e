// The only file of a root: what a program without any other file sees.
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Directories of the root by name; the host's tools are not part of it.
static void list(const char *path) {
    char *names[64];
    size_t count = 0;
    DIR *folder = opendir(path);
    if (!folder) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) && count < 64;)
        /* What lx shows of itself is not the root's. */
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "native") &&
            strcmp(entry->d_name, "system"))
            names[count++] = strdup(entry->d_name);
    closedir(folder);
    qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count; i++) printf("%s%s", names[i], i + 1 < count ? " " : "\n");
}

int main(int count, char **words) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (count > 1 && !strcmp(words[1], "exit")) return atoi(words[2]);
    if (count > 1 && !strcmp(words[1], "crash")) __builtin_trap();
    if (count > 1 && !strcmp(words[1], "again")) {
        execl("/only", "/only", "second", (char *)0);
        return 1;
    }
    printf("%s:", words[0]);
    for (int i = 1; i < count; i++) printf(" %s", words[i]);
    printf("\npid %d, parent %d, user %d\n", getpid(), getppid(), (int)getuid());
    list("/");
    pid_t child = fork();
    if (!child) {
        execl("/only", "/only", "exit", "7", (char *)0);
        _exit(99);
    }
    int status = 0;
    pid_t gone = waitpid(child, &status, 0);
    printf("child %d left with %d\n", gone == child, WEXITSTATUS(status));
    FILE *file = fopen("/made", "w");
    printf("made: %d, ", file != NULL);
    if (file) fclose(file);
    struct stat about;
    printf("%d\n", stat("/made", &about) == 0 && about.st_uid == getuid());
    // Process 1 has no default actions.
    printf("killed: %d\n", kill(1, SIGKILL));
    execl("/bin/sh", "sh", (char *)0);
    printf("/bin/sh: %s\n", strerror(errno));
    return 3;
}

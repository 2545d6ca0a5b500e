/* A process of the zone that waits for others to enter it from the host (lx exec). Before they are
 * confined they have the host's program and descriptors, which /proc/PID would give away. */
#include <dirent.h>
#include <poll.h>

static int is_lx(long fd)
{
    struct stat stat;
    char name[64];
    if (fd < 0 || fstat((int)fd, &stat) < 0)
        return 0;
    snprintf(name, sizeof name, "%lu:%lu", (unsigned long)stat.st_dev, (unsigned long)stat.st_ino);
    return strcmp(name, text("host.running")) == 0;
}

/* What the links of a process lead to: the lx program, or a folder outside. */
static int leads_out(const char *pid)
{
    static const char *const names[] = {"exe",  "root", "cwd",  "fd/3", "fd/4",
                                        "fd/5", "fd/6", "fd/7", "fd/8"};
    int found = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        char path[300];
        snprintf(path, sizeof path, "/proc/%s/%s", pid, names[i]);
        long fd = MAKE(SYS_openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
        if (fd < 0)
            continue;
        if (is_lx(fd) || secret_at((int)fd, upwards("secret") + 3) == REACHED)
            found = 1;
        MAKE(SYS_close, fd);
    }
    return found;
}

/* Ends when its standard input does. */
static int hunt(void)
{
    way = JUMP;
    instruction = find_instruction();
    if (instruction == NULL)
        return 1;
    printf("ready pid=%d\n", getpid());
    fflush(stdout);
    struct pollfd input = {.fd = 0, .events = POLLIN};
    int found = 0;
    while (poll(&input, 1, 0) == 0) {
        DIR *processes = opendir("/proc");
        struct dirent *entry;
        while (processes && (entry = readdir(processes)))
            if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && strcmp(entry->d_name, "1"))
                found |= leads_out(entry->d_name);
        closedir(processes);
    }
    if (found)
        printf("touched by way of a process that entered the zone\n");
    printf("end\n");
    return 0;
}

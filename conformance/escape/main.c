/* Attempts to get out of a zone. A run of `attempts` makes each twice, in a process of its own: as a
 * guest, and past the brand. `target` is what the attempts aim at, `hunt` another attempt.
 *
 * Output, one line for each: name, way, outcome, what it ended with, what is to stop it, why it
 * cannot be shown to succeed; with tabs between. */
#include "way.h"

#include "files.c"
#include "processes.c"
#include "sockets.c"
#include "kernel.c"
#include "target.c"
#include "hunt.c"

/* An attempt may not take longer, in seconds. */
enum { LIMIT = 10 };

struct result {
    volatile enum outcome outcome;
    volatile int error;
    volatile int is_done;
};

static void attempt(const struct attempt *one, struct result *result)
{
    memset((void *)result, 0, sizeof *result);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(LIMIT);
        result->outcome = one->run();
        result->error = why;
        result->is_done = 1;
        for (;;)
            plain(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    static const char *const outcomes[] = {"stopped", "reached", "outside"};
    char end[64];
    if (!result->is_done)
        snprintf(end, sizeof end, "%s", WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else
        snprintf(end, sizeof end, "%s", result->error ? strerrorname_np(result->error) : "-");
    printf("%s\t%s\t%s\t%s\t%s\t%s\n", one->name, way == JUMP ? "jump" : "call",
           outcomes[result->is_done ? result->outcome : STOPPED], end, one->stopper,
           one->unshown ? one->unshown : "");
}

static void all_of(const struct attempt *attempts, size_t count, struct result *result)
{
    unsigned without = number("host_net") ? OWN_NET : HOST_NET;
    if (!number("zone"))
        without = ZONE_ONLY;
    for (size_t i = 0; i < count; i++) {
        const char *only = text("only");
        if (attempts[i].flags & without || strstr(attempts[i].name, only) == NULL)
            continue;
        for (way = CALL; way <= JUMP; way++)
            attempt(&attempts[i], result);
    }
}

static int attempts(void)
{
    /* Signals that attempts send to all. */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    instruction = find_instruction();
    if (instruction == NULL) {
        printf("failed: the brand's instruction was not found\n");
        return 1;
    }
    struct result *result = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                                 0);
    all_of(FILES, sizeof FILES / sizeof *FILES, result);
    all_of(PROCESSES, sizeof PROCESSES / sizeof *PROCESSES, result);
    all_of(SOCKETS, sizeof SOCKETS / sizeof *SOCKETS, result);
    all_of(KERNEL, sizeof KERNEL / sizeof *KERNEL, result);
    printf("end\n");
    fflush(stdout);
    return 0;
}

/* Whether a file says what only the one outside says. */
static int read_file(const char *path, const char *secret)
{
    char buffer[64] = "";
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return errno;
    read(fd, buffer, sizeof buffer - 1);
    return strcmp(buffer, secret) == 0 ? 200 : ENODATA;
}

int main(int count, char **arguments)
{
    told_arguments = arguments + count;
    if (count >= 2)
        told_arguments = arguments + 2;
    if (count >= 4 && strcmp(arguments[1], "read") == 0)
        return read_file(arguments[2], arguments[3]);
    if (count >= 5 && strcmp(arguments[1], "target") == 0)
        return target(arguments[2], arguments[3], arguments[4]);
    if (count >= 2 && strcmp(arguments[1], "hunt") == 0)
        return hunt();
    if (count >= 2 && strcmp(arguments[1], "attempts") == 0)
        return attempts();
    return 2;
}

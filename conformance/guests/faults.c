//! userfaultfd(2): faults of the program's own and of its calls, answered by another thread.
#include "guest.h"
#include <linux/userfaultfd.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#define PAGE 4096UL

static char filling[PAGE];
static atomic_int faults;

static int opened(uint64_t features) {
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) skip("no userfaultfd for this user");
    must(fd);
    struct uffdio_api api = {.api = UFFD_API, .features = features};
    must(ioctl(fd, UFFDIO_API, &api));
    return fd;
}
static char *watched(int fd, size_t pages) {
    char *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must((long)at);
    struct uffdio_register range = {
        .range = {(uintptr_t)at, pages * PAGE},
        .mode = UFFDIO_REGISTER_MODE_MISSING,
    };
    must(ioctl(fd, UFFDIO_REGISTER, &range));
    return at;
}
static void *answer(void *argument) {
    int fd = (int)(intptr_t)argument;
    struct uffd_msg message;
    while (read(fd, &message, sizeof message) == sizeof message) {
        if (message.event != UFFD_EVENT_PAGEFAULT) continue;
        struct uffdio_copy copy = {
            .dst = message.arg.pagefault.address & -PAGE, .src = (uintptr_t)filling, .len = PAGE};
        // The other thread goes on as soon as the page is there.
        faults++;
        must(ioctl(fd, UFFDIO_COPY, &copy));
    }
    return 0;
}

CASE(answered) {
    int fd = opened(0);
    char *at = watched(fd, 6);
    pthread_t thread;
    memset(filling, 'f', PAGE - 1);
    pthread_create(&thread, 0, answer, (void *)(intptr_t)fd);
    show("read %c", at[0]);
    at[PAGE] = 'w';
    show("written %c%c", at[PAGE], at[PAGE + 1]);
    // Copied by whatever serves the call: a path, a vector, a structure that is written to.
    memset(filling, 0, PAGE);
    strcpy(filling, "/dev/null");
    int file = must(open(at + 2 * PAGE, O_WRONLY));
    ((struct iovec *)filling)[0] = (struct iovec){"abc", 3};
    R(writev(file, (struct iovec *)(at + 3 * PAGE), 1));
    memset(filling, 'f', PAGE);
    R(write(file, at + 4 * PAGE, PAGE));
    R(fstat(file, (struct stat *)(at + 5 * PAGE)));
    R(((struct stat *)(at + 5 * PAGE))->st_nlink);
    show("%d faults", faults);
}
// A signal's frame on a stack whose pages are not there.
static void on_signal(int signal) {
    char local[64];
    memset(local, signal, sizeof local);
    show("signal %d %d", signal, local[5]);
}
CASE(stack) {
    int fd = opened(0);
    size_t pages = 16;
    stack_t other = {.ss_sp = watched(fd, pages), .ss_size = pages * PAGE};
    must(sigaltstack(&other, 0));
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    must(sigaction(SIGUSR1, &action, 0));
    pthread_t thread;
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    must(pthread_sigmask(SIG_BLOCK, &one, 0));
    pthread_create(&thread, 0, answer, (void *)(intptr_t)fd);
    must(pthread_sigmask(SIG_UNBLOCK, &one, 0));
    R(raise(SIGUSR1));
    check(faults > 0, "the stack was missing");
}
CASE(bus_error) {
    int fd = opened(UFFD_FEATURE_SIGBUS);
    char *at = watched(fd, 2);
    R(open(at, O_RDONLY));
    R(pipe((int *)at));
    IN_CHILD("child", at[0] = 1);
    struct uffdio_zeropage zero = {.range = {(uintptr_t)at, 2 * PAGE}};
    R(ioctl(fd, UFFDIO_ZEROPAGE, &zero));
    R(open(at, O_RDONLY));
}
CASE(errors) {
    R(syscall(SYS_userfaultfd, 0x1234));
    int fd = syscall(SYS_userfaultfd, O_NONBLOCK);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) skip("no userfaultfd for this user");
    struct uffd_msg message;
    R(read(fd, &message, sizeof message));
    struct uffdio_api api = {.api = 1};
    R(ioctl(fd, UFFDIO_API, &api));
    api = (struct uffdio_api){.api = UFFD_API};
    R(ioctl(fd, UFFDIO_API, &api));
    R(read(fd, &message, sizeof message));
    R(ioctl(fd, UFFDIO_WAKE, (void *)8));
    struct uffdio_register range = {.range = {0x1000, PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    R(ioctl(fd, UFFDIO_REGISTER, &range));
    range.range.start = 0x1001;
    R(ioctl(fd, UFFDIO_REGISTER, &range));
}

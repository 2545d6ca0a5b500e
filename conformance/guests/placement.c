//! Where memory lies and what is sealed: policies of nodes, protection keys, other processes' memory.
#include "guest.h"
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif
#define PAGE 4096UL
enum { DEFAULT, PREFERRED, BIND };

static char *pages(int count) {
    char *at = mmap(0, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must((long)at);
    memset(at, 1, count * PAGE);
    return at;
}

// A machine without nodes says ENOSYS to all of these.
CASE(policies) {
    char *at = pages(4);
    unsigned long node0 = 1, none = 0;
    R(syscall(SYS_mbind, at, 4 * PAGE, DEFAULT, 0, 0, 0));
    R(syscall(SYS_mbind, at, 4 * PAGE, BIND, &node0, 64, 0));
    R(syscall(SYS_mbind, at, 4 * PAGE, BIND, &none, 64, 0));
    R(syscall(SYS_mbind, at, 4 * PAGE, 77, &node0, 64, 0));
    R(syscall(SYS_mbind, at + 1, PAGE, DEFAULT, 0, 0, 0));
    R(syscall(SYS_mbind, at, 4 * PAGE, BIND, &node0, 64, 0x4000));
    R(syscall(SYS_mbind, at, 4 * PAGE, BIND, (void *)8, 64, 0));
    R(syscall(SYS_set_mempolicy_home_node, at, 4 * PAGE, 0, 0));
    R(syscall(SYS_set_mempolicy_home_node, at, 4 * PAGE, 0, 1));
    R(syscall(SYS_set_mempolicy_home_node, at, 4 * PAGE, 4000, 0));
    IN_CHILD("task", {
        R(syscall(SYS_set_mempolicy, BIND, &node0, 64));
        int mode = -1;
        R(syscall(SYS_get_mempolicy, &mode, 0, 0, 0, 0));
        show("%d", mode);
        R(syscall(SYS_set_mempolicy, DEFAULT, 0, 0));
        R(syscall(SYS_set_mempolicy, DEFAULT, &node0, 64));
        R(syscall(SYS_set_mempolicy, 77, &node0, 64));
        R(syscall(SYS_set_mempolicy, BIND, (void *)8, 64));
    });
}
CASE(moves) {
    char *at = pages(2);
    void *list[2] = {at, (void *)8};
    int status[2] = {77, 77}, nodes[2] = {0, 0};
    unsigned long node0 = 1;
    R(syscall(SYS_move_pages, 0, 2, list, 0, status, 0));
    show("%d %d", status[0], status[1]);
    R(syscall(SYS_move_pages, 0, 1, list, nodes, status, 2));
    R(syscall(SYS_move_pages, 0, 1, list, nodes, status, 1));
    R(syscall(SYS_move_pages, 0, 1, (void *)8, 0, status, 0));
    R(syscall(SYS_move_pages, 4000000, 1, list, 0, status, 0));
    R(syscall(SYS_migrate_pages, 0, 64, &node0, &node0));
    R(syscall(SYS_migrate_pages, 4000000, 64, &node0, &node0));
    R(syscall(SYS_migrate_pages, 0, 64, (void *)8, &node0));
}
CASE(keys) {
    E(syscall(SYS_pkey_alloc, 0, 0));
    R(syscall(SYS_pkey_free, 14));
    R(syscall(SYS_pkey_free, -1));
    R(syscall(SYS_pkey_alloc, 1, 0));
}
CASE(sealed) {
    char *at = pages(3);
    E(syscall(SYS_mseal, at, PAGE, 0));
    R(syscall(SYS_mseal, at, PAGE, 1));
    R(syscall(SYS_mseal, at + 1, PAGE, 0));
    R(munmap(at, PAGE));
    R(mprotect(at, PAGE, PROT_READ));
    R(mprotect(at, 3 * PAGE, PROT_READ));
    R((long)mremap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE) > 0);
    R(madvise(at, PAGE, MADV_NORMAL));
    R(munmap(at + PAGE, PAGE));
    R(syscall(SYS_mseal, at, 3 * PAGE, 0));
    IN_CHILD("over fork", R(munmap(at, PAGE)));
}
CASE(shadow_stacks) {
    // Only where the thread has one, which a program without the feature does not; a kernel or
    // processor without it does not even know the call.
    long at = syscall(SYS_map_shadow_stack, 0, PAGE, 77);
    check(at == -1 && (errno == EOPNOTSUPP || errno == ENOSYS), "none");
}
CASE(secret_memory) {
    R(syscall(SYS_memfd_secret, 77));
    int fd = E(syscall(SYS_memfd_secret, O_CLOEXEC));
    if (fd >= 0) {
        R(ftruncate(fd, PAGE));
        char byte;
        R(read(fd, &byte, 1));
        close(fd);
    }
}
CASE(others_memory) {
    char from[8] = "written", to[8] = "";
    struct iovec local = {from, 8}, remote = {to, 8}, bad = {(void *)8, 8};
    R(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
    show("%s", to);
    R(process_vm_writev(getpid(), &local, 1, &bad, 1, 0));
    R(process_vm_writev(getpid(), &bad, 1, &remote, 1, 0));
    R(process_vm_writev(getpid(), &local, 1, &remote, 1, 1));
    R(process_vm_writev(getpid(), &local, 0, &remote, 0, 0));
    R(process_vm_writev(4000000, &local, 1, &remote, 1, 0));
    pid_t child = must(fork());
    if (!child) for (;;) pause();
    R(process_vm_writev(child, &local, 1, &remote, 1, 0));
    must(kill(child, SIGKILL));
    show_status("child", reap(child));
}
CASE(advice_to_others) {
    char *at = pages(2);
    struct iovec range = {at, 2 * PAGE}, bad = {at + 1, PAGE};
    int self_fd = must(syscall(SYS_pidfd_open, getpid(), 0));
    R(syscall(SYS_process_madvise, self_fd, &range, 1, MADV_COLD, 0));
    R(syscall(SYS_process_madvise, self_fd, &bad, 1, MADV_COLD, 0));
    R(syscall(SYS_process_madvise, self_fd, &range, 1, 7777, 0));
    R(syscall(SYS_process_madvise, self_fd, &range, 1, MADV_COLD, 1));
    R(syscall(SYS_process_madvise, -1, &range, 1, MADV_COLD, 0));
    R(syscall(SYS_process_madvise, self_fd, (void *)8, 1, MADV_COLD, 0));
    check(at[0] == 1 && at[PAGE] == 1, "nothing is lost");
}
// process_mrelease(2): only what is about to end gives its memory back.
CASE(released) {
    pid_t child = must(fork());
    if (!child) for (;;) pause();
    int fd = must(syscall(SYS_pidfd_open, child, 0));
    R(syscall(SYS_process_mrelease, fd, 0));
    R(syscall(SYS_process_mrelease, fd, 1));
    R(syscall(SYS_process_mrelease, -1, 0));
    must(kill(child, SIGKILL));
    show_status("child", reap(child));
    R(syscall(SYS_process_mrelease, fd, 0));
}

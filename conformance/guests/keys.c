//! Keys and keyrings: made, found, read, changed, given up, and what is wrong with a call.
#include "guest.h"
#include <linux/keyctl.h>

#define KEYCTL(...) syscall(SYS_keyctl, __VA_ARGS__)
#define ADD(type, name, data, size, ring) syscall(SYS_add_key, type, name, data, size, ring)
#define PROCESS KEY_SPEC_PROCESS_KEYRING

CASE(made_and_found) {
    IN_CHILD("child", {
        E(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, 0));
        long key = E(ADD("user", "lx:one", "secret", 6, PROCESS));
        char text[128] = {0};
        R(KEYCTL(KEYCTL_READ, key, text, sizeof text));
        show("%s", text);
        R(KEYCTL(KEYCTL_READ, key, 0, 0));
        R(KEYCTL(KEYCTL_UPDATE, key, "other", 5));
        memset(text, 0, sizeof text);
        R(KEYCTL(KEYCTL_READ, key, text, 3));
        R(KEYCTL(KEYCTL_DESCRIBE, key, text, sizeof text));
        show("%s", text);
        show("again %d", ADD("user", "lx:one", "third", 5, PROCESS) == key);
        show("searched %d", KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "lx:one", 0) == key);
        show("requested %d", syscall(SYS_request_key, "user", "lx:one", 0, PROCESS) == key);
        R(KEYCTL(KEYCTL_SETPERM, key, 0));
        R(KEYCTL(KEYCTL_READ, key, text, sizeof text));
        R(KEYCTL(KEYCTL_UNLINK, key, PROCESS));
        R(syscall(SYS_request_key, "user", "lx:one", 0, PROCESS));
    });
}
CASE(given_up) {
    IN_CHILD("child", {
        long ring = E(ADD("keyring", "lx:ring", 0, 0, PROCESS));
        long key = E(ADD("user", "lx:two", "x", 1, ring));
        R(KEYCTL(KEYCTL_REVOKE, key));
        R(KEYCTL(KEYCTL_READ, key, 0, 0));
        R(KEYCTL(KEYCTL_CLEAR, ring));
        R(KEYCTL(KEYCTL_SEARCH, ring, "user", "lx:two", 0));
        key = E(ADD("user", "lx:three", "x", 1, ring));
        R(KEYCTL(KEYCTL_SET_TIMEOUT, key, 1));
        sleep_us(1200000);
        R(KEYCTL(KEYCTL_SEARCH, ring, "user", "lx:three", 0));
        R(KEYCTL(KEYCTL_INVALIDATE, ring));
    });
}
CASE(errors) {
    IN_CHILD("child", {
        R(ADD("no such type", "lx:four", "x", 1, PROCESS));
        R(ADD("user", "lx:four", 0, 0, PROCESS));
        R(ADD("user", "lx:four", (void *)8, 4, PROCESS));
        R(ADD((void *)8, "lx:four", "x", 1, PROCESS));
        R(ADD(".user", "lx:four", "x", 1, PROCESS));
        R(ADD("user", "lx:four", "x", 40000, PROCESS));
        R(ADD("user", "lx:four", "x", 1, 0));
        R(syscall(SYS_request_key, "user", (void *)8, 0, PROCESS));
        R(KEYCTL(777));
        R(KEYCTL(KEYCTL_READ, 0x7fffffff, 0, 0));
        R(KEYCTL(KEYCTL_GET_KEYRING_ID, PROCESS, 0) < 0);
    });
}
// The process keyring is the process's own, the session keyring goes on over exec.
HELPER(has) {
    (void)argc, (void)argv;
    R(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "lx:mine", 0));
    E(KEYCTL(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "lx:ours", 0));
    return 0;
}
CASE(over_exec) {
    IN_CHILD("child", {
        E(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, 0));
        E(ADD("user", "lx:mine", "x", 1, PROCESS));
        E(ADD("user", "lx:ours", "x", 1, KEY_SPEC_SESSION_KEYRING));
        execl(self, self, "@has", NULL);
    });
}

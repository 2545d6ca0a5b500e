//! What the kernel's security modules and its mounts tell, and what a process may take from itself.
#include "guest.h"
#include <linux/landlock.h>
#include <linux/stat.h>

#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif
#ifndef SYS_lsm_get_self_attr
#define SYS_lsm_get_self_attr 459
#define SYS_lsm_set_self_attr 460
#define SYS_lsm_list_modules 461
#endif

CASE(landlock) {
    R(syscall(SYS_landlock_create_ruleset, 0, 0, 1) > 0); // the version
    struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_REG};
    R(syscall(SYS_landlock_create_ruleset, &attr, 4, 0));
    R(syscall(SYS_landlock_create_ruleset, &attr, 8, 77));
    R(syscall(SYS_landlock_create_ruleset, (void *)8, 8, 0));
    must(mkdir("in", 0755));
    must(mkdir("out", 0755));
    IN_CHILD("confined", {
        int rules = must(syscall(SYS_landlock_create_ruleset, &attr, 8, 0));
        struct landlock_path_beneath_attr beneath = {
            .allowed_access = LANDLOCK_ACCESS_FS_MAKE_REG,
            .parent_fd = must(open("in", O_PATH)),
        };
        R(syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0));
        R(syscall(SYS_landlock_add_rule, rules, 77, &beneath, 0));
        R(syscall(SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0));
        beneath.allowed_access = LANDLOCK_ACCESS_FS_EXECUTE;
        R(syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0));
        must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        R(syscall(SYS_landlock_restrict_self, -1, 0));
        R(syscall(SYS_landlock_restrict_self, rules, 0));
        R(syscall(SYS_landlock_restrict_self, rules, 0x7777));
        E(open("in/a", O_CREAT | O_RDWR, 0600));
        E(open("out/a", O_CREAT | O_RDWR, 0600));
        IN_CHILD("child", E(open("out/a", O_CREAT | O_RDWR, 0600)));
    });
}
CASE(security_modules) {
    uint64_t ids[64];
    uint32_t size = 0;
    E(syscall(SYS_lsm_list_modules, ids, &size, 0));
    size = sizeof ids;
    E(syscall(SYS_lsm_list_modules, ids, &size, 0));
    R(syscall(SYS_lsm_list_modules, ids, &size, 77));
    char attributes[4096];
    size = sizeof attributes;
    E(syscall(SYS_lsm_get_self_attr, 100, attributes, &size, 0));
    R(syscall(SYS_lsm_get_self_attr, 100, attributes, 0, 0));
    R(syscall(SYS_lsm_get_self_attr, 100, attributes, &size, 0x77));
}
CASE(security_module_set) {
    char attribute[64] = {0};
    if (R(syscall(SYS_lsm_set_self_attr, 100, attribute, 8, 77)) < 0 && errno == ENOSYS)
        skip("an older kernel");
    R(syscall(SYS_lsm_set_self_attr, 100, attribute, 1, 0));
}
struct request { uint32_t size, spare; uint64_t id, parameter; };
CASE(mounts_told) {
    struct request request = {24, 0, ~0ULL, 0}; // LSMT_ROOT
    uint64_t ids[512];
    char buffer[8192];
    E(syscall(SYS_listmount, &request, ids, 512, 0));
    R(syscall(SYS_listmount, &request, ids, 512, 0x77));
    request.size = 4;
    R(syscall(SYS_listmount, &request, ids, 512, 0));
    request.size = 24;
    R(syscall(SYS_listmount, (void *)8, ids, 512, 0));
    struct statx x;
    if (syscall(SYS_statx, AT_FDCWD, ".", 0, 0x4000U, &x)) skip("no statx");
    request.id = x.stx_mnt_id;
    request.parameter = 2; // STATMOUNT_MNT_BASIC
    R(syscall(SYS_statmount, &request, buffer, sizeof buffer, 0));
    R(syscall(SYS_statmount, &request, buffer, sizeof buffer, 77));
    R(syscall(SYS_statmount, &request, buffer, 4, 0));
    request.id = 1;
    R(syscall(SYS_statmount, &request, buffer, sizeof buffer, 0));
}
CASE(unshared) {
    IN_CHILD("unshare", {
        R(unshare(0));
        R(unshare(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM));
        R(unshare(0x7));
        R(chdir("/"));
    });
}

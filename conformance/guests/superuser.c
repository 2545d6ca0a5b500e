//! What only the machine's superuser may do, and no zone: errors that change nothing, and mounts in
//! a mount namespace of the case's own.
//! covers: quotactl_fd=443
#include "guest.h"
#include <linux/fanotify.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

CASE(machine) {
    struct timeval bad = {0, 1000000};
    R(settimeofday(&bad, 0));
    R(swapon("none", 0));
    R(swapoff("none"));
    R(syscall(SYS_setdomainname, "x", 1000));
    R(ioperm(0x20000, 1, 1));
    R(quotactl(QCMD(Q_GETFMT, 77), "/none", 0, 0));
    E(syscall(443, -1, QCMD(Q_SYNC, USRQUOTA), 0, 0)); // quotactl_fd
    // Nothing of this is a way to restart the machine.
    R(syscall(SYS_reboot, 0, 0x28121969, 0, 0));
    R(syscall(SYS_reboot, 0xfee1dead, 0, 0, 0));
    R(syscall(SYS_reboot, 0xfee1dead, 0x28121969, 77, 0));
    IN_CHILD("terminal", { setsid(); R(vhangup()); });
}
CASE(namespaces) {
    R(setns(-1, 0));
    int fd = must(open("f", O_CREAT | O_RDWR, 0600));
    R(setns(fd, 0));
    R(setns(fd, 77));
    IN_CHILD("mounts", R(unshare(CLONE_NEWNS)));
}
// Its own mount namespace, where nothing reaches the host's.
static int apart(void) {
    if (unshare(CLONE_NEWNS)) return -1;
    return mount("none", "/", 0, MS_REC | MS_PRIVATE, 0);
}
CASE(mounts) {
    must(mkdir("m", 0755));
    must(mkdir("n", 0755));
    E(apart());
    R(mount("none", "m", "tmpfs", MS_NODEV, "size=1m"));
    R(mount("none", "m", "nofilesystem", 0, 0));
    R(mount("none", "none", "tmpfs", 0, 0));
    R(mount("m", "n", 0, MS_BIND, 0));
    close(E(open("n/f", O_CREAT | O_RDWR, 0600)));
    R(mount("none", "n", 0, MS_REMOUNT | MS_BIND | MS_RDONLY, 0));
    close(E(open("n/g", O_CREAT | O_RDWR, 0600)));
    R(umount2("n", 0));
    R(umount2("n", 0));
    R(umount2("m", 0x7777));
    R(umount2("m", MNT_DETACH));
    R(umount2("none", 0));
    R(syscall(SYS_pivot_root, "none", "none"));
    R(syscall(SYS_pivot_root, "m", "n"));
}
CASE(mounts_by_descriptors) {
    must(mkdir("m", 0755));
    E(apart());
    int fs = E(syscall(SYS_fsopen, "tmpfs", 0));
    R(syscall(SYS_fsopen, "nofilesystem", 0));
    R(syscall(SYS_fsconfig, fs, 1, "size", "1m", 0)); // FSCONFIG_SET_STRING
    R(syscall(SYS_fsconfig, fs, 6, 0, 0, 0)); // FSCONFIG_CMD_CREATE
    R(syscall(SYS_fsconfig, fs, 77, 0, 0, 0));
    int made = E(syscall(SYS_fsmount, fs, 0, 0));
    R(syscall(SYS_fsmount, -1, 0, 0));
    R(syscall(SYS_move_mount, made, "", AT_FDCWD, "m", 4)); // MOVE_MOUNT_F_EMPTY_PATH
    R(syscall(SYS_move_mount, -1, "", AT_FDCWD, "m", 4));
    E(syscall(SYS_fspick, AT_FDCWD, "m", 0));
    R(syscall(SYS_fspick, AT_FDCWD, "none", 0));
    int tree = E(syscall(SYS_open_tree, AT_FDCWD, "m", 1)); // OPEN_TREE_CLONE
    R(syscall(SYS_open_tree, AT_FDCWD, "none", 1));
    struct { uint64_t set, clear, propagation, user; } attr = {1, 0, 0, 0}; // MOUNT_ATTR_RDONLY
    R(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, 32));
    R(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, 4));
    E(syscall(SYS_open_tree_attr, AT_FDCWD, "m", 1, &attr, 32));
}
CASE(notified) {
    must(mkdir("d", 0755));
    int fd = E(syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_NONBLOCK, 0));
    R(syscall(SYS_fanotify_init, 0x70000000, 0));
    E(syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD, "d"));
    R(syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD, "none"));
    R(syscall(SYS_fanotify_mark, -1, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD, "d"));
}
CASE(handles_opened) {
    struct { uint32_t bytes; int32_t type; uint8_t data[128]; } h = {.bytes = 4096};
    R(syscall(SYS_open_by_handle_at, AT_FDCWD, &h, O_RDONLY));
    h.bytes = 0;
    R(syscall(SYS_open_by_handle_at, AT_FDCWD, &h, O_RDONLY));
    R(syscall(SYS_open_by_handle_at, AT_FDCWD, (void *)8, O_RDONLY));
}

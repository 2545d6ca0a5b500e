/* Files outside, by every way that leads to files. */
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

static enum outcome read_by_path(void)
{
    return secret_at(AT_FDCWD, outside("host.out", "secret"));
}

static const char *upwards(const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "../../../../../../../../../../../../../..%s",
             outside("host.out", name));
    return path;
}

static enum outcome read_upwards(void)
{
    return secret_at(AT_FDCWD, upwards("secret"));
}

static enum outcome read_by_symlink(void)
{
    const char *link = mine("link");
    STEP(MAKE(SYS_symlinkat, outside("host.out", "secret"), AT_FDCWD, link));
    return secret_at(AT_FDCWD, link);
}

static enum outcome read_by_openat2(void)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return is_secret(MAKE(SYS_openat2, AT_FDCWD, upwards("secret"), how, sizeof how));
}

static enum outcome list_outside(void)
{
    char buffer[1024];
    long fd = STEP(MAKE(SYS_openat, AT_FDCWD, text("host.out"), O_RDONLY | O_DIRECTORY));
    return told(MAKE(SYS_getdents64, fd, buffer, sizeof buffer));
}

static enum outcome write_by_path(void)
{
    const char *path = outside("host.out", way == JUMP ? "inside/jump" : "inside/call");
    return told(MAKE(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0600));
}

static enum outcome make_outside(void)
{
    const char *path = outside("host.out", way == JUMP ? "inside/jump.d" : "inside/call.d");
    return told(MAKE(SYS_mkdirat, AT_FDCWD, path, 0700));
}

static enum outcome link_outside(void)
{
    return told(MAKE(SYS_linkat, AT_FDCWD, outside("host.out", "secret"), AT_FDCWD, mine("linked"),
                     0));
}

static enum outcome rename_outside(void)
{
    const char *own = mine("renamed");
    close(open(own, O_CREAT | O_WRONLY, 0600));
    const char *path = outside("host.out", way == JUMP ? "inside/jump.r" : "inside/call.r");
    return told(MAKE(SYS_renameat2, AT_FDCWD, own, AT_FDCWD, path, 0));
}

/* The classic: a root below the working directory does not stop `..`. */
static enum outcome chroot_breakout(void)
{
    const char *folder = mine("jail");
    mkdir(folder, 0700);
    STEP(MAKE(SYS_chroot, folder));
    for (int up = 0; up < 64; up++)
        MAKE(SYS_chdir, "..");
    MAKE(SYS_chroot, ".");
    return secret_at(AT_FDCWD, outside("host.out", "secret"));
}

static enum outcome root_of_process_1(void)
{
    char path[900];
    snprintf(path, sizeof path, "/proc/1/root%s", outside("host.out", "secret"));
    if (secret_at(AT_FDCWD, path) == REACHED)
        return REACHED;
    snprintf(path, sizeof path, "/proc/self/root%s", outside("host.out", "secret"));
    return secret_at(AT_FDCWD, path);
}

static enum outcome root_by_hidden_proc(void)
{
    char path[900];
    snprintf(path, sizeof path, "self/root%s", outside("host.out", "secret"));
    return secret_at(reserved(PROC), path);
}

/* Any descriptor of a directory whose mount lies outside leads out. */
static enum outcome upwards_from_descriptors(void)
{
    enum outcome outcome = stopped(-ENOTDIR);
    for (int fd = 0; fd < 5000; fd++)
        if (jump(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0) >= 0 && outcome != REACHED)
            outcome = secret_at(fd, upwards("secret") + 3);
    return outcome;
}

/* A file handle knows no path; the file system finds the file wherever it is. */
static enum outcome open_by_handle(void)
{
    struct {
        struct file_handle head;
        unsigned char bytes[128];
    } handle = {.head.handle_type = (int)number("host.handle_type")};
    const char *digits = text("host.handle");
    for (; digits[0] && digits[1]; digits += 2)
        sscanf(digits, "%2hhx", &handle.bytes[handle.head.handle_bytes++]);
    int root = open(text("here"), O_RDONLY | O_DIRECTORY);
    return is_secret(MAKE(SYS_open_by_handle_at, root, &handle, O_RDONLY));
}

/* ---- The host's inodes that a zone may show. */

static void stat_of(int fd, struct stat *stat)
{
    /* Times of devtmpfs go in ticks: two changes of one tick would look like one. */
    usleep(20000);
    fd < 0 ? fstatat(AT_FDCWD, "/dev/null", stat, 0) : fstat(fd, stat);
}

/* Users of a zone's own may change nothing, successfully: the time of the last change tells. */
static enum outcome is_hosts(long changed, const struct stat *before, const struct stat *after)
{
    char name[64];
    snprintf(name, sizeof name, "%lu:%lu", (unsigned long)before->st_dev, (unsigned long)before->st_ino);
    if (changed < 0)
        return stopped(changed);
    int touched = before->st_ctim.tv_sec != after->st_ctim.tv_sec || before->st_ctim.tv_nsec != after->st_ctim.tv_nsec;
    return touched && strcmp(name, text("host.null")) == 0 ? REACHED : stopped(0);
}

static enum outcome mode_of_device(void)
{
    struct stat of, then;
    stat_of(-1, &of);
    long changed = MAKE(SYS_fchmodat, AT_FDCWD, "/dev/null", 0666);
    stat_of(-1, &then);
    return is_hosts(changed, &of, &then);
}

static enum outcome times_of_device(void)
{
    struct stat of, then;
    stat_of(-1, &of);
    struct timespec times[2] = {of.st_atim, of.st_mtim};
    long changed = MAKE(SYS_utimensat, AT_FDCWD, "/dev/null", times, 0);
    stat_of(-1, &then);
    return is_hosts(changed, &of, &then);
}

/* The driver gives the host's own /dev/null as standard input. */
static enum outcome mode_of_stdin(void)
{
    struct stat of, then;
    stat_of(0, &of);
    long changed = MAKE(SYS_fchmod, 0, 0666);
    stat_of(0, &then);
    return is_hosts(changed, &of, &then);
}

/* ---- The host's tools, which a zone shows read-only. */

static enum outcome up_from_native(void)
{
    char path[1000];
    snprintf(path, sizeof path, "/native/usr/%s", upwards("secret"));
    return secret_at(AT_FDCWD, path);
}

static enum outcome create_in_native(void)
{
    return told(MAKE(SYS_openat, AT_FDCWD, "/native/usr/lx-escape", O_CREAT | O_WRONLY, 0600));
}

static enum outcome mode_in_native(void)
{
    struct stat of;
    if (stat("/native/usr", &of) < 0)
        return stopped(-errno);
    return told(MAKE(SYS_fchmodat, AT_FDCWD, "/native/usr", of.st_mode & 07777));
}

static enum outcome remount_native(void)
{
    return told(MAKE(SYS_mount, "none", "/native/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
}

/* ---- The program lx, and what of it lies in the zone. */

static enum outcome write_lx(void)
{
    return told(MAKE(SYS_openat, AT_FDCWD, text("host.lx"), O_WRONLY));
}

static enum outcome write_own_exe(void)
{
    long fd = STEP(MAKE(SYS_openat, way == JUMP ? reserved(PROC) : AT_FDCWD,
                        way == JUMP ? "1/exe" : "/proc/1/exe", O_RDWR));
    return told(MAKE(SYS_write, fd, "x", 1));
}

static enum outcome write_image(void)
{
    return told(MAKE(SYS_pwrite64, reserved(IMAGE), "x", 1, 0));
}

static enum outcome cut_image(void)
{
    return told(MAKE(SYS_ftruncate, reserved(IMAGE), 0));
}

static enum outcome map_image(void)
{
    long at = MAKE(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reserved(IMAGE), 0);
    return at < 0 && at > -4096 ? stopped(at) : REACHED;
}

static enum outcome write_facts(void)
{
    return told(MAKE(SYS_pwrite64, reserved(FACTS), "x", 1, 0));
}

static enum outcome reopen_facts(void)
{
    char path[64];
    snprintf(path, sizeof path, "self/fd/%d", reserved(FACTS));
    long fd = STEP(MAKE(SYS_openat, reserved(PROC), path, O_RDWR));
    return told(MAKE(SYS_pwrite64, fd, "x", 1, 0));
}

static enum outcome map_facts(void)
{
    char path[64];
    snprintf(path, sizeof path, "self/fd/%d", reserved(FACTS));
    long fd = STEP(MAKE(SYS_openat, reserved(PROC), path, O_RDWR));
    long at = MAKE(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return at < 0 && at > -4096 ? stopped(at) : REACHED;
}

static enum outcome cut_facts(void)
{
    char path[64];
    snprintf(path, sizeof path, "self/fd/%d", reserved(FACTS));
    long fd = STEP(MAKE(SYS_openat, reserved(PROC), path, O_RDWR));
    return told(MAKE(SYS_ftruncate, fd, 0));
}

/* ---- Devices. */

static enum outcome device_by_path(void)
{
    static const char *const names[] = {"mem", "port", "kmsg", "kvm", "fuse", "loop-control",
                                        "net/tun", "vda", "sda", "nvme0n1", "mapper/control"};
    long result = -ENOENT;
    for (unsigned i = 0; i < sizeof names / sizeof *names && result < 0; i++) {
        char path[64];
        snprintf(path, sizeof path, "/dev/%s", names[i]);
        result = MAKE(SYS_openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
    }
    return told(result);
}

static enum outcome make_disk(void)
{
    return told(MAKE(SYS_mknodat, AT_FDCWD, mine("disk"), S_IFBLK | 0600, number("host.disk")));
}

static enum outcome make_memory(void)
{
    return told(MAKE(SYS_mknodat, AT_FDCWD, mine("mem"), S_IFCHR | 0600, 0x101));
}

static enum outcome make_disk_by_mknod(void)
{
    return told(MAKE(SYS_mknod, mine("disk2"), S_IFBLK | 0600, number("host.disk")));
}

static enum outcome type_into_terminal(void)
{
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlock = 0, which = 0;
    ioctl(master, TIOCSPTLCK, &unlock);
    ioctl(master, TIOCGPTN, &which);
    char path[32];
    snprintf(path, sizeof path, "/dev/pts/%d", which);
    setsid();
    int slave = open(path, O_RDWR);
    ioctl(slave, TIOCSCTTY, 0);
    /* The kernel looks at the lower half of the register only. */
    return told(MAKE(SYS_ioctl, slave, TIOCSTI | (way == JUMP ? 1UL << 40 : 0), "x"));
}

/* ---- Mounts. */

static enum outcome mount_tmpfs(void)
{
    const char *folder = mine("mount");
    mkdir(folder, 0700);
    return told(MAKE(SYS_mount, "none", folder, "tmpfs", 0, ""));
}

static enum outcome mount_proc(void)
{
    const char *folder = mine("proc");
    mkdir(folder, 0700);
    return told(MAKE(SYS_mount, "none", folder, "proc", 0, ""));
}

static enum outcome mount_cgroup(void)
{
    const char *folder = mine("cgroup");
    mkdir(folder, 0700);
    return told(MAKE(SYS_mount, "none", folder, "cgroup2", 0, ""));
}

static enum outcome remount(void)
{
    return told(MAKE(SYS_mount, "none", "/sys", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static enum outcome uncover_proc(void)
{
    return told(MAKE(SYS_umount2, way == JUMP ? "/proc/sys" : "/proc/fs", MNT_DETACH));
}

static enum outcome change_root(void)
{
    const char *folder = mine("new-root");
    mkdir(folder, 0700);
    /* Where that is possible, the new root is no one else's. */
    MAKE(SYS_unshare, CLONE_NEWNS);
    MAKE(SYS_mount, "none", folder, "tmpfs", 0, "");
    return told(MAKE(SYS_pivot_root, folder, folder));
}

static enum outcome new_file_system(void)
{
    return told(MAKE(SYS_fsopen, "proc", 0));
}

static enum outcome clone_mounts(void)
{
    return told(MAKE(SYS_open_tree, AT_FDCWD, "/", 1));
}

static enum outcome move_mounts(void)
{
    /* Of bad descriptors: it is EBADF to whom the call is open. */
    long result = MAKE(SYS_move_mount, -2, "", -2, "", 4 | 0x40);
    return result == -EBADF ? REACHED : told(result);
}

static enum outcome mount_attributes(void)
{
    uint64_t attributes[4] = {0, 1, 0, 0};
    return told(MAKE(SYS_mount_setattr, AT_FDCWD, "/sys", 0, attributes, sizeof attributes));
}

static enum outcome list_hosts_mounts(void)
{
    /* struct mnt_id_req; LSMT_ROOT */
    uint64_t request[4] = {sizeof request, ~0UL, 0, strtoul(text("host.mounts"), NULL, 0)};
    uint64_t mounts[16];
    return told(MAKE(458 /* listmount */, request, mounts, 16, 0));
}

static const struct attempt FILES[] = {
    {"read a file by its path", "mount namespace", read_by_path, 0, NULL},
    {"read a file by ..", "mount namespace", read_upwards, 0, NULL},
    {"read a file by a symbolic link", "mount namespace", read_by_symlink, 0, NULL},
    {"read a file by openat2", "mount namespace", read_by_openat2, 0, NULL},
    {"list a directory", "mount namespace", list_outside, 0, NULL},
    {"create a file", "mount namespace", write_by_path, 0, NULL},
    {"make a directory", "mount namespace", make_outside, 0, NULL},
    {"link a file into the zone", "mount namespace", link_outside, 0, NULL},
    {"rename a file to outside", "mount namespace", rename_outside, 0, NULL},
    {"break out of a chroot", "mount namespace", chroot_breakout, 0, NULL},
    {"read by the root of a process", "mount namespace", root_of_process_1, 0, NULL},
    {"read by the brand's /proc", "mount namespace", root_by_hidden_proc, 0, NULL},
    {"go up from every descriptor", "no descriptor leads out", upwards_from_descriptors, 0, NULL},
    {"open a file by its handle", "filter", open_by_handle, 0, NULL},
    {"change the mode of the host's /dev/null", "device nodes of its own, or their owner",
     mode_of_device, 0, NULL},
    {"change the times of the host's /dev/null", "device nodes of its own, or their owner",
     times_of_device, 0, NULL},
    {"change the mode of standard input", "opened anew in the zone", mode_of_stdin, 0, NULL},
    {"go up from /native", "mount namespace", up_from_native, ZONE_ONLY, "it leads to the zone's root"},
    {"create a file in /native", "read-only mount", create_in_native, ZONE_ONLY,
     "the mount is read-only"},
    {"change a mode in /native", "read-only mount", mode_in_native, ZONE_ONLY,
     "the mount is read-only"},
    {"make /native writable", "filter", remount_native, ZONE_ONLY, NULL},
    {"open the lx program for writing", "mount namespace", write_lx, 0, NULL},
    {"write to /proc/1/exe", "sealed file", write_own_exe, 0,
     "a program that runs is never written to"},
    {"write to the brand's image", "sealed file", write_image, 0, "the file is sealed"},
    {"truncate the brand's image", "sealed file", cut_image, 0, "the file is sealed"},
    {"map the brand's image for writing", "sealed file", map_image, 0, "the file is sealed"},
    {"write to the zone's facts", "descriptor for reading", write_facts, 0, "the file is sealed"},
    {"open the zone's facts for writing", "sealed file", reopen_facts, 0, "the file is sealed"},
    {"map the zone's facts for writing", "sealed file", map_facts, 0, "the file is sealed"},
    {"truncate the zone's facts", "sealed file", cut_facts, 0, "the file is sealed"},
    {"open the host's devices by path", "mount namespace", device_by_path, 0, NULL},
    {"make the host's disk", "filter", make_disk, 0, NULL},
    {"make the host's disk by mknod", "filter", make_disk_by_mknod, 0, NULL},
    {"make the host's memory", "filter", make_memory, 0, NULL},
    {"type into a terminal", "filter", type_into_terminal, 0, NULL},
    {"mount a tmpfs", "filter", mount_tmpfs, ZONE_ONLY, NULL},
    {"mount procfs", "filter", mount_proc, ZONE_ONLY, NULL},
    {"mount the control groups", "filter", mount_cgroup, ZONE_ONLY, NULL},
    {"make a mount writable", "filter", remount, ZONE_ONLY, NULL},
    {"uncover the host's /proc/sys", "filter", uncover_proc, ZONE_ONLY, NULL},
    {"change the root", "filter", change_root, ZONE_ONLY, NULL},
    {"begin a file system", "filter", new_file_system, 0, NULL},
    {"list the host's mounts", "capability", list_hosts_mounts, 0, NULL},
    {"clone the mounts", "filter", clone_mounts, 0, NULL},
    {"move a mount", "filter", move_mounts, 0, NULL},
    {"change attributes of a mount", "filter", mount_attributes, ZONE_ONLY, NULL},
};

//! Memory: the map shows the guest's own and nothing else, nothing of the guest's can harm
//! what serves it, and the mmap family answers as the kernel does.
//! variants: pie static
#include "guest.h"
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/shm.h>
#include <sys/uio.h>

static sigjmp_buf back;
static void fault(int number) { siglongjmp(back, number); }

struct range { uintptr_t from, to; char perms[5]; char name[128]; };
static struct range map[4096];
static int map_count;
static void read_maps(const char *path) {
    static char text[1 << 20];
    int fd = must(open(path, O_RDONLY));
    size_t size = 0;
    ssize_t got;
    while ((got = read(fd, text + size, sizeof text - 1 - size)) > 0) size += got;
    text[size] = 0;
    close(fd);
    map_count = 0;
    for (char *line = strtok(text, "\n"); line && map_count < 4096; line = strtok(0, "\n")) {
        struct range *r = &map[map_count++];
        r->name[0] = 0;
        sscanf(line, "%lx-%lx %4s %*s %*s %*s %127[^\n]", &r->from, &r->to, r->perms, r->name);
    }
}
static const char *base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
CASE(maps) {
    read_maps("/proc/self/maps");
    // Names and rights, the program's own name apart; unnamed areas only by their number. Which
    // library lies above which is chance: in the order of the names.
    int unnamed = 0, odd = 0, count = 0;
    static char lines[512][160];
    for (int i = 0; i < map_count; i++) {
        struct range *r = &map[i];
        if (!r->name[0]) unnamed++;
        else if (count < 512)
            snprintf(lines[count++], 160, "%s %s", !strcmp(r->name, self) ? "program" : base(r->name), r->perms);
        odd += i && r->from < map[i - 1].to;
    }
    qsort(lines, count, 160, (int (*)(const void *, const void *))strcmp);
    for (int i = 0; i < count; i++) show("%s", lines[i]);
    check(unnamed < 12 && !odd, "unnamed areas and order");
    uintptr_t here = (uintptr_t)read_maps, on_stack = (uintptr_t)&odd;
    int found = 0;
    for (int i = 0; i < map_count; i++) {
        if (here >= map[i].from && here < map[i].to) found |= !strcmp(map[i].name, self) ? 1 : 0;
        if (on_stack >= map[i].from && on_stack < map[i].to) found |= !strcmp(map[i].name, "[stack]") ? 2 : 0;
    }
    show("code and stack found %d", found);
    int first = map_count;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/maps", getpid());
    read_maps(path);
    check(map_count == first, "the same by number");
    snprintf(path, sizeof path, "/proc/self/task/%d/maps", getpid());
    read_maps(path);
    check(map_count == first, "the same by thread");
}
// After code has become hot, the map is as before: rights and names of the program's parts.
CASE(maps_when_hot) {
    read_maps("/proc/self/maps");
    int before = map_count;
    struct range *old = malloc(sizeof map);
    read_maps("/proc/self/maps");
    before = map_count;
    memcpy(old, map, sizeof map);
    for (int i = 0; i < 500; i++) {
        getppid();
        close(-1);
        syscall(SYS_getuid);
        lseek(-1, 0, 0);
        read(-1, 0, 0);
    }
    read_maps("/proc/self/maps");
    check(map_count == before, "as many lines");
    int differ = 0;
    for (int i = 0; i < map_count; i++) differ += memcmp(&old[i], &map[i], sizeof map[i]) != 0 && strcmp(map[i].name, "[heap]");
    show("differ %d", differ);
}
CASE(smaps_and_friends) {
    static const char *files[] = {"/proc/self/smaps", "/proc/self/smaps_rollup", "/proc/self/numa_maps", "/proc/self/statm"};
    for (int i = 0; i < 4; i++) {
        int fd = open(files[i], O_RDONLY);
        static char text[1 << 20];
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        show("%s: %s", files[i], fd < 0 ? errname(errno) : n > 0 ? "text" : "nothing");
        if (n > 0) {
            text[n] = 0;
            show("names of the layer: %d", strstr(text, "memfd:") != 0 || strstr(text, "brand") != 0);
        }
        close(fd);
    }
    // As many areas in smaps as in maps.
    int fd = must(open("/proc/self/smaps", O_RDONLY)), count = 0;
    static char text[1 << 22];
    size_t size = 0;
    ssize_t got;
    while ((got = read(fd, text + size, sizeof text - 1 - size)) > 0) size += got;
    text[size] = 0;
    for (char *at = text; (at = strstr(at, "\nRss:")); at++) count++;
    read_maps("/proc/self/maps");
    int vsyscall = map_count && !strcmp(map[map_count - 1].name, "[vsyscall]");
    check(count == map_count || count + vsyscall == map_count || count == map_count - vsyscall, "areas");
}
// What is not in the map is not there: mincore says so, for each gap's first and last page.
CASE(gaps_mincore) {
    read_maps("/proc/self/maps");
    unsigned char vec[1];
    int hidden = 0;
    uintptr_t end = 0x10000;
    for (int i = 0; i <= map_count; i++) {
        uintptr_t next = i < map_count ? map[i].from : 0x7ffffffff000;
        if (next > 0x7ffffffff000) next = 0x7ffffffff000;
        for (int k = 0; k < 16 && next > end; k++) {
            uintptr_t at = end + (((next - end) >> 12) * k / 16 << 12);
            if (mincore((void *)at, 4096, vec) == 0 || errno != ENOMEM) hidden++;
            at = next - 4096 * (k + 1);
            if (at >= end && (mincore((void *)at, 4096, vec) == 0 || errno != ENOMEM)) hidden++;
        }
        end = i < map_count ? map[i].to : end;
    }
    show("hidden pages %d", hidden);
}
// Unmapping, protecting and advising whole gaps harms nobody.
CASE(gaps_harmless) {
    read_maps("/proc/self/maps");
    uintptr_t end = 0x10000;
    int bad = 0;
    for (int i = 0; i < map_count; i++) {
        uintptr_t next = map[i].from;
        if (next > 0x7ffffffff000) break;
        // The stack may grow into the gap below it.
        if (!strcmp(map[i].name, "[stack]")) next -= 64 << 20;
        if (next > end) {
            size_t size = next - end;
            bad += mprotect((void *)end, size, PROT_NONE) != -1 || errno != ENOMEM;
            bad += madvise((void *)end, size, MADV_DONTNEED) != -1 || errno != ENOMEM;
            bad += msync((void *)end, size, MS_ASYNC) != -1 || errno != ENOMEM;
            bad += munlock((void *)end, size) != -1 || errno != ENOMEM;
            bad += mremap((void *)end, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)end) != MAP_FAILED;
            bad += munmap((void *)end, size) != 0;
        }
        end = map[i].to;
    }
    show("bad %d", bad);
    for (int i = 0; i < 300; i++) getppid();
    void handler(int n) { show("handled"); }
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    IN_CHILD("fork", getppid());
    IN_CHILD("exec", execl("/bin/true", "true", (char *)0));
    void *f(void *a) { return 0; }
    pthread_t t;
    R(pthread_create(&t, 0, f, 0));
    pthread_join(t, 0);
}
// A fixed mapping over each gap's ends: it succeeds where the map says that nothing is there,
// or fails cleanly where the layer itself lives; the process lives on.
CASE(gaps_fixed) {
    read_maps("/proc/self/maps");
    uintptr_t end = 0x10000;
    struct range copy[512];
    int count = map_count < 512 ? map_count : 512, mapped = 0;
    memcpy(copy, map, count * sizeof *copy);
    for (int i = 0; i < count; i++) {
        uintptr_t next = copy[i].from;
        if (next > 0x7ffffffff000) break;
        if (!strcmp(copy[i].name, "[stack]")) next -= 64 << 20;
        if (next > end + 8192) {
            for (int k = 0; k < 2; k++) {
                char *at = (char *)(k ? next - 4096 : end + 4096);
                char *got = mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
                if (got == at) {
                    *got = 1;
                    mapped++;
                    munmap(got, 4096);
                }
            }
        }
        end = copy[i].to;
    }
    check(mapped > 2, "fixed mappings");
    for (int i = 0; i < 300; i++) getppid();
    IN_CHILD("fork", getppid());
}
CASE(brk) {
    char *start = sbrk(0);
    check(start == (char *)syscall(SYS_brk, 0), "where the library thinks");
    check((char *)syscall(SYS_brk, start + 10000) == start + 10000, "grows to the byte");
    start[9999] = 1;
    check((char *)syscall(SYS_brk, start + 3) == start + 3, "shrinks");
    signal(SIGSEGV, fault);
    int n = sigsetjmp(back, 1);
    if (!n) start[9999] = 1;
    show("beyond the end: signal %d", n);
    check((char *)syscall(SYS_brk, start + 20000) == start + 20000 && start[9999] == 0, "new pages are zero");
    check((char *)syscall(SYS_brk, 8) == start + 20000, "refused: unchanged");
    check((char *)syscall(SYS_brk, -1L) == start + 20000, "refused: unchanged");
    check((char *)syscall(SYS_brk, 0x7fffffffffff) == start + 20000, "refused: unchanged");
    // Something in the way.
    char *wall = (char *)(((uintptr_t)start + 20000 + 4095 & ~4095ul) + 8192);
    must(mmap(wall, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    check((char *)syscall(SYS_brk, wall + 8192) == start + 20000, "a wall");
    must(munmap(wall, 4096));
    check((char *)syscall(SYS_brk, wall + 8192) == wall + 8192, "and none");
    read_maps("/proc/self/maps");
    for (int i = 0; i < map_count; i++)
        if (map[i].from < (uintptr_t)wall && map[i].to > (uintptr_t)wall) show("%s %s", map[i].perms, map[i].name);
    IN_CHILD("child", check((char *)syscall(SYS_brk, 0) == wall + 8192, "inherited"));
    struct rlimit l = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_DATA, &l);
    check((char *)syscall(SYS_brk, start + (64 << 20)) == wall + 8192, "the data limit");
    check(syscall(SYS_brk, start) == (long)start, "back to the start");
}
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
CASE(mmap_flags) {
    R(mmap(0, 0, PROT_READ, ANON, -1, 0));
    R(mmap(0, -1ul, PROT_READ, ANON, -1, 0));
    R(mmap((void *)1, 4096, PROT_READ, ANON | MAP_FIXED, -1, 0));
    R(mmap((void *)0x8000000000000000, 4096, PROT_READ, ANON | MAP_FIXED, -1, 0));
    R(mmap((void *)0x7ffffffff000, 4096, PROT_READ, ANON | MAP_FIXED, -1, 0));
    R(mmap(0, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0));
    R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, -1, 0));
    R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, 999, 0));
    int fd = must(open("f", O_RDWR | O_CREAT, 0600)), ro = must(open("f", O_RDONLY));
    ftruncate(fd, 10000);
    R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 1));
    R(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
    E(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0));
    E(mmap(0, 4096, PROT_READ, MAP_SHARED_VALIDATE | 1 << 30, fd, 0));
    R(mmap(0, 4096, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0));
    char *a = must(mmap(0, 8192, PROT_READ | PROT_WRITE, ANON, -1, 0));
    R(mmap(a, 4096, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    munmap(a, 8192);
    check(mmap(a, 8192, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0) == a, "no replacement needed");
    check(mmap(a, 8192, PROT_READ, ANON, -1, 0) != a, "a hint that is taken");
    char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, ANON | MAP_32BIT, -1, 0);
    check(low != MAP_FAILED && (uintptr_t)low < 1ul << 31, "below 2 GiB");
    char *pop = must(mmap(0, 1 << 20, PROT_READ | PROT_WRITE, ANON | MAP_POPULATE, -1, 0));
    unsigned char vec[256];
    mincore(pop, 1 << 20, vec);
    int in = 0;
    for (int i = 0; i < 256; i++) in += vec[i] & 1;
    show("populated %d", in);
    char *grow = must(mmap(0, 1 << 20, PROT_READ | PROT_WRITE, ANON | MAP_GROWSDOWN | MAP_STACK | MAP_NORESERVE, -1, 0));
    grow[0] = 1;
    E(mmap(0, 4096, PROT_NONE, ANON | MAP_LOCKED, -1, 0));
    R(munmap(a, 0));
    R(munmap(a + 1, 4096));
    R(munmap((void *)0x7ffffffff000, 8192));
    R(munmap((void *)-4096, 4096));
    R(munmap(0, 4096));
    R(mprotect(a + 1, 4096, PROT_READ));
    R(mprotect(a, 0, PROT_READ));
    R(mprotect(a, 4096, 0x1000));
    R(mprotect(a, 4096, PROT_READ | PROT_GROWSDOWN));
    R(mprotect((void *)0x10000, 4096, PROT_READ));
    R(mprotect(mmap(0, 4096, PROT_READ, MAP_SHARED, ro, 0), 4096, PROT_READ | PROT_WRITE));
    // The largest address space is the guest's: a request for most of it is answered, not a crash.
    void *huge = mmap(0, 1ul << 46, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    show("64 TiB %s", huge == MAP_FAILED ? errname(errno) : "mapped");
}
CASE(mremaps) {
    char *a = must(mmap(0, 64 * 4096, PROT_READ | PROT_WRITE, ANON, -1, 0));
    // Room above, which no mapping of the kernel's own may end.
    must(munmap(a + 4 * 4096, 8 * 4096));
    for (int i = 0; i < 4; i++) a[4096 * i] = 'a' + i;
    check(mremap(a, 4 * 4096, 2 * 4096, 0) == a, "shrinks in place");
    check(mremap(a, 2 * 4096, 4 * 4096, 0) == a && a[2 * 4096] == 0, "grows in place");
    must(mmap(a + 4 * 4096, 4096, PROT_READ, ANON | MAP_FIXED, -1, 0));
    R(mremap(a, 4 * 4096, 8 * 4096, 0));
    char *b = mremap(a, 4 * 4096, 8 * 4096, MREMAP_MAYMOVE);
    check(b != MAP_FAILED && b != a && b[4096] == 'b', "moves");
    R(mremap(a, 4096, 8192, MREMAP_MAYMOVE));
    R(mremap(b + 1, 4096, 8192, MREMAP_MAYMOVE));
    R(mremap(b, 4096, 0, MREMAP_MAYMOVE));
    R(mremap(b, 4096, 4096, 99));
    R(mremap(b, 4096, 4096, MREMAP_FIXED, b));
    R(mremap(b, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, b + 4096));
    R(mremap(b, 9 * 4096, 10 * 4096, MREMAP_MAYMOVE));
    char *c = mremap(b, 8192, 8192, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
    check(c != MAP_FAILED && c[4096] == 'b' && b[4096] == 0, "leaves the old place empty");
    char *s = must(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    *s = 's';
    char *t = mremap(s, 0, 4096, MREMAP_MAYMOVE);
    check(t != MAP_FAILED && *t == 's' && t != s, "a second view of shared memory");
}
CASE(advice) {
    char *a = must(mmap(0, 16 * 4096, PROT_READ | PROT_WRITE, ANON, -1, 0));
    memset(a, 7, 16 * 4096);
    R(madvise(a, 4096, MADV_DONTNEED));
    show("%d %d", a[0], a[4096]);
    R(madvise(a, 4096, MADV_FREE));
    R(madvise(a, 4096, MADV_WILLNEED));
    R(madvise(a, 4096, MADV_SEQUENTIAL));
    R(madvise(a, 4096, MADV_RANDOM));
    R(madvise(a, 4096, MADV_NORMAL));
    R(madvise(a, 4096, MADV_DONTFORK));
    R(madvise(a, 4096, MADV_DOFORK));
    R(madvise(a + 4096, 4096, MADV_WIPEONFORK));
    IN_CHILD("child", { show("wiped %d kept %d", a[4096], a[8192]); });
    R(madvise(a, 4096, MADV_KEEPONFORK));
    R(madvise(a, 4096, MADV_DONTDUMP));
    R(madvise(a, 4096, MADV_POPULATE_READ));
    R(madvise(a, 4096, MADV_POPULATE_WRITE));
    R(madvise(a, 4096, MADV_COLD));
    R(madvise(a, 4096, MADV_REMOVE));
    R(madvise(a, 4096, 999));
    R(madvise(a + 1, 4096, MADV_NORMAL));
    R(madvise(a, 0, MADV_NORMAL));
    R(madvise(0, 4096, MADV_NORMAL));
    R(msync(a, 4096, MS_SYNC));
    R(msync(a, 4096, MS_SYNC | MS_ASYNC));
    R(msync(a + 1, 4096, MS_SYNC));
    R(mincore(a, 4096, (void *)8));
    R(mincore(a + 1, 4096, (void *)a));
    R(mlock(a, 8192));
    R(munlock(a, 8192));
    R(mlock2(a, 4096, MLOCK_ONFAULT));
    R(mlock2(a, 4096, 9));
    R(mlock((void *)0x10000, 4096));
    R(munlockall());
    R(mlockall(99));
    R(mlockall(MCL_CURRENT | MCL_FUTURE));
    R(getppid() > 0);
    E(mmap(0, 4096, PROT_READ, ANON, -1, 0));
    IN_CHILD("fork", getppid());
    R(munlockall());
    int key = syscall(SYS_pkey_alloc, 0, 0);
    show("pkey_alloc %s", key >= 0 ? "key" : errname(errno));
    R(syscall(SYS_pkey_mprotect, a, 4096, PROT_READ, -1));
    R(syscall(SYS_remap_file_pages, a, 4096, 0, 0, 0));
    R(syscall(SYS_get_mempolicy, 0, 0, 0, 0, 0));
}
CASE(shm) {
    int id = must(shmget(IPC_PRIVATE, 8192, 0600));
    char *a = must((char *)shmat(id, 0, 0)), *b = must((char *)shmat(id, 0, SHM_RDONLY));
    a[5] = 'x';
    show("%c", b[5]);
    IN_CHILD("child", { a[6] = 'y'; });
    show("%c", b[6]);
    struct shmid_ds ds;
    R(shmctl(id, IPC_STAT, &ds));
    show("attached %ld size %zu", (long)ds.shm_nattch, ds.shm_segsz);
    char *place = must(mmap(0, 16384, PROT_NONE, ANON, -1, 0));
    R(shmat(id, place, 0) == place);
    check(shmat(id, place, SHM_REMAP) == place, "remap");
    R(shmat(id, place + 1, 0));
    R(shmctl(id, IPC_RMID, 0));
    R(shmdt(a));
    R(shmdt(a));
    R(shmdt(b));
    R(shmat(999999, 0, 0));
    R(shmget(4711, 10, 0));
}
CASE(memfd) {
    int fd = must(memfd_create("name", MFD_ALLOW_SEALING | MFD_CLOEXEC));
    char link[100] = "", name[40];
    snprintf(name, 40, "/proc/self/fd/%d", fd);
    readlink(name, link, 99);
    show("%s", link);
    R(ftruncate(fd, 4096));
    char *m = must(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    strcpy(m, "text");
    R(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    R(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
    R(ftruncate(fd, 1));
    R(ftruncate(fd, 9999));
    R(munmap(m, 4096));
    R(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
    R(write(fd, "x", 1));
    R(fcntl(fd, F_GET_SEALS));
    R(fcntl(fd, F_ADD_SEALS, 0));
    R(memfd_create("x", 1 << 20));
    char longname[400];
    memset(longname, 'n', 399);
    longname[399] = 0;
    R(memfd_create(longname, 0));
    R(syscall(SYS_memfd_create, 8, 0));
}
// Copies between processes, and of a process to itself.
CASE(process_vm) {
    char from[100] = "copied by process_vm_readv", to[100] = "";
    struct iovec l = {to, 99}, r = {from, 99};
    R(process_vm_readv(getpid(), &l, 1, &r, 1, 0));
    show("%s", to);
    r.iov_base = (void *)8;
    R(process_vm_readv(getpid(), &l, 1, &r, 1, 0));
    R(process_vm_readv(99999999, &l, 1, &r, 1, 0));
    R(process_vm_readv(getpid(), &l, 1, &r, 1, 1));
    IN_CHILD("child", {
        struct iovec here = {to, 99};
        struct iovec there = {from, 99};
        strcpy(from, "changed");
        R(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
        show("%s", to);
    });
    int mem = must(open("/proc/self/mem", O_RDWR));
    R(pread(mem, to, 7, (off_t)from));
    R(pwrite(mem, "by mem", 7, (off_t)from));
    show("%s", from);
    R(pread(mem, to, 7, 8));
}
// What hot code looks like from outside: /proc/self/mem and process_vm_readv read the bytes
// that the file has.
CASE(own_code_bytes) {
    for (int i = 0; i < 300; i++) {
        getppid();
        close(-1);
    }
    read_maps("/proc/self/maps");
    int fd = must(open(self, O_RDONLY)), differ = 0, compared = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    char line[400];
    while (fgets(line, sizeof line, f)) {
        unsigned long from, to, offset;
        char perms[5], name[256] = "";
        sscanf(line, "%lx-%lx %4s %lx %*s %*s %255[^\n]", &from, &to, perms, &offset, name);
        if (strcmp(name, self) || strcmp(perms, "r-xp")) continue;
        for (unsigned long at = from; at < to; at += 4096, compared++) {
            char block[4096];
            ssize_t n = pread(fd, block, 4096, offset + at - from);
            if (n > 0 && memcmp(block, (void *)at, n)) differ++;
        }
    }
    check(compared > 0, "pages compared");
    // Rewritten sites show in the guest's own reads: how many pages is the layer's business.
    (void)differ;
}
CASE(stack_grows) {
    volatile char *p = alloca(4 << 20);
    p[0] = 1;
    show("%d", p[0]);
    struct rlimit l;
    getrlimit(RLIMIT_STACK, &l);
    IN_CHILD("limit", {
        l.rlim_cur = 1 << 20;
        setrlimit(RLIMIT_STACK, &l);
        signal(SIGSEGV, fault);
        stack_t s = {malloc(65536), 0, 65536};
        sigaltstack(&s, 0);
        struct sigaction a = {.sa_handler = fault, .sa_flags = SA_ONSTACK};
        sigaction(SIGSEGV, &a, 0);
        if (!sigsetjmp(back, 1)) {
            volatile char *q = alloca(7 << 20);
            q[0] = 1;
            _exit(1);
        }
        _exit(2);
    });
}
CASE(as_limit) {
    struct rlimit l = {256 << 20, 256 << 20};
    must(setrlimit(RLIMIT_AS, &l));
    R(mmap(0, 1 << 30, PROT_READ, ANON, -1, 0));
    E(mmap(0, 1 << 20, PROT_READ, ANON, -1, 0));
    IN_CHILD("exec under a limit", execl("/bin/true", "true", (char *)0));
    R(getppid() > 0);
}
CASE(vdso) {
    check(getauxval(AT_SYSINFO_EHDR) != 0, "there");
    struct timespec t, u;
    int bad = 0;
    for (int i = 0; i < 1000; i++) {
        clock_gettime(CLOCK_MONOTONIC, &t);
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &u);
        bad += u.tv_sec < t.tv_sec || (u.tv_sec == t.tv_sec && u.tv_nsec < t.tv_nsec) || u.tv_sec > t.tv_sec + 5;
    }
    check(!bad, "times in order");
    unsigned cpu = 9999;
    R(syscall(SYS_getcpu, &cpu, 0, 0));
    check(cpu < 4096, "cpu");
}
static void *parked(void *gate) {
    pthread_barrier_wait(gate);
    return 0;
}
// Where the program has just unmapped something, and counts on it, nothing else comes to lie.
CASE(holes_stay) {
    enum { THREADS = 40, STACK = 64 << 10 };
    static pthread_barrier_t gate;
    pthread_t threads[THREADS];
    pthread_barrier_init(&gate, 0, THREADS + 1);
    char *stacks = mmap(0, THREADS * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must((long)stacks);
    size_t length = 64 << 20;
    char *hole = mmap(0, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must((long)hole);
    must(munmap(hole, length));
    for (int i = 0; i < THREADS; i++) {
        pthread_attr_t own;
        pthread_attr_init(&own);
        pthread_attr_setstack(&own, stacks + i * STACK, STACK);
        R(pthread_create(&threads[i], &own, parked, &gate));
    }
    check(mmap(hole, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == hole,
          "the hole is free");
    pthread_barrier_wait(&gate);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
}

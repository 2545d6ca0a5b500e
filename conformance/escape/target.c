/* What is outside: a process of the host or of another zone, with a file, sockets, shared memory and
 * a queue, which tells at the end what of it was touched. Not part of any attempt. */

static volatile long word = 42;

static void fail(const char *what)
{
    printf("failed %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listener_at(const char *name, int is_abstract, int type)
{
    struct sockaddr_un at;
    socklen_t length = address(&at, name, is_abstract);
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    /* A zone without namespaces has no datagram sockets. */
    if (fd < 0 && type == SOCK_DGRAM && errno == EPROTONOSUPPORT)
        return -1;
    if (fd < 0 || bind(fd, (void *)&at, length) < 0)
        fail(name);
    if (type == SOCK_STREAM && listen(fd, 8) < 0)
        fail("listen");
    return fd;
}

static void touched(int is_touched, const char *what)
{
    if (is_touched)
        printf("touched %s\n", what);
}

static void print_handle(const char *path)
{
    struct {
        struct file_handle head;
        unsigned char bytes[128];
    } handle = {.head.handle_bytes = 128};
    int mount;
    if (name_to_handle_at(AT_FDCWD, path, &handle.head, &mount, 0) < 0)
        return;
    printf(" handle_type=%d handle=", handle.head.handle_type);
    for (unsigned i = 0; i < handle.head.handle_bytes; i++)
        printf("%02x", handle.bytes[i]);
}

/* Ends when its standard input does. */
static int target(const char *folder, const char *tag, const char *secret)
{
    sigset_t all, pending;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    int priority = getpriority(PRIO_PROCESS, 0);
    char path[600], name[100];

    snprintf(path, sizeof path, "%s/inside", folder);
    if (mkdir(path, 0777) < 0)
        fail(path);
    snprintf(path, sizeof path, "%s/secret", folder);
    int file = open(path, O_CREAT | O_RDWR, 0644);
    if (write(file, secret, strlen(secret)) < 0)
        fail(path);

    char socket_path[600];
    snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
    int by_path = listener_at(socket_path, 0, SOCK_STREAM);
    snprintf(name, sizeof name, "lx-escape-%s", tag);
    int by_name = listener_at(name, 1, SOCK_STREAM);
    struct mq_attr sizes = {.mq_maxmsg = 4, .mq_msgsize = 16};
    char slashed[120];
    snprintf(slashed, sizeof slashed, "/%s", name);
    mqd_t queue = mq_open(slashed, O_CREAT | O_EXCL | O_RDWR, 0600, &sizes);
    /* A zone without namespaces has no queues. */
    if (queue < 0 && errno != EACCES && errno != ENOSYS)
        fail("mq_open");
    int shared = shm_open(slashed, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (shared < 0 || write(shared, "untouched", 9) < 0)
        fail("shm_open");
    strcat(name, "-datagrams");
    int datagrams = listener_at(name, 1, SOCK_DGRAM);

    key_t key = 0;
    int id = -1;
    for (int tries = 0; id < 0 && tries < 100; tries++) {
        key = (key_t)(((unsigned)rand() ^ ((unsigned)getpid() << 16) ^ (unsigned)time(NULL)) | 1);
        id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
    }
    /* A zone without namespaces has no System V shared memory. */
    char *memory = id < 0 && errno == ENOSYS ? "" : shmat(id, NULL, 0);
    if (memory == (void *)-1)
        fail("shmat");

    struct sockaddr_in port = {.sin_family = AF_INET};
    port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof port;
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(tcp, (void *)&port, length) < 0 || listen(tcp, 8) < 0)
        fail("tcp");
    getsockname(tcp, (void *)&port, &length);

    struct stat null;
    stat("/dev/null", &null);
    uint64_t mounts = 0;
    ioctl(open("/proc/self/ns/mnt", O_RDONLY), 0x8008b705UL /* NS_GET_MNTNS_ID */, &mounts);
    printf("ready mounts=%lu pid=%d out=%s tag=%s address=%#lx key=%d port=%d null=%lu:%lu", mounts, getpid(), folder,
           tag, (unsigned long)&word, key, ntohs(port.sin_port), (unsigned long)null.st_dev,
           (unsigned long)null.st_ino);
    print_handle(path);
    printf("\n");
    fflush(stdout);

    char byte;
    while (read(0, &byte, 1) > 0)
        ;

    sigpending(&pending);
    /* Its own terminal or parent may send these. */
    sigdelset(&pending, SIGCHLD);
    sigdelset(&pending, SIGCONT);
    int signals = 0;
    for (int signal = 1; signal < 65; signal++)
        signals += sigismember(&pending, signal) == 1;
    touched(signals > 0, "by a signal");
    touched(word != 42, "memory");
    touched(getpriority(PRIO_PROCESS, 0) != priority, "priority");
    touched(accept(by_path, NULL, NULL) >= 0, "socket");
    touched(accept(by_name, NULL, NULL) >= 0, "abstract socket");
    touched(recv(datagrams, &byte, 1, 0) >= 0, "abstract datagram socket");
    touched(accept(tcp, NULL, NULL) >= 0, "port");
    touched(strcmp(memory, "") != 0, "shared memory");
    struct mq_attr state;
    touched(mq_getattr(queue, &state) == 0 && state.mq_curmsgs != 0, "message queue");
    char bytes[64] = "";
    pread(shared, bytes, sizeof bytes, 0);
    touched(strcmp(bytes, "untouched") != 0, "file in /dev/shm");
    memset(bytes, 0, sizeof bytes);
    pread(file, bytes, sizeof bytes - 1, 0);
    touched(strcmp(bytes, secret) != 0, "file");
    snprintf(path, sizeof path, "%s/inside", folder);
    touched(rmdir(path) < 0, "directory");

    shmctl(id, IPC_RMID, NULL);
    mq_unlink(slashed);
    shm_unlink(slashed);
    printf("end\n");
    return 0;
}

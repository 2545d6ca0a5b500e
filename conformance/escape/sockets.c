/* Sockets, shared memory and queues outside: of the host's target, and of another zone. */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/shm.h>
#include <sys/un.h>

/* An abstract name is the one that begins with a null byte. */
static socklen_t address(struct sockaddr_un *to, const char *name, int is_abstract)
{
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    snprintf(to->sun_path + is_abstract, sizeof to->sun_path - is_abstract, "%s", name);
    return offsetof(struct sockaddr_un, sun_path) + is_abstract + strlen(name);
}

static enum outcome connect_unix(const char *name, int is_abstract)
{
    struct sockaddr_un to;
    socklen_t length = address(&to, name, is_abstract);
    long fd = STEP(MAKE(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
    return told(MAKE(SYS_connect, fd, &to, length));
}

static enum outcome send_abstract(const char *tag)
{
    char name[100];
    snprintf(name, sizeof name, "lx-escape-%s-datagrams", tag);
    struct sockaddr_un to;
    socklen_t length = address(&to, name, 1);
    long fd = STEP(MAKE(SYS_socket, AF_UNIX, SOCK_DGRAM, 0));
    return told(MAKE(SYS_sendto, fd, "x", 1, 0, &to, length));
}

static enum outcome connect_abstract(const char *tag)
{
    char name[100];
    snprintf(name, sizeof name, "lx-escape-%s", tag);
    return connect_unix(name, 1);
}

static enum outcome connect_tcp(long port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    long fd = STEP(MAKE(SYS_socket, AF_INET, SOCK_STREAM, 0));
    return told(MAKE(SYS_connect, fd, &to, sizeof to));
}

static enum outcome attach_memory(long key)
{
    long id = STEP(MAKE(SYS_shmget, key, 0, 0));
    long at = MAKE(SYS_shmat, id, NULL, 0);
    if (at < 0 && at > -4096)
        return stopped(at);
    strcpy((char *)at, "reached");
    return REACHED;
}

static enum outcome send_to_queue(const char *tag)
{
    char name[100];
    snprintf(name, sizeof name, "lx-escape-%s", tag);
    long queue = STEP(MAKE(SYS_mq_open, name, O_WRONLY));
    return told(MAKE(SYS_mq_timedsend, queue, "x", 1, 0, NULL));
}

static enum outcome write_shared_file(const char *tag)
{
    char name[100];
    snprintf(name, sizeof name, "/dev/shm/lx-escape-%s", tag);
    long fd = STEP(MAKE(SYS_openat, AT_FDCWD, name, O_WRONLY));
    return told(MAKE(SYS_write, fd, "reached", 7));
}

static enum outcome host_socket(void)
{
    return connect_unix(outside("host.out", "socket"), 0);
}

static enum outcome host_abstract(void)
{
    return connect_abstract(text("host.tag"));
}

static enum outcome host_datagrams(void)
{
    return send_abstract(text("host.tag"));
}

static enum outcome host_tcp(void)
{
    return connect_tcp(number("host.port"));
}

static enum outcome host_memory(void)
{
    return attach_memory(number("host.key"));
}

static enum outcome host_queue(void)
{
    return send_to_queue(text("host.tag"));
}

static enum outcome host_shared_file(void)
{
    return write_shared_file(text("host.tag"));
}

static enum outcome other_process(void)
{
    return told(MAKE(SYS_kill, number("other.pid"), SIGUSR1));
}

static enum outcome other_root(void)
{
    return open_of_process("other.pid", "root", O_RDONLY | O_DIRECTORY);
}

static enum outcome other_file(void)
{
    return secret_at(AT_FDCWD, outside("other.root", "out/secret"));
}

static enum outcome other_socket(void)
{
    return connect_unix(outside("other.root", "out/socket"), 0);
}

static enum outcome other_abstract(void)
{
    return connect_abstract(text("other.tag"));
}

static enum outcome other_tcp(void)
{
    return connect_tcp(number("other.port"));
}

static enum outcome other_memory(void)
{
    return attach_memory(number("other.key"));
}

static enum outcome other_queue(void)
{
    return send_to_queue(text("other.tag"));
}

static enum outcome other_shared_file(void)
{
    return write_shared_file(text("other.tag"));
}

static enum outcome state_of_zones(void)
{
    return told(MAKE(SYS_openat, AT_FDCWD, text("other.state"), O_RDWR));
}

static enum outcome family(int domain, int type, int protocol)
{
    return told(MAKE(SYS_socket, domain, type, protocol));
}

static enum outcome packets(void)
{
    return family(AF_PACKET, SOCK_RAW, 0);
}

static enum outcome raw_socket(void)
{
    return family(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static enum outcome hypervisor(void)
{
    return family(AF_VSOCK, SOCK_STREAM, 0);
}

static enum outcome crypto(void)
{
    return family(AF_ALG, SOCK_SEQPACKET, 0);
}

static enum outcome audit(void)
{
    return family(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

static enum outcome firewall(void)
{
    return family(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

/* A change of the loopback device to what it is. */
static enum outcome network_device(void)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg info;
    } message = {
        {sizeof message, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
        {.ifi_family = AF_UNSPEC, .ifi_index = 1},
    };
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[512];
    } answer;
    long fd = STEP(MAKE(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    STEP(MAKE(SYS_sendto, fd, &message, sizeof message));
    STEP(MAKE(SYS_recvfrom, fd, &answer, sizeof answer));
    return told(answer.error.error);
}

/* ---- zsched. What it makes of these, the driver sees: it must live, and change nothing. */

static enum outcome forged_messages(void)
{
    static unsigned char bytes[200000];
    long sent = -EBADF;
    for (int round = 0; round < 64; round++)
        for (size_t length = 0; length < sizeof bytes; length = 3 * length + 1) {
            for (size_t i = 0; i < length; i++)
                bytes[i] = (unsigned char)(i < 16 ? round >> (i % 4) : rand());
            long one = MAKE(SYS_sendto, reserved(ZSCHED), bytes, length,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
            if (one >= 0 || sent < 0)
                sent = one;
        }
    return seen_outside(sent);
}

static enum outcome forged_descriptors(void)
{
    enum { MANY = 253 };
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(MANY * sizeof(int))];
    } control = {{CMSG_LEN(MANY * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec body = {"forged", 6};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    int null = open("/dev/null", O_RDONLY);
    for (int i = 0; i < MANY; i++)
        memcpy(CMSG_DATA(&control.head) + i * sizeof null, &null, sizeof null);
    long sent = 0;
    for (int round = 0; round < 64 && sent >= 0; round++)
        sent = MAKE(SYS_sendmsg, reserved(ZSCHED), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent == -EAGAIN || sent == -ETOOMANYREFS ? OUTSIDE : seen_outside(sent);
}

static enum outcome forged_credentials(void)
{
    struct ucred who = {.pid = 1, .uid = getuid(), .gid = getgid()};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof who)];
    } control = {{CMSG_LEN(sizeof who), SOL_SOCKET, SCM_CREDENTIALS}};
    struct iovec body = {"forged", 6};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.head), &who, sizeof who);
    return told(MAKE(SYS_sendmsg, reserved(ZSCHED), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static const struct attempt SOCKETS[] = {
    {"connect to a host's socket", "mount namespace", host_socket, 0, NULL},
    {"connect to a host's abstract socket", "network namespace or Landlock scope", host_abstract, 0,
     NULL},
    {"send to a host's abstract socket", "network namespace or Landlock scope", host_datagrams, 0,
     NULL},
    {"connect to a host's port", "network namespace", host_tcp, OWN_NET, NULL},
    {"attach the host's shared memory", "ipc namespace", host_memory, 0, NULL},
    {"send to the host's message queue", "ipc namespace", host_queue, 0, NULL},
    {"write a file in the host's /dev/shm", "mount namespace", host_shared_file, 0, NULL},
    {"signal another zone's process", "pid namespace", other_process, 0, NULL},
    {"open the root of another zone's process", "pid namespace", other_root, 0, NULL},
    {"read another zone's file", "mount namespace", other_file, 0, NULL},
    {"connect to another zone's socket", "mount namespace", other_socket, 0, NULL},
    {"connect to another zone's abstract socket", "network namespace or Landlock scope",
     other_abstract, 0, NULL},
    {"connect to another zone's port", "network namespace", other_tcp, OWN_NET,
     "it is in a network namespace itself"},
    {"attach another zone's shared memory", "ipc namespace", other_memory, 0,
     "it is in an ipc namespace itself"},
    {"send to another zone's message queue", "ipc namespace", other_queue, 0,
     "it is in an ipc namespace itself"},
    {"write a file in another zone's /dev/shm", "mount namespace", other_shared_file, 0,
     "it is in a mount namespace itself"},
    {"open the state of zones for writing", "mount namespace", state_of_zones, 0, NULL},
    {"capture the host's packets", "capability", packets, HOST_NET, NULL},
    {"send raw packets to the host's network", "capability", raw_socket, HOST_NET, NULL},
    {"change a network device", "capability", network_device, 0, NULL},
    {"talk to the hypervisor", "filter", hypervisor, 0, "not every kernel has the family"},
    {"use the kernel's ciphers", "filter", crypto, 0, "not every kernel has the family"},
    {"read the audit log", "filter", audit, 0, "not every kernel has the family"},
    {"change the firewall", "filter", firewall, 0, "not every kernel has the family"},
    {"send zsched another process's credentials", "capability", forged_credentials, ZONE_ONLY, NULL},
    {"send forged messages to zsched", "zsched refuses them", forged_messages, ZONE_ONLY,
     "they reach zsched, which is to withstand them"},
    {"send zsched descriptors", "zsched refuses them", forged_descriptors, ZONE_ONLY,
     "they reach zsched, which is to withstand them"},
};

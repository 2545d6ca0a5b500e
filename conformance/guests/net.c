//! Sockets: unix and internet, their calls, options, errors and control messages.
#include "guest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

CASE(errors) {
    R(socket(77, SOCK_STREAM, 0));
    R(socket(AF_UNIX, 77, 0));
    R(socket(15, 11, 14));
    R(socketpair(15, 15, 0, (int[2]){0}));
    R(socket(AF_INET, SOCK_STREAM, 77));
    R(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){0}));
    int s = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    show("%x %x", fcntl(s, F_GETFL), fcntl(s, F_GETFD));
    struct sockaddr_un a = {AF_UNIX, "none"};
    R(connect(s, (void *)&a, sizeof a));
    R(connect(s, (void *)&a, 1));
    R(connect(0, (void *)&a, sizeof a));
    R(connect(999, (void *)&a, sizeof a));
    R(connect(s, (void *)8, sizeof a));
    R(bind(s, (void *)&a, 200));
    R(listen(s, 5));
    R(accept(s, 0, 0));
    R(send(s, "x", 1, MSG_NOSIGNAL));
    R(recv(s, &a, 1, 0));
    R(shutdown(s, SHUT_RD));
    R(getpeername(s, (void *)&a, &(socklen_t){sizeof a}));
    R(setsockopt(s, SOL_SOCKET, 9999, "x", 1));
    R(getsockopt(s, 77, 1, &a, &(socklen_t){4}));
    R(sendmsg(s, (void *)8, 0));
    R(accept4(s, 0, 0, 99));
    R(socketpair(AF_UNIX, SOCK_STREAM, 0, (void *)8));
}
CASE(unix_stream) {
    struct sockaddr_un a = {AF_UNIX, "sock"}, from;
    socklen_t size = sizeof from;
    int l = must(socket(AF_UNIX, SOCK_STREAM, 0)), c = must(socket(AF_UNIX, SOCK_STREAM, 0));
    R(bind(l, (void *)&a, sizeof a));
    R(bind(c, (void *)&a, sizeof a));
    R(listen(l, 5));
    R(connect(c, (void *)&a, sizeof a));
    int s = must(accept(l, (void *)&from, &size));
    show("size %u", size);
    size = sizeof from;
    R(getsockname(s, (void *)&from, &size));
    show("%u %s", size, from.sun_path);
    size = sizeof from;
    R(getpeername(c, (void *)&from, &size));
    show("%s", from.sun_path);
    R(connect(c, (void *)&a, sizeof a));
    char t[100] = "";
    R(send(c, "hello", 5, 0));
    R(recv(s, t, 2, MSG_PEEK));
    R(recv(s, t, 100, 0));
    R(recv(s, t, 100, MSG_DONTWAIT));
    struct ucred u;
    size = sizeof u;
    R(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &u, &size));
    show("me %d uid %d", u.pid == getpid(), u.uid);
    R(shutdown(c, SHUT_WR));
    R(recv(s, t, 100, 0));
    R(send(c, "x", 1, MSG_NOSIGNAL));
    close(c);
    R(send(s, "x", 1, MSG_NOSIGNAL));
    IN_CHILD("SIGPIPE", send(s, "x", 1, 0));
    struct sockaddr_un abs = {AF_UNIX, "\0lx-conformance"};
    int b = must(socket(AF_UNIX, SOCK_DGRAM, 0)), d = must(socket(AF_UNIX, SOCK_DGRAM, 0));
    snprintf(abs.sun_path + 1, 50, "lx-conf-%d", getpid());
    R(bind(b, (void *)&abs, sizeof abs));
    R(sendto(d, "gram", 4, 0, (void *)&abs, sizeof abs));
    size = sizeof from;
    R(recvfrom(b, t, 2, MSG_TRUNC, (void *)&from, &size));
    show("%u", size);
}
CASE(control_messages) {
    int s[2], on = 1;
    must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
    must(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    R(send(s[0], "cred", 4, 0));
    char t[100], control[200];
    struct iovec v = {t, 100};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    R(recvmsg(s[1], &m, 0));
    struct ucred u;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    memcpy(&u, CMSG_DATA(c), sizeof u);
    show("type %d me %d flags %x", c->cmsg_type, u.pid == getpid(), m.msg_flags);
    // Three descriptors into room for one.
    int three[3] = {0, 1, 2};
    char out[CMSG_SPACE(sizeof three)];
    m = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = out, .msg_controllen = sizeof out};
    v.iov_len = 1;
    c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){CMSG_LEN(sizeof three), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(c), three, sizeof three);
    R(sendmsg(s[0], &m, 0));
    on = 0;
    must(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    m.msg_control = control;
    m.msg_controllen = CMSG_LEN(sizeof(int));
    R(recvmsg(s[1], &m, MSG_CMSG_CLOEXEC));
    show("flags %x length %zu", m.msg_flags, m.msg_controllen);
    struct mmsghdr mm[2] = {{.msg_hdr = {.msg_iov = &v, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = &v, .msg_iovlen = 1}}};
    R(sendmmsg(s[0], mm, 2, 0));
    R(recvmmsg(s[1], mm, 2, MSG_DONTWAIT, 0));
    show("%u %u", mm[0].msg_len, mm[1].msg_len);
    R(recvmmsg(s[1], mm, 2, MSG_DONTWAIT, 0));
}
CASE(tcp) {
    struct sockaddr_in a = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof a;
    int l = must(socket(AF_INET, SOCK_STREAM, 0)), c = must(socket(AF_INET, SOCK_STREAM, 0)), on = 1;
    R(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    R(bind(l, (void *)&a, sizeof a));
    R(listen(l, 5));
    R(getsockname(l, (void *)&a, &size));
    R(connect(c, (void *)&a, sizeof a));
    int s = must(accept4(l, 0, 0, SOCK_CLOEXEC));
    R(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    struct tcp_info info;
    size = sizeof info;
    R(getsockopt(c, IPPROTO_TCP, TCP_INFO, &info, &size));
    show("state %d", info.tcpi_state);
    char t[100000];
    memset(t, 'x', sizeof t);
    long sent = 0, got = 0;
    pid_t child = must(fork());
    if (!child) {
        close(s);
        while (sent < 1000000) sent += must(write(c, t, sizeof t));
        _exit(0);
    }
    close(c);
    ssize_t r;
    while ((r = read(s, t, sizeof t)) > 0) got += r;
    show("%ld", got);
    reap(child);
    close(l);
    c = must(socket(AF_INET, SOCK_STREAM, 0));
    R(connect(c, (void *)&a, sizeof a));
    int error = 0;
    size = sizeof error;
    R(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &size));
    int u = must(socket(AF_INET, SOCK_DGRAM, 0)), w = must(socket(AF_INET, SOCK_DGRAM, 0));
    a.sin_port = 0;
    R(bind(u, (void *)&a, sizeof a));
    size = sizeof a;
    getsockname(u, (void *)&a, &size);
    R(sendto(w, "udp", 3, 0, (void *)&a, sizeof a));
    R(recv(u, t, 100, 0));
    R(setsockopt(c, SOL_SOCKET, SO_RCVBUF, &on, 2));
    a.sin_addr.s_addr = htonl(0x01020304);
    R(bind(must(socket(AF_INET, SOCK_STREAM, 0)), (void *)&a, sizeof a));
}

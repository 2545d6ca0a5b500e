//! System V semaphores and message queues: who waits, who goes on, what is told of it.
#include "guest.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

static int set, queue;
union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };
static int op(int number, int change, int flags) {
    struct sembuf one = {number, change, flags};
    return semop(set, &one, 1);
}
static void until_waits(int number, int command, int count) {
    while (semctl(set, number, command) != count) sleep_us(500);
}
// A child that does something, and ends with what came of it: a result, or 64 and an error.
#define CHILD(call)                                            \
    ({                                                         \
        pid_t child_ = must(fork());                           \
        if (!child_) {                                         \
            long r_ = call;                                    \
            _exit(r_ < 0 ? 64 + errno : r_ > 63 ? 63 : r_);    \
        }                                                      \
        child_;                                                \
    })

CASE(arguments) {
    struct sembuf many[501] = {{0}}, two[2] = {{0, 1, 0}, {2, 1, 0}};
    struct timespec wrong = {0, 1000000000}, soon = {0, 1000};
    set = must(semget(IPC_PRIVATE, 2, 0600));
    R(semop(set, many, 0));
    R(semop(set, many, 501));
    R(semop(set, (void *)8, 1));
    R(semop(-1, many, 1));
    R(semop(set + 1000, many, 1));
    R(semop(set, two, 2));
    R(semctl(set, 0, GETVAL));
    R(semtimedop(set, two, 1, &wrong));
    R(semtimedop(set, two, 1, (void *)8));
    two[0].sem_op = -1;
    R(semtimedop(set, two, 1, &soon));
    R(semctl(set, 2, GETVAL));
    R(semctl(set, -1, SETVAL, (union semun){.val = 1}));
    R(semctl(set, 0, SETVAL, (union semun){.val = -1}));
    R(semctl(set, 0, SETVAL, (union semun){.val = 32768}));
    R(semctl(set, 0, 99));
    unsigned short values[2] = {5, 40000}, got[2];
    R(semctl(set, 0, SETALL, (union semun){.array = values}));
    values[1] = 32767;
    R(semctl(set, 0, SETALL, (union semun){.array = values}));
    R(semctl(set, 0, GETALL, (union semun){.array = got}));
    show("%d %d", got[0], got[1]);
    R(semctl(set, 0, GETALL, (union semun){.array = (void *)8}));
    R(op(1, 1, 0));
    R(op(0, -6, IPC_NOWAIT));
    R(op(0, 0, IPC_NOWAIT));
    R(semctl(set, 0, GETPID) == getpid());
    R(semctl(set, 0, IPC_RMID));
    R(op(0, 1, 0));
    R(semget(IPC_PRIVATE, 0, 0600));
    R(semget(IPC_PRIVATE, -1, 0600));
    key_t key = 0x4c580000 + getpid();
    R(semget(key, 1, 0600));
    R(semget(key, 3, IPC_CREAT | IPC_EXCL | 0600) >= 0);
    set = must(semget(key, 3, 0));
    R(semget(key, 3, IPC_CREAT | IPC_EXCL | 0600));
    R(semget(key, 4, 0600));
    R(semget(key, 0, 0200) == set);
    struct semid_ds about;
    R(semctl(set, 0, IPC_STAT, (union semun){.buf = &about}));
    time_t now = time(0);
    show("%o %lu %d %d %d", about.sem_perm.mode, about.sem_nsems, about.sem_perm.uid == geteuid(),
         about.sem_otime == 0, labs(now - about.sem_ctime) <= 2);
    check(about.sem_perm.__key == key, "key");
    about.sem_perm.mode = 0400;
    R(semctl(set, 0, IPC_SET, (union semun){.buf = &about}));
    R(op(0, 0, 0));
    R(semctl(set, 0, IPC_STAT, (union semun){.buf = &about}));
    show("%o %d", about.sem_perm.mode, labs(now - about.sem_otime) <= 2);
    R(semctl(set, 0, IPC_RMID));
}
CASE(waiting) {
    set = must(semget(IPC_PRIVATE, 2, 0600));
    pid_t one = CHILD(op(0, -2, 0));
    until_waits(0, GETNCNT, 1);
    pid_t other = CHILD(op(0, -1, 0));
    until_waits(0, GETNCNT, 2);
    R(op(0, 1, 0));
    show_status("one", reap(other));
    R(semctl(set, 0, GETNCNT));
    R(op(0, 3, 0));
    show_status("two at once", reap(one));
    R(semctl(set, 0, GETVAL));
    one = CHILD(op(0, 0, 0));
    until_waits(0, GETZCNT, 1);
    other = CHILD(op(0, -1, 0) + semctl(set, 0, GETZCNT));
    show_status("taken", reap(other));
    show_status("zero", reap(one));
    // All or nothing, and a change lets others go on.
    struct sembuf both[2] = {{0, -1, 0}, {1, 1, 0}};
    one = CHILD(semop(set, both, 2));
    until_waits(0, GETNCNT, 1);
    other = CHILD(op(1, -1, 0));
    until_waits(1, GETNCNT, 1);
    R(semctl(set, 0, SETVAL, (union semun){.val = 1}));
    show_status("end of chain", reap(other));
    show_status("chain", reap(one));
    one = CHILD(op(0, -1, 0));
    until_waits(0, GETNCNT, 1);
    // Who is killed waits no longer.
    other = CHILD(op(1, -1, 0));
    until_waits(1, GETNCNT, 1);
    kill(other, SIGKILL);
    show_status("killed", reap(other));
    until_waits(1, GETNCNT, 0);
    R(op(1, 1, 0));
    R(semctl(set, 1, GETVAL));
    R(semctl(set, 0, IPC_RMID));
    show_status("removed", reap(one));
}
static void *threads_part(void *unused) {
    op(0, 3, SEM_UNDO);
    return 0;
}
CASE(undo) {
    set = must(semget(IPC_PRIVATE, 2, 0600));
    R(semctl(set, 0, SETVAL, (union semun){.val = 7}));
    for (int i = 0; i < 20; i++) {
        pid_t child = must(fork());
        if (!child) {
            op(0, -2, SEM_UNDO);
            op(1, 5, SEM_UNDO);
            op(0, 1, SEM_UNDO);
            op(0, 1, 0);
            _exit(0);
        }
        reap(child);
        if (semctl(set, 0, GETVAL) != 8 + i) show("BAD %d", semctl(set, 0, GETVAL));
    }
    R(semctl(set, 1, GETVAL));
    // What a thread does is undone with the process, what exec replaces too.
    pid_t child = must(fork());
    if (!child) {
        pthread_t thread;
        pthread_create(&thread, 0, threads_part, 0);
        pthread_join(thread, 0);
        show("%d", semctl(set, 0, GETVAL));
        execl("/bin/true", "true", (char *)0);
        _exit(1);
    }
    show_status("exec", reap(child));
    R(semctl(set, 0, GETVAL));
    // A new value leaves nothing to undo; a child has nothing of its parent's.
    child = must(fork());
    if (!child) {
        op(0, -1, SEM_UNDO);
        pid_t own = must(fork());
        if (!own) _exit(0);
        reap(own);
        show("%d", semctl(set, 0, GETVAL));
        semctl(set, 0, SETVAL, (union semun){.val = 3});
        _exit(0);
    }
    reap(child);
    R(semctl(set, 0, GETVAL));
    // Whoever waits goes on when another is killed.
    pid_t holder = must(fork());
    if (!holder) {
        op(0, -3, SEM_UNDO);
        for (;;) pause();
    }
    while (semctl(set, 0, GETVAL)) sleep_us(500);
    child = CHILD(op(0, -3, 0));
    until_waits(0, GETNCNT, 1);
    kill(holder, SIGKILL);
    reap(holder);
    show_status("after the holder", reap(child));
    R(semctl(set, 0, IPC_RMID));
}
struct text { long type; char text[8200]; };
static struct text in, out;
static long send_one(long type, size_t size, int flags) {
    out.type = type;
    memset(out.text, 'a' + type % 26, size);
    return msgsnd(queue, &out, size, flags);
}
static long take(long type, size_t size, int flags) {
    memset(&in, 0, 64);
    return msgrcv(queue, &in, size, type, flags);
}
CASE(messages) {
    queue = must(msgget(IPC_PRIVATE, 0600));
    for (int i = 0; i < 6; i++) must(send_one((long[]){4, 2, 9, 2, 1, 4}[i], 3 + i, 0));
    R(take(-3, 100, 0));
    show("%ld %.9s", in.type, in.text);
    R(take(2, 100, 0));
    R(take(4, 100, MSG_EXCEPT));
    show("%ld %.9s", in.type, in.text);
    R(take(0, 1, 0));
    R(take(0, 1, MSG_NOERROR));
    show("%ld %.9s", in.type, in.text);
    R(take(77, 100, IPC_NOWAIT));
    R(take(0, -1, 0));
    R(take(0, 100, 0));
    R(take(0, 100, 0));
    R(take(0, 100, IPC_NOWAIT));
    R(send_one(0, 1, 0));
    R(send_one(1, 8193, 0));
    R(msgsnd(queue, (void *)8, 1, 0));
    R(msgsnd(-1, &out, 1, 0));
    R(send_one(1, 0, 0));
    R(take(0, 0, 0));
    R(send_one(1, 8192, IPC_NOWAIT));
    R(send_one(1, 8192, IPC_NOWAIT));
    R(send_one(1, 1, IPC_NOWAIT));
    struct msqid_ds about;
    R(msgctl(queue, IPC_STAT, &about));
    show("%lu %lu %lu", about.__msg_cbytes, about.msg_qnum, about.msg_qbytes);
    check(about.msg_lspid == getpid() && about.msg_lrpid == getpid(), "who was last");
    time_t now = time(0);
    check(labs(now - about.msg_stime) < 3 && labs(now - about.msg_rtime) < 3, "times");
    about.msg_qbytes = 16384;
    about.msg_perm.mode = 0200;
    R(msgctl(queue, IPC_SET, &about));
    R(take(0, 8192, 0) < 0 && geteuid());
    R(msgctl(queue, 99, &about));
    R(msgctl(queue, IPC_RMID, 0));
    R(send_one(1, 1, 0));
    key_t key = 0x4c590000 + getpid();
    R(msgget(key, 0600));
    queue = must(msgget(key, IPC_CREAT | 0600));
    R(msgget(key, IPC_CREAT | 0600) == queue);
    R(msgget(key, IPC_CREAT | IPC_EXCL | 0600));
    R(msgctl(queue, IPC_RMID, 0));
}
CASE(messages_waited_for) {
    queue = must(msgget(IPC_PRIVATE, 0600));
    pid_t taker = CHILD(take(5, 100, 0));
    pid_t small = CHILD(take(6, 1, 0));
    until_asleep(taker, 0);
    until_asleep(small, 0);
    R(send_one(4, 4, 0));
    R(send_one(6, 6, 0));
    show_status("too small", reap(small));
    R(send_one(5, 5, 0));
    show_status("of type 5", reap(taker));
    R(take(0, 100, 0));
    show("%ld", in.type);
    R(take(0, 100, 0));
    show("%ld", in.type);
    must(send_one(1, 8192, 0));
    must(send_one(2, 8192, 0));
    pid_t sender = CHILD(send_one(3, 8000, 0));
    until_asleep(sender, 0);
    R(take(2, 8192, 0));
    show_status("sent late", reap(sender));
    R(take(3, 8192, 0));
    R(take(0, 8192, 0));
    taker = CHILD(take(0, 100, 0));
    until_asleep(taker, 0);
    R(msgctl(queue, IPC_RMID, 0));
    show_status("removed", reap(taker));
}

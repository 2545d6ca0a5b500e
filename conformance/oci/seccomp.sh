#!/bin/bash
#: needs: runc jq busybox
. "$LIB"

profile() {
    config --argjson profile "$1" '.linux.seccomp = $profile'
}

echo a call with an error
profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [{"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
shell 'mkdir /made; mkdir /made 2>&1 | grep -o "not supported"; ls -d /made; grep -E "^Seccomp:" /proc/self/status; /bin/busybox mkdir /again || echo after exec'
once 2>/dev/null

echo a call that kills
profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
shell 'sh -c "mkdir /killed"; echo $?; exec mkdir /killed'
once 2>/dev/null

echo by arguments
profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 1, "value": 12, "op": "SCMP_CMP_EQ"}]},
    {"names": ["fchmodat", "chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [{"index": 1, "value": 4294967295, "op": "SCMP_CMP_GT"}]}]}'
shell 'kill -12 $$ 2>&1 | grep -o "not permitted"; kill -0 $$ && echo others; trap "echo caught" TERM; kill -TERM $$'
once

echo a list of what is allowed
names=$(strace -V >/dev/null 2>&1; jq -n '["read", "write", "open", "openat", "close", "stat", "fstat", "lstat", "newfstatat", "statx", "mmap", "mprotect",
    "munmap", "brk", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "ioctl", "access", "faccessat", "faccessat2", "dup", "dup2", "dup3", "getpid",
    "fork", "vfork", "clone", "execve", "exit", "exit_group", "wait4", "uname", "fcntl", "fcntl64", "getcwd", "chdir", "getuid", "getgid", "setuid", "setgid",
    "geteuid", "getegid", "getppid", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "futex", "capget", "capset",
    "setgroups", "prctl", "getdents64", "readlink", "readlinkat", "pread64", "sigaltstack", "epoll_ctl", "epoll_pwait", "epoll_create1", "eventfd2",
    "nanosleep", "clock_nanosleep", "gettid", "tgkill", "sched_yield", "sched_getaffinity", "madvise", "getrlimit", "setrlimit", "lseek", "writev", "readv",
    "pipe", "pipe2", "sendfile", "getpgrp", "setpgid", "getpgid", "poll", "umask", "getresuid", "getresgid", "kill", "fchown", "fchdir", "statfs", "fstatfs", "close_range"]')
config --argjson names "$names" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1, syscalls: [{names: $names, action: "SCMP_ACT_ALLOW"}]}'
shell 'echo runs; mkdir /denied 2>&1 | grep -o "not permitted"; hostname; ls / | head -1'
once 2>&1

echo exec has it too
profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}'
shell 'exec sleep 60'
create exec-$$ && rt start exec-$$
rt exec exec-$$ sh -c 'mkdir /made 2>&1 | grep -o "not permitted"'
rt delete --force exec-$$

echo wrong ones
profile '{"defaultAction": "SCMP_ACT_NOTHING"}'
shell 'echo runs'
once >/dev/null 2>&1
echo "refused $?"

#!/bin/bash
#: root: debian
# Tools that read /proc, /sys and netlink: what they print is the zone's, as far as it must be equal.
zone --hostname h -- bash -c '
columns() { tr -s " " | cut -d" " -f"$1"; }
free -b | awk "{ print \$1, NF, (\$2 > 1000000 || NR == 1) }" | head -n 2; free -b | awk "/Mem/ { print (\$3 + \$4 <= \$2), (\$7 <= \$2) }"
uptime | grep -c "load average: [0-9.]*, [0-9.]*, [0-9.]*$"; uptime -p | cut -d" " -f1; vmstat | awk "{ print NF }" | tail -n 1; vmstat 1 2 | wc -l; vmstat -s | wc -l; w -h | wc -l
top -bn1 >/tmp/top; sed 1,6d /tmp/top | awk "\$1 != 0 { print \$2, \$NF }" | sort; top -bn1 | head -n 5 | cut -d: -f1 | sed "s/ .*//"; top -bn2 -d 0.2 | grep -c "PID USER"
htop --version | head -n 1; nproc; getconf _NPROCESSORS_ONLN; lscpu | grep -e ^Architecture -e ^CPU.op -e "^CPU(s)"; grep -c ^processor /proc/cpuinfo
df -P / | tail -n 1 | awk "{ print \$6, (\$2 > 0), (\$2 >= \$3) }"; df -P /none 2>&1; findmnt -n -o TARGET / ; findmnt -n -o FSTYPE /proc; findmnt -n -o FSTYPE /dev; findmnt -n -o FSTYPE /dev/shm; mountpoint -q /proc; echo $?; mountpoint -q /etc; echo $?
ss -lnH | wc -l; ss -s | head -n 1 | cut -d: -f1; ip -o addr show lo | columns 2-4 | head -n 1; ip -o link | wc -l; cat /proc/net/dev | wc -l
lsof -p $$ -a -d cwd,rtd,txt -Fn | grep ^n; exec 7</etc/passwd; lsof -p $$ -a -d 7 -Fn | grep ^n; fuser /etc/passwd 2>/dev/null; echo
pmap $$ | tail -n 1 | columns 2; pidof bash; pgrep -x bash; pwdx $$; slabtop -o >/dev/null 2>&1; sysctl -n kernel.ostype kernel.hostname kernel.pid_max | head -n 2; hostname; arch; uname -s
prlimit --nofile -n >/dev/null; echo $?; taskset -p $$ | wc -l; ionice; chrt -p $$ | head -n 1; lsns -n -o TYPE -p $$ | sort; ipcs -q | grep -c "Message Queues"; ipcmk -Q | cut -d: -f1; ipcs -q | grep -c ^0x; lslocks >/dev/null; echo $?; flock /tmp/l echo locked; last 2>/dev/null | wc -l'
zone -- python3 -c '
import os, psutil, time
print([pid for pid in psutil.pids() if pid], psutil.Process().name(), psutil.Process().ppid(), psutil.Process().username(), psutil.Process().cwd())
print(psutil.virtual_memory().total > 10**6, psutil.swap_memory().total >= 0, psutil.cpu_count() == os.cpu_count(), len(psutil.cpu_times(percpu=True)) == os.cpu_count())
print(psutil.boot_time() > 10**9, abs(psutil.Process().create_time() - time.time()) < 60, psutil.disk_usage("/").total > 0, sorted(psutil.net_if_addrs()), psutil.users(), psutil.net_connections())
print(psutil.cpu_percent(0.1) >= 0, len(psutil.getloadavg()), psutil.Process().num_fds() >= 3, psutil.Process().memory_info().rss > 0, psutil.cpu_stats().ctx_switches >= 0)
child = psutil.Popen(["sleep", "60"]); time.sleep(0.3); print(child.status() in ("sleeping", "running"), child.cmdline(), [c.pid == child.pid for c in psutil.Process().children()]); child.terminate(); print(child.wait())'

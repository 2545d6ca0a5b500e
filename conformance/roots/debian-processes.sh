#!/bin/bash
#: root: debian
# ps, pstree and top show the zone's processes and no others.
zone -- bash -c '
sleep 61 & su www-data -s /bin/sh -c "sleep 62" & for _ in {1..50}; do [ "$(pgrep -c sleep)" = 2 ] && break; sleep 0.1; done
ps -eo pid,ppid,user,comm >/tmp/ps; awk "\$1 != 0 { print (\$1 == 1), \$3, \$4 }" /tmp/ps | sort; ps -p 1 -o pid=,ppid=,comm=,args= | cut -c1-30
ps aux >/tmp/ps; awk "\$2 != 0" /tmp/ps | wc -l; ps -ef --no-headers | grep -c -F -e "[k" -e systemd; pgrep -u www-data -l | cut -d" " -f2; ps -o stat= -p 1 | cut -c1; ps -o nlwp=,ni=,cls= 1
pstree -A 1 >/tmp/tree; wc -l </tmp/tree; head -c 4 /tmp/tree; echo; kill %1; wait %1; echo "status $?"; pkill -u www-data; wait; for _ in {1..50}; do pgrep sleep >/dev/null || break; sleep 0.1; done; pgrep sleep; echo "status $?"
for entry in /proc/[0-9]*; do [ -r $entry/comm ] && case $entry in /proc/0) ;; *) cat $entry/comm ;; esac; done; ls -d /proc/self/task/* | wc -l; kill -0 99999 2>&1 | sed "s/.*(/(/"; cat /proc/99999/comm 2>&1 | sed "s/.*: //"'; echo "status $?"
zone -- bash -c 'for i in 1 2 3; do sleep 1$i & done; jobs | wc -l; disown %1; kill %2 %3; wait 2>/dev/null; set -m; sleep 60 & kill -STOP %%; sleep 0.3; ps -o stat= -p $! | cut -c1; kill -CONT %%; sleep 0.3; ps -o stat= -p $! | cut -c1; kill %sleep; ps -eo stat= >/tmp/ps; grep -c ^Z /tmp/ps; ulimit -u >/dev/null; timeout 0.3 sleep 9; echo "status $?"'
zone -- setsid -w bash -c 'echo $(($(ps -o sid= -p $$))) $(($(ps -o pgid= -p $$))) | tr -d "\n" | wc -w; script -qc "tty; echo in a terminal; stty size" /dev/null | tr -d "\r" | sed "s,pts/.*,pts/N,"'

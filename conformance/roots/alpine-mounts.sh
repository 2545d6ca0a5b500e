#!/bin/bash
#: root: alpine
# A root that is read-only, tmpfs and volumes; changes stay in the root and nowhere else.
zone --read-only -- sh -c 'echo x >/etc/x; echo $?; >/dev/null; mkdir /home/d; rm /etc/passwd; touch /tmp/x' 2>&1; echo "status $?"
zone --read-only --tmpfs /tmp --tmpfs /run -- sh -c 'echo x >/tmp/x && cat /tmp/x; touch /run/y; ls /run; touch /etc/x; cp /bin/busybox /tmp; /tmp/busybox true; echo $?' 2>&1; echo "status $?"
ls "$ROOT/tmp"
mkdir -p here/in here/out; echo data >here/in/file; chmod 777 here/out
zone -v "$PWD/here/in:/in:ro" -v "$PWD/here/out:/deep/out" -- sh -c 'cat /in/file; echo y >/in/file; rm /in/file; echo kept >/deep/out/made; mkdir /deep/out/folder; mv /deep/out/made /deep/out/folder; mv /deep/out/folder/made /tmp; ls /tmp' 2>&1; echo "status $?"
find here/out; cat here/in/file; cat "$ROOT/tmp/made"
zone -v "$PWD/here/in:/a" -v "$PWD/here/in:/b:ro" -- sh -c 'echo new >/a/new; cat /b/new; cat /b/file'; ls here/in
zone -- sh -c 'ls /in /a; echo kept >/home/kept'; zone -- sh -c 'cat /home/kept; df / >/dev/null; echo $?; grep -c " / " /proc/mounts'
zone -- sh -c 'echo shared >/dev/shm/s; cat /dev/shm/s; ls -d /dev/pts /dev/mqueue; head -c 5 /dev/urandom | wc -c; ls -l /dev/null /dev/zero | cut -c1-10; ls /dev/sda /dev/mem /dev/kmsg 2>/dev/null'; zone -- ls /dev/shm

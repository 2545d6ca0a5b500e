#!/bin/bash
#: root: alpine
# A shell session of busybox: files, users, pipes, processes, an archive.
zone --hostname h -- sh -c '
id -u; id -g; id -un; id smith; pwd; cd /home && mkdir -p a/b && echo text >a/b/c && ln -s b/c a/l && cat a/l
umask 077; : >a/private; chmod 4755 a/b/c; chown smith:smith a/private; stat -c "%n %a %u %g %F" a/* a/b/c
su smith -c "id; echo \$HOME; touch mine; cat /etc/shadow" 2>&1; su nobody 2>&1
su smith -c "cat /home/a/private; echo more >>/home/a/private; cat /home/a/private"
tar -czf /tmp/a.tgz a; mkdir x; tar -xzf /tmp/a.tgz -C x; find x | sort; ls -ln x/a | tr -s " " | cut -d" " -f1-5
seq 1000 | awk "{ s += \$1 } END { print s }"; yes | head -n 3 | wc -l; sleep 5 & kill $!; wait $!; echo "status $?"
dd if=/dev/zero bs=1k count=3 2>/dev/null | sha256sum; echo x >/dev/full; echo "full $?"; test -c /dev/null; echo $?
vi --nothing 2>/dev/null; echo "status $?"; mktemp -d /tmp/XXXXXX | wc -c; readlink /proc/self/exe; hostname'
echo "status $?"
zone --hostname h.example -- sh -c 'hostname; uname -n; cat /proc/sys/kernel/hostname; exit 6'; echo "status $?"
echo 'read a; echo "got $a"' | zone -- sh -s; printf 'one\ntwo\n' | zone -- tac; zone -- cat </dev/null
zone -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null; zone -- yes | head -n 2

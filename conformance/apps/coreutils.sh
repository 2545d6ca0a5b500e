#!/bin/bash
#: needs: ls cp mv ln stat sort uniq cut paste join comm split csplit shuf sha256sum od timeout nproc truncate dd env
#: limit: 60
#: quick
# The usual tools on files, links, times, modes and pipes.
umask 022
mkdir -p a/b/c; touch -d '2020-02-03 04:05:06 UTC' a/f; echo text >a/b/g
ln a/b/g a/b/hard; ln -s ../f a/b/soft; mkfifo a/p; touch -h -d '2020-02-03 04:05:07 UTC' a/b/* a/p; cp -a a copy
TZ=UTC stat -c '%n %F %a %h %s %Y' copy/f copy/b/g copy/b/soft copy/p
ls -1RF copy; ls -l --time-style=+%s copy/f | cut -d' ' -f1,2,5-
mv copy moved; rm -r moved; ls
seq 1 5000 | shuf --random-source=<(yes) | sort -n | sha256sum
seq 1 30000 | sort -R --random-source=<(yes) | sort --parallel=2 -S 64K -n | md5sum
printf 'b 2\na 1\nc 3\n' | sort | tee s1 | join - <(printf 'a x\nb y\nd z\n')
paste -d, <(seq 3) <(seq 4 6); comm -12 <(seq 5) <(seq 3 9)
seq 100 | split -l 30 - part.; wc -l part.* ; seq 10 | csplit -s - 4; head -n 1 xx01
dd if=/dev/zero of=z bs=4096 count=16 conv=fsync status=none; truncate -s 100000 z; du --apparent-size -b z
dd if=z of=z2 bs=1000 skip=3 seek=1 count=2 status=none; od -An -tx1 -N4 z2; cksum z z2
printf 'x\ty\n' | expand | unexpand -a | cat -A; echo abc | tr a-c A-C | rev; tac <(seq 3)
timeout 0.2 sleep 5; echo "timeout $?"; timeout -s KILL 0.2 sleep 5; echo "kill $?"
env -i A=1 env; nice -n 3 nice; echo "$(id -u) $(basename "$PWD"/q.c .c)"
chmod u=rwx,go= s1; stat -c %a s1; install -m 640 s1 s2; stat -c %a s2; readlink -f a/b/soft | sed "s,$PWD,,"
nohup true </dev/null; test -p a/p; echo $?; mktemp -d tmp.XXXX | wc -c; sync -f .; realpath --relative-to=a a/b/g
numfmt --to=iec 1048576; date -u -d @86400 +%F; factor 1234567; printf '%d\n' 0x1f; expr 6 \* 7; stdbuf -oL echo line
cat missing; echo "status $?"; ls /dev/full >/dev/full; echo "full $?"

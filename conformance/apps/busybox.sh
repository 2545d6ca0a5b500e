#!/bin/bash
#: needs: busybox
#: limit: 60
#: quick
# The static busybox: its shell with applets in the same process image and through exec.
cat >s.sh <<'S'
mkdir -p t/u; i=0; while [ $i -lt 40 ]; do echo "n $i" | busybox sed "s/n/m/" >t/f$i; i=$((i + 1)); done
busybox ls t | busybox wc -l; busybox cat t/f* | busybox sort -k2n | busybox tail -n 2; busybox tar -c t | busybox gzip | busybox zcat | busybox tar -t | busybox wc -l
busybox find t -name 'f3*' | busybox xargs busybox md5sum | busybox sort | busybox head -n 3; busybox awk 'BEGIN { print 6 * 7 }'; busybox dd if=/dev/zero bs=1k count=3 2>/dev/null | busybox wc -c
(exit 5); echo $?; busybox sh -c 'kill -9 $$'; echo $?; busybox expr 3 + 4; busybox printf '%05d\n' 42; echo a b c | (read x y; echo "$y"); busybox timeout 1 busybox sleep 9; echo $?
trap 'echo term' TERM; kill -TERM $$; busybox sleep 0 & wait $!; echo $?; busybox diff t/f1 t/f2; busybox vi --help 2>&1 | busybox grep -c Usage; busybox nslookup 2>/dev/null; busybox stat -c %s t/f1
S
busybox sh s.sh; echo "status $?"

#!/bin/bash
#: needs: xz sha256sum
#: limit: 120
#: quick
# Two threads of compression, and damage found.
seq 1 900000 >n
xz -T2 --block-size=1MiB -k -3 n; xz -lv n.xz | grep -c .; xz -dc -T2 n.xz | sha256sum; sha256sum <n
head -c 200000 n.xz >cut.xz; xz -t cut.xz 2>&1; echo "status $?"
xz -T2 -1 -c n | xz -T0 -d | cmp - n; echo "status $?"

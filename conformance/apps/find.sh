#!/bin/bash
#: needs: find xargs sort
#: limit: 60
#: quick
# Walks, tests and child processes of find and xargs.
for d in $(seq 1 30); do mkdir -p "t/$d/x"; for f in 1 2 3 4; do echo "$d" >"t/$d/x/f$f"; done; done
ln -s ../1 t/2/link; chmod 700 t/3; touch -d 2001-01-01 t/4/x/f1
find t | wc -l; find t -type f -name 'f[12]' | sort | sha256sum
find t -type l -printf '%p -> %l\n'; find t -perm 700 -type d; find t ! -newermt 2010-01-01 -type f
find t -type f -exec cat {} + | sort -n | uniq -c | tail -n 2
find t -type f -exec sh -c 'test "$(cat "$1")" = 7' _ {} \; -print | sort
find t -type f -print0 | xargs -0 -n 3 -P 4 wc -l | wc -l
find t -depth -name 'f4' -delete; find t -type f | wc -l; find /usr/bin -maxdepth 1 -name 'ba*sh' | sort
find t -mindepth 2 -maxdepth 2 -empty; find missing; echo "status $?"
seq 20 | xargs -I{} -P 3 sh -c 'exit $(( {} == 13 ))'; echo "status $?"

#!/bin/bash
#: needs: grep sed awk
#: limit: 60
#: quick
# grep, sed and awk on a few megabytes.
seq 1 200000 | sed 's/$/ line of text/' >big
grep -c '99' big; grep -E '^(1|2)0{4} ' big; grep -n -m 2 777 big; grep -o '12345[0-9]' big | sort | uniq -c
grep -q nothing big; echo "status $?"; grep x missing; echo "status $?"; grep -rl 'of' . ; grep -P '(?<=19999)\d' big | tail -1
sed -n '5,7p;$p' big; sed -i.bak 's/line/LINE/' big; cmp -s big big.bak; echo $?; sed -E '2!d; s/(.)(.)/\2\1/' big
awk '{ s += $1 } END { print s, NR }' big; awk 'BEGIN { while (("echo a b; echo c" | getline l) > 0) print l; print "x" | "cat"; close("cat"); exit 3 }'
echo "status $?"; awk 'BEGIN { printf "%s %d\n", toupper("up"), system("exit 5") }'

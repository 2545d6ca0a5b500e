#!/bin/bash
#: needs: bash cat sort tr wc seq
#: limit: 60
#: quick
# Hundreds of forks, command substitutions and pipes.
sum=0
for i in $(seq 1 200); do
    n=$(echo "$i" | cat | tr 0-9 1-90)
    sum=$((sum + n))
done
echo "sum $sum"

for i in $(seq 1 60); do
    (exit $((i % 7))) &
    pids[i]=$!
done
for i in $(seq 1 60); do
    wait "${pids[i]}"
    printf '%s' $?
done
echo

seq 1 2000 | cat | cat | cat | sort -rn | cat | while read -r line; do
    [ $((line % 500)) = 0 ] && echo "$line"
done
diff <(seq 1 50) <(seq 1 2 50; seq 2 2 50) | wc -l
trap 'echo usr1' USR1
kill -USR1 $$
trap 'echo child' CHLD
true & wait
trap - CHLD
coproc C { while read -r x; do echo "got $x"; done; }
echo hello >&"${C[1]}"; read -r answer <&"${C[0]}"; echo "$answer"
exec {C[1]}>&-; wait
(kill -TERM "$BASHPID"); echo "status $?"
set -o pipefail; false | true; echo "pipefail $?"
yes | head -n 3; echo "${PIPESTATUS[*]}"
exit 7

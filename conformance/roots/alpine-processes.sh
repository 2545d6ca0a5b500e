#!/bin/bash
#: root: alpine
# What is process 1, who reaps, how zones end and what signals do to them.
zone -- sh -c 'echo $$ $PPID; kill -KILL 1; kill -TERM 1; echo alive; trap "echo trapped" TERM; kill -TERM 1; exit 4'; echo "status $?"
zone --init -- sh -c 'echo $PPID; kill -SEGV $$'; echo "status $?"
zone --init -- sh -c 'exit 200'; echo "status $?"
# Orphans become children of process 1, which reaps them: none is left as a zombie.
zone --init -- sh -c '
for i in 1 2 3 4 5; do (sleep 0.2 & echo orphan >>/tmp/made); done; (sleep 0.1; exec cat /proc/self/stat >/tmp/stat) & wait
sh -c "(sleep 0.3; cut -d\" \" -f4 /proc/self/stat >/tmp/parent) &"; sleep 2
wc -l </tmp/made; cat /tmp/parent; set -- /proc/[1-9]*; echo $#; grep -l "State:.*Z" /proc/[0-9]*/status'; echo "status $?"
# The end of process 1 ends all.
zone -- sh -c '(sleep 60; echo late) & sleep 0.2; echo first'; echo "status $?"
zone -- sh -c 'trap "echo hup" HUP; trap "echo int; exit 3" INT; >/tmp/ready; while :; do sleep 0.1; done' & pid=$!
await tmp/ready; tell HUP $pid; sleep 0.5; tell INT $pid; wait $pid; echo "status $?"
zone -- sh -c '>/tmp/again; sleep 1; echo "not ended by TERM"; exit 2' & pid=$!
await tmp/again; tell TERM $pid; wait $pid; echo "status $?"
zone -- sh -c '>/tmp/killed; exec sleep 60' & pid=$!
await tmp/killed; kill -KILL $pid; wait $pid 2>/dev/null; echo "status $?"
# Two zones beside each other see only themselves.
zone -- sh -c '>/tmp/one; sleep 2; echo /proc/[1-9]*' & pid=$!
await tmp/one; zone -- sh -c 'echo /proc/[1-9]*'; wait $pid
zone -- sh -c 'ulimit -n 64; ulimit -n; cat /proc/self/comm; cut -d" " -f1,4 /proc/self/stat'

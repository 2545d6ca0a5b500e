#!/bin/bash
#: needs: runc jq busybox python3
. "$LIB"

id=exec-$$
config '.process.user = {uid: 0, gid: 0, additionalGids: [7]} | .process.env += ["OWN=yes"]'
shell 'exec sleep 60'
create "$id" && rt start "$id"

rt exec "$id" sh -c 'id -u; pwd; echo $OWN; grep -E "^(Cap|NoNewPrivs)" /proc/self/status; exit 9'
echo "status $?"
rt exec -u 1000:1000 --cwd /etc -e MORE=1 "$id" sh -c 'id -u; id -g; pwd; echo $MORE; grep CapEff /proc/self/status'
echo "status $?"
rt exec --cap CAP_NET_RAW "$id" grep CapBnd /proc/self/status
echo hello | rt exec "$id" cat
rt exec "$id" sh -c 'kill -KILL $$'
echo "status $?"
rt exec "$id" no-such-program 2>err
echo "status $?"
grep -o 'executable file not found in \$PATH' err

echo by a file
jq '.process | .args = ["sh", "-c", "id -u; echo $FROM; pwd; umask"] | .env += ["FROM=file"] | .cwd = "/bin" | .user = {uid: 5, gid: 5}' "$bundle/config.json" >process.json
rt exec --process process.json "$id"
echo "status $?"

echo detached
jq '.process | .args = ["sh", "-c", "echo out; exec sleep 50"]' "$bundle/config.json" >process.json
rt exec --detach --pid-file exec-pid --process process.json "$id" >exec-out 2>&1
echo "status $?"
for _ in $(seq 100); do [ -s exec-out ] && break; sleep 0.05; done
cat exec-out
tr '\0' ' ' <"/proc/$(cat exec-pid)/cmdline"
echo
rt ps --format json "$id" | jq length
rt ps "$id" | grep -c sleep
kill "$(cat exec-pid)"
for _ in $(seq 100); do [ "$(rt ps --format json "$id" | jq length)" = 1 ] && break; sleep 0.05; done
rt ps --format json "$id" | jq length

rt kill "$id" KILL
stopped "$id"
rt exec "$id" true 2>/dev/null
echo "stopped $?"
rt delete "$id"

#!/bin/bash
#: needs: runc jq busybox
. "$LIB"

id=life-$$
shell 'echo started; exec sleep 60'
create "$id"
echo "create $?"
status "$id"
test "$(cat pid)" = "$(rt state "$id" | jq .pid)" && echo the same number
cat out
rt start "$id"
echo "start $?"
for _ in $(seq 100); do [ -s out ] && break; sleep 0.05; done
status "$id"
cat out
rt state "$id" | jq -r '.id == $id, (.bundle | endswith("/bundle")), (.rootfs | endswith("/rootfs")), .owner' --arg id "$id"
rt list -q | grep -c "^$id$"
rt list -f json | jq -r '.[].status'
rt start "$id" 2>/dev/null
echo "again $?"
rt delete "$id" 2>/dev/null
echo "delete while running $?"
rt kill "$id" KILL
echo "kill $?"
stopped "$id"
status "$id"
rt state "$id" | jq .pid
rt kill "$id" TERM 2>err
echo "kill $?"
grep -o 'container not running' err
rt delete "$id"
echo "delete $?"
rt state "$id" 2>err
echo "state $?"
grep -o 'container does not exist' err
rt delete --force "$id"
echo "delete --force $?"

# One that never starts.
create "$id" && rt delete "$id"
echo "never started $?"
# One that is deleted while it runs.
create "$id" && rt start "$id" && rt delete --force "$id"
echo "by force $?"
# A name is taken until then.
create "$id" && ! create "$id" && grep -o 'ID already exists' out
rt delete --force "$id"
rt kill "$id" 2>/dev/null
echo "kill of nothing $?"
rt list -q
ls "$state"

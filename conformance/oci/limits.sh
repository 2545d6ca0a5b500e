#!/bin/bash
#: needs: runc jq busybox
. "$LIB"

id=limits-$$
config --arg path "/conformance-$$" '.linux.cgroupsPath = $path | .linux.resources = {
    memory: {limit: 67108864, reservation: 33554432}, pids: {limit: 50},
    cpu: {shares: 512, quota: 50000, period: 100000, cpus: "0"}, devices: [{allow: false, access: "rwm"}]}'
shell 'exec sleep 60'
create "$id" && rt start "$id"

# What the host's files say, of either version.
shown() {
    for file in memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes memory.max memory.low pids/pids.max pids.max \
        cpu/cpu.shares cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu.max cpuset/cpuset.cpus cpuset.cpus; do
        case $file in
            */*) path=/sys/fs/cgroup/${file%/*}/conformance-$$/${file##*/} ;;
            *) path=/sys/fs/cgroup/conformance-$$/$file ;;
        esac
        [ -e "$path" ] && echo "$file $(cat "$path")"
    done
}
shown
for controller in memory pids cpu devices freezer; do
    for dir in /sys/fs/cgroup/$controller/conformance-$$ /sys/fs/cgroup/conformance-$$; do
        [ -e "$dir/cgroup.procs" ] && grep -c "^$(cat pid)$" "$dir/cgroup.procs"
    done
done

rt update --memory 50331648 --pids-limit 30 "$id"
echo "update $?"
shown | grep -E 'memory.(max|limit)|pids'
echo '{"cpu": {"shares": 256}}' | rt update -r - "$id"
echo "update $?"
shown | grep shares
rt exec "$id" sh -c 'grep -c . /proc/self/cgroup >/dev/null; echo in the same'
rt events --stats "$id" | jq -r '.type, .id, .data.memory.usage.limit, .data.pids.limit, (.data.memory.usage.usage > 0)' | sed "s/$$/N/"

rt pause "$id"
echo "pause $?"
status "$id"
rt exec "$id" true 2>/dev/null
echo "exec $?"
rt resume "$id"
echo "resume $?"
status "$id"
rt pause "$id"
rt kill "$id" KILL
rt resume "$id" 2>/dev/null
stopped "$id"
rt delete "$id"
echo "delete $?"
find /sys/fs/cgroup -name "conformance-$$"

echo frozen and forced
create "$id" && rt start "$id" && rt pause "$id"
rt delete --force "$id"
echo "delete $?"
find /sys/fs/cgroup -name "conformance-$$"

echo too much
config '.linux.resources.memory = {limit: 8388608, swap: 8388608}'
shell 'head -c 100000000 /dev/zero | tail -c 99999999 | wc -c; echo over'
once >/dev/null 2>&1
config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
ln -s busybox "$bundle/rootfs/bin/tail"
shell 'tail -c 99999999 /dev/zero; echo "ended $?"'
once 2>&1 | grep ended

echo sysctls
config '.linux.sysctl = {"net.core.somaxconn": "77", "kernel.shmmax": "12345678"}'
shell 'cat /proc/sys/net/core/somaxconn'
once
config '.linux.sysctl = {"vm.swappiness": "1"}'
once 2>&1 | grep -oE 'not in a separate kernel namespace|status .*'

#!/bin/bash
#: needs: runc jq busybox ip unshare
. "$LIB"

# Says which namespaces a container shares with this script, by hooks outside of it.
compare='pid=$(sed "s/.*\"pid\":\s*\([0-9]*\).*/\1/"); for n in cgroup ipc mnt net pid user uts; do
    [ "$(readlink /proc/$pid/ns/$n)" = "$(readlink /proc/'$$'/ns/$n)" ] && echo "$n shared"; done >'"$PWD/shared; true"
config --arg script "$compare" '.hooks.createRuntime = [{path: "/bin/bash", args: ["bash", "-c", $script], env: ["PATH=/usr/bin:/bin"]}]'
shell 'hostname; ls /sys/class/net; echo $$'
once
cat shared

echo without some
config '.linux.namespaces = [.linux.namespaces[] | select(.type != "network" and .type != "uts" and .type != "ipc" and .type != "cgroup")] | del(.hostname)'
shell 'echo $$'
once
cat shared

echo by path
unshare -n -u -i sh -c 'ip link set lo up; ip link add probe type dummy; hostname joined; exec sleep 60' &
other=$!
for _ in $(seq 100); do [ "$(nsenter -t $other -u hostname)" = joined ] && break; sleep 0.05; done
config --arg ns "/proc/$other/ns" '.linux.namespaces += [{type: "network", path: "\($ns)/net"}, {type: "uts", path: "\($ns)/uts"}, {type: "ipc", path: "\($ns)/ipc"}]'
shell 'hostname; ls /sys/class/net | sort'
once
kill $other

echo users
config '.linux.namespaces = [{type: "pid"}, {type: "mount"}, {type: "ipc"}, {type: "uts"}, {type: "network"}, {type: "user"}]
    | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
    | .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 1000}] | .hostname = "users"'
chown -R 100000:200000 "$bundle/rootfs"
chmod 755 . .. "$bundle"
shell 'id -u; id -g; cat /proc/self/uid_map | tr -s " "; touch /made; stat -c %u:%g /made; hostname'
once
stat -c %u:%g "$bundle/rootfs/made"

echo refused
config '.linux.namespaces += [{type: "nonsense"}]'
once 2>/dev/null

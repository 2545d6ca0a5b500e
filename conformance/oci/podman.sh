#!/bin/bash
#: needs: runc podman conmon busybox
#: limit: 300
# Podman, with the runtime as that of its containers.
. "$LIB"

p() {
    timeout 60 podman --root "$PWD/store" --runroot "$PWD/run" --storage-driver vfs --cgroup-manager cgroupfs \
        --events-backend file --runtime "$RUNTIME" "$@" 2>err
    local status=$?
    grep -oE 'executable file .* not found in \$PATH|permission denied|no such container' err | sort -u | sed 's/`.*` //;s/"[^"]*" //'
    echo "status $status"
}
# Its own limits are beyond what a container in a container may have.
run() {
    p run --network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@"
}
finish() {
    p rm -af >/dev/null
    podman --root "$PWD/store" --runroot "$PWD/run" --storage-driver vfs unmount -a >/dev/null 2>&1
    umount "$PWD/store/vfs" 2>/dev/null
    umount "$PWD/store" 2>/dev/null
}
trap finish EXIT

tar -C "$bundle/rootfs" -c . | p import - box >/dev/null
run --rm box echo hello
for code in 0 1 42; do run --rm box sh -c "exit $code"; done
run --rm box nosuch
run --rm box /etc
run --rm box sh -c 'kill -TERM $$; sleep 1'
echo input | run --rm -i box cat
run --rm -t box tty
run --rm -e A=b -w /bin --hostname h box sh -c 'echo $A; pwd; hostname'
run --rm --user 1000:1000 box id
run --rm box grep -E 'Cap|Seccomp:' /proc/self/status
run --rm --cap-drop all box grep Cap /proc/self/status
mkdir -p volume && echo outside >volume/file
run --rm -v "$PWD/volume:/v:ro" box sh -c 'cat /v/file; echo x >/v/x || echo refused'
run --rm --tmpfs /t --read-only box sh -c 'echo x >/t/x && echo written; echo x >/x || echo refused'
run --rm -m 64m --pids-limit 20 box echo limited
run -d --name bg box sh -c 'trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.1; done' | tail -1
p exec bg sh -c 'echo inside; exit 4'
echo text | p exec -i bg cat
p exec -t bg tty
p exec -u 1000 bg id -u
p exec bg nosuch
p pause bg | tail -1
p ps --format '{{.Status}}' | grep -o Paused
p unpause bg | tail -1
p top bg -eo comm | sort -u | head -3
p stop -t 20 bg | tail -1
p inspect bg --format '{{.State.ExitCode}} {{.State.Status}}'
p logs bg
p start bg | tail -1
p kill bg | tail -1
p wait bg
p commit -q bg committed | tail -1
run --rm committed echo committed
p cp bg:/etc/passwd copied
head -1 copied
p rm bg | tail -1
run --rm --init box cat /proc/1/comm 2>/dev/null | tail -1
run --rm --network host box sh -c 'ls /sys/class/net | grep -c lo'
run --rm --ipc host --uts host box echo shared

#!/bin/bash
#: needs: runc containerd ctr jq busybox skopeo
#: limit: 300
# containerd, by ctr, with the runtime behind its shim.
. "$LIB"

cat >config.toml <<T
version = 2
root = "$PWD/root"
state = "$PWD/ctrd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "$PWD/ctrd.sock"
T
containerd --config config.toml >ctrd.log 2>&1 &
daemon=$!
ctr() {
    timeout 60 /usr/bin/ctr --address "$PWD/ctrd.sock" "$@"
}
finish() {
    ctr task ls -q | xargs -r -n1 /usr/bin/ctr --address "$PWD/ctrd.sock" task rm -f >/dev/null 2>&1
    kill $daemon
    wait $daemon
}
trap finish EXIT
for _ in $(seq 300); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done

# An image of one layer.
mkdir layout && tar -C "$bundle/rootfs" -cf layer.tar .
digest() { sha256sum "$1" | cut -d' ' -f1; }
mkdir -p layout/blobs/sha256
put() { cp "$1" "layout/blobs/sha256/$(digest "$1")"; }
put layer.tar
jq -n --arg d "sha256:$(digest layer.tar)" '{architecture: "amd64", os: "linux", config: {Env: ["PATH=/bin"], Cmd: ["sh"]}, rootfs: {type: "layers", diff_ids: [$d]}}' >image.json
put image.json
jq -n --arg c "sha256:$(digest image.json)" --argjson cs "$(stat -c %s image.json)" --arg l "sha256:$(digest layer.tar)" --argjson ls "$(stat -c %s layer.tar)" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $c, size: $cs},
    layers: [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $l, size: $ls}]}' >manifest.json
put manifest.json
echo '{"imageLayoutVersion": "1.0.0"}' >layout/oci-layout
jq -n --arg m "sha256:$(digest manifest.json)" --argjson ms "$(stat -c %s manifest.json)" \
    '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $m, size: $ms, annotations: {"org.opencontainers.image.ref.name": "local/box:latest"}, platform: {architecture: "amd64", os: "linux"}}]}' >layout/index.json
tar -C layout -cf image.tar .
ctr image import --snapshotter native image.tar >/dev/null
ctr image ls -q

c() {
    ctr "$@" 2>err
    local status=$?
    grep -oE 'executable file not found in \$PATH|no such file or directory|permission denied|not found' err | sort -u
    echo "status $status"
}
run() {
    c run --snapshotter native --runc-binary "$RUNTIME" "$@"
}
run --rm local/box:latest one echo hello
run --rm local/box:latest two sh -c 'exit 42'
run --rm local/box:latest three sh -c 'kill -TERM $$; sleep 1'
run --rm local/box:latest four nosuch
run --rm --env A=b --cwd /etc local/box:latest five sh -c 'echo $A; pwd'
run --rm local/box:latest seven grep Cap /proc/self/status
run --rm --read-only local/box:latest eight sh -c 'echo x >/x || echo refused'
echo outside >file
run --rm --mount "type=bind,src=$PWD/file,dst=/file,options=rbind:ro" local/box:latest nine cat /file
run --rm --memory-limit 33554432 local/box:latest ten echo limited
run --rm --net-host local/box:latest eleven sh -c 'ls /sys/class/net | grep -c lo'
run --rm --seccomp local/box:latest twelve grep Seccomp: /proc/self/status
run -d local/box:latest bg sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
ctr task ls | awk '$1 == "bg" {print $3}'
c task exec --exec-id x1 bg sh -c 'echo inside; exit 4'
c task exec --exec-id x2 --user 1000 bg id -u
c task exec --exec-id x3 bg nosuch
c task pause bg
ctr task ls | awk '$1 == "bg" {print $3}'
c task resume bg
ctr task ps bg | grep -c "^[0-9]" | sed "s,^[12]$,some,"
ctr task metrics bg | grep -c memory
c task kill -s TERM bg
for _ in $(seq 100); do ctr task ls | grep -q 'bg.*STOPPED' && break; sleep 0.1; done
ctr task ls | awk '$1 == "bg" {print $3}'
c task rm bg | sed 's/ .*//'
c container rm bg

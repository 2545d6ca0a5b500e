#!/bin/bash
#: needs: runc jq busybox
. "$LIB"

mkdir -p data/below "$bundle/rootfs/secret" "$bundle/rootfs/kept"
echo inside >data/file
echo hidden >"$bundle/rootfs/secret/file"
echo hidden >"$bundle/rootfs/secret-file"
echo kept >"$bundle/rootfs/kept/file"
config --arg data "$PWD/data" '.mounts += [
    {destination: "/data", type: "bind", source: $data, options: ["rbind", "rw"]},
    {destination: "/read", type: "bind", source: $data, options: ["bind", "ro", "nosuid", "noexec"]},
    {destination: "/file", type: "bind", source: "\($data)/file", options: ["bind", "ro"]},
    {destination: "/memory", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1750", "size=1m"]}]
    | .linux.maskedPaths += ["/secret", "/secret-file", "/not/there"] | .linux.readonlyPaths += ["/kept", "/neither"]'
shell 'cat /data/file /read/file /file; echo new >/data/new && echo written; echo x >/read/new || echo refused
    echo x >/file || echo refused; stat -c %a /memory; echo x >/memory/x && cat /memory/x
    ls /secret; cat /secret-file; echo x >/kept/new || echo refused; cat /kept/file
    grep -cE " /(data|read|file|memory) " /proc/self/mounts; test -d /data/below && echo below
    cp /bin/busybox /memory/ 2>/dev/null || cat /bin/busybox >/memory/b; echo x >/root-file && echo writable'
once 2>&1 | grep -v 'nonexistent\|Read-only\|can.t create'
cat data/new

echo read-only root
config '.root.readonly = true'
shell 'echo x >/no || echo refused; echo x >/data/again && echo written; echo x >/dev/shm/x && echo shared memory'
once 2>&1 | grep -v 'Read-only\|can.t create'

echo propagation
config '(.mounts[] | select(.destination == "/data") | .options) = ["rbind", "rslave"]'
shell 'for i in 1 2 3 4 5 6 7 8 9; do [ -e /data/below/later ] && echo seen && exit; sleep 0.2; done; echo not seen'
mount --bind data data
mount --make-rshared data
create slave-$$
rt start slave-$$
mkdir later && touch later/later
mount --bind later data/below
stopped slave-$$
cat out
rt delete slave-$$
umount data/below
umount data

echo devices
config '.linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 384, uid: 3, gid: 4}, {path: "/dev/deep/zero", type: "c", major: 1, minor: 5, fileMode: 438}]
    | .linux.resources.devices += [{allow: true, access: "rwm"}]'
shell 'stat -c "%F %a %u:%g %t:%T" /dev/mine /dev/deep/zero; echo x >/dev/mine; head -c 3 /dev/deep/zero | tr "\0" 0; echo
    for d in null zero full random urandom tty fd stdin stdout stderr ptmx pts shm mqueue; do [ -e /dev/$d ] || echo no /dev/$d; done'
once 2>/dev/null

#!/bin/bash
#: needs: runc jq busybox
. "$LIB"

shell 'id; pwd; env | sort; grep -E "^(Cap|NoNewPrivs)" /proc/self/status; umask; hostname; exit 7'
once

echo user
config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 6], umask: 63} | .process.cwd = "/new/dir"'
shell 'id -u; id -g; id -G; umask; pwd; echo $HOME; grep -E "^Cap" /proc/self/status'
once

echo ambient
config '.process.capabilities.ambient = ["CAP_KILL"] | .process.capabilities.inheritable = ["CAP_KILL"]'
once

echo capabilities
config '.process.user = {uid: 0, gid: 0} | .process.cwd = "/" | .process.noNewPrivileges = false
    | .process.capabilities = {bounding: ["CAP_CHOWN", "CAP_MKNOD", "CAP_NET_RAW"],
        permitted: ["CAP_CHOWN", "CAP_MKNOD", "CAP_NET_RAW"], effective: ["CAP_CHOWN", "CAP_MKNOD", "CAP_NET_RAW"]}'
shell 'grep -E "^(Cap|NoNewPrivs)" /proc/self/status'
once

echo limits
config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 333, hard: 555}, {type: "RLIMIT_NPROC", soft: 100, hard: 200}]
    | .process.oomScoreAdj = 123'
shell 'ulimit -Sn; ulimit -Hn; ulimit -Su; cat /proc/self/oom_score_adj'
once

echo ends
config '.process.args = ["/bin/true"]'
once
shell 'kill -TERM $$; exit 3'
once
shell 'sh -c "kill -KILL \$\$"; echo $?'
once
config '.process.env += ["PATH=/nowhere"] | .process.args = ["true"]'
once 2>&1 | grep -oE 'executable file not found in \$PATH|status .*'
config '.process.args = ["/no/such"]'
once 2>&1 | grep -oE 'no such file or directory|status .*'
config '.process.args = ["/etc/passwd"]'
once 2>&1 | grep -oE 'permission denied|status .*'
config '.process.args = ["/etc"]'
once 2>&1 | grep -oE 'permission denied|is a directory|status .*' | head -1

#!/bin/bash
#: needs: runc dockerd docker busybox ip iptables
#: limit: 600
# Docker Engine, with the runtime as that of its containers. Each line says what a command printed, and how
# it ended; what differs from run to run (ids, times, addresses) is left out.
. "$LIB"

mkdir -p daemon
cat >daemon.json <<J
{"data-root": "$PWD/daemon/data", "exec-root": "$PWD/daemon/exec", "pidfile": "$PWD/daemon/pid",
 "hosts": ["unix://$PWD/docker.sock"], "storage-driver": "vfs", "bridge": "none", "iptables": false,
 "runtimes": {"tested": {"path": "$RUNTIME"}}, "default-runtime": "tested"}
J
dockerd --config-file daemon.json >daemon.log 2>&1 &
daemon=$!
export DOCKER_HOST=unix://$PWD/docker.sock DOCKER_CONFIG=$PWD
for _ in $(seq 600); do docker version >/dev/null 2>&1 && break; sleep 0.1; done
finish() {
    docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
    kill $daemon
    wait $daemon
}
trap finish EXIT

say() {
    echo "-- $*"
}
d() {
    timeout 60 docker "$@" 2>err
    local status=$?
    grep -oE 'executable file not found in \$PATH|no such file or directory|permission denied|is not running|No such container|is paused' err | sort -u
    echo "status $status"
}

rm "$bundle/rootfs/bin/sleep"
ln -s busybox "$bundle/rootfs/bin/sleep"
for tool in wget nc seq wc chmod chown rm dd tail date; do ln -sf busybox "$bundle/rootfs/bin/$tool"; done
tar -C "$bundle/rootfs" -c . | docker import - box >/dev/null
mkdir context
echo "FROM box
RUN echo built >/built && chmod 600 /built
RUN cat /built; id -u
ENV KIND=made
WORKDIR /work
USER 1000:1000
ENTRYPOINT [\"sh\", \"-c\"]
CMD [\"id -u; pwd; echo \$KIND; ls -l /built | cut -c1-10\"]" >context/Dockerfile

say run
d run --rm box echo hello
say exit codes
for code in 0 1 42 125 255; do d run --rm box sh -c "exit $code"; done
d run --rm box nosuch
d run --rm box /no/such
d run --rm box /etc/passwd
d run --rm box sh -c 'kill -TERM $$; sleep 1'
d run --rm box sh -c 'kill -KILL $$; sleep 1'
say standard streams
echo input | d run --rm -i box cat
d run --rm box sh -c 'echo out; echo err >&2'
d run --rm -t box tty
say environment
d run --rm -e A=b -w /new/dir --hostname h.example box sh -c 'echo $A; pwd; hostname; echo $HOME; echo $PATH'
say users
d run --rm --user 1000:1000 --group-add 5 box id
d run --rm --user user box id
say capabilities
d run --rm box grep Cap /proc/self/status
d run --rm --cap-drop ALL --cap-add NET_BIND_SERVICE box grep Cap /proc/self/status
d run --rm --cap-add NET_ADMIN box grep CapEff /proc/self/status
d run --rm --user 1000 box grep CapEff /proc/self/status
d run --rm --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
say seccomp
d run --rm box grep Seccomp: /proc/self/status
d run --rm --security-opt seccomp=unconfined box true
say limits
d run --rm --ulimit nofile=100:200 --ulimit nproc=500 box sh -c 'ulimit -Sn; ulimit -Hn'
d run --rm -m 32m --memory-swap 32m box sh -c 'tail -c 99999999 /dev/zero >/dev/null; echo $?'
d run --name oom -m 32m --memory-swap 32m box tail -c 99999999 /dev/zero
docker inspect -f '{{.State.ExitCode}}' oom
d run --rm --pids-limit 10 box sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 3 & done 2>/dev/null; wait; echo done' | tail -1
d run --rm --oom-score-adj 77 box cat /proc/self/oom_score_adj
d run --rm --sysctl net.core.somaxconn=99 box cat /proc/sys/net/core/somaxconn
say mounts
mkdir -p volume && echo outside >volume/file
d run --rm -v "$PWD/volume:/v" box sh -c 'cat /v/file; echo new >/v/new'
cat volume/new
d run --rm -v "$PWD/volume:/v:ro" box sh -c 'echo x >/v/x || echo refused'
d run --rm -v named:/n box sh -c 'echo kept >/n/x'
d run --rm -v named:/n box cat /n/x
d run --rm --tmpfs /t:size=1m,mode=1770 box sh -c 'stat -c %a /t; dd if=/dev/zero of=/t/x bs=1M count=3 2>/dev/null || echo full'
d run --rm --read-only --tmpfs /t box sh -c 'echo x >/x || echo refused; echo x >/t/x && echo written'
d run --rm --shm-size 1m box sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=3 2>/dev/null || echo full'
d run --rm --device /dev/full:/dev/mine box sh -c 'echo x >/dev/mine || echo full'
d run --rm --mount type=bind,src="$PWD/volume/file",dst=/one,readonly box cat /one
say network
d run --rm --network none box sh -c 'ls /sys/class/net'
d run --rm --network host box sh -c 'ls /sys/class/net | grep -c lo'
docker run -d --name net --network none box sleep 300 >/dev/null
d run --rm --network container:net box ls /sys/class/net
say in the background
docker run -d --name bg box sh -c 'trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.1; done' >/dev/null
for _ in $(seq 100); do docker logs bg | grep -q up && break; sleep 0.1; done
d exec bg sh -c 'echo inside; exit 4'
echo text | d exec -i bg cat
d exec -t bg tty
d exec -u 1000 -w /etc -e B=c bg sh -c 'id -u; pwd; echo $B'
d exec -d bg touch /touched
for _ in $(seq 50); do docker exec bg ls /touched >/dev/null 2>&1 && break; sleep 0.1; done
d exec bg ls /touched
d exec bg nosuch
d top bg -o pid,comm | grep -c sh
d pause bg
docker inspect -f '{{.State.Status}}' bg
d exec bg true
d unpause bg
d update -m 64m --memory-swap 64m bg
docker inspect -f '{{.HostConfig.Memory}}' bg
d stats --no-stream --format '{{.Name}}' bg
d port bg
d diff bg
d cp bg:/etc/passwd copied
head -1 copied
d cp copied bg:/put
d exec bg head -1 /put
d rename bg bg2
d kill -s USR1 bg2 >/dev/null
d stop -t 20 bg2
docker inspect -f '{{.State.ExitCode}} {{.State.Status}}' bg2
docker logs bg2
d start bg2
d restart -t 1 bg2
d kill bg2
docker wait bg2
d commit bg2 committed >/dev/null
d run --rm committed head -1 /put
d export bg2 | tar -t | grep -c '^put$'
d rm bg2
d exec bg2 true
say stubborn
docker run -d --name stubborn box sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null
sleep 0.5
d stop -t 1 stubborn
docker inspect -f '{{.State.ExitCode}}' stubborn
d rm stubborn
say restart policies
docker run -d --name again --restart on-failure:2 box sh -c 'echo run; exit 3' >/dev/null
docker wait again
for _ in $(seq 100); do [ "$(docker inspect -f '{{.RestartCount}} {{.State.Status}}' again)" = '2 exited' ] && break; sleep 0.1; done
docker inspect -f '{{.RestartCount}} {{.State.ExitCode}}' again
docker logs again
say health
docker run -d --name health --health-cmd 'test -e /fine' --health-interval 1s --health-retries 1 box sh -c 'sleep 1; touch /fine; sleep 60' >/dev/null
for _ in $(seq 100); do [ "$(docker inspect -f '{{.State.Health.Status}}' health)" = healthy ] && break; sleep 0.1; done
docker inspect -f '{{.State.Health.Status}}' health
say init
d run --rm --init box sh -c 'cat /proc/1/comm' | tail -1
say attach
docker run -d -i --name attached box sh -c 'read line; echo "got $line"' >/dev/null
echo word | d attach attached
say wait
docker run -d --name waited box sh -c 'sleep 1; exit 6' >/dev/null
d wait waited
say build
DOCKER_BUILDKIT=0 docker build -q --network none -t made context >/dev/null 2>build.err
echo "status $?"
d run --rm made
say save and load
docker save made -o made.tar && docker rmi made >/dev/null && docker load -q -i made.tar
d run --rm made 'echo loaded'
say events
docker events --since 1h --until 0s --filter container=waited --format '{{.Action}}' | grep -vE 'exec|attach'
say prune
docker ps -aq | xargs docker rm -f >/dev/null
d ps -aq

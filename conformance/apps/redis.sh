#!/bin/bash
#: needs: redis-server redis-cli redis-benchmark
#: limit: 120
#: quick
# A server on a unix socket: commands, a background save by fork, its benchmark, shutdown.
redis-server --port 0 --unixsocket "$PWD/s" --dir "$PWD" --save '' --appendonly yes --daemonize no --io-threads 2 >log 2>&1 & server=$!
cli() { redis-cli -s "$PWD/s" "$@"; }
for _ in $(seq 100); do [ "$(cli ping 2>/dev/null)" = PONG ] && break; sleep 0.1; done
cli set a 1; cli incr a; for i in $(seq 1 500); do echo "rpush l $i"; done | cli --pipe 2>&1 | tail -n 1; cli llen l; cli eval 'return redis.call("lrange", KEYS[1], 0, 2)' 1 l
cli bgsave; for _ in $(seq 100); do cli info persistence | grep -q 'rdb_bgsave_in_progress:0' && break; sleep 0.1; done; ls dump.rdb; cli info persistence | grep rdb_last_bgsave_status
cli bgrewriteaof; redis-benchmark -s "$PWD/s" -n 5000 -c 20 -q -t set,get,lpush,mset 2>&1 | tr '\r' '\n' | grep 'requests per second' | cut -d: -f1
redis-benchmark -s "$PWD/s" -n 3000 -c 20 -P 16 --threads 2 -q -t get 2>&1 | tr '\r' '\n' | grep 'requests per second' | cut -d: -f1
cli expire a 1; sleep 1.3; cli exists a; (cli subscribe c 2>/dev/null | sed -n 6p >heard) & for _ in $(seq 100); do [ "$(cli publish c hello)" = 1 ] && break; sleep 0.1; done; cli client kill type pubsub; wait $!; cat heard
cli shutdown nosave; wait $server; echo "status $?"; grep -ci 'ready to accept' log

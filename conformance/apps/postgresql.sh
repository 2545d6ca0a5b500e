#!/bin/bash
#: needs: setpriv
#: limit: 240
# initdb, a server with its own processes and shared memory, pgbench with two threads, a crash and recovery.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
[ -x "$bin/initdb" ] && id postgres >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || { echo "SKIP no PostgreSQL server, no user postgres, or not root"; exit 77; }
mkdir db; chown postgres db; chmod 755 .; cd db || exit; export HOME=$PWD PGHOST=$PWD PGDATA=$PWD/data PGUSER=postgres PGDATABASE=postgres TZ=UTC
as() { setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"; }
as "$bin/initdb" -D data -A trust --no-locale -E UTF8 -N >init.log 2>&1; echo "initdb $?"
printf "listen_addresses=''\nunix_socket_directories='%s'\nshared_buffers=16MB\nautovacuum=off\n" "$PWD" >>data/postgresql.conf
as "$bin/pg_ctl" -s -w -t 60 -l log start; echo "start $?"
as "$bin/psql" -qAtX -c 'create table t as select x, md5(x::text) m from generate_series(1, 20000) x' -c 'select count(*), min(m), max(m) from t' -c 'create index on t(m)' -c "select x from t where m = md5('77')" -c 'set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; select sum(x) from t'
as "$bin/pgbench" -i -q -s 2 >/dev/null 2>&1; echo "pgbench -i $?"
as "$bin/pgbench" -n -c 4 -j 2 -t 100 2>&1 | grep 'actually processed'; as "$bin/psql" -qAtX -c 'select count(*) from pgbench_history' -c 'select sum(abalance) = (select sum(bbalance) from pgbench_branches) from pgbench_accounts'
as "$bin/psql" -qAtX -c 'select pg_sleep(30)' 2>&1 & sleeper=$!
for _ in $(seq 100); do
    cancelled=$(as "$bin/psql" -qAtX -c "select pg_cancel_backend(pid) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'")
    [ "$cancelled" = t ] && break; sleep 0.1
done
echo "$cancelled"; wait $sleeper; echo "cancelled $?"
as "$bin/pg_dump" -t t | grep -v -e "^--" -e restrict | sha256sum; as "$bin/pg_ctl" -s -m immediate stop; echo "stop $?"; as "$bin/pg_ctl" -s -w -t 60 -l log start; echo "recovered $?"; as "$bin/psql" -qAtX -c 'select count(*) from t'; as "$bin/pg_ctl" -s -m fast stop; echo "stop $?"

#!/bin/bash
#: root: debian
#: limit: 240
# A database as its own user: made, started, asked, crashed, recovered and stopped; kept for the next zone.
script='
bin=$(echo /usr/lib/postgresql/*/bin); export PATH=$bin:$PATH PGDATA=/var/lib/postgresql/data PGHOST=/var/run/postgresql; cd /
start() { pg_ctl -s -w -t 60 -l /tmp/log -o "-c listen_addresses= -c autovacuum=off" start; echo "start $?"; }
'
zone --init -- su postgres -c "$script"'
id -un; initdb -A trust --no-locale -E UTF8 -N >/dev/null; echo "initdb $?"; start
psql -qAtX -c "select 6 * 7" -c "create table t as select x, md5(x::text) m from generate_series(1, 5000) x" -c "create index on t (m)" -c "select count(*), min(m), max(m) from t"
pgbench -i -q >/dev/null 2>&1; pgbench -n -c 4 -j 2 -t 50 2>&1 | grep "actually processed"; psql -qAtX -c "select count(*) from pgbench_history"
psql -qAtX -c "select pg_sleep(60)" >/tmp/ended 2>&1 & sleep 1; psql -qAtX -c "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like \$\$select pg_sleep%\$\$"; wait $! 2>/dev/null; echo "ended $?"; cat /tmp/ended
pg_ctl -s -m immediate stop; echo "stop $?"; start; psql -qAtX -c "select count(*) from t"; pg_ctl -s -m fast stop; echo "stop $?"'
zone --init -- su postgres -c "$script"'start; psql -qAtX -c "select sum(x) from t"; ps -o user= -C postgres | sort | uniq -c | sed "s/ *[0-9]* //"; pg_ctl -s -m fast stop; ps -C postgres -o pid='; echo "status $?"

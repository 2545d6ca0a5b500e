#!/bin/bash
#: needs: sqlite3
#: limit: 60
#: quick
# Transactions, WAL with two writers, locks, integrity.
export HOME=$PWD
sqlite3 a.db <<'Q'
pragma journal_mode=wal; create table t(id integer primary key, v text);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000) insert into t select x, 'value ' || x from c;
create index i on t(v); select count(*), sum(id), max(v) from t; begin; delete from t where id > 5; rollback; select count(*) from t;
Q
for w in 1 2 3; do (for i in $(seq 1 15); do echo ".timeout 20000
insert into t(v) values('w$w $i');"; done | sqlite3 a.db) & done; wait
sqlite3 a.db "select count(*) from t where v like 'w%'; pragma integrity_check; vacuum; select group_concat(id) from (select id from t where v like 'value 1999%' order by id)"
sqlite3 a.db .dump | sqlite3 b.db; sqlite3 b.db 'pragma journal_mode=delete; select count(*) from t; select json_extract(:x, "$.a")' ; sqlite3 a.db 'select broken'; echo "status $?"
sqlite3 a.db '.backup c.db'; sqlite3 c.db 'pragma quick_check'; sqlite3 -readonly c.db 'delete from t'; echo "status $?"; ls

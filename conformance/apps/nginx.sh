#!/bin/bash
#: needs: nginx curl
#: limit: 90
#: quick
# Two workers serve files to curl by sendfile; reload and quit by signals.
mkdir -p www logs tmp; seq 200000 >www/big; echo index >www/index.html; chmod 755 . www
cat >nginx.conf <<N
worker_processes 2; pid $PWD/pid; error_log $PWD/logs/error; daemon off; master_process on; user root;
events { worker_connections 128; }
http { access_log $PWD/logs/access; sendfile on; aio threads; client_body_temp_path $PWD/tmp/a; proxy_temp_path $PWD/tmp/b; fastcgi_temp_path $PWD/tmp/c; uwsgi_temp_path $PWD/tmp/d; scgi_temp_path $PWD/tmp/e; gzip on; gzip_types *;
server { listen unix:$PWD/s; root $PWD/www; location /teapot { return 418 short; } location /p/ { proxy_pass http://unix:$PWD/s:/; } } }
N
nginx -p "$PWD" -c nginx.conf -t 2>&1 | grep -c successful; nginx -p "$PWD" -c nginx.conf 2>/dev/null & server=$!
get() { curl -s --unix-socket "$PWD/s" "$@"; }
for _ in $(seq 100); do get http://x/ >/dev/null && break; sleep 0.1; done
get http://x/; get http://x/big | sha256sum; sha256sum <www/big; get --compressed http://x/big | sha256sum; get -o /dev/null -w '%{http_code}\n' http://x/none; get -w '\n%{http_code}\n' http://x/teapot
get -r 100-119 http://x/big | od -c | head -n 2; get http://x/p/big | sha256sum; for i in $(seq 40); do get http://x/big | sha256sum & done | sort | uniq -c
kill -HUP $server; sleep 0.5; get http://x/; kill -QUIT $server; wait $server; echo "status $?"; wc -l <logs/access; get http://x/; echo "status $?"; ls pid s 2>&1 | wc -l

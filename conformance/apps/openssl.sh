#!/bin/bash
#: needs: openssl
#: limit: 90
#: quick
# Digests, ciphers, keys, certificates, and one TLS connection.
export HOME=$PWD; touch rand; seq 100000 >data
for d in md5 sha256 sha512 blake2b512 sha3-256; do openssl dgst -$d data; done
openssl enc -aes-256-ctr -pbkdf2 -S 0102030405060708 -pass pass:x -in data -out e && openssl enc -d -aes-256-ctr -pbkdf2 -S 0102030405060708 -pass pass:x -in e | cmp - data; sha256sum <e
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k 2>/dev/null; openssl genrsa -out r 2048 2>/dev/null; openssl rsa -in r -check -noout 2>&1
openssl req -x509 -key k -subj /CN=localhost -days 3650 -out c 2>/dev/null; openssl verify -CAfile c c; openssl x509 -in c -noout -subject
openssl dgst -sha256 -sign k -out s data; openssl dgst -sha256 -verify <(openssl pkey -in k -pubout) -signature s data
for port in 23457 34568 45679; do
    openssl s_server -quiet -accept "127.0.0.1:$port" -cert c -key k -naccept 1 -rev 2>/dev/null & server=$!
    for _ in $(seq 50); do
        sleep 0.2; kill -0 $server 2>/dev/null || break
        answer=$( (echo hello; sleep 3) | timeout 20 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$port" -CAfile c -verify_return_error 2>/dev/null | head -n 1)
        [ -n "$answer" ] && break 2
    done
done
echo "$answer"; kill $server 2>/dev/null; wait 2>/dev/null; openssl rand -hex 16 | wc -c; openssl prime 2147483647; openssl speed -seconds 1 -bytes 64 sha256 2>/dev/null | grep -c sha256; openssl nonsense 2>/dev/null; echo "status $?"

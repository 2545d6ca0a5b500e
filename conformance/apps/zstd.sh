#!/bin/bash
#: needs: zstd sha256sum
#: limit: 90
#: quick
# Threads, a dictionary, a stream, damage found.
seq 1 700000 >n
zstd -q -T2 -6 n; zstd -q -dc n.zst | sha256sum; sha256sum <n
zstd -q -T2 --long=24 -c n | zstd -q -d | cmp - n; echo "status $?"
mkdir s; for i in $(seq 300); do seq "$i" $((i + 90)) >"s/$i"; done
zstd -q --train s/* -o dict --maxdict=4096; zstd -q -D dict -c s/7 | zstd -q -D dict -d | cmp - s/7; echo "status $?"
head -c 9000 n.zst | zstd -q -t 2>/dev/null; echo "status $?"

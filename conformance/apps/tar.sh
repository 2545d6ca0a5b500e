#!/bin/bash
#: needs: tar gzip bzip2 xz
#: limit: 90
#: quick
# Archives through pipes to and from compressors; owners, links, sparse files.
mkdir d; seq 50000 >d/n; ln d/n d/h; ln -s n d/s; mkfifo d/p; truncate -s 1M d/sparse; chmod 640 d/n
find d -exec touch -h -d '2020-01-01 UTC' {} +
for z in gzip bzip2 xz; do
    tar --sort=name --owner=0 --group=0 --numeric-owner -c -S -I "$z" -f "a.$z" d
    mkdir "out.$z"; tar -x -C "out.$z" -I "$z" -f "a.$z"; diff -r --no-dereference -x p d "out.$z/d"; echo "$z $?"
    TZ=UTC tar -tv -I "$z" -f "a.$z"
done
tar -c d | tar -x --transform 's,^d,e,' ; cmp d/n e/n; stat -c '%h %a' e/n
tar -c --exclude=n d | tar -t | sort; tar -xf missing.tar; echo "status $?"

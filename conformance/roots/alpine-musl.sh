#!/bin/bash
#: root: alpine
# A program whose interpreter, musl, is in the root: threads, plugins, users, children.
zone -- musl; echo "status $?"
zone --user smith -- musl; echo "status $?"
zone -- /lib/ld-musl-x86_64.so.1 /bin/musl | tail -n 1
zone -- sh -c 'ldd=/lib/ld-musl-x86_64.so.1; $ldd --list /bin/musl 2>&1 | sed "s/ (.*//"; mv $ldd /lib/away; musl; echo "status $?"'
zone -- /bin/musl 2>/dev/null; echo "status $?"

#!/bin/bash
#: root: debian
# An ordinary user's set-id programs.
zone -- bash -c 'useradd -m alice; echo "alice:secret" | chpasswd; su postgres -c "echo secret | su alice -c id" 2>/dev/null; cp /usr/bin/id /id; chmod 4755 /id; su postgres -c "/id -u"'

#!/bin/bash
#: root: debian
#: limit: 60
# An ordinary user's set-id programs, and files with capabilities.
zone -- bash -c '
useradd -m alice; echo "alice:secret" | chpasswd; groupadd team; usermod -aG team alice
su postgres -c "echo secret | su alice -c id" 2>/dev/null; su postgres -c "echo wrong | su alice -c id" 2>&1 | tail -n 1
cp /usr/bin/id /id; chmod 4755 /id; su postgres -c "/id -u; /id -ru"; chown alice:team /id; chmod 6755 /id; su postgres -c "/id -un; /id -gn; /id -rgn"; chmod 755 /id; su postgres -c "/id -un"
su alice -c "printf \"secret\nbetter-Than-1\nbetter-Than-1\n\" | passwd" 2>&1 | tail -n 1; su postgres -c "echo better-Than-1 | su alice -c whoami" 2>/dev/null
su alice -c "echo id -gn | newgrp team; cat /etc/shadow; mount -t tmpfs none /mnt; expiry -c; chage -l alice | head -n 1; gpasswd -a postgres team" 2>&1
cp /usr/bin/cat /capable; su postgres -c "/capable /etc/shadow" 2>&1
python3 -c "import os, struct; os.setxattr(\"/capable\", \"security.capability\", struct.pack(\"<5I\", 0x2000001, 2, 0, 0, 0))"
su postgres -c "/capable /etc/shadow | head -n 1 | cut -d: -f1; /capable /proc/self/status | grep -E \"CapEff|CapPrm|NoNewPrivs\""
setpriv --no-new-privs su postgres -c "/capable /etc/shadow; su alice -c id </dev/null" 2>&1; true'

#!/bin/bash
#: root: debian
#: limit: 120
# Users and groups made, changed and become; who may read what; set-id programs.
zone -- bash -c '
id -u; adduser --disabled-password --gecos "" alice >/dev/null 2>&1; echo "adduser $?"; useradd -m -s /bin/sh -G adm bob; echo "useradd $?"; groupadd team; usermod -aG team alice; id alice; id bob; getent group team
passwd -S alice | cut -d" " -f1,2; echo "alice:secret" | chpasswd; passwd -S alice | cut -d" " -f1,2; passwd -l alice >/dev/null; passwd -S alice | cut -d" " -f1,2; passwd -u alice >/dev/null
su alice -c "id; cd; pwd; touch mine; ls -l | tail -n 1 | cut -d\" \" -f1-4; cat /etc/shadow; touch /etc/x; ls /root" 2>&1; su - alice -c "echo \$HOME \$USER; umask; groups"
su bob -c "cat /home/alice/mine; echo x >/home/alice/mine; kill -0 1" 2>&1
chage -l bob | tail -n 1; userdel -r bob 2>/dev/null; id bob; ls /home; setpriv --reuid=alice --regid=alice --init-groups id; runuser -u alice -- id -un'
zone --user alice -- bash -c 'id; test -w /etc/passwd; echo $?; stat -c %a /usr/bin/su /usr/bin/passwd; chmod 4755 /usr/bin/id; ls -l /proc/1/exe | grep -c bash'; echo "status $?"
zone --user 1234:5678 -- id; zone --user www-data -- sh -c 'id; touch /tmp/x && stat -c "%U %G" /tmp/x; touch /x' 2>&1; echo "status $?"

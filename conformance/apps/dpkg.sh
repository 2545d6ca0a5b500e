#!/bin/bash
#: needs: dpkg dpkg-deb dpkg-query
#: limit: 90
#: quick
# A package built, inspected, installed with its scripts into a root of its own, and removed.
mkdir -p p/DEBIAN p/usr/share/lxapp root/var/lib/dpkg/{info,updates,triggers}; touch root/var/lib/dpkg/{status,available}; echo data >p/usr/share/lxapp/data
printf 'Package: lxapp\nVersion: 1.2\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n' >p/DEBIAN/control
printf '#!/bin/sh\necho postinst "$@"\n' >p/DEBIAN/postinst; printf '#!/bin/sh\necho prerm "$@"\n' >p/DEBIAN/prerm; chmod 755 p/DEBIAN/p*
SOURCE_DATE_EPOCH=1577836800 dpkg-deb --root-owner-group -b p lxapp.deb; dpkg-deb -f lxapp.deb Version; dpkg-deb -c lxapp.deb | awk '{print $1, $2, $6}'; sha256sum lxapp.deb | cut -c1-64 | wc -c
run() { dpkg --root="$PWD/root" --force-not-root --force-script-chrootless --log=/dev/null "$@" 2>&1; }
run -i lxapp.deb; dpkg-query --admindir=root/var/lib/dpkg -W; cat root/usr/share/lxapp/data; run -V lxapp; run -r lxapp; ls root/usr 2>&1 | wc -l; run -i none.deb | head -n 1
dpkg --print-architecture; dpkg-query -W -f '${Package} ${Status}\n' bash dpkg; dpkg -S /bin/bash; dpkg --compare-versions 1.2~rc1 lt 1.2; echo $?; dpkg -L bash | grep -c /

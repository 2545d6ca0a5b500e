#!/bin/bash
#: root: debian
#: needs: dpkg-deb
#: limit: 120
# What is installed, a repository of one's own, and a package from it whose script adds a user.
umask 022; cd here || exit
zone -- bash -c '. /etc/os-release; echo $ID $VERSION_CODENAME; dpkg -l | wc -l; dpkg -l | grep -c ^ii; apt list --installed 2>/dev/null | wc -l; dpkg-query -W bash coreutils postgresql; dpkg -S /bin/bash; dpkg --audit; echo $?; apt-cache policy adduser | head -n 3; apt-mark showmanual | sort | sha256sum'
zone -- bash -c 'dpkg -V coreutils libc6 | grep -v -e /usr/share; apt-config dump | grep -c ::; apt-get -s remove adduser 2>/dev/null | grep ^Remv; perl -e "print qq{perl\n}"'
mkdir -p repo package/DEBIAN package/usr/bin
cat >package/DEBIAN/control <<C
Package: hello-lx
Version: 1.0
Architecture: all
Depends: adduser
Maintainer: a <a@example.com>
Description: says hello
C
cat >package/DEBIAN/postinst <<C
#!/bin/sh
set -e
echo "postinst \$1 of \$DPKG_MAINTSCRIPT_PACKAGE as \$(id -un)"
adduser --quiet --system --group --home /var/lib/hello hello
echo made >/var/lib/hello/file
chown hello:hello /var/lib/hello/file
C
printf '#!/bin/sh\necho hello from the package\n' >package/usr/bin/hello-lx
chmod 755 package/DEBIAN/postinst package/usr/bin/hello-lx
dpkg-deb --root-owner-group -b package repo/hello.deb >/dev/null
{ cat package/DEBIAN/control; echo "Filename: ./hello.deb"; echo "Size: $(stat -c %s repo/hello.deb)"; echo "SHA256: $(sha256sum repo/hello.deb | cut -d' ' -f1)"; } >repo/Packages
chmod -R a+rX repo
zone -v "$PWD/repo:/repo:ro" -- bash -c '
echo "deb [trusted=yes] file:/repo ./" >/etc/apt/sources.list
export DEBIAN_FRONTEND=noninteractive
apt-get update >/tmp/log 2>&1; echo "update $?"; grep -c -e ^Err -e ^E: /tmp/log; apt-cache policy hello-lx
apt-get install -y hello-lx >/tmp/log 2>&1; echo "install $?"; grep -e ^Setting -e ^postinst -e newly -e ^E: /tmp/log
hello-lx; dpkg -s hello-lx | grep ^Status; id hello; stat -c "%U %G %a %n" /var/lib/hello /var/lib/hello/file; getent passwd hello; dpkg -V hello-lx; echo $?
apt-get install -y none-such >/dev/null 2>&1; echo "none $?"'
zone -- bash -c 'hello-lx; dpkg -r hello-lx >/dev/null 2>&1; echo "remove $?"; hello-lx 2>/dev/null; echo "status $?"; dpkg -l hello-lx | tail -n 1 | cut -d" " -f1'

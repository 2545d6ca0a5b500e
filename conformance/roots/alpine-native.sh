#!/bin/bash
#: root: alpine
#: needs: python3 perl awk git bash
# The host's programs with the host's C library in a root that has neither.
tool /usr/bin/python3 -c 'import sys, json, ctypes, subprocess, sqlite3
print(sys.version, sys.maxsize, json.dumps({"a": [1, 2]}))
print(subprocess.run(["sh", "-c", "echo $((6 * 7)); exit 3"], capture_output=True))'
tool /usr/bin/perl -MList::Util=sum -e 'print sum(1 .. 10), "\n"; print `echo child`; exit 5'; echo "status $?"
tool /bin/bash -c 'echo $BASH_VERSION; a=(x y z); echo ${#a[@]} ${a[-1]}; awk "BEGIN { print 6 * 7 }"; echo {1..3} | tac'
tool /usr/bin/git --version; tool /usr/bin/awk 'BEGIN { print 44 }'; tool /bin/sort <<<$'b\na'
zone -- sh -c 'cat /etc/passwd | head -n 1; : >/native/x' 2>/dev/null; ls /usr/bin/x 2>&1 | wc -l

#!/bin/bash
#: root: static
# One static program is the whole root: its arguments, processes, files and ends.
zone -- /only a 'b c' ''; echo "status $?"
zone --user 12:13 -- /only; echo "status $?"
zone -- /only again; echo "status $?"
zone -- /only crash; echo "status $?"
zone --read-only --tmpfs /scratch -- /only | grep -e made -e proc
for status in 0 1 77 126 127 255; do zone -- /only exit $status; echo "status $?"; done
zone -- /none 2>/dev/null; echo "status $?"; zone -- /proc 2>/dev/null; echo "status $?"

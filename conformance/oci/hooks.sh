#!/bin/bash
#: needs: runc jq busybox
. "$LIB"

# Each hook notes its name, what the state says, and what it sees.
hook() {
    config --arg kind "$1" --arg log "$PWD/log" '.hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c",
        "state=$(cat); case $state in *\\\"status\\\":*) ;; *) echo no status;; esac; echo $0 $WORD $(echo $state | grep -oE \"status\\\": ?\\\"[a-z]*\" | cut -d\\\" -f3) >>\($log)", $kind],
        env: ["WORD=word", "PATH=/bin:/usr/bin"]}]'
}
: >log
for kind in prestart createRuntime createContainer poststart poststop; do hook "$kind"; done
# runc says "created" after the start, the specification "running".
config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null; echo startContainer >/in; hostname >>/in"]}]'
shell 'cat /in; echo program'
create hooks-$$
echo "create $?"
cat log
rt start hooks-$$
stopped hooks-$$
cat out
rt delete hooks-$$
sed 's/poststart word .*/poststart word/' log

echo failures
config 'del(.hooks)'
for kind in prestart createRuntime createContainer; do
    config --arg kind "$kind" '.hooks = {} | .hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c", "exit 3"]}]'
    create "fails-$$"
    echo "$kind $?"
    rt list -q
done
config '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "60"], timeout: 1}]}'
create "slow-$$"
echo "slow $?"
config '.hooks = {createRuntime: [{path: "/no/such"}]}'
create "none-$$"
echo "none $?"
rt list -q

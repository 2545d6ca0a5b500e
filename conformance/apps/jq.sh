#!/bin/bash
#: needs: jq
#: limit: 30
#: quick
# Filters on generated documents.
seq 1 3000 | jq -c '{n: ., s: "v\(.)", odd: (. % 2 == 1)}' >l; jq -s 'map(select(.odd)) | length, (map(.n) | add)' l
jq -rs 'group_by(.n % 7) | map("\(.[0].n % 7):\(length)") | join(" ")' l; echo '{"a":[1,{"b":null}]}' | jq -S 'paths, .a[1].b // "none"' ; echo '{' | jq . ; echo "status $?"
jq -n '[limit(5; range(100))] | @csv, @base64, (tojson | fromjson)'; jq -e .x <<<'{"x":false}'; echo "status $?"; jq -n 'env.HOME, ("abc" | test("b.")), (0 | todate)'; jq -n --stream 'input' l | head -n 3

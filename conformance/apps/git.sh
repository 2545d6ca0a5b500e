#!/bin/bash
#: needs: git
#: limit: 120
#: quick
# A repository from init to gc, a clone over pipes, merges, bisect with a script, hooks.
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat TZ=UTC
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@d
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git init -q -b main r && cd r || exit
for i in $(seq 1 20); do seq $((i * 100)) >f; echo "$i" >"g$i"; git add . && git commit -q -m "c$i"; done
git log --oneline | sha256sum; git rev-parse HEAD; git diff --stat HEAD~5 | tail -n 1
git checkout -q -b side HEAD~3; echo s >side; git add side; git commit -q -m side; git checkout -q main
git merge -q --no-edit side; git log --graph --format=%s -n 4
git tag -a -m t v1; git gc -q --aggressive --prune=now; git fsck --full --strict 2>&1; git count-objects -v | grep -E '^(count|in-pack|packs)'
git clone -q --no-local . ../clone 2>&1; git -C ../clone rev-parse HEAD; git clone -q --bare "file://$PWD" ../bare; git -C ../bare repack -adq --threads=2
printf '#!/bin/sh\necho hook ran\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo h >>f; git commit -q -am hook
git bisect start HEAD v1~8 >/dev/null 2>&1; git bisect run sh -c '! test -e g18' 2>/dev/null | grep -E 'is the first bad'; git bisect reset >/dev/null 2>&1
git stash list; echo change >>f; git stash -q; git stash pop -q; git status --short; git checkout -q .
git archive HEAD | tar -t | wc -l; git grep -c 1999 | head -n 2; git rebase -q HEAD~2 2>&1; git push -q ../bare main:pushed; git -C ../bare branch | cat
git blame -s f | head -n 2; git format-patch -1 --stdout | git mailinfo m p | head -n 3; git cat-file --batch-all-objects --batch-check | wc -l
git log -1 --format=%H; git -C missing status; echo "status $?"

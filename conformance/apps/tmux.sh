#!/bin/bash
#: needs: tmux
#: limit: 60
#: quick
# A server with panes on ptys: keys sent, screens read, resized, ended. What is typed early is echoed before
# the prompt, so that output can stand behind that: no pattern says where a line starts.
export HOME=$PWD TERM=screen LC_ALL=C.UTF-8; unset TMUX
t() { tmux -L "lx$$" -f /dev/null "$@"; }
t new-session -d -s s -x 80 -y 24 'PS1="$ " exec sh'; seen() { for _ in $(seq 100); do t capture-pane -p -t s | grep -q "$1" && return; sleep 0.1; done; echo "not seen: $1"; }
seen '^[$]'; t send-keys -t s 'echo out-$((40 + 2))' Enter; seen 'out-42'; t send-keys -t s 'stty size' Enter; seen '24 80'; t capture-pane -p -t s | grep -oE 'out-42|24 80'
# The terminal echoes the line at once; that cat has it, its own copy shows.
echoed() { for _ in $(seq 100); do [ "$(t capture-pane -p -t s | grep -c typed)" = 2 ] && return; sleep 0.1; done; echo 'cat does not answer'; }
t resize-window -t s -x 100 -y 30; t send-keys -t s 'stty size' Enter; seen '30 100'; t send-keys -t s 'cat' Enter; t send-keys -t s 'typed' Enter; echoed; t send-keys -t s C-c; t send-keys -t s 'echo st-$?' Enter; seen 'st-130'; t capture-pane -p -t s | grep -o 'st-130'
t send-keys -t s 'sleep 50' Enter; sleep 0.4; t send-keys -t s C-z; t send-keys -t s 'kill -9 %1; echo job-$((40 + 3))' Enter; seen 'job-43'; t split-window -t s 'echo second; sleep 20'; t list-panes -t s -F '#{pane_index} #{pane_width}x#{pane_height}'; t kill-pane -t s.0; for _ in $(seq 50); do [ "$(t list-panes -t s | wc -l)" = 1 ] && break; sleep 0.1; done; t list-panes -t s | wc -l
t new-window -t s:; t list-windows -t s -F '#{window_index}'; t pipe-pane -t s 'cat >piped'; t kill-server; sleep 0.2; t ls 2>&1 | sed "s,/.*/,," | sed "s/lx[0-9]*/lx/"; echo "status $?"

#!/bin/bash
#: needs: runc jq busybox python3
. "$LIB"

# Takes a terminal from a runtime, types a line, and prints what comes until the end.
cat >console.py <<'P'
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
os.rename(sys.argv[1], sys.argv[1] + ".ready")
connection, _ = listener.accept()
name, control, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(4))
fd = array.array("i", control[0][2])[0]
print("a terminal" if os.isatty(fd) else "none")
os.write(fd, b"typed\n")
try:
    while text := os.read(fd, 4096):
        sys.stdout.write(text.decode())
        sys.stdout.flush()
except OSError:
    pass
P
console() {
    rm -f sock sock.ready
    python3 console.py sock &
    console=$!
    for _ in $(seq 200); do [ -e sock.ready ] && break; sleep 0.05; done
}

config '.process.terminal = true | .process.consoleSize = {height: 30, width: 100}'
shell 'read line; echo "got $line"; tty; test -t 1 && echo yes; stty size; ls -l /dev/console | cut -c1; stat -c %u /dev/pts/0; ps -o tty 2>/dev/null | head -1 >/dev/null; echo end'
console
create --console-socket "$PWD/sock.ready" tty-$$
echo "create $?"
rt start tty-$$
wait $console
stopped tty-$$
rt delete tty-$$

create none-$$
echo "without a socket $?"
rt delete --force none-$$ 2>/dev/null

echo exec
config '.process.terminal = false'
shell 'exec sleep 60'
create exec-$$ && rt start exec-$$
jq '.process | .terminal = true | .args = ["sh", "-c", "read line; echo got $line; tty; stty size"]' "$bundle/config.json" >process.json
console
rt exec --detach --process process.json --console-socket "$PWD/sock.ready" --pid-file exec-pid exec-$$
echo "exec $?"
wait $console
rt delete --force exec-$$

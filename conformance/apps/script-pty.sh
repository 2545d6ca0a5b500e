#!/bin/bash
#: needs: script stty python3
#: limit: 150
#: quick
# A shell on a pty: sizes, modes, job control, hang-up and the keys that send signals.
export HOME=$PWD TERM=dumb
script -qec 'tty | sed s,[0-9]*$,N,; stty rows 33 cols 99; stty size; test -t 0; echo $?; exit 5' /dev/null </dev/null | tr -d '\r\004' | sed 's/\^D//; s/\x08//g'; echo "status ${PIPESTATUS[0]}"
cat >drive.py <<'P'
import os, pty, sys, time, select, signal, termios, fcntl, struct
def read_until(fd, what, t=30):
    b = b''; end = time.time() + t
    while what not in b and time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try: d = os.read(fd, 4096)
            except OSError: break
            if not d: break
            b += d
    return what in b
def shell(*argv):
    pid, fd = pty.fork()
    if pid == 0: os.environ['PS1'] = '> '; os.execvp(argv[0], argv)
    return pid, fd
pid, fd = shell('bash', '--norc', '--noediting', '-i')
def say(s, what): os.write(fd, s); print(s, read_until(fd, what))
say(b'echo a$((1+1))\n', b'a2'); say(b'sleep 60\n', b'sleep'); time.sleep(0.4); say(b'\x03', b'> '); say(b'echo r$?\n', b'r130')
say(b'sleep 61\n', b'sleep'); time.sleep(0.4); say(b'\x1a', b'Stopped'); say(b'jobs\n', b'sleep 61'); say(b'bg\n', b'sleep 61 &'); say(b'fg\n', b'sleep 61'); time.sleep(0.4); say(b'\x1c', b'> '); say(b'echo r$?\n', b'r131')
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('4H', 21, 77, 0, 0)); say(b'stty size\n', b'21 77'); os.close(fd); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid, fd = shell('sh', '-c', 'trap "echo hup >h; exit 3" HUP; echo up; while :; do sleep 0.1; done'); read_until(fd, b'up'); os.close(fd); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), open('h').read())
pid, fd = shell('sh', '-c', 'trap "echo win; exit 4" WINCH; echo up; while :; do sleep 0.1; done'); read_until(fd, b'up'); fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('4H', 22, 78, 0, 0)); print(read_until(fd, b'win'), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid, fd = shell('sh', '-c', 'sleep 30'); time.sleep(0.3); os.close(fd); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid, fd = shell('sh', '-c', 'cat; echo end'); os.write(fd, b'x\n\x04'); print(read_until(fd, b'end')); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid, fd = shell('sh', '-c', 'stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -An -tx1'); read_until(fd, b'ready'); time.sleep(0.2); os.write(fd, b'\x03\x1a\x04'); print(read_until(fd, b'03 1a 04')); os.waitpid(pid, 0)
P
python3 drive.py

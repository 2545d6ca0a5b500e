#!/bin/bash
#: needs: python3
#: limit: 60
#: quick
# Children by vfork and fork, their descriptors, groups, limits and ends.
python3 - <<'P'
import subprocess as s, os, signal, resource, tempfile, select, fcntl, mmap
print(s.run(['cat'], input=b'abc', stdout=-1).stdout)
print(s.run('echo out; echo err >&2; exit 3', shell=True, capture_output=True))
print(s.run(['sh', '-c', 'kill -9 $$']).returncode)
for bad in ('./missing', '/', '/etc/passwd'):
    try: s.run([bad])
    except OSError as e: print(e.errno, e.filename)
p = s.Popen(['sleep', '9'], start_new_session=True); print(os.getsid(p.pid) == p.pid); p.terminate(); print(p.wait())
try: s.run(['sleep', '9'], timeout=0.1)
except s.TimeoutExpired: print('timeout')
print(s.run(['sh', '-c', 'ulimit -n'], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99)), stdout=-1).stdout)
r, w = os.pipe(); print(s.run(['sh', '-c', f'echo hi >&{w}'], pass_fds=[w]).returncode, os.read(r, 9))
print(s.run(['sh', '-c', f'ls /proc/self/fd | wc -l'], stdout=-1).stdout)
print(sum(s.run(['true']).returncode == 0 for _ in range(50)))
ps = [s.Popen(['sh', '-c', f'exit {i}']) for i in range(20)]; print([p.wait() for p in ps])
pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'exit 4'], os.environ, setpgroup=0, setsigdef=[signal.SIGPIPE]); print(os.waitpid(pid, 0)[1])
a = s.Popen(['seq', '100000'], stdout=-1); b = s.Popen(['wc', '-l'], stdin=a.stdout, stdout=-1); a.stdout.close(); print(b.communicate()[0], a.wait())
p = s.Popen(['cat'], stdin=-1, stdout=-1); os.kill(p.pid, signal.SIGSTOP); print(os.WSTOPSIG(os.waitpid(p.pid, os.WUNTRACED)[1]))
os.kill(p.pid, signal.SIGCONT); print(os.WIFCONTINUED(os.waitpid(p.pid, os.WCONTINUED)[1])); print(p.communicate(b'z'))
m = mmap.mmap(-1, 4096); pid = os.fork()
if pid == 0: m[:2] = b'ok'; os._exit(0)
os.waitpid(pid, 0); print(m[:2])
f = tempfile.TemporaryFile(); fcntl.flock(f, fcntl.LOCK_EX); f.write(b'q' * 9999); f.flush(); print(os.fstat(f.fileno()).st_size)
print(s.run(['python3', '-c', 'import sys, os; print(sys.argv, os.environ["V"], os.getcwd())', 'a b', ''], env={'V': '1', 'PATH': os.environ['PATH']}, cwd='/', stdout=-1).stdout)
os.execvp('sh', ['sh', '-c', 'echo replaced; exit 6'])
P
echo "status $?"

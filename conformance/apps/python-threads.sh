#!/bin/bash
#: needs: python3
#: limit: 90
#: quick
# Threads, conditions, executors, signals to a process with threads, fork from a thread.
python3 - <<'P'
import threading, queue, signal, os, time, sys
from concurrent.futures import ThreadPoolExecutor
q, out = queue.Queue(10), []
def work():
    while (x := q.get()) is not None: out.append(x * 2)
ts = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in ts]
for i in range(3000): q.put(i)
for _ in ts: q.put(None)
[t.join() for t in ts]
print(sum(out), len(out))
with ThreadPoolExecutor(16) as e: print(sum(e.map(lambda n: sum(range(n)), range(400))))
hits = []
signal.signal(signal.SIGUSR1, lambda *a: hits.append(threading.current_thread() is threading.main_thread()))
t = threading.Thread(target=lambda: [os.kill(os.getpid(), signal.SIGUSR1) or time.sleep(0.01) for _ in range(20)])
t.start(); t.join(); time.sleep(0.05); print(all(hits), 0 < len(hits) <= 20)
signal.setitimer(signal.ITIMER_REAL, 0.05); signal.signal(signal.SIGALRM, lambda *a: print('alarm'))
signal.pause()
def forker():
    pid = os.fork()
    if pid == 0: os._exit(len(threading.enumerate()))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
t = threading.Thread(target=forker); t.start(); t.join()
c = threading.Condition(); turn = [0]
def player(me):
    for _ in range(300):
        with c:
            while turn[0] % 2 != me: c.wait()
            turn[0] += 1; c.notify_all()
ts = [threading.Thread(target=player, args=(i,)) for i in (0, 1)]
[t.start() for t in ts]; [t.join() for t in ts]; print(turn[0])
print(c.acquire(), threading.Lock().acquire(timeout=0.05), threading.Event().wait(0.05))
sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)
P
echo "status $?"

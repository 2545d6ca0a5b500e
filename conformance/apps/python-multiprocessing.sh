#!/bin/bash
#: needs: python3
#: limit: 90
#: quick
# Pools by fork, spawn and forkserver; queues, locks and shared memory.
export HOME=$PWD
cat >m.py <<'P'
import multiprocessing as mp, os, signal, sys
from multiprocessing import shared_memory

def square(x): return x * x
def bump(lock, value, n):
    for _ in range(n):
        with lock: value.value += 1
def fill(name): 
    s = shared_memory.SharedMemory(name); s.buf[:5] = b'hello'; s.close()
def ping(conn):
    for _ in range(200): conn.send(conn.recv() + 1)
def die(): os.kill(os.getpid(), signal.SIGTERM)
def leave(): sys.exit(9)

if __name__ == '__main__':
    for how in ('fork', 'spawn', 'forkserver'):
        c = mp.get_context(how)
        with c.Pool(3) as p: print(how, sum(p.map(square, range(500), 10)))
        lock, value = c.Lock(), c.Value('i', 0, lock=False)
        ps = [c.Process(target=bump, args=(lock, value, 300)) for _ in range(3)]
        [p.start() for p in ps]; [p.join() for p in ps]
        print(value.value, [p.exitcode for p in ps])
        s = shared_memory.SharedMemory(create=True, size=64)
        p = c.Process(target=fill, args=(s.name,)); p.start(); p.join()
        print(bytes(s.buf[:5])); s.close(); s.unlink()
        a, b = c.Pipe(); p = c.Process(target=ping, args=(b,)); p.start(); x = 0
        for _ in range(200): a.send(x); x = a.recv()
        p.join(); print(x)
        for f in (die, leave):
            p = c.Process(target=f); p.start(); p.join(); print(p.exitcode)
P
python3 m.py

#!/bin/bash
#: needs: python3
#: limit: 60
#: quick
# Event loop on epoll: sockets, subprocesses, signals, timers, threads.
cat >a.py <<'P'
import asyncio, os, signal, socket
async def echo(r, w):
    while data := await r.readline(): w.write(data.upper()); await w.drain()
    w.close()
async def client(port, n):
    r, w = await asyncio.open_connection('127.0.0.1', port)
    got = 0
    for i in range(20):
        w.write(b'line %d %d\n' % (n, i)); got += (await r.readline()) == b'LINE %d %d\n' % (n, i)
    w.close(); await w.wait_closed(); return got
async def main():
    s = await asyncio.start_server(echo, '127.0.0.1', 0)
    port = s.sockets[0].getsockname()[1]
    print(sum(await asyncio.gather(*(client(port, n) for n in range(30)))))
    s.close()
    u = await asyncio.start_unix_server(echo, 'sock')
    r, w = await asyncio.open_unix_connection('sock'); w.write(b'unix\n'); print(await r.readline()); w.close(); u.close()
    ps = [await asyncio.create_subprocess_exec('sh', '-c', f'cat; exit {i}', stdin=-1, stdout=-1) for i in range(6)]
    print([(await p.communicate(b'x%d' % i))[0] for i, p in enumerate(ps)], [p.returncode for p in ps])
    loop, seen = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR2, seen.set); os.kill(os.getpid(), signal.SIGUSR2); await seen.wait(); print('signal')
    try: await asyncio.wait_for(asyncio.sleep(5), 0.05)
    except asyncio.TimeoutError: print('timeout')
    print(await asyncio.to_thread(os.path.exists, 'a.py'))
    a, b = socket.socketpair(); a.setblocking(False); b.setblocking(False)
    t = asyncio.create_task(loop.sock_sendall(a, b'p' * 500000)); n = 0
    while n < 500000: n += len(await loop.sock_recv(b, 65536))
    await t; print(n)
asyncio.run(main())
P
python3 a.py

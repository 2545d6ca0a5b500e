#!/bin/bash
#: needs: node
#: limit: 120
#: quick
# Worker threads with shared memory, children, timers, sockets, streams, a JIT that gets warm.
export HOME=$PWD
cat >m.js <<'J'
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');
const { execFileSync, spawn, fork } = require('child_process'); const fs = require('fs'), net = require('net'), crypto = require('crypto'), zlib = require('zlib'), http = require('http');
if (process.argv[2] === 'child') { process.on('message', m => { process.send(m + 1); process.disconnect(); }); return; }
if (!isMainThread) { const a = new Int32Array(workerData); for (let i = 0; i < 50000; i++) Atomics.add(a, 0, 1); parentPort.postMessage('done'); return; }
(async () => {
    const shared = new SharedArrayBuffer(8);
    await Promise.all([...Array(6)].map(() => new Promise((ok, no) => { const w = new Worker(__filename, { workerData: shared }); w.on('error', no); w.on('exit', ok); })));
    console.log('shared', new Int32Array(shared)[0]);
    let s = 0; for (let i = 0; i < 5e6; i++) s = (s * 31 + i) | 0; console.log('jit', s);
    console.log(execFileSync('sh', ['-c', 'echo child; exit 0']).toString().trim());
    await new Promise(ok => spawn('sh', ['-c', 'exit 5']).on('exit', (c, g) => { console.log('exit', c, g); ok(); }));
    await new Promise(ok => { const p = spawn('sleep', ['9']); p.on('exit', (c, g) => { console.log('exit', c, g); ok(); }); p.kill(); });
    await new Promise(ok => { const p = fork(__filename, ['child']); p.on('message', m => console.log('ipc', m)); p.on('exit', ok); p.send(41); });
    await new Promise(ok => { const srv = http.createServer((q, r) => r.end('you asked ' + q.url)).listen(0, '127.0.0.1', () => http.get({ port: srv.address().port, host: '127.0.0.1', path: '/x' }, r => { r.on('data', d => console.log(d.toString())); r.on('end', () => { srv.close(); ok(); }); })); });
    await new Promise(ok => { const srv = net.createServer(c => c.pipe(c)).listen('sock', () => { const c = net.connect('sock', () => c.end('x'.repeat(300000))); let n = 0; c.on('data', d => n += d.length); c.on('end', () => { console.log('echo', n); srv.close(ok); }); }); });
    fs.writeFileSync('f', 'y'.repeat(100000)); console.log(crypto.createHash('sha256').update(await fs.promises.readFile('f')).digest('hex').slice(0, 16), zlib.gunzipSync(zlib.gzipSync(fs.readFileSync('f'))).length);
    console.log((await Promise.all([...Array(20)].map((_, i) => new Promise((ok, no) => crypto.pbkdf2('p', 's' + i, 1000, 16, 'sha256', (e, k) => e ? no(e) : ok(k.toString('hex').slice(0, 4))))))).join(' '));
    const t = Date.now(); await new Promise(ok => setTimeout(ok, 50)); console.log('timer', Date.now() - t >= 49);
    process.on('SIGUSR2', () => { console.log('signal'); process.exit(13); }); process.kill(process.pid, 'SIGUSR2');
    setTimeout(() => {}, 5000);
})();
J
node m.js; echo "status $?"; node -e 'process.abort()' 2>/dev/null; echo "status $?"; echo 'console.log(1+1); undefined.x' | node - 2>&1 | grep -E '^(2|TypeError)'

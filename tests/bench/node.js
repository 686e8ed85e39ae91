// node.js - like native.c, for a wasm file run by node's V8: `node [V8 options] node.js FILE.wasm`.
'use strict';
const fs = require('fs');
const bytes = fs.readFileSync(process.argv[2]);
const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
const chunk = Buffer.alloc(256);
let line = '';
for (;;) {
    let n;
    try {
        n = fs.readSync(0, chunk);
    } catch (e) {
        if (e.code === 'EAGAIN')
            continue;
        throw e;
    }
    if (!n)
        break;
    line += chunk.toString('latin1', 0, n);
    for (let at; (at = line.indexOf('\n')) >= 0; line = line.slice(at + 1)) {
        const turns = parseInt(line, 10);
        const from = process.cpuUsage();
        const r = run(turns);
        const t = process.cpuUsage(from);
        fs.writeSync(1, `${(t.user + t.system) * 1000} ${r >>> 0}\n`);
    }
}

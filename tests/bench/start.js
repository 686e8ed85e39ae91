// start.js - times from a module's bytes to an instance in V8: `node [V8 options]
// --allow-natives-syntax --expose-gc start.js FILE.wasm [cached]`. cached: not from the bytes alone
// but from the compiled module as V8 serialises it. Prints minimum and median in nanoseconds.
'use strict';
const fs = require('fs');
const { WASI } = require('wasi');
const bytes = fs.readFileSync(process.argv[2]);
const options = { version: 'preview1', args: ['x'], env: {}, returnOnExit: true };
const imports = { wasi_snapshot_preview1: new WASI(options).wasiImport };
const kept = process.argv[3] === 'cached' ? %SerializeWasmModule(new WebAssembly.Module(bytes)) : null;
const times = [];
for (let i = 0, total = 0; i < 200 && (i < 3 || total < 1e9); i++) {
    // V8 keeps native modules by content: other bytes each time, and no older module is left
    const salted = new Uint8Array(Buffer.concat([bytes, Buffer.from([0, 3, 1, i & 127, i >> 7])]));
    gc();
    const from = process.hrtime.bigint();
    const module = kept ? %DeserializeWasmModule(kept, salted) : new WebAssembly.Module(salted);
    new WebAssembly.Instance(module, imports);
    const ns = Number(process.hrtime.bigint() - from);
    total += ns;
    times.push(ns);
}
times.sort((a, b) => a - b);
fs.writeSync(1, `${times[0]} ${times[times.length >> 1]}\n`);

// program.js - like program.c, for node's V8 and its WASI.
'use strict';
const fs = require('fs');
const { WASI } = require('wasi');
const cpu = (from) => { const t = process.cpuUsage(from); return (t.user + t.system) * 1000; };
const file = process.argv[2];
const bytes = fs.readFileSync(file);
const wasi = new WASI({ version: 'preview1', args: process.argv.slice(2), env: {}, returnOnExit: true });
const start = process.cpuUsage();
const compiled = new WebAssembly.Module(bytes);
const compileTime = cpu(start);
const instance = new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: wasi.wasiImport });
const from = process.cpuUsage();
const status = wasi.start(instance);
fs.writeSync(3, `${cpu(from)} ${compileTime}\n`);
process.exitCode = status || 0;

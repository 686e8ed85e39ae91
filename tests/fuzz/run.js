// run.js - runs all exported functions of wasm files by node; the twin of run.c, same output.
// File names come in on standard input, one a line; the answer to each ends with a line "##".
'use strict';
const fs = require('fs');
const numbers = [0n, 1n, -1n, 2n, 31n, 32n, 63n, 64n, 127n, 128n, 255n, 256n, 65535n, 65536n, 0x7fffffffn,
  0x80000000n, 0xffffffffn, 0x100000000n, 0x7fffffffffffffffn, 0x8000000000000000n, 0xfffffffffffffff0n,
  0xffffffff80000000n, 1000n, 77777n];
const floats = [0, 1, -1, -0, 0.5, -0.5, 1.5, 2.5, 1e10, -1e10, 2147483647, 2147483648, -2147483648, -2147483649,
  4294967295, 4294967296, 9223372036854775808, -9223372036854775808, 18446744073709551616, 3.25, 1e30,
  2 ** -1022, 1e300, 2 ** -149];
const SHOWN = 1 << 20, ENTRIES = 64, EXTERNS = 4, FRAMES = 8;
Error.stackTraceLimit = FRAMES + 4;
const externs = [null, { k: 1 }, { k: 2 }, { k: 3 }, { k: 4 }];
const f32 = new Float32Array(1), u32 = new Uint32Array(f32.buffer);
const f64 = new Float64Array(1), u64 = new BigUint64Array(f64.buffer);
let out, seed;

function rnd() {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return seed >>> 0;
}

function argument(type) {
  const r = rnd() % 24;
  switch (type) {
    case 0x7f: return Number(BigInt.asIntN(32, numbers[r]));
    case 0x7e: return BigInt.asIntN(64, numbers[r]);
    case 0x7d: case 0x7c: return floats[r];
    case 0x6f: return r % (EXTERNS + 1) ? externs[r % (EXTERNS + 1)] : null;
    default: return null;
  }
}

function show(type, v) {
  switch (type) {
    case 0x7f: case 0x7e: return ' ' + v;
    case 0x7d:
      if (v !== v) return ' nan';
      f32[0] = v;
      return ' f' + u32[0].toString(16).padStart(8, '0');
    case 0x7c:
      if (v !== v) return ' nan';
      f64[0] = v;
      return ' d' + u64[0].toString(16).padStart(16, '0');
    default: return v === null ? ' null' : type === 0x70 ? ' func' + v.name : ' ext' + v.k;
  }
}

const traps = [
  [/unreachable/, 'unreachable'], [/^divide by zero|^remainder by zero/, 'integer divide by zero'],
  [/divide result unrepresentable/, 'integer overflow'], [/float unrepresentable/, 'conversion'],
  [/element segment.*out of bounds/, 'out of bounds table access'],
  [/memory access out of bounds|segment.*out of bounds/, 'out of bounds memory access'],
  [/unaligned access/, 'unaligned atomic'],
  [/table index is out of bounds/, 'undefined element'],
  [/table (access|initializer).*out of bounds|table index.*out of bounds/, 'out of bounds table access'],
  [/signature mismatch|null function/, 'signature'], [/call stack/, 'call stack exhausted'],
];

// functions and bytes of the module, innermost first
function where(e) {
  const at = [];
  for (const [, f, pc] of e.stack.matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)) at.push(f + ':' + pc);
  return at.length ? ' at ' + at.slice(0, FRAMES).join(' < ') : '';
}

function trap(e) {
  if (e instanceof WebAssembly.Exception) return 'uncaught exception';
  for (const [re, text] of traps) if (re.test(e.message)) return text + (text === 'call stack exhausted' ? '' : where(e));
  return 'unknown: ' + e.message;
}

// parameter and result types of exported functions, which JavaScript does not tell: read from the bytes
function parse(b) {
  let p = 8;
  const leb = () => { let r = 0, s = 0, x; do { x = b[p++]; r += (x & 127) * 2 ** s; s += 7; } while (x & 128); return r; };
  const name = () => { const n = leb(); p += n; return b.toString('utf8', p - n, p); };
  const limits = () => { const f = b[p++]; leb(); if (f & 1) leb(); };
  const types = [], funcs = [], exports = [], globals = [], tables = [];
  while (p < b.length) {
    const id = b[p++], size = leb(), end = p + size;
    if (id === 1) {
      for (let n = leb(); n > 0; n--) {
        p++;
        const t = { params: [], results: [] };
        for (let k = leb(); k > 0; k--) t.params.push(b[p++]);
        for (let k = leb(); k > 0; k--) t.results.push(b[p++]);
        types.push(t);
      }
    } else if (id === 2) {
      for (let n = leb(); n > 0; n--) {
        name(); name();
        switch (b[p++]) {
          case 0: funcs.push(leb()); break;
          case 1: tables.push(b[p++]); limits(); break;
          case 2: limits(); break;
          default: globals.push(b[p]); p += 2;
        }
      }
    } else if (id === 3) {
      for (let n = leb(); n > 0; n--) funcs.push(leb());
    } else if (id === 4) {
      for (let n = leb(); n > 0; n--) { tables.push(b[p++]); limits(); }
    } else if (id === 6) {
      for (let n = leb(); n > 0; n--) {
        globals.push(b[p]);
        p += 2;
        for (let op; (op = b[p++]) !== 0x0b;) {
          if (op === 0x43) p += 4; else if (op === 0x44) p += 8; else if (op === 0xd0) p++; else if (op === 0xfd) p += 17;
          else if (op === 0x41 || op === 0x42 || op === 0x23 || op === 0xd2) while (b[p++] & 128);
        }
      }
    } else if (id === 7) {
      for (let n = leb(); n > 0; n--) exports.push({ name: name(), kind: b[p++], index: leb() });
    }
    p = end;
  }
  for (const e of exports) {
    if (e.kind === 0) e.type = types[funcs[e.index]];
    if (e.kind === 1) e.type = tables[e.index];
    if (e.kind === 3) e.type = globals[e.index];
  }
  return exports;
}

function hash(a) {
  let h = 2166136261;
  for (let k = 0; k < a.length; k++) h = Math.imul(h ^ a[k], 16777619);
  return (h >>> 0).toString(16).padStart(8, '0');
}

function run(file) {
  const b = fs.readFileSync(file);
  let module, inst;
  try {
    module = new WebAssembly.Module(b);
  } catch (e) {
    out.push('does not compile: ' + e.message);
    return;
  }
  const log = (type) => (v) => { out.push('log' + show(type, v)); };
  const support = { 'log-i32': log(0x7f), 'log-i64': log(0x7e), 'log-f32': log(0x7d), 'log-f64': log(0x7c),
    mix: (a, c) => Math.imul(a, 31) + Number(BigInt.asIntN(32, c)) | 0 };
  try {
    inst = new WebAssembly.Instance(module, { 'fuzzing-support': support, env: support }).exports;
  } catch (e) {
    out.push('start: ' + trap(e));
    return;
  }
  const exports = parse(b);
  for (let index = 0; index < exports.length; index++) {
    const e = exports[index];
    if (e.kind !== 0 || e.name === 'hangLimitInitializer') continue;
    if (inst.hangLimitInitializer) inst.hangLimitInitializer();
    seed = 12345 + index * 7919;
    const args = e.type.params.map(argument);
    let line = '', stop = false;
    try {
      const r = inst[e.name](...args), t = e.type.results;
      if (t.length === 1) line = show(t[0], r);
      else if (t.length > 1) line = t.map((x, k) => show(x, r[k])).join('');
    } catch (x) {
      line = ' ' + trap(x);
      stop = line === ' call stack exhausted';
    }
    out.push(e.name + ':' + line);
    if (stop) return;
  }
  for (const e of exports) {
    if (e.kind === 3 && e.type !== 0x7b) out.push('global' + show(e.type, inst[e.name].value));
    if (e.kind === 1) {
      const t = inst[e.name];
      let line = 'table ' + t.length;
      for (let k = 0; k < t.length && k < ENTRIES; k++) line += show(e.type, t.get(k));
      out.push(line);
    }
    if (e.kind === 2) {
      const a = new Uint8Array(inst[e.name].buffer);
      out.push('memory ' + a.length / 65536 + ' ' + hash(a.subarray(0, SHOWN)));
    }
  }
}

let rest = '';
process.stdin.on('data', (d) => {
  rest += d;
  for (let at; (at = rest.indexOf('\n')) >= 0;) {
    const file = rest.slice(0, at);
    rest = rest.slice(at + 1);
    out = [];
    try {
      run(file);
    } catch (e) {
      out.push('broken: ' + e.message);
    }
    fs.writeSync(1, out.join('\n') + '\n##\n');
  }
});

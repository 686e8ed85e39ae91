// node node.mjs [--dir HOST::GUEST] [--env K=V] FILE.wasm ARGS: node's WASI, as wasmrun is called
import { WASI } from 'node:wasi';
import { readFileSync } from 'node:fs';
const argv = process.argv.slice(2);
const preopens = {}, env = {};
for (; argv[0] === '--dir' || argv[0] === '--env'; argv.splice(0, 2)) {
    if (argv[0] === '--dir') { const [h, g] = argv[1].split('::'); preopens[g ?? h] = h; }
    else { const i = argv[1].indexOf('='); env[argv[1].slice(0, i)] = argv[1].slice(i + 1); }
}
const module = new WebAssembly.Module(readFileSync(argv[0]));
const old = WebAssembly.Module.imports(module).some(i => i.module === 'wasi_unstable');
const version = old ? 'unstable' : 'preview1';
const wasi = new WASI({ version, args: argv, env, preopens, returnOnExit: true });
const imports = { wasi_snapshot_preview1: wasi.wasiImport, wasi_unstable: wasi.wasiImport };
const instance = new WebAssembly.Instance(module, imports);
process.exitCode = wasi.start(instance);


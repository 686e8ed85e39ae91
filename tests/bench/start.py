#!/usr/bin/python3
"""start.py - cold start: from a module in memory to the first instruction of its program, and from
what was compiled before; ours beside V8, one thread, in process, elapsed time.

Ours: all of it compiled and optimised, or an image of `wasmc --image` mapped (start.c). V8: bodies
compiled when they are called first (node's default), by Liftoff, by TurboFan, or deserialised from
what TurboFan made (start.js). The fastest of many counts.
"""
import argparse
import os
import subprocess
import sys

import bench
import compile as compile_table
import modules
import results as store

PROGRAMS = ["hello", "lua", "sqlite", "esbuild"]
NODE = ["--allow-natives-syntax", "--expose-gc", "--no-warnings"] + compile_table.ONE_THREAD
EAGER = ["--no-wasm-lazy-compilation"]
# column, V8's options, what start.js is told
V8 = [("lazy", ["--wasm-lazy-compilation"], []),
      ("liftoff", EAGER + ["--no-wasm-dynamic-tiering"], []),
      ("turbofan", bench.V8, []),
      ("v8 cached", bench.V8, ["cached"])]
COLUMNS = ["ours", "ours cached"] + [column for column, _, _ in V8]


def times(cmd):
    """{"ms": fastest, "median": ...} or {"error": text}."""
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    words = r.stdout.split()
    if r.returncode and not words:
        return {"error": (r.stderr.strip() or "failed").split("\n")[0][:100]}
    return {"ms": int(words[0]) / 1e6, "median": int(words[1]) / 1e6}


def measure(d, tools, name, wasm):
    image = f"{d}/{name}.image"
    subprocess.run([f"{tools}/wasmc", "--image", image, wasm], check=True,
                   stdout=subprocess.DEVNULL)
    row = {"ours": times([f"{d}/start", wasm]), "ours cached": times([f"{d}/start", image])}
    for column, options, rest in V8:
        row[column] = times(["node"] + NODE + options + [f"{bench.HERE}/start.js", wasm] + rest)
    return row


def figures(row):
    """What is compared between two runs."""
    pairs = (("ours", "liftoff"), ("ours cached", "v8 cached"))
    return {f"{a}/{b}": row[a]["ms"] / row[b]["ms"] for a, b in pairs
            if "ms" in row[a] and "ms" in row[b]}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--dir", default="build/bench")
    ap.add_argument("--tools", default="build/host", help="where wasmc is")
    ap.add_argument("--out", help="file for the results (results.py)")
    ap.add_argument("--compare", help="results of another run")
    ap.add_argument("--only", help="names of programs, with commas")
    args = ap.parse_args()
    rows = []
    print("cold start, ms: bytes to first instruction, and from what was compiled before")
    print(f"{'':12}{'MB':>7}" + "".join(f"{c:>12}" for c in COLUMNS), flush=True)
    for name in args.only.split(",") if args.only else PROGRAMS:
        wasm = modules.path(args.dir, name)
        if not wasm:
            print(f"{name:12} not here")
            continue
        row = {"name": name, **measure(args.dir, args.tools, name, wasm)}
        rows.append(row)
        print(f"{name:12}{os.path.getsize(wasm) / 1e6:7.2f}"
              + "".join(f"{row[c]['ms']:12.3f}" if "ms" in row[c] else f"{'-':>12}"
                        for c in COLUMNS)
              + "".join(f"  {c}: {row[c]['error']}" for c in COLUMNS if "error" in row[c]),
              flush=True)
    if args.compare:
        store.compare(args.compare, "start", rows, figures)
    if args.out:
        store.save(args.out, "start", rows)
    return 1 if any("error" in row[c] for row in rows for c in COLUMNS[:2]) else 0


if __name__ == "__main__":
    sys.exit(main())

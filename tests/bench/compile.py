#!/usr/bin/python3
"""compile.py - compile time and peak memory of ours beside V8's Liftoff and TurboFan, one thread.

Processor time of the fastest compilation (`ours --compile`, compile.js); the median is kept, too.
Memory: of ours, the bytes held beyond module and code; of V8, the growth of the process by the
first compilation. out/in is bytes of code by bytes of the module's code section. The rows size-1m
and size-75m are one program's functions a few times and many times: a byte should take as long.
"""
import argparse
import os
import subprocess
import sys

import bench
import copies
import modules
import results as store

HERE = os.path.dirname(os.path.abspath(__file__))
ONE_THREAD = ["--single-threaded", "--wasm-num-compilation-tasks=1"]


def ours(d, path, off=None):
    cmd = [f"{d}/ours"] + (["--off", off] if off else []) + ["--compile", path]
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if r.returncode:
        return {"error": r.stderr.strip().split("\n")[0][:100]}
    ns, out, peak, median = (int(w) for w in r.stdout.split())
    return {"s": ns / 1e9, "median": median / 1e9, "out": out, "peak": peak}


def v8(options, path):
    cmd = ["node"] + options + ONE_THREAD + [f"{HERE}/compile.js", path]
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if r.returncode:
        return {"error": r.stderr.strip().split("\n")[0][:100]}
    ns, peak, median = (int(w) for w in r.stdout.split())
    return {"s": ns / 1e9, "median": median / 1e9, "peak": peak * 1024}


def rate(size, r):
    return f"{size / 1e6 / r['s']:9.2f}" if "s" in r else f"{'-':>9}"


def mb(r, key):
    return f"{r[key] / 1e6:9.1f}" if key in r else f"{'-':>9}"


def grown(d, name, megabytes):
    """A row for a module of so many copies of lua's functions; only ours compiles it."""
    source, full = modules.path(d, "lua"), f"{d}/{name}.wasm"
    if not source:
        return None
    with open(source, "rb") as f, open(full, "wb") as out:
        out.write(copies.copies(f.read(), int(megabytes * 1e6)))
    row = {"name": name, "size": os.path.getsize(full), "code": modules.code_bytes(full),
           "ours": ours(d, full), "v8": {}, "liftoff": {}}
    os.unlink(full)
    return row


def growth(rows):
    """Prints the rows size-1m and size-75m beside each other."""
    named = {r["name"]: r["ours"] | r for r in rows}
    small, large = named.get("size-1m"), named.get("size-75m")
    for r in (small, large):
        if r:
            print(f"{r['name']:12}{r['size'] / 1e6:7.2f}{rate(r['size'], r)}{'':18}{mb(r, 'peak')}"
                  + f"  {r.get('error', '')}")
    if small and large and "s" in small and "s" in large:
        print(f"compile time per byte, {large['size'] / 1e6:.0f} MB against "
              f"{small['size'] / 1e6:.0f} MB: "
              f"{large['s'] / large['size'] / (small['s'] / small['size']):.2f}")


def figures(row):
    """What is compared between two runs."""
    o = row["ours"]
    found = {"code bytes": o.get("out"), "peak memory": o.get("peak"),
             "time, ours/liftoff": bench.ratio({w: row[w]["s"] for w in ("ours", "liftoff")
                                                if "s" in row[w]}, "ours", "liftoff")}
    return {what: x for what, x in found.items() if x}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--dir", default="build/bench")
    ap.add_argument("--out", help="file for the results")
    ap.add_argument("--compare", help="results of another run")
    ap.add_argument("--only", help="names of modules, with commas")
    args = ap.parse_args()
    results = []
    print(f"compile time, one thread{'':6}{'MB/s of wasm':>26}{'peak memory, MB':>30}")
    print(f"{'':12}{'MB':>7}{'ours':>9}{'turbofan':>9}{'liftoff':>9}{'ours':>9}{'turbofan':>9}"
          f"{'liftoff':>9}{'/turbo':>8}{'/lift':>7}{'out/in':>8}", flush=True)
    for name, path, package in modules.MODULES:
        if args.only and name not in args.only.split(","):
            continue
        full = modules.find(args.dir, path, package)
        if not full:
            print(f"{name:12} not here")
            continue
        size = os.path.getsize(full)
        o, t, l = ours(args.dir, full), v8(bench.V8, full), v8(bench.LIFTOFF, full)
        code = modules.code_bytes(full)
        results.append({"name": name, "size": size, "code": code, "ours": o, "v8": t,
                        "liftoff": l})
        print(f"{name:12}{size / 1e6:7.2f}" + "".join(rate(size, r) for r in (o, t, l))
              + "".join(mb(r, "peak") for r in (o, t, l))
              + (f"{t['s'] / o['s']:7.1f}x" if "s" in o and "s" in t else f"{'-':>8}")
              + (f"{l['s'] / o['s']:6.2f}x" if "s" in o and "s" in l else f"{'-':>7}")
              + (f"{o['out'] / code:8.2f}" if "out" in o else f"{'-':>8}")
              + "".join(f"  {r['error']}" for r in (o, t, l) if "error" in r), flush=True)
    for name, megabytes in (("size-1m", 1), ("size-75m", 75)):
        if not args.only or name in args.only.split(","):
            results += filter(None, [grown(args.dir, name, megabytes)])
    growth(results)
    for key, label in (("v8", "TurboFan"), ("liftoff", "Liftoff")):
        m = bench.mean([r[key]["s"] / r["ours"]["s"] for r in results
                        if "s" in r[key] and "s" in r["ours"]])
        if m:
            print(f"geometric mean: {m:.2f} times the speed of {label}")
    if args.compare:
        store.compare(args.compare, "compile", results, figures)
    if args.out:
        store.save(args.out, "compile", results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""passes.py - what each pass of the compiler is worth: run time, code size and compile time with
each letter switched off in turn, relative to all passes on.

Times are those of kernels, all variants alternating; size and compile time are of the programs.
"""
import argparse
import math
import os
import subprocess
import sys

import bench
import compile as compile_table
import modules
import results as store


def letters(d):
    """[(letter, what it switches off)], as the compiler lists them."""
    text = subprocess.run([f"{d}/ours", "--passes"], capture_output=True, text=True, check=True)
    return [(row[0], row[2:].strip()) for row in text.stdout.splitlines()]


def run_times(d, variants, args):
    """[{variant: seconds}] over all kernels."""
    rows = []
    for g, name in bench.kernels(d, args.groups.split(","), args.only):
        base = f"{d}/{g}/{name}"
        runners = {v: bench.Runner(bench.command("ours", base, d, v or None)) for v in variants}
        n = bench.calibrate(runners[""], args.ms / 1000)
        for _ in range(args.rounds if n else 0):
            for r in runners.values():
                t = r.run(n)
                if t is not None:
                    r.best = min(r.best, t)
        for v, r in runners.items():
            r.close()
            if r.error or r.result != runners[""].result:
                print(f"{g}/{name} without {v or 'nothing'}: {r.error or 'another result'}")
                r.best = math.inf
        rows.append({"group": g, "name": name,
                     **{v: r.best for v, r in runners.items() if r.best < math.inf}})
    return rows


def static_costs(d, variants):
    """{variant: (mean of code size, mean of compile time)} over the programs."""
    out = {}
    for v in variants:
        got = [compile_table.ours(d, f"{d}/{path}", v or None)
               for _, path, package in modules.MODULES
               if not package and os.path.exists(f"{d}/{path}")]
        got = [g for g in got if "s" in g]
        out[v] = (bench.mean([g["out"] for g in got]), bench.mean([g["s"] for g in got]))
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--dir", default="build/bench")
    ap.add_argument("--out")
    ap.add_argument("--compare", help="results of another run")
    ap.add_argument("--groups", default=",".join(g for g in bench.GROUPS if g != "programs"))
    ap.add_argument("--only")
    ap.add_argument("--letters", help="only these, e.g. gl")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--ms", type=float, default=10)
    args = ap.parse_args()
    known = letters(args.dir)
    if args.letters:
        known = [(c, dict(known).get(c, "")) for c in args.letters]
    variants = [""] + [c for c, _ in known]
    rows = run_times(args.dir, variants, args)
    costs = static_costs(args.dir, variants)
    groups = [g for g in args.groups.split(",") if any(r["group"] == g for r in rows)]
    print("with one pass off, relative to all on (above 1: the pass gains)")
    print(f"{'':30}" + "".join(f"{g:>9}" for g in groups) + f"{'all':>9}{'size':>9}{'compile':>9}")
    table = []
    for c, what in known:
        cells, row = [], {"name": c}
        for g in groups + [None]:
            m = bench.mean([r[c] / r[""] for r in rows
                            if c in r and "" in r and (g is None or r["group"] == g)])
            cells.append(f"{m:9.3f}" if m else f"{'-':>9}")
            row[g or "all"] = m
        size, seconds = (costs[c][i] / costs[""][i] if costs[c][i] and costs[""][i] else None
                         for i in (0, 1))
        cells += [f"{x:9.3f}" if x else f"{'-':>9}" for x in (size, seconds)]
        table.append({**row, "size": size, "compile": seconds})
        print(f"{c} {what[:28]:28}" + "".join(cells))
    # a pass that gains less than it did is what is worse
    if args.compare:
        store.compare(args.compare, "passes", table, lambda row: {
            what: 1 / x for what, x in row.items() if what != "name" and x})
    if args.out:
        store.save(args.out, "passes", table)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""bench.py - runs every kernel by every contender, alternating, and prints the tables.

A contender is a process that answers each number n with the time and the result of run(n)
(native.c). For each kernel all of them are started once; n is chosen so that gcc's code runs for
--ms milliseconds; then they take turns for --rounds rounds, and the fastest round of each counts;
the medians are kept, too. Results must agree. Ratios below 1 mean that ours is the faster one.
"""
import argparse
import math
import os
import subprocess
import sys

import programs
import results as store
from results import mean, median

V8 = ["--no-liftoff", "--no-wasm-lazy-compilation", "--no-wasm-dynamic-tiering"]
LIFTOFF = ["--liftoff-only", "--no-wasm-lazy-compilation"]
GROUPS = ["numeric", "integer", "pointer", "calls", "memory", "simd", "programs"]
SCALAR = ["numeric", "integer", "pointer", "calls", "memory", "programs"]
CONTENDERS = ["ours", "v8", "liftoff", "gcc", "clang", "wasm2c"]
HERE = os.path.dirname(os.path.abspath(__file__))


def command(who, base, d, off=None):
    """Command line of a contender for the kernel built as BASE.*, or None if it was not built."""
    if who == "ours":
        cmd = [f"{d}/ours"] + (["--off", off] if off else []) + [base + ".wasm"]
    elif who in ("v8", "liftoff"):
        cmd = ["node"] + (V8 if who == "v8" else LIFTOFF) + [f"{HERE}/node.js", base + ".wasm"]
    else:
        cmd = [f"{base}.{who}"]
    return cmd if os.path.exists(cmd[-1]) else None


class Runner:
    """A contender's process for one kernel."""

    def __init__(self, cmd):
        self.best = math.inf
        self.times = []
        self.result = None
        self.error = None
        self.cmd = cmd
        self.p = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)

    def run(self, n):
        """Seconds of run(n), or None when the process failed: see .error."""
        if self.error:
            return None
        try:
            self.p.stdin.write(f"{n}\n")
            self.p.stdin.flush()
            line = self.p.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            text = self.p.stderr.read().strip().split("\n")
            self.error = text[0] if text else "died"
            return None
        ns, self.result = (int(w) for w in line.split())
        return ns / 1e9

    def close(self):
        try:
            self.p.stdin.close()
        except BrokenPipeError:
            pass
        self.p.wait()


def calibrate(r, target):
    """Number of turns for which r runs about target seconds."""
    n = 1
    while True:
        t = r.run(n)
        if t is None or n >= 1 << 30:
            return None
        if t >= target / 8:
            return max(1, int(n * target / t))
        n *= 4 if t < target / 64 else 2


def measure(base, d, who, args):
    """A row of the results for one kernel: fastest and median seconds by contender."""
    runners, wrong = {}, []
    for w in who:
        cmd = command(w, base, d)
        if cmd:
            runners[w] = Runner(cmd)
    if "gcc" not in runners:
        return {"times": {}, "medians": {}, "wrong": ["not built for gcc"]}
    n = calibrate(runners["gcc"], args.ms / 1000)
    for _ in range(args.rounds):
        for r in runners.values():
            t = r.run(n)
            if t is not None:
                r.times.append(t)
    right = runners["gcc"].result
    good = {}
    for w, r in runners.items():
        r.close()
        if r.error:
            wrong.append(f"{w}: {r.error}")
        elif r.result != right:
            wrong.append(f"{w}: result {r.result}, gcc's is {right}")
        else:
            good[w] = r.times
    return {"n": n, **both(good), "wrong": wrong}


def both(times):
    """Minima and medians of {contender: [seconds]}."""
    return {"times": {w: min(t) for w, t in times.items() if t},
            "medians": {w: median(t) for w, t in times.items() if t}}


def ratio(times, a, b):
    return times[a] / times[b] if a in times and b in times else None


def show(x, width=8):
    return f"{x:{width}.2f}" if x is not None else " " * (width - 1) + "-"


def kernels(d, groups, only):
    for g in groups:
        if g == "programs":         # whole ones: programs.py
            continue
        folder = f"{d}/{g}"
        names = sorted(f[:-5] for f in os.listdir(folder) if f.endswith(".wasm")) \
            if os.path.isdir(folder) else []
        for name in names:
            if os.path.exists(f"{HERE}/{g}/{name}.c") and (not only or name in only.split(",")):
                yield g, name


def table_head(who):
    cols = "".join(f"{'/' + w:>8}" for w in who if w != "ours")
    return f"{'':24}{'ours ms':>9}{cols}"


def line(label, times, who):
    ms = f"{times['ours'] * 1000:9.1f}" if "ours" in times else "        -"
    return f"{label:24}{ms}" + "".join(show(ratio(times, "ours", w)) for w in who if w != "ours")


def group_line(label, rows, who):
    cells = []
    for w in who:
        if w != "ours":
            cells.append(show(mean([r for r in (ratio(t, "ours", w) for t in rows) if r])))
    return f"{label:33}" + "".join(cells)


def summary(results, who, which):
    out = [table_head(who)]
    for g in GROUPS:
        rows = [r[which] for r in results if r["group"] == g]
        if rows:
            out.append(group_line(f"{g} ({len(rows)})", rows, who))
    rows = [r[which] for r in results if r["group"] in SCALAR]
    if rows:
        out.append(group_line(f"scalar ({len(rows)})", rows, who))
    return "\n".join(out)


def figures(row):
    """What is compared between two runs."""
    found = {"ours/" + w: ratio(row["times"], "ours", w) for w in ("gcc", "v8")}
    return {what: x for what, x in found.items() if x}


def run_all(args, who):
    """All rows that were asked for, each printed when it is there."""
    groups = args.groups.split(",")
    for g, name in kernels(args.dir, groups, args.only):
        yield {"group": g, "name": f"{g}/{name}",
               **measure(f"{args.dir}/{g}/{name}", args.dir, who, args)}
    if "programs" in groups and os.path.isdir(f"{args.dir}/programs"):
        programs.inputs(args.dir)
        for w in programs.WORKLOADS:
            if not args.only or w[0] in args.only.split(","):
                times, wrong = programs.measure(args.dir, w, who, args.program_rounds, V8, LIFTOFF)
                yield {"group": "programs", "name": f"programs/{w[0]}", **both(times),
                       "wrong": wrong}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--dir", default="build/bench", help="where the kernels were built")
    ap.add_argument("--out", help="file for the results (results.py)")
    ap.add_argument("--compare", help="results of another run")
    ap.add_argument("--groups", default=",".join(GROUPS))
    ap.add_argument("--only", help="names of kernels and programs, with commas")
    ap.add_argument("--rounds", type=int, default=15)
    ap.add_argument("--program-rounds", type=int, default=3)
    ap.add_argument("--ms", type=float, default=10, help="time that gcc's code gets a round")
    ap.add_argument("--who", default=",".join(CONTENDERS))
    args = ap.parse_args()
    who = [w for w in CONTENDERS if w in args.who.split(",") or w in ("ours", "gcc")]

    rows, failures = [], []
    print("run time: ratios ours/other, minimum of", args.rounds)
    print(table_head(who), flush=True)
    for row in run_all(args, who):
        rows.append(row)
        failures += [f"{row['name']}: {w}" for w in row["wrong"]]
        print(line(row["name"], row["times"], who), *row["wrong"][:1], flush=True)
    for which in ("times", "medians"):
        print(f"\ngeometric means of {'minima' if which == 'times' else which}\n"
              + summary(rows, who, which))
    if failures:
        print("\nfailures\n  " + "\n  ".join(failures))
    if args.compare:
        store.compare(args.compare, "run", rows, figures)
    if args.out:
        store.save(args.out, "run", rows)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

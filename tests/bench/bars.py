#!/usr/bin/python3
"""bars.py - what the compiler is meant to reach, and what the last runs of the tables measured.

Reads the file of results. "must" and "aim" are upper or lower bounds; a bar counts as met by the
figure of the medians, that of the minima stands beside it.
"""
import argparse
import sys

import bench
import results as store
from results import mean

V8_GROUPS = [("numeric", "numeric"), ("integer", "integer, crypto"),
             ("pointer", "pointer, branchy"), ("calls", "calls"), ("simd", "SIMD"),
             ("programs", "whole programs")]


def ratios(rows, which, other, groups):
    """[(ours/other, name)] of the rows of these groups."""
    found = [(bench.ratio(r[which], "ours", other), r["name"]) for r in rows
             if r["group"] in groups]
    return [(x, name) for x, name in found if x]


def run_bars(rows):
    """(measure, must, aim, {which: figure}, remark) of the table of run time."""
    def each(label, must, aim, figure):
        got = {which: figure(which) for which in ("times", "medians")}
        return (label, must, aim, {w: g[0] for w, g in got.items()}, got["medians"][1])

    def group(other, groups):
        return lambda which: (mean(x for x, _ in ratios(rows, which, other, groups)), "")

    def worst(which):
        return max(ratios(rows, which, "v8", bench.GROUPS), default=(None, ""))

    for g, label in V8_GROUPS:
        yield each(f"run time / TurboFan: {label}", 1.05, 0.90, group("v8", [g]))
    yield each("run time / gcc -O2: all scalar", 1.30, 1.10, group("gcc", bench.SCALAR))
    yield each("worst kernel or program / TurboFan", 1.5, 1.2, worst)


def speed(rows, other, key):
    return mean(r[other][key] / r["ours"][key] for r in rows
                if key in r["ours"] and key in r[other])


def worst_of(rows, figure):
    """Largest figure(row) and the row's name."""
    return max(((figure(r), r["name"]) for r in rows if "s" in r["ours"]), default=(None, ""))


def compile_bars(rows):
    keys = (("times", "s"), ("medians", "median"))
    usual = [r for r in rows if not r["name"].startswith("size-")]
    for other, label, must, aim in (("v8", "TurboFan", 5, 12), ("liftoff", "Liftoff", 0.3, 0.8)):
        yield (f"compile speed / {label}", -must, -aim,
               {which: speed(usual, other, key) for which, key in keys}, "")
    twenty = [r for r in usual if 15e6 < r["size"] < 30e6]
    peak, name = worst_of(twenty, lambda r: r["ours"]["peak"] / 1e6)
    yield "peak memory compiling 20 MB, MB", 64, 24, {"times": peak, "medians": peak}, name
    size = mean(r["ours"]["out"] / r["code"] for r in usual if "out" in r["ours"])
    most, name = worst_of(usual, lambda r: r["ours"]["out"] / r["code"])
    yield ("code bytes out / code bytes in", 3.0, 2.0, {"times": size, "medians": size},
           f"most: {most:.2f} {name}" if most else "")
    # rows size-1m and size-75m: the same code, once and many times
    a, b = ({r["name"]: r for r in rows}.get(n) for n in ("size-1m", "size-75m"))
    yield ("compile time per byte, 75 MB / 1 MB", 1.3, 1.1,
           {which: b["ours"][key] / b["size"] / (a["ours"][key] / a["size"])
            if a and b else None for which, key in keys}, "")


def verdict(must, aim, x):
    """Negative bounds are lower ones."""
    if x is None:
        return "not measured"
    x = -x if must < 0 else x
    return "aim met" if x <= aim else "met" if x <= must else "NOT MET"


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("file", help="file of results")
    args = ap.parse_args()
    data = store.read(args.file)
    print(f"\nbars ({data.get('time', 'nothing measured')})")
    print(f"{'':40}{'must':>8}{'aim':>7}{'minima':>9}{'medians':>9}")
    for label, must, aim, figures, remark in (list(run_bars(data.get("run", [])))
                                              + list(compile_bars(data.get("compile", [])))):
        bound = ">=" if must < 0 else "<="
        print(f"{label:38}{bound} {abs(must):6.4g}{abs(aim):7.4g}"
              + "".join(bench.show(figures[w], 9) for w in ("times", "medians"))
              + f"  {verdict(must, aim, figures['medians'])}" + (f" ({remark})" if remark else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""results.py - the file that all tables of a run go to, and how one run compares with another.

One JSON object: "run", "compile", "start" and "passes" hold a list of rows each, "time" when the
last of them was written. A table replaces its own rows and leaves the others.
"""
import json
import math
import os
import time


def read(path):
    if not os.path.exists(path):
        return {}
    with open(path) as f:
        return json.load(f)


def save(path, key, rows):
    everything = read(path)
    everything[key] = rows
    everything["time"] = time.strftime("%Y-%m-%d %H:%M")
    with open(path + ".new", "w") as f:
        json.dump(everything, f, indent=1)
    os.rename(path + ".new", path)


def mean(values):
    """Geometric mean; None of nothing."""
    values = list(values)
    return math.exp(sum(math.log(v) for v in values) / len(values)) if values else None


def median(values):
    values = sorted(values)
    n = len(values)
    return (values[n // 2] + values[(n - 1) // 2]) / 2 if n else None


def compare(path, key, rows, figures):
    """Prints how the figures of this run's rows moved against those of the file at path.

    figures(row) gives {what: number}, numbers above 0 and smaller ones better: ratios to somebody
    else's time in the same run where there is one, for machines differ from hour to hour.
    """
    old = {row["name"]: figures(row) for row in read(path).get(key, [])}
    print(f"\n{key}: now against {path} (below 1 is better)")
    moves = {}
    for row in rows:
        for what, now in figures(row).items():
            before = old.get(row["name"], {}).get(what)
            if before and now:
                moves.setdefault(what, []).append((now / before, row["name"], before, now))
    if not moves:
        print("  no rows in common")
    for what, list_ in moves.items():
        print(f"  {what}: geometric mean {mean(m[0] for m in list_):.3f} of {len(list_)}")
        for m in sorted(list_):
            if m[0] < 0.95 or m[0] > 1.05:
                print(f"    {m[1]:24} {m[2]:.4g} -> {m[3]:.4g}  ({m[0]:.2f})")

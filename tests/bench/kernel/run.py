#!/usr/bin/env python3
"""run.py SELKIE ARCHIVE LINUX RESULTS.json - what the kernel's primitives cost beside Linux'.

Both run on one CPU, one after the other; the numbers are TSC cycles, the least of 50 batches. The
table is printed; with the previous run's numbers if RESULTS.json is there already, which is then
replaced.
"""
import json
import os
import re
import subprocess
import sys

# ours, Linux', the bar in cycles at 2.6 GHz, times faster than Linux
ROWS = [("null_call", "getpid", 8, 20), ("clock", None, None, None),
        ("yield_pair", "sched_yield_pair", 45, 60), ("call_64", "pipe_64", 80, 50),
        ("call_64", "seqpacket_64", 80, 85), ("call_64_contract", "pipe_64", 80, 50),
        ("call_4096", "pipe_4096", 200, 22),
        ("queued_64", "seqpacket_64", 120, 55), ("batch_64", None, 45, None),
        ("block_4K", None, None, None), ("block_64K", None, None, None),
        ("block_1M", None, None, None), ("block_2M", None, None, None),
        ("spawn_run_exit", "vfork_exec", 2600, 35)]


def run(argv):
    cpu = max(os.sched_getaffinity(0))
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
                       preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    if p.returncode:
        sys.exit(f"{argv[0]} ended with {p.returncode}\n{p.stdout.decode()}{p.stderr.decode()}")
    return p.stdout.decode()


def main():
    selkie, archive, linux, results = sys.argv[1:]
    theirs = {k: float(v) for k, v in re.findall(r"^(\w+) ([\d.]+)$", run([linux]), re.M)}
    hz = theirs.pop("hz")
    out = run([selkie, "--append", "init=kbench", archive])
    ours = {k: int(v) * hz / 1e12 for k, v in re.findall(r"^kbench: (\w+) (\d+)", out, re.M)}
    ours["batch_64"] = ours["batch_64"] / 32
    for name in [name for name in ours if name.startswith("block_")]:
        ours[name] /= 2
    before = {}
    if os.path.exists(results):
        with open(results) as f:
            before = json.load(f)
    print(f"TSC {hz / 1e6:.0f} MHz; cycles")
    print(f"{'':<17}{'ours':>9}{'before':>9}{'bar':>7}   "
          f"{'Linux':<18}{'':>9}{'times':>8}{'bar':>5}")
    for name, other, bar, times in ROWS:
        old = before.get("ours", {}).get(name)
        print(f"{name:<17}{ours[name]:>9.1f}{old or 0:>9.1f}{bar or '':>7}", end="")
        print(f"   {other:<18}{theirs[other]:>9.0f}{theirs[other] / ours[name]:>8.1f}{times:>5}"
              if other else "")
    with open(results, "w") as f:
        json.dump({"hz": hz, "ours": ours, "linux": theirs}, f, indent=1)


main()

#!/usr/bin/env python3
"""run.py BUILD BENCH - what the kernel's primitives cost: hosted, beside Linux', and in QEMU.

BUILD has the kernels, BENCH the programs (archive/), linux and results.json. Ours and Linux' run
in turns on one CPU (but for what is between two), numbers are TSC cycles, the least of 50 batches
in each of a few rounds; in QEMU (-icount shift=0,sleep=off: a tick is an instruction, and so is
each step of a rep movs) they are exact. Prints how fast the core ran, for the TSC does not tell;
the table, with the previous run's numbers if results.json is there, which is then replaced; then
what must be reached, and whether it is.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tarfile

BAR_GHZ = 2.6                   # the TSC that the bars are meant for

# name, what, must, aim; [(Linux' name, must be so many times faster)]; instructions at most
ROWS = [
    ("null_call", "null system call, with a rights check", 8, 4, [("getpid", 20)], 20),
    ("clock", "clock", None, None, [], None),
    ("yield_pair", "yield to another SIP and back", 45, 28, [("sched_yield_pair", 60)], 90),
    ("call_64", "call and answer, 64 bytes", 80, 45, [("pipe_64", 50), ("seqpacket_64", 85)], 300),
    ("call_64_contract", "the same under a contract", 80, 45,
     [("pipe_64", 50), ("seqpacket_64", 85)], None),
    ("call_4096", "call and answer, 4 KiB", 200, 140, [("pipe_4096", 22)], None),
    ("queued_64", "send and receive and back, 64 bytes", 120, 60, [("seqpacket_64", 55)], 400),
    ("batch_64", "one message in a batch", 45, 25, [], None),
    ("block_4K", "handing over 4 KiB", None, 400, [], None),
    ("block_64K", "handing over 64 KiB", None, None, [], None),
    ("block_1M", "handing over 1 MiB", None, None, [], None),
    ("block_2M", "handing over 2 MiB", None, 400, [], None),
    ("futex_pair", "wake and wait in two threads", None, None, [("futex_pair", None)], None),
    ("thread_life", "a thread, started and joined", None, None, [("thread_life", None)], None),
    ("line", "a cache line there and back, two CPUs", None, None, [], None),
    ("cpus_64", "64 bytes there and back, two CPUs", None, None, [], None),
    ("cpus_48", "the same, 48 bytes: one cache line", None, None, [], None),
    ("cpus_call_64", "64 bytes called and answered, the caller asleep", None, None, [], None),
    ("ring_2", "hop in a ring of 2 SIPs", None, None, [], None),
    ("ring_256", "hop in a ring of 256 SIPs", None, None, [], None),
    ("spawn_4K", "spawn, run, exit, 4 KiB of data", None, None, [("vfork_exec", 35)], None),
    ("spawn_64K", "the same, 64 KiB of data", None, None, [("vfork_exec", 9)], None),
    ("preemption", "software part of a preemption", 80, 45, [], None),
    ("timer_tick", "interrupt of the timer, nobody waits", None, None, [], 150),
    ("interrupt_to_driver", "interrupt to its driver", None, None, [], 600),
]
# nanoseconds: must, aim
TIMES = {"spawn_4K": (1000, 400), "spawn_64K": (4000, 2500)}
# what, of which row, compared with which, the median of the rounds; must, aim
RATIOS = [
    ("handing over 2 MiB / 4 KiB", "block_2M", "block_4K", 1.5, None),
    ("two CPUs / round trip of a cache line", "cpus_64", "line", 1.6, 1.25),
    ("hop in a ring of 256 / of 2", "ring_256", "ring_2", 2, 1.5),
]
# published, other machines
ELSEWHERE = [
    ("Singularity, AMD Athlon 64 3000+: system call", "78-91"),
    ("Singularity: message ping-pong, 1 byte", "803-1452"),
    ("Singularity: process created and ended", "300000-388000"),
    ("seL4, Skylake: call and reply, no Meltdown mitigation", "766"),
    ("seL4, Haswell: the same", "1190"),
]
# several of what is measured in one
SHARE = {name: 8 for name in ("null_call", "clock", "yield_pair", "call_64", "call_64_contract",
                              "call_4096", "queued_64")}
SHARE |= {"batch_64": 32, "block_4K": 2, "block_64K": 2, "block_1M": 2, "block_2M": 2,
          "ring_2": 2, "ring_256": 256}


def run(argv, cpus):
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
                       preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    if p.returncode not in (0, 33):         # 33: QEMU, all is well
        sys.exit(f"{' '.join(argv)} ended with {p.returncode}\n{p.stdout.decode()}"
                 f"{p.stderr.decode()}")
    return p.stdout.decode()


def picoseconds(out):
    found = re.findall(r"^k\w+: (\w+) (\d+)\s*$", out, re.M)
    found += re.findall(r"^# (\w+) takes (\d+) ps\s*$", out, re.M)
    return {name: int(ps) / SHARE.get(name, 1) for name, ps in found}


def linux(bench, cpus):
    out = run([f"{bench}/linux"], {max(cpus)})
    return {name: float(x) for name, x in re.findall(r"^(\w+) ([\d.]+)$", out, re.M)}


def hosted(build, bench, cpus, hz):
    kernel, archive, one = f"{build}/host/selkie", f"{bench}/archive", {max(cpus)}
    ours = {}
    for program in ("kbench", "kthreads"):
        ours |= picoseconds(run([kernel, "--append", f"init={program}", archive], one))
    ours |= picoseconds(run([kernel, "--append", "test=preempt_by_turns", archive], one))
    if len(cpus) > 1:
        ours |= picoseconds(run([kernel, "--cpus", "2", "--append", "init=kpair", archive], cpus))
    return {name: ps * hz / 1e12 for name, ps in ours.items()}


def least(rounds):
    """Of results of several rounds, each its least."""
    return {name: min(r[name] for r in rounds if name in r) for r in rounds for name in r}


def ratios(rounds):
    """The median of each of RATIOS; where CPUs of a virtual machine are changes between rounds."""
    found = {}
    for what, name, other, _, _ in RATIOS:
        x = [r[name] / r[other] for r in rounds if name in r and other in r]
        if x:
            found[what] = statistics.median(x)
    return found


def qemu(build, bench, cpus):
    tar = f"{bench}/archive.tar"
    with tarfile.open(tar, "w", format=tarfile.USTAR_FORMAT) as t:
        for name in sorted(os.listdir(f"{bench}/archive")):
            t.add(f"{bench}/archive/{name}", arcname=name)
    counts = {}
    for what in ("init=kbench", "init=kthreads", "init=kirq", "test=preempt_by_turns",
                 "test=preempt_nobody"):
        out = run(["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "256", "-display",
                   "none", "-serial", "stdio", "-icount", "shift=0,sleep=off", "-kernel",
                   f"{build}/selkie.elf", "-initrd", tar, "-append", f"{what} qemu-exit",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-no-reboot"], cpus)
        counts |= picoseconds(out)
    return {name: round(ps / 1000) for name, ps in counts.items()}


def table(now, before):
    ours, theirs, counts, ns = now["ours"], now["linux"], now["qemu"], 1e9 / now["hz"]
    core = 3000 / theirs["steps"] * now["hz"]
    print(f"TSC {now['hz'] / 1e6:.0f} MHz, the core at {core / 1e6:.0f} MHz at best;"
          " cycles, and nanoseconds")
    print(f"{'':<37}{'ours':>9}{'before':>9}{'ns':>9}   {'Linux':<17}{'':>8}{'times':>7}"
          f"{'QEMU, instr.':>14}{'before':>8}")
    for name, what, _, _, others, _ in ROWS:
        old, was = before.get("ours", {}).get(name), before.get("qemu", {}).get(name)
        x = ours.get(name)
        print(f"{what:<37}" + (f"{x:>9.1f}{old or 0:>9.1f}{x * ns:>9.1f}   " if x
                               else f"{'-':>9}{'':>21}"), end="")
        other = others[0][0] if others else None
        print(f"{other:<17}{theirs[other]:>8.0f}{theirs[other] / x:>7.1f}"
              if x and other in theirs else f"{'':32}", end="")
        print(f"{counts[name]:>14}{was or 0:>8}" if name in counts else "")
        for other, _ in others[1:]:
            print(f"{'':67}{other:<17}{theirs[other]:>8.0f}{theirs[other] / x:>7.1f}")
    print("published, in cycles of other machines:")
    for what, cycles in ELSEWHERE:
        print(f"  {what:<56}{cycles:>15}")


def verdict(x, must, aim):
    if x is None:
        return "not measured"
    if aim and x <= aim:
        return "aim met"
    return "aim not met" if not must else "met" if x <= must else "NOT MET"


def show(what, x, unit, must, aim, most=True):
    figure = f"{x:.4g}" if x is not None else ""
    ns = f"{(must or aim) / BAR_GHZ:.3g} ns" if unit == "cycles" else ""
    print(f"{what:<54}{'<=' if most else '>='} {must or '':>6} {aim or '':>6} {ns:>8}"
          f"{figure:>9} {unit:<7}"
          + (verdict(x, must, aim) if most else verdict(-x if x else None, -must, None)))


def bars(now):
    ours, theirs = now["ours"], now["linux"]
    print(f"\n{f'bars, for a TSC of {BAR_GHZ} GHz':<57}{'must':>6} {'aim':>6} {'':8}{'is':>9}")
    for name, what, must, aim, others, most in ROWS:
        x = ours.get(name)
        if must or aim:
            show(what, x, "cycles", must, aim)
        if name in TIMES:
            show(what, x * 1e9 / now["hz"] if x else None, "ns", *TIMES[name])
        for other, times in others:
            if times:
                show(f"{what}: times {other}", theirs[other] / x if x else None, "", times, None,
                     False)
        if most:
            show(f"{what}: QEMU", now["qemu"].get(name), "instr.", most, None)
    for what, _, _, must, aim in RATIOS:
        show(what, now["ratios"].get(what), "", must, aim)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("build")
    ap.add_argument("bench")
    ap.add_argument("--no-qemu", action="store_true", help="hosted alone")
    ap.add_argument("--rounds", type=int, default=3, metavar="N",
                    help="of hosted and Linux' measurements, in turns (default 3)")
    args = ap.parse_args()
    results, before = f"{args.bench}/results.json", {}
    cpus = set(sorted(os.sched_getaffinity(0))[:2])
    if os.path.exists(results):
        with open(results) as f:
            before = json.load(f)
    theirs, ours = [], []
    for _ in range(max(args.rounds, 1)):
        theirs.append(linux(args.bench, cpus))
        ours.append(hosted(args.build, args.bench, cpus, theirs[-1]["hz"]))
    found = ratios(ours)
    theirs, ours = least(theirs), least(ours)
    hz = theirs.pop("hz")
    now = {"hz": hz, "linux": theirs, "ours": ours, "ratios": found,
           "qemu": {} if args.no_qemu else qemu(args.build, args.bench, cpus)}
    table(now, before)
    bars(now)
    with open(results, "w") as f:
        json.dump(now, f, indent=1)


if __name__ == "__main__":
    main()

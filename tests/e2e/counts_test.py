"""What primitives of the kernel cost in instructions, which QEMU counts: never more than this."""
import os
import sys

from machine import ROOT, scenario

sys.path.insert(0, os.path.join(ROOT, "tests", "bench", "kernel"))
import run as bench                                                     # noqa: E402

# name: (at most, what is to be reached where that is less)
MOST = {
    "null_call": (20, None),
    "yield_pair": (90, 90),
    "call_64": (282, 300),
    "call_64_contract": (396, None),
    "queued_64": (398, 400),
    "batch_64": (195, None),
    "block_4K": (1265, None),
    "block_2M": (1265, None),
    "preemption": (254, None),
    "timer_tick": (104, None),
    "interrupt_to_driver": (587, None),
}


@scenario
def counts(g, build):
    found = bench.qemu(build, f"{build}/bench-kernel", os.sched_getaffinity(0))
    for name, (most, aim) in MOST.items():
        n = found.get(name)
        g.check(f"{name}: {n}, at most {most}", n is not None and n <= most,
                f"{n} instructions instead of {most}")
        if aim and n and n <= aim:
            g.note(f"{name}: {n} instructions are the {aim} that were to be reached")

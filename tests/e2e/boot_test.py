"""The five ways to boot, each to the shell and off again; what there is to refuse."""
import os
import re

from machine import MEDIA, Machine, scenario

SIZE_MAX = 16 << 20


def boots(medium):
    def cases(g, build):
        with Machine(build, medium) as m:
            boot = m.prompt()
            g.match("says what it boots on", r"^Selkie: .* CPU.* MiB, TSC \d+ MHz$", boot)
            loader = "PVH" if medium == "pvh" else "GRUB"
            g.match("names its loader", rf"^Selkie: booted by {loader}", boot)
            g.match("says how long it took", r"^ready in \d+ ms \(kernel entry to prompt\)$", boot)
            g.equal("runs a program", m.command("echo one two"), "one two\n")
            g.match("knows its programs", r"^hello +\d+  bafkrei", m.command("ls"))
            g.match("has memory", r"^free +\d{5,} KiB$", m.command("mem"))
            m.type("poweroff\r")
            g.equal("switches off", m.wait_end(), 0)
    return cases


for medium in MEDIA:
    f = boots(medium)
    f.__name__ = "boot-" + medium
    scenario(f)


@scenario
def media(g, build):
    size = os.path.getsize(f"{build}/selkie.iso")
    g.check(f"the ISO ({size >> 10} KiB) is under 16 MiB", size < SIZE_MAX, size)


@scenario
def boot_time(g, build):
    """Guest time under -icount is the same on every computer: a TSC tick is an instruction."""
    with Machine(build, "pvh", extra=["-icount", "shift=0,sleep=off"]) as m:
        boot = m.prompt(300)
        t = re.search(r"ready in (\d+) ms", boot)
        g.check("ready within 1 s of guest time", t and int(t.group(1)) < 1000, boot)
        m.type("poweroff\r")
        g.equal("switches off", m.wait_end(), 0)


@scenario
def timers(g, build):
    """How late a sleeping program goes on, in instructions."""
    with Machine(build, "pvh", extra=["-icount", "shift=0,sleep=off"]) as m:
        m.prompt(300)
        said = m.command("test/sleeper")
        t = re.match(r"late by (\d+) to (\d+) ns\n", said)
        g.check("never early, nor late by more than 10 us", t and int(t.group(2)) < 10000, said)


@scenario
def cpu_refusal(g, build):
    """A CPU that lacks something is told so by name; nothing else happens."""
    for cpu, what in (("qemu64", "SSSE3"), ("max,-popcnt", "POPCNT"), ("max,-nx", "NX"),
                      ("max,-lm", "64-bit mode")):
        with Machine(build, "pvh", cpu=cpu) as m:
            said = m.expect("x86-64-v2")
            g.match(cpu, re.escape(f"Selkie cannot run here: this CPU has no {what}"), said)


@scenario
def machines(g, build):
    """Other machines than the usual one."""
    for name, kw in (
            ("little memory", {"memory": 64}),
            ("memory above 4 GiB", {"memory": 5000}),
            ("without x2APIC, TSC-deadline and AVX",
             {"cmdline": "x2apic=0 tsc-deadline=0 avx=0"}),
            ("a small CPU", {"cpu": "Nehalem"})):
        with Machine(build, "pvh", **kw) as m:
            m.prompt()
            g.equal(name, m.command("echo here"), "here\n")
            m.type("poweroff\r")
            g.equal(name + ": switches off", m.wait_end(), 0)

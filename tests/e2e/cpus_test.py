"""More CPUs: they come up, and one epitaph is written when the kernel dies."""
from machine import Machine, scenario

SMP = ("-smp", "4")


@scenario
def cpus(g, build):
    with Machine(build, "pvh", cmdline="cpus=0", extra=SMP) as m:
        boot = m.prompt()
        g.match("all four come up", r"^Selkie: 4 CPUs up$", boot)
        g.check("their clocks agree", "time may go back" not in boot, boot)
        g.equal("runs a program", m.command("echo one two"), "one two\n")
        m.type("poweroff\r")
        g.equal("switches off", m.wait_end(), 0)
    with Machine(build, "pvh", cmdline="cpus=3 x2apic=0", extra=SMP) as m:
        g.match("as many as wanted", r"^Selkie: 3 CPUs up$", m.prompt())
        m.type("reboot\r")
        g.equal("reboots", m.wait_end(), 0)


@scenario
def cpus_panic(g, build):
    with Machine(build, "pvh", cmdline="cpus=0 init=nothing qemu-exit=1", extra=SMP,
                 debug_exit=True) as m:
        status = m.wait_end()
        g.match("all are up", r"^Selkie: 4 CPUs up$", m.text())
        g.equal("one epitaph", m.text().count("*** kernel panic"), 1)
        g.equal("the status is red", status, 2 * 0x12 + 1)

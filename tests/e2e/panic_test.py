"""Our own faults end in an epitaph and a red status."""
import re

from machine import Machine, scenario

RED = 2 * 0x12 + 1
FAULTS = {"panic": "as asked for by fault=panic", "assert": "not an allocated page",
          "pf": "page fault", "gp": "#GP protection", "ud": "invalid opcode", "de": "divide",
          "df": "double fault", "wx": "page fault", "nx": "page fault"}


@scenario
def panic(g, build):
    for fault, text in FAULTS.items():
        with Machine(build, "pvh", cmdline=f"qemu-exit=1 fault={fault}", debug_exit=True) as m:
            status = m.wait_end()
            said = m.text()
            g.match(f"fault={fault}: the reason", rf"(?i)^\*\*\* kernel panic: .*{text}", said)
            g.match(f"fault={fault}: a backtrace with names",
                    rf"^  ffffffff8\w+ (raise_|fault_provoke|machine_start)\w*\+0x", said)
            g.equal(f"fault={fault}: the status is red", status, RED)


@scenario
def panic_on_screen(g, build):
    """Without qemu-exit it stays there to be read."""
    with Machine(build, "pvh", cmdline="fault=panic") as m:
        m.expect("*** kernel panic: as asked for by fault=panic")
        m.expect("halted")
        g.check("halts", m.process.poll() is None, "QEMU ended")

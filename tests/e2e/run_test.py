"""`make run` and what it takes: programs of the user's, good and bad, CPUs, memory, firmware."""
import os
import subprocess
import tempfile

from machine import Machine, ROOT, scenario

# no SDK, no library: what any toolchain for wasm32 makes
FREESTANDING = """
static volatile int n;
__attribute__((export_name("_start"))) void start(void)
{
    for (int i = 0; i < 1000; i++)
        n += i;
    if (n != 499500)
        __builtin_trap();
}
"""


def make_run(build, *variables):
    return Machine(build, None, argv=["make", "-s", f"B={build}", "run", *variables])


def compile_c(folder, source):
    path = os.path.join(folder, "own")
    with open(path + ".c", "w", encoding="utf-8") as f:
        f.write(source)
    subprocess.run(["clang-19", "--target=wasm32", "-O1", "-c", path + ".c", "-o", path + ".o"],
                   check=True)
    subprocess.run(["wasm-ld-19", "-m", "wasm32", "--no-entry", path + ".o", "-o", path + ".wasm"],
                   check=True)
    with open(path + ".wasm", "rb") as f:
        return f.read()


@scenario
def run_program(g, build):
    with tempfile.TemporaryDirectory() as d:
        module = compile_c(d, FREESTANDING)
        with make_run(build, f"PROGRAM={d}/own.wasm") as m:
            m.prompt()
            g.equal("a module of the user's runs", m.command("time own").count(" s\n"), 1)
            g.match("it is in the archive", r"^own +\d+  bafkrei", m.command("ls"))
            m.type("poweroff\r")
            g.equal("make run ends well", m.wait_end(), 0)
        for name, content, error in (
                ("cut", module[:len(module) - 10], r"malformed|invalid"),
                ("text", b"not a module", r"magic header not detected"),
                ("empty", b"", r"unexpected end|not found|no such")):
            with open(f"{d}/{name}.wasm", "wb") as f:
                f.write(content)
            with make_run(build, f"PROGRAM={d}/{name}.wasm") as m:
                said = m.prompt() + m.command("")
                g.match(f"{name}: a clear error", rf"(?i)^{name}: .*({error})", said)
                g.equal(f"{name}: the shell answers", m.command("echo on"), "on\n")


@scenario
def run_options(g, build):
    with make_run(build, "MEM=256", "SMP=2") as m:
        boot = m.prompt()
        g.match("SMP=2", r"2 CPUs", boot)
        g.match("MEM=256", r", 25\d MiB", boot)
    with make_run(build, "UEFI=1") as m:
        g.match("UEFI=1", r"UEFI|BdsDxe", m.prompt())
    with make_run(build, "APPEND=quiet") as m:
        g.check("APPEND=quiet", "Selkie: " not in m.prompt(), m.text())


@scenario
def usb(g, build):
    """tools/usb.sh refuses what is no disk before it writes anything."""
    for device, error in (("", "say which disk"), ("/dev/null", "is not a block device"),
                          (f"{build}/selkie.iso", "is not a block device")):
        p = subprocess.run(["tools/usb.sh", f"{build}/selkie.iso", device], capture_output=True,
                           text=True, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
        g.check(f"DEV={device}", p.returncode == 1 and error in p.stderr, p.stderr)

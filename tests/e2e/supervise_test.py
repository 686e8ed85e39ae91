"""What init does for programs that end, and how a person sees it."""
import os
import re
import tempfile

from machine import ROOT, Machine, MachineError, archive_with, scenario

LEFT_ALONE = "it is left alone until `start {}`"


class Configured(Machine):
    """A machine whose init.conf has further lines at its end."""

    def __init__(self, build, lines, **kw):
        with open(f"{ROOT}/sips/init.conf", "rb") as f:
            conf = f.read()
        self.lines_before = conf.count(b"\n")
        with tempfile.TemporaryDirectory() as d:
            self.folder = d
        os.mkdir(self.folder)
        archive = archive_with(build, f"{self.folder}/boot.tar",
                               {"init.conf": conf + lines.encode()})
        super().__init__(build, "pvh", archive=archive, **kw)

    def end(self):
        super().end()
        if os.path.exists(f"{self.folder}/boot.tar"):
            os.remove(f"{self.folder}/boot.tar")
            os.rmdir(self.folder)

    def service(self, name, state):
        """Waits until it is in this state; its line of `services`."""
        for _ in range(200):
            text = self.command("services")
            line = re.search(rf"^{name} +{state} .*", text, re.M)
            if line:
                return line.group(0)
        return text


def pid_of(m, name):
    found = re.search(rf"^ +(\d+) {name} ", m.command("ps"), re.M)
    return found and found.group(1)


@scenario
def supervision(g, build):
    """A server that traps on request: its client learns it, connects anew and goes on."""
    lines = ("grant test/fragile serve test-a\ngrant test/steady test-a\n"
             "start test/fragile restart 4 in 600 memory=8M threads=3\n")
    with Configured(build, lines) as m:
        m.prompt()
        g.equal("a client goes on", m.command("test/steady 30"),
                "request 13: the other end is closed or its owner has ended\n"
                "request 26: the other end is closed or its owner has ended\n"
                "28 of 30 requests were answered\n")
        line = m.service("test/fragile", "running")
        g.match("how often, and the last trap",
                r" 3  2/4 in 600 s +unreachable in \w+ \(byte \d+\)", line)
        g.match("its limits are those of init.conf", r" test/fragile +1/3 .*/8192 ",
                m.command("ps -v"))
        g.match("the log tells both", r"init: test/fragile: unreachable in .*; again in 10 ms "
                r"\(1 of 4 in 600 s\)\n(.*\n)*init: test/fragile: .*; again in 20 ms \(2 of 4",
                m.command("log"))
        g.equal("the next client does", m.command("test/steady 26"),
                "request 13: the other end is closed or its owner has ended\n"
                "request 26: the other end is closed or its owner has ended\n"
                "24 of 26 requests were answered\n")
        m.command("test/steady 12")
        m.type("test/steady 13 &\r")
        m.expect(LEFT_ALONE.format("test/fragile"))
        m.type("\r")
        m.prompt()
        m.service("test/fragile", "crash loop")
        m.command("start test/fragile")
        g.match("started by hand, it answers", r"^2 of 2 requests", m.command("test/steady 2"))
        g.match("its restarts are forgotten", r"running +\d+ +6  0/4 in 600 s",
                m.service("test/fragile", "running"))
        g.match("it does not start twice", r"^start: test/fragile runs already, as process \d+$",
                m.command("start test/fragile"))
        g.equal("stop ends it", m.command("stop test/fragile"), "")
        g.match("for good", r" stopped +- +6 ", m.service("test/fragile", "stopped"))
        g.match("what does not run cannot be stopped", r"^stop: test/fragile does not run$",
                m.command("stop test/fragile"))
        g.match("nor what init does not know",
                r"^stop: ping is not started by init.conf; `services`", m.command("stop ping"))
        g.match("how to use it", r"^usage: start NAME", m.command("start"))


@scenario
def crash_loop(g, build):
    """A program that always ends is left alone after its limit, and all is told."""
    with Configured(build, "start test/crash restart 3 in 600 wait 1-2\nstart test/quit 5\n") as m:
        said = m.expect(LEFT_ALONE.format("test/crash"))
        m.type("\r")
        m.prompt()
        g.match("the terminal says so", r"^test/crash: unreachable in \w+ .*; ended again after 3 "
                r"restarts in 600 s, $", said)
        g.match("services, too",
                r"^test/crash +crash loop +- +4  3/3 in 600 s +unreachable in ",
                m.service("test/crash", "crash loop"))
        log = m.command("log")
        g.equal("it was started four times",
                len(re.findall(r"^init: test/crash: unreachable", log, re.M)), 4)
        g.match("and the log has it", r"^init: test/crash: .*left alone until `start test/crash`",
                log)
        m.type("start test/crash\r")
        m.expect(LEFT_ALONE.format("test/crash"))
        m.type("\r")
        m.prompt()
        g.match("again by hand, and again left alone", r" 8  3/3 in 600 s",
                m.service("test/crash", "crash loop"))
        g.match("without restart it ends once", r"^test/quit +stopped +- +1  never +status 5",
                m.service("test/quit", "stopped"))
        g.equal("the machine goes on", m.command("echo on"), "on\n")


@scenario
def back_off(g, build):
    """The pause doubles: another program, of an even pause, ends 1, 2, 4 times meanwhile."""
    lines = ("start test/crash restart 5 in 600 wait 100-10000\n"
             "start test/quit restart 30 in 600 wait 200 7\n")
    with Configured(build, lines, extra=["-icount", "shift=0,sleep=off"]) as m:
        m.expect(LEFT_ALONE.format("test/crash"))
        m.type("\r")
        m.prompt()
        log = m.command("log")
        ends = "".join({"crash": "C", "quit": "q"}[x]
                       for x in re.findall(r"^init: test/(crash|quit): ", log, re.M))
        g.match("in this order", r"^q?Cq?CqCqqCqqqqCq{8}C", ends)


@scenario
def configuration(g, build):
    """Lines of init.conf that are wrong are left out, and told with their place."""
    lines = ("grnt a b\ngrant ping nonsuch\n  start test/quit restart 3\nstart clock\n"
             "start test/quit memory=lots\nstart nonsuch restart\nstart test/devices\n"
             "start test/quit never 3 # right\n")
    with Configured(build, lines) as m:
        m.expect("denied: port")
        m.type("\r")
        m.prompt()
        said, n = m.text(), m.lines_before
        for name, line, text in (
                ("no such command", 1, "1: `grnt` is nothing that a line begins with: `grant "
                                       "PROGRAM WHAT` or `start PROGRAM ...`"),
                ("a grant of what there is not", 2, "7: "),
                ("half a restart", 3, "28: `restart 3` is followed by `in SECONDS`"),
                ("twice the same", 4, "7: clock is started by an earlier line already"),
                ("no limit", 5, "17: `memory=lots` is no limit; these are: memory=8M")):
            g.check(name, f"init.conf:{n + line}:{text}" in said, said[-2500:])
        g.match("a program that is not there", r"^nonsuch: not started: nonsuch: no such program",
                said)
        g.match("one that may not", r"^test/devices: not started: denied: port 0x2e8", said)
        g.match("the others are started", r"^test/quit +stopped +- +1  never +status 3",
                m.service("test/quit", "stopped"))


def settle(m, marker):
    """Waits until the shell answers again: what is typed while there is no console is lost, and
    there may be a prompt of the old one and one of the new."""
    for i in range(60):
        m.type(f"echo {marker}-{i}\r")
        try:
            m.expect(f"\n{marker}-{i}\r\n", 2)
            return m.prompt()
        except MachineError:
            if i == 59:
                raise
    return None


@scenario
def restarts(g, build):
    """A driver, the console or the shell that ends is started again, and there is a prompt."""
    with Machine(build, "pvh") as m:
        m.prompt()
        m.services()
        for name in "display keyboard clock serial console shell".split():
            pid = pid_of(m, name)
            m.type(f"kill {pid}\r")
            settle(m, name)
            for _ in range(50):
                now = pid_of(m, name)
                if now and now != pid:
                    break
            g.check(f"{name} is back", now and now != pid, now)
            g.equal(f"the shell answers after {name} ended", m.command("echo on"), "on\n")


@scenario
def init_again(g, build):
    """init itself: the kernel starts it again, and it takes over what runs."""
    lines = ("start test/quit never 3\nstart test/forever restart\n")
    with Configured(build, lines) as m:
        m.prompt()
        before = m.services()
        m.service("test/quit", "stopped")
        m.command("deny ping ping")
        m.type(f"kill {pid_of(m, 'init')}\r")
        m.expect("init has ended (killed) and was started again; what runs goes on")
        m.type("\r")
        m.prompt()
        for name in "serial display keyboard clock console shell".split():
            pid = re.search(rf"^ +(\d+) {name} ", before, re.M).group(1)
            g.match(f"{name} goes on and is taken over", rf" running +{pid} +1 ",
                    m.service(name, "running"))
        g.match("what ran once does not run again", r" stopped +- +0 +never",
                m.service("test/quit", "stopped"))
        g.equal("what a person has denied stays denied", m.command("grants ping"),
                "ping has been granted nothing\n")
        g.match("the log has it",
                r"^Selkie: init: killed; it is started again in 10 ms \(1 of 8\)$",
                m.command("log"))
        old = pid_of(m, "test/forever")
        m.command(f"kill {old}")
        g.check("what was taken over is started again when it ends",
                f" running {old:>8} " not in m.service("test/forever", "running"), old)
        g.match("stop ends what was taken over", r" stopped ",
                m.command("stop test/forever") + m.service("test/forever", "stopped"))


@scenario
def init_ends(g, build):
    """A first program that always ends: the machine stops and says why."""
    with Machine(build, "pvh", cmdline="init=test/crash qemu-exit=1", debug_exit=True) as m:
        g.equal("the status is red", m.wait_end(), 2 * 0x12 + 1)
        g.equal("it was started nine times", m.text().count("it is started again in"), 8)
        g.match("after longer and longer pauses", r"again in 1280 ms \(8 of 8\)", m.text())
        g.match("the epitaph says why", r"kernel panic: test/crash: unreachable in .*; it ended 9 "
                r"times shortly after its start, and nothing else runs", m.text())
    with Machine(build, "pvh", cmdline="init=test/quit") as m:
        g.equal("one that ends well alone switches the machine off", m.wait_end(), 0)
        g.match("and that is said", r"^Selkie: test/quit ended with status 0 and nothing else runs",
                m.text())
    with Machine(build, "pvh", cmdline="init=nonsuch qemu-exit=1", debug_exit=True) as m:
        m.wait_end()
        g.match("one that is not there", r"kernel panic: nonsuch: no such program", m.text())

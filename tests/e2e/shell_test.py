"""What a person does at the shell, over serial."""
import re

from machine import SERVICES, Machine, scenario

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, BACKSPACE = "\x1b[H", "\x1b[F", "\x7f"
COMMANDS = ("help ls run ps kill services start stop grant deny grants mem log time tests history "
            "clear version reboot poweroff").split()


@scenario
def commands(g, build):
    with Machine(build, "pvh") as m:
        m.prompt()
        text = m.command("help")
        for c in COMMANDS:
            g.match(f"help knows {c}", rf"^  {c} ", text)
        text = m.command("ls")
        hashes = dict(re.findall(r"^(\S+) +\d+  (bafkrei\S+)$", text, re.M))
        for p in "clock console display echo hello init keyboard ping pong serial shell".split():
            g.check(f"ls knows {p}", p in hashes, text)
        g.equal("run NAME", m.command("run hello"), "Hello, world!\n")
        g.equal("NAME alone", m.command("hello"), "Hello, world!\n")
        g.equal("run HASH", m.command(f"run {hashes.get('hello')}"), "Hello, world!\n")
        g.equal("arguments", m.command("echo  a 'b  c' d"), "a b  c d\n")
        g.match("primes", r"^25 primes up to 100, the largest is 97", m.command("primes 100"))
        g.match("an exit status is told", r"^primes: status 2$", m.command("primes 1"))
        g.match("unknown command", r"^nonsuch: no such command or program",
                m.command("nonsuch"))
        g.match("unknown command, nearly right", r"did you mean `primes`\?", m.command("prines"))
        g.match("unknown program", r"^nonsuch: no such", m.command("run nonsuch"))
        g.match("run alone explains itself", r"^usage: run ", m.command("run"))
        for line in ("help kill", "kill --help"):
            g.equal(line, m.command(line), "usage: kill PID...\nends programs\n"
                    "`ps` lists them.\n")
        g.match("help of a program", r"^hello is a program; `hello --help`",
                m.command("help hello"))
        g.match("help of nothing", r"^nonsuch: no such command", m.command("help nonsuch"))
        g.equal("grants of a program that has none", m.command("grants hello"),
                "hello has been granted nothing\n")
        g.equal("grants of nothing", m.command("grants nonsuch"),
                "grants: nonsuch: no such program; `ls` lists them\n")
        g.equal("arguments to a command without", m.command("mem x"),
                "mem: it takes no arguments, such as x\n")
        g.equal("an empty line", m.command(""), "")
        g.match("version", r"Selkie", m.command("version"))
        g.match("log", r"^Selkie: core up", m.command("log"))
        g.match("time of a command", r"^Hello, world!\n\d+\.\d{6} s$", m.command("time hello"))
        g.match("time of day", r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$", m.command("time"))
        g.equal("tests that are not there", m.command("tests nonsuch"),
                "tests: no test has nonsuch in its name; `tests` lists them\n")
        g.equal("programs that are not there", m.command("ls nonsuch"),
                "ls: no program's name begins with nonsuch\n")
        g.equal("a file that is not there", m.command("cat nonsuch"),
                "cat: there is no file nonsuch\ncat: status 1\n")
        g.match("tests lists", r"^  \w+$", m.command("tests"))
        g.match("history", r"^  primes 100$", m.command("history"))
        g.match("hexdump", r"^0+ .*00 61 73 6d", m.command("hexdump hello"))
        g.match("cat", r"^start serial", m.command("cat init.conf"))


def used(m):
    """what SIPs and images take, as `mem` says it"""
    return [line for line in m.command("mem").split("\n") if line[:6] in ("SIPs  ", "images")]


@scenario
def processes(g, build):
    with Machine(build, "pvh") as m:
        m.prompt()
        text = m.services()
        for p in SERVICES:
            g.match(f"ps knows {p}", rf"^ +\d+ {p} +1 ", text)
        said = m.command("spin &")
        job = re.match(r"\[(\d+)\] spin\n", said)
        g.check("a program in the background has a number", job, said)
        pid = job.group(1)
        g.equal("the shell answers beside it", m.command("echo still here"), "still here\n")
        g.match("it is among the processes", rf"^ +{pid} spin ", m.command("ps"))
        m.command(f"kill {pid}")
        text = m.command("ps") + m.command("")
        g.check("kill ends it", f"{pid} spin " not in m.command("ps"), text)
        said = m.command("limit cpu=10% threads=3 spin &")
        job = re.match(r"\[(\d+)\] spin\n", said)
        g.check("with limits", job, said)
        g.match("which are shown", r" spin +1/3 +1/256 .*%/10\.0%", m.command("ps -v"))
        m.command(f"kill {job.group(1)}")
        m.command("")
        g.match("what they are is said", r"^limit: cpu=no is no limit; these are:\nmemory=8M ",
                m.command("limit cpu=no spin"))
        g.match("without a program", "^usage: limit LIMIT", m.command("limit cpu=10%"))
        g.equal("too few handles", m.command("limit handles=1 ping 1"),
                "ping: its stream: it begins with more handles than the 1 it may have\n")
        g.match("too few threads", r"^thread 2: a limit of this SIP is reached",
                m.command("limit threads=2 threads"))
        g.equal("less than it begins with", m.command("limit memory=1 hello"),
                "hello: out of memory: it begins with 131072 bytes and may have 1\n")
        for pid in ("99999", "4294967299", "0"):        # that is 3 in 32 bits
            g.equal(f"killing nothing: {pid}", m.command(f"kill {pid}"),
                    f"kill: there is no process {pid}; `ps` lists them\n")
        g.equal("an option of ps", m.command("ps -x"), "ps: it knows -v, not -x\n")
        g.match("killing nonsense", r"kill: x is not a PID", m.command("kill x"))
        m.type("spin\r")
        m.expect("\n")
        m.type("\x03")
        m.prompt()
        g.equal("ctrl-C ends what runs in front", m.command("echo free"), "free\n")
        m.type("spin\r\x03echo typed ahead\r")
        m.expect("typed ahead\r\ntyped ahead\r\n")
        m.prompt()
        g.equal("so it does when it is typed before the program runs, and what follows counts",
                m.command("echo free"), "free\n")
        m.type("cat\rfor cat\r\x04echo for the shell\r")
        m.expect("for cat\r\nfor cat\r\n")
        m.expect("\nfor the shell\r\n")
        g.check("a program reads what was typed before it ran", True)
        m.prompt()
        m.command("primes 100000")                  # its image stays
        # a driver may touch a page of its own stack or heap for the first time, once; a leak goes
        # on
        for _ in range(4):
            before = used(m)
            for _ in range(5):
                m.command("primes 100000")
            after = used(m)
            if after == before:
                break
        g.equal("programs that end give their memory back", after, before)


@scenario
def messages(g, build):
    with Machine(build, "pvh") as m:
        m.prompt()
        g.match("nobody handles it yet", r"^ping: .*\(start the other end with: pong &\)$",
                m.command("ping 1"))
        m.command("pong &")
        g.match("ping and pong", r"^100 rounds of 56 bytes, \d+ ns each$", m.command("ping 100"))
        g.match("of 4 KiB", r"^20 rounds of 4096 bytes", m.command("ping 20 4096"))
        m.command("deny ping ping")
        g.check("a denial is in force", "ping ping" not in m.command("grants ping"), "")
        m.command("grant ping ping")
        g.match("a grant is in force", r"^1 rounds", m.command("ping 1"))
        g.match("grants", r"^serial port 0x3f8-0x3ff$", m.command("grants"))
        g.match("a grant of nonsense is refused", r"^grant: `port zz` is none of: INTERFACE, ",
                m.command("grant ping port zz"))
        g.match("a grant to nobody", r"^grant: \w", m.command("grant nonsuch clock"))


@scenario
def traps(g, build):
    """Each trap ends its program alone, and is told with a place."""
    kinds = {"unreachable": "unreachable", "memory": "out of bounds memory access",
             "store": "out of bounds memory access", "fill": "out of bounds memory access",
             "div0": "integer divide by zero", "overflow": "integer overflow",
             "conversion": "invalid conversion to integer",
             "signature": "indirect call type mismatch", "element": "undefined element",
             "uninitialized": "uninitialized element",
             "table": "out of bounds table access", "stack": "call stack exhausted"}
    with Machine(build, "pvh") as m:
        m.prompt()
        for kind, text in kinds.items():
            g.match(f"trap {kind}", rf"^trap: {text} in \w+ \(byte \d+\)",
                    m.command(f"trap {kind}"))
        g.equal("the shell answers", m.command("echo alive"), "alive\n")
        m.command("grow")
        g.equal("after one that takes all memory", m.command("echo alive"), "alive\n")
        m.command("flood")
        g.equal("after one that fills a channel", m.command("echo alive"), "alive\n")


@scenario
def line_editing(g, build):
    with Machine(build, "pvh") as m:
        m.prompt()
        g.equal("left", m.command("echo ac" + LEFT + "b"), "abc\n")
        g.equal("left and right", m.command("echo ad" + LEFT + "bc" + RIGHT + "e"), "abcde\n")
        g.equal("home and end", m.command("cho a" + HOME + "e" + END + "b"), "ab\n")
        g.equal("backspace", m.command("echo abx" + BACKSPACE + "c"), "abc\n")
        g.equal("backspace in the middle",
                m.command("echo axb" + LEFT + BACKSPACE), "ab\n")
        g.equal("ctrl-A and ctrl-E", m.command("cho 1\x01e\x052"), "12\n")
        g.equal("ctrl-K", m.command("echo abc" + LEFT + LEFT + "\x0b"), "a\n")
        g.equal("ctrl-U", m.command("nonsense\x15echo u"), "u\n")
        g.equal("ctrl-W", m.command("echo one two\x17three"), "one three\n")
        g.equal("history: up", m.command(UP), "one three\n")
        m.command("echo older")
        m.command("echo newer")
        g.equal("history: up twice", m.command(UP + UP), "older\n")
        g.equal("history: up and down", m.command(UP + UP + UP + DOWN), "newer\n")
        g.equal("history: edited", m.command(UP + "!"), "newer!\n")
        g.equal("tab completes a program", m.command("pri\t100").split(",")[0],
                "25 primes up to 100")
        g.match("tab completes a command", r"Selkie", m.command("vers\t"))
        g.match("tab completes what a command takes", r"^usage: limit", m.command("help lim\t"))
        g.match("a limit", r"^limit: queued=x is no limit", m.command("limit qu\tx hello"))
        g.match("a service", r"^start: keyboard runs already", m.command("start key\t"))
        g.equal("tab completes after run", m.command("run hel\t"), "Hello, world!\n")
        m.type("p\t")
        listed = m.prompt()
        g.check("tab lists what there is",
                all(p in listed for p in ("ping", "pong", "poweroff", "primes", "ps")), listed)
        m.type("\x03")
        m.prompt()
        m.type("echo no\x03echo yes\r")
        m.prompt()
        m.expect("\n")
        g.equal("ctrl-C gives a line up", m.prompt(), "yes\n")
        m.type("echo " + "x" * 150 + "\r")           # its echo wraps
        g.match("a line longer than the screen", "^" + "x" * 150 + "$", m.prompt())

"""What is asked of a person who starts a program that wants more than it has been granted."""
import re

from machine import Machine, scenario

QUESTION = "(d)? "


def ask(m, line):
    """Types a command that leads to the question; what is said before it."""
    m.type(line + "\r")
    m.expect("\n")
    return m.expect(QUESTION)


def reply(m, key):
    """Answers; what is said up to the next prompt, without the key."""
    m.type(key)
    m.expect("\n")
    return m.prompt()


@scenario
def permission(g, build):
    with Machine(build, "pvh") as m:
        m.prompt()
        m.command("pong &")
        m.command("deny ping ping")
        g.equal("what it wants is listed", ask(m, "ping 1"), "ping has not been allowed:\n"
                "  interface ping\nallow once (o), always (a), or deny ")
        g.equal("deny", reply(m, "d"),
                "ping: denied: interface ping (grant it with: grant ping ping)\n")
        ask(m, "ping 1")
        m.type("x")
        m.expect(QUESTION)
        g.match("another key asks again, ctrl-C denies", r"^ping: denied", reply(m, "\x03"))
        ask(m, "ping 1")
        g.match("allow once", r"^1 rounds of 56 bytes", reply(m, "o"))
        g.equal("nothing stays of it", m.command("grants ping"),
                "ping has been granted nothing\n")
        ask(m, "ping 1")
        g.match("nor does it count for the next time", r"denied", reply(m, "d"))
        ask(m, "ping 1")
        g.match("always", r"^1 rounds of 56 bytes", reply(m, "a"))
        g.equal("that is a grant", m.command("grants ping"), "ping ping\n")
        g.match("and counts from then on", r"^1 rounds of 56 bytes", m.command("ping 1"))
        m.command("deny ping ping")
        ask(m, "ping 1 &")
        g.match("in the background, too", r"^\[\d+\] ping", reply(m, "o"))


@scenario
def permission_devices(g, build):
    with Machine(build, "pvh") as m:
        m.prompt()
        g.equal("ports and interrupts are listed", ask(m, "test/devices &"),
                "test/devices has not been allowed:\n  the I/O ports 0x2e8-0x2ef\n  interrupt 5\n"
                "allow once (o), always (a), or deny ")
        g.match("it has them", r"^\[\d+\] test/devices", reply(m, "o"))
        ask(m, "test/devices &")
        g.match("nobody else has them then", r"^test/devices: busy: port 0x2e8-0x2ef is owned by "
                r"test/devices \(pid \d+\)$", reply(m, "o"))
        m.command("grant test/devices irq 5")
        g.check("what is granted is not asked", "interrupt" not in ask(m, "test/devices &"), "")
        g.match("and the rest is needed", r"^test/devices: denied: port", reply(m, "d"))
        ask(m, "test/sneak")
        g.match("what is not declared cannot be allowed", r"^test/sneak: .*port", reply(m, "a"))


@scenario
def handlers(g, build):
    """Who handles what, and another one in its place."""
    with Machine(build, "pvh") as m:
        m.prompt()
        m.services()
        said = m.command("handlers")
        g.match("the kernel's own", r"^kernel-policy +[0-9a-f]{8}\.\. +kernel +0$", said)
        g.match("a driver's", r"^clock +[0-9a-f]{8}\.\. +\d+ +0$", said)
        old = re.match(r"\[(\d+)\]", m.command("pong &")).group(1)
        g.match("a program's", rf"^ping +[0-9a-f]{{8}}\.\. +{old} ", m.command("handlers"))
        said = m.command("replace pong") + m.command("")
        new = re.search(r"^\[(\d+)\] pong$", said, re.M)
        g.check("another one starts", new and new.group(1) != old, said)
        g.match("the old one ends", rf"^\[{old}\] pong: killed", said)
        g.match("the new one handles it", rf"^ping +\S+ +{new and new.group(1)} ",
                m.command("handlers"))
        g.match("and answers", r"^10 rounds", m.command("ping 10"))
        g.match("a driver, too, with its ports", r"^\[\d+\] clock$", m.command("replace clock"))
        g.match("whose clients go on", r"^20\d\d-\d\d-\d\d ", m.command("time"))

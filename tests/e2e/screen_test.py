"""The screen and the keyboard: what a person without a serial cable has."""
import re
import time

from machine import Machine, scenario
from screen import load_font, read_screen


def until(read, wanted, patience=60):
    """Reads the screen until a line is there; the lines."""
    end = time.monotonic() + patience
    while True:
        lines = read()
        if wanted in lines or time.monotonic() > end:
            return lines
        time.sleep(0.3)


def framebuffer(medium):
    def cases(g, build):
        font = load_font(f"{build}/gen/font.c")
        with Machine(build, medium) as m:
            m.prompt()
            m.services()
            m.command("clear")
            lines = until(lambda: read_screen(font, *m.screendump()), "selkie>")
            g.check("the prompt is on the screen", "selkie>" in lines, "\n".join(lines))
            m.keyboard("echo Typed here")
            lines = until(lambda: read_screen(font, *m.screendump()), "Typed here")
            g.check("what the keyboard types is shown", "selkie> echo Typed here" in lines,
                    "\n".join(lines))
            g.check("and done", "Typed here" in lines, "\n".join(lines))
            g.match("serial shows the same", r"echo Typed here\nTyped here$",
                    m.prompt())
            m.type("clear\r")
            m.prompt()
            m.command("help")
            lines = until(lambda: read_screen(font, *m.screendump()),
                          "  poweroff                         switches it off")
            text = "\n".join(lines)
            g.check("the screen spells the help", "selkie> help\n  help     [COMMAND]  " in text
                    and "  poweroff                         switches it off" in lines, text)
            g.check("no cell holds anything but a character", "\ufffd" not in text, text)
    return cases


for medium in ("bios-cd", "uefi-usb"):
    f = framebuffer(medium)
    f.__name__ = "screen-" + medium
    scenario(f)


@scenario
def screen_vga(g, build):
    """Without a framebuffer the text screen: 80 by 25 cells at 0xb8000."""
    def read():
        dump = re.findall(r"0x(\w\w)\b", m.monitor("xp /4000xb 0xb8000"))
        text = "".join(chr(int(c, 16)) for c in dump[::2])
        return [text[i:i + 80].rstrip() for i in range(0, 2000, 80)]

    with Machine(build, "pvh") as m:
        m.prompt()
        m.services()
        m.keyboard("hello")
        lines = until(read, "Hello, world!")
        g.check("the prompt and what was typed", "selkie> hello" in lines, "\n".join(lines))
        g.check("and what the program says", "Hello, world!" in lines, "\n".join(lines))

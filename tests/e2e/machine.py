"""A Selkie machine in QEMU: booted from one of the media, typed at over serial or the keyboard.

    with Machine(build, "bios-cd") as m:
        m.prompt()                      # boots to the shell
        text = m.command("echo hi")     # what the command said

What it waits for, it waits for as long as a loaded computer may need; nothing here measures time.
"""
import io
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROMPT = "selkie> "
MEDIA = ("bios-cd", "bios-usb", "uefi-cd", "uefi-usb", "pvh")
PATIENCE = 120
SERVICES = "init serial console shell display keyboard clock".split()

scenarios = []


def scenario(f):
    """Makes f(group, build) a group of end-to-end tests, named after the function."""
    scenarios.append((f.__name__, f))
    return f


class MachineError(Exception):
    """What was waited for did not come; `transcript` is the end of what did."""

    def __init__(self, what, transcript):
        super().__init__(what)
        self.transcript = "serial, the end:\n" + transcript[-2500:]


def plain(text):
    """Text as a person sees it: no escape sequences, no carriage returns."""
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text).replace("\r", "")


def archive_with(build, to, files):
    """Writes the boot archive to the file `to`, with these files (name -> bytes) in it or instead
    of its own."""
    with tarfile.open(f"{ROOT}/{build}/boot.tar") as old, \
            tarfile.open(to, "w", format=tarfile.USTAR_FORMAT) as new:
        for member in old:
            if member.name not in files:
                new.addfile(member, old.extractfile(member))
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return to


class Machine:
    def __init__(self, build, medium, cmdline="", cpu="max", memory=512, debug_exit=False,
                 extra=(), argv=None, archive=None):
        """argv: another program that talks on its standard input and output, `make run`; archive:
        another boot archive (pvh)."""
        self.archive = archive
        self.dir = tempfile.mkdtemp(prefix="selkie-e2e.")
        self.out, self.at, self.process, self.qmp = b"", 0, None, None
        if not argv:
            argv = ["qemu-system-x86_64", "-M", "q35", "-cpu", cpu, "-m", str(memory),
                    "-nic", "none", "-display", "none", "-no-reboot", "-serial", "stdio",
                    "-qmp", f"unix:{self.dir}/qmp,server,nowait"] + list(extra)
            if debug_exit:
                argv += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
            argv += getattr(self, "_" + medium.replace("-", "_"))(build, cmdline)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True,
                                        env=environment, cwd=ROOT)
        os.set_blocking(self.process.stdout.fileno(), False)

    def _pvh(self, build, cmdline):
        return ["-kernel", f"{build}/selkie.elf", "-initrd", self.archive or f"{build}/boot.tar",
                "-append", cmdline]

    def _bios_cd(self, build, _):
        return ["-drive",
                f"if=none,id=d,media=cdrom,format=raw,readonly=on,file={build}/selkie.iso",
                "-device", "ide-cd,drive=d,bootindex=0"]

    def _bios_usb(self, build, _):
        return ["-device", "qemu-xhci", "-drive",
                f"if=none,id=d,format=raw,readonly=on,file={build}/selkie.iso",
                "-device", "usb-storage,drive=d,bootindex=0"]

    def _firmware(self):
        shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", f"{self.dir}/vars.fd")
        return ["-drive",
                "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                "-drive", f"if=pflash,format=raw,file={self.dir}/vars.fd"]

    def _uefi_cd(self, *a):
        return self._firmware() + self._bios_cd(*a)

    def _uefi_usb(self, *a):
        return self._firmware() + self._bios_usb(*a)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Ends QEMU, however it is."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- serial ------------------------------------------------------------------------------

    def _read(self, seconds):
        """Takes what serial has to say within so many seconds; False at its end."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            return True
        data = self.process.stdout.read()
        self.out += data or b""
        return bool(data)

    def text(self):
        """All that came over serial, as a person sees it."""
        return plain(self.out.decode(errors="replace"))

    def expect(self, text, patience=PATIENCE):
        """Waits until the text comes; returns what came before it since the last time."""
        wanted, end = text.encode(), time.monotonic() + patience
        while True:
            i = self.out.find(wanted, self.at)
            if i >= 0:
                before = self.out[self.at:i]
                self.at = i + len(wanted)
                return plain(before.decode(errors="replace"))
            if not self._read(min(1, max(0, end - time.monotonic()))):
                self.process.wait()
                raise MachineError(f"QEMU ended (status {self.process.returncode}) before "
                                   f"{text!r}", self.text())
            if time.monotonic() >= end:
                raise MachineError(f"no {text!r} within {patience} s", self.text())

    def type(self, text):
        """Sends keys over serial."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def prompt(self, patience=PATIENCE):
        return self.expect(PROMPT, patience)

    def command(self, line, patience=PATIENCE):
        """Types a line; returns what it says up to the next prompt, without the line itself."""
        self.type(line + "\r")
        self.expect("\n", patience)
        return self.prompt(patience)

    def services(self):
        """Waits until all that init starts is there; what ps says then."""
        for _ in range(200):
            text = self.command("ps")
            if all(f" {name} " in text for name in SERVICES):
                return text
        raise MachineError("not all services come up", self.text())

    def wait_end(self, patience=PATIENCE):
        """Waits until QEMU ends by itself; its status."""
        end = time.monotonic() + patience
        while self._read(1):
            if time.monotonic() > end:
                raise MachineError(f"QEMU still runs after {patience} s", self.text())
        return self.process.wait()

    # ---- QEMU's monitor ------------------------------------------------------------------------

    def monitor(self, line):
        """A command of QEMU's human monitor; its answer."""
        if not self.qmp:
            s = socket.socket(socket.AF_UNIX)
            s.connect(f"{self.dir}/qmp")
            self.qmp = s.makefile("rw")
            self.qmp.readline()
            self._qmp("qmp_capabilities")
        return self._qmp("human-monitor-command", {"command-line": line})

    def _qmp(self, command, arguments=None):
        self.qmp.write(json.dumps({"execute": command, "arguments": arguments or {}}) + "\n")
        self.qmp.flush()
        while True:
            answer = json.loads(self.qmp.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise MachineError(f"monitor: {answer['error']}", self.text())

    def keyboard(self, line):
        """Types a line and return on the PS/2 keyboard."""
        names = {" ": "spc", "-": "minus", ".": "dot", "/": "slash", "&": "shift-7",
                 "!": "shift-1"}
        for c in line:
            self.monitor("sendkey " + (names.get(c) or
                                       ("shift-" + c.lower() if c.isupper() else c)) + " 20")
            time.sleep(0.05)
        self.monitor("sendkey ret 20")

    def screendump(self):
        """The screen as (width, height, bytes of red, green and blue)."""
        path = f"{self.dir}/screen.ppm"
        self.monitor(f"screendump {path}")
        data = open(path, "rb").read()
        m = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        return int(m.group(1)), int(m.group(2)), data[m.end():]

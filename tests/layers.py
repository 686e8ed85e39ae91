#!/usr/bin/env python3
"""layers.py - who may include whom, and the form of the sources. TAP, a case for each rule.

- wasm/ includes itself and four headers of C; the kernel sees wasm/ through its public headers,
  kernel/host/ those of Linux' system calls;
  SIPs see the SDK, generated interfaces and their own folder; nothing includes tools/ and
  tests/ but themselves.
- No header of kernel/ includes itself in the end.
- Inline assembly stands in kernel/x64/ and kernel/host/ (and in host tools, programs of Linux).
- No conditional compilation in .c files; no line beyond 100 columns; no function beyond 60 lines.
"""
import os
import re
import subprocess
import sys

os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LANGUAGE = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h"}
PUBLIC_WASM = {"wasm/wasm.h"}
LINES, COLUMNS = 60, 100
# longer lines: rules of make, and modules in text whose lines read as one instruction each
WIDE = {"Makefile": 136, ".wast": 120, ".wat": 120}

# longer functions, and why
LONG = {
    ("tools/wasmc.c", "main"): "one loop over the options",
    ("wasm/ir.c", "dump_operands"): "one switch over kinds of operands",
    ("wasm/emit_jump.c", "term_switch"): "two forms of one table",
    ("wasm/emit_ops.c", "emit_op"): "one switch over the operations",
    ("wasm/isel.c", "select_ins"): "one switch over the operations",
}
# inline assembly outside of kernel/x64/ and kernel/host/, and why
ASM = {
    "tests/bench/kernel/native/linux.c": "measures an instruction, on Linux",
    "tools/trap.c": "switches to the wasm stack on Linux",
    "tools/host.c": "calls compiled code on Linux",
    "sips/sip.h": "places a custom section, no instruction",
    "sips/runtime/threads/thread.c": "sets the stack pointer, a wasm global",
}
# kernel files that see more of wasm/ than its public header, and why
SEES_WASM = {
    "kernel/wasm_host.c": {"wasm/host.h"},
}


def files():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True,
                         text=True)
    if out.returncode == 0:
        names = out.stdout.split("\n")
    else:
        names = [os.path.join(d, f)[2:] for d, _, fs in os.walk(".") for f in fs]
    return sorted(n for n in names if n and os.path.exists(n) and not n.startswith("build/"))


def text(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def includes(path):
    """(line, file included, whether in quotes), the file as a path of the repository."""
    for i, line in enumerate(text(path).split("\n"), 1):
        m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if m:
            near = os.path.normpath(os.path.join(os.path.dirname(path), m.group(2)))
            yield i, near if os.path.exists(near) else m.group(2), m.group(1) == '"'


def folder(path):
    return path.split("/")[0]


def allowed(path, what, quoted):
    top = folder(path)
    if top in ("tools", "tests"):
        return True
    if folder(what) in ("tools", "tests"):
        return False
    if not quoted:
        return (what in LANGUAGE or os.path.basename(what) == "place.h" and top == "kernel"
                or path.startswith("kernel/host/") and folder(what) in ("asm", "linux"))
    if top == "wasm":
        return folder(what) == "wasm" or what in LANGUAGE
    if top == "kernel":
        return (folder(what) == "kernel" or what in PUBLIC_WASM | SEES_WASM.get(path, set())
                or what.startswith("iface/kernel_"))
    if top in ("sips", "drivers"):
        return (what in ("sips/sip.h", "sips/thread.h", "kernel/abi.h")
                or what.startswith("iface/")
                or path.startswith("sips/runtime/") and what == "sips/runtime/lock.h"
                or os.path.dirname(what) == os.path.dirname(path))
    return False


def check_includes(sources):
    for path in sources:
        for line, what, quoted in includes(path):
            if not allowed(path, what, quoted):
                yield f"{path}:{line}: includes {what}"


def check_cycles(headers):
    """No header reaches itself."""
    edges = {h: [w for _, w, q in includes(h) if q and w in headers] for h in headers}
    done = set()

    def visit(h, way):
        if h in way:
            return [" -> ".join(way[way.index(h):] + [h])]
        if h in done:
            return []
        done.add(h)
        return [e for w in edges[h] for e in visit(w, way + [h])]
    return [e for h in sorted(headers) for e in visit(h, [])]


def check_asm(sources):
    for path in sources:
        if path.startswith(("kernel/x64/", "kernel/host/", "tests/")) or path in ASM:
            continue
        for i, line in enumerate(text(path).split("\n"), 1):
            if re.search(r"\b(asm|__asm__)\b\s*(volatile|__volatile__|goto)?\s*\(", line):
                yield f"{path}:{i}: inline assembly"


def check_conditionals(sources):
    for path in sources:
        for i, line in enumerate(text(path).split("\n"), 1):
            if path.endswith(".c") and re.match(r"\s*#\s*(if|ifdef|ifndef|else|elif)\b", line):
                yield f"{path}:{i}: {line.strip()}"


def check_columns(sources):
    for path in sources:
        limit = WIDE.get(path) or WIDE.get(os.path.splitext(path)[1], COLUMNS)
        for i, line in enumerate(text(path).split("\n"), 1):
            if len(line.expandtabs(8)) > limit:
                yield f"{path}:{i}: {len(line.expandtabs(8))} columns"


def check_space(sources):
    for path in sources:
        t = text(path)
        for i, line in enumerate(t.split("\n"), 1):
            if line != line.rstrip() or (path.endswith((".c", ".h")) and "\t" in line):
                yield f"{path}:{i}: a tab, or space at the end"
        if t and not t.endswith("\n"):
            yield f"{path}: no newline at the end"


def check_functions(sources):
    """A function begins at a line before `{` in the first column and ends at `}` there."""
    for path in sources:
        lines = text(path).split("\n")
        start = None
        for i, line in enumerate(lines):
            if line == "{" and start is None:
                start = i
            elif line == "}" and start is not None:
                head = " ".join(lines[max(0, start - 3):start])
                names = re.findall(r"(\w+)\s*\(", head)
                name = names[-1] if len(names) == 1 else (re.findall(
                    r"(\w+)\([^()]*(?:\([^()]*\)[^()]*)*\)\s*$", head) or names or ["?"])[-1]
                n = i - start + 1
                if n > LINES and (path, name) not in LONG:
                    yield f"{path}:{start}: {name} has {n} lines"
                start = None


def check_heads(sources):
    for path in sources:
        if not re.match(r"\s*(/\*|;|//)", text(path)):
            yield f"{path}: no comment at its head"


def main():
    every = files()
    c = [f for f in every if f.endswith((".c", ".h"))]
    inc = [f for f in every if f.endswith(".inc")]
    asm = [f for f in every if f.endswith(".asm")]
    rest = [f for f in every if f.endswith((".py", ".sh", ".wat", ".wast", ".wit")) or
            os.path.basename(f) in ("Makefile", "run")]
    rules = [
        ("every include is allowed", check_includes(c)),
        ("no header includes itself in the end", check_cycles({f for f in c if f.endswith(".h")})),
        ("inline assembly only where the machine is", check_asm(c)),
        ("no conditional compilation in .c files", check_conditionals(c)),
        ("no line beyond 100 columns", check_columns(c + asm + inc + rest)),
        ("no stray white space", check_space(c + asm + inc)),
        ("no function beyond 60 lines", check_functions(c)),
        ("every source has a comment at its head", check_heads(c + asm + inc)),
    ]
    print(f"1..{len(rules)}")
    bad = 0
    for i, (name, found) in enumerate(rules, 1):
        found = list(found)
        bad += bool(found)
        for line in found:
            print(f"# {line}")
        print(f"{'not ' if found else ''}ok {i} - {name}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""copies.py - a module of any size from a real one: all function bodies of it, many times over.

  copies.py IN.wasm MB OUT.wasm

Copies call what the first ones call. There are two of each at least, so that no function has one
caller in a small module and many in a large one, and a declarative segment names all of them, so
that none is known to be unused. Custom sections are left out.
"""
import sys

from modules import leb

IMPORTS, FUNCTIONS, ELEMENTS, CODE = 2, 3, 9, 10
FUNCTION_IMPORT = 0


def unsigned(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def sections(data):
    at = 8
    while at < len(data):
        kind, (size, start) = data[at], leb(data, at + 1)
        at = start + size
        if kind:
            yield kind, data[start:at]


def repeated(content, n):
    """A vector's elements n times."""
    count, at = leb(content, 0)
    return unsigned(count * n) + content[at:] * n


def imported(content):
    """How many functions an import section brings; those of C programs import nothing else."""
    count, at = leb(content, 0)
    for _ in range(count):
        for _ in range(2):
            size, at = leb(content, at)
            at += size
        if content[at] != FUNCTION_IMPORT:
            raise ValueError("imports something else than functions")
        at = leb(content, at + 1)[1]
    return count


def naming(content, first, n):
    """An element section with one more segment, declarative, of functions [first, first + n)."""
    count, at = leb(content, 0)
    segment = b"\3\0" + unsigned(n) + b"".join(unsigned(first + k) for k in range(n))
    return unsigned(count + 1) + content[at:] + segment


def copies(data, size):
    """The module that comes closest to `size` bytes from below."""
    parts = dict(sections(data))
    bodies = leb(parts[FUNCTIONS], 0)[0]
    n = max(2, size // (len(parts[FUNCTIONS]) + len(parts[CODE]) + 3 * bodies))
    out = bytearray(data[:8])
    for kind, content in sections(data):
        if kind in (FUNCTIONS, CODE):
            content = repeated(content, n)
        if kind == ELEMENTS:
            content = naming(content, imported(parts[IMPORTS]), n * bodies)
        out += bytes([kind]) + unsigned(len(content)) + content
    return bytes(out)


def main():
    source, megabytes, target = sys.argv[1:]
    with open(source, "rb") as f:
        data = f.read()
    with open(target, "wb") as f:
        f.write(copies(data, int(float(megabytes) * 1e6)))


if __name__ == "__main__":
    main()

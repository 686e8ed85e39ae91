#!/usr/bin/env python3
"""address.py FOLDER - writes scripts addresses.wast and loops.wast: loads whose addresses are sums
with constants, in straight lines and in loops, where sums wrap, begin, end and trap.

A model of wasm's memory (wasm 4.4.7) says what each returns, or that it traps and how far it got
before: a compiler that takes a sum for a displacement has to be right about all of it.
"""
import os
import random
import sys

M32, PAGE, SIZE = 2**32 - 1, 65536, 65536
CONSTANTS = [-65541, -65537, -65536, -65535, -4096, -64, -17, -16, -8, -4, -1, 0, 1, 4, 8, 12, 16,
             60, 4096, 65528, 65535, 65536, 65540, 2**31 - 8, -2**31]
OFFSETS = [0, 0, 0, 0, 0, 4, 8, 16, 65532, 65536, 2**31 - 1, 2**31, 2**32 - 8]
POINTERS = [0, 1, 4, 8, 15, 16, 17, 64, 4096, 65520, 65528, 65535, 65536, 65540, 2**31 - 4, 2**31,
            2**32 - 1, 2**32 - 4, 2**32 - 8, 2**32 - 16, 2**32 - 64, 2**32 - 4096,
            2**32 - 65536, 2**32 - 65537]
LOADS = {"i32.load8_u": 1, "i32.load16_u": 2, "i32.load": 4, "i64.load32_u": 4}


class Trap(Exception):
    pass


def word(at):
    return at // 4 * 0x9e3779b1 & M32


def load(address, size):
    """What the page holds at an address: words that are multiples of a constant."""
    if address + size > SIZE:
        raise Trap
    data = b"".join(word(w).to_bytes(4, "little")
                    for w in range(address // 4 * 4, address + size, 4))
    return int.from_bytes(data[address % 4:address % 4 + size], "little")


def const(k):
    return f"(i32.const {k if k < 2**31 else k - 2**32})"


def access(op, address, offset):
    text = f"({op} offset={offset} {address})"
    return f"(i32.wrap_i64 {text})" if op.startswith("i64") else text


HEAD = """(module (memory 1) (global $n (mut i32) (i32.const 0))
  (func $fill (local i32)
    (loop (i32.store (local.get 0) (i32.mul (i32.shr_u (local.get 0) (i32.const 2))
                                            (i32.const 0x9e3779b1)))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 4)))
                         (i32.const 65536)))))
  (start $fill)
  (func (export "n") (result i32) (global.get $n))
"""


class Script:
    def __init__(self):
        self.functions, self.asserts = [], []

    def add(self, body, cases):
        """A function of an i32, and for each argument what it returns or how far it gets."""
        name = f"f{len(self.functions)}"
        self.functions.append(f'  (func (export "{name}") (param $p i32) (result i32)'
                              ' (local $s i32) (local $i i32) (local $j i32) (local $e i32)\n'
                              f'{body})\n')
        for p, result, n in cases:
            call = f'(invoke "{name}" {const(p)})'
            if result is None:
                self.asserts.append(f'(assert_trap {call} "out of bounds memory access")\n')
            else:
                self.asserts.append(f"(assert_return {call} {const(result)})\n")
            if n is not None:
                self.asserts.append(f'(assert_return (invoke "n") {const(n)})\n')

    def write(self, path):
        with open(path, "w") as f:
            f.write(HEAD + "".join(self.functions) + ")\n" + "".join(self.asserts))


# ---- straight lines --------------------------------------------------------------------------

def line(rng, script):
    """Loads relative to one pointer; now and then something that can be seen between them."""
    near = rng.random() < 0.7
    steps, body = [], "    (global.set $n (i32.const 0))\n"
    for i in range(rng.randint(1, 6)):
        op = rng.choice(list(LOADS))
        k = rng.choice([-64, -16, -8, -4, 0, 4, 8, 16, 60]) if near else rng.choice(CONSTANTS)
        offset = rng.choice([0, 0, 0, 8]) if near else rng.choice(OFFSETS)
        address = "(local.get $p)" if k == 0 else f"(i32.add (local.get $p) {const(k)})"
        body += f"    (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3))\n" \
                f"      {access(op, address, offset)}))\n"
        seen = rng.random() < 0.4
        if seen:
            body += f"    (global.set $n (i32.const {i + 1}))\n"
        steps.append((LOADS[op], k, offset, i + 1 if seen else None))

    def model(p):
        s, n = 0, 0
        try:
            for size, k, offset, seen in steps:
                s = s * 3 + load((p + k & M32) + offset, size) & M32
                n = n if seen is None else seen
        except Trap:
            return p, None, n
        return p, s, n
    script.add(body + "    (local.get $s)", [model(p) for p in POINTERS])


# ---- loops -----------------------------------------------------------------------------------

def signed(x):
    return x - 2**32 if x >= 2**31 else x


COMPARES = {
    "ne": lambda a, b: a != b, "lt_u": lambda a, b: a < b, "gt_u": lambda a, b: a > b,
    "le_u": lambda a, b: a <= b, "ge_u": lambda a, b: a >= b,
    "lt_s": lambda a, b: signed(a) < signed(b), "gt_s": lambda a, b: signed(a) > signed(b),
    "le_s": lambda a, b: signed(a) <= signed(b), "ge_s": lambda a, b: signed(a) >= signed(b),
}
STARTS = [0, 1, 4, 8, 64, 1000, 65532, 2**31 - 16, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 4,
          2**32 - 16, 2**32 - 64, 2**32 - 4096, 2**32 - 65536]
STEPS = [1, -1, 2, 3, 4, -4, 8, -8, 12, 16, -16, 4096, 2**30, -2**30, -2**31]
ENDS = STARTS + [2, 12, 16, 100, 2**32 - 8, 2**32 - 12]
MASKS = [0, 3, 7, 8, 0xfff, 0xfffc, 2**32 - 8]
ROUNDS = 40


def loop(rng, script):
    """i goes from a start by a step while a compare holds, tested at the end or at the beginning;
    the start is a constant or a part of the parameter; loads are relative to i, or i scaled. Some
    load only where it is in bounds, so that they get further than the first round out of them. A
    global counts rounds, so that each loop ends."""
    start, step, end = rng.choice(STARTS), rng.choice(STEPS), rng.choice(ENDS)
    if rng.random() < 0.4:          # an end that is met, or just missed
        end = start + step * rng.choice([0, 1, 2, 7]) + rng.choice([0, 0, 0, 1, -1]) & M32
    op, mask = rng.choice(list(COMPARES)), rng.choice([0, 0, 0] + MASKS)
    first, after, outer = rng.random() < 0.4, rng.random() < 0.6, rng.random() < 0.3
    shift, k, by = rng.choice([0, 0, 1, 2, 3]), rng.choice(CONSTANTS), rng.choice([0, 4, -4, 64])
    offset, size = rng.choice([0, 0, 0, 4, 65532]), 4
    leaps = rng.random() < 0.4      # i goes far, and i scaled but a little
    if leaps:
        shift = rng.choice([1, 2, 3])
        start, step = rng.choice([0, 4, 100]), rng.choice([1, -1]) << 32 - shift
        step = (step + rng.choice([0, 1, 2, -1]) + 2**31) % 2**32 - 2**31
        end = start + step * rng.choice([0, 1, 2]) + rng.choice([0, 1, -1, 4]) & M32
        mask, offset, k = mask & 15, 0, 400
    elif rng.random() < 0.8:        # so that the first, the last or the one before wraps into place
        near = start + step * rng.choice([0, 0, 1, 2, 3]) if rng.random() < 0.5 else end
        k = rng.choice([0, 0, 4, 60, 65000]) - (near << shift) - offset & M32
    start_text = const(start) if not mask else \
        f"(i32.add (i32.and (local.get $p) {const(mask)}) {const(start)})"
    shown = "(i32.add (local.get $i) (local.get $j))" if outer else "(local.get $i)"
    at = f"(i32.add (i32.shl {shown} (i32.const {shift})) {const(k)})"
    limit = "(local.get $e)" if rng.random() < 0.2 else const(end)
    test = f"(i32.{op} (local.get $i) {limit})"
    if rng.random() < 0.2:
        test = f"(i32.eqz (i32.eqz {test}))"
    use = f"(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) " \
          f"{access('i32.load', at, offset)}))"
    guarded = not leaps and rng.random() < 0.6
    if guarded:
        use = f"(if (i32.lt_u {at} {const(max(SIZE - 8 - offset, 0))}) (then {use}))"
    use += " (global.set $n (i32.add (global.get $n) (i32.const 1)))" \
           f" (br_if $x (i32.gt_u (global.get $n) {const(ROUNDS)}))"
    bump = f"(local.set $i (i32.add (local.get $i) {const(step & M32)}))"
    if first:
        inner = f"(loop (br_if $x (i32.eqz {test})) {use} {bump} (br 0))"
    elif after:
        inner = f"(loop {use} {bump} (br_if 0 {test}))"
    else:       # the compare looks at i as it was
        inner = f"(loop {use} (local.set $p {test}) {bump} (br_if 0 (local.get $p)))"
    rounds = 1 + 2 * outer

    def model(p):
        s = j = 0
        count = 0
        arg = p
        try:
            for _ in range(rounds):
                i = (p & mask) + start & M32
                while not first or COMPARES[op](i, end):
                    to = (i + j << shift) + k & M32
                    if not guarded or to < max(SIZE - 8 - offset, 0):
                        s = s * 3 + load(to + offset, size) & M32
                    count += 1
                    if count > ROUNDS:
                        break
                    old, i = i, i + step & M32
                    if not first:
                        p = p if after else int(COMPARES[op](old, end))
                        if not COMPARES[op](i if after else old, end):
                            break
                j = j + by & M32
        except Trap:
            return arg, None, None
        return arg, s, None
    cases = [model(p) for p in ([0, 3, 9, 4095, M32] if mask else [0])]
    body = f"(local.set $i {start_text}) (block $x {inner})"
    if limit != const(end):         # it is another one in the end
        body = f"(local.set $e {const(end)}) {body}"
    if outer:
        body = f"(loop $o {body} (local.set $j (i32.add (local.get $j) {const(by & M32)}))\n" \
               f"      (br_if $o (i32.ne (local.get $j) {const(by * rounds & M32)})))" if by else ""
    if body:
        script.add(f"    (global.set $n (i32.const 0))\n    {body}\n    (local.get $s)", cases)


def main():
    rng = random.Random(1)
    for name, make, count in (("addresses", line, 400), ("loops", loop, 3000)):
        script = Script()
        for _ in range(count):
            make(rng, script)
        script.write(os.path.join(sys.argv[1], name + ".wast"))


main()

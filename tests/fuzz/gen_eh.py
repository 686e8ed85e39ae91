#!/usr/bin/env python3
"""Modules of gen.py with exceptions (the legacy instructions, which node has), tail calls and atomic
operations in them.

  gen_eh.py SEED OUT.wasm
"""
import random, sys
import gen
from gen import I32, I64, F32, F64, TYPES, leb, sleb, vec, section

# type -> (log2 of the width, load, store, first of add sub and or xor xchg cmpxchg, which are 7 apart)
ATOMIC = {I32: [(2, 0), (0, 2), (1, 3)], I64: [(3, 1), (0, 4), (1, 5), (2, 6)]}


class Module(gen.Module):
    def __init__(self, rng):
        super().__init__(rng)
        # few result lists, so that tail calls find callees
        pool = [self.some(rng.choice([1, 1, 3, 12])) for _ in range(2)]
        for k in range(5, len(self.sigs)):
            self.sigs[k] = (self.sigs[k][0], rng.choice(pool))
        if rng.random() < 0.7:
            for _ in range(rng.randint(1, 3)):
                self.sigs.append((self.some(rng.choice([0, 3, 12])), rng.choice(pool)))
        self.table = [rng.randrange(5, len(self.sigs)) for _ in range(8)]
        self.tags = [self.some(n) for n in (0, 1, 3, 9)]

    def bytes(self):
        tags = vec([b'\x00' + leb(self.type(t, ())) for t in self.tags])
        made = super().bytes()
        # between the memory section and the globals
        at = 8
        while made[at] != 6:
            n, k = 0, 0
            while True:
                n |= (made[at + 1 + k] & 127) << 7 * k
                k += 1
                if made[at + k] < 128:
                    break
            at += 1 + k + n
        return made[:at] + section(13, tags) + made[at:]


class Function(gen.Function):
    def __init__(self, m, index):
        super().__init__(m, index)
        self.handlers = []              # len(labels) inside of each catch around us

    def stmt(self, depth):
        r = self.rng
        k = r.random()
        if k < 0.12 and depth < 5:
            return self.try_(depth)
        if k < 0.15:
            return self.condition(2) + b'\x04\x40' + self.inside([], lambda: self.leave()) + b'\x0b'
        if k < 0.17:
            return self.atomic_store()
        return super().stmt(depth)

    def expr(self, t, depth):
        if depth > 0 and self.budget > 0 and t in ATOMIC and self.rng.random() < 0.03:
            return self.atomic(t, depth)
        return super().expr(t, depth)

    # ---- exceptions and tail calls
    def leave(self):
        """throw, rethrow or a tail call: nothing runs after it"""
        r = self.rng
        k = r.random()
        if k < 0.25 and self.handlers:
            return b'\x09' + leb(len(self.labels) - r.choice(self.handlers))
        if k < 0.6:
            tag = r.randrange(len(self.m.tags))
            return self.arguments(self.m.tags[tag], 2) + b'\x08' + leb(tag)
        same = [f for f in range(5, len(self.m.sigs)) if self.m.sigs[f][1] == self.results]
        slots = [k for k, f in enumerate(self.m.table) if f in same]
        if slots and r.random() < 0.4:
            s = r.choice(slots)
            p, res = self.m.sigs[self.m.table[s]]
            return self.arguments(p, 2) + b'\x41' + sleb(s, 32) + b'\x13' + leb(self.m.type(p, res)) + b'\x00'
        f = r.choice(same)
        return self.arguments(self.m.sigs[f][0], 2) + b'\x12' + leb(f)

    def try_(self, depth):
        r = self.rng
        p = self.some(3) if r.random() < 0.3 else ()
        q = self.some(6) if r.random() < 0.5 else ()
        bt = b'\x40' if not p and not q else sleb(self.m.type(p, q), 33)
        code = self.arguments(p, 2) + b'\x06' + bt

        def body():
            inner = self.assign(p) + self.stmts(depth + 1)
            if r.random() < 0.6:
                call, res = self.invoke(3)
                inner += call + self.assign(res)
            return inner + self.arguments(q, 2)
        code += self.inside(q, body)
        if r.random() < 0.15:
            return code + b'\x18' + leb(r.randrange(len(self.labels))) + self.assign(q)
        for tag in r.sample(range(len(self.m.tags)), r.randint(0, 3)):
            code += b'\x07' + leb(tag) + self.inside(q, lambda: self.handler(self.m.tags[tag], q, depth))
        if r.random() < 0.5:
            code += b'\x19' + self.inside(q, lambda: self.handler((), q, depth))
        return code + b'\x0b' + self.assign(q)

    def handler(self, carried, q, depth):
        self.handlers.append(len(self.labels))
        code = self.assign(carried) + self.stmts(depth + 1) + self.arguments(q, 2)
        self.handlers.pop()
        return code

    # ---- atomics
    def aligned(self):
        if self.rng.random() < 0.02:
            return self.address(1)
        return self.expr(I32, 1) + b'\x41' + sleb(0xfff8, 32) + b'\x71'

    def atomic(self, t, depth):
        r = self.rng
        log2, k = r.choice(ATOMIC[t])
        arg = leb(log2) + leb(r.choice([0, 0, 8, 64, 1 << 16]))
        op = r.randrange(8)
        self.budget -= 2
        if op == 7:
            return self.aligned() + b'\xfe' + leb(0x10 + k) + arg
        operands = b''.join(self.expr(t, depth - 1) for _ in range(2 if op == 6 else 1))
        return self.aligned() + operands + b'\xfe' + leb(0x1e + 7 * op + k) + arg

    def atomic_store(self):
        t = self.rng.choice([I32, I64])
        log2, k = self.rng.choice(ATOMIC[t])
        return self.aligned() + self.expr(t, 2) + b'\xfe' + leb(0x17 + k) + leb(log2) + leb(self.rng.choice([0, 8]))


def module(rng):
    plain, gen.Function = gen.Function, Function    # what gen.Module makes its bodies of
    try:
        return Module(rng).bytes()
    finally:
        gen.Function = plain


if __name__ == '__main__':
    with open(sys.argv[2], 'wb') as out:
        out.write(module(random.Random(int(sys.argv[1]))))

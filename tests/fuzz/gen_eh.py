#!/usr/bin/env python3
"""Modules of gen.py with exceptions, tail calls and atomic operations in them. Node has the legacy
exception instructions only, so a module comes in two forms that do the same: `legacy` with those,
`standard` with try_table. The form `delegate` is a legacy one that has no twin.

  gen_eh.py SEED OUT.wasm FORM
"""
import random, sys
import gen
from gen import I32, I64, F32, F64, TYPES, leb, sleb, vec, section

# type -> (log2 of the width, load, store, first of add sub and or xor xchg cmpxchg, which are 7
# apart)
ATOMIC = {I32: [(2, 0), (0, 2), (1, 3)], I64: [(3, 1), (0, 4), (1, 5), (2, 6)]}


EXNREF = 0x69


class Module(gen.Module):
    def __init__(self, rng, form):
        super().__init__(rng)
        self.standard, self.delegates = form == 'standard', form == 'delegate'
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
        self.handlers = []              # the catches around us

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
            h = r.choice(self.handlers)
            h.used = True
            if self.m.standard:
                return b'\x20' + leb(h.local) + b'\x0a'
            return b'\x09' + leb(len(self.labels) - h.labels)
        if k < 0.6:
            tag = r.randrange(len(self.m.tags))
            return self.arguments(self.m.tags[tag], 2) + b'\x08' + leb(tag)
        same = [f for f in range(5, len(self.m.sigs)) if self.m.sigs[f][1] == self.results]
        slots = [k for k, f in enumerate(self.m.table) if f in same]
        if slots and r.random() < 0.4:
            s = r.choice(slots)
            p, res = self.m.sigs[self.m.table[s]]
            return (self.arguments(p, 2) + b'\x41' + sleb(s, 32) + b'\x13'
                    + leb(self.m.type(p, res)) + b'\x00')
        f = r.choice(same)
        return self.arguments(self.m.sigs[f][0], 2) + b'\x12' + leb(f)

    def try_(self, depth):
        r = self.rng
        p = self.some(3) if r.random() < 0.3 else ()
        q = self.some(6) if r.random() < 0.5 else ()
        tags = r.sample(range(len(self.m.tags)), r.randint(0, 3))
        if r.random() < 0.5:
            tags.append(None)           # catch_all
        n = len(tags)
        code = self.arguments(p, 2)

        def body():
            inner = self.assign(p) + self.stmts(depth + 1)
            if r.random() < 0.6:
                call, res = self.invoke(3)
                inner += call + self.assign(res)
            return inner + self.arguments(q, 2)
        if not self.m.standard:
            code += b'\x06' + self.block_type(p, q) + self.inside(q, body)
            if self.m.delegates and r.random() < 0.2:
                return code + b'\x18' + leb(r.randrange(len(self.labels))) + self.assign(q)
            for tag in tags:
                code += b'\x19' if tag is None else b'\x07' + leb(tag)
                code += self.handler(Handler(self, tag), q, depth, [q])
            return code + b'\x0b' + self.assign(q)
        self.labels += [None] * (n + (n > 0))
        inner = self.inside(q, body)
        del self.labels[len(self.labels) - n - (n > 0):]
        handlers = [Handler(self, tag) for tag in tags]
        texts = [self.handler(h, q, depth, [q] + [None] * (n - 1 - i))
                 for i, h in enumerate(handlers)]
        clauses = [bytes([(2 if h.tag is None else 0) + h.used])
                   + (b'' if h.tag is None else leb(h.tag)) + leb(i)
                   for i, h in enumerate(handlers)]
        if n:
            code += b'\x02' + self.block_type(p, q)
        for h in reversed(handlers):
            code += b'\x02' + self.block_type(p, h.carried + ((EXNREF,) if h.used else ()))
        code += b'\x1f' + self.block_type(p, q) + vec(clauses) + inner + b'\x0b'
        for i, h in enumerate(handlers):
            code += b'\x0c' + leb(n - i) + b'\x0b'
            code += (b'\x21' + leb(h.local) if h.used else b'') + texts[i]
        return code + (b'\x0b' if n else b'') + self.assign(q)

    def block_type(self, p, q):
        return b'\x40' if not p and not q else sleb(self.m.type(p, q), 33)

    def handler(self, h, q, depth, labels):
        self.labels += labels
        h.labels = len(self.labels)
        self.handlers.append(h)
        code = self.assign(h.carried) + self.stmts(depth + 1) + self.arguments(q, 2)
        self.handlers.pop()
        del self.labels[len(self.labels) - len(labels):]
        return code

    def branch(self):
        real = [i for i, t in enumerate(self.labels) if t is not None]
        i = real[-1 - self.rng.randrange(len(real))]
        code = self.arguments(self.labels[i], 2) + self.condition(2)
        return code + b'\x0d' + leb(len(self.labels) - 1 - i) + b'\x1a' * len(self.labels[i])

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
        return (self.aligned() + self.expr(t, 2) + b'\xfe' + leb(0x17 + k) + leb(log2)
                + leb(self.rng.choice([0, 8])))


class Handler:
    def __init__(self, f, tag):
        self.tag, self.used = tag, False        # used: its exception is thrown on by name
        self.carried = f.m.tags[tag] if tag is not None else ()
        self.local = f.temp(EXNREF) if f.m.standard else None


def module(rng, form):
    plain, gen.Function = gen.Function, Function    # what gen.Module makes its bodies of
    try:
        return Module(rng, form).bytes()
    finally:
        gen.Function = plain


if __name__ == '__main__':
    with open(sys.argv[2], 'wb') as out:
        out.write(module(random.Random(int(sys.argv[1])), sys.argv[3]))

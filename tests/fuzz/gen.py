#!/usr/bin/env python3
"""Random wasm modules that press on the register allocator: many values alive at once, loops in
loops, blocks with parameters and results, br_table with values, calls with many arguments and
results of all types. Functions end: each loop and each call burns fuel, which the export
hangLimitInitializer sets. What a NaN looks like never shows: floats that are stored or
reinterpreted are cleaned of it first.

  gen.py SEED OUT.wasm
"""
import random, struct, sys

I32, I64, F32, F64 = 0x7f, 0x7e, 0x7d, 0x7c
TYPES = [I32, I64, F32, F64]
INTERESTING = [0, 1, 2, 3, 5, 8, 9, 31, 32, 63, 64, 127, 128, 255, 256, 65535, 65536, 0x7fffffff,
               0x80000000, 0xffffffff,
               0x7fffffffffffffff, 0x8000000000000000, 0xffffffff00000000, 0xffffffff80000000,
               0x80000001]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, 1e10, -3e9, 2147483648.0, 4294967296.0, 9.3e18,
          1.9e19, 1e-40, 3.25]
UN = {I32: [0x67, 0x68, 0x69, 0xc0, 0xc1, 0x45], I64: [0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4],
      F32: list(range(0x8b, 0x92)), F64: list(range(0x99, 0xa0))}
BIN = {I32: [0x6a, 0x6b, 0x6c] * 2 + list(range(0x71, 0x79)),
       I64: [0x7c, 0x7d, 0x7e] * 2 + list(range(0x83, 0x8b)),
       F32: list(range(0x92, 0x99)), F64: list(range(0xa0, 0xa7))}
DIV = {I32: [0x6d, 0x6e, 0x6f, 0x70], I64: [0x7f, 0x80, 0x81, 0x82]}
CMP = {I32: list(range(0x46, 0x50)), I64: list(range(0x51, 0x5b)), F32: list(range(0x5b, 0x61)),
       F64: list(range(0x61, 0x67))}
# result type -> (operand type, opcode bytes)
CONV = {I32: [(I64, b'\xa7'), (I64, b'\x50'), (F32, b'\xfc\x00'), (F32, b'\xfc\x01'),
              (F64, b'\xfc\x02'), (F64, b'\xfc\x03')],
        I64: [(I32, b'\xac'), (I32, b'\xad'), (I32, b'\xac'), (I32, b'\xad'), (F32, b'\xfc\x04'),
              (F32, b'\xfc\x05'),
              (F64, b'\xfc\x06'), (F64, b'\xfc\x07')],
        F32: [(I32, b'\xb2'), (I32, b'\xb3'), (I64, b'\xb4'), (I64, b'\xb5'), (F64, b'\xb6'),
              (I32, b'\xbe')],
        F64: [(I32, b'\xb7'), (I32, b'\xb8'), (I64, b'\xb9'), (I64, b'\xba'), (F32, b'\xbb'),
              (I64, b'\xbf')]}
TRUNC = {I32: [(F32, b'\xa8'), (F32, b'\xa9'), (F64, b'\xaa'), (F64, b'\xab')],
         I64: [(F32, b'\xae'), (F32, b'\xaf'), (F64, b'\xb0'), (F64, b'\xb1')]}
LOAD = {I32: [0x28, 0x28, 0x28, 0x2c, 0x2d, 0x2e, 0x2f],
        I64: [0x29, 0x29, 0x29] + list(range(0x30, 0x36)), F32: [0x2a],
        F64: [0x2b]}
STORE = {I32: [0x36, 0x3a, 0x3b], I64: [0x37, 0x3c, 0x3d, 0x3e], F32: [0x38], F64: [0x39]}


def leb(v):
    out = b''
    while True:
        b, v = v & 127, v >> 7
        if not v:
            return out + bytes([b])
        out += bytes([b | 128])


def sleb(v, bits):
    v &= (1 << bits) - 1
    if v >> (bits - 1):
        v -= 1 << bits
    out = b''
    while True:
        b, v = v & 127, v >> 7
        if (v == 0 and not b & 64) or (v == -1 and b & 64):
            return out + bytes([b])
        out += bytes([b | 128])


def vec(items):
    return leb(len(items)) + b''.join(items)


def section(n, body):
    return bytes([n]) + leb(len(body)) + body


def name(s):
    return leb(len(s)) + s.encode()


class Module:
    def __init__(self, rng):
        self.rng = rng
        self.types = []
        self.small = rng.random() < 0.5
        self.pressure = rng.choice([1, 2, 3, 6] if self.small else [3, 6, 12, 20])
        self.imports = [('log-i32', (I32,), ()), ('log-i64', (I64,), ()), ('log-f32', (F32,), ()),
                        ('log-f64', (F64,), ()), ('mix', (I32, I64), (I32,))]
        n = rng.randint(1, 2) if self.small else rng.randint(2, 7)
        self.sigs = [(p, r) for _, p, r in self.imports]
        for _ in range(n):
            most = [1, 2, 5] if self.small else [2, 5, 9, 16]
            self.sigs.append((self.some(rng.choice(most)), self.some(rng.choice([1, 1, 2, 5, 12]))))
        self.globals = [I32] + [rng.choice(TYPES) for _ in range(rng.randint(1, 8))]
        self.table = [rng.randrange(5, len(self.sigs)) for _ in range(8)]

    def some(self, most):
        return tuple(self.rng.choice(TYPES) for _ in range(self.rng.randint(0, most)))

    def type(self, params, results):
        t = (tuple(params), tuple(results))
        if t not in self.types:
            self.types.append(t)
        return self.types.index(t)

    def bytes(self):
        first = len(self.imports)
        bodies = [Function(self, k).bytes() for k in range(first, len(self.sigs))]
        fuel = leb(0) + b'\x41' + sleb(600, 32) + b'\x24\x00\x0b'
        bodies.append(leb(len(fuel)) + fuel)
        idx = [self.type(p, r) for p, r in self.sigs] + [self.type((), ())]
        imports = [name('env') + name(s) + b'\x00' + leb(idx[k])
                   for k, (s, _, _) in enumerate(self.imports)]
        init = {I32: b'\x41\x07\x0b', I64: b'\x42\x09\x0b',
                F32: b'\x43' + struct.pack('<f', 1.5) + b'\x0b',
                F64: b'\x44' + struct.pack('<d', 2.5) + b'\x0b'}
        exports = [name(f'f{k}') + b'\x00' + leb(k) for k in range(first, len(self.sigs))]
        exports.append(name('hangLimitInitializer') + b'\x00' + leb(len(self.sigs)))
        exports.append(name('memory') + b'\x02\x00')
        exports += [name(f'g{k}') + b'\x03' + leb(k) for k in range(1, len(self.globals))]
        types = [b'\x60' + vec([bytes([x]) for x in p]) + vec([bytes([x]) for x in r])
                 for p, r in self.types]
        data = bytes(self.rng.randrange(256) for _ in range(256))
        return (b'\0asm\1\0\0\0' + section(1, vec(types)) + section(2, vec(imports))
                + section(3, vec([leb(k) for k in idx[first:]]))
                + section(4, vec([b'\x70\x00\x08']))
                + section(5, vec([b'\x01\x01\x02']))
                + section(6, vec([bytes([t, 1]) + init[t] for t in self.globals]))
                + section(7, vec(exports))
                + section(9, vec([b'\x00\x41\x00\x0b' + vec([leb(f) for f in self.table])]))
                + section(10, vec(bodies))
                + section(11, vec([b'\x00\x41\x00\x0b' + leb(256) + data])))


class Function:
    def __init__(self, m, index):
        self.m, self.rng, self.index = m, m.rng, index
        self.params, self.results = m.sigs[index]
        self.locals = [self.rng.choice(TYPES) for _ in range(self.rng.randint(1, m.pressure))]
        for t in TYPES:
            if t not in self.locals:
                self.locals.append(t)
        self.vars = list(self.params) + self.locals
        self.extra = []                 # loop counters and temporaries: never chosen at random
        self.labels = [self.results]    # innermost last: types that a branch carries
        self.budget = self.rng.choice([8, 15, 30, 50] if m.small else [30, 100, 300, 700])

    def bytes(self):
        code = self.fuel() + self.stmts(0)
        for t in self.results:
            code += self.sum(t) if self.rng.random() < 0.5 else self.expr(t, 3)
        code += b'\x0b'
        decls = [leb(1) + bytes([t]) for t in self.locals + self.extra]
        body = vec(decls) + code
        return leb(len(body)) + body

    # ---- helpers
    def temp(self, t):
        self.extra.append(t)
        return len(self.vars) + len(self.extra) - 1

    def fuel(self):
        return b'\x23\x00\x45\x04\x40\x00\x0b\x23\x00\x41\x01\x6b\x24\x00'

    def pick(self, t):
        c = [k for k, x in enumerate(self.vars) if x == t]
        return self.rng.choice(c)

    def get(self, t):
        return b'\x20' + leb(self.pick(t))

    def const(self, t):
        r = self.rng
        v = (r.choice(INTERESTING) if r.random() < 0.5 else r.randint(-200, 200)
             if r.random() < 0.8 else r.getrandbits(64))
        if t == I32:
            return b'\x41' + sleb(v, 32)
        if t == I64:
            return b'\x42' + sleb(v, 64)
        f = r.choice(FLOATS) if r.random() < 0.6 else float(r.randint(-99999, 99999)) / 8
        return b'\x43' + struct.pack('<f', f) if t == F32 else b'\x44' + struct.pack('<d', f)

    def clean(self, t, code):
        """a float that is not NaN"""
        if t not in (F32, F64):
            return code
        k = leb(self.temp(t))
        return (code + b'\x22' + k + self.const(t) + b'\x20' + k + b'\x20' + k
                + (b'\x5b' if t == F32 else b'\x61') + b'\x1b')

    def sum(self, t):
        """all variables of a type at once"""
        op = {I32: 0x6a, I64: 0x7c, F32: 0x92, F64: 0xa0}[t]
        code = self.const(t)
        for k, x in enumerate(self.vars):
            if x == t:
                code += b'\x20' + leb(k) + bytes([op])
        return code

    def address(self, depth):
        if self.rng.random() < 0.03:
            return self.expr(I32, depth)
        return (self.expr(I32, depth) + b'\x41'
                + sleb(self.rng.choice([0xfff8, 0xf8, 0x3c, 0xfff0]), 32) + b'\x71')

    def memarg(self):
        return (b'\x00' + leb(self.rng.choice([0, 0, 0, 1, 4, 7, 8, 100, 65000]
                                              + [0x80000000] * (self.rng.random() < 0.02))))

    # ---- expressions
    def expr(self, t, depth):
        r = self.rng
        self.budget -= 1
        if depth <= 0 or self.budget < 0:
            return self.get(t) if r.random() < 0.75 else self.const(t)
        k = r.random()
        if k < 0.15:
            return self.get(t)
        if k < 0.22:
            return self.const(t)
        if k < 0.50:
            return self.expr(t, depth - 1) + self.expr(t, depth - 1) + self.binary(t)
        if k < 0.57:
            return self.expr(t, depth - 1) + bytes([r.choice(UN[t])])
        if k < 0.64 and t == I32:
            x = r.choice(TYPES)
            return self.expr(x, depth - 1) + self.expr(x, depth - 1) + bytes([r.choice(CMP[x])])
        if k < 0.70:
            x, op = r.choice(CONV[t])
            return self.expr(x, depth - 1) + op
        if k < 0.72 and t in (I32, I64):
            x = F32 if t == I32 else F64
            return self.clean(x, self.expr(x, depth - 1)) + (b'\xbc' if t == I32 else b'\xbd')
        if k < 0.73 and t in TRUNC:
            x, op = r.choice(TRUNC[t])
            return self.expr(x, depth - 1) + op
        if k < 0.76 and t in DIV:
            d = self.expr(t, depth - 1)
            if r.random() < 0.9:
                d += (b'\x41\x01\x72' if t == I32 else b'\x42\x01\x84')
            return self.expr(t, depth - 1) + d + bytes([r.choice(DIV[t])])
        if k < 0.84:
            return self.address(depth - 1) + bytes([r.choice(LOAD[t])]) + self.memarg()
        if k < 0.89:
            return (self.expr(t, depth - 1) + self.expr(t, depth - 1) + self.condition(depth - 1)
                    + b'\x1b')
        if k < 0.92:
            return self.condition(depth - 1) + b'\x04' + bytes([t]) \
                + self.inside([t], lambda: self.expr(t, depth - 1)) \
                + b'\x05' + self.inside([t], lambda: self.expr(t, depth - 1)) + b'\x0b'
        if k < 0.94:
            return (b'\x02' + bytes([t])
                    + self.inside([t], lambda: self.stmts(depth + 2) + self.expr(t, depth - 1))
                    + b'\x0b')
        if k < 0.96:
            return self.expr(t, depth - 1) + b'\x22' + leb(self.pick(t))
        if k < 0.97:
            g = [i for i, x in enumerate(self.m.globals) if x == t and i]
            return b'\x23' + leb(r.choice(g)) if g else self.get(t)
        if k < 0.98 and t == I32:
            return b'\x3f\x00' if r.random() < 0.7 else b'\x41\x01\x40\x00'
        return self.call(t, depth)

    def condition(self, depth):
        return self.expr(I32, depth)

    def binary(self, t):
        op = self.rng.choice(BIN[t])
        if op in (0x98, 0xa6):      # copysign would show the sign of a NaN
            return self.clean_top(t) + bytes([op])
        return bytes([op])

    def clean_top(self, t):
        return self.clean(t, b'')

    def inside(self, types, make):
        self.labels.append(tuple(types))
        code = make()
        self.labels.pop()
        return code

    def arguments(self, types, depth):
        return b''.join(self.expr(t, min(depth, 2)) for t in types)

    def invoke(self, depth):
        """(code, result types) of some call"""
        r = self.rng
        self.budget -= 5
        if r.random() < 0.3:
            f = r.choice(self.m.table)
            p, res = self.m.sigs[f]
            slots = [k for k, x in enumerate(self.m.table) if self.m.sigs[x] == (p, res)]
            at = b'\x41' + sleb(r.choice(slots), 32) if r.random() < 0.97 else self.expr(I32, 1)
            return (self.arguments(p, depth - 1) + at + b'\x11' + leb(self.m.type(p, res))
                    + b'\x00', res)
        f = r.choice([4] + list(range(5, len(self.m.sigs))) * 2)
        p, res = self.m.sigs[f]
        return self.arguments(p, depth - 1) + b'\x10' + leb(f), res

    def call(self, t, depth):
        code, res = self.invoke(depth)
        if t not in res:
            return code + b'\x1a' * len(res) + self.get(t)
        k = leb(self.temp(t))
        at = self.rng.choice([i for i, x in enumerate(res) if x == t])
        for i in reversed(range(len(res))):
            code += b'\x21' + k if i == at else b'\x1a'
        return code + b'\x20' + k

    # ---- statements
    def stmts(self, depth):
        code = b''
        for _ in range(self.rng.randint(1, 6)):
            if self.budget < 0:
                break
            code += self.stmt(depth)
        return code

    def assign(self, types):
        """pops values of these types into variables"""
        code = b''
        for t in reversed(types):
            code += b'\x21' + leb(self.pick(t)) if self.rng.random() < 0.8 else b'\x1a'
        return code

    def stmt(self, depth):
        r = self.rng
        self.budget -= 1
        t = r.choice(TYPES)
        k = r.random()
        if k < 0.28 or depth > 5:
            return self.expr(t, 4) + b'\x21' + leb(self.pick(t))
        if k < 0.38:
            return (self.address(2) + self.clean(t, self.expr(t, 3)) + bytes([r.choice(STORE[t])])
                    + self.memarg())
        if k < 0.42:
            g = r.randrange(1, len(self.m.globals))
            return self.expr(self.m.globals[g], 3) + b'\x24' + leb(g)
        if k < 0.45:
            f = TYPES.index(t)
            return self.expr(t, 2) + b'\x10' + leb(f)
        if k < 0.53:
            code, res = self.invoke(3)
            return code + self.assign(res)
        if k < 0.63:
            code = self.condition(3) + b'\x04\x40' + self.inside([], lambda: self.stmts(depth + 1))
            if r.random() < 0.5:
                code += b'\x05' + self.inside([], lambda: self.stmts(depth + 1))
            return code + b'\x0b'
        if k < 0.74:
            return self.loop(depth)
        if k < 0.82:
            return self.block(depth)
        if k < 0.90:
            return self.switch(depth)
        if k < 0.96:
            return self.branch()
        if k < 0.98:
            n = b'\x41' + sleb(r.choice([0, 1, 7, 16, 33, 100]), 32)
            if r.random() < 0.5:
                return self.address(1) + self.address(1) + n + b'\xfc\x0a\x00\x00'
            return self.address(1) + self.expr(I32, 1) + n + b'\xfc\x0b\x00'
        return (self.condition(2) + b'\x04\x40'
                + self.inside([], lambda: self.arguments(self.results, 1)) + b'\x0f\x0b')

    def loop(self, depth):
        """a counted loop, perhaps with parameters and results"""
        r = self.rng
        n = leb(self.temp(I32))
        p = self.m.rng.choice([(), (), self.some(4)])
        code = self.arguments(p, 2) + b'\x41' + sleb(r.randint(1, 6), 32) + b'\x21' + n
        head = b'\x03' + (b'\x40' if not p else sleb(self.m.type(p, p), 33))
        body = self.inside(p, lambda: self.fuel() + self.assign(p) + self.stmts(depth + 1)
                           + self.arguments(p, 2)
                           + b'\x20' + n + b'\x41\x01\x6b\x22' + n + b'\x0d\x00')
        return code + head + body + b'\x0b' + self.assign(p)

    def some(self, most):
        return tuple(self.rng.choice(TYPES) for _ in range(self.rng.randint(1, most)))

    def block(self, depth):
        p, q = self.some(3), self.some(6)
        code = self.arguments(p, 2) + b'\x02' + sleb(self.m.type(p, q), 33)
        body = self.inside(q, lambda: self.assign(p) + self.stmts(depth + 1) + self.arguments(q, 2))
        return code + body + b'\x0b' + self.assign(q)

    def switch(self, depth):
        """nested blocks that carry values, and a br_table into them"""
        r = self.rng
        q = self.some(5) if r.random() < 0.6 else ()
        n = r.randint(1, 5)
        bt = b'\x40' if not q else sleb(self.m.type((), q), 33)
        code = b''
        for _ in range(n):
            code += b'\x02' + bt
            self.labels.append(q)
        code += (self.arguments(q, 2) + self.condition(2) + b'\x0e'
                 + vec([leb(r.randrange(n)) for _ in range(r.randint(0, 8))]))
        code += leb(r.randrange(n))
        for _ in range(n):
            self.labels.pop()
            code += b'\x0b' + self.assign(q) + self.stmts(depth + 1) + self.arguments(q, 2)
        return code + self.assign(q)

    def branch(self):
        """br_if to an outer block (loops would not end: their labels carry what they take, fuel
        ends them)"""
        k = self.rng.randrange(len(self.labels))
        types = self.labels[-1 - k]
        code = self.arguments(types, 2) + self.condition(2)
        return code + b'\x0d' + leb(k) + b'\x1a' * len(types)


def module(rng):
    return Module(rng).bytes()


if __name__ == '__main__':
    with open(sys.argv[2], 'wb') as out:
        out.write(module(random.Random(int(sys.argv[1]))))

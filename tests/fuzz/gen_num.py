"""gen_num.py - expression trees over every scalar numeric instruction of wasm/opcodes.h, with
operands at the edges, in registers, as constants, in memory and used twice; as results, conditions
and addresses. What a NaN looks like never shows: floats are cleaned of it before a copysign, a
reinterpretation or a store. Globals begin with extended constant expressions. A module for threads
has a shared memory and waits in it: for nobody, so that it is told from what is in memory how that
ends.
"""
import random
import struct

from asm import (ELSE, END, Module, OPS, const, get, op, put, select, tee)

ROWS = [(name, sig) for name, (_, sig, imm) in OPS.items()
        if imm == 'NONE' and name[:3] in ('i32', 'i64', 'f32', 'f64') and '.' in name
        and 2 <= len(sig) <= 3 and set(sig) <= set('iIfF')]
BY = {t: [row for row in ROWS if row[1][0] == t] for t in 'iIfF'}
EDGES = sorted({s * (1 << k) + d for k in (0, 1, 5, 6, 7, 8, 15, 16, 24, 31, 32, 33, 52, 53, 62, 63)
                for s in (1, -1) for d in (-1, 0, 1)} | {0, 3, 10, 100, 0xff00ff00, 0x80808080,
                                                         0x5555555555555555, 0x0123456789abcdef})
FLOATS = [0.0, 0.5, 1.0, 1.5, 2.5, 3.7, 0.1, 1e10, 1e-3, 2147483647.0, 2147483648.0, 2147483649.0,
          4294967295.0, 4294967296.0, 9007199254740993.0, 9223372036854775807.0,
          9223373136366403584.0, 18446744073709551615.0, 18446744073709549568.0, 1.1754944e-38,
          1e-45, 5e-324, 2.2250738585072014e-308, 3.4028235e38, 1.7e308, float('inf'),
          float('nan'), 16777217.0, 8388607.5, 4503599627370495.5]
TRAPS = ('div', 'rem', 'trunc_f')
LOADS = {t: [n for n, (_, s, imm) in OPS.items() if imm == 'MEMARG' and s == t + 'i'
             and 'atomic' not in n] for t in 'iIfF'}
STORES = {t: [n for n, (_, s, imm) in OPS.items() if imm == 'MEMARG' and s == '-i' + t
              and 'atomic' not in n] for t in 'iIfF'}


class Function:
    def __init__(self, rng, params, globals_=(), threads=False):
        self.r, self.params, self.locals = rng, params, []
        self.globals, self.threads = globals_, threads

    def local(self, t):
        self.locals.append(t)
        return len(self.params) + len(self.locals) - 1

    def number(self, t):
        r = self.r
        if t in 'iI':
            return const(t, r.choice(EDGES) if r.random() < 0.8 else r.getrandbits(64))
        v = r.choice(FLOATS) if r.random() < 0.8 else r.uniform(-1e5, 1e5)
        if r.random() < 0.3:
            v = -v
        try:
            return const(t, struct.pack('<f' if t == 'f' else '<d', v))
        except OverflowError:
            return const(t, struct.pack('<f', float('inf')))

    def leaf(self, t):
        r = self.r
        at = [k for k, x in enumerate(self.params + ''.join(self.locals)) if x == t]
        k = r.random()
        if at and k < 0.55:
            return get(r.choice(at))
        at = [k for k, x in enumerate(self.globals) if x == t]
        if at and k < 0.6:
            return op('global.get', r.choice(at))
        if k < 0.65:
            return const('i', r.randrange(0, 500)) + op(r.choice(LOADS[t]), 0, r.choice([0, 1, 8]))
        return self.number(t)

    def clean(self, t, code):
        """a float that is not NaN"""
        if t in 'iI':
            return code
        k = self.local(t)
        same = op('f32.eq' if t == 'f' else 'f64.eq')
        return code + tee(k) + const(t, 1.25) + get(k) + get(k) + same + b'\x1b'

    def safe(self, name, sig, operands):
        """Makes a trap unlikely, though not too much."""
        r = self.r
        if (r.random() < 0.1 or not any(x in name for x in TRAPS) or 'sat' in name
                or name in ('f32.div', 'f64.div')):
            return operands
        if 'trunc_f' in name:
            t = sig[1]
            f = 'f32' if t == 'f' else 'f64'
            bound = const(t, r.choice([100.0, 2147483520.0, 4e9]))
            return [self.clean(t, operands[0]) + op(f'{f}.abs') + bound + op(f'{f}.min')]
        t = sig[0]
        one = const(t, r.choice([1, 1, 3, 1 << 30]))
        return [operands[0], operands[1] + one + op(('i32' if t == 'i' else 'i64') + '.or')]

    def tree(self, t, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.06:
            return self.leaf(t)
        k = r.random()
        if k < 0.05:
            return select(t, self.tree(t, depth - 1), self.tree(t, depth - 1),
                          self.tree('i', depth - 1))
        if k < 0.08:
            return (self.tree('i', depth - 1) + op('if', t) + self.tree(t, depth - 1) + ELSE
                    + self.tree(t, depth - 2) + END)
        if k < 0.13:                    # used twice
            code, at = self.tree(t, depth - 1), self.local(t)
            inner = self.apply(self.two(t), [code + tee(at), self.tree(t, depth - 2)])
            return self.apply(self.two(t), [inner, get(at)])
        name, sig = r.choice(BY[t])
        return self.apply((name, sig), [self.tree(x, depth - 1) for x in sig[1:]])

    def wait(self, depth):
        """wait or notify at some address, which mostly is inside and aligned. Not within an
        expression: node 20's Liftoff forgets operands below a wait."""
        r = self.r
        name, sig = r.choice([('memory.atomic.notify', 'ii'), ('memory.atomic.wait32', 'iI'),
                              ('memory.atomic.wait64', 'II')])
        size = 8 if '64' in name else 4
        code = self.tree('i', depth - 2)
        inside = r.random() < 0.9       # of two traps either may come first
        code += const('i', (1024 if inside else 1 << 31) - size) + op('i32.and')
        t = sig[0]
        if 'wait' in name and r.random() < 0.5:         # what is there
            at = self.local('i')
            load = op(f'i{8 * size}.load', 0, 0)
            code += tee(at) + get(at) + const('i', 1024 - size) + op('i32.and') + load
        else:
            code += self.tree(t, depth - 2)
        if 'wait' in name:
            code += const('I', r.choice([0, 1, 1000]))
        return code + op(name, 3 if size == 8 else 2, r.choice([0, 0, size, 1]) if inside else 0)

    def two(self, t):
        return self.r.choice([row for row in BY[t] if row[1] == 3 * t])

    def apply(self, row, operands):
        name, sig = row
        if 'copysign' in name or 'reinterpret' in name:
            operands = [self.clean(x, o) for x, o in zip(sig[1:], operands)]
        return b''.join(self.safe(name, sig, operands)) + op(name)

    def store(self):
        t = self.r.choice('iIfF')
        value = self.clean(t, self.tree(t, 3))
        return (self.tree('i', 2) + const('i', 1023) + op('i32.and') + value
                + op(self.r.choice(STORES[t]), 0, self.r.choice([0, 1, 1000])))

    def body(self, results):
        r = self.r
        code = b''
        for _ in range(r.randrange(3)):
            t = r.choice('iIfF')
            value = self.tree(t, 3)
            code += value + put(self.local(t))
        for _ in range(r.randrange(4) if self.threads else 0):
            value = self.wait(4)
            code += value + put(self.local('i'))
        if r.random() < 0.4:
            code += self.store()
        for t in results:
            code += self.tree(t, r.randint(2, 5))
        return code


def constant(rng, t, depth=0):
    """An extended constant expression."""
    if depth > 4 or rng.random() < 0.3:
        return const(t, rng.choice(EDGES) if rng.random() < 0.8 else rng.getrandbits(64))
    name = ('i32' if t == 'i' else 'i64') + rng.choice(['.add', '.sub', '.mul'])
    return constant(rng, t, depth + 1) + constant(rng, t, depth + 1) + op(name)


def module(rng, threads=False):
    m = Module()
    m.memory(1, 1, 'memory', threads)
    edges = b''.join(struct.pack('<Q', v & (1 << 64) - 1) for v in rng.sample(EDGES, 40))
    m.data(edges + b''.join(struct.pack('<d', rng.choice(FLOATS)) for _ in range(30)))
    globals_ = ''.join(rng.choice('iI') for _ in range(rng.randint(1, 4)))
    for k, t in enumerate(globals_):
        m.global_(t, rng.randrange(2), constant(rng, t), f'g{k}')
    for k in range(rng.randint(3, 9)):
        params = ''.join(rng.choice('iIfF') for _ in range(rng.randint(1, 5)))
        results = ''.join(rng.choice('iIfF') for _ in range(rng.choice([1, 1, 2, 4])))
        f = Function(rng, params, globals_, threads)
        code = f.body(results)
        m.func(params, results, f.locals, code, f'f{k}')
    return m.bytes()


if __name__ == '__main__':
    import sys
    with open(sys.argv[2], 'wb') as out:
        out.write(module(random.Random(int(sys.argv[1]))))

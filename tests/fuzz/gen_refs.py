"""gen_refs.py - random modules about references, tables and bulk memory: funcref and externref in
locals, globals, parameters, results and tables; every table instruction; passive segments; calls
through tables that change; and, in the form `memories`, several memories.
"""
import random

from asm import (DROP, ELSE, END, Module, OPS, RETURN, UNREACHABLE, const, get, op, put, select,
                 tee)

LOADS = [(n, s[0]) for n, (_, s, imm) in OPS.items() if imm == 'MEMARG' and len(s) == 2
         and s[0] in 'iIfF' and 'atomic' not in n]
STORES = [(n, s[2]) for n, (_, s, imm) in OPS.items() if imm == 'MEMARG' and s[:2] == '-i'
          and 'atomic' not in n]
NUMBERS = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, -1, 65535, 65536]
ALL = 'iIfFrx'


class Function:
    def __init__(self, rng, w, params, results, callees):
        self.r, self.w, self.m = rng, w, w.m
        self.params, self.results, self.callees = params, results, callees
        self.fixed = set()              # locals that count, and nothing else may change
        self.locals = list('ixr' + rng.choice(['', 'x', 'rr', 'iI']))

    def local(self, t):
        self.locals.append(t)
        return len(self.params) + len(self.locals) - 1

    def free(self, t):
        return [n for n, x in enumerate(self.params + ''.join(self.locals))
                if x == t and n not in self.fixed]

    def leaf(self, t):
        r = self.r
        at = [k for k, x in enumerate(self.params + ''.join(self.locals)) if x == t]
        if at and r.random() < 0.6:
            return get(r.choice(at))
        if t in 'rx':
            if t == 'r' and r.random() < 0.7:
                return op('ref.func', r.choice(self.w.declared))
            return op('ref.null', t)
        if t in 'iI':
            return const(t, r.choice(NUMBERS))
        return const(t, r.choice([0.0, 1.5, -2.0]))

    def index(self, table):
        """of an entry, mostly one that is there"""
        r = self.r
        if r.random() < 0.06:
            return self.expr('i', 1)
        return self.expr('i', 1) + const('i', r.choice([1, 3, 7])) + op('i32.and')

    def small(self):
        return self.expr('i', 1) + const('i', self.r.choice([1, 3, 3, 7])) + op('i32.and')

    def expr(self, t, depth):
        r, w = self.r, self.w
        if depth <= 0:
            return self.leaf(t)
        k = r.random()
        if k < 0.2:
            return self.leaf(t)
        if k < 0.3:
            return select(t, self.expr(t, depth - 1), self.expr(t, depth - 1),
                          self.expr('i', depth - 1))
        if k < 0.38:
            return (self.expr('i', depth - 1) + op('if', t) + self.expr(t, depth - 1) + ELSE
                    + self.expr(t, depth - 1) + END)
        if k < 0.45:
            g = [n for n, x in enumerate(self.m.globals) if x[0] == t]
            return op('global.get', r.choice(g)) if g else self.leaf(t)
        if k < 0.55:
            return self.call(t, depth)
        if k < 0.6:
            at = self.free(t)
            return self.expr(t, depth - 1) + tee(r.choice(at)) if at else self.leaf(t)
        if t in 'rx':
            tab = w.table_of(t)
            return self.index(tab) + op('table.get', tab)
        if k < 0.75:
            name = r.choice([n for n, x in LOADS if x == t])
            return self.address() + op(name, 0, r.choice([0, 1, 8, 100]), w.memory())
        if t != 'i':
            return self.leaf(t)
        if k < 0.83:
            return self.expr(r.choice('rx'), depth - 1) + op('ref.is_null')
        tab = r.choice(range(len(self.m.tables)))
        if k < 0.88:
            return op('table.size', tab)
        if k < 0.93:
            return (self.expr(self.m.tables[tab][0], depth - 1) + self.small()
                    + op('table.grow', tab))
        if k < 0.95:
            return op('memory.size', w.memory())
        return (self.expr('i', depth - 1) + self.expr('i', depth - 1)
                + op(r.choice(['i32.add', 'i32.sub', 'i32.xor', 'i32.mul'])))

    def call(self, t, depth):
        r = self.r
        if r.random() < 0.4:
            f = r.choice(self.w.declared)
            params, results = self.m.sigs[f]
            tab = self.w.table_of('r')
            last = self.index(tab) + op('call_indirect', self.m.type(params, results), tab)
        else:
            f = r.choice(self.callees or [4])
            params, results = self.m.sigs[f]
            last = op('call', f)
        code = b''.join(self.expr(x, min(depth - 1, 1)) for x in params) + last
        if t not in results:
            return code + DROP * len(results) + self.leaf(t)
        keep, at = self.local(t), results.index(t)
        return code + DROP * (len(results) - 1 - at) + put(keep) + DROP * at + get(keep)

    def address(self):
        r = self.r
        if r.random() < 0.05:
            return self.expr('i', 1)
        if r.random() < 0.1:
            return const('i', 65536 - r.choice([0, 1, 2, 4, 8]))
        return self.expr('i', 1) + const('i', r.choice([0xff, 0xfff8])) + op('i32.and')

    def statement(self, depth):
        r, w = self.r, self.w
        t = r.choice(ALL)
        k = r.random()
        if k < 0.15:
            at = self.free(t)
            return self.expr(t, 3) + (put(r.choice(at)) if at else DROP)
        if k < 0.22:
            g = r.choice([n for n, x in enumerate(self.m.globals) if n])
            return self.expr(self.m.globals[g][0], 2) + op('global.set', g)
        if k < 0.34:
            tab = r.randrange(len(self.m.tables))
            return self.index(tab) + self.expr(self.m.tables[tab][0], 2) + op('table.set', tab)
        if k < 0.40:
            tab = r.randrange(len(self.m.tables))
            return (self.index(tab) + self.expr(self.m.tables[tab][0], 2) + self.small()
                    + op('table.fill', tab))
        if k < 0.47:
            a = r.randrange(len(self.m.tables))
            b = r.choice([n for n, x in enumerate(self.m.tables) if x[0] == self.m.tables[a][0]])
            return self.index(a) + self.index(b) + self.small() + op('table.copy', a, b)
        if k < 0.53:
            e = r.randrange(len(w.elems))
            tab = w.table_of(w.elems[e])
            return self.index(tab) + self.small() + self.small() + op('table.init', e, tab)
        if k < 0.55:
            return op('elem.drop', r.randrange(len(w.elems)))
        if k < 0.61:
            d = r.randrange(len(self.m.datas))
            return self.address() + self.small() + self.small() + op('memory.init', d, w.memory())
        if k < 0.62:
            return op('data.drop', r.randrange(len(self.m.datas)))
        if k < 0.68:
            n = self.small() if r.random() < 0.7 else const('i', r.choice([0, 16, 33, 200]))
            if r.random() < 0.4:
                return self.address() + self.expr('i', 1) + n + op('memory.fill', w.memory())
            return (self.address() + self.address() + n
                    + op('memory.copy', w.memory(), w.memory()))
        if k < 0.76:
            name, t = r.choice(STORES)
            value = self.expr(t, 2)
            if t in 'fF':               # no NaN
                n = self.local(t)
                value += (tee(n) + const(t, 1.0) + get(n) + get(n)
                          + op('f32.eq' if t == 'f' else 'f64.eq') + b'\x1b')
            return self.address() + value + op(name, 0, r.choice([0, 1, 8, 100]), w.memory())
        if k < 0.78:
            return self.small() + op('memory.grow', w.memory()) + DROP
        if k < 0.88 and depth < 3:
            return (self.expr('i', 2) + op('if', '') + self.statement(depth + 1)
                    + self.statement(depth + 1) + END)
        if k < 0.94 and depth < 2:
            n = self.local('i')
            self.fixed.add(n)
            return (const('i', r.randint(1, 5)) + put(n) + op('loop', '')
                    + self.statement(depth + 1) + self.statement(depth + 1) + get(n)
                    + const('i', 1) + op('i32.sub') + tee(n) + op('br_if', 0) + END)
        if k < 0.96:
            return (self.expr('i', 1) + op('if', '')
                    + b''.join(self.expr(x, 1) for x in self.results) + RETURN + END)
        return self.expr('i', 2) + op('call', 0)

    def body(self):
        r = self.r
        fuel = (op('global.get', 0) + op('i32.eqz') + op('if', '') + UNREACHABLE + END
                + op('global.get', 0) + const('i', 1) + op('i32.sub') + op('global.set', 0))
        code = fuel + b''.join(self.statement(0) for _ in range(r.randint(1, 9)))
        return code + b''.join(self.expr(t, 3) for t in self.results)


class Writer:
    def __init__(self, rng, memories):
        self.r, self.m = rng, Module()
        self.memories = memories

    def memory(self):
        return self.r.randrange(self.memories)

    def table_of(self, t):
        return self.r.choice([n for n, x in enumerate(self.m.tables) if x[0] == t])

    def some(self, most):
        return ''.join(self.r.choice(ALL) for _ in range(self.r.randint(0, most)))

    def module(self):
        r, m = self.r, self.m
        for k in range(self.memories):
            m.memory(1, 3, f'memory{k}')
        m.global_('i', 1, const('i', 100))
        for k in range(r.randint(2, 6)):
            t = r.choice('iIrxrx')
            m.global_(t, 1, op('ref.null', t) if t in 'rx' else const(t, 5),
                      f'g{k}' if r.random() < 0.7 else None)
        for t in 'rx' + self.some(2).translate(str.maketrans('iIfF', 'rxrx')):
            n = r.choice([4, 8, 8, 10])
            m.table(t, n, r.choice([n, n + 3, 40]), f't{len(m.tables)}')
        funcs = [m.declare(self.some(3), self.some(3), f'f{k}') for k in range(r.randint(2, 6))]
        self.declared = funcs
        self.elems = []
        for k in range(r.randint(2, 5)):
            t = r.choice('rrx')
            items = [r.choice(funcs + [None]) if t == 'r' else None for _ in range(r.randint(0, 6))]
            if r.random() < 0.4 and len(items) <= 4:
                m.elem(t, items, self.table_of(t))
            else:
                m.elem(t, items, mode='passive')
            self.elems.append(t)
        m.elem('r', funcs, mode='declare')
        self.elems.append('r')
        for k in range(r.randint(1, 4)):
            m.data(r.randbytes(r.choice([0, 3, 8, 40])), r.choice([0, 50, 65490]), self.memory(),
                   r.random() < 0.6)
        for f in funcs:
            g = Function(r, self, *m.sigs[f], [0, 4] + funcs)
            code = g.body()
            m.body(f, g.locals, code)
        m.func('', '', '', const('i', 60) + op('global.set', 0), 'hangLimitInitializer')
        for k in range(self.memories):
            m.add_hash(k, f'hash{k}')
        return m.bytes()


def module(rng, memories=1):
    return Writer(rng, memories).module()


if __name__ == '__main__':
    import sys
    with open(sys.argv[2], 'wb') as out:
        out.write(module(random.Random(int(sys.argv[1]))))

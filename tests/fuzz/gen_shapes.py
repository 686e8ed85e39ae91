"""gen_shapes.py - modules of the shapes that optimisers look for, and of others like them:

- many small functions calling each other (inlining), with early returns, loops, traps, several
  results and arguments that are constants or not used;
- call_indirect through tables that nothing else can reach, and through such that something can;
- counted loops with loads and stores at constant offsets and indices near to wrapping;
- swapped bytes, rotations, tests of bits, as written without instructions for them;
- memory.copy and memory.fill of small lengths that are not known.

Memory has one page with max 2; accesses near its end trap, and what was stored before shows.
"""
import random

from asm import DROP, ELSE, END, Module, RETURN, UNREACHABLE, const, get, op, put, select, tee

I_BIN = ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr']
I_CMP = ['eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u']
NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 31, 32, 63, 64, 100, 255, 256, 1000, 65535, 65536,
           -1, -2, -3, -4, -8, -16, -100, 0x7fffffff, 0x80000000, 0xfffffff0, 0xff00ff00]
LOAD = {'i': ['i32.load', 'i32.load8_u', 'i32.load8_s', 'i32.load16_u', 'i32.load16_s'],
        'I': ['i64.load', 'i64.load8_u', 'i64.load16_s', 'i64.load32_u', 'i64.load32_s'],
        'f': ['f32.load'], 'F': ['f64.load']}
STORE = {'i': ['i32.store', 'i32.store8', 'i32.store16'], 'I': ['i64.store', 'i64.store32',
                                                                'i64.store8'],
         'f': ['f32.store'], 'F': ['f64.store']}
WORD = {'i': 'i32', 'I': 'i64', 'f': 'f32', 'F': 'f64'}


class Function:
    """A body being written: parameters, then locals as they are wanted."""

    def __init__(self, rng, m, params, results, callees=()):
        self.r, self.m, self.params, self.results = rng, m, params, results
        self.locals, self.callees, self.fixed = [], list(callees), set()
        self.nest = 0                   # loops around

    def local(self, t):
        self.locals.append(t)
        return len(self.params) + len(self.locals) - 1

    def private(self, t):
        """A local that random assignments leave alone."""
        k = self.local(t)
        self.fixed.add(k)
        return k

    def of(self, t, free=False):
        return [k for k, x in enumerate(self.params + ''.join(self.locals))
                if x == t and not (free and k in self.fixed)]

    def number(self, t):
        r = self.r
        if t in 'iI':
            return const(t, r.choice(NUMBERS) if r.random() < 0.9 else r.getrandbits(32))
        return const(t, r.choice([0.0, 1.0, -1.5, 1e9, 0.25]))

    def leaf(self, t):
        at = self.of(t)
        return get(self.r.choice(at)) if at and self.r.random() < 0.7 else self.number(t)

    def expr(self, t, depth):
        r = self.r
        if depth <= 0:
            return self.leaf(t)
        k = r.random()
        if k < 0.15:
            return self.leaf(t)
        if k < 0.30 and self.callees:
            return self.call(t, depth)
        if k < 0.37:
            return select(t, self.expr(t, depth - 1), self.expr(t, depth - 1),
                          self.condition(depth - 1))
        if k < 0.42:
            return (self.condition(depth - 1) + op('if', t) + self.expr(t, depth - 1) + ELSE
                    + self.expr(t, depth - 1) + END)
        if k < 0.47:
            return self.load(t, self.inside(depth - 1))
        if t in 'fF':
            if k < 0.6:
                return self.expr('i', depth - 1) + op(WORD[t] + '.convert_i32_s')
            return (self.expr(t, depth - 1) + self.expr(t, depth - 1)
                    + op(WORD[t] + '.' + r.choice(['add', 'sub', 'mul', 'max'])))
        if k < 0.52:
            return (self.expr('I', depth - 1) + op('i32.wrap_i64') if t == 'i' else
                    self.expr('i', depth - 1) + op('i64.extend_i32_' + r.choice('su')))
        if k < 0.57 and t == 'i':
            return self.condition(depth - 1)
        if k < 0.70:
            return self.idiom(t, depth - 1)
        return (self.expr(t, depth - 1) + self.expr(t, depth - 1)
                + op(WORD[t] + '.' + r.choice(I_BIN)))

    def condition(self, depth):
        t = self.r.choice('iiI')
        return self.expr(t, depth) + self.expr(t, depth) + op(WORD[t] + '.' + self.r.choice(I_CMP))

    def call(self, t, depth):
        """A call of a callee with such a result, or what it has made into one."""
        r = self.r
        f = r.choice(self.callees)
        params, results = self.m.sigs[f]
        code = b''.join(self.number(x) if r.random() < 0.3 else self.expr(x, min(depth - 1, 2))
                        for x in params) + op('call', f)
        if t not in results:
            return code + DROP * len(results) + self.leaf(t)
        keep = self.local(t)
        at = results.index(t)
        code += DROP * (len(results) - 1 - at) + put(keep) + DROP * at
        return code + get(keep)

    # ---- memory
    def inside(self, depth):
        """An address that is mostly in the first page."""
        r = self.r
        if r.random() < 0.05:
            return self.expr('i', depth)
        return self.expr('i', depth) + const('i', r.choice([0xff, 0xffc, 0xfff8])) + op('i32.and')

    def offset(self):
        return self.r.choice([0, 0, 0, 1, 2, 4, 8, 12, 16, 100, 65528])

    def load(self, t, address, offset=None):
        return address + op(self.r.choice(LOAD[t]), 0, self.offset() if offset is None else offset)

    def store(self, t, address, value, offset=None):
        if t in 'fF':                   # no NaN
            k = self.local(t)
            value += tee(k) + const(t, 0.5) + get(k) + get(k) + op(WORD[t] + '.eq') + b'\x1b'
        return address + value + op(self.r.choice(STORE[t]), 0,
                                    self.offset() if offset is None else offset)

    # ---- what has an instruction of its own
    def idiom(self, t, depth):
        r = self.r
        w, bits = WORD[t] + '.', 32 if t == 'i' else 64
        x = self.local(t)
        code = self.expr(t, depth) + put(x)
        k = r.randrange(10)
        c = r.choice([1, 7, 8, 16, 24, bits - 8, bits - 1, r.randrange(bits)])
        if k == 0:                      # rotation by a constant, or nearly
            d = bits - c if r.random() < 0.8 else r.randrange(bits)
            return (code + get(x) + const(t, c) + op(w + 'shl') + get(x) + const(t, d)
                    + op(w + 'shr_u') + op(w + r.choice(['or', 'or', 'xor', 'add'])))
        if k == 1:                      # rotation by a variable
            n = self.local(t)
            return (code + self.expr(t, depth - 1) + put(n) + get(x) + get(n) + op(w + 'shr_u')
                    + get(x) + const(t, r.choice([0, 0, bits, 1])) + get(n) + op(w + 'sub')
                    + op(w + 'shl') + op(w + 'or'))
        if k == 2:
            return code + self.swap(t, x)
        if k == 3:                      # lowest bit away, alone, and below it
            a = r.choice([get(x) + get(x) + const(t, 1) + op(w + 'sub') + op(w + 'and'),
                          get(x) + const(t, 0) + get(x) + op(w + 'sub') + op(w + 'and'),
                          get(x) + get(x) + const(t, -1) + op(w + 'add') + op(w + 'xor'),
                          get(x) + get(x) + const(t, -1) + op(w + 'add') + op(w + 'and')])
            return code + a
        if k == 4:                      # andn
            return (code + get(x) + const(t, r.choice([-1, -1, -1, 1])) + op(w + 'xor')
                    + self.expr(t, depth - 1) + op(w + 'and'))
        if k == 5:                      # a bit
            n = self.expr(t, depth - 1)
            bit = r.choice([get(x) + n + op(w + 'shr_u') + const(t, 1) + op(w + 'and'),
                            get(x) + const(t, 1) + n + op(w + 'shl') + op(w + 'and')])
            if t == 'I' or r.random() < 0.5:
                test = bit + op(w + 'eqz') + (op('i32.eqz') if r.random() < 0.5 else b'')
                return code + select(t, self.leaf(t), self.leaf(t), test)
            return code + bit
        if k == 6:                      # absolute value, smaller, larger
            if r.random() < 0.5:
                s = get(x) + const(t, bits - 1) + op(w + 'shr_s')
                return code + get(x) + s + op(w + 'xor') + s + op(w + 'sub')
            y = self.local(t)
            return (code + self.expr(t, depth - 1) + put(y)
                    + select(t, get(x), get(y), get(x) + get(y) + op(w + r.choice(I_CMP))))
        if k == 7:                      # fields
            return (code + get(x) + const(t, c) + op(w + r.choice(['shr_u', 'shr_s']))
                    + const(t, r.choice([1, 0xff, 0xffff, 0x7f, 0x1ff, 3])) + op(w + 'and'))
        if k == 8:                      # sign extension by shifts
            n = r.choice([bits - 8, bits - 16, 24, c])
            return (code + get(x) + const(t, n) + op(w + 'shl') + const(t, n)
                    + op(w + r.choice(['shr_s', 'shr_s', 'shr_u'])))
        d = r.choice([3, 5, 7, 9, 10, 100, 641, -7, 0x55555555, 1 << c])
        return (code + get(x) + const(t, d)
                + op(w + r.choice(['mul', 'div_u', 'div_s', 'rem_u', 'rem_s'])))

    def swap(self, t, x):
        """x with its bytes in the other order, written in several ways, some of them wrong."""
        r = self.r
        w, bits = WORD[t] + '.', 32 if t == 'i' else 64
        n = bits // 8
        parts = []
        order = list(range(n - 1, -1, -1))
        if r.random() < 0.15:
            a, b = r.sample(range(n), 2)
            order[a], order[b] = order[b], order[a]
        address = self.private('i')
        memory = r.random() < 0.4
        code = self.inside(0) + put(address) if memory else b''
        at = r.choice([0, 0, 5, 1000])
        for k in range(n):              # byte k goes to place order[k]
            to = order[k]
            if memory:
                p = get(address) + op(f'{WORD[t]}.load8_u', 0, at + k)
            elif k < n - 1 or r.random() < 0.5:
                p = get(x) + (const(t, 8 * k) + op(w + 'shr_u') if k else b'')
                p += const(t, 255) + op(w + 'and')
            else:
                p = get(x) + const(t, 8 * k) + op(w + 'shr_u')
            parts.append(p + (const(t, 8 * to) + op(w + 'shl') if to else b''))
        if r.random() < 0.5:
            r.shuffle(parts)
        if r.random() < 0.2:
            parts = parts[:n // 2]
        code += parts[0]
        for p in parts[1:]:
            code += p + op(w + 'or')
        if bits == 32 and not memory and r.random() < 0.3:
            m = r.choice([0x00ff00ff, 0x00ff00ff, 0x0ff00ff0])
            code = (get(x) + const(t, m) + op(w + 'and') + const(t, 8) + op(w + 'rotr')
                    + get(x) + const(t, ~m) + op(w + 'and') + const(t, 8) + op(w + 'rotl')
                    + op(w + 'or'))
        return code

    # ---- statements
    def assign(self):
        t = self.r.choice('iiiIIfF')
        at = self.of(t, free=True)
        if not at:
            at = [self.local(t)]
        return self.expr(t, 3) + put(self.r.choice(at))

    def statements(self, n, depth=0):
        return b''.join(self.statement(depth) for _ in range(n))

    def statement(self, depth):
        r = self.r
        k = r.random()
        if k < 0.3 or depth > 3:
            return self.assign()
        if k < 0.4:
            t = r.choice('iiIfF')
            return self.store(t, self.inside(1), self.expr(t, 2))
        if k < 0.5:
            code = self.condition(1) + op('if', '') + self.statements(r.randint(1, 2), depth + 1)
            if r.random() < 0.4:
                code += ELSE + self.statements(1, depth + 1)
            return code + END
        if k < 0.57:                    # early return
            return (self.condition(1) + op('if', '')
                    + b''.join(self.expr(t, 1) for t in self.results) + RETURN + END)
        if k < 0.60:
            return self.condition(1) + op('if', '') + UNREACHABLE + END
        if k < 0.66:
            return (op('block', '') + self.statements(1, depth + 1) + self.condition(1)
                    + op('br_if', 0) + self.statements(1, depth + 1) + END)
        if k < 0.84:
            return self.loop(depth) if self.nest < 2 else self.assign()
        if k < 0.87:
            return self.guarded(None, r.choice([0, 2]))
        if k < 0.9:
            return op('global.get', 1) + self.expr('i', 2) + op('i32.xor') + op('global.set', 1)
        return self.bulk()

    def bulk(self):
        """A copy or a fill of a length that is small, but not a constant."""
        r = self.r
        if r.random() < 0.15:
            n = self.number('i')
        elif r.random() < 0.5:
            n = self.expr('i', 1) + const('i', r.choice([3, 7, 15, 31, 63, 127])) + op('i32.and')
        else:
            n = self.private('i')
            n = (self.expr('i', 1) + tee(n) + const('i', r.choice([8, 16, 33, 40])) + get(n)
                 + const('i', r.choice([8, 16, 33, 40])) + op('i32.lt_u') + b'\x1b')
        to = self.private('i')
        code = self.inside(1) + put(to)
        if r.random() < 0.2:            # up to the end of the page, or beyond
            code = const('i', 65536 - r.choice([0, 1, 7, 8, 16, 31])) + put(to)
        if r.random() < 0.4:
            return code + get(to) + self.expr('i', 1) + n + op('memory.fill', 0)
        near = (get(to) + const('i', r.choice([0, 1, -1, 3, 8, -8, 16, -16, 40])) + op('i32.add')
                if r.random() < 0.6 else self.inside(1))
        return code + r.choice([get(to) + near, near + get(to)]) + n + op('memory.copy', 0, 0)

    # ---- counted loops
    def loop(self, depth):
        """i from a number by a step to a bound, at most some 100 times, with accesses at
        base + i * scale + offset."""
        r = self.r
        i, fuel = self.private('i'), self.private('i')
        step = r.choice([1, 1, 1, 1, 2, 4, 8, 3, -1, -1, -2, -4])
        start = r.choice([0, 0, 0, 1, 5, -8, -3, 0xfffffff0, 0x7ffffff0, 65536 - 40])
        times = r.choice([0, 1, 2, 3, 4, 7, 8, 16, 33, 64])
        stop = start + step * times + r.choice([0, 0, 0, 1, -1])
        first = const('i', start)
        if r.random() < 0.3:
            first = self.expr('i', 1) + const('i', 63) + op('i32.and')
        bound = const('i', stop)
        if r.random() < 0.4:
            k = self.private('i')
            bound, first = get(k), first + (self.expr('i', 1) + const('i', 127) + op('i32.and')
                                            if r.random() < 0.6 else bound) + put(k)
        compare = (r.choice(['lt_s', 'lt_u', 'ne', 'ne', 'le_s', 'le_u']) if step > 0 else
                   r.choice(['gt_s', 'gt_u', 'ne', 'ne', 'ge_s', 'ge_u']))
        head = first + put(i) + const('i', r.choice([3, 40, 100]) >> 3 * self.nest) + put(fuel)
        burn = get(fuel) + const('i', 1) + op('i32.sub') + tee(fuel)
        advance = get(i) + const('i', step) + op('i32.add')
        self.nest += 1
        body = self.loop_body(i, depth)
        self.nest -= 1
        if r.random() < 0.5:            # test at the end
            inner = body + advance + tee(i) + bound + op('i32.' + compare)
            inner += burn + const('i', 0) + op('i32.gt_s') + op('i32.and') + op('br_if', 0)
            if r.random() < 0.4:        # and before the loop, as compilers write it
                return (head + get(i) + bound + op('i32.' + compare) + op('if', '')
                        + op('loop', '') + inner + END + END)
            return head + op('loop', '') + inner + END
        test = get(i) + bound + op('i32.' + compare) + op('i32.eqz') + op('br_if', 1)
        test += burn + const('i', 0) + op('i32.le_s') + op('br_if', 1)
        return (head + op('block', '') + op('loop', '') + test + body + advance + put(i)
                + op('br', 0) + END + END)

    def element(self, i, base, scale):
        """The address of an element."""
        r = self.r
        x = get(i)
        if r.random() < 0.25:
            x = self.derived(x)
        if scale:
            x += r.choice([const('i', scale) + op('i32.shl'), const('i', 1 << scale)
                           + op('i32.mul')])
        if r.random() < 0.2:            # another element, of the same loop
            x += const('i', r.choice([1, 4, 8, -4, -1])) + op('i32.add')
        if base is not None:
            x = r.choice([get(base) + x, x + get(base)]) + op('i32.add')
        if r.random() < 0.5:
            x += const('i', r.choice([0xff8, 0xffff, 0x7fffffff])) + op('i32.and')
        return x

    def derived(self, x):
        """Something of x whose range can be told from that of x."""
        r = self.r
        k = r.randrange(7)
        if k == 0:
            return x + op(r.choice(['i32.extend8_s', 'i32.extend16_s', 'i32.clz', 'i32.ctz',
                                    'i32.popcnt']))
        if k == 1:
            return (x + op('i64.extend_i32_' + r.choice('su')) + const('I', r.choice([1, 4, 8, -4]))
                    + op('i64.' + r.choice(['mul', 'add', 'and'])) + op('i32.wrap_i64'))
        if k == 2:                      # bits below are free
            n = r.choice([1, 2, 3, 4])
            return (x + const('i', n) + op('i32.shl') + const('i', r.randrange(1, 1 << n))
                    + op('i32.' + r.choice(['or', 'add', 'xor'])))
        if k == 3:
            y = self.leaf('i')
            return select('i', x, y, x + y + op('i32.' + r.choice(I_CMP)))
        if k == 4:
            return x + const('i', r.choice([1, 7, 40, -1])) + op('i32.sub')
        name = r.choice(['div_u', 'div_s', 'rem_u', 'rem_s', 'shr_u', 'shr_s', 'and', 'mul'])
        return x + const('i', r.choice([1, 2, 3, 4, 5, 7, 8, 10, -3])) + op('i32.' + name)

    def guarded(self, base, scale):
        """An access under a condition that bounds its index."""
        r = self.r
        x = self.private('i')
        bound = r.choice([1, 8, 16, 100, 4096, -1, -8, 0x7fffffff, 0x80000000])
        code = (self.derived(self.leaf('i')) if r.random() < 0.5 else self.expr('i', 1)) + put(x)
        test = get(x) + const('i', bound)
        if r.random() < 0.3:
            test = const('i', bound) + get(x)
        code += test + op('i32.' + r.choice(I_CMP)) + op('if', '')
        t = r.choice('iI')
        access = (self.store(t, self.element(x, base, scale), self.leaf(t)) if r.random() < 0.5 else
                  self.load(t, self.element(x, base, scale)) + put(self.local(t)))
        if r.random() < 0.4:            # a second bound, inside or instead
            access = (get(x) + const('i', r.choice([0, 1, 7, 64, -1, -100]))
                      + op('i32.' + r.choice(I_CMP)) + op('if', '') + access + END)
        if r.random() < 0.4:
            code += self.assign() + ELSE
        return code + access + END

    def loop_body(self, i, depth):
        r = self.r
        code = b''
        base = r.choice(self.of('i') + [None])
        if base == i:
            base = None
        scale = r.choice([0, 0, 1, 2, 2, 3])
        t = r.choice('iiIfF')
        total = self.local(t)
        at = r.choice([0, 0, 16, 64, 1024, 65500])
        for _ in range(r.randint(1, 4)):
            k = r.random()
            offset = at + r.choice([0, 1, 4, 8])
            if k < 0.3:
                code += (get(total) + self.load(t, self.element(i, base, scale), offset)
                         + op(WORD[t] + '.add') + put(total))
            elif k < 0.6:
                code += self.store(t, self.element(i, base, scale), r.choice([
                    self.expr(t, 1), self.load(t, self.element(i, base, scale), offset)
                    + self.leaf(t) + op(WORD[t] + '.add')]), offset)
            elif k < 0.65:
                code += self.guarded(base, scale)
            elif k < 0.7:
                code += get(i) + self.expr('i', 1) + op('i32.mul') + put(self.local('i'))
            elif k < 0.75:
                code += const('i', 0) + op('memory.grow', 0) + DROP
            elif k < 0.8:
                code += (op('block', '') + self.condition(1) + op('br_if', 0)
                         + self.statement(depth + 2) + END)
            else:
                code += self.statement(depth + 2)
        return code


# calls of what calls others end some time: global 0 counts them
FUEL = (op('global.get', 0) + op('i32.eqz') + op('if', '') + UNREACHABLE + END
        + op('global.get', 0) + const('i', 1) + op('i32.sub') + op('global.set', 0))


def tables(rng, m, funcs):
    """Tables that are closed to the outside, and others: [(table, size, types in it)]."""
    out = []
    for _ in range(rng.choice([1, 1, 2])):
        n = rng.choice([1, 2, 4, 8, 8, 16])
        pick = rng.sample(funcs, min(len(funcs), rng.choice([1, 1, 2, 4])))
        items = [rng.choice(pick) for _ in range(n)]
        open_ = rng.random()
        size = n + rng.choice([0, 0, 0, 1, 5])
        t = m.table('r', size, rng.choice([None, size, size + 4]),
                    f't{len(out)}' if open_ < 0.2 else None)
        m.elem('r', items, t)
        out.append((t, size, items, open_))
    return out


def indirect(rng, m, made):
    """Functions that call through the tables."""
    for t, size, items, open_ in made:
        for _ in range(rng.randint(1, 2)):
            want = rng.choice(items)
            params, results = m.sigs[want]
            f = Function(rng, m, 'i' + params, results)
            code = b''
            if 0.2 < open_ < 0.4:       # no longer sealed: an entry changes
                code += (f.leaf('i') + const('i', 7) + op('i32.and')
                         + (op('ref.null', 'r') if rng.random() < 0.4
                            else op('ref.func', rng.choice(items))) + op('table.set', t))
            code += b''.join(get(1 + k) for k in range(len(params)))
            index = rng.choice([get(0), get(0) + const('i', size - 1) + op('i32.and'),
                                get(0) + const('i', max(size, 1)) + op('i32.rem_u'),
                                get(0) + const('i', 1) + op('i32.and'),
                                const('i', rng.randrange(size + 1))])
            call = op('call_indirect', m.type(params, results), t)
            if rng.random() < 0.2:      # of another type
                call = op('call_indirect', m.type(params, results), rng.choice(made)[0])
            code += index + call
            m.func('i' + params, results, f.locals, code, f'ind{len(m.sigs)}')


def module(rng):
    m = Module()
    m.memory(1, 2, 'memory')
    m.data(rng.randbytes(300))
    m.data(rng.randbytes(64), 65536 - 64)
    m.global_('i', 1, const('i', 600))
    m.global_('i', 1, const('i', 7), 'g')
    small = []
    for k in range(rng.choice([0, 2, 4, 8, 12])):
        params = ''.join(rng.choice('iiiIfF') for _ in range(rng.choice([0, 1, 2, 2, 3, 9])))
        results = ''.join(rng.choice('iiIfF') for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 4])))
        f = Function(rng, m, params, results, small[-5:] if rng.random() < 0.6 else ())
        code = FUEL if f.callees else b''
        code += f.statements(rng.choice([0, 0, 1, 1, 2, 5]))
        code += b''.join(f.expr(t, rng.randint(1, 3)) for t in results)
        small.append(m.func(params, results, f.locals, code,
                            f's{k}' if rng.random() < 0.15 else None))
    if small and rng.random() < 0.6:
        indirect(rng, m, tables(rng, m, small))
    for k in range(rng.randint(1, 4)):
        params = ''.join(rng.choice('iiiIfF') for _ in range(rng.randint(1, 4)))
        results = ''.join(rng.choice('iIfF') for _ in range(rng.choice([1, 1, 2])))
        f = Function(rng, m, params, results, small * 2)
        code = f.statements(rng.randint(1, 6))
        code += b''.join(f.expr(t, 3) for t in results)
        m.func(params, results, f.locals, code, f'f{k}')
    m.func('', '', '', const('i', 300) + op('global.set', 0), 'hangLimitInitializer')
    m.add_hash()
    return m.bytes()


if __name__ == '__main__':
    import sys
    with open(sys.argv[2], 'wb') as out:
        out.write(module(random.Random(int(sys.argv[1]))))

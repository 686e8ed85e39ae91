"""gen_simd.py - random modules full of vector instructions, for fuzz.py.

Expression trees over every operation of opcodes_simd.h, with edge values, many live vectors, loops,
selects, branches on tests, lane accesses of memory, globals, and calls with more vectors than
registers. The sign and payload of a NaN are open, so every result of a floating-point operation has
its NaNs replaced by zeros. Relaxed operations are in modules of their own, and have operands for
which there is one result only.
"""
import os, random, re, struct

HERE = os.path.dirname(os.path.abspath(__file__))


def rows():
    text = open(os.path.join(HERE, '../../wasm/opcodes_simd.h')).read()
    found = re.findall(r'X\(0x([0-9a-f]+), \w+, "([^"]+)",[ \\\n]*"([^"]+)", (\w+),', text)
    return [(int(code, 16) - 0x200, name, sig, imm) for code, name, sig, imm in found]


ROWS = [r for r in rows() if r[0] < 0x100]
# node 20 adds the products twice in place of the third operand
RELAXED = [r for r in rows() if r[0] >= 0x100 and 'dot_i8x16_i7x16_add' not in r[1]]
CODES = {name: code for code, name, _, _ in rows()}
LANES = {'i8x16': 16, 'i16x8': 8, 'i32x4': 4, 'i64x2': 2, 'f32x4': 4, 'f64x2': 2}
NAN = re.compile(r'f(32x4|64x2)\.(add|sub|mul|div|min|max|pmin|pmax|'
                 r'sqrt|ceil|floor|trunc|nearest|demote|promote)')
VALUES = {'v': 0x7b, 'i': 0x7f, 'I': 0x7e, 'f': 0x7d, 'F': 0x7c, 'd': 0x7c}


def leb(n):
    out = bytearray()
    while True:
        out.append((n & 127) | (128 if n > 127 else 0))
        n >>= 7
        if not n:
            return bytes(out)


def sleb(n):
    out = bytearray()
    while True:
        b = n & 127
        n >>= 7
        done = (n == 0 and not b & 64) or (n == -1 and b & 64)
        out.append(b if done else b | 128)
        if done:
            return bytes(out)


def vec(items):
    return leb(len(items)) + b''.join(items)


def section(n, body):
    return bytes([n]) + leb(len(body)) + body


def simd(code):
    return b'\xfd' + leb(code)


class Gen:
    def __init__(self, seed, relaxed=False):
        self.r = random.Random(seed)
        self.relaxed = relaxed
        self.by = {}
        for row in ROWS:
            self.by.setdefault(row[2][0], []).append(row)

    # ---- leaves
    def bits(self):
        r = self.r
        k = r.randrange(9)
        if k == 0:
            return bytes(16)
        if k == 1:
            return b'\xff' * 16
        if k == 2:
            return bytes(r.choice([0, 1, 0x7f, 0x80, 0xff, 0x81]) for _ in range(16))
        if k == 3:
            return b''.join(struct.pack('<H', r.choice([0, 1, 0x7fff, 0x8000, 0xffff]))
                            for _ in range(8))
        if k == 4:
            return b''.join(struct.pack('<I', r.choice([0, 1, 0x7fffffff, 0x80000000, 0xffffffff,
                                                        r.getrandbits(32)]))
                            for _ in range(4))
        if k == 5:
            return b''.join(struct.pack('<Q', r.choice([0, 1, 2**63 - 1, 2**63, 2**64 - 1,
                                                        r.getrandbits(64)]))
                            for _ in range(2))
        if k == 6:
            return b''.join(struct.pack('<f', r.choice([0.0, -0.0, 1.5, -2.5, 2147483648.0,
                                                        4294967296.0, -2147483648.0,
                                                        float('inf'), float('-inf'), float('nan'),
                                                        1e-40, 0.5, 3e9]))
                            for _ in range(4))
        if k == 7:
            return b''.join(struct.pack('<d', r.choice([0.0, -0.0, 1.5, -2.5, 2147483647.0,
                                                        4294967295.5, -2147483649.0,
                                                        float('inf'), float('-inf'), float('nan'),
                                                        1e-310, 0.5]))
                            for _ in range(2))
        return r.randbytes(16)

    def const(self, t):
        r = self.r
        if t == 'v':
            return simd(0x0c) + self.bits()
        if t == 'i':
            return (b'\x41' + sleb(r.choice([0, 1, 3, 7, 8, 15, 16, 31, 32, 63, -1, 127, 128, 255,
                                             r.getrandbits(31)])))
        if t == 'I':
            return b'\x42' + sleb(r.choice([0, 1, -1, 2**63 - 1, -2**63, r.getrandbits(62)]))
        if t == 'f':
            return b'\x43' + struct.pack('<f', r.choice([0.0, -0.0, 1.25, -3.5, 1e20]))
        return b'\x44' + struct.pack('<d', r.choice([0.0, -0.0, 1.25, -3.5, 1e200]))

    def leaf(self, t):
        r = self.r
        if r.random() < 0.25:
            return self.const(t)
        if t == 'v':
            if self.globals and r.random() < 0.1:
                return b'\x23' + leb(r.randrange(self.globals))
            return b'\x20' + leb(r.choice(self.vlocals))
        return b'\x20' + leb(self.slocals[t])

    # an address that is inside, whatever its operand
    def address(self, depth):
        if self.r.random() < 0.5:
            return b'\x41' + sleb(self.r.randrange(0, 2000))
        return self.expr('i', depth - 1) + b'\x41' + sleb(2047) + b'\x71'

    def memarg(self, natural):
        return leb(self.r.randrange(natural + 1)) + leb(self.r.choice([0, 0, 1, 5, 16, 100]))

    def immediate(self, row):
        code, name, sig, imm = row
        r = self.r
        if imm == 'LANE':
            return bytes([r.randrange(LANES[name.split('.')[0]])])
        if imm == 'SHUFFLE':
            k = r.randrange(8)
            if k == 0:
                return bytes(r.randrange(32) for _ in range(16))
            size = r.choice([1, 2, 4, 8])
            n = 16 // size
            lanes = [r.randrange(2 * n) for _ in range(n)]
            if k == 1:
                lanes = [r.randrange(n) for _ in range(n)]
            if k == 2:
                lanes = [i + r.choice([0, n]) for i in range(n)]
            if k == 3:
                h, a, b = r.choice([0, n // 2]), r.choice([0, n]), r.choice([0, n])
                lanes = [i // 2 + h + (b if i & 1 else a) for i in range(n)]
            if k == 4:
                s = r.randrange(2 * n)
                lanes = [(s + i) % (2 * n) for i in range(n)]
            if k == 5:
                s = r.randrange(n)
                lanes = [(s + i) % n for i in range(n)]
            if k == 6:
                lanes = [r.randrange(n)] * n
            return bytes(l * size + j for l in lanes for j in range(size))
        return b''

    def natural(self, name):
        m = re.search(r'(8x8|16x4|32x2)', name)
        if m:
            return 3
        m = re.search(r'(load|store)(\d+)', name)
        return {'8': 0, '16': 1, '32': 2, '64': 3}[m.group(2)] if m else 4

    def expr(self, t, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.1:
            return self.leaf(t)
        if t != 'v' and r.random() < 0.3:
            return self.scalar(t, depth)
        if r.random() < 0.04:
            return (self.expr(t, depth - 1) + self.expr(t, depth - 1) + self.expr('i', depth - 1)
                    + b'\x1b')
        if t == 'v' and self.relaxed and r.random() < 0.25:
            return self.relaxed_op(depth)
        row = r.choice(self.by[t])
        code, name, sig, imm = row
        if name == 'v128.const':
            return self.const('v')
        if imm in ('MEMARG', 'MEMLANE'):
            body = self.address(depth) + b''.join(self.expr(c, depth - 1) for c in sig[2:])
            body += simd(code) + self.memarg(self.natural(name))
            if imm == 'MEMLANE':
                body += bytes([r.randrange(16 >> self.natural(name))])
        else:
            body = b''.join(self.expr(c, depth - 1) for c in sig[1:])
            body += simd(code) + self.immediate(row)
        if t == 'v' and NAN.match(name):
            body = self.denan(body, 0x41 if '32x4' in name.split('.')[0] else 0x47)
        return body

    def relaxed_op(self, depth):
        """A relaxed operation, its operands such that the proposal allows one result."""
        code, name, sig, _ = self.r.choice(RELAXED)
        shape = name.split('.')[0]

        def tree():
            return self.expr('v', depth - 2)

        def masked(byte):
            mask = simd(CODES['v128.const']) + bytes((byte * 16)[:16])
            return tree() + mask + simd(CODES['v128.and'])

        def small(bits, double):        # whole numbers of so many bits: no -0, all sums exact
            x = tree() + b'\x41' + sleb(32 - bits) + simd(CODES['i32x4.shr_s'])
            return x + simd(CODES['f64x2.convert_low_i32x4_s' if double
                                  else 'f32x4.convert_i32x4_s'])

        if 'swizzle' in name:
            operands = [tree(), masked([15])]
        elif 'trunc' in name:
            x = small(20, 'f64x2' in name)
            operands = [x + simd(CODES['f64x2.abs' if 'f64x2' in name else 'f32x4.abs'])
                        if '_u' in name else x]
        elif 'madd' in name or 'min' in name or 'max' in name:
            operands = [small(10, shape == 'f64x2') for _ in sig[1:]]
        elif 'laneselect' in name:      # whole lanes
            operands = [tree(), tree(), tree() + tree() + simd(CODES[shape + '.lt_s'])]
        elif 'q15mulr' in name:
            operands = [tree(), masked([0xff, 0x7f])]
        else:                           # dot: seven bits in the second
            operands = [tree(), masked([0x7f])]
        return b''.join(operands) + simd(code)

    def denan(self, body, eq):
        t = leb(self.tmp)
        return body + b'\x22' + t + b'\x20' + t + b'\x20' + t + simd(eq) + simd(0x4e)

    def scalar(self, t, depth):
        a = self.expr(t, depth - 1)
        b = self.expr(t, depth - 1)
        ops = {'i': [0x6a, 0x6b, 0x71, 0x73, 0x46, 0x48], 'I': [0x7c, 0x7d, 0x83, 0x85]}
        if t in ops:
            return a + b + bytes([self.r.choice(ops[t])])
        return a + bytes([0x8c if t == 'f' else 0x9a])      # neg

    # ---- statements
    def cond(self):
        r = self.r
        c = self.expr('v', 2) + simd(r.choice([0x53, 0x63, 0x83, 0xa3, 0xc3, 0x64, 0xa4]))
        return c + (b'\x45' if r.random() < 0.3 else b'')

    def statement(self, depth):
        r = self.r
        k = r.randrange(14)
        if k < 6:
            return self.expr('v', 3) + b'\x21' + leb(r.choice(self.vlocals))
        if k == 6:
            t = r.choice('iI')
            return self.expr(t, 3) + b'\x21' + leb(self.slocals[t])
        if k == 7:
            return self.address(2) + self.expr('v', 2) + simd(0x0b) + self.memarg(4)
        if k == 8:
            w = r.randrange(4)
            return (self.address(2) + self.expr('v', 2) + simd(0x58 + w) + self.memarg(w)
                    + bytes([r.randrange(16 >> w)]))
        if k == 9 and depth:
            body = b''.join(self.statement(depth - 1) for _ in range(r.randrange(1, 5)))
            other = b''.join(self.statement(depth - 1) for _ in range(r.randrange(1, 3)))
            return (self.cond() + b'\x04\x40' + body
                    + (b'\x05' + other if r.random() < 0.5 else b'') + b'\x0b')
        if k == 10 and depth:
            c = leb(self.counters[depth - 1])
            body = b''.join(self.statement(depth - 1) for _ in range(r.randrange(1, 6)))
            return (b'\x41' + sleb(r.randrange(1, 6)) + b'\x21' + c + b'\x03\x40' + body +
                    b'\x20' + c + b'\x41\x01\x6b\x22' + c + b'\x0d\x00\x0b')
        if k == 11 and self.globals:
            return self.expr('v', 2) + b'\x24' + leb(r.randrange(self.globals))
        if k == 12 and self.helpers:
            h = r.randrange(len(self.helpers))
            params, results = self.helpers[h]
            body = b''.join(self.expr(c, 1) for c in params) + b'\x10' + leb(h)
            for c in reversed(results):
                body += b'\x21' + leb(r.choice(self.vlocals) if c == 'v' else self.slocals[c])
            return body
        return self.expr('v', 4) + b'\x21' + leb(r.choice(self.vlocals))

    def setup(self, params, nvec):
        """Locals: the parameters, the vectors, one of each scalar, counters and one for denan."""
        n = len(params)
        self.vlocals = [i for i, c in enumerate(params) if c == 'v'] + list(range(n, n + nvec))
        n += nvec
        self.slocals = {}
        for c in 'iIfF':
            self.slocals[c] = n
            n += 1
        self.counters = [n, n + 1, n + 2]
        self.tmp = n + 3
        decl = vec([leb(nvec) + b'\x7b', b'\x01\x7f', b'\x01\x7e', b'\x01\x7d', b'\x01\x7c',
                    b'\x03\x7f', b'\x01\x7b'])
        init = b''.join(b'\x20' + leb(i) + b'\x21' + leb(self.slocals[c])
                        for i, c in enumerate(params) if c in self.slocals)
        return decl + init

    def module(self):
        r = self.r
        self.globals = r.randrange(4)
        self.helpers = []
        types, funcs, codes, exports = [], [], [], []
        for k in range(r.randrange(3)):
            params = ''.join(r.choice('vvvviI') for _ in range(r.randrange(1, 13)))
            results = ''.join(r.choice('vvvi') for _ in range(r.randrange(1, 12)))
            body = self.setup(params, r.randrange(1, 5))
            body += b''.join(self.statement(1) for _ in range(r.randrange(1, 4)))
            body += b''.join(self.expr(c, 1) for c in results) + b'\x0b'
            self.helpers.append((params, results))
            funcs.append((params, results))
            codes.append(body)
        for k in range(r.randrange(1, 5)):
            params = 'iI'
            body = self.setup(params, r.choice([2, 5, 10, 18]))
            for i, v in enumerate(self.vlocals):
                body += b'\x41\x00' + simd(0) + b'\x00' + leb(16 * i) + b'\x21' + leb(v)
            body += b''.join(self.statement(2) for _ in range(r.randrange(3, 20)))
            for i, v in enumerate(self.vlocals):
                body += b'\x41' + sleb(4096) + b'\x20' + leb(v) + simd(0x0b) + b'\x00' + leb(16 * i)
            body += b'\x20' + leb(self.vlocals[0])
            for v in self.vlocals[1:]:
                body += b'\x20' + leb(v) + simd(0x51)
            body += (b'\x22' + leb(self.tmp) + simd(0x1d) + b'\x00\x20' + leb(self.tmp)
                     + simd(0x1d) + b'\x01\x85\x0b')
            exports.append(leb(2) + b'f%d' % k + b'\x00' + leb(len(funcs)))
            funcs.append((params, 'I'))
            codes.append(body)
        exports.append(leb(1) + b'm\x02\x00')
        types = [b'\x60' + vec([bytes([VALUES[c]]) for c in p])
                 + vec([bytes([VALUES[c]]) for c in q]) for p, q in funcs]
        data = b''.join(self.bits() for _ in range(140))
        out = (b'\0asm\1\0\0\0' + section(1, vec(types))
               + section(3, vec([leb(i) for i in range(len(funcs))])))
        out += section(5, b'\x01\x00\x01')
        if self.globals:
            out += section(6, vec([b'\x7b\x01' + simd(0x0c) + self.bits() + b'\x0b'
                                   for _ in range(self.globals)]))
        out += section(7, vec(exports)) + section(10, vec([leb(len(c)) + c for c in codes]))
        return out + section(11, vec([b'\x00\x41\x00\x0b' + leb(len(data)) + data]))


def generate(seed, relaxed=False):
    return Gen(seed, relaxed).module()

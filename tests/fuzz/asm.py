"""asm.py - instructions by name and modules by parts, in binary: what the generators gen_num.py,
gen_refs.py and gen_shapes.py write with. Names, codes and signatures are those of wasm/opcodes.h.

Types are letters as there: i I f F v = i32 i64 f32 f64 v128, r = funcref, x = externref.
"""
import os
import re
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
BYTE = {'i': 0x7f, 'I': 0x7e, 'f': 0x7d, 'F': 0x7c, 'v': 0x7b, 'r': 0x70, 'x': 0x6f}


def leb(v):
    out = bytearray()
    while v > 127:
        out.append(v & 127 | 128)
        v >>= 7
    out.append(v)
    return bytes(out)


def sleb(v, bits):
    v &= (1 << bits) - 1
    v -= v >> (bits - 1) << bits
    out = bytearray()
    while not -64 <= v < 64:
        out.append(v & 127 | 128)
        v >>= 7
    out.append(v & 127)
    return bytes(out)


def vec(items):
    return leb(len(items)) + b''.join(items)


def section(n, body):
    return bytes([n]) + leb(len(body)) + body


def string(s):
    return leb(len(s)) + s.encode()


def read_ops():
    ops = {}
    for name, prefix, base in (('', b'', 0), ('_atomic', b'\xfe', 0x320)):
        with open(os.path.join(HERE, f'../../wasm/opcodes{name}.h')) as f:
            rows = re.findall(r'X\((0x[0-9a-f]+|OP_F\w \+ 0x[0-9a-f]+), \w+, "([^"]+)",[ \\\n]*'
                              r'"([^"]*)", (\w+)', f.read())
        for code, text, sig, imm in rows:
            n = int(code.split()[-1], 16)
            if not prefix and n >= 0x100:
                ops.setdefault(text, (b'\xfc' + leb(n - 0x100), sig, imm))
            elif not prefix:
                ops.setdefault(text, (bytes([n]), sig, imm))
            else:
                ops.setdefault(text, (prefix + leb(n - base if n >= base else n), sig, imm))
    return ops


OPS = read_ops()


def op(name, *imm):
    """An instruction. Immediates are numbers in the order of the binary format; a block's type and
    the type of a reference are a letter, '' or (params, results) with a module as `of`."""
    code, _, kind = OPS[name]
    if kind == 'I32':
        return code + sleb(imm[0], 32)
    if kind == 'I64':
        return code + sleb(imm[0], 64)
    if kind == 'MEMARG':                # alignment, offset, memory
        align, offset, memory = (list(imm) + [0, 0, 0][len(imm):])
        return (code + leb(align | (0x40 if memory else 0)) + (leb(memory) if memory else b'')
                + leb(offset))
    if kind in ('BLOCK', 'REFTYPE'):
        return code + (imm[0] if isinstance(imm[0], bytes) else bytes([BYTE[imm[0]]]) if imm[0]
                       else b'\x40')
    if kind == 'BRTABLE':
        return code + vec([leb(k) for k in imm[:-1]]) + leb(imm[-1])
    return code + b''.join(leb(k) for k in imm)


def get(k):
    return b'\x20' + leb(k)


def put(k):
    return b'\x21' + leb(k)


def tee(k):
    return b'\x22' + leb(k)


def const(t, v):
    if t == 'i':
        return b'\x41' + sleb(v, 32)
    if t == 'I':
        return b'\x42' + sleb(v, 64)
    if isinstance(v, bytes):
        return (b'\x43' if t == 'f' else b'\x44') + v
    return b'\x43' + struct.pack('<f', v) if t == 'f' else b'\x44' + struct.pack('<d', v)


def select(t, a, b, c):
    return a + b + c + (b'\x1c\x01' + bytes([BYTE[t]]) if t in 'rx' else b'\x1b')


END, ELSE, DROP, RETURN, UNREACHABLE = b'\x0b', b'\x05', b'\x1a', b'\x0f', b'\x00'
SUPPORT = [('log-i32', 'i', ''), ('log-i64', 'I', ''), ('log-f32', 'f', ''), ('log-f64', 'F', ''),
           ('mix', 'iI', 'i')]


class Module:
    """Functions 0 to 4 are those of SUPPORT; the rest is numbered as it is added."""

    def __init__(self):
        self.types, self.funcs, self.tables, self.memories = [], [], [], []
        self.globals, self.exports, self.elems, self.datas = [], [], [], []
        self.sigs = [(p, r) for _, p, r in SUPPORT]
        for p, r in self.sigs:
            self.type(p, r)

    def type(self, params, results):
        t = (params, results)
        if t not in self.types:
            self.types.append(t)
        return self.types.index(t)

    def block(self, params, results):
        """A block's type, for op('block', ...)."""
        if not params and len(results) < 2:
            return bytes([BYTE[results]]) if results else b'\x40'
        return sleb(self.type(params, results), 33)

    def export(self, name, kind, index):
        if name:
            self.exports.append(string(name) + bytes([kind]) + leb(index))

    def declare(self, params, results, name=None):
        """A function whose body comes later; its index."""
        self.type(params, results)
        self.sigs.append((params, results))
        self.funcs.append(None)
        self.export(name, 0, len(self.sigs) - 1)
        return len(self.sigs) - 1

    def body(self, index, locals_, code):
        decls = vec([leb(1) + bytes([BYTE[t]]) for t in locals_])
        self.funcs[index - len(SUPPORT)] = decls + code + END

    def func(self, params, results, locals_, code, name=None):
        k = self.declare(params, results, name)
        self.body(k, locals_, code)
        return k

    def table(self, t, least, most=None, name=None):
        self.tables.append((t, bytes([BYTE[t]]) + limits(least, most)))
        self.export(name, 1, len(self.tables) - 1)
        return len(self.tables) - 1

    def memory(self, least, most=None, name=None, shared=False):
        self.memories.append(b'\3' + limits(least, most)[1:] if shared else limits(least, most))
        self.export(name, 2, len(self.memories) - 1)
        return len(self.memories) - 1

    def global_(self, t, mutable, init, name=None):
        self.globals.append((t, bytes([BYTE[t], mutable]) + init + END))
        self.export(name, 3, len(self.globals) - 1)
        return len(self.globals) - 1

    def elem(self, t, items, table=None, at=0, mode=None):
        """items: function indices, None for null. mode 'passive', 'declare', else active."""
        if t == 'r' and None not in items:
            flag, body = 0, vec([leb(k) for k in items])
        else:
            null = bytes([0xd0, BYTE[t]])
            flag, body = 4, vec([(null if k is None else b'\xd2' + leb(k)) + END for k in items])
        kind = bytes([0]) if not flag else bytes([BYTE[t]])
        if mode:
            head = leb(flag | (1 if mode == 'passive' else 3)) + kind
        elif table or t != 'r':
            head = leb(flag | 2) + leb(table or 0) + const('i', at) + END + kind
        else:
            head = leb(flag) + const('i', at) + END
        self.elems.append(head + body)
        return len(self.elems) - 1

    def data(self, content, at=0, memory=0, passive=False):
        head = b'\x01' if passive else (b'\x02' + leb(memory) if memory else b'\0') \
            + const('i', at) + END
        self.datas.append(head + leb(len(content)) + content)
        return len(self.datas) - 1

    def add_hash(self, memory=0, name='hash'):
        """An exported function of the memory's content, for who cannot show it."""
        word = op('i32.load', 2, 0, memory)
        n = get(0) + op('memory.size', memory) + const('i', 16) + op('i32.shl')
        code = (op('block', '') + op('loop', '') + n + op('i32.ge_u') + op('br_if', 1)
                + get(1) + get(0) + word + op('i32.xor') + const('i', 16777619) + op('i32.mul')
                + put(1) + get(0) + const('i', 4) + op('i32.add') + put(0) + op('br', 0)
                + END + END + get(1))
        return self.func('', 'i', 'ii', code, name)

    def bytes(self):
        types = [b'\x60' + vec([bytes([BYTE[t]]) for t in p])
                 + vec([bytes([BYTE[t]]) for t in r]) for p, r in self.types]
        imports = [string('env') + string(s) + b'\0' + leb(self.type(p, r)) for s, p, r in SUPPORT]
        out = b'\0asm\1\0\0\0' + section(1, vec(types)) + section(2, vec(imports))
        out += section(3, vec([leb(self.type(p, r)) for p, r in self.sigs[len(SUPPORT):]]))
        for n, items in ((4, [t[1] for t in self.tables]), (5, self.memories),
                         (6, [g[1] for g in self.globals]), (7, self.exports), (9, self.elems)):
            if items:
                out += section(n, vec(items))
        if self.datas:
            out += section(12, leb(len(self.datas)))
        out += section(10, vec([leb(len(f)) + f for f in self.funcs]))
        return out + (section(11, vec(self.datas)) if self.datas else b'')


def limits(least, most):
    return b'\0' + leb(least) if most is None else b'\1' + leb(least) + leb(most)

#!/usr/bin/env python3
"""numeric.py FOLDER - writes scripts i32, i64, f32, f64 and convert.wast: every numeric operation
at the edges, with results from the model of the specification (wasm 4.3) that is here.

Each operation is done with its operands in registers, one of them a constant, and both constants,
which a compiler folds; a comparison also as the condition of a branch and of select.
"""
import math
import os
import struct
import sys

DIVIDE, OVERFLOW, CONVERSION = ("integer divide by zero", "integer overflow",
                                "invalid conversion to integer")
COMPARISONS = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u lt gt le ge".split()


# ---- integers (wasm 4.3.2): values are unsigned, a trap is its text --------------------------

def signed(x, n):
    x &= (1 << n) - 1
    return x - (1 << n) if x >> (n - 1) else x


def toward_zero(a, b):
    q = abs(a) // abs(b)
    return -q if (a < 0) != (b < 0) else q


def div_s(a, b, n):
    a, b = signed(a, n), signed(b, n)
    if b == 0:
        return DIVIDE
    return OVERFLOW if a == -(1 << n - 1) and b == -1 else toward_zero(a, b)


def rem_s(a, b, n):
    a, b = signed(a, n), signed(b, n)
    return a - b * toward_zero(a, b) if b else DIVIDE


INT2 = {
    "add": lambda a, b, n: a + b, "sub": lambda a, b, n: a - b, "mul": lambda a, b, n: a * b,
    "div_s": div_s, "div_u": lambda a, b, n: a // b if b else DIVIDE,
    "rem_s": rem_s, "rem_u": lambda a, b, n: a % b if b else DIVIDE,
    "and": lambda a, b, n: a & b, "or": lambda a, b, n: a | b, "xor": lambda a, b, n: a ^ b,
    "shl": lambda a, b, n: a << b % n, "shr_u": lambda a, b, n: a >> b % n,
    "shr_s": lambda a, b, n: signed(a, n) >> b % n,
    "rotl": lambda a, b, n: a << b % n | a >> n - b % n,
    "rotr": lambda a, b, n: a >> b % n | a << n - b % n,
    "eq": lambda a, b, n: a == b, "ne": lambda a, b, n: a != b,
    "lt_u": lambda a, b, n: a < b, "gt_u": lambda a, b, n: a > b,
    "le_u": lambda a, b, n: a <= b, "ge_u": lambda a, b, n: a >= b,
    "lt_s": lambda a, b, n: signed(a, n) < signed(b, n),
    "gt_s": lambda a, b, n: signed(a, n) > signed(b, n),
    "le_s": lambda a, b, n: signed(a, n) <= signed(b, n),
    "ge_s": lambda a, b, n: signed(a, n) >= signed(b, n),
}
INT1 = {
    "clz": lambda a, n: n - a.bit_length(),
    "ctz": lambda a, n: (a & -a).bit_length() - 1 if a else n,
    "popcnt": lambda a, n: bin(a).count("1"),
    "extend8_s": lambda a, n: signed(a, 8), "extend16_s": lambda a, n: signed(a, 16),
}


# ---- floats (wasm 4.3.3): values are bits ---------------------------------------------------

def to_bits(x, n):
    """The bits of a Python float, rounded to n bits."""
    try:
        return int.from_bytes(struct.pack("<d" if n == 64 else "<f", x), "little")
    except OverflowError:
        return to_bits(math.copysign(math.inf, x), n)


def to_float(b, n):
    return struct.unpack("<d" if n == 64 else "<f", b.to_bytes(n // 8, "little"))[0]


def sign_bit(n):
    return 1 << n - 1


def divide(a, b):
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def multiply(a, b):
    return a * b                        # inf * 0 is a NaN in Python, too


def minimum(a, b):
    if a != a or b != b:
        return math.nan
    return a if a < b or (a == b and math.copysign(1, a) < 0) else b


def maximum(a, b):
    return -minimum(-a, -b)


def rounding(f):
    def go(a):
        return math.copysign(f(a), a) if math.isfinite(a) else a
    return go


FLOAT2 = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": multiply, "div": divide,
          "min": minimum, "max": maximum,
          "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
          "gt": lambda a, b: a > b, "le": lambda a, b: a <= b, "ge": lambda a, b: a >= b}
FLOAT1 = {"sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan, "ceil": rounding(math.ceil),
          "floor": rounding(math.floor), "trunc": rounding(math.trunc), "nearest": rounding(round)}
BITS = {"copysign": lambda a, b, n: a & ~sign_bit(n) | b & sign_bit(n),
        "abs": lambda a, n: a & ~sign_bit(n), "neg": lambda a, n: a ^ sign_bit(n)}


# ---- text -----------------------------------------------------------------------------------

def literal(t, v):
    """A value as text: integers in hexadecimal, floats by their bits."""
    n = int(t[1:])
    if t[0] == "i":
        return hex(v & (1 << n) - 1)
    fraction = 52 if n == 64 else 23
    sign = "-" if v >> n - 1 else ""
    exponent, rest = v >> fraction & (1 << n - 1 - fraction) - 1, v & (1 << fraction) - 1
    if exponent == (1 << n - 1 - fraction) - 1:
        return sign + (f"nan:{rest:#x}" if rest else "inf")
    return float.hex(to_float(v, n)) if v & ~sign_bit(n) else sign + "0x0p+0"


def const(t, v):
    return f"({t}.const {v if isinstance(v, str) else literal(t, v)})"


def assertion(name, t, args, result_type, result):
    call = f'(invoke "{name}"' + "".join(" " + const(t, a) for a in args) + ")"
    if isinstance(result, str) and not result.startswith("nan:"):
        return f'(assert_trap {call} "{result}")'
    return f"(assert_return {call} {const(result_type, result)})"


class Script:
    def __init__(self):
        self.lines, self.functions, self.asserts = [], {}, []

    def function(self, name, params, result, body):
        params = f" (param {' '.join(params)})" if params else ""
        self.functions[name] = f'  (func (export "{name}"){params} (result {result})\n    {body})'

    def check(self, *a):
        self.asserts.append(assertion(*a))

    def end_module(self, comment):
        self.lines += [f"(module  ;; {comment}", *self.functions.values(), ")", *self.asserts, ""]
        self.functions, self.asserts = {}, []

    def write(self, path):
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(self.lines))


def binary(s, t, op, f, edges, constants):
    """All forms of an operation of two operands; f gives the result, bits or text."""
    result = "i32" if op in COMPARISONS else t
    a, b = "(local.get 0)", "(local.get 1)"
    s.function("rr", (t, t), result, f"({t}.{op} {a} {b})")
    if op in COMPARISONS:
        s.function("branch", (t, t), "i32", f"(block (br_if 0 ({t}.{op} {a} {b}))"
                   " (return (i32.const 0))) (i32.const 1)")
        s.function("not", (t, t), "i32", f"(if (result i32) (i32.eqz ({t}.{op} {a} {b}))"
                   " (then (i32.const 0)) (else (i32.const 1)))")
        s.function("select", (t, t), "i32",
                   f"(select (i32.const 1) (i32.const 0) ({t}.{op} {a} {b}))")
    for x in edges:
        for y in edges:
            s.check("rr", t, (x, y), result, f(x, y))
            if op in COMPARISONS and edges.index(x) % 3 == 0:
                for name in ("branch", "not", "select"):
                    s.check(name, t, (x, y), result, f(x, y))
    for k in constants:
        s.function(f"r {literal(t, k)}", (t,), result, f"({t}.{op} {a} {const(t, k)})")
        s.function(f"{literal(t, k)} r", (t,), result, f"({t}.{op} {const(t, k)} {a})")
        for x in edges:
            s.check(f"r {literal(t, k)}", t, (x,), result, f(x, k))
            s.check(f"{literal(t, k)} r", t, (x,), result, f(k, x))
        for x in edges[::3]:
            name = f"{literal(t, x)} {literal(t, k)}"
            s.function(name, (), result, f"({t}.{op} {const(t, x)} {const(t, k)})")
            s.check(name, t, (), result, f(x, k))
    s.end_module(f"{t}.{op}")


def unary(s, t, op, result, f, edges):
    """The same for one operand; op is a whole name such as i32.clz."""
    s.function("r", (t,), result, f"({op} (local.get 0))")
    for i, x in enumerate(edges):
        s.check("r", t, (x,), result, f(x))
        s.function(f"constant {i}", (), result, f"({op} {const(t, x)})")
        s.check(f"constant {i}", t, (), result, f(x))
    s.end_module(op)


def integers(n):
    s, t, top, mask = Script(), f"i{n}", 1 << n - 1, (1 << n) - 1
    edges = [0, 1, mask, 2, mask - 6, top - 1, top, n - 1, n, 0x80, 0x7fff, mask - 1000002]
    constants = [0, 1, mask, 2, 3, 7, 10, n - 1, n, mask - 6, top, top - 1, 641]

    def bits(v):
        return v if isinstance(v, str) else int(v) & mask
    for op, f in INT2.items():
        binary(s, t, op, lambda a, b: bits(f(a, b, n)), edges, constants)
    edges += [0xff7f, 0x12345678, mask - 127, 0x40000000, 0x80000000 & mask, 0xffffffff & mask]
    ones = {**INT1, "extend32_s": lambda a, n: signed(a, 32)} if n == 64 else INT1
    for op, f in ones.items():
        unary(s, t, f"{t}.{op}", t, lambda a: bits(f(a, n)), edges)
    unary(s, t, f"{t}.eqz", "i32", lambda a: int(a == 0), edges)
    return s


def float_edges(n):
    inf = to_bits(math.inf, n)
    numbers = [0.0, 1.0, 0.5, 1.5, 2.5, 3.0, 0.1, 1e10, 4503599627370497.5, 8388607.5, 7e37]
    bits = [to_bits(x, n) for x in numbers] + [1, inf, inf - 1, inf | inf >> 1 & ~inf | 1 << 3]
    bits.append(1 << (52 if n == 64 else 23))           # the smallest normal number
    quiet = inf | 1 << (51 if n == 64 else 22)
    return bits + [b | sign_bit(n) for b in bits] + [quiet]


def floats(n):
    s, t, edges = Script(), f"f{n}", float_edges(n)
    canonical = float_edges(n)[-1]

    def nan(b):
        return to_float(b, n) != to_float(b, n)

    def result(x, *operands):
        if isinstance(x, bool):
            return int(x)
        if x == x:
            return to_bits(x, n)
        plain = all(not nan(o) or o & ~sign_bit(n) == canonical for o in operands)
        return "nan:canonical" if plain else "nan:arithmetic"
    few = edges[::4] + edges[-1:]
    for op, f in FLOAT2.items():
        binary(s, t, op, lambda a, b: result(f(to_float(a, n), to_float(b, n)), a, b), edges, few)
    binary(s, t, "copysign", lambda a, b: BITS["copysign"](a, b, n), edges, few)
    for op, f in FLOAT1.items():
        unary(s, t, f"{t}.{op}", t, lambda a: result(f(to_float(a, n)), a), edges)
    for op in ("abs", "neg"):
        unary(s, t, f"{t}.{op}", t, lambda a: BITS[op](a, n), edges)
    return s


def conversions():
    s = Script()
    for n in (32, 64):
        whole = [0, 1, (1 << n) - 1, 1 << n - 1, (1 << n - 1) - 1, 16777217, 16777219,
                 (1 << n) - 16777217, 0x7fffff4000000001 & (1 << n) - 1,
                 0xfffffe8000000001 >> 64 - n, 0x20000000000001 & (1 << n) - 1,
                 0xfffffffffffffbff >> 64 - n]
        for m in (32, 64):
            for name, value in (("s", lambda a: signed(a, n)), ("u", lambda a: a)):
                unary(s, f"i{n}", f"f{m}.convert_i{n}_{name}", f"f{m}",
                      lambda a: to_bits_exactly(value(a), m), whole)
                truncations(s, n, m, name)
        unary(s, f"i{n}", f"f{n}.reinterpret_i{n}", f"f{n}", lambda a: a, float_edges(n))
        unary(s, f"f{n}", f"i{n}.reinterpret_f{n}", f"i{n}", lambda a: a, float_edges(n))
    unary(s, "i64", "i32.wrap_i64", "i32", lambda a: a & 0xffffffff,
          [0, 0xffffffff, 0x100000000, 0x123456789abcdef0])
    for name, value in (("s", lambda a: signed(a, 32)), ("u", lambda a: a)):
        unary(s, "i32", f"i64.extend_i32_{name}", "i64",
              lambda a: value(a) & (1 << 64) - 1, [0, 1, 0x7fffffff, 0x80000000, 0xffffffff])
    plain = [b for b in float_edges(64) if to_float(b, 64) == to_float(b, 64)]
    plain += [to_bits(x, 64) for x in (1e300, 1e-300, 1.00000005960464477539,
                                       3.4028235677973366e38)]
    unary(s, "f64", "f32.demote_f64", "f32", lambda a: to_bits(to_float(a, 64), 32), plain)
    plain = [b for b in float_edges(32) if to_float(b, 32) == to_float(b, 32)]
    unary(s, "f32", "f64.promote_f32", "f64", lambda a: to_bits(to_float(a, 32), 64), plain)
    return s


def to_bits_exactly(x, n):
    """An integer rounded once to a float of n bits."""
    if n == 64:
        return to_bits(float(x), 64)
    drop = max(0, abs(x).bit_length() - 24)
    q, rest, half = abs(x) >> drop, abs(x) & (1 << drop) - 1, (1 << drop) >> 1
    q += rest > half or (rest == half and drop and q & 1)
    return to_bits(math.copysign(q << drop, x) if x else 0.0, 32)


def truncations(s, n, m, name):
    """iN.trunc_fM and iN.trunc_sat_fM, signed or not (wasm 4.3.3, op trunc)."""
    low, high = (-(1 << n - 1), (1 << n - 1) - 1) if name == "s" else (0, (1 << n) - 1)
    values = [0.0, -0.0, 0.9, -0.9, 1.5, -1.5, 2e9, 3e9, -3e9, 2.0 ** 31, -2.0 ** 31, 2.0 ** 32,
              2.0 ** 63, -2.0 ** 63, 2.0 ** 64, -2.0 ** 64, 9e18, 1e30, -1e30, 4294967040.0,
              2147483520.0, 2147483647.0, -2147483649.0, 4294967295.9, math.inf, -math.inf,
              math.nan]
    bits = [to_bits(v, m) for v in values]

    def trap(b):
        v = to_float(b, m)
        if v != v:
            return CONVERSION
        if math.isinf(v) or not low <= math.trunc(v) <= high:
            return OVERFLOW
        return math.trunc(v) & (1 << n) - 1

    def saturate(b):
        v = to_float(b, m)
        if v != v:
            return 0
        v = (low if v < 0 else high) if math.isinf(v) else math.trunc(v)
        return min(max(v, low), high) & (1 << n) - 1
    unary(s, f"f{m}", f"i{n}.trunc_f{m}_{name}", f"i{n}", trap, bits)
    unary(s, f"f{m}", f"i{n}.trunc_sat_f{m}_{name}", f"i{n}", saturate, bits)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    scripts = {"i32": integers(32), "i64": integers(64), "f32": floats(32), "f64": floats(64),
               "convert": conversions()}
    for name, script in scripts.items():
        script.write(os.path.join(sys.argv[1], name + ".wast"))


if __name__ == "__main__":
    main()

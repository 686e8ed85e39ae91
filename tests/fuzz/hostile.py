#!/usr/bin/env python3
"""Modules that are large in one dimension: time and memory of the compiler must stay in proportion.

  hostile.py WASMC [NAME...]     compiles each shape at a size and at double the size;
                                 prints a table: processor time, memory

Exit status 1 if doubling a shape costs more than 3.5 times as much (small times are not judged), if
a compile dies or takes over a minute.
"""
import os
import re
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gen import leb, name, section, sleb, vec

I32 = b'\x7f'
HEAD = b'\0asm\1\0\0\0'


def module(code, params=b'', results=b'', decls=b'', more_types=(), before=b'', after=b'', n=1):
    """One function type and n functions with this body."""
    body = vec([decls] if decls else []) + code + b'\x0b'
    types = [b'\x60' + vec([bytes([b]) for b in params]) + vec([bytes([b]) for b in results])]
    return (HEAD + section(1, vec(types + list(more_types))) + section(3, leb(n) + b'\0' * n)
            + before
            + section(7, vec([name('f') + b'\0\0']))
            + section(10, leb(n) + (leb(len(body)) + body) * n) + after)


MEM = section(5, b'\1\0\1')


def get(k):
    return b'\x20' + leb(k)


def put(k):
    return b'\x21' + leb(k)


def locals_(n):
    """n locals, each set and read once"""
    code = b''.join(get(k) + b'\x41\x01\x6a' + put(k + 1) for k in range(n - 1))
    return module(code, decls=leb(n) + I32)


def live_locals(n):
    """n locals alive across a loop with a call"""
    code = b''.join(b'\x41\x00\x28\x02' + leb(4 * k % 60000) + put(k) for k in range(n))
    code += b'\x03\x40\x10\x00\x41\x00\x28\x02\x00\x0d\x00\x0b'
    code += b''.join(get(k) + b'\x1a' if k % 2 else b'\x41\x00' + get(k) + b'\x36\x02\x00'
                     for k in range(n))
    return module(code, decls=leb(n) + I32, before=MEM)


def straight(n):
    """n instructions in a row"""
    return module(get(0) + get(1) + b'\x6a' + put(0)
                  and (get(0) + get(1) + b'\x6a' + put(1)) * (n // 4),
                  decls=b'\2' + I32)


def blocks(n):
    """blocks n deep"""
    return module(b'\x02\x40' * n + b'\x0b' * n)


def loops(n):
    """loops n deep, a value of the outside used in the innermost"""
    return module(b'\x03\x40' * n + get(0) + b'\x0d\x00' + b'\x0b' * n, decls=b'\1' + I32,
                  params=b'\x7f')


def loop_uses(n):
    """loops 1000 deep around n uses of different values of the outside"""
    code = b''.join(b'\x41\x00\x28\x02' + leb(4 * k % 60000) + put(k) for k in range(n // 10))
    code += b'\x03\x40' * 1000
    code += b''.join(b'\x41\x00' + get(k) + b'\x36\x02\x00' for k in range(n // 10))
    code += get(0) + b'\x0d\x00' + b'\x0b' * 1000
    return module(code, decls=leb(n // 10) + I32, before=MEM)


def deep_uses(n):
    """loops n deep around uses of n values of the outside"""
    code = b''.join(b'\x41\x00\x28\x02' + leb(4 * k % 60000) + put(k) for k in range(n))
    code += b'\x03\x40' * n
    code += b''.join(b'\x41\x00' + get(k) + b'\x36\x02\x00' for k in range(n))
    code += (get(0) + b'\x0d\x00\x0b') * n
    return module(code, decls=leb(n) + I32, before=MEM)


def deep_phis(n):
    """n variables that change in the innermost of 200 loops: more is too complex"""
    code = b'\x03\x40' * 200 + b''.join(get(k) + b'\x41\x01\x6a' + put(k) for k in range(n))
    return module(code + (get(0) + b'\x0d\x00\x0b') * 200, decls=leb(n) + I32)


def ifs(n):
    """n ifs one after the other, each changing one of 50 variables"""
    return module(b''.join(get(0) + b'\x04\x40' + get(k % 50) + b'\x41\x01\x6a' + put((k + 1) % 50)
                           + b'\x0b'
                           for k in range(n)), decls=b'\x32' + I32)


def ifs_deep(n):
    """ifs n deep"""
    return module((get(0) + b'\x04\x40') * n + b'\x0b' * n, params=b'\x7f')


def br_table(n):
    """a br_table of n rows to two blocks"""
    return module(b'\x02\x40\x02\x40' + get(0) + b'\x0e' + leb(n) + b'\0\1' * (n // 2)
                  + b'\0\x0b\x0b', params=b'\x7f')


def br_table_wide(n):
    """a br_table to n blocks that all change a variable"""
    code = b'\x02\x40' * n + get(0) + b'\x0e' + leb(n - 1) + b''.join(leb(k) for k in range(n))
    code += b''.join(b'\x0b' + get(1) + b'\x41' + sleb(k, 32) + b'\x6a' + put(1) for k in range(n))
    return module(code, params=b'\x7f', decls=b'\1' + I32)


def phis_preds(n):
    """100 variables with another value from each of n / 10 branches to one place"""
    code = b'\x02\x40'
    for k in range(n // 10):
        code += (b''.join(b'\x41' + sleb(k * 7 + v, 32) + put(v + 1) for v in range(5)) + get(0)
                 + b'\x0d\0')
    return module(code + b'\x0b' + b''.join(get(v + 1) + b'\x1a' for v in range(100)),
                  params=b'\x7f',
                  decls=b'\x64' + I32)


def many_phis(n):
    """n variables all different on two ways"""
    code = (get(0) + b'\x04\x40' + b''.join(b'\x41\x00\x28\x02' + leb(4 * k % 60000) + put(k + 1)
                                            for k in range(n)))
    code += (b'\x05' + b''.join(b'\x41\x04\x28\x02' + leb(4 * k % 60000) + put(k + 1)
                                for k in range(n)) + b'\x0b')
    code += b''.join(b'\x41\x00' + get(k + 1) + b'\x36\x02\x00' for k in range(n))
    return module(code, params=b'\x7f', decls=leb(n) + I32, before=MEM)


def rotate(n):
    """n variables that change places in a loop"""
    code = b''.join(b'\x41\x00\x28\x02' + leb(4 * k % 60000) + put(k) for k in range(n))
    code += b'\x03\x40' + get(0) + b''.join(get(k + 1) + put(k) for k in range(n - 1)) + put(n - 1)
    code += get(0) + b'\x0d\x00\x0b'
    return module(code, decls=leb(n) + I32, before=MEM)


def functions(n):
    """n functions"""
    return module(b'\x01', n=n)


def datas(n):
    """n data segments"""
    seg = vec([b'\0\x41\0\x0b\1x'] * n)
    return module(b'', before=MEM, after=section(11, seg))


def arity(n):
    """calls with n parameters and results"""
    n = min(n, 1000)
    t = bytes([0x7f, 0x7e, 0x7d, 0x7c] * (n // 4))
    code = b''.join(get(k) for k in range(len(t)))
    return module((code + b'\x10\x00' + b'\x1a' * len(t)) * 20 + code, params=t, results=t)


def constants(n):
    """n different float constants"""
    import struct
    return module(b''.join(b'\x44' + struct.pack('<d', k + .5) + get(0) + b'\xa0' + put(0)
                           for k in range(n)),
                  decls=b'\1\x7c')


def traps(n):
    """n divisions"""
    return module((get(0) + get(1) + b'\x6d' + put(0)) * n, params=b'\x7f\x7f')


def loads(n):
    """n loads and stores of changing places"""
    return module(b''.join(get(0) + get(0) + b'\x28\x02' + leb(k * 4) + b'\x36\x02'
                           + leb(k * 8 % 9999)
                           for k in range(n)), params=b'\x7f', before=MEM)


def calls(n):
    """n calls with a value alive across"""
    return module((get(0) + b'\x10\x00' + get(0) + b'\x6a' + put(0)) * n + get(0), params=b'\x7f',
                  results=b'\x7f')


def exports(n):
    """n exports"""
    return HEAD + section(1, b'\1\x60\0\0') + section(3, b'\1\0') \
        + section(7, vec([name(f'e{k}') + b'\0\0' for k in range(n)])) + section(10, b'\1\2\0\x0b')


def types(n):
    """n types, all different, and as many again equal to them"""
    def t(k):
        return b'\x60' + vec([bytes([0x7f - (k >> (2 * j) & 3)]) for j in range(10)]) + b'\0'
    return HEAD + section(1, vec([t(k) for k in range(n)] * 2))


SHAPES = [(locals_, 25000), (live_locals, 5000), (straight, 500000), (blocks, 50000),
          (loops, 2500), (loop_uses, 20000), (deep_uses, 5000), (deep_phis, 250),
          (ifs, 20000), (ifs_deep, 5000), (br_table, 50000), (br_table_wide, 5000),
          (phis_preds, 5000),
          (many_phis, 5000), (rotate, 3000), (functions, 66500), (datas, 50000), (arity, 500),
          (constants, 20000),
          (traps, 50000), (loads, 50000), (calls, 20000), (exports, 20000), (types, 20000)]


def measure(wasmc, data):
    with tempfile.NamedTemporaryFile(suffix='.wasm') as f:
        f.write(data)
        f.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            p = subprocess.run([wasmc, f.name], capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    ms = 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    m = re.search(r'peak (\d+) bytes \(all (\d+)\)', p.stdout)
    return (ms, int(m[2])) if m else p.stderr.strip() or f'status {p.returncode}'


def main():
    bad = 0
    print(f'{"shape":14} {"n":>7} {"bytes":>9} {"ms":>8} {"ms/2n":>8} {"x":>5} '
          f'{"memory/byte":>11} {"x":>5}')
    for shape, n in SHAPES:
        label = shape.__name__.rstrip('_')
        if len(sys.argv) > 2 and label not in sys.argv[2:]:
            continue
        a, b = shape(n), shape(2 * n)
        ra, rb = measure(sys.argv[1], a), measure(sys.argv[1], b)
        if not isinstance(ra, tuple) or not isinstance(rb, tuple):
            print(f'{label:14} {n:7} {len(a):9} {str(ra)[:60]} / {str(rb)[:60]}')
            bad += ra is None or rb is None or 'status' in str(ra) + str(rb)
            continue
        for _ in range(4):              # the shortest of several: others run on this machine, too
            if rb[0] <= 200 or rb[0] <= 3.5 * ra[0]:
                break
            again = measure(sys.argv[1], a), measure(sys.argv[1], b)
            if isinstance(again[0], tuple) and isinstance(again[1], tuple):
                ra, rb = min(ra, again[0]), min(rb, again[1])
        grow = rb[0] / ra[0]
        slow = grow > 3.5 and rb[0] > 200
        bad += slow
        print(f'{label:14} {n:7} {len(a):9} {ra[0]:8.0f} {rb[0]:8.0f} {grow:5.1f} '
              f'{rb[1] / len(b):11.0f} '
              f'{rb[1] / ra[1]:5.1f}{" <- not linear" if slow else ""}', flush=True)
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()

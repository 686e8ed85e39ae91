"""seeds.py - small modules of the generators, as inputs of compile_fuzz.c: two bytes of
configuration, then the module."""
import os
import random

import gen
import gen_eh
import gen_num
import gen_refs
import gen_shapes
import gen_simd

MOST = 2500                     # bytes: short inputs are quick, and libFuzzer joins them
KINDS = {'gen': lambda n: gen.module(random.Random(n)),
         'legacy': lambda n: gen_eh.module(random.Random(n), 'legacy'),
         'standard': lambda n: gen_eh.module(random.Random(n), 'standard'),
         'numbers': lambda n: gen_num.module(random.Random(n)),
         'references': lambda n: gen_refs.module(random.Random(n), 1 + n % 2),
         'shapes': lambda n: gen_shapes.module(random.Random(n)),
         'waiting': lambda n: gen_num.module(random.Random(n), True),
         'simd': gen_simd.generate,
         'relaxed': lambda n: gen_simd.generate(n, True)}


def write(folder, count=40):
    os.makedirs(folder, exist_ok=True)
    for kind, make in KINDS.items():
        for n in range(count):
            module = make(n)
            if len(module) < MOST:
                with open(os.path.join(folder, f'{kind}-{n}'), 'wb') as f:
                    f.write(bytes([0x20 | n & 31, n * 7 & 255]) + module)

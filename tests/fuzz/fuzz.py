#!/usr/bin/env python3
"""Differential fuzzing: random modules played by our compiler in all its configurations, by node
and by wabt's interpreter.

  fuzz.py --run build/host/fuzzrun [--minutes M | --modules N] [--seed N] [--dir DIR] [--only NAME]

SOURCES is the table of generators. What differs is kept in DIR as bad-SEED.wasm with bad-SEED.txt
beside it; `fuzz.py ... FILE.wasm` plays files again. Exits 1 if anything differed.
"""
import argparse
import collections
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import gen
import gen_eh
import gen_num
import gen_refs
import gen_shapes
import gen_simd
import oracles

BASE = ['--enable-bulk-memory', '--enable-sign-ext', '--enable-nontrapping-float-to-int',
        '--enable-mutable-globals', '--disable-simd', '--disable-reference-types',
        '--enable-multivalue']
SIMD = [f.replace('--disable-simd', '--enable-simd') for f in BASE]
EH = BASE + ['--enable-exception-handling', '--enable-tail-call', '--enable-threads']
CONST = BASE + ['--enable-extended-const']
REFS = [f.replace('--disable-ref', '--enable-ref') for f in BASE]
OPT = [['-O1'], ['-O2'], ['-O3'], ['-Os'], ['--flatten', '--local-cse'],
       ['--inlining-optimizing', '-O4'],
       ['--flatten', '--rereloop', '-O'], ['--ssa'], ['--coalesce-locals'],
       ['--simplify-locals', '--licm']]


# ---- modules: each generator writes `path` and returns the oracles ------------------------------

def from_binaryen(rng, path):
    raw = path + '.raw'
    with open(raw, 'wb') as f:
        f.write(rng.randbytes(rng.choice([300, 1000, 3000, 8000])))
    cmd = ['wasm-opt', '-ttf', raw, '-o', path, '--denan'] + (BASE if rng.random() < 0.7
                                                              else BASE[:-1])
    if rng.random() < 0.5:
        cmd.append('--no-fuzz-oob')
    return subprocess.run(cmd, capture_output=True).returncode == 0 and 'node wabt'


def from_eh(rng, path):
    seed = rng.getrandbits(32)
    for name, form in rng.choice([((path, 'delegate'),),
                                  ((path, 'legacy'), (path + '.std', 'standard'))]):
        with open(name, 'wb') as f:
            f.write(gen_eh.module(random.Random(seed), form))
    return 'node, no places'            # a tail call may be an ordinary one


def writes(module, who='node wabt'):
    """A generator of SOURCES from a function of the random numbers that gives a module's bytes."""
    def write(rng, path):
        with open(path, 'wb') as f:
            f.write(module(rng))
        return who
    return write


# name, weight, generator, features for wasm-opt (None: it cannot read them). Several memories node
# does not have, waiting and relaxed vectors the interpreter.
SOURCES = [('binaryen', 1, from_binaryen, BASE),
           ('pressure', 3, writes(gen.module), BASE),
           ('exceptions', 2, from_eh, EH),
           ('vectors', 3, writes(lambda r: gen_simd.generate(r.getrandbits(32))), SIMD),
           ('relaxed', 1, writes(lambda r: gen_simd.generate(r.getrandbits(32), True), 'node'),
            None),
           ('numbers', 3, writes(gen_num.module), CONST),
           ('waiting', 1, writes(lambda r: gen_num.module(r, True), 'node'), None),
           ('shapes', 5, writes(gen_shapes.module), REFS),
           ('references', 3, writes(gen_refs.module), None),
           ('memories', 2, writes(lambda r: gen_refs.module(r, r.randint(2, 3)), 'wabt'), None)]


def make(rng, path, only=None):
    """Writes a random module: (name of its source, oracles), or None if the tools made none."""
    for old in (path, path + '.std'):
        if os.path.exists(old):
            os.remove(old)
    rows = [s for s in SOURCES if not only or s[0] in only]
    name, _, write, features = rng.choices(rows, [s[1] for s in rows])[0]
    who = write(rng, path)
    if not who:
        return None
    if features and rng.random() < 0.12 and not os.path.exists(path + '.std'):   # may drop traps
        cmd = ['wasm-opt', path, '-o', path + '.opt'] + features + rng.choice(OPT)
        if subprocess.run(cmd, capture_output=True).returncode == 0:
            os.replace(path + '.opt', path)
    return name, who


# ---- configurations -----------------------------------------------------------------------------

def letters(program):
    """Of all passes that can be switched off."""
    return subprocess.run([program, '--letters'], capture_output=True, text=True,
                          check=True).stdout.strip()


def configurations(rng, passes):
    """All passes on, all off, each off; all CPU features, none, AVX only; stress modes."""
    seed = rng.getrandbits(24) << 8
    some = ''.join(c for c in passes if rng.random() < 0.5)
    return (['cpu=3f', 'cpu=0', 'cpu=8', f'cpu=3f,off={passes}', f'cpu=0,off={passes}']
            + [f'cpu=3f,off={c}' for c in passes]
            + [f'cpu=7,stress={seed + 1}', f'cpu=38,stress={seed + 2}', f'cpu=3f,stress={seed + 3}',
               f'cpu=3f,stress={seed + 12}', f'cpu=0,off={passes},stress={seed + 7}',
               f'cpu={rng.choice(["0", "7", "8", "f", "18", "3f"])}'
               f',stress={seed + rng.randrange(16)}'
               + (f',off={some}' if some else '')])


class Fuzzer:
    def __init__(self, program, passes):
        self.ours, self.node = oracles.Ours(program), oracles.node()
        self.passes = passes
        self.counts = collections.Counter()

    def play(self, path, configs):
        made = self.ours.play(path, configs)
        if made is None:
            return [('all', ['fuzzrun died'])]
        self.counts['configurations'] += len(configs)
        self.counts['runs'] += len(made)
        return made

    def check(self, path, who, rng):
        """List of (configuration, difference)."""
        bad = []
        made = self.play(path, configurations(rng, self.passes)
                         + (['script'] if 'wabt' in who else []))
        first = made[0][1]
        if 'node' in who:
            theirs = self.node.ask(path)
            if theirs is None:
                self.counts['node died'] += 1
                return []
            self.counts['node'] += 1
        else:
            theirs = first
        if 'no places' in who:
            theirs = oracles.without_place(theirs)
            made = [(c, oracles.without_place(lines)) for c, lines in made]
        for config, lines in made:
            if config == 'script' and 'signal' not in str(lines[:1]):
                self.counts['wabt'] += 1
                bad.append((config, oracles.wabt(path, lines, first)))
            else:
                bad.append((config, oracles.differs(lines, theirs, config)))
        # the same with standard exceptions, which node does not have
        if os.path.exists(path + '.std'):
            bad += [(c, oracles.differs(oracles.without_place(lines), theirs))
                    for c, lines in self.play(path + '.std', configurations(rng, self.passes))]
        return [(c, d) for c, d in bad if d]

    def stop(self):
        self.ours.stop()
        self.node.stop()


def keep(o, path, seed, found):
    name = os.path.join(o.dir, f'bad-{seed}')
    for end in ('', '.std'):
        if os.path.exists(path + end):
            os.replace(path + end, f'{name}.wasm{end}')
    with open(name + '.txt', 'w') as f:
        f.writelines(f'{c}: {d}\n' for c, d in found)
    print(f'{name}.wasm: {found[0][0]}: {found[0][1]} ({len(found)} configurations)', flush=True)


def support(folder):
    subprocess.run(['wat2wasm', os.path.join(HERE, 'support.wat'), '-o',
                    os.path.join(folder, 'support.wasm')], check=True)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--run', required=True)
    ap.add_argument('--minutes', type=float, default=1)
    ap.add_argument('--modules', type=int, default=0, help='as many, instead of minutes')
    ap.add_argument('--seed', type=int, default=None)
    ap.add_argument('--dir', default='/tmp/selkie-fuzz')
    ap.add_argument('--only', action='append', help='a source of modules: '
                    + ', '.join(s[0] for s in SOURCES))
    ap.add_argument('--stop', type=int, default=20, help='stop after so many bad modules')
    ap.add_argument('--oracles', default='node wabt', help='for FILES')
    ap.add_argument('files', nargs='*', help='check these modules instead')
    o = ap.parse_args()
    os.makedirs(o.dir, exist_ok=True)
    support(o.dir)
    fuzz = Fuzzer(o.run, letters(o.run))
    if o.files:
        for path in o.files:
            support(os.path.dirname(os.path.abspath(path)))
            for c, d in fuzz.check(os.path.abspath(path), o.oracles, random.Random(o.seed)):
                print(path, c, d)
        return
    seed = o.seed if o.seed is not None else int(time.time())
    start, n, bad = time.time(), 0, 0
    path = os.path.abspath(os.path.join(o.dir, f'fuzz-{os.getpid()}.wasm'))
    while (n < o.modules if o.modules else time.time() < start + 60 * o.minutes) and bad < o.stop:
        rng = random.Random(seed + n)
        n += 1
        made = make(rng, path, o.only)
        if not made:
            continue
        fuzz.counts['modules'] += 1
        fuzz.counts[made[0]] += 1
        found = fuzz.check(path, made[1], rng)
        if found:
            bad += 1
            keep(o, path, seed + n - 1, found)
    c = fuzz.counts
    by = ', '.join(f'{s[0]} {c[s[0]]}' for s in SOURCES)
    print(f'letters {fuzz.passes}; {by}; against node {c["node"]}, wabt {c["wabt"]};'
          f' {c["configurations"]} configurations of which {c["runs"]} made other code;'
          f' seeds {seed} to {seed + n - 1}')
    print(f'differential: {c["modules"]} modules, {c["runs"]} runs, {bad} findings,'
          f' {time.time() - start:.0f} s')
    fuzz.stop()
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()

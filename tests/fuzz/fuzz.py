#!/usr/bin/env python3
"""Differential fuzzing: random modules run by our compiler in several configurations and by node.

  fuzz.py --run build/host/tests/fuzz/run [--minutes M] [--seed N] [--dir DIR] [--keep N]

Modules come from: `wasm-opt -ttf` (shapes of everything), gen.py (register pressure, loops,
calls with many arguments and results), gen_simd.py (vectors) and gen_eh.py (exceptions, tail calls,
atomics), each as it is and after wasm-opt. What differs is kept in DIR as bad-N.wasm with bad-N.txt
beside it. Exits 1 if anything differed.
"""
import argparse, os, random, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gen
import gen_eh
import gen_simd

FEATURES = ['--enable-bulk-memory', '--enable-sign-ext', '--enable-nontrapping-float-to-int',
            '--enable-mutable-globals', '--disable-simd', '--disable-reference-types']
OPT = [['-O1'], ['-O2'], ['-O3'], ['-Os'], ['--flatten', '--local-cse'],
       ['--inlining-optimizing', '-O4'],
       ['--flatten', '--rereloop', '-O'], ['--ssa'], ['--coalesce-locals'],
       ['--simplify-locals', '--licm']]


class Node:
    """One node process that runs files as they come."""

    def __init__(self):
        js = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'run.js')
        self.p = subprocess.Popen(['node', '--stack-size=3000', js], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def run(self, path):
        self.p.stdin.write(path + '\n')
        self.p.stdin.flush()
        lines = []
        for line in self.p.stdout:
            if line == '##\n':
                return lines
            lines.append(line.rstrip('\n'))
        self.__init__()
        return None


SAME = {'invalid conversion to integer': 'conversion', 'indirect call type mismatch': 'signature',
        'uninitialized element': 'signature', 'undefined element': 'undefined element'}


def normal(line):
    name, _, rest = line.partition(': ')
    if rest in SAME:
        return name + ': ' + SAME[rest]
    return line


def differs(ours, theirs):
    """None, or why the two outputs differ. After a stack overflow everything is allowed."""
    for k in range(max(len(ours), len(theirs))):
        a = normal(ours[k]) if k < len(ours) else '(end)'
        b = theirs[k] if k < len(theirs) else '(end)'
        if 'call stack exhausted' in a or 'call stack exhausted' in b:
            return None
        if a == b:
            continue
        # which of the two an access is that is both: we look at the alignment first
        if a.endswith(': unaligned atomic') and b == a.replace('unaligned atomic',
                                                               'out of bounds memory access'):
            continue
        # node has one text for both traps of float to integer
        if b.endswith(': conversion') and a == b.replace(': conversion', ': integer overflow'):
            continue
        return f'line {k}: ours "{a}", theirs "{b}"'
    return None


def sections(text):
    out = []
    for line in text.splitlines():
        if line.startswith('## '):
            out.append((line[3:], []))
        elif out:
            out[-1][1].append(line)
    return out


def make(rng, path):
    """Writes a random module; False if the tools made none."""
    features = FEATURES
    source = rng.random()
    if source < 0.15:
        seed = rng.getrandbits(32)
        for name, form in rng.choice([((path, 'delegate'),),
                                      ((path, 'legacy'), (path + '.std', 'standard'))]):
            with open(name, 'wb') as f:
                f.write(gen_eh.module(random.Random(seed), form))
        features = (FEATURES + ['--enable-exception-handling', '--enable-tail-call',
                                '--enable-threads'])
    elif source < 0.25:
        features = [f.replace('--disable-simd', '--enable-simd') for f in FEATURES]
        with open(path, 'wb') as f:
            f.write(gen_simd.generate(rng.getrandbits(32)))
    elif source < 0.6:
        raw = path + '.raw'
        with open(raw, 'wb') as f:
            f.write(rng.randbytes(rng.choice([300, 1000, 3000, 8000, 20000])))
        cmd = ['wasm-opt', '-ttf', raw, '-o', path, '--denan'] + FEATURES
        if rng.random() < 0.7:
            cmd.append('--enable-multivalue')
        if rng.random() < 0.5:
            cmd.append('--no-fuzz-oob')
        if subprocess.run(cmd, capture_output=True).returncode:
            return False
    else:
        with open(path, 'wb') as f:
            f.write(gen.module(rng))
    if rng.random() < 0.5 and not os.path.exists(path + '.std'):     # it may drop traps
        cmd = (['wasm-opt', path, '-o', path + '.opt', '--enable-multivalue'] + features
               + rng.choice(OPT))
        if subprocess.run(cmd, capture_output=True).returncode == 0:
            os.replace(path + '.opt', path)
    return True


def configurations(rng):
    seed = rng.getrandbits(24) << 8
    return ['cpu=3f', 'cpu=0', 'cpu=3f,off=g', f'cpu=7,stress={seed + 1}',
            f'cpu=38,stress={seed + 2}',
            f'cpu=3f,stress={seed + 3}', f'cpu=0,off=g,stress={seed + 7}',
            f'cpu=3f,stress={seed + 4}']


def check(node, run, path, rng):
    """List of (configuration, difference)."""
    theirs = node.run(path)
    if theirs is None:
        return []               # node died: no oracle
    bad = []
    # the same with standard exceptions, which node does not have
    for p in (path, path + '.std'):
        if not os.path.exists(p):
            continue
        done = subprocess.run([run, p] + configurations(rng), capture_output=True, text=True,
                              errors='replace')
        bad += [(c, differs(lines, theirs)) for c, lines in sections(done.stdout)]
        if not done.stdout.startswith('## '):
            bad.append((p, done.stdout[:200] or 'no output'))
    return [(c, d) for c, d in bad if d]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--run', required=True)
    ap.add_argument('--minutes', type=float, default=1)
    ap.add_argument('--seed', type=int, default=None)
    ap.add_argument('--dir', default='/tmp/selkie-fuzz')
    ap.add_argument('--stop', type=int, default=20, help='stop after so many bad modules')
    ap.add_argument('files', nargs='*', help='check these modules instead')
    o = ap.parse_args()
    os.makedirs(o.dir, exist_ok=True)
    node = Node()
    if o.files:
        for path in o.files:
            for c, d in check(node, o.run, path, random.Random(o.seed)):
                print(path, c, d)
        return
    seed = o.seed if o.seed is not None else int(time.time())
    end, n, bad = time.time() + 60 * o.minutes, 0, 0
    path = os.path.join(o.dir, f'fuzz-{os.getpid()}.wasm')
    while time.time() < end and bad < o.stop:
        rng = random.Random(seed + n)
        n += 1
        if os.path.exists(path + '.std'):
            os.remove(path + '.std')
        if not make(rng, path):
            continue
        found = check(node, o.run, path, rng)
        if not found:
            continue
        bad += 1
        keep = os.path.join(o.dir, f'bad-{seed + n - 1}')
        os.replace(path, keep + '.wasm')
        if os.path.exists(path + '.std'):
            os.replace(path + '.std', keep + '.wasm.std')
        with open(keep + '.txt', 'w') as f:
            f.writelines(f'{c}: {d}\n' for c, d in found)
        print(f'{keep}.wasm: {found[0][0]}: {found[0][1]} ({len(found)} configurations)',
              flush=True)
    print(f'{n} modules, {bad} bad, seeds {seed} to {seed + n - 1}')
    node.p.kill()
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()

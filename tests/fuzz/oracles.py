"""oracles.py - who plays a module: our compiler, node and wabt's interpreter; and how what they say
is compared.

Each is one process that takes many files (wabt's: a process a file), and is started again when it
dies. What they print is that of run.c and run.js: a line for each call, log, global, table, memory.
"""
import os
import re
import selectors
import struct
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))


LIMIT = 30              # seconds for an answer


class Server:
    """A process that answers each line with lines, the last of which is ##."""

    def __init__(self, command):
        self.command = command
        self.start()

    def start(self):
        self.p = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)

    def ask(self, line, limit=LIMIT):
        """Lines, or None: it died, or took too long."""
        try:
            self.p.stdin.write(line.encode() + b'\n')
            self.p.stdin.flush()
        except BrokenPipeError:
            pass
        out, end = b'', time.time() + limit
        with selectors.DefaultSelector() as ready:
            ready.register(self.p.stdout, selectors.EVENT_READ)
            while ready.select(max(0, end - time.time())):
                more = os.read(self.p.stdout.fileno(), 1 << 20)
                out += more
                if out.endswith(b'\n##\n') or out == b'##\n':
                    return out.decode(errors='replace').split('\n')[:-2]
                if not more:
                    break
        self.stop()
        self.start()
        return None

    def stop(self):
        self.p.kill()
        self.p.wait()


def node():
    return Server(['node', '--stack-size=3000', '--experimental-wasm-extended-const',
                   '--experimental-wasm-relaxed-simd', os.path.join(HERE, 'run.js')])


class Ours(Server):
    def __init__(self, program):
        super().__init__([program])

    def play(self, path, configs):
        """[(configuration, lines)] of those that made code of their own; None: the server died."""
        lines = self.ask(' '.join([path] + configs), 20 * LIMIT)
        if lines is None:
            return None
        out = []
        for line in lines:
            if line.startswith('## '):
                out.append((line[3:], []))
            elif out:
                out[-1][1].append(line)
        return [(c, got) for c, got in out if ' = ' not in c]


SAME = {'invalid conversion to integer': 'conversion', 'indirect call type mismatch': 'signature',
        'uninitialized element': 'signature', 'undefined element': 'table',
        'out of bounds table access': 'table'}
END = 'call stack exhausted'


def normal(line, inlined):
    """A line without what may differ: of two loads, the one that traps first, which may be in
    another body where bodies stand in place of calls; and where an exception comes from."""
    name, _, rest = line.partition(': ')
    if not rest:
        return line
    what, at, where = rest.partition(' at ')
    what = SAME.get(what, what)
    if (not at or what == 'uncaught exception'
            or inlined and what == 'out of bounds memory access'):
        return f'{name}: {what}'
    return f'{name}: {what} at ' + re.sub(r'^(\d+):[0-9a-f]+', r'\1', where)


def without_place(lines):
    return [line.partition(' at ')[0] for line in lines]


def differs(ours, theirs, config=''):
    """None, or why the two outputs differ. After a stack overflow everything is allowed."""
    inlined = not re.search(r'off=[a-z]*i', config)
    for k in range(max(len(ours), len(theirs))):
        a = normal(ours[k], inlined) if k < len(ours) else '(end)'
        b = normal(theirs[k], inlined) if k < len(theirs) else '(end)'
        if END in a or END in b:
            return None
        if a == b:
            continue
        # which of the two an access is that is both: we look at the alignment first
        if b == a.replace(': unaligned atomic', ': out of bounds memory access'):
            continue
        # node has one text for both traps of float to integer
        if a == b.replace(': conversion', ': integer overflow'):
            continue
        return f'line {k}: ours "{a}", theirs "{b}"'
    return None


# ---- wabt -------------------------------------------------------------------------------------

WABT = {'undefined table index': 'undefined element', 'indirect call signature': 'indirect call',
        'uninitialized table element': 'uninitialized element'}


FEATURES = ['--enable-' + f for f in ('exceptions', 'threads', 'tail-call', 'multi-memory',
                                      'extended-const')]


def shown(line):
    """What our line `log VALUE` is in wabt's way of writing it."""
    v = line[4:]
    if v[0] == 'f':
        v = '%f' % struct.unpack('>f', bytes.fromhex(v[1:]))
    elif v[0] == 'd':
        v = '%f' % struct.unpack('>d', bytes.fromhex(v[1:]))
    return v


def logs(text):
    """Values that the interpreter's imports were called with."""
    for kind, v in re.findall(r'^called host spectest\.print_(\w+)\(\w+:(\S+)\)', text, re.M):
        if kind in ('i32', 'i64'):
            bits = int(kind[1:])
            v = int(v)
            v = str(v - (v >> (bits - 1) << bits))
        yield 'nan' if 'nan' in v else v


def wabt(path, script, ours):
    """Runs the script of a module (run.c) in the interpreter: None or a difference."""
    if not script or not script[-1].endswith(']}'):
        return None
    with open(path + '.json', 'w') as f:
        f.write('\n'.join(script).replace(os.path.dirname(path) + '/', ''))
    try:
        done = subprocess.run(['spectest-interp'] + FEATURES + [path + '.json'], timeout=60,
                              capture_output=True, text=True, errors='replace')
    except subprocess.TimeoutExpired:
        return None
    out = done.stdout
    if done.returncode < 0 or END in out:
        return None
    for line in out.splitlines():
        said = re.search(r':(\d+): assert_trap passed: (.*)', line)
        if not said:
            if re.search(r'mismatch|unexpected trap|expected trap|^error|\.wasm:', line):
                return 'wabt: ' + line
            continue
        want = re.search(r'"line": %s, .*"text": "([^"]*)"' % said.group(1), '\n'.join(script))
        text = said.group(2)
        for a, b in WABT.items():
            text = text.replace(a, b)
        if text.startswith('invalid atomic access'):    # out of bounds or unaligned
            continue
        if want and not text.startswith(want.group(1)[:12]):
            return f'wabt: {line}, ours "{want.group(1)}"'
    if any(END in line for line in ours):
        return None
    a, b = [shown(x) for x in ours if x.startswith('log ')], list(logs(out))
    if a != b:
        k = next((k for k in range(min(len(a), len(b))) if a[k] != b[k]), min(len(a), len(b)))
        return f'wabt: log {k}: {b[k:k + 1]}, ours {a[k:k + 1]}'
    return None

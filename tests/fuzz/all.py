#!/usr/bin/env python3
"""all.py BUILD MINUTES - all fuzzers one after the other, and a table of what each did.

A finding does not stop those that come after. Exit status 1 if there was any. What they found stays
in BUILD/fuzz: crash-* (libFuzzer), mutate-*.wasm, bad-* (fuzz.py).
"""
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import seeds


def run(argv, build):
    """Output of a program, which is shown as it comes."""
    env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0:allocator_may_return_null=1:'
               'malloc_context_size=3')
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace', env=env) as p:
        out = []
        for line in p.stdout:
            out.append(line)
            if len(out) < 400:
                print('  ' + line, end='', flush=True)
    return p.returncode, ''.join(out)


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def hostile(build, minutes):
    status, out = run([sys.executable, f'{HERE}/hostile.py', f'{build}/host/wasmc'], build)
    bad = len(re.findall(r'BAD|dies|died|over', out)) if status else 0
    return f'{len(out.splitlines())} shapes', max(bad, status != 0)


def mutations(build, minutes):
    files = sorted(glob.glob(f'{build}/fuzz/seeds/gen-*'))[:5]
    status, out = run([f'{build}/fuzz/mutate', str(400 * minutes), str(int(time.time())),
                       f'{build}/fuzz'] + files, build)
    n = sum(int(a) + int(b) for a, b in re.findall(r'(\d+) cuts, (\d+) changes', out))
    return f'{n} modules', status != 0


def any_bytes(build, minutes):
    before = set(glob.glob(f'{build}/fuzz/crash-*') + glob.glob(f'{build}/fuzz/timeout-*'))
    work = f'{build}/fuzz/corpus'
    os.makedirs(work, exist_ok=True)
    n = bad = 0
    end = time.time() + 60 * minutes
    while time.time() < end and bad < 10:       # it ends at a finding: once more
        status, out = run([f'{build}/fuzz/compile', f'-max_total_time={int(end - time.time()) + 1}',
                           '-max_len=4096', '-timeout=60', '-rss_limit_mb=2048', '-verbosity=0',
                           '-print_final_stats=1', f'-artifact_prefix={build}/fuzz/', work,
                           f'{HERE}/corpus', f'{build}/fuzz/seeds'], build)
        n += number(r'number_of_executed_units: (\d+)', out)
        bad += status != 0
    for f in sorted(set(glob.glob(f'{build}/fuzz/crash-*')) - before):
        print(f'  {f}')
    return f'{n} executions', bad


def libfuzzer(target, build, minutes, corpora):
    status, out = run([f'{build}/fuzz/{target}', f'-max_total_time={60 * minutes}',
                       '-max_len=4096', '-verbosity=0', '-print_final_stats=1',
                       f'-artifact_prefix={build}/fuzz/'] + corpora, build)
    n = number(r'number_of_executed_units: (\d+)', out)
    return f'{n} executions', status != 0


def leb(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def manifest_sections(module):
    """The texts of its custom sections selkie.manifest."""
    at, name = 8, b'selkie.manifest'
    while at < len(module):
        size, start = leb(module, at + 1)
        n, text = leb(module, start)
        if module[at] == 0 and module[text:text + n] == name:
            yield module[text + n:start + size]
        at = start + size


def manifests(build, minutes):
    """Manifests, and rules behind a NUL; begins with those of the system's programs."""
    work = f'{build}/fuzz/manifests'
    os.makedirs(work, exist_ok=True)
    for path in glob.glob(f'{build}/archive/**/*.wasm', recursive=True):
        with open(path, 'rb') as f:
            text = b''.join(manifest_sections(f.read()))
        with open(f'{work}/{os.path.basename(path)}', 'wb') as f:
            f.write(text + b'\0' + text.split(b' = ')[0])
    return libfuzzer('manifest', build, minutes, [work])


def interfaces(build, minutes):
    """Texts of interfaces; begins with the repository's own."""
    work, ifgen = f'{build}/fuzz/interfaces', f'{build}/host/ifgen'
    os.makedirs(work, exist_ok=True)
    for wit in glob.glob('sips/iface/*.wit') + glob.glob('tests/iface/*.wit'):
        text = subprocess.run([ifgen, '-I', 'sips/iface', '--text', wit],
                              capture_output=True).stdout
        with open(f'{work}/{os.path.basename(wit)}', 'wb') as f:
            f.write(text)
    return libfuzzer('contract', build, minutes, [work, 'sips/iface'])


def differential(build, minutes):
    status, out = run([sys.executable, f'{HERE}/fuzz.py', '--run', f'{build}/host/fuzzrun',
                       '--minutes', str(minutes), '--dir', f'{build}/fuzz'], build)
    found = re.search(r'differential: (.*), (\d+) findings', out)
    return found.group(1) if found else 'did not end', int(found.group(2)) if found else 1


STAGES = [('hostile shapes', hostile), ('cuts and changes', mutations), ('any bytes', any_bytes),
          ('interfaces', interfaces), ('manifests', manifests),
          ('differential', differential)]


def main():
    build, minutes = sys.argv[1], int(sys.argv[2])
    os.makedirs(f'{build}/fuzz', exist_ok=True)
    seeds.write(f'{build}/fuzz/seeds')
    table = []
    for name, stage in STAGES:
        print(f'== {name}', flush=True)
        start = time.time()
        table.append((name, *stage(build, minutes), time.time() - start))
    bad = sum(row[2] for row in table)
    print('== all')
    for name, done, found, seconds in table:
        print(f'{name:<18}{done:<28}{found:>4} findings{seconds:>8.0f} s')
    print(f'fuzz: {bad} findings, {sum(row[3] for row in table):.0f} s')
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()
